"""A reuse report as tables for the booktabs package: totals, and edges."""

from collections.abc import Iterator
from typing import Final

from archspec.backends.tables.grid import Grid, write_grid
from archspec.reuse.report import Edge, ReuseReport
from archspec.reuse.words import CONVENTIONS, EDGE_HEAD, NOT_SHOWN, edge_cells, sizes, totals

#: Rows of a table that fit on a page; what comes after goes into the next table.
_ROWS: Final = 45


def as_latex(report: ReuseReport) -> str:
    """The tables of `report`, with a line end at the end."""
    return "\n".join(write_grid(grid, "latex") for grid in _grids(report))


def _grids(report: ReuseReport) -> Iterator[Grid]:
    at = f"{report.model} at {sizes(report)}, features stored as {report.stored}"
    label = f"reuse-{report.model}"
    rows = tuple((total.name, total.text) for total in totals(report))
    parts = [total.part for total in totals(report)]
    yield Grid(
        ("", "total"),
        tuple(
            (f"\u2003{name}" if part else name, text)
            for (name, text), part in zip(rows, parts, strict=True)
        ),
        caption=f"What reuse gives and costs: {at}.",
        label=label,
        notes=(*CONVENTIONS, NOT_SHOWN),
    )
    edges = [_cells(edge) for edge in report.edges]
    tables = [edges[i : i + _ROWS] for i in range(0, len(edges), _ROWS)]
    for number, found in enumerate(tables, start=1):
        part = f", part {number} of {len(tables)}" if len(tables) > 1 else ""
        yield Grid(
            EDGE_HEAD,
            tuple(found),
            caption=f"Reuse edges of {at}{part}.",
            label=f"{label}-edges{f'-{number}' if number > 1 else ''}",
            notes=(
                "Span: nodes from the source to the target. Held: memory that waits for the edge "
                "alone. Parameters and MACs: of the layers between that align it.",
            ),
            left=2,
        )


def _cells(edge: Edge) -> tuple[str, ...]:
    """A row; the layers that align the edge are left out, a page is too narrow for their names."""
    kind, _, *cells = edge_cells(edge)
    return kind, f"{edge.source} → {edge.target}", *cells


__all__ = ["as_latex"]
