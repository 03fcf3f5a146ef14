"""The layout's own plane: `u` runs along the flow, `v` away from it, to the side of the arcs.

Left to right, `u` is x and `v` is up; top to bottom, `u` is y and `v` is to the right. The layout
knows no other difference between the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Literal

from archspec.backends.diagram.plan import Item, Line, Link
from archspec.backends.diagram.scene import Kind, Point, Sign

Direction = Literal["LR", "TB"]

#: How far boxes on the spine are apart, and a join from its neighbours.
GAP = 13.0
SMALL_GAP = 9.0
#: Between branches, and between a track and what lies below it.
LANE = 8.0
TRACK = 6.0
HEAD = 4.6
CORNER = 5.0


@dataclass(slots=True)
class Spot:
    """Where an item is: from `u0` to `u1`, from `v0` to `v1`; `v` is where its flow passes."""

    item: Item
    u0: float
    u1: float
    v0: float
    v1: float
    v: float = 0.0

    @property
    def u(self) -> float:
        return (self.u0 + self.u1) / 2

    def move(self, du: float, dv: float) -> None:
        self.u0 += du
        self.u1 += du
        self.v0 += dv
        self.v1 += dv
        self.v += dv


@dataclass(slots=True)
class Wire:
    """A routed link: corners, from the source to the target, and how round they are."""

    link: Link
    points: list[Point]
    arrow: bool = True
    dot: bool = False
    radius: float = CORNER
    signs: tuple[Sign, ...] = ()
    kind: Kind | None = None

    def move(self, du: float, dv: float) -> None:
        self.points = [(u + du, v + dv) for u, v in self.points]


@dataclass(slots=True)
class Frame:
    """The outline of a group that is drawn open."""

    item: Item
    u0: float
    u1: float
    v0: float
    v1: float
    lines: tuple[Line, ...] = ()

    def move(self, du: float, dv: float) -> None:
        self.u0 += du
        self.u1 += du
        self.v0 += dv
        self.v1 += dv


@dataclass(slots=True)
class Laid:
    """Items with positions: from 0 to `length` along u, from `low` to `high` about the spine."""

    length: float = 0.0
    low: float = 0.0
    high: float = 0.0
    spots: dict[Item, Spot] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def move(self, du: float, dv: float) -> None:
        for spot in self.spots.values():
            spot.move(du, dv)
        for wire in self.wires:
            wire.move(du, dv)
        for frame in self.frames:
            frame.move(du, dv)

    def take(self, other: "Laid") -> None:
        """Take over what `other` has laid out."""
        self.spots.update(other.spots)
        self.wires.extend(other.wires)
        self.frames.extend(other.frames)


@dataclass(slots=True)
class Skyline:
    """How far things reach to one side of the spine, by stretches of u."""

    stretches: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, u0: float, u1: float, height: float) -> None:
        self.stretches.append((u0, u1, height))

    def over(self, u0: float, u1: float, by: float = 0.5) -> float:
        """The greatest reach between `u0` and `u1`."""
        reach = (h for a, b, h in self.stretches if a < u1 + by and u0 - by < b)
        return max(reach, default=0.0)


def rounded(points: Sequence[Point], radius: float) -> tuple[Point, ...]:
    """Straight lines through `points` with round corners, as a chain of Bézier curves."""
    clean = list(_corners(points))
    path: list[Point] = [clean[0]]
    for before, corner, after in zip(clean, clean[1:], clean[2:], strict=False):
        r = min(radius, _distance(before, corner) / 2, _distance(corner, after) / 2)
        start, end = _toward(corner, before, r), _toward(corner, after, r)
        _line(path, start)
        k = 0.5523
        path += [_toward(start, corner, k * r), _toward(end, corner, k * r), end]
    _line(path, clean[-1])
    return tuple(path)


def _corners(points: Sequence[Point]) -> Iterable[Point]:
    """The points without repetitions and those on a straight line between their neighbours."""
    kept: list[Point] = []
    for point in points:
        if kept and _distance(kept[-1], point) < 1e-6:
            continue
        while len(kept) > 1 and _straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def _straight(a: Point, b: Point, c: Point) -> bool:
    cross = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
    along = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1])
    return abs(cross) < 1e-6 and along >= 0


def _line(path: list[Point], end: Point) -> None:
    start = path[-1]
    if _distance(start, end) < 1e-6:
        return
    third = ((end[0] - start[0]) / 3, (end[1] - start[1]) / 3)
    path += [
        (start[0] + third[0], start[1] + third[1]),
        (end[0] - third[0], end[1] - third[1]),
        end,
    ]


def _toward(a: Point, b: Point, by: float) -> Point:
    length = _distance(a, b) or 1.0
    return (a[0] + (b[0] - a[0]) * by / length, a[1] + (b[1] - a[1]) * by / length)


def _distance(a: Point, b: Point) -> float:
    return hypot(b[0] - a[0], b[1] - a[1])


def shortened(points: Sequence[Point], by: float) -> tuple[list[Point], Point]:
    """The corners with the last line cut by `by` for an arrow's head, and where its tip is."""
    found = list(points)
    tip = found[-1]
    found[-1] = _toward(tip, found[-2], min(by, _distance(tip, found[-2]) * 0.9))
    return found, tip
