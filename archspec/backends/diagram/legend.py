"""What the signs of a figure mean: only those that occur."""

from typing import Any, Final

from archspec.backends.diagram.font import text_width
from archspec.backends.diagram.geometry import HEAD, rounded, shortened
from archspec.backends.diagram.scene import (
    Badge,
    Box,
    Edge,
    Frame,
    Join,
    JoinKind,
    Kind,
    Point,
    Rect,
    Sample,
    Sign,
    Text,
)

SIZE: Final = 7.0
SAMPLE: Final = 22.0
BETWEEN: Final = 12.0
ROW: Final = 13.0

_KINDS: Final[dict[Kind, str]] = {
    "residual": "residual",
    "dense": "dense reuse",
    "skip": "skip connection",
    "gate": "gate",
    "shared": "same weights",
    "tied": "tied weights",
    "ema": "slow copy of weights",
}
_JOINS: Final[dict[JoinKind, str]] = {
    "add": "addition",
    "mul": "multiplication",
    "concat": "concatenation",
}
_SIGNS: Final[dict[Sign, str]] = {
    "shared": "shared",
    "tied": "tied",
    "frozen": "frozen",
    "ema": "moving average",
    "detach": "no gradient",
    "added": "added",
    "removed": "removed",
    "changed": "changed",
}


def legend(
    boxes: list[Box], joins: list[Join], edges: list[Edge], frames: list[Frame], width: float
) -> tuple[list[Sample], float, float]:
    """Samples with their words in rows of at most `width`, and the room that they take."""
    kinds = {edge.kind for edge in edges}
    signs = {b.sign for box in boxes for b in box.badges} | {
        b.sign for edge in edges for b in edge.badges
    }
    signs |= {b.sign for frame in frames for b in frame.badges}
    if not (kinds - {"data"} or signs):
        return [], 0.0, 0.0
    entries: list[tuple[str, Kind | JoinKind | Sign, str]] = []
    entries += [("kind", kind, words) for kind, words in _KINDS.items() if kind in kinds]
    kept = {join.kind for join in joins}
    entries += [("join", kind, words) for kind, words in _JOINS.items() if kind in kept]
    explained = {sign for sign in ("shared", "tied", "ema") if sign in kinds}
    entries += [
        ("sign", sign, words)
        for sign, words in _SIGNS.items()
        if sign in signs and sign not in explained
    ]
    found: list[Sample] = []
    x, y, widest = 0.0, 0.0, 0.0
    for what, kind, words in entries:
        room = SAMPLE if what == "kind" else 11.0
        wide = room + 3.5 + text_width(words, SIZE)
        if x > 0 and x + wide > width:
            x, y = 0.0, y + ROW
        text = Text(
            x + room + 3.5, y + 0.36 * SIZE, words, SIZE, text_width(words, SIZE), False, "start"
        )
        found.append(Sample(_sample(what, kind, x, y, signs), text))
        x += wide
        widest = max(widest, x)
        x += BETWEEN
    return found, widest, y + ROW


def _sample(what: str, kind: Any, x: float, y: float, signs: set[Sign]) -> Edge | Join | Badge:
    if what == "kind":
        points: list[Point] = [(x, y), (x + SAMPLE, y)]
        tip = None
        badges: tuple[Badge, ...] = ()
        if kind not in ("shared", "tied", "ema"):
            points, tip = shortened(points, HEAD)
        elif kind in signs:
            badges = (Badge(kind, x + SAMPLE / 2, y, 4.2),)
        return Edge("", "", kind, rounded(points, 0.0), tip, badges=badges)
    if what == "join":
        if kind == "concat":
            return Join("", "concat", Rect(x + 2.0, y - 5.0, 6.0, 10.0), 2)
        return Join("", kind, Rect(x + 0.5, y - 4.5, 9.0, 9.0))
    return Badge(kind, x + 5.0, y, 4.2)
