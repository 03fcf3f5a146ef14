"""Plots along the sequence of nodes: reuse edges as arcs, and live memory."""

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Final

from archspec.backends.diagram.svg import number
from archspec.backends.report.charts import (
    LEFT,
    RIGHT,
    Figure,
    Scale,
    byte_ticks,
    element,
    hint,
    line,
    node_axis,
    value_axis,
    words,
)
from archspec.reuse.report import Edge, ReuseReport
from archspec.reuse.words import size

#: Edges that are drawn, and steps of the timeline; more would not be told apart.
ARCS: Final = 400
STEPS: Final = 480
#: With more edges, those whose ends lie closer than this, in pixels, are one arc.
_CELL: Final = 6
#: More arcs than these are thin lines.
_BOLD: Final = 120
#: Steps of colour and width for the bytes of an edge.
_BANDS: Final = 5


def arcs(report: ReuseReport) -> Figure:
    """Reuse edges over the sequence of nodes; the more bytes an edge holds the stronger."""
    base, top = 226.0, 12.0
    names = report.nodes.names
    x = Scale(0, max(len(names) - 1, 1), LEFT, RIGHT)
    groups = _grouped(report.edges, x)
    drawn = _chosen(groups)
    fine = " fine" if len(drawn) > _BOLD else ""
    limits = _limits([held for held in (_held(group) for group in drawn) if held])
    longest = max((group[0].span for group in drawn), default=1)
    drawing = list(node_axis(names, x, base))
    # The weak ones first, so that none of them hides a strong one.
    for group in sorted(drawn, key=_held):
        edge, *others = group
        height = (base - top) * sqrt(edge.span / longest)
        start = x(edge.source_node)
        end = max(x(edge.target_node), start + (_CELL * 0.8 if others else 0))
        radius = (end - start) / 2
        way = f"M{number(start)} {number(base)}A{number(radius)} {number(height)} 0 0 1"
        held = f"holds {size(edge.held_bytes)}" if edge.held_bytes else "holds nothing alone"
        more = f"; and {len(others):,} more" if others else ""
        drawing.append(
            element(
                "path",
                hint(f"{edge.mechanism}: {edge.source} to {edge.target}, {held}{more}"),
                d=f"{way} {number(end)} {number(base)}",
                class_=f"arc b{_band(edge.held_bytes, limits)} {edge.mechanism}{fine}",
            )
        )
    caption = (
        "An arc for each reuse edge, from its source to where it is used; nodes from left to right "
        "as they run. The longer the span the higher. The darker (on a dark page, the brighter)"
        f"{'' if fine else ' and wider'}, the more memory waits for this edge alone."
    )
    if not fine:
        caption += " Residual edges are dashed, gates dash-dotted."
    if len(groups) < len(report.edges):
        caption += (
            f" {len(report.edges):,} edges are {len(groups):,} arcs: those that would cover each "
            "other are one, that of the edge that holds most."
        )
    left_out = len(groups) - len(drawn)
    if left_out:
        caption += f" Of these, {left_out:,} that hold least are left out; the table has all edges."
    most = max(report.edges, key=lambda edge: edge.held_bytes, default=None)
    description = f"{len(report.edges):,} reuse edges over {len(names):,} nodes."
    if most is not None and most.held_bytes:
        description += f" Most is held for {most.source} to {most.target}: {size(most.held_bytes)}."
    return Figure(
        "edges", "Reuse edges", description, caption, base + 26, tuple(drawing),
        tuple(_legend(drawn, limits)),
    )  # fmt: skip


def _grouped(edges: Sequence[Edge], x: Scale) -> list[list[Edge]]:
    """The edges of each arc, first the one that holds most, of equal ones the longest."""
    if len(edges) <= ARCS:
        return [[edge] for edge in edges]
    groups: dict[tuple[int, int], list[Edge]] = {}
    for edge in edges:
        place = int(x(edge.source_node) / _CELL), int(x(edge.target_node) / _CELL)
        groups.setdefault(place, []).append(edge)
    return [
        sorted(group, key=lambda edge: (-edge.held_bytes, -edge.span)) for group in groups.values()
    ]


def _chosen(groups: Sequence[list[Edge]]) -> list[list[Edge]]:
    """The arcs that hold most, of equal ones the longest; in their order."""
    ranked = sorted(range(len(groups)), key=lambda i: (-_held(groups[i]), -groups[i][0].span, i))
    return [groups[i] for i in sorted(ranked[:ARCS])]


def _held(group: Sequence[Edge]) -> int:
    """By the edge of `group` that holds most."""
    return group[0].held_bytes


def _limits(held: Sequence[int]) -> list[int]:
    """The most bytes of each band, from the weakest; bands are equal steps of a logarithm."""
    if not held:
        return []
    low, high = min(held), max(held)
    if low == high:
        return [high]
    found = [round(low * (high / low) ** (i / _BANDS)) for i in range(1, _BANDS)]
    return [*found, high]


def _band(held: int, limits: Sequence[int]) -> int:
    """0 for nothing, then by the limits; a single band is the middle one."""
    if not held:
        return 0
    if len(limits) == 1:
        return 3
    return next(i for i, limit in enumerate(limits, start=1) if held <= limit)


def _legend(arcs: Sequence[list[Edge]], limits: Sequence[int]) -> Iterator[tuple[str, str]]:
    bands = {_band(_held(arc), limits) for arc in arcs}
    if 0 in bands:
        yield "holds nothing alone", "arc b0"
    for band in sorted(bands - {0}):
        limit = limits[0] if len(limits) == 1 else limits[band - 1]
        yield (size(limit) if len(limits) == 1 else f"up to {size(limit)}"), f"arc b{band}"


# --- memory ------------------------------------------------------------------------------------


def timeline(report: ReuseReport, prefix: str) -> Figure:
    """Live memory while the nodes run, with what reuse alone holds shaded."""
    nodes = report.nodes
    peak = report.totals.peak_bytes
    base, top = 214.0, 24.0
    count = len(nodes.names)
    x = Scale(0, max(count - 1, 1), LEFT, RIGHT)
    y = Scale(0, max(peak, 1), base, top)
    width = -(-count // STEPS)
    steps = []
    for start in range(0, count, width):
        most = max(range(start, min(start + width, count)), key=lambda i: (nodes.live_bytes[i], -i))
        steps.append((start, nodes.live_bytes[most], nodes.held_bytes[most]))
    hatch = f"{prefix}hatch"
    drawing = [
        element(
            "defs",
            element(
                "pattern",
                element("rect", width=6, height=6, class_="held"),
                element("path", d="M0 0V6", class_="hatch"),
                id=hatch,
                width=6,
                height=6,
                patternUnits="userSpaceOnUse",
                patternTransform="rotate(45)",
            ),
        ),
        *value_axis(byte_ticks(peak), y),
        element("path", d=_area([(at, live) for at, live, _ in steps], x, y), class_="live"),
    ]
    waits = any(held for _, _, held in steps)
    if waits:
        area = _area([(at, held) for at, _, held in steps], x, y)
        drawing.append(element("path", d=area, class_="reuse", fill=f"url(#{hatch})"))
    at = max(range(count), key=lambda i: (nodes.live_bytes[i], -i))
    place = x(at)
    anchor = "start" if place < 300 else "end" if place > 700 else "middle"
    text = f"peak {size(peak)} at {report.totals.peak_at}"
    drawing.append(line(place, base, place, top, "peak"))
    drawing.append(words(place, top - 8, text, "note", anchor))
    drawing.extend(node_axis(nodes.names, x, base))
    caption = "Features held while each node runs."
    if waits:
        caption += (
            " Hatched: what reuse edges alone still wait for; without them it would be given up."
        )
    if width > 1:
        caption += (
            f" {count:,} nodes are drawn in steps of {width}; a step shows its node of most memory."
        )
    held = nodes.held_bytes[at]
    share = f"{size(held)} of it" if held else "nothing of it"
    description = f"Live memory over {count:,} nodes: {text}, {share} held for reuse alone."
    return Figure(
        "memory", "Live memory", description, caption, base + 26, tuple(drawing),
        (("live", "live"), ("held for reuse alone", "reuse")) if waits else (),
    )  # fmt: skip


def _area(steps: Sequence[tuple[int, int]], x: Scale, y: Scale) -> str:
    """Steps that each hold until the next begins, down to zero at both ends."""
    parts = [f"M{number(x(steps[0][0]))} {number(y(0))}"]
    before = 0
    for at, value in steps:
        if value != before:
            parts.append(f"H{number(x(at))}V{number(y(value))}")
            before = value
    parts.append(f"H{number(RIGHT)}V{number(y(0))}Z")
    return "".join(parts)


__all__ = ["ARCS", "STEPS", "arcs", "timeline"]
