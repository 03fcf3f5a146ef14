"""The reuse report as people read it in a terminal."""

from collections.abc import Iterator, Sequence

from archspec.reuse.report import ReuseReport
from archspec.reuse.words import NOT_SHOWN, WEIGHTS_HEAD, edge_table, sizes, totals, weight_cells


def as_text(report: ReuseReport) -> str:
    """Conventions, totals, edges, paths and concatenation; no line end at the end."""
    return "\n".join(_lines(report))


def _lines(report: ReuseReport) -> Iterator[str]:
    yield f"{report.model} at {sizes(report)}, features stored as {report.stored}"
    yield "A MAC is one multiply-add of a convolution, linear map, product or attention. Nodes run"
    yield "in the order of the graph; memory is given up after its last reader, without weights."
    yield ""
    for total in totals(report):
        yield f"{'  ' if total.part else ''}{total.name}".ljust(24) + total.text
    yield ""
    if report.edges or not report.weights:
        yield from _table(*edge_table(report.edges))
    if report.edges and report.weights:
        yield ""
    if report.weights:
        yield from _table(WEIGHTS_HEAD, [weight_cells(reused) for reused in report.weights])
    yield ""
    yield NOT_SHOWN


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        yield "no reuse edges"
        return
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        cells = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
