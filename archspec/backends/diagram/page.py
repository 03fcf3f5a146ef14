"""From a layout in its own plane to a scene on a page, with its legend."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import dist
from typing import assert_never

from archspec.backends.diagram.font import text_width
from archspec.backends.diagram.geometry import (
    HEAD,
    Direction,
    Laid,
    Wire,
    rounded,
    shortened,
)
from archspec.backends.diagram.measure import SIZES, texts_in
from archspec.backends.diagram.plan import Item, Link
from archspec.backends.diagram.scene import (
    Badge,
    Box,
    Edge,
    Frame,
    Join,
    Kind,
    Point,
    Rect,
    Text,
)

#: Around the picture.
MARGIN = 3.0
#: How far from where a line begins the number of the call that it leads to is written.
CALL = 3.5


class Sheet:
    """Collects what is drawn, in the page's coordinates."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.joins: list[Join] = []
        self.edges: list[Edge] = []
        self.frames: list[Frame] = []
        self.texts: list[Text] = []
        self.pairs: list[tuple[str, str, Kind]] = []

    def add(self, laid: Laid, direction: Direction, x: float, y: float, prefix: str = "") -> None:
        """Place a layout with its own upper left corner at (x, y)."""
        if direction == "LR":
            dx, dy = x, y + laid.high

            def page(point: Point) -> Point:
                return (dx + point[0], dy - point[1])
        else:
            dx, dy = x - laid.low, y

            def page(point: Point) -> Point:
                return (dx + point[1], dy + point[0])

        for frame in laid.frames:
            rect = _rect(page((frame.u0, frame.v0)), page((frame.u1, frame.v1)))
            texts = tuple(
                _line(rect.x + 5.0, rect.y + 9.0 + 8.5 * i, line.text, SIZES[line.style], True)
                for i, line in enumerate(frame.lines)
            )
            badges = _badges(frame.item, rect)
            repeat = frame.item.repeat
            self.frames.append(Frame(prefix + frame.item.id, rect, texts, repeat, False, badges))
        for spot in laid.spots.values():
            item = spot.item
            rect = _rect(page((spot.u0, spot.v0)), page((spot.u1, spot.v1)))
            if item.kind == "box":
                self.boxes.append(_box(item, rect, direction, prefix))
            elif item.kind == "join":
                stripes = len({w.link.value for w in laid.wires if w.link.target is item})
                self.joins.append(
                    Join(
                        prefix + item.id,
                        item.join,
                        rect,
                        stripes,
                        item.symbol,
                        item.nodes,
                        direction == "LR",
                    )
                )
        for wire in laid.wires:
            self.edges.append(_edge(wire, [page(p) for p in wire.points], prefix))

    @property
    def bounds(self) -> Rect:
        """The smallest rectangle around all that is drawn."""
        rects = [b.rect for b in self.boxes] + [j.rect for j in self.joins]
        rects += [f.rect for f in self.frames]
        rects += [badge.rect for box in self.boxes for badge in box.badges]
        rects += [badge.rect for frame in self.frames for badge in frame.badges]
        rects += [text.rect for text in self.texts]
        rects += [text.rect for edge in self.edges for text in edge.texts]
        for f in self.frames:
            if f.repeat > 1:
                r = f.rect
                rects.append(Rect(r.x, r.y, r.width + 4.4, r.height + 4.4))
        for b in self.boxes:
            if b.stack:
                r = b.rect
                by = 2.2 * b.stack
                rects.append(Rect(r.x, r.y, r.width + by, r.height + by))
        xs = [p[0] for e in self.edges for p in e.path]
        ys = [p[1] for e in self.edges for p in e.path]
        x0 = min([r.x for r in rects] + [x - 1.2 for x in xs])
        y0 = min([r.y for r in rects] + [y - 1.2 for y in ys])
        x1 = max([r.right for r in rects] + [x + 1.2 for x in xs])
        y1 = max([r.bottom for r in rects] + [y + 1.2 for y in ys])
        return Rect(x0, y0, x1 - x0, y1 - y0)


def _rect(a: Point, b: Point) -> Rect:
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return Rect(x, y, abs(a[0] - b[0]), abs(a[1] - b[1]))


def _line(x: float, y: float, text: str, size: float, bold: bool) -> Text:
    return Text(x, y, text, size, text_width(text, size, bold), bold, "start")


def _badges(item: Item, rect: Rect) -> tuple[Badge, ...]:
    """The signs of an item along its upper edge, from the right."""
    return tuple(
        Badge(sign, rect.right - 1.5 - 10.0 * i, rect.y - 0.5) for i, sign in enumerate(item.signs)
    )


def _box(item: Item, rect: Rect, direction: Direction, prefix: str) -> Box:
    badges = _badges(item, rect)
    stack = 2 if item.repeat > 1 else 0
    return Box(
        prefix + item.id, rect, item.role, texts_in(rect, item.lines, direction), badges,
        item.double, item.repeat, item.nodes, item.title, stack,
    )  # fmt: skip


def _edge(wire: Wire, points: Sequence[Point], prefix: str) -> Edge:
    link = wire.link
    kind = wire.kind or link.kind
    tip = None
    corners = list(points)
    if wire.arrow:
        corners, tip = shortened(corners, HEAD)
    badges: tuple[Badge, ...] = ()
    if "detach" in wire.signs:
        (x0, y0), (x1, y1) = corners[-2], corners[-1]
        badges = (Badge("detach", (x0 + x1) / 2, (y0 + y1) / 2, 3.6),)
    for sign in wire.signs:
        if sign in ("added", "removed"):  # in the middle of the longest piece
            (x0, y0), (x1, y1) = max(pairwise(corners), key=lambda p: dist(*p))
            badges = (*badges, Badge(sign, (x0 + x1) / 2, (y0 + y1) / 2, 3.6))
    source = prefix + (link.source.id)
    target = prefix + (link.target.id)
    texts = tuple(_call_numbers(link, points))
    return Edge(source, target, kind, rounded(corners, wire.radius), tip, wire.dot, texts, badges)


def _call_numbers(link: Link, points: Sequence[Point]) -> Iterator[Text]:
    """The numbers of calls beside a line, away from the box, where the lines of calls meet."""
    if link.arrives:
        a, b = points[:2]
        yield _beside(link.arrives, a, b, min(CALL, dist(a, b) / 2))
    if link.leaves:
        a, b = max(pairwise(points), key=lambda piece: dist(*piece))
        straight = len(points) == 2
        yield _beside(link.leaves, a, b, dist(a, b) * (0.5 if straight else 0.7))


def _beside(number: str, a: Point, b: Point, by: float) -> Text:
    """A number beside the line from `a` to `b`, `by` after its start."""
    length = dist(a, b) or 1.0
    x, y = a[0] + (b[0] - a[0]) * by / length, a[1] + (b[1] - a[1]) * by / length
    across = abs(b[0] - a[0]) < abs(b[1] - a[1])
    place = (x + 3.8, y + 2.5) if across else (x, y - 3.2)
    return Text(*place, number, 7.0, text_width(number, 7.0, bold=True), True)


def moved(sheet: Sheet, dx: float, dy: float) -> Sheet:
    """All of a sheet, moved."""
    found = Sheet()
    found.boxes = [_moved_box(box, dx, dy) for box in sheet.boxes]
    found.joins = [replace(j, rect=_shift(j.rect, dx, dy)) for j in sheet.joins]
    found.frames = [
        replace(
            f,
            rect=_shift(f.rect, dx, dy),
            texts=tuple(_text(t, dx, dy) for t in f.texts),
            badges=tuple(_badge(s, dx, dy) for s in f.badges),
        )
        for f in sheet.frames
    ]
    found.edges = [_moved_edge(edge, dx, dy) for edge in sheet.edges]
    found.texts = [_text(t, dx, dy) for t in sheet.texts]
    found.pairs = list(sheet.pairs)
    return found


def moved_sample(
    sample: Edge | Join | Badge | Box, dx: float, dy: float
) -> Edge | Join | Badge | Box:
    match sample:
        case Edge():
            return _moved_edge(sample, dx, dy)
        case Join():
            return replace(sample, rect=_shift(sample.rect, dx, dy))
        case Badge():
            return _badge(sample, dx, dy)
        case Box():
            return _moved_box(sample, dx, dy)
        case _:
            assert_never(sample)


def _moved_box(box: Box, dx: float, dy: float) -> Box:
    return replace(
        box,
        rect=_shift(box.rect, dx, dy),
        texts=tuple(_text(t, dx, dy) for t in box.texts),
        badges=tuple(_badge(s, dx, dy) for s in box.badges),
    )


def _moved_edge(edge: Edge, dx: float, dy: float) -> Edge:
    return replace(
        edge,
        path=tuple((x + dx, y + dy) for x, y in edge.path),
        tip=None if edge.tip is None else (edge.tip[0] + dx, edge.tip[1] + dy),
        texts=tuple(_text(t, dx, dy) for t in edge.texts),
        badges=tuple(_badge(s, dx, dy) for s in edge.badges),
    )


def _shift(rect: Rect, dx: float, dy: float) -> Rect:
    return Rect(rect.x + dx, rect.y + dy, rect.width, rect.height)


def _text(text: Text, dx: float, dy: float) -> Text:
    return replace(text, x=text.x + dx, y=text.y + dy)


def _badge(badge: Badge, dx: float, dy: float) -> Badge:
    return replace(badge, x=badge.x + dx, y=badge.y + dy)
