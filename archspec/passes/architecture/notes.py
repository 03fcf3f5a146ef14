"""What the rows of a table do not say, in sentences below it."""

from collections.abc import Iterator, Mapping, Sequence

from archspec.ir import Graph, Module
from archspec.passes.architecture.units import Group, Stage
from archspec.passes.architecture.words import names_hidden
from archspec.passes.costs import Costs


def notes_of(
    graph: Graph, sizes: Mapping[str, int], stages: Sequence[Stage], counted: Costs
) -> Iterator[str]:
    """The notes on one model."""
    groups = [(stage.name, group) for stage in stages for group in stage.groups]
    lines = [line for _, group in groups for line in group.lines]
    if any(line.branch for line in lines):
        yield "∥ marks branches, which are computed side by side."
    if any(line.gate for line in lines):
        yield "A gate weighs the features that it is computed from."
    yield from _of_strides(groups)
    yield from _of_shortcuts(groups)
    yield from _of_weights(graph)
    hidden = names_hidden(graph)
    if hidden:
        yield f"Not shown: {_listed(hidden)}."
    at = ", ".join(f"{name} = {size}" for name, size in sizes.items() if name != counted.batch)
    yield f"MACs are the multiply-adds of one example{f' at {at}' if at else ''}."
    if counted.uncounted:
        yield f"The MACs are without those of {_listed(counted.uncounted)}."


def _of_strides(groups: Sequence[tuple[str, Group]]) -> Iterator[str]:
    """Where repetitions differ in their strides, which the brackets then leave out."""
    first: dict[str, list[str]] = {}
    others: list[str] = []
    for name, group in groups:
        if group.same_strides:
            continue
        period = len(group.units) // group.times
        strides = [
            {words.stride for line in unit.lines for words in line.layers if words.stride}
            for unit in group.units
        ]
        if sum(map(len, strides[:period])) == 1 and not any(strides[period:]):
            (stride,) = set().union(*strides[:period])
            first.setdefault(stride, []).append(name)
        else:
            others.append(name)
    for stride, names in first.items():
        yield f"The first unit of {_listed(dict.fromkeys(names))} has {stride}."
    if others:
        yield f"Units of {_listed(dict.fromkeys(others))} differ in their strides."


def _of_shortcuts(groups: Sequence[tuple[str, Group]]) -> Iterator[str]:
    found: dict[str, dict[str, None]] = {}
    for name, group in groups:
        for unit in group.units:
            for words in unit.shortcuts:
                found.setdefault(words.what, {})[name] = None
    for what, names in found.items():
        yield f"Shortcuts are projected ({what}) where shapes change, in {_listed(names)}."


def _of_weights(graph: Graph) -> Iterator[str]:
    """What is shared, tied or frozen; of nested modules the outermost is named."""
    uses: dict[int, int] = {}
    for node in graph.nodes:
        if node.kind == "layer" and node.module is not None:
            uses[id(node.module)] = uses.get(id(node.module), 0) + 1
    for module in graph.modules():
        applied = [uses.get(id(layer), 0) for layer in module.walk() if layer.decl is not None]
        if module.shared and applied and min(applied) > 1 and any(m.weights for m in module.walk()):
            yield f"{module.path} is applied {min(applied)} times with the same weights."
        if module.frozen and not _within_frozen(module):
            yield f"{module.path} is frozen."
    for tie in graph.ties:
        yield f"{tie.target} is {tie.source}."


def _within_frozen(module: Module) -> bool:
    parent = module.parent
    return parent is not None and (parent.frozen or _within_frozen(parent))


def _listed(names: Sequence[str] | Mapping[str, None]) -> str:
    *some, last = names
    return f"{', '.join(some)} and {last}" if some else last


__all__ = ["notes_of"]
