"""The words and numbers of a reuse report, the same in each format that people read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from archspec.reuse.report import Edge, PathSummary, ReuseReport, Sight, WeightReuse

CONVENTIONS: Final = (
    "A MAC is one multiply-add of a convolution, linear map, product or attention.",
    "Nodes run in the order of the graph; memory is given up after its last reader, without "
    "weights.",
)
NOT_SHOWN: Final = "Not shown: accuracy, robustness, calibration."
_HEAD: Final = ("reuse", "edge", "span", "sees", "meets", "parameters", "MACs", "held")
_SEEN: Final = (3, 4)
WEIGHTS_HEAD: Final = ("reuse", "weights", "uses", "saved")


@dataclass(frozen=True, slots=True)
class Total:
    """A line of the totals: `count` is exact where `text` is rounded; a `part` is of the last."""

    name: str
    text: str
    part: bool = False
    count: int | None = None


def totals(report: ReuseReport) -> Iterator[Total]:
    """What a report says of the whole model, in order."""
    t = report.totals
    yield _count("parameters", t.parameters)
    if t.parameters_saved:
        yield _count("counted per use", t.parameters_per_use, part=True)
        yield _count("saved by reuse", t.parameters_saved, part=True)
    yield _count("MACs", t.macs)
    if t.uncounted:
        yield Total("without those of", ", ".join(t.uncounted), part=True)
    yield _count("element operations", t.element_ops)
    yield _count("activations", t.activations)
    if t.cio:
        yield _count("CIO of convolutions", t.cio)
    yield Total("peak live memory", f"{size(t.peak_bytes)} at {t.peak_at}", count=t.peak_bytes)
    yield _bytes("elementwise in place", t.peak_bytes_in_place, part=True)
    yield _bytes("kept for backward", t.saved_bytes)
    if t.saved_bytes_recomputed != t.saved_bytes:
        yield _bytes("dense layers again", t.saved_bytes_recomputed, part=True)
    if t.not_followed:
        yield Total("without that of", ", ".join(t.not_followed), part=True)
    if report.concat.emitted:
        c = report.concat
        yield _count("concatenated elements", c.emitted)
        yield _count("with lists", c.naive, part=True)
        shared = f"{c.shared:,} ({c.naive / c.shared:.2f}x)"
        yield Total("in one buffer", shared, part=True, count=c.shared)
    if report.paths is not None:
        p = report.paths
        steps = f"of {p.shortest} to {p.longest} steps, mean {p.mean:.1f}"
        yield Total("gradient paths", f"{path_count(p)}, {steps}")


def path_count(paths: PathSummary) -> str:
    """The number of paths, a power of two where it is large."""
    count = int(paths.count, 16)
    power = count.bit_length() - 1
    if count & (count - 1) == 0 and count > 1024:
        return f"2^{power}"
    return f"{count:,}" if count < 10**12 else f"about 2^{power}"


def sizes(report: ReuseReport) -> str:
    """At what sizes a report is: `H=32, W=32`."""
    return ", ".join(f"{name}={size}" for name, size in report.sizes.items()) or "fixed sizes"


def edge_table(edges: Sequence[Edge]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A head and a row for each edge; receptive fields only where an edge has one."""
    rows = [_cells(edge) for edge in edges]
    dropped = () if any(row[i] for row in rows for i in _SEEN) else _SEEN

    def kept(row: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cell for i, cell in enumerate(row) if i not in dropped)

    return kept(_HEAD), [kept(row) for row in rows]


def _cells(edge: Edge) -> tuple[str, ...]:
    """A row; nothing for zero."""
    return (
        edge.mechanism,
        " -> ".join((edge.source, *edge.via, edge.target)),
        str(edge.span),
        _sights(edge.sees),
        _sights(edge.meets),
        f"{edge.parameters:,}" if edge.parameters else "",
        f"{edge.macs:,}" if edge.macs else "",
        size(edge.held_bytes) if edge.held_bytes else "",
    )


def weight_cells(reused: WeightReuse) -> tuple[str, ...]:
    """A row below `WEIGHTS_HEAD`."""
    names = " = ".join(reused.names)
    return reused.mechanism, names, f"{reused.uses:,}", f"{reused.saved:,}"


def _sights(axes: Sequence[Sight]) -> str:
    """A receptive field as `27`, or `27×51` where it differs by axis."""
    reaches = ["all" if axis.reach is None else f"{axis.reach:,}" for axis in axes]
    return "×".join(reaches if len(set(reaches)) > 1 else reaches[:1])


def size(count: int) -> str:
    """Bytes as MiB or KiB."""
    return f"{count / 2**20:,.1f} MiB" if count >= 2**20 else f"{count / 2**10:,.1f} KiB"


def _count(name: str, count: int, part: bool = False) -> Total:
    return Total(name, f"{count:,}", part, count)


def _bytes(name: str, count: int, part: bool = False) -> Total:
    return Total(name, size(count), part, count)
