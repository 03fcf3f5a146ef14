"""A plain table, with one line of text in each cell, in all formats of tables."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape as html_escape
from io import StringIO
from typing import TYPE_CHECKING, assert_never

from archspec.diagnostics.width import text_width

if TYPE_CHECKING:
    from archspec.backends.tables import TableFormat


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows below a head; the first `left` columns are words, all others numbers.

    `rule` are the rows that a line is drawn above.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    label: str = ""
    notes: tuple[str, ...] = ()
    left: int = 1
    rule: frozenset[int] = frozenset()


def write_grid(grid: Grid, format: "TableFormat") -> str:
    """`grid` in a format, with a line end at the end."""
    match format:
        case "text":
            lines = _text(grid)
        case "latex":
            lines = _latex(grid)
        case "markdown":
            lines = _markdown(grid)
        case "html":
            lines = _html(grid)
        case "csv":
            return _csv(grid)
        case _:
            assert_never(format)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _text(grid: Grid) -> Iterator[str]:
    widths = [max(map(text_width, column)) for column in zip(grid.head, *grid.rows, strict=True)]
    if grid.caption:
        yield grid.caption
        yield ""
    for number, row in enumerate((grid.head, *grid.rows)):
        if number == 1 or number - 1 in grid.rule:
            yield "─" * (sum(widths) + 2 * (len(widths) - 1))
        cells = []
        for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - text_width(cell))
            cells.append(cell + space if i < grid.left else space + cell)
        yield "  ".join(cells)
    if grid.notes:
        yield ""
        yield from grid.notes


def _latex(grid: Grid) -> Iterator[str]:
    from archspec.backends.tables.latex import ARTICLE, GAP, TYPES, escape

    columns = zip(grid.head, *grid.rows, strict=True)
    characters = sum(max(map(len, column)) for column in columns)
    (type_, character), (small, _) = TYPES
    wide = characters * character + GAP * len(grid.head) > ARTICLE
    numbers = len(grid.head) - grid.left
    yield r"% \usepackage{booktabs}"
    yield r"\begin{table*}[t]"
    yield r"\centering"
    if grid.caption:
        yield rf"\caption{{{escape(grid.caption)}}}"
    yield rf"\label{{tab:{re.sub('[^A-Za-z0-9-]', '-', grid.label)}}}"
    yield r"\smallskip"
    yield small if wide else type_
    yield rf"\begin{{tabular}}{{@{{}}{'l' * grid.left}{'r' * numbers}@{{}}}}"
    yield r"\toprule"
    yield rf"{' & '.join(map(escape, grid.head))} \\"
    yield r"\midrule"
    for number, row in enumerate(grid.rows):
        if number in grid.rule:
            yield r"\midrule"
        yield rf"{' & '.join(map(escape, row))} \\"
    yield r"\bottomrule"
    yield r"\end{tabular}"
    if grid.notes:
        yield ""
        yield rf"\smallskip\parbox{{.9\linewidth}}{{\scriptsize {escape(' '.join(grid.notes))}}}"
    yield r"\end{table*}"


def _markdown(grid: Grid) -> Iterator[str]:
    from archspec.backends.tables.markdown import escape

    if grid.caption:
        yield f"**{escape(grid.caption)}**"
        yield ""
    align = ["---" if i < grid.left else "---:" for i in range(len(grid.head))]
    for row in (grid.head, None, *grid.rows):
        yield f"| {' | '.join(map(escape, row) if row is not None else align)} |"
    if grid.notes:
        yield ""
        yield escape(" ".join(grid.notes))


def _html(grid: Grid) -> Iterator[str]:
    yield "<style>"
    yield ".archspec-grid { border-collapse: collapse; border: solid; border-width: 2px 0; }"
    yield ".archspec-grid th, .archspec-grid td { padding: .2em .6em; text-align: right; }"
    yield ".archspec-grid thead, .archspec-grid .rule { border-bottom: 1px solid; }"
    yield f".archspec-grid :is(th, td):nth-child(-n+{grid.left}) {{ text-align: left; }}"
    yield "</style>"
    yield '<table class="archspec-grid">'
    if grid.caption:
        yield f"<caption>{html_escape(grid.caption)}</caption>"
    head = "".join(f'<th scope="col">{html_escape(cell)}</th>' for cell in grid.head)
    yield f"<thead><tr>{head}</tr></thead>"
    yield "<tbody>"
    for number, row in enumerate(grid.rows):
        kind = ' class="rule"' if number + 1 in grid.rule else ""
        cells = "".join(f"<td>{html_escape(cell)}</td>" for cell in row)
        yield f"<tr{kind}>{cells}</tr>"
    yield "</tbody>"
    yield "</table>"
    if grid.notes:
        yield f"<p>{html_escape(' '.join(grid.notes))}</p>"


def _csv(grid: Grid) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(grid.head)
    writer.writerows(grid.rows)
    return out.getvalue()


__all__ = ["Grid", "write_grid"]
