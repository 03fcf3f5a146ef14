"""Encoder and decoder as a U: down on the left, up on the right, each skip level.

A level takes this shape if skips lead from the first half of its spine into joins of the second
half, nested in each other. Each stage keeps its own height: what is joined stands side by side.
"""

from dataclasses import dataclass

from archspec.backends.diagram.geometry import Laid, Spot, Wire
from archspec.backends.diagram.plan import Item, Level, Link
from archspec.backends.diagram.spine import main_path

#: Between the stages of a column, between a stage's boxes, and the least way across.
DROP = 17.0
BESIDE = 11.0
ACROSS = 34.0


@dataclass(frozen=True, slots=True)
class Shape:
    """The spine, cut into rows: what descends, the bottom, and what ascends to each skip."""

    down: list[list[Item]]
    bottom: list[Item]
    up: list[list[Item]]
    skips: list[Link]


def shape_of(level: Level) -> Shape | None:
    """The U of a level, None if it is none."""
    path = main_path(level.items, level.links)
    place = {item: i for i, item in enumerate(path)}
    if len(place) != len(level.items):
        return None
    skips = [k for k in level.links if k.kind == "skip"]
    others = [k for k in level.links if k.kind != "skip"]
    if len(skips) < 2 or any(place[k.target] != place[k.source] + 1 for k in others):
        return None
    skips.sort(key=lambda k: place[k.source])
    ends = [place[k.target] for k in skips]
    starts = [place[k.source] for k in skips]
    nested = ends == sorted(ends, reverse=True) and len(set(starts)) == len(starts)
    if not nested or len(set(ends)) != len(ends) or starts[-1] >= ends[-1]:
        return None
    down: list[list[Item]] = []
    begin = 0
    for start in starts:
        down.append(path[begin : start + 1])
        begin = start + 1
    # what leads to the join of a skip stands below it, the rest beside it
    bounds = [len(path), *ends[:-1]]
    bottom_end = ends[-1]
    while bottom_end > begin + 1 and _leads_up(path[bottom_end - 1]):
        bottom_end -= 1
    bottom = path[begin:bottom_end]
    up: list[list[Item]] = []
    first = bottom_end
    for end, stop in zip(reversed(ends), reversed(bounds), strict=True):
        last = stop
        while stop != len(path) and last > end + 1 and _leads_up(path[last - 1]):
            last -= 1
        up.append(path[first:last])
        first = last
    return Shape(down, bottom, up[::-1], skips)


def _leads_up(item: Item) -> bool:
    return item.kind == "box" and item.role == "up"


def lay_out_u(level: Level, shape: Shape, blocks: dict[Item, Laid]) -> Laid:
    """Positions in the plane of the page: `u` to the right, `v` upwards, whatever the direction."""
    laid = Laid()
    spots: dict[Item, Spot] = {}

    def put(item: Item, u0: float, v: float) -> Spot:
        block = blocks[item]
        block.move(u0, v)
        laid.take(block)
        spots[item] = laid.spots[item]
        return spots[item]

    def height(item: Item) -> float:
        return blocks[item].high - blocks[item].low

    # the left column: the stage in the middle, its pooling below it
    rows: list[float] = []
    wide = max(blocks[i].length for row in (*shape.down, shape.bottom) for i in row)
    heads = [row[-1] for row in shape.down]
    v = 0.0
    for row in shape.down:
        for i, item in enumerate(row):
            half = height(item) / 2
            if v or i:
                v -= half
            put(item, (wide - blocks[item].length) / 2, v)
            v -= half + DROP
        rows.append(spots[row[-1]].v)
    # the bottom: boxes in a row between the columns
    bottom_v = v
    for item in shape.bottom[:-1]:
        half = height(item) / 2
        put(item, (wide - blocks[item].length) / 2, bottom_v - half)
        bottom_v -= 2 * half + DROP
    tallest = max((height(i) for i in shape.bottom[-1:]), default=0.0)
    bottom_v -= tallest / 2
    u = wide + ACROSS / 2
    for item in shape.bottom[-1:]:
        put(item, u, bottom_v)
        u += blocks[item].length + ACROSS / 2
    # the right column: joins on one line, each level with the stage that it reads
    joins = [link.target for link in shape.skips]
    bar = max(blocks[j].length for j in joins)
    axis = u + max(
        (blocks[i].length / 2 for row in shape.up for i in row if _leads_up(i)), default=bar / 2
    )
    for join, row, v_row in zip(joins, shape.up, rows, strict=True):
        at = row.index(join)
        put(join, axis - blocks[join].length / 2, v_row)
        below = v_row - height(join) / 2
        for item in reversed(row[:at]):
            below -= 12.0 + height(item) / 2
            put(item, axis - blocks[item].length / 2, below)
            below -= height(item) / 2
        right = axis + blocks[join].length / 2
        for item in row[at + 1 :]:
            right += BESIDE
            put(item, right, v_row)
            right += blocks[item].length
    del heads
    for link in level.links:
        laid.wires.append(_wire(link, spots, shape))
    every = laid.spots.values()
    laid.length = max(s.u1 for s in every)
    laid.low = min(s.v0 for s in every)
    laid.high = max(s.v1 for s in every)
    return laid


def _wire(link: Link, spots: dict[Item, Spot], shape: Shape) -> Wire:
    a, b = spots[link.source], spots[link.target]
    arrow = link.target.kind != "port" and link.target_port is None
    if abs(a.v - b.v) < 0.5:
        return Wire(link, [(a.u1, a.v), (b.u0, b.v)], arrow)
    if abs(a.u - b.u) < 0.5:
        down = a.v > b.v
        points = [(a.u, a.v0 if down else a.v1), (b.u, b.v1 if down else b.v0)]
        return Wire(link, points, arrow)
    if a.v > b.v:  # down and across, into the side
        return Wire(link, [(a.u, a.v0), (a.u, b.v), (b.u0, b.v)], arrow)
    # across and up, into what stands above
    if a.u1 < b.u:
        return Wire(link, [(a.u1, a.v), (b.u, a.v), (b.u, b.v0)], arrow)
    # up from a stage that reaches further right than what stands above it
    middle = (max(a.v1, b.v0 - 12.0) + b.v0) / 2
    return Wire(link, [(a.u, a.v1), (a.u, middle), (b.u, middle), (b.u, b.v0)], arrow)


__all__ = ["lay_out_u", "shape_of"]
