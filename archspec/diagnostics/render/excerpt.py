"""One source line with the marks and messages of its labels below."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from archspec.diagnostics.model import Label
from archspec.diagnostics.visible import visible, visible_char
from archspec.diagnostics.width import char_width, text_width

_TAB: Final = 4
_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Mark:
    """A label on a line: the terminal cells `start..end` (at least one) that it marks."""

    start: int
    end: int
    message: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text in one style: `primary` and `secondary` marks, or none for source text."""

    text: str
    style: str = ""


Line = tuple[Piece, ...]


def excerpt(text: str, labels: Sequence[tuple[Label, int, int]], width: int) -> list[Line]:
    """The line `text` in at most `width` cells, and below it the marks.

    `labels` come with the code points `start..end` of the line that they mark.
    """
    cells, starts = _cells(text)
    marks = [
        Mark(
            starts[start],
            max(starts[end], starts[start] + 1),
            visible(label.message),
            label.primary,
        )
        for label, start, end in labels
    ]
    shown, marks = _cut(cells, marks, width)
    return [(Piece(shown.rstrip()),), *_mark_lines(marks)]


def _cells(text: str) -> tuple[list[tuple[str, int]], list[int]]:
    """Each code point as shown with its width, and the cell at which each starts (and the end)."""
    cells: list[tuple[str, int]] = []
    starts = [0]
    for char in text:
        if char == "\t":
            count = _TAB - starts[-1] % _TAB
            shown = " " * count
        else:
            shown = visible_char(char)
            count = char_width(char) if shown == char else len(shown)
        cells.append((shown, count))
        starts.append(starts[-1] + count)
    return cells, starts


def _cut(cells: list[tuple[str, int]], marks: list[Mark], width: int) -> tuple[str, list[Mark]]:
    """The line cut to `width` cells so that its marks, the primary ones above all, can be seen."""
    total = sum(count for _, count in cells)
    if total <= width:
        return "".join(shown for shown, _ in cells), marks
    wanted = marks
    if max(m.end for m in marks) - min(m.start for m in marks) > width - 2:
        wanted = [m for m in marks if m.primary] or marks[:1]
    first, last = min(m.start for m in wanted), max(m.end for m in wanted)
    spare = max(width - 2 - (last - first), 0)
    left = max(0, min(first - spare // 2, total - width + 1))
    if left <= 1:
        left = 0
    right = left + width - (1 if left else 0)
    if right < total:
        right -= 1

    # `position` runs over the cells of the whole line; a character that is cut through is left out.
    shown, position, begin, moved = "", 0, None, 0
    for text, count in cells:
        if left <= position and position + count <= right:
            if begin is None:
                begin = position
                moved = 1 if left else 0
            shown += text
            end = position + count
        position += count
    if begin is None:  # a single character wider than the line
        return _CUT, [Mark(0, 1, m.message, m.primary) for m in marks]
    shown = (_CUT if left else "") + shown + (_CUT if end < total else "")
    limit = text_width(shown)

    def move(cell: int) -> int:
        return min(max(cell - begin + moved, 0), limit)

    return shown, [
        Mark(
            min(move(m.start), limit - 1),
            max(move(m.end), min(move(m.start), limit - 1) + 1),
            m.message,
            m.primary,
        )
        for m in marks
    ]


def _mark_lines(marks: list[Mark]) -> list[Line]:
    """The line of `^^^` and `---`, with the last message, and below it the other messages."""
    marks = sorted(marks, key=lambda m: (m.start, m.end))
    canvas: dict[int, Piece] = {}
    for mark in sorted(marks, key=lambda m: m.primary):
        for cell in range(mark.start, mark.end):
            canvas[cell] = Piece("^", "primary") if mark.primary else Piece("-", "secondary")
    lines = [_paint(canvas)]

    hanging = [mark for mark in marks if mark.message]
    if (
        hanging
        and all(mark.end <= hanging[-1].end for mark in marks)
        and not _shares_start(hanging)
    ):
        last = hanging.pop()
        first, *more = last.message.split("\n")
        lines[0] = (*lines[0], Piece(f" {first}", _style(last)))
        indent = " " * (last.end + 1)
        lines += [_with_bars(hanging, Piece(f"{indent}{line}", _style(last))) for line in more]
    if hanging:
        lines.append(_paint({m.start: Piece("|", _style(m)) for m in hanging}))
    while hanging:
        mark = hanging.pop()
        bars = [m for m in hanging if m.start < mark.start]
        for line in mark.message.split("\n"):
            lines.append(_with_bars(bars, Piece(" " * mark.start + line, _style(mark))))
    return lines


def _shares_start(marks: list[Mark]) -> bool:
    return len(marks) > 1 and marks[-1].start == marks[-2].start


def _style(mark: Mark) -> str:
    return "primary" if mark.primary else "secondary"


def _paint(canvas: dict[int, Piece]) -> Line:
    """The pieces at their cells, runs of one style joined."""
    pieces: list[Piece] = []
    position = 0
    for cell in sorted(canvas):
        if cell > position:
            pieces.append(Piece(" " * (cell - position)))
        piece = canvas[cell]
        if pieces and pieces[-1].style == piece.style and cell == position:
            pieces[-1] = Piece(pieces[-1].text + piece.text, piece.style)
        else:
            pieces.append(piece)
        position = cell + 1
    return tuple(pieces)


def _with_bars(marks: list[Mark], text: Piece) -> Line:
    """`text`, which starts with spaces, with a bar in these spaces for each of `marks`."""
    message = text.text.lstrip(" ")
    start = len(text.text) - len(message)
    bars = _paint({m.start: Piece("|", _style(m)) for m in marks if m.start < start})
    used = sum(len(piece.text) for piece in bars)
    return (*bars, Piece(" " * (start - used)), Piece(message, text.style))
