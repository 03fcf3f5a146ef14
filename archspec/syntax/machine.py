"""The automaton that runs Lark's LALR tables."""

import contextlib
from collections import Counter
from typing import Any, Final

from archspec.syntax.building import Context, Definitions, Rejected, Statements
from archspec.syntax.tables import Reduce, Tables
from archspec.syntax.tokens import Token

_NEVER_NAMES: Final = frozenset(
    ["TRUE", "FALSE", "NONE", "NOT", "IN", "IF", "ELSE", "FOR", "NAME", "OPERATOR"]
)


_OPENING: Final = frozenset(["LBRACE", "LPAR", "LSQB", "TEMPLATE_START"])
_CLOSING: Final = frozenset(["RBRACE", "RPAR", "RSQB", "TEMPLATE_END"])
_LISTS: Final = frozenset(["NEWLINE", "statements", "definitions", "Statements", "Definitions"])


class Machine:
    """The LALR automaton: two stacks, fed one token at a time."""

    __slots__ = ("context", "position", "runs", "states", "tables", "values")

    def __init__(self, tables: Tables, context: Context) -> None:
        self.tables = tables
        self.context = context
        self.states = [tables.start]
        self.values: list[Any] = []
        self.position = 0  # of the token before which a builder refused its values
        # Where reductions of one value to itself lead: (state below, state, token) to state.
        self.runs: dict[tuple[int, int, str], int] = {}

    def feed(self, tokens: list[Token], position: int) -> int:
        """Read `tokens` from `position`; the index of the first that does not fit, or their number.

        Raises `Rejected` for what only a builder can refuse; the values it was given are lost.
        """
        states, values, context, runs = self.states, self.values, self.context, self.runs
        actions = self.tables.actions
        count = len(tokens)
        try:
            while position < count:
                token = tokens[position]
                type_ = token.type
                state = states[-1]
                while True:
                    action = actions[state].get(type_)
                    if action is None:
                        return position
                    if type(action) is int:
                        states.append(action)
                        values.append(token)
                        break
                    assert isinstance(action, Reduce)
                    size = action.size
                    build = action.build
                    if build is None:
                        below = states[-2]
                        key = (below, state, type_)
                        known = runs.get(key)
                        if known is None:
                            known = runs[key] = self._run(below, state, type_)
                        states[-1] = state = known
                        continue
                    if size:
                        parts = values[-size:]
                        del values[-size:]
                        del states[-size:]
                    else:
                        parts = []
                    values.append(build(context, parts))
                    goto = actions[states[-1]][action.origin]
                    assert type(goto) is int
                    states.append(goto)
                    state = goto
                    if goto == self.tables.end:
                        return count
                position += 1
        except Rejected:
            self.position = position
            raise
        return position

    def _run(self, below: int, state: int, type_: str) -> int:
        """The state after all reductions that leave the top value as it is."""
        actions = self.tables.actions
        while True:
            action = actions[state].get(type_)
            if not isinstance(action, Reduce) or action.build is not None:
                return state
            goto = actions[below][action.origin]
            assert isinstance(goto, int)
            state = goto

    def accepts(self, type_: str) -> bool:
        """Whether the present state has any use for a token of this type."""
        return type_ in self.tables.actions[self.states[-1]]

    def unwind(self) -> bool:
        """Back to the last place where a statement or definition can follow.

        True inside a body, false between definitions.
        """
        values, states = self.values, self.states
        closed = 0
        while values:
            top = values[-1]
            if type(top) is Token and top.type in ("LBRACE", "RBRACE"):
                if top.type == "LBRACE" and not closed:
                    return True
                closed += 1 if top.type == "RBRACE" else -1
            elif not closed:
                if type(top) is Statements:
                    return True
                if type(top) is Definitions:
                    return False
                if type(top) is Token and top.type == "STRING" and len(values) == 1:
                    return False  # the doc of a file
            values.pop()
            states.pop()
        return False

    def end_statement(self, at: int) -> None:
        """Let what was read so far be a statement of its own, if it can be."""
        states = list(self.states)
        while True:
            action = self.tables.actions[states[-1]].get("NEWLINE")
            if action is None:
                return
            if type(action) is int:
                break
            assert isinstance(action, Reduce)
            del states[len(states) - action.size :]
            goto = self.tables.actions[states[-1]][action.origin]
            assert type(goto) is int
            states.append(goto)
        with contextlib.suppress(Rejected):  # one diagnostic for a statement is enough
            self.feed([Token("NEWLINE", "\n", at, at)], 0)

    def place(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where the automaton stands, from the innermost open bracket or statement on.

        The states as they are, and as they would be if what was read were complete: there, `a`,
        `f(x)` and `a + b` are all one value.
        """
        states = list(self.states)
        symbols = [
            value.type if type(value) is Token else type(value).__name__ for value in self.values
        ]
        exact = _from_anchor(states, symbols)
        while symbols:
            reduces = Counter(
                action
                for action in self.tables.actions[states[-1]].values()
                if isinstance(action, Reduce) and action.size
            )
            if not reduces:
                break
            action = reduces.most_common(1)[0][0]
            del states[len(states) - action.size :]
            del symbols[len(symbols) - action.size :]
            goto = self.tables.actions[states[-1]][action.origin]
            assert type(goto) is int
            states.append(goto)
            symbols.append(action.origin)
            if action.origin in ("statements", "definitions"):
                break
        return exact, _from_anchor(states, symbols)

    def take_as_name(self, token: Token) -> bool:
        """Take a word of the language for a name, where only a name can stand."""
        if token.type in _NEVER_NAMES or not token.text.isidentifier():
            return False
        if token.type in ("SELECTOR", "STRING") or not self.accepts("NAME"):
            return False
        token.type = "NAME"
        return True

    def inside_body(self) -> bool:
        """Whether a body is open."""
        return any(type(value) is Token and value.type == "LBRACE" for value in self.values)


def _from_anchor(states: list[int], symbols: list[str]) -> tuple[int, ...]:
    """The states from the last place where a list of anything begins; `states` has one more."""
    index = len(symbols)
    closed = 0
    while index > 0:
        symbol = symbols[index - 1]
        if symbol in _CLOSING:
            closed += 1
        elif closed and symbol in _OPENING:
            closed -= 1
        elif not closed and (symbol in _OPENING or symbol in _LISTS):
            break
        index -= 1
    if index > 0 and symbols[index - 1] in ("LBRACE", "NEWLINE") and index < len(symbols):
        index += 1  # what comes first in a body and what comes later are one
    return tuple(states[index:])
