"""A table for terminals, with brackets that are as tall as what they hold."""

from collections.abc import Iterator, Sequence

from archspec.backends.tables.numbers import macs, parameters
from archspec.diagnostics.width import text_width
from archspec.passes.architecture import Cell, Group, Table


def as_text(table: Table) -> str:
    head = [["stage"], ["output"], *([column.model] for column in table.columns)]
    body = [[[row.stage], [row.size], *(_cell(cell) for cell in row.cells)] for row in table.rows]
    foot = [
        [["parameters"], [""], *([parameters(column.parameters)] for column in table.columns)],
        [["MACs"], [""], *([macs(column.macs)] for column in table.columns)],
    ]
    widths = [
        max(text_width(line) for row in (head, *body, *foot) for line in row[i])
        for i in range(len(head))
    ]
    rule = "─" * (sum(widths) + 3 * (len(widths) - 1))
    lines = [table.caption, ""] if table.caption else []
    lines += [*_row(head, widths), rule]
    for row in body:
        lines += _row(row, widths)
    lines += [rule, *(line for row in foot for line in _row(row, widths))]
    if table.notes:
        lines += ["", *table.notes]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for i in range(max(len(cell) for cell in cells)):
        found = [cell[i] if i < len(cell) else "" for cell in cells]
        yield "   ".join(_padded(text, width) for text, width in zip(found, widths, strict=True))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - text_width(text))


def _cell(cell: Cell) -> list[str]:
    return [line for group in cell for line in _group(group)] or [""]


def _group(group: Group) -> Iterator[str]:
    texts = group.texts
    times = f" × {group.times}" if group.times > 1 else ""
    if not group.bracket:
        yield from texts
        return
    width = max(map(text_width, texts))
    last = len(texts) - 1
    for i, text in enumerate(texts):
        left, right = ("[", "]") if last == 0 else ("⎡", "⎤") if i == 0 else ("⎣", "⎦")
        if 0 < i < last:
            left, right = "⎢", "⎥"
        line = f"{left}{_padded(text, width)}{right}"
        yield f"{line}{times}" if i == last // 2 else line


__all__ = ["as_text"]
