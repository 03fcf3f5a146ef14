"""Plots of distributions: lengths of gradient paths, and the work of nodes."""

from collections.abc import Iterator, Mapping
from math import gcd, log10
from typing import Final

from archspec.backends.report.charts import (
    LEFT,
    RIGHT,
    Figure,
    Scale,
    decades,
    element,
    hint,
    line,
    power_label,
    shortened,
    ticks,
    value_axis,
    words,
)
from archspec.reuse.report import PathSummary, ReuseReport
from archspec.reuse.words import path_count, size

#: Bars of a histogram; with more lengths, rare ones at the ends are left out, and bars are wider.
BARS: Final = 60
_RARE: Final = 1e-4
#: Nodes whose dots would lie closer than this, in pixels, are one dot.
_CELL: Final = 5


def histogram(paths: PathSummary) -> Figure:
    """The share of gradient paths of each length."""
    shares = _frequent(paths.shares)
    first, last = min(shares), max(shares)
    # Often all lengths differ by the layers of a block, and those between have no path.
    step = gcd(*(n - first for n in shares)) or 1
    lengths = range(first, last + 1, step)
    width = -(-len(lengths) // BARS)
    bars = []
    for i in range(0, len(lengths), width):
        covered = lengths[i : i + width]
        bars.append((covered[0], covered[-1], sum(shares.get(n, 0.0) for n in covered)))
    base, top = 200.0, 24.0
    highest = max(share for _, _, share in bars)
    # Never so few columns that a bar is as wide as the page.
    room = max(len(bars), 12) / 2
    x = Scale(len(bars) / 2 - room, len(bars) / 2 + room, LEFT, RIGHT)
    y = Scale(0, highest * 100, base, top)
    drawing = list(value_axis([(tick, f"{tick:g} %") for tick in ticks(highest * 100)], y))
    gap = 1.0 if len(bars) > 30 else 3.0
    every = -(-len(bars) // 20)
    for i, (start, end, share) in enumerate(bars):
        left, right = x(i) + gap / 2, x(i + 1) - gap / 2
        name = f"{start}" if start == end else f"{start} to {end}"
        drawing.append(
            element(
                "rect",
                hint(f"{name} steps: {100 * share:.3g} %"),
                x=left,
                y=y(100 * share),
                width=right - left,
                height=base - y(100 * share),
                class_="bar",
            )
        )
        if i % every == 0:
            drawing.append(words((left + right) / 2, base + 18, f"{start}"))
    drawing.append(line(LEFT, base, RIGHT, base, "axis"))
    # Each length has the middle of its part of a bar.
    mean = x(((paths.mean - first) / step + 0.5) / width)
    drawing.append(line(mean, base, mean, top, "peak"))
    drawing.append(words(mean, top - 8, f"mean {paths.mean:.1f}", "note"))
    drawing.append(words((LEFT + RIGHT) / 2, base + 38, "steps: layers with weights on the path"))
    caption = "How long the ways are on which gradients come from an output to where features begin"
    caption += ", as shares of all paths." if paths.exact else ", as rounded shares of all paths."
    if step > 1:
        caption += f" All lengths differ by a multiple of {step}."
    if width > 1:
        caption += f" A bar covers {width} lengths, the first of which is below it."
    if (first, last) != (paths.shortest, paths.longest):
        caption += f" Lengths at both ends that less than {100 * _RARE:g} % have are left out."
    description = (
        f"{path_count(paths)} paths of {paths.shortest} to {paths.longest} steps, "
        f"mean {paths.mean:.1f}."
    )
    return Figure(
        "paths", "Lengths of gradient paths", description, caption, base + 46, tuple(drawing)
    )


def _frequent(shares: Mapping[int, float]) -> dict[int, float]:
    """The shares of the lengths to draw."""
    kept = [n for n, share in sorted(shares.items()) if share > 0]
    if kept[-1] - kept[0] >= BARS:
        kept = [n for n in kept if shares[n] >= _RARE] or kept
    return {n: shares[n] for n in kept}


# --- work --------------------------------------------------------------------------------------


def scatter(report: ReuseReport) -> Figure | None:
    """Multiply-adds of nodes against the bytes that they move; None where no node has any."""
    nodes = report.nodes
    points = [
        (moved, macs, name)
        for name, macs, moved in zip(nodes.names, nodes.macs, nodes.moved_bytes, strict=True)
        if macs and moved
    ]
    if not points:
        return None
    (x0, x1), (y0, y1) = decades([p[0] for p in points]), decades([p[1] for p in points])
    base, top = 330.0, 14.0
    x, y = Scale(x0, x1, LEFT, RIGHT), Scale(y0, y1, base, top)
    drawing = list(value_axis([(n, power_label(n)) for n in range(y0, y1 + 1)], y))
    for n in range(x0, x1 + 1):
        drawing.append(line(x(n), base, x(n), top, "grid"))
        drawing.append(words(x(n), base + 18, power_label(n)))
    drawing.extend(_intensities((x0, x1), (y0, y1), x, y))
    dots: dict[tuple[int, int], list[tuple[int, int, str]]] = {}
    for moved, macs, name in points:
        place = (round(x(log10(moved)) / _CELL), round(y(log10(macs)) / _CELL))
        dots.setdefault(place, []).append((moved, macs, name))
    for found in dots.values():
        moved, macs, _ = max(found, key=lambda p: p[1])
        names = shortened([name for _, _, name in found])
        drawing.append(
            element(
                "circle",
                hint(f"{names}: {macs:,} MACs, {moved:,} bytes"),
                cx=x(log10(moved)),
                cy=y(log10(macs)),
                r=min(4 + 1.2 * (len(found) - 1) ** 0.5, 9),
                class_="dot",
            )
        )
    drawing.append(line(LEFT, base, RIGHT, base, "axis"))
    drawing.append(words((LEFT + RIGHT) / 2, base + 38, "bytes moved: read and written"))
    middle = (base + top) / 2
    drawing.append(
        element(
            "text",
            "MACs",
            x=16,
            y=middle,
            class_="tick",
            text_anchor="middle",
            transform=f"rotate(-90 16 {middle:g})",
        )
    )
    others = [m for a, m in zip(nodes.macs, nodes.moved_bytes, strict=True) if not a and m]
    caption = (
        "Each dot is a layer or product; both scales are logarithmic. Along a dashed line all do "
        "as much work for a byte: what lies low and right is bound by memory, not by arithmetic."
    )
    if len(dots) < len(points):
        caption += (
            f" {len(points):,} are drawn as {len(dots):,} dots: those that would cover each "
            "other are one, larger with their number, at the one of most MACs."
        )
    if others:
        caption += (
            f" {len(others):,} nodes without MACs, which move {size(sum(others))}, are not shown."
        )
    most = max(points, key=lambda p: p[1])
    description = (
        f"{len(points):,} layers and products. Most multiply-adds: {most[2]} with {most[1]:,}, "
        f"moving {size(most[0])}."
    )
    return Figure(
        "work", "Multiply-adds and bytes moved", description, caption, base + 46, tuple(drawing)
    )


def _intensities(xs: tuple[int, int], ys: tuple[int, int], x: Scale, y: Scale) -> Iterator[str]:
    """Lines of 1, 10, 100 … multiply-adds a byte, where they cross the plane."""
    for power in range(max(ys[0] - xs[1], -3) + 1, min(ys[1] - xs[0], 5)):
        start, end = max(xs[0], ys[0] - power), min(xs[1], ys[1] - power)
        if end <= start:
            continue
        yield line(x(start), y(start + power), x(end), y(end + power), "iso")
        text = f"{10**power:,g} MAC a byte"
        yield words(x(end) - 8, y(end + power) + 16, text, "iso-label", "end")


__all__ = ["BARS", "histogram", "scatter"]
