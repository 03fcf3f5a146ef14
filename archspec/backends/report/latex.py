"""A reuse report as tables for the booktabs package: totals, and edges."""

from collections.abc import Iterator
from typing import Final

from archspec.backends.tables.grid import Grid, write_grid
from archspec.reuse.report import ReuseReport
from archspec.reuse.words import (
    CONVENTIONS,
    NOT_SHOWN,
    WEIGHTS_HEAD,
    edge_table,
    sizes,
    totals,
    weight_cells,
)

#: Rows of a table that fit on a page; what comes after goes into the next table.
_ROWS: Final = 45


def as_latex(report: ReuseReport) -> str:
    """The tables of `report`, with a line end at the end."""
    return "\n".join(write_grid(grid, "latex") for grid in _grids(report))


def _grids(report: ReuseReport) -> Iterator[Grid]:
    at = f"{report.model} at {sizes(report)}, features stored as {report.stored}"
    label = f"reuse-{report.model}"
    yield Grid(
        ("", "total"),
        tuple(
            (f"\u2003{total.name}" if total.part else total.name, total.text)
            for total in totals(report)
        ),
        caption=f"What reuse gives and costs: {at}.",
        label=label,
        notes=(*CONVENTIONS, NOT_SHOWN),
    )
    head, rows = edge_table(report.edges)
    # A page is narrow: the layers that align an edge are left out, and columns that say nothing.
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    head = tuple(head[i] for i in kept)
    edges = [
        (row[0], f"{edge.source} → {edge.target}", *(row[i] for i in kept[2:]))
        for edge, row in zip(report.edges, rows, strict=True)
    ]
    tables = [edges[i : i + _ROWS] for i in range(0, len(edges), _ROWS)]
    for number, found in enumerate(tables, start=1):
        part = f", part {number} of {len(tables)}" if len(tables) > 1 else ""
        yield Grid(
            head,
            tuple(found),
            caption=f"Reuse edges of {at}{part}.",
            label=f"{label}-edges{f'-{number}' if number > 1 else ''}",
            notes=(
                "Span: nodes from the source to the target. Held: memory that waits for the edge "
                "alone. Parameters and MACs: of the layers between that align it."
                + (" Sees, meets: receptive fields in pixels." if "sees" in head else ""),
            ),
            left=2,
        )
    if report.weights:
        yield Grid(
            WEIGHTS_HEAD,
            tuple(weight_cells(reused) for reused in report.weights),
            caption=f"Weights that {report.model} uses more than once.",
            label=f"{label}-weights",
            notes=("Saved: parameters that all uses but one would have.",),
            left=2,
        )


__all__ = ["as_latex"]
