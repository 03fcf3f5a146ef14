"""From a source file to its syntax tree and every syntax error in it."""

import dataclasses
import gc
from dataclasses import dataclass
from typing import Any, Final

from archspec.diagnostics import Diagnostic, Label
from archspec.source import SourceFile, Span
from archspec.syntax import ast
from archspec.syntax.building import Context, Definitions, Rejected, Statements
from archspec.syntax.scanner import MAX_ERRORS, Scanner, TooDeep
from archspec.syntax.tables import Reduce, Tables, load_tables
from archspec.syntax.tokens import END, Scan, Token

MAX_SIZE: Final = 10_000_000
RECOVERED: Final = "_"  # the name of a block whose header was not understood


@dataclass(frozen=True, slots=True)
class ParseResult:
    """`file` holds what could be read; it is whole exactly when there are no diagnostics."""

    file: ast.File | None
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """Where the parser stopped: its state, what it was given there, and what it had read."""

    state: int
    token: Token
    values: tuple[Any, ...]


def parse(source: SourceFile) -> ParseResult:
    """Read `source`; never raises for what is in it."""
    if len(source.text) > MAX_SIZE:
        span = Span(source, 0, 0)
        limit = Diagnostic(
            "A0203",
            "error",
            f"the file is larger than {MAX_SIZE // 1_000_000} MB",
            (Label(span, primary=True),),
            help=("move a part of it into a file of its own and `use` it",),
        )
        return ParseResult(None, (limit,))
    enabled = gc.isenabled()
    gc.disable()  # nothing is garbage yet, and looking for it takes longer than the parsing
    try:
        tables = load_tables()
        scanner = Scanner(source, tables.words, tables.signs)
        try:
            scan = scanner.scan()
        except TooDeep:
            return ParseResult(None, _in_order(list(scanner.diagnostics.values())))
        return _Parser(tables, source, scan).run()
    finally:
        if enabled:
            gc.enable()


def _in_order(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    def start(diagnostic: Diagnostic) -> int:
        return diagnostic.labels[0].span.start

    return tuple(sorted(diagnostics, key=start)[:MAX_ERRORS])


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
        while values:
            top = values[-1]
            if type(top) is Statements:
                return True
            if type(top) is Definitions:
                return False
            if type(top) is Token:
                if top.type == "LBRACE":
                    return True
                if top.type == "NEWLINE" and len(values) == 2 and type(values[0]) is Token:
                    return False  # after the doc of a file
            values.pop()
            states.pop()
        return False


class _Parser:
    """One file on its way through a `Machine`, with recovery at the ends of statements."""

    def __init__(self, tables: Tables, source: SourceFile, scan: Scan) -> None:
        self.source = source
        self.scan = scan
        self.tokens = scan.tokens
        self.machine = Machine(tables, Context(source))
        self.diagnostics = list(scan.diagnostics)
        self.faulty_lines = {
            label.span.position.line for found in scan.diagnostics for label in found.labels[:1]
        }
        self.quiet: set[int] = set()  # tokens after a body whose header was not understood

    def run(self) -> ParseResult:
        machine, tokens = self.machine, self.tokens
        position = 0
        while True:
            try:
                position = machine.feed(tokens, position)
            except Rejected as rejected:
                self._reject(rejected)
                position = self._recover(machine.position)
            else:
                if position == len(tokens):
                    break
                token = tokens[position]
                if token.type.isalpha() and token.text.isidentifier() and self._as_name(token):
                    continue
                self._fail(token)
                position = self._recover(position)
            if len(self.diagnostics) > MAX_ERRORS:
                return ParseResult(None, _in_order(self.diagnostics))
        file: ast.File = machine.values[-1]
        definitions = tuple(
            definition
            for definition in file.definitions
            if not (isinstance(definition, ast.Block) and definition.name.id == RECOVERED)
        )
        file = dataclasses.replace(file, definitions=definitions, comments=self.scan.comments)
        return ParseResult(file, _in_order(self.diagnostics))

    def _as_name(self, token: Token) -> bool:
        """Take a word of the language for a name, where only a name can stand."""
        reserved = ("TRUE", "FALSE", "NONE", "NOT", "IN", "IF", "ELSE", "FOR", "NAME", "OPERATOR")
        if token.type in reserved or not self.machine.accepts("NAME"):
            return False
        token.type = "NAME"
        return True

    def _reject(self, rejected: Rejected) -> None:
        self.diagnostics.append(
            Diagnostic(
                rejected.code,
                "error",
                rejected.message,
                (Label(rejected.span, primary=True),),
                help=(rejected.help,) if rejected.help else (),
            )
        )

    def _fail(self, token: Token) -> None:
        from archspec.syntax.errors import describe

        supplied = token.type != END and token.start == token.end
        line = self.source.position(token.start).line
        if supplied or token.start in self.quiet or line in self.faulty_lines:
            return
        values = tuple(self.machine.values)
        failure = Failure(self.machine.states[-1], token, values)
        self.diagnostics.append(describe(self.source, failure, self.machine))

    def _recover(self, position: int) -> int:
        """Make the machine ready for the next statement, and say at which token that begins."""
        machine, tokens = self.machine, self.tokens
        inside = machine.unwind()
        depth = 0
        while True:
            type_ = tokens[position].type
            if type_ == END or (type_ == "NEWLINE" and depth == 0):
                break
            if type_ == "RBRACE":
                if depth == 0:
                    break
                depth -= 1
            elif type_ == "LBRACE":
                self._quieten_after(position)
                self._enter_body(inside, tokens[position])
                return position
            position += 1
        if type_ == "NEWLINE" and not machine.accepts("NEWLINE"):
            position += 1
        if type_ == END and not machine.values:
            return position
        return position

    def _quieten_after(self, brace: int) -> None:
        """What follows the body that opens at `brace` belongs to a header already reported."""
        depth = 0
        for index in range(brace, len(self.tokens)):
            type_ = self.tokens[index].type
            depth += (type_ == "LBRACE") - (type_ == "RBRACE")
            if depth == 0:
                self.quiet.add(self.tokens[index + 1].start)
                return

    def _enter_body(self, inside: bool, brace: Token) -> None:
        """Read the body at `brace` as one that stands alone, so that its errors are found too."""
        machine, at = self.machine, brace.start
        supplied = (
            []
            if machine.accepts("LBRACE") or machine.accepts("BLOCK")
            else [Token("NEWLINE", "\n", at, at)]
        )
        if not inside:
            supplied += [Token("BLOCK", "block", at, at), Token("NAME", RECOVERED, at, at)]
        machine.feed(supplied, 0)
