"""A table as an HTML fragment, which brings its own style along."""

from collections.abc import Iterator
from html import escape

from archspec.backends.tables.numbers import macs, parameters
from archspec.passes.architecture import Cell, Group, Table

_STYLE = """<style>
.archspec-table { border-collapse: collapse; border-bottom: 2px solid; font-size: 90%; }
.archspec-table caption { text-align: left; padding-bottom: .5em; }
.archspec-table thead { border-top: 2px solid; border-bottom: 1px solid; }
.archspec-table tfoot { border-top: 1px solid; }
.archspec-table th, .archspec-table td { padding: .25em .75em; text-align: center; }
.archspec-table th:nth-child(-n+2):not([colspan]), .archspec-table td.size { text-align: left; }
.archspec-table .unit { display: inline-block; vertical-align: middle; padding: 0 .4em;
  border: solid; border-width: 0 1px; border-radius: .5em; text-align: left; margin: .1em; }
.archspec-notes { font-size: 80%; }
</style>"""


def as_html(table: Table) -> str:
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table) -> Iterator[str]:
    yield _STYLE
    yield '<table class="archspec-table">'
    if table.caption:
        yield f"<caption>{escape(table.caption)}</caption>"
    models = "".join(f'<th scope="col">{escape(c.model)}</th>' for c in table.columns)
    yield f'<thead><tr><th scope="col">stage</th><th scope="col">output</th>{models}</tr></thead>'
    yield "<tbody>"
    for row in table.rows:
        if row.same:
            cells = f'<td colspan="{len(row.cells)}">{_cell(row.cells[0])}</td>'
        else:
            cells = "".join(f"<td>{_cell(cell)}</td>" for cell in row.cells)
        name, size = escape(row.stage), escape(row.size)
        yield f'<tr><th scope="row">{name}</th><td class="size">{size}</td>{cells}</tr>'
    yield "</tbody>"
    yield "<tfoot>"
    for name, counts in (
        ("parameters", [parameters(column.parameters) for column in table.columns]),
        ("MACs", [macs(column.macs) for column in table.columns]),
    ):
        cells = "".join(f"<td>{escape(count)}</td>" for count in counts)
        yield f'<tr><th scope="row">{name}</th><td></td>{cells}</tr>'
    yield "</tfoot>"
    yield "</table>"
    if table.notes:
        yield f'<p class="archspec-notes">{escape(" ".join(table.notes))}</p>'


def _cell(cell: Cell) -> str:
    return "<br>".join(map(_group, cell))


def _group(group: Group) -> str:
    lines = "<br>".join(map(escape, group.texts))
    text = f'<span class="unit">{lines}</span>' if group.bracket else lines
    return f"{text} × {group.times}" if group.times > 1 else text


__all__ = ["as_html"]
