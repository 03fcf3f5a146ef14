"""Dotted lines between boxes that share weights: they carry nothing, and have no direction."""

from collections.abc import Sequence

from archspec.backends.diagram.geometry import rounded
from archspec.backends.diagram.scene import Box, Edge, Frame, Join, Kind, Point, Rect

#: How far outside the picture a tie runs that finds no straight way.
OUTSIDE = 9.0


def ties(
    pairs: Sequence[tuple[str, str, Kind]],
    boxes: Sequence[Box],
    joins: Sequence[Join],
    frames: Sequence[Frame],
    bounds: Rect,
    sideways: bool,
) -> list[Edge]:
    """A line for each pair of ids; around the picture (beside it if `sideways`) where need be."""
    places = {f.id: f.rect for f in frames} | {b.id: b.rect for b in boxes}
    solid = [b.rect for b in boxes] + [j.rect for j in joins]
    found: list[Edge] = []
    for n, (first, second, kind) in enumerate(pairs):
        a, b = places[first], places[second]
        points = _straight(a, b, solid)
        if points is None:
            away = OUTSIDE + 5.0 * n
            if sideways:
                x = bounds.x - away
                points = [(a.x, a.cy), (x, a.cy), (x, b.cy), (b.x, b.cy)]
                if not _free_to_left(a, solid) or not _free_to_left(b, solid):
                    x = bounds.right + away
                    points = [(a.right, a.cy), (x, a.cy), (x, b.cy), (b.right, b.cy)]
            else:
                y = bounds.bottom + away
                points = [(a.cx, a.bottom), (a.cx, y), (b.cx, y), (b.cx, b.bottom)]
                if not _free_below(a, solid) or not _free_below(b, solid):
                    y = bounds.y - away
                    points = [(a.cx, a.y), (a.cx, y), (b.cx, y), (b.cx, b.y)]
        found.append(Edge(first, second, kind, rounded(points, 5.0)))
    return found


def _straight(a: Rect, b: Rect, solid: Sequence[Rect]) -> list[Point] | None:
    """A straight way between facing sides, if nothing lies in it."""
    x0, x1 = max(a.x, b.x), min(a.right, b.right)
    if x1 - x0 > 6.0:
        upper, lower = (a, b) if a.y < b.y else (b, a)
        x = (x0 + x1) / 2
        way = Rect(x - 1.5, upper.bottom, 3.0, lower.y - upper.bottom)
        points = [(x, upper.bottom), (x, lower.y)]
    else:
        return None
    others = [r for r in solid if r not in (a, b)]
    return None if any(way.overlaps(r) for r in others) else points


def _free_below(rect: Rect, solid: Sequence[Rect]) -> bool:
    way = Rect(rect.cx - 1.5, rect.bottom, 3.0, 1e5)
    return not any(way.overlaps(r) for r in solid if r is not rect and r != rect)


def _free_to_left(rect: Rect, solid: Sequence[Rect]) -> bool:
    way = Rect(-1e5, rect.cy - 1.5, 1e5 + rect.x, 3.0)
    return not any(way.overlaps(r) for r in solid if r != rect)
