"""Units of a model, the blocks and layers that a stage consists of, and their repetition."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

from archspec.ir import Graph, Module, Node
from archspec.passes.architecture.lines import Line, texts_of
from archspec.passes.architecture.words import Words

T = TypeVar("T")
#: How many units may alternate before they repeat.
_PERIOD = 8


@dataclass(frozen=True, slots=True)
class Unit:
    """One application of a block or layer: its lines, and the size of what it gives.

    `key` is what makes two units the same: their lines but for strides.
    """

    lines: tuple[Line, ...]
    size: str
    #: The size without features; None where it is not known.
    level: str | None
    #: All its nodes; those that its lines show; and those that project what a residual sum adds …
    nodes: tuple[int, ...] = ()
    shown: tuple[int, ...] = ()
    around: tuple[int, ...] = ()
    #: … in words.
    shortcuts: tuple[Words, ...] = ()
    #: Whether it keeps its input's size, but for the border that a kernel loses.
    keeps: bool = True

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(line.text(stride=False) for line in self.lines)

    def equals(self, other: "Unit") -> bool:
        """Whether `other` can be counted as this one once more."""
        return self.key == other.key and (self.size == other.size or other.keeps)


@dataclass(frozen=True, slots=True)
class Group:
    """Lines in brackets, `times` over. `units` are what it was made of, in order."""

    lines: tuple[Line, ...]
    times: int
    size: str
    units: tuple[Unit, ...]
    bracket: bool = True

    @property
    def key(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """What makes two groups the same: sizes, and lines with their strides aside."""
        period = len(self.units) // self.times
        return tuple((u.size, str(self.times), u.key) for u in self.units[:period])

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines as text; strides only where they are the same in each repetition."""
        return texts_of(self.lines, stride=self.same_strides)

    @property
    def same_strides(self) -> bool:
        period = len(self.units) // self.times
        first = [unit.lines for unit in self.units[:period]]
        return all(unit.lines == first[i % period] for i, unit in enumerate(self.units))

    def __str__(self) -> str:
        text = "; ".join(self.texts)
        if self.bracket:
            text = f"[{text}]"
        return f"{text} × {self.times}" if self.times > 1 else text


@dataclass(frozen=True, slots=True)
class Part:
    """What of a stage gives values of one size."""

    size: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of the table: `name` is its label, or the labels of the first and last of several."""

    name: str
    parts: tuple[Part, ...]
    #: Paths of the first and last module in it.
    modules: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(group for part in self.parts for group in part.groups)


def repeated(units: Sequence[Unit]) -> list[Group]:
    """`units` in groups, each repeated as often as it follows itself."""
    return [
        _grouped(units[start : start + period * times], times)
        for start, period, times in repetitions(units, Unit.equals)
    ]


def repetitions(
    items: Sequence[T], equal: Callable[[T, T], bool]
) -> Iterator[tuple[int, int, int]]:
    """Start, period and count of what repeats in `items`, and of what does not (1, 1)."""
    start = 0
    while start < len(items):
        best = (1, 1)
        for period in range(1, min(_PERIOD, (len(items) - start) // 2) + 1):
            times = 1
            while start + (times + 1) * period <= len(items) and all(
                equal(items[start + i], items[start + times * period + i]) for i in range(period)
            ):
                times += 1
            if times > 1 and period * times > best[0] * best[1]:
                best = (period, times)
        yield start, *best
        start += best[0] * best[1]


def _grouped(units: Sequence[Unit], times: int) -> Group:
    once = units[: len(units) // times]
    lines = tuple(line for unit in once for line in unit.lines)
    bracket = times > 1 or len(lines) > 1
    return Group(lines, times, units[-1].size, tuple(units), bracket)


def parts_of(groups: Sequence[Group]) -> tuple[Part, ...]:
    """Consecutive groups of one size together; features aside, which the lines give."""
    found: list[Part] = []
    last: str | None = None
    for group in groups:
        level = group.units[-1].level
        if found and level in (last, None):
            found[-1] = Part(group.size, tuple(_listed([*found[-1].groups, group])))
        else:
            found.append(Part(group.size, (group,)))
        last = level if level is not None else last
    return tuple(found)


def _listed(groups: Sequence[Group]) -> Iterator[Group]:
    """Single lines one below the other are one group: many of them are shortened together."""
    for plain, run in groupby(groups, key=lambda group: not group.bracket):
        found = list(run)
        if plain:
            lines = tuple(line for group in found for line in group.lines)
            units = tuple(unit for group in found for unit in group.units)
            yield Group(lines, 1, found[-1].size, units, bracket=False)
        else:
            yield from found


@dataclass(slots=True)
class Item:
    """What a container applies, once: a child with the nodes below it, or a function of its own."""

    module: Module | None
    nodes: list[Node] = field(default_factory=list)
    #: How often it is applied in all.
    applied: int = 1

    @property
    def container(self) -> bool:
        return self.module is not None and self.module.decl is None

    @property
    def label(self) -> str:
        return self.module.path if self.module is not None and self.module.labelled else ""


def items_of(module: Module, nodes: Sequence[Node], owners: Sequence[Module | None]) -> list[Item]:
    """What `module` applies, in order; of what it applies several times the first.

    `owners` are those that `owners_of` gives.
    """
    found: list[Item] = []
    by_child: dict[int, Item] = {}
    for node in nodes:
        child = _child(module, owners[node.id])
        if child is None:
            found.append(Item(None, [node]))
            continue
        item = by_child.get(id(child))
        if item is None:
            item = by_child[id(child)] = Item(child)
            found.append(item)
        item.nodes.append(node)
    for item in found:
        if item.module is not None and item.module.shared:
            _keep_first(item)
    return found


def owners_of(graph: Graph) -> list[Module | None]:
    """The innermost container, or the layer, that each node belongs to.

    Of a function the graph knows the block; it is in the group that the layers before and after
    it are in.
    """
    found = [node.module for node in graph.nodes]
    after: Module | None = None
    following: list[Module | None] = []
    for node in reversed(graph.nodes):
        following.append(after)
        after = node.module if node.kind == "layer" else after
    before: Module | None = None
    for node, next_ in zip(graph.nodes, reversed(following), strict=True):
        if node.kind == "layer":
            before = node.module
        elif node.module is not None and before is not None and next_ is not None:
            found[node.id] = _common(before, next_, node.module)
    return found


def _common(a: Module, b: Module, within: Module) -> Module:
    """The innermost group that holds both, `within` if they are not both in it."""
    holders = set(_above(a))
    for holder in _above(b):
        if holder in holders:
            return holder if within in (holder, *_above(holder)) else within
    return within


def _above(module: Module) -> Iterator[Module]:
    while module.parent is not None:
        module = module.parent
        yield module


def _child(module: Module, owner: Module | None) -> Module | None:
    """The child of `module` in which `owner` is; None if it is not below one."""
    while owner is not None and owner.parent is not module:
        owner = owner.parent
    return owner


def _keep_first(item: Item) -> None:
    """Cut `item` before its second application, which begins as the first one does."""
    layers = [i for i, node in enumerate(item.nodes) if node.kind == "layer"]
    if not layers:
        return
    first = item.nodes[layers[0]].module
    again = [i for i in layers if item.nodes[i].module is first]
    item.applied = len(again)
    if len(again) > 1:
        del item.nodes[again[1] :]


__all__ = [
    "Group",
    "Item",
    "Part",
    "Stage",
    "Unit",
    "items_of",
    "owners_of",
    "parts_of",
    "repeated",
    "repetitions",
]
