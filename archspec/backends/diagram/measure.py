"""How large items are: their lines in the figure's font."""

from dataclasses import dataclass
from typing import Final

from archspec.backends.diagram.font import text_width
from archspec.backends.diagram.geometry import Direction
from archspec.backends.diagram.plan import Item, Line, Style
from archspec.backends.diagram.scene import Rect, Text

SIZES: Final[dict[Style, float]] = {"title": 7.5, "plain": 7.2, "soft": 7.0}
LEADING: Final = 1.18
PAD_X: Final = 6.0
PAD_Y: Final = 3.2
#: The widest box whose name and sizes stand in one line.
ONE_LINE: Final = 120.0
CIRCLE: Final = 10.0
STRIPE: Final = 2.6
BAR: Final = 22.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a row in one style."""

    text: str
    style: Style

    @property
    def width(self) -> float:
        return text_width(self.text, SIZES[self.style], self.style == "title")


def rows_of(lines: tuple[Line, ...], direction: Direction) -> list[Piece]:
    """The rows of a box; top to bottom, name and sizes share one."""
    rows: list[Piece] = []
    for line in lines:
        piece = Piece(line.text, line.style)
        if direction == "TB" and rows and line.style == "plain":
            joined = Piece(f"{rows[-1].text}, {line.text}", rows[-1].style)
            if rows[-1].style != "soft" and joined.width <= ONE_LINE:
                rows[-1] = joined
                continue
        rows.append(piece)
    return rows


def size_of(item: Item, direction: Direction, stripes: int = 2) -> tuple[float, float]:
    """Width and height on the page."""
    if item.kind == "port":
        return (0.0, 0.0)
    if item.kind == "join":
        if item.join == "concat":
            across = STRIPE * max(stripes, 2)
            return (across, BAR) if direction == "LR" else (BAR, across)
        return (CIRCLE, CIRCLE)
    rows = rows_of(item.lines, direction)
    width = max((row.width for row in rows), default=0.0) + 2 * PAD_X
    height = sum(SIZES[row.style] * LEADING for row in rows) + 2 * PAD_Y - 0.8
    if item.double:
        width, height = width + 3.0, height + 3.0
    return (max(width, 16.0), max(height, 14.0))


def texts_in(rect: Rect, lines: tuple[Line, ...], direction: Direction) -> tuple[Text, ...]:
    """The rows of a box, centred in it."""
    rows = rows_of(lines, direction)
    total = sum(SIZES[row.style] * LEADING for row in rows)
    y = rect.cy - total / 2
    found = []
    for row in rows:
        size = SIZES[row.style]
        # capital letters are 0.72 high: this centres them in their row
        base = y + size * LEADING / 2 + 0.36 * size
        tone = "soft" if row.style == "soft" else "ink"
        found.append(
            Text(rect.cx, base, row.text, size, row.width, row.style == "title", "middle", tone)  # type: ignore[arg-type]
        )
        y += size * LEADING
    return tuple(found)
