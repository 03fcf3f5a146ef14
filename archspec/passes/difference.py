"""What differs between two models: layers, reuse, shapes, costs, and which weights carry over."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from archspec.ir import Graph, Module
from archspec.layers.base import Weight
from archspec.passes.costs import costs, node_names
from archspec.passes.sizes import resolve_sizes
from archspec.passes.summary import Count

Change = Literal["added", "removed", "renamed", "changed"]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LayerChange(_Data):
    """A layer that only one model has, or that has another name, other arguments or weights."""

    change: Change
    old: str = Field(description="Its path in the old model; empty if it was added.")
    new: str = Field(description="Its path in the new model; empty if it was removed.")
    was: str = Field(description="The layer with its arguments, in the old model.")
    now: str = Field(description="The same in the new model.")


class ReuseChange(_Data):
    """A reuse edge, or a relation of weights, that only one of the models has."""

    change: Literal["added", "removed"]
    mechanism: str
    source: str
    target: str


class ShapeChange(_Data):
    """An input, output or layer of both models that has another shape."""

    name: str
    was: str
    now: str


class Difference(_Data):
    """What the new model has, lacks or has otherwise than the old one.

    The schema is stable: fields may be added, none is renamed, removed or given another type.
    """

    version: Literal[1] = 1
    old: str
    new: str
    layers: tuple[LayerChange, ...]
    reuse: tuple[ReuseChange, ...]
    shapes: tuple[ShapeChange, ...]
    parameters: tuple[int, int] = Field(description="Of the old and of the new model.")
    macs: tuple[Count, Count]
    carried: dict[str, str] = Field(
        description="The weights that carry over: their names in the new model, and in the old."
    )
    fresh: tuple[str, ...] = Field(description="Weights of the new model without one in the old.")
    left: tuple[str, ...] = Field(description="Weights of the old model that nothing takes over.")

    @property
    def same(self) -> bool:
        """Whether the two are the same architecture, under the same names."""
        return not (self.layers or self.reuse or self.shapes)

    def to_json(self) -> str:
        """This difference as JSON text, indented by two."""
        return self.model_dump_json(indent=2)


def compare(old: Graph, new: Graph, sizes: Mapping[str, int] | None = None) -> Difference:
    """The difference between two models, MACs counted at `sizes` (see `resolve_sizes`).

    Layers are the same where their labels are; those that only their position names, or that were
    renamed, are found by their kind and weights, in order.
    """
    pairs = _pairs(old, new)
    renames = {a.path: b.path for a, b in pairs}
    before, after = (costs(g, resolve_sizes(g, sizes or {})) for g in (old, new))
    weights = [dict(_weights(old)), dict(_weights(new))]
    carried = {
        f"{b.path}.{w.name}" if b.path else w.name: f"{a.path}.{v.name}" if a.path else v.name
        for a, b in pairs
        for v, w in zip(_own(a), _own(b), strict=False)
        if v.shape == w.shape and v.name == w.name
    }
    return Difference(
        old=old.name,
        new=new.name,
        layers=tuple(_layer_changes(old, new, pairs)),
        reuse=tuple(_reuse_changes(old, new, renames)),
        shapes=tuple(_shape_changes(old, new, renames)),
        parameters=(before.parameters, after.parameters),
        macs=(_count(before.macs), _count(after.macs)),
        carried=carried,
        fresh=tuple(name for name in weights[1] if name not in carried),
        left=tuple(name for name in weights[0] if name not in set(carried.values())),
    )


# --- layers ------------------------------------------------------------------------------------


def _holders(graph: Graph) -> list[Module]:
    """The modules that are layers, or hold weights of their own."""
    return [m for m in graph.modules() if m.decl is not None or m.tensors]


def _own(module: Module) -> list[Weight]:
    """Its weights, named as in the module."""
    prefix = f"{module.path}." if module.path else ""
    return [replace(w, name=name.removeprefix(prefix)) for name, w in module.all_weights()]


def _weights(graph: Graph) -> Iterator[tuple[str, Weight]]:
    for module in graph.modules():
        yield from module.all_weights()


def _signature(module: Module) -> tuple[Any, ...]:
    name = module.decl.name if module.decl is not None else ""
    return (name, _arguments(module), tuple((w.name, w.shape) for w in _own(module)))


def _arguments(module: Module) -> str:
    if module.params is None:
        return ""
    given = module.params.model_dump(exclude_unset=True)
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _pairs(old: Graph, new: Graph) -> list[tuple[Module, Module]]:
    """The layers that are the same in both, old and new.

    First those of one name and kind with the same weights, then those that stand alike between
    them, then those of one name and kind.
    """
    a, b = _holders(old), _holders(new)
    theirs = {m.path: m for m in b}
    found: dict[str, Module] = {}
    for module in a:
        other = theirs.get(module.path)
        if other is not None and _signature(module) == _signature(other):
            found[module.path] = other
    taken = {m.path for m in found.values()}
    # What is matched already is a fixed point for the alignment of the rest.
    left = [("same", found[m.path].path) if m.path in found else _signature(m) for m in a]
    right = [("same", m.path) if m.path in taken else _signature(m) for m in b]
    matcher = SequenceMatcher(a=left, b=right, autojunk=False)
    for tag, i, end, j, _ in matcher.get_opcodes():
        if tag == "equal":
            for offset in range(end - i):
                found[a[i + offset].path] = b[j + offset]
    taken = {m.path for m in found.values()}
    for module in a:
        other = theirs.get(module.path)
        if other is None or module.path in found or other.path in taken:
            continue
        if _kind(module) == _kind(other) and module.labelled:
            found[module.path] = other
    return [(m, found[m.path]) for m in a if m.path in found]


def _kind(module: Module) -> str:
    return module.decl.name if module.decl is not None else ""


def _layer_changes(
    old: Graph, new: Graph, pairs: list[tuple[Module, Module]]
) -> Iterator[LayerChange]:
    matched = [{a.path for a, _ in pairs}, {b.path for _, b in pairs}]
    for a, b in pairs:
        was, now = _shown(a), _shown(b)
        if was != now or [w.shape for w in _own(a)] != [w.shape for w in _own(b)]:
            yield LayerChange(change="changed", old=a.path, new=b.path, was=was, now=now)
        elif a.path != b.path and _own(a):
            yield LayerChange(change="renamed", old=a.path, new=b.path, was=was, now=now)
    for path, shown in _outermost(old, matched[0]):
        yield LayerChange(change="removed", old=path, new="", was=shown, now="")
    for path, shown in _outermost(new, matched[1]):
        yield LayerChange(change="added", old="", new=path, was="", now=shown)


def _outermost(graph: Graph, matched: set[str]) -> Iterator[tuple[str, str]]:
    """The layers without a match; a block or group of which nothing is matched is one row."""
    stack = [graph.root]
    while stack:
        module = stack.pop()
        within = [m for m in module.walk() if m.decl is not None or m.tensors]
        missing = [m for m in within if m.path not in matched]
        if not missing:
            continue
        if module.decl is not None or (module.path and len(missing) == len(within)):
            count = "" if module.decl is not None else f" of {len(within)} layers"
            shown = _shown(module) if module.decl is not None else module.block or "group"
            yield module.path, f"{shown}{count}"
            continue
        if module.tensors and module.path not in matched:
            yield module.path, _shown(module)
        stack.extend(reversed(module.children.values()))


def _shown(module: Module) -> str:
    """The layer with its arguments, inferred ones first: what a reader compares."""
    if module.decl is None:
        weights = (f"{w.name} {_list(w.shape)}" for w in _own(module))
        return f"weights {', '.join(weights)}"
    inferred = [
        f"{n}={_list(v) if isinstance(v, tuple) else v}" for n, v in module.inferred.items()
    ]
    given = _arguments(module)
    return f"{module.decl.name}({', '.join([*inferred, *([given] if given else [])])})"


def _list(dims: tuple[Any, ...]) -> str:
    return f"[{', '.join(map(str, dims))}]"


# --- reuse and shapes --------------------------------------------------------------------------


def _reuses(graph: Graph, renames: dict[str, str]) -> Counter[tuple[str, str, str]]:
    def named(path: str) -> str:
        module, colon, rest = path.partition(":")
        return renames.get(module, module) + colon + rest

    names = node_names(graph)
    found: Counter[tuple[str, str, str]] = Counter()
    for edge in graph.reuse_edges():
        if edge.mechanism != "shared":  # the relation below says it once
            found[str(edge.mechanism), named(names[edge.source]), named(names[edge.target])] += 1
    for relation in graph.relations:
        found[relation.mechanism, named(relation.source), named(relation.target)] += 1
    return found


def _reuse_changes(old: Graph, new: Graph, renames: dict[str, str]) -> Iterator[ReuseChange]:
    before, after = _reuses(old, renames), _reuses(new, {})
    for change, found in (("removed", before - after), ("added", after - before)):
        for (mechanism, source, target), count in found.items():
            for _ in range(count):
                yield ReuseChange(change=change, mechanism=mechanism, source=source, target=target)  # type: ignore[arg-type]


def _shape_changes(old: Graph, new: Graph, renames: dict[str, str]) -> Iterator[ShapeChange]:
    def shapes(graph: Graph, moved: dict[str, str]) -> dict[str, str]:
        found = {f"input {graph.node(i).name}": str(graph.node(i).outputs[0]) for i in graph.inputs}
        for node in graph.nodes:
            if node.kind == "layer" and node.module is not None:
                path = moved.get(node.module.path, node.module.path)
                found.setdefault(path, ", ".join(map(str, node.outputs)))
        outputs = {f"output {n}": str(graph.type_of(v)) for n, v in graph.outputs}
        return found | outputs

    before, after = shapes(old, renames), shapes(new, {})
    for name, shape in after.items():
        if name in before and before[name] != shape:
            yield ShapeChange(name=name, was=before[name], now=shape)
        elif name.startswith(("input ", "output ")) and name not in before:
            yield ShapeChange(name=name, was="", now=shape)
    for name, shape in before.items():
        if name.startswith(("input ", "output ")) and name not in after:
            yield ShapeChange(name=name, was=shape, now="")


def _count(macs: Any) -> Count:
    found: Count = macs.const if macs.const is not None else str(macs)
    return found
