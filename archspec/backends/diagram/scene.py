"""A figure as geometry: what the layout makes and every writer reads.

Lengths are points of the page, y grows downwards, the page begins at (0, 0). Nothing here knows of
graphs, colours or file formats: a writer looks up a mechanism's or role's look in the theme.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]

#: What an edge shows. `data` is plain flow, the others reuse features or weights.
Kind = Literal["data", "dense", "residual", "skip", "gate", "shared", "tied", "ema"]
#: What a box is, which gives it its fill.
Role = Literal[
    "input", "output", "conv", "linear", "norm", "pool", "up", "attention", "embedding", "op",
    "block", "shared",
]  # fmt: skip
#: A small sign on a box: shared weights, frozen, slow copy, no gradient; what two models differ in.
Sign = Literal["shared", "tied", "frozen", "ema", "detach", "added", "removed", "changed"]
#: How features are joined: `concat` is a striped bar, the others are circles.
JoinKind = Literal["add", "mul", "concat", "other"]
Anchor = Literal["start", "middle", "end"]
Tone = Literal["ink", "soft"]


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle by its upper left corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def cx(self) -> float:
        return self.x + self.width / 2

    @property
    def cy(self) -> float:
        return self.y + self.height / 2

    def overlaps(self, other: "Rect", by: float = 0.01) -> bool:
        """Whether the two share more than an edge."""
        return (
            self.x < other.right - by
            and other.x < self.right - by
            and self.y < other.bottom - by
            and other.y < self.bottom - by
        )

    def contains(self, other: "Rect", by: float = 0.01) -> bool:
        return (
            self.x <= other.x + by
            and self.y <= other.y + by
            and other.right <= self.right + by
            and other.bottom <= self.bottom + by
        )


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `y` is its baseline, `width` its width in the figure's font."""

    x: float
    y: float
    text: str
    size: float
    width: float
    bold: bool = False
    anchor: Anchor = "middle"
    tone: Tone = "ink"

    @property
    def rect(self) -> Rect:
        """The place it takes, from ascenders to descenders."""
        left = self.x - {"start": 0.0, "middle": self.width / 2, "end": self.width}[self.anchor]
        return Rect(left, self.y - 0.75 * self.size, self.width, 0.97 * self.size)


@dataclass(frozen=True, slots=True)
class Badge:
    """A sign in a small disc around (x, y)."""

    sign: Sign
    x: float
    y: float
    radius: float = 4.6

    @property
    def rect(self) -> Rect:
        return Rect(self.x - self.radius, self.y - self.radius, 2 * self.radius, 2 * self.radius)


@dataclass(frozen=True, slots=True)
class Box:
    """A layer, several fused ones, or a collapsed block.

    `nodes` are the graph's nodes that it stands for, of one of `repeat` equal units.
    """

    id: str
    rect: Rect
    role: Role
    texts: tuple[Text, ...]
    badges: tuple[Badge, ...] = ()
    #: A double border: its weights serve elsewhere too.
    double: bool = False
    repeat: int = 1
    nodes: tuple[int, ...] = ()
    #: What it is in full, for tooltips.
    title: str = ""
    #: How many sheets lie behind it: a block that is repeated.
    stack: int = 0


@dataclass(frozen=True, slots=True)
class Join:
    """Where features meet. A concat is a bar of as many `stripes` as it has inputs."""

    id: str
    kind: JoinKind
    rect: Rect
    stripes: int = 0
    #: What is written in the circle: `+`, `×`, `−`.
    symbol: str = ""
    nodes: tuple[int, ...] = ()
    #: Whether the stripes of a bar stand upright, side by side.
    upright: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from the item `source` to the item `target` (ids of boxes, joins or frames).

    `path` is a chain of cubic Bézier curves: a start, then three points each. With an arrow, the
    path ends at the foot of the head, and `tip` is its point.
    """

    source: str
    target: str
    kind: Kind
    path: tuple[Point, ...]
    tip: Point | None = None
    #: Whether it starts at a dot on another edge.
    dot: bool = False
    texts: tuple[Text, ...] = ()
    badges: tuple[Badge, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """A block drawn open; `repeat` of them follow each other."""

    id: str
    rect: Rect
    texts: tuple[Text, ...]
    repeat: int = 1
    #: A panel shows a block of the main picture in detail.
    panel: bool = False
    badges: tuple[Badge, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A line of the legend: what is explained, drawn in small, and the words."""

    sample: Edge | Join | Badge | Box
    text: Text


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole figure."""

    width: float
    height: float
    title: str
    description: str
    boxes: tuple[Box, ...]
    joins: tuple[Join, ...]
    edges: tuple[Edge, ...]
    frames: tuple[Frame, ...]
    #: Text that belongs to nothing else.
    texts: tuple[Text, ...] = ()
    legend: tuple[Sample, ...] = ()

    def all_texts(self) -> Iterator[Text]:
        for frame in self.frames:
            yield from frame.texts
        for box in self.boxes:
            yield from box.texts
        for edge in self.edges:
            yield from edge.texts
        yield from self.texts
        yield from (sample.text for sample in self.legend)
