"""What a figure shows, before it has positions: levels of items, and the links between them."""

from dataclasses import dataclass, field
from typing import Literal

from archspec.backends.diagram.scene import JoinKind, Kind, Role, Sign

Style = Literal["title", "plain", "soft"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a box."""

    text: str
    style: Style = "plain"


@dataclass(slots=True, eq=False)
class Item:
    """A box, a join, a block drawn open (`level`), or a port where an edge enters or leaves one."""

    id: str
    kind: Literal["box", "join", "group", "port"]
    nodes: tuple[int, ...] = ()
    lines: tuple[Line, ...] = ()
    role: Role = "op"
    join: JoinKind = "other"
    symbol: str = ""
    repeat: int = 1
    signs: tuple[Sign, ...] = ()
    double: bool = False
    title: str = ""
    level: "Level | None" = None
    #: Of a port: whether edges enter through it.
    enters: bool = False


@dataclass(slots=True, eq=False)
class Link:
    """A line between two items of a level; ports tell where it meets the inside of a group."""

    source: Item
    target: Item
    kind: Kind
    source_port: Item | None = None
    target_port: Item | None = None
    signs: tuple[Sign, ...] = ()
    #: The value that flows: node and output.
    value: tuple[int, int] = (0, 0)
    #: The node that reads it.
    reader: int = -1
    #: Of a box for several calls: which call a line leaves from or arrives at.
    leaves: str = ""
    arrives: str = ""


@dataclass(slots=True, eq=False)
class Level:
    """The items of a model or of an open block, in the order of execution."""

    items: list[Item] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def into(self, item: Item) -> list[Link]:
        return [link for link in self.links if link.target is item]

    def out_of(self, item: Item) -> list[Link]:
        return [link for link in self.links if link.source is item]
