"""Which blocks a figure opens: the default for a model, the views, and the depth."""

from dataclasses import dataclass
from typing import Literal

from archspec.backends.diagram.build import Choice, Model
from archspec.backends.diagram.parts import Part
from archspec.backends.diagram.repeats import Run, find_runs
from archspec.backends.diagram.words import inputs_of, join_of

View = Literal["overview", "full", "block"]

#: Details of blocks that an overview shows beside the main picture.
PANELS = 3
#: A group at the top with more than this part of all nodes only nests names.
MOST_OF = 0.8


@dataclass(frozen=True, slots=True)
class Picture:
    """One way to show a model: the main picture, and the blocks that are shown in detail."""

    choice: Choice
    panels: tuple[Part, ...] = ()


def namespaces(model: Model) -> frozenset[Part]:
    """Parts that only nest names, and those that skips begin or end inside of."""
    found: set[Part] = set()
    for part in model.root.walk():
        groups = [p for p in part.parts if _is_group(p) and p.parts]
        if len(groups) == 1 and len({p.module for p in part.parts if _is_group(p)}) == 1:
            found.add(groups[0])
    for part in model.root.parts:
        # `features` beside `classifier`: as one box it would hide nearly all of the model
        if _is_group(part) and len(part.nodes) > MOST_OF * len(model.root.nodes):
            found.add(part)
    found |= _around_skips(model)
    return frozenset(found)


def _is_group(part: Part) -> bool:
    module = part.module
    return module is not None and module.block is None and not (module.shared or module.ema_of)


def _around_skips(model: Model) -> set[Part]:
    """Parts that a skip leaves from within, and those that hold the ends of several."""
    holders: dict[int, list[Part]] = {}
    for part in model.root.walk():
        if part is not model.root:
            for node in part.nodes:
                holders.setdefault(node, []).append(part)
    found: set[Part] = set()
    ends: dict[Part, int] = {}
    for (target, slot), kind in model.kinds.items():
        if kind != "skip":
            continue
        source = inputs_of(model.graph, target)[slot].source
        for part in holders.get(source, ()):
            if part.last != source and target > part.last:
                found.add(part)
        for part in holders.get(target, ()):
            if source < part.first:
                ends[part] = ends.get(part, 0) + 1
    found |= {part for part, count in ends.items() if count > 1}
    return found


def units(model: Model) -> list[Part]:
    """The blocks in which features meet: what a reader wants to see inside of."""
    found = []
    for part in model.root.walk():
        joins = (
            join_of(model.graph, model.graph.node(child)) is not None
            for child in part.children
            if isinstance(child, int)
        )
        if part is not model.root and any(joins):
            found.append(part)
    return found


def overviews(model: Model) -> list[Picture]:
    """Pictures from the most to the least that is open; the first one that fits is drawn."""
    dissolved = namespaces(model)
    inner = [u for u in units(model) if u not in dissolved]
    opened = set(inner)
    for unit in inner:
        around = unit.parent
        while around is not None and around is not model.root:
            if around not in dissolved:
                opened.add(around)
            around = around.parent
    found = []
    if opened:
        found.append(Picture(Choice(frozenset(opened), dissolved)))
    closed = Choice(frozenset(), dissolved)
    found.append(Picture(closed, tuple(_details(model, inner, dissolved))))
    return found


def _details(model: Model, inner: list[Part], dissolved: frozenset[Part]) -> list[Part]:
    """The first of each kind of units that are hidden in closed blocks."""
    found: dict[object, Part] = {}
    for unit in inner:
        around = unit.parent
        while around is not None and around in dissolved:
            around = around.parent
        kinds = {k for (t, _), k in model.kinds.items() if unit.first <= t <= unit.last}
        found.setdefault(
            (_name(unit), len(unit.parts) if not _many(unit) else -1, *sorted(kinds)), unit
        )
    chosen = sorted(found.values(), key=lambda unit: unit.first)
    return chosen[:PANELS]


def _many(unit: Part) -> bool:
    """Whether its parts are many of a kind, as in a dense block: their number does not matter."""
    return len(unit.parts) > 2


def _name(unit: Part) -> str:
    module = unit.module
    if module is None:
        return ""
    return module.block or "".join(c for c in module.key if c.isalpha())


def full(model: Model) -> Picture:
    """Everything open, nothing taken together."""
    parts = [p for p in model.root.walk() if p is not model.root]
    dissolved = namespaces(model)
    opened = frozenset(p for p in parts if p not in dissolved)
    return Picture(Choice(opened, dissolved, repeats=False))


def to_depth(model: Model, depth: int) -> Picture:
    """Blocks open down to a depth; 0 opens none."""
    dissolved = namespaces(model)
    opened: set[Part] = set()
    stack = [(p, 1) for p in model.root.parts]
    while stack:
        part, level = stack.pop()
        inner = level
        if part not in dissolved:
            if level > depth:
                continue
            opened.add(part)
            inner = level + 1
        stack.extend((p, inner) for p in part.parts)
    return Picture(Choice(frozenset(opened), dissolved))


def scattered(model: Model, part: Part) -> frozenset[Part]:
    """Groups in a part that several values leave: as one box they would seem to be a chain."""
    found = set()
    for group in part.parts:
        if group.parts and _is_group(group):
            inside = set(group.nodes)
            leaving = [n for n in inside if any(c not in inside for c in model.consumers[n])]
            if len(leaving) > 1:
                found.add(group)
    return frozenset(found)


def find_block(model: Model, name: str) -> Part | None:
    """The first part with this path, label or block name."""
    named = [(p, p.module) for p in model.root.walk() if p is not model.root]
    for what in ("path", "key", "block"):
        for part, module in named:
            if module is not None and getattr(module, what) == name:
                return part
    return None


def block_names(model: Model) -> list[str]:
    """What `find_block` knows: labels and names of blocks, each once."""
    names: dict[str, None] = {}
    for part in model.root.walk():
        if part.module is not None and part is not model.root:
            if part.module.block:
                names.setdefault(part.module.block)
            names.setdefault(part.module.path)
    return list(names)


__all__ = [
    "Picture", "Run", "View", "block_names", "find_block", "find_runs", "full", "overviews",
    "to_depth", "units",
]  # fmt: skip
