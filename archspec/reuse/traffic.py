"""Elements that are computed, read, written and copied: activations, CIO, concatenation.

Conventions. Activations are the elements that multiplying nodes give (convolutions, linear maps,
products, attention). CIO is the sum of input and output elements of all convolutions (Chao et al.,
2019, arXiv:1909.00948). Element operations are the results of all nodes that compute elements
without multiply-adds, one for each; what only moves elements has none. Traffic is what all nodes
read and write, weights included, each input once a node.

Concatenation: `emitted` is what the concatenations of the graph write. `naive` adds the first
features of each dense block, which an implementation with lists concatenates alone, for its first
layer, as torchvision's does. `shared` writes each feature once, into a buffer for all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from archspec.ir import Node, Value
from archspec.layers.base import FunctionDecl
from archspec.layers.memory import view_of
from archspec.reuse.fields import windows_of
from archspec.reuse.sized import Sized


@dataclass(frozen=True, slots=True)
class Concat:
    """Concatenations that share features: their nodes, the features, and elements written."""

    nodes: tuple[int, ...]
    sources: tuple[Value, ...]
    emitted: int
    naive: int
    shared: int
    #: Pairs of features and a concatenation that has them, for a layer to read.
    connections: int


@dataclass(frozen=True, slots=True)
class Work:
    """One node: multiply-adds, and bytes it reads and writes."""

    node: int
    macs: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is computed and moved in one forward run."""

    macs: int
    element_ops: int
    activations: int
    activations_of_convolutions: int
    cio: int
    work: tuple[Work, ...]
    concats: tuple[Concat, ...]

    @property
    def bytes(self) -> int:
        return sum(work.bytes for work in self.work)

    @property
    def macs_per_byte(self) -> float:
        return self.macs / self.bytes if self.bytes else 0.0


def traffic(model: Sized) -> Traffic:
    """The work of one forward run of `model`."""
    macs = ops = activations = convolved = cio = 0
    work: list[Work] = []
    for node in model.graph.nodes:
        if node.decl is None or node.params is None:
            continue
        count = model.macs(node)
        out = sum(model.elements(t) for t in node.outputs)
        macs += count
        if count:
            activations += out
        elif not moves(node, model):
            ops += out
        if count and windows_of(model, node):
            convolved += out
            cio += out + model.elements(model.graph.input_types(node.id)[0])
        work.append(Work(node.id, count, _moved(model, node)))
    found = tuple(concats(model))
    return Traffic(macs, ops, activations, convolved, cio, tuple(work), found)


def moves(node: Node, model: Sized) -> bool:
    """Whether a node only moves elements, or shows them in another way."""
    assert node.decl is not None
    if isinstance(node.decl, FunctionDecl) and node.decl.joins == "concat":
        return True
    types = model.graph.input_types(node.id)
    return node.decl.moves_elements or view_of(node.decl, node.params, types) != "none"


def _moved(model: Sized, node: Node) -> int:
    """Bytes that a node reads and writes; a view moves none."""
    assert node.decl is not None
    types = model.graph.input_types(node.id)
    if types and view_of(node.decl, node.params, types) in ("same", "reordered"):
        return 0
    read = {Value(e.source, e.output) for e in model.graph.edges_into(node.id)}
    total = sum(model.bytes_of(value) for value in read)
    total += sum(model.bytes(t) for t in node.outputs)
    if node.kind == "layer" and node.module is not None and model.macs(node):
        for weight in node.module.weights:
            total += model.number(weight.count) * model.itemsize(weight.dtype)
    return total


# --- concatenation -----------------------------------------------------------------------------


def concats(model: Sized) -> Iterator[Concat]:
    """The concatenations of `model`, those that share features together."""
    sources = leaves(model)
    groups: dict[Value, int] = {}
    merged: dict[int, int] = {}

    def root(group: int) -> int:
        while merged[group] != group:
            group = merged[group]
        return group

    for node, values in sources.items():
        merged[node] = node
        for value in values:
            if value in groups:
                merged[root(groups[value])] = root(node)
            groups[value] = node
    members: dict[int, list[int]] = {}
    for node in sources:
        members.setdefault(root(node), []).append(node)
    for nodes in members.values():
        yield _concat(model, nodes, sources)


def leaves(model: Sized) -> dict[int, tuple[Value, ...]]:
    """By concatenation the features that it brings together, those of inner ones opened up."""
    found: dict[int, tuple[Value, ...]] = {}
    for node in model.graph.nodes:
        if not isinstance(node.decl, FunctionDecl) or node.decl.joins != "concat":
            continue
        axis = _axis(node)
        opened: dict[Value, None] = {}
        for edge in model.graph.edges_into(node.id):
            inner = found.get(edge.source)
            if inner is not None and _axis(model.graph.node(edge.source)) == axis:
                opened.update(dict.fromkeys(inner))
            else:
                opened[Value(edge.source, edge.output)] = None
        if len(opened) > 1 and any(
            model.graph.type_of(v).kind in ("float", "complex") for v in opened
        ):
            found[node.id] = tuple(opened)
    return found


def _axis(node: Node) -> tuple[str, int]:
    dim = getattr(node.params, "dim", 0)
    rank = node.outputs[0].rank
    return node.name, dim if dim >= 0 else dim + rank


def _concat(model: Sized, nodes: list[int], sources: dict[int, tuple[Value, ...]]) -> Concat:
    values: dict[Value, None] = {}
    for node in nodes:
        values.update(dict.fromkeys(sources[node]))
    emitted = sum(model.elements(model.graph.node(n).outputs[0]) for n in nodes)
    first = _alone(model, nodes, sources)
    inside = [node for node in nodes if _leads_to(model, node, set(values), set(nodes))]
    return Concat(
        nodes=tuple(nodes),
        sources=tuple(values),
        emitted=emitted,
        naive=emitted + sum(model.elements_of(value) for value in first),
        shared=sum(model.elements_of(value) for value in values),
        connections=len(first) + sum(len(sources[node]) for node in inside),
    )


def _alone(
    model: Sized, nodes: list[int], sources: dict[int, tuple[Value, ...]]
) -> tuple[Value, ...]:
    """The features that the first layer of a dense block reads, before any concatenation."""
    grows = all(
        any(e.source == before for e in model.graph.edges_into(node))
        for before, node in pairwise(nodes)
    )
    if not grows:
        return ()
    return tuple(
        edge.source
        for edge in model.reused
        if edge.mechanism == "dense" and edge.target == nodes[0] and edge.source.node not in sources
    )


def _leads_to(model: Sized, node: int, made: set[Value], nodes: set[int]) -> bool:
    """Whether features that the group brings together are computed from `node`."""
    features = {value.node for value in made}
    limit = max(features)
    stack = [e.target for e in model.readers[Value(node)]]
    seen: set[int] = set()
    while stack:
        at = stack.pop()
        if at in features:
            return True
        if at in seen or at > limit or at in nodes:
            continue
        seen.add(at)
        for index in range(len(model.graph.node(at).outputs)):
            stack.extend(e.target for e in model.readers[Value(at, index)])
    return False
