"""Warnings that an author has seen and allows: `# archspec: allow W0902: as in the paper`.

Such a comment behind a statement is for what begins on its line; on a line of its own it is for the
statement or definition below.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from archspec.diagnostics import Diagnostic, Edit, Fix, Label
from archspec.diagnostics.codes import CODES
from archspec.source import SourceFile, Span
from archspec.syntax import ast, parse

_MARK: Final = "archspec: allow"
#: A comment that means to allow a warning.
ALLOWANCE: Final = re.compile(r"#[ \t]*archspec:[ \t]*allow\b[^\n\r]*")
_FORM: Final = re.compile(r"#[ \t]*archspec:[ \t]*allow[ \t]+(W\d{4})[ \t]*:[ \t]*(\S.*)")


@dataclass(frozen=True, slots=True)
class Allowance:
    """A comment that allows the warning `code` in the text from `start` to `end`."""

    code: str
    span: Span
    start: int
    end: int

    def covers(self, diagnostic: Diagnostic) -> bool:
        primary = diagnostic.primary
        if diagnostic.code != self.code or primary is None:
            return False
        return primary.span.source is self.span.source and (
            self.start <= primary.span.start < self.end
        )


def allowed(diagnostic: Diagnostic) -> bool:
    """Whether a comment allows this warning."""
    primary = diagnostic.primary
    if diagnostic.severity != "warning" or primary is None:
        return False
    return any(found.covers(diagnostic) for found in allowances(primary.span.source))


def faults_of_allowances(
    source: SourceFile, found: Sequence[Diagnostic], looked_for: Collection[str]
) -> Iterator[Diagnostic]:
    """Comments that are no allowance, or allow none of the warnings `found` in a file.

    Of `looked_for` are the codes of those that were looked for at all.
    """
    if _MARK not in source.text:
        return
    good = {a.span.start: a for a in allowances(source)}
    for span in _comments(source):
        allowance = good.get(span.start)
        if allowance is None:
            yield _fault(span, *_why(span.text))
        elif allowance.code in looked_for and not any(allowance.covers(d) for d in found):
            message = f"there is no {allowance.code} here to allow"
            fix = Fix("safe", "remove the comment", (_removal(span),))
            yield _fault(span, message, "remove the comment", fix)


def _why(text: str) -> tuple[str, str]:
    code = re.search(r"\b[A-Z]\d{4}\b", text)
    form = "write `# archspec: allow W0902: why it is meant`"
    if code is None:
        return "the comment names no warning to allow", form
    if code[0] not in CODES:
        return f"there is no warning {code[0]}", "`archspec explain` lists all codes"
    if not code[0].startswith("W"):
        return f"{code[0]} is an error, and cannot be allowed", "mend it"
    return f"the comment does not say why {code[0]} is allowed", form


def _fault(span: Span, message: str, help: str, *fixes: Fix) -> Diagnostic:
    label = Label(span, "", primary=True)
    return Diagnostic("W0102", "warning", message, (label,), help=(help,), fixes=fixes)


def _removal(span: Span) -> Edit:
    """The comment with the space before it, and with its line if that has nothing else."""
    text, start, end = span.source.text, span.start, span.end
    while start and text[start - 1] in " \t":
        start -= 1
    if start and text[start - 1] == "\n" and end < len(text):
        end = text.index("\n", span.end) + 1
    return Edit(Span(span.source, start, end), "")


@lru_cache(64)
def allowances(source: SourceFile) -> tuple[Allowance, ...]:
    """The comments of a file that allow a warning."""
    if _MARK not in source.text:
        return ()
    return tuple(_allowances(source))


def _comments(source: SourceFile) -> Iterator[Span]:
    for match in ALLOWANCE.finditer(source.text):
        yield Span(source, match.start(), match.end())


def _allowances(source: SourceFile) -> Iterator[Allowance]:
    starts: dict[int, int] = {}
    tree = parse(source).file
    for node in _nodes(tree):
        starts.setdefault(node.span.start, node.span.end)
    for span in _comments(source):
        form = _FORM.fullmatch(span.text.rstrip())
        if form is None or form[1] not in CODES:
            continue
        line = source.line_start(span.position.line)
        if source.text[line : span.start].strip():
            yield Allowance(form[1], span, line, span.start)
            continue
        below = [start for start in starts if start > span.end]
        if below:
            start = min(below)
            yield Allowance(form[1], span, start, starts[start])


def _nodes(node: object) -> Iterator[ast.Node]:
    """Definitions and statements, the outer ones first."""
    match node:
        case tuple():
            for item in node:
                yield from _nodes(item)
        case ast.Node():
            if isinstance(node, _UNITS):
                yield node
            for name in node.__dataclass_fields__:
                yield from _nodes(getattr(node, name))


_UNITS: Final = (
    ast.Use, ast.Function, ast.Block, ast.Variant, ast.Extern, ast.Keys, ast.Param, ast.Flow,
    ast.Input, ast.Output, ast.Require, ast.For, ast.If, ast.Tie, ast.Init, ast.Tensor,
)  # fmt: skip
