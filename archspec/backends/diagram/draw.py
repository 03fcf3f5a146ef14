"""A scene as shapes in the order in which they are painted: the one place where looks are decided.

SVG, PDF and PNG are made of these shapes, so that all of them show the same picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from typing import assert_never

from archspec.backends.diagram.scene import (
    Badge,
    Box,
    Edge,
    Frame,
    Join,
    Kind,
    Point,
    Rect,
    Sample,
    Scene,
    Sign,
    Text,
)
from archspec.backends.diagram.theme import Theme

#: Corners of boxes and frames.
RADIUS = 2.5
#: How far a sheet of a stack is from the one before it.
SHEET = 2.2
#: Half the width of an arrow's head, by its length.
HEAD = 0.36


@dataclass(frozen=True, slots=True)
class Pen:
    """A line's look; no dash is solid. `round` ends dashes and lines with a half disc."""

    colour: str
    width: float
    dash: tuple[float, ...] = ()
    round: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """A chain of cubic Bézier curves, drawn."""

    points: tuple[Point, ...]
    pen: Pen


@dataclass(frozen=True, slots=True)
class Poly:
    """Straight lines through `points`; with `fill`, the polygon between them."""

    points: tuple[Point, ...]
    fill: str | None = None
    pen: Pen | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle with round corners."""

    rect: Rect
    radius: float
    fill: str | None = None
    pen: Pen | None = None


@dataclass(frozen=True, slots=True)
class Disc:
    x: float
    y: float
    radius: float
    fill: str | None = None
    pen: Pen | None = None


@dataclass(frozen=True, slots=True)
class Words:
    text: Text
    colour: str


Shape = Curve | Poly | Block | Disc | Words


@dataclass(frozen=True, slots=True)
class Group:
    """The shapes of one element of the scene."""

    id: str
    kind: str
    title: str
    shapes: tuple[Shape, ...]


def groups(scene: Scene, theme: Theme) -> Iterator[Group]:
    """What is painted, lowest first: frames, edges, joins, boxes, then the legend."""
    for frame in scene.frames:
        yield Group(frame.id, "frame", "", tuple(_frame(frame, theme)))
    for i, edge in enumerate(scene.edges):
        title = f"{edge.kind}: {edge.source} to {edge.target}"
        yield Group(f"edge{i}", f"edge {edge.kind}", title, tuple(_edge(edge, theme)))
    for join in scene.joins:
        yield Group(join.id, f"join {join.kind}", join.kind, tuple(_join(join, theme)))
    for box in scene.boxes:
        yield Group(box.id, f"box {box.role}", box.title, tuple(_box(box, theme)))
    if scene.texts:
        shapes = tuple(_words(text, theme) for text in scene.texts)
        yield Group("texts", "texts", "", shapes)
    if scene.legend:
        found: list[Shape] = []
        for sample in scene.legend:
            found.extend(_sample(sample, theme))
        yield Group("legend", "legend", "", tuple(found))


def _words(text: Text, theme: Theme) -> Words:
    return Words(text, theme.ink if text.tone == "ink" else theme.soft)


def _frame(frame: Frame, theme: Theme) -> Iterator[Shape]:
    pen = Pen(theme.frame, 0.7, (2.4, 1.6) if frame.panel else ())
    if frame.repeat > 1:
        for i in (2, 1):
            moved = _moved(frame.rect, i * SHEET)
            yield Block(moved, 4.0, theme.frame_fill, pen)
    fill = theme.panel_fill if frame.panel else theme.frame_fill
    yield Block(frame.rect, 4.0, fill, pen)
    for text in frame.texts:
        yield _words(text, theme)
    for badge in frame.badges:
        yield from _badge(badge, theme)


def _moved(rect: Rect, by: float) -> Rect:
    return Rect(rect.x + by, rect.y + by, rect.width, rect.height)


def _edge(edge: Edge, theme: Theme) -> Iterator[Shape]:
    line = theme.lines[edge.kind]
    yield Curve(edge.path, Pen(line.colour, line.width, line.dash))
    if edge.dot:
        yield Disc(*edge.path[0], 1.5, theme.lines["data"].colour)
    if edge.tip is not None:
        yield Poly(_head(edge.path[-1], edge.tip), fill=line.colour)
    for text in edge.texts:
        yield Block(_around(text.rect, 0.8), 1.0, fill=theme.paper)
        yield _words(text, theme)
    for badge in edge.badges:
        yield from _badge(badge, theme)


def _head(foot: Point, tip: Point) -> tuple[Point, ...]:
    dx, dy = tip[0] - foot[0], tip[1] - foot[1]
    length = hypot(dx, dy) or 1.0
    half = max(HEAD * length, 1.6)
    nx, ny = -dy / length * half, dx / length * half
    return (tip, (foot[0] + nx, foot[1] + ny), (foot[0] - nx, foot[1] - ny))


def _around(rect: Rect, by: float) -> Rect:
    return Rect(rect.x - by, rect.y - by, rect.width + 2 * by, rect.height + 2 * by)


def _box(box: Box, theme: Theme) -> Iterator[Shape]:
    pen = Pen(theme.border, theme.border_width)
    fill = theme.fills[box.role]
    radius = min(box.rect.height / 2, 6.0) if box.role in ("input", "output") else RADIUS
    if any(badge.sign == "removed" for badge in box.badges):
        pen = Pen(theme.lines["data"].colour, theme.border_width, (2.0, 1.6))
    if box.double:
        pen = Pen(theme.lines["shared"].colour, theme.border_width)
    for i in range(box.stack, 0, -1):
        yield Block(_moved(box.rect, i * SHEET), radius, fill, pen)
    yield Block(box.rect, radius, fill, pen)
    if box.double:
        yield Block(_around(box.rect, -1.8), max(radius - 1.2, 1.0), None, pen)
    for text in box.texts:
        yield _words(text, theme)
    for badge in box.badges:
        yield from _badge(badge, theme)


def _join(join: Join, theme: Theme) -> Iterator[Shape]:
    r = join.rect
    match join.kind:
        case "concat":
            colour = theme.lines["dense"].colour
            yield Block(r, 0.8, theme.paper, Pen(colour, 0.8))
            for i in range(1, max(join.stripes, 1)):
                x, y = r.x + r.width * i / join.stripes, r.y + r.height * i / join.stripes
                ends = ((x, r.y), (x, r.bottom)) if join.upright else ((r.x, y), (r.right, y))
                yield Poly(ends, pen=Pen(colour, 0.5))
        case "add" | "mul" | "other":
            kind = {"add": "residual", "mul": "gate", "other": "data"}[join.kind]
            colour = theme.lines[kind].colour  # type: ignore[index]
            pen = Pen(colour, 1.0)
            radius = r.width / 2
            yield Disc(r.cx, r.cy, radius, theme.paper, pen)
            arm = 0.56 * radius
            if join.kind == "mul":
                arm *= 0.8
                yield Poly(((r.cx - arm, r.cy - arm), (r.cx + arm, r.cy + arm)), pen=pen)
                yield Poly(((r.cx - arm, r.cy + arm), (r.cx + arm, r.cy - arm)), pen=pen)
            elif join.kind == "add":
                yield Poly(((r.cx - arm, r.cy), (r.cx + arm, r.cy)), pen=pen)
                yield Poly(((r.cx, r.cy - arm), (r.cx, r.cy + arm)), pen=pen)
            elif join.symbol == "−":
                yield Poly(((r.cx - arm, r.cy), (r.cx + arm, r.cy)), pen=pen)
        case _:
            assert_never(join.kind)


def _badge(badge: Badge, theme: Theme) -> Iterator[Shape]:
    x, y, r = badge.x, badge.y, badge.radius
    line = theme.lines[line_of(badge.sign)]
    thin = Pen(line.colour, 0.8, round=True)
    yield Disc(x, y, r, theme.paper, Pen(line.colour, 0.8))
    match badge.sign:
        case "shared" | "tied":  # a theta
            yield Curve(_oval(x, y, 0.34 * r, 0.6 * r), Pen(line.colour, 1.0))
            yield Poly(((x - 0.34 * r, y), (x + 0.34 * r, y)), pen=Pen(line.colour, 0.9))
        case "frozen":  # a snowflake
            for i in range(3):
                angle = pi / 2 + i * pi / 3
                dx, dy = 0.66 * r * cos(angle), 0.66 * r * sin(angle)
                yield Poly(((x - dx, y - dy), (x + dx, y + dy)), pen=thin)
                for side in (1, -1):
                    for turn in (0.5, -0.5):
                        foot = (x + side * 0.36 * r * cos(angle), y + side * 0.36 * r * sin(angle))
                        end = (
                            foot[0] + side * 0.26 * r * cos(angle + turn),
                            foot[1] + side * 0.26 * r * sin(angle + turn),
                        )
                        yield Poly((foot, end), pen=Pen(line.colour, 0.5, round=True))
        case "ema":  # a tilde
            yield Curve(
                (
                    (x - 0.6 * r, y + 0.15 * r),
                    (x - 0.3 * r, y - 0.55 * r),
                    (x + 0.3 * r, y + 0.55 * r),
                    (x + 0.6 * r, y - 0.15 * r),
                ),
                Pen(line.colour, 1.1, round=True),
            )
        case "detach":  # two bars across the flow
            for dx in (-0.22, 0.22):
                yield Poly(((x + dx * r, y - 0.55 * r), (x + dx * r, y + 0.55 * r)), pen=thin)
        case "added" | "removed":  # a plus, a minus
            arm = 0.6 * r
            bold = Pen(line.colour, 1.2)
            yield Poly(((x - arm, y), (x + arm, y)), pen=bold)
            if badge.sign == "added":
                yield Poly(((x, y - arm), (x, y + arm)), pen=bold)
        case "changed":  # unlike: an equals sign crossed out
            for dy in (-0.2, 0.2):
                yield Poly(((x - 0.55 * r, y + dy * r), (x + 0.55 * r, y + dy * r)), pen=thin)
            yield Poly(((x - 0.3 * r, y + 0.6 * r), (x + 0.3 * r, y - 0.6 * r)), pen=thin)
        case _:
            assert_never(badge.sign)


def line_of(sign: Sign) -> Kind:
    """The kind of edges whose colour a sign has."""
    match sign:
        case "shared" | "tied":
            return "shared"
        case "frozen" | "ema" | "detach":
            return "ema"
        case "added" | "removed" | "changed":
            return "data"
        case _:
            assert_never(sign)


def _oval(x: float, y: float, a: float, b: float) -> tuple[Point, ...]:
    k = 0.5523
    return (
        (x - a, y),
        (x - a, y - k * b), (x - k * a, y - b), (x, y - b),
        (x + k * a, y - b), (x + a, y - k * b), (x + a, y),
        (x + a, y + k * b), (x + k * a, y + b), (x, y + b),
        (x - k * a, y + b), (x - a, y + k * b), (x - a, y),
    )  # fmt: skip


def _sample(sample: Sample, theme: Theme) -> Iterator[Shape]:
    match sample.sample:
        case Edge():
            yield from _edge(sample.sample, theme)
        case Join():
            yield from _join(sample.sample, theme)
        case Badge():
            yield from _badge(sample.sample, theme)
        case Box():
            yield from _box(sample.sample, theme)
        case _:
            assert_never(sample.sample)
    yield _words(sample.text, theme)
