"""Diagnostics as people read them in a terminal: source lines with marks, then notes and fixes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from archspec.diagnostics.model import Diagnostic, Label
from archspec.diagnostics.render.excerpt import Line, Piece, excerpt
from archspec.diagnostics.render.fixes import fix_text
from archspec.diagnostics.visible import visible
from archspec.source import SourceFile

_COLORS: Final = {
    "error": "1;31",
    "warning": "1;33",
    "message": "1",
    "gutter": "1;34",
    "secondary": "1;34",
    "keyword": "1",
    "fix": "1;32",
}


def render_text(diagnostics: Sequence[Diagnostic], *, color: bool = False, width: int = 120) -> str:
    """`diagnostics` with an empty line between two, without a line end at the end.

    Source lines take at most `width` cells, with their line numbers; messages are not broken.
    """
    return "\n\n".join(_render(diagnostic, color, width) for diagnostic in diagnostics)


def _render(diagnostic: Diagnostic, color: bool, width: int) -> str:
    numbers = [label.span.position.line for label in diagnostic.labels]
    gutter = max([2, *(len(str(number)) for number in numbers)])
    lines = [_headline(diagnostic)]
    for labels in _by_file(diagnostic):
        lines += _section(labels, gutter, width)
    for keyword, text in _remarks(diagnostic):
        first, *more = visible(text).split("\n")
        style = "fix" if keyword.startswith("fix") else "keyword"
        head = (Piece(" " * (gutter + 1)), Piece("= ", "gutter"), Piece(f"{keyword}:", style))
        lines.append((*head, Piece(f" {first}")))
        indent = " " * (gutter + len(f" = {keyword}: "))
        lines += [(Piece(f"{indent}{line}"),) for line in more]
    primary = diagnostic.severity
    return "\n".join(_paint(line, primary, color) for line in lines)


def _headline(diagnostic: Diagnostic) -> Line:
    kind = Piece(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity)
    return (kind, Piece(f": {visible(diagnostic.message)}", "message"))


def _remarks(diagnostic: Diagnostic) -> Iterator[tuple[str, str]]:
    for note in diagnostic.notes:
        yield "note", note
    for text in diagnostic.help:
        yield "help", text
    for fix in diagnostic.fixes:
        yield f"fix[{fix.level}]", fix_text(fix, diagnostic)


def _by_file(diagnostic: Diagnostic) -> Iterable[list[Label]]:
    """The labels of each file, that of the primary label first."""
    files: dict[SourceFile, list[Label]] = {}
    if diagnostic.place is not None:
        files[diagnostic.place.span.source] = []
    for label in diagnostic.labels:
        files.setdefault(label.span.source, []).append(label)
    return files.values()


def _section(labels: list[Label], gutter: int, width: int) -> Iterator[Line]:
    """The place of the fault, and each line that has labels."""
    place = next((label for label in labels if label.primary), labels[0])
    yield (Piece(" " * gutter), Piece("--> ", "gutter"), Piece(visible(str(place.span))))
    empty: Line = (Piece(" " * gutter), Piece(" |", "gutter"))
    yield empty
    by_line: dict[int, list[Label]] = {}
    for label in labels:
        by_line.setdefault(label.span.position.line, []).append(label)
    for number in sorted(by_line):
        source = labels[0].span.source
        text = source.line_text(number)
        marked = [(label, *_columns(label, number, text)) for label in by_line[number]]
        shown, *below = excerpt(text, marked, max(width - gutter - 3, 20))
        yield _row(Piece(f"{number:>{gutter}} |", "gutter"), shown)
        for line in below:
            yield (empty[0], *_row(empty[1], line))


def _columns(label: Label, number: int, text: str) -> tuple[int, int]:
    """The code points that the label marks: of several lines only the first is marked."""
    span = label.span
    start = min(span.position.column - 1, len(text))
    ends_here = span.end_position.line == number
    end = span.end_position.column - 1 if ends_here else len(text.rstrip())
    return start, max(start, min(end, len(text)))


def _row(gutter: Piece, line: Line) -> Line:
    return (gutter, Piece(" "), *line) if any(piece.text for piece in line) else (gutter,)


def _paint(line: Line, primary: str, color: bool) -> str:
    if not color:
        return "".join(piece.text for piece in line).rstrip()
    return "".join(_colored(piece, primary) for piece in line).rstrip()


def _colored(piece: Piece, primary: str) -> str:
    code = _COLORS.get(primary if piece.style == "primary" else piece.style)
    return f"\x1b[{code}m{piece.text}\x1b[0m" if code and piece.text else piece.text
