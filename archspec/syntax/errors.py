"""The wording of syntax errors: from the parser's state to the author's terms."""

import contextlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Final

from archspec.diagnostics import Diagnostic, Edit, Fix, Label
from archspec.source import SourceFile, Span
from archspec.syntax.building import Context, Rejected
from archspec.syntax.machine import Machine
from archspec.syntax.malformed import MALFORMED, Malformed
from archspec.syntax.scanner import Scanner
from archspec.syntax.tables import load_tables
from archspec.syntax.tokens import END, Token

_OPERANDS: Final = frozenset(["NAME", "INTEGER", "STRING", "LPAR", "LSQB"])
_DEFINITIONS: Final = ("use", "fn", "block", "model", "variant", "extern", "keys")
_STATEMENTS: Final = [
    "input",
    "output",
    "require",
    "for",
    "if",
    "else",
    "tie",
    "init",
    "param",
    "buffer",
    "reuse",
    "residual",
    "dense",
    "inline",
    "shared",
    "frozen",
    "ema",
    "checkpoint",
    "align",
    "by",
    "where",
    "from",
]
_FOREIGN: Final = {
    "elif": "`elif` is written `else if`",
    "def": "a part that is used again is a `block`; a computation on sizes is `fn name(v) = …`",
    "class": "a part that is used again is a `block`, a whole network a `model`",
    "import": 'definitions of another file come by `use Name from "file.arch"`',
    "return": "a block gives its last value, or what `output` names",
    "while": "repetition is written `for i in 0..<n { … }`",
    "lambda": "a function is defined with `fn name(v) = …`",
    "let": "a value is named by `name = …`",
    "var": "a value is named by `name = …`",
    "True": "it is written `true`",
    "False": "it is written `false`",
    "None": "it is written `none`",
}


Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Lessons:
    """What `MALFORMED` teaches, from the most particular to the most general place."""

    exact: dict[tuple[Place, str], Malformed]
    complete: dict[tuple[Place, str], Malformed]
    anywhere: dict[Place, Malformed | None]  # None where entries contradict each other

    def find(self, machine: Machine, token: Token) -> Malformed | None:
        exact, complete = machine.place()
        return (
            self.exact.get((exact, token.type))
            or self.complete.get((complete, token.type))
            or self.anywhere.get(complete)
        )


def first_failure(text: str) -> tuple[Machine, Token] | None:
    """The automaton and the token at the first syntax error of `text`, if there is one."""
    tables = load_tables()
    source = SourceFile("example", text)
    scan = Scanner(source, tables.words, tables.signs).scan()
    machine = Machine(tables, Context(source))
    position = 0
    with contextlib.suppress(Rejected):
        while True:
            position = machine.feed(scan.tokens, position)
            if position == len(scan.tokens):
                return None
            if not machine.take_as_name(scan.tokens[position]):
                return machine, scan.tokens[position]
    return None


@cache
def lessons() -> _Lessons:
    """Read all examples; done once, when a file has its first error."""
    found = _Lessons({}, {}, {})
    votes: dict[tuple[Place, str], Counter[Malformed]] = defaultdict(Counter)
    for entry in MALFORMED:
        for example in entry.examples:
            failure = first_failure(example)
            if failure is None:
                continue
            machine, token = failure
            exact, complete = machine.place()
            found.exact.setdefault((exact, token.type), entry)
            votes[complete, token.type][entry] += 1
            agrees = found.anywhere.get(complete, entry) is entry
            found.anywhere[complete] = entry if agrees else None
    for place, entries in votes.items():
        found.complete[place] = entries.most_common(1)[0][0]
    return found


def describe(
    source: SourceFile, machine: Machine, token: Token, before: Token | None
) -> Diagnostic:
    """The diagnostic for `token`, for which `machine` has no use after `before`."""
    at_line_end = ends_line(source, token, before)
    found = "the end of the line" if at_line_end and token.type == "RBRACE" else _shown(token)
    entry = lessons().find(machine, token)
    help_: tuple[str, ...]
    if entry is not None:
        message = entry.message.replace("`{found}`", found)
        message = message.replace("{{", "{").replace("}}", "}")
        help_ = (entry.help.replace("{{", "{").replace("}}", "}"),) if entry.help else ()
    else:
        message, help_ = _expectation(machine, found, before)
    if token.text in _FOREIGN and token.type == "NAME":
        help_ = (_FOREIGN[token.text],)
    if token.text == "//" and _begins_line(source, token):
        message, help_, at_line_end = "a comment begins with `#`", (), False
    if at_line_end and before is not None:
        span = Span(source, before.end, before.end)
    else:
        span = Span(source, token.start, token.end)
    fixes = _spelling(source, machine, token, before)
    if token.text == "//" and _begins_line(source, token):
        edit = Edit(Span(source, token.start, token.end), "#")
        fixes = (Fix("safe", "`//` -> `#`", (edit,)),)
    elif fixes:
        help_ = (f"perhaps `{fixes[0].edits[0].replacement}` was meant",)
    return Diagnostic(
        "A0001", "error", message, (Label(span, primary=True),), help=help_, fixes=fixes
    )


def ends_line(source: SourceFile, token: Token, before: Token | None) -> bool:
    """Whether what is missing is missing at the end of a line: after `before`, not at `token`."""
    if before is None or token.type in ("NEWLINE", END):
        return before is not None
    return token.type == "RBRACE" and "\n" in source.text[before.end : token.start]


def _shown(token: Token) -> str:
    """What did not fit, as the author sees it."""
    if token.type == END:
        return "the end of the file"
    if token.type == "NEWLINE":
        return "`;`" if token.text == ";" else "the end of the line"
    text = token.text if len(token.text) <= 30 else token.text[:29] + "…"
    return f"`{text}`" if "\n" not in text else "this text"


def _expectation(machine: Machine, found: str, before: Token | None) -> tuple[str, tuple[str, ...]]:
    """What is said where no example was given: what the automaton could go on with."""
    row = machine.tables.actions[machine.states[-1]]
    texts = {
        type_: text
        for text, type_ in (*machine.tables.words.items(), *machine.tables.signs.items())
    }
    after = f"after `{before.text}` " if before is not None and "\n" not in before.text else ""
    if row.keys() >= _OPERANDS:
        return f"{after}a value is expected, not {found}".strip(), ()
    wanted = sorted(f"`{texts[type_]}`" for type_ in row if type_ in texts)
    if "NAME" in row and not wanted:
        return f"{after}a name is expected, not {found}".strip(), ()
    if "NEWLINE" in row or len(wanted) > 4 or not wanted:
        return f"{found} does not fit here", ()
    return f"{found} does not fit here", (f"what fits is {' or '.join(wanted)}",)


def _spelling(
    source: SourceFile, machine: Machine, token: Token, before: Token | None
) -> tuple[Fix, ...]:
    """A word of the language that was misspelt, here or just before."""
    words = machine.tables.words
    for word in (token, before):
        if word is None or word.type != "NAME" or word.text in words or len(word.text) < 3:
            continue
        known = [*_DEFINITIONS, *_STATEMENTS] if machine.inside_body() else _DEFINITIONS
        if word is before and not _begins_line(source, word):
            continue
        if word is token and machine.inside_body() and not _begins_line(source, word):
            accepted = machine.tables.actions[machine.states[-1]]
            known = [text for text in known if words[text] in accepted]
        near = get_close_matches(word.text, known, 1, 0.75)
        if near:
            edit = Edit(Span(source, word.start, word.end), near[0])
            return (Fix("maybe", f"`{word.text}` -> `{near[0]}`", (edit,)),)
    return ()


def _begins_line(source: SourceFile, token: Token) -> bool:
    line_start = source.text.rfind("\n", 0, token.start) + 1
    return not source.text[line_start : token.start].strip()


def unused() -> list[str]:
    """Examples that no longer teach anything: the grammar accepts them now."""
    return [
        example
        for entry in MALFORMED
        for example in entry.examples
        if first_failure(example) is None
    ]
