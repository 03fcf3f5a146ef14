"""A table in GitHub's Markdown, whose cells are one line: `<br>` is between what stands below."""

from collections.abc import Sequence

from archspec.backends.tables.numbers import macs, parameters
from archspec.passes.architecture import Cell, Table

_SPECIAL = "\\`*_{}[]<>#|~&"


def as_markdown(table: Table) -> str:
    head = ["stage", "output", *(escape(column.model) for column in table.columns)]
    align = ["---", "---", *(":---:" for _ in table.columns)]
    rows = [[escape(row.stage), escape(row.size), *map(_cell, row.cells)] for row in table.rows]
    rows.append(["parameters", "", *(parameters(column.parameters) for column in table.columns)])
    rows.append(["MACs", "", *(escape(macs(column.macs)) for column in table.columns)])
    lines = [_line(row) for row in (head, align, *rows)]
    if table.caption:
        lines = [f"**{escape(table.caption)}**", "", *lines]
    if table.notes:
        lines += ["", escape(" ".join(table.notes))]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return "<br>".join(escape(str(group)) for group in cell)


def escape(text: str) -> str:
    """Plain text, whatever characters it has; no line breaks."""
    text = " ".join(text.split())
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)


__all__ = ["as_markdown", "escape"]
