"""Which edges of a graph reuse features, where each comes from, and by what mechanism.

A value that several nodes read flows into the first of them; each other reading is a reuse edge,
whether or not a keyword made it. Where the reader brings it together with what was computed from it
in between, the edge bypasses that, and how it is brought together names the mechanism: `residual`
as a term, `gate` as a factor, `dense` side by side. It is a `skip` where all that it bypasses went
through coarser features and came back, as in a U-Net, and where it is chosen among others. All
other readings are a `branch`: heads on one trunk, parallel paths, queries and keys.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from archspec.dims import Dim
from archspec.ir import Edge, Graph, Mechanism, Node, Value
from archspec.layers.base import FunctionDecl

#: What a reuse edge can be: as a keyword says, or one more reading of a value.
EdgeMechanism = Mechanism | Literal["branch"]

#: Sizes at which open ones are compared: far from where roundings show.
_FAR: Final = 1024


@dataclass(frozen=True, slots=True)
class ReuseEdge:
    """Features of `source` enter `target` at `slot`, past what is computed in between.

    `via` are the nodes that align them on the way, first to last: the projection of a shortcut.
    `edge` is the edge of the graph that enters the target.
    """

    mechanism: EdgeMechanism
    source: Value
    target: int
    edge: Edge
    via: tuple[int, ...] = ()

    @property
    def slot(self) -> int:
        return self.edge.slot

    @property
    def first(self) -> int:
        """The node that reads the source: the first of `via`, or the target."""
        return self.via[0] if self.via else self.target


def reuse_edges(graph: Graph) -> tuple[ReuseEdge, ...]:
    """The reuse edges of `graph`, by target and slot; those that no output depends on too.

    Weights that are reused are no edges: see `Graph.relations`.
    """
    return tuple(_Search(graph).edges())


class _Search:
    """What is known of the values of a graph while its edges are told apart."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        #: The edges that read a value's features, one a node, in order of their targets.
        self.readings: dict[Value, list[Edge]] = defaultdict(list)
        for edge in graph.edges:
            known = self.readings[Value(edge.source, edge.output)]
            if self.reads(edge) and not (known and known[-1].target == edge.target):
                known.append(edge)
        #: Edges by which what a keyword reuses enters the nodes that align it.
        self.aligned: set[Edge] = set()
        self._extents: dict[Dim, int] = {}
        self._point: Mapping[str, int] | None = None

    def edges(self) -> Iterator[ReuseEdge]:
        stated = {e: f for e in self.graph.edges if (f := self.stated(e)) is not None}
        again: set[Edge] = set()
        for value, readings in self.readings.items():
            free = [e for e in readings if e not in stated and e not in self.aligned]
            again.update(free[1:] if self.is_feature(value) else ())
        for edge in self.graph.edges:
            if edge in stated:
                yield stated[edge]
            elif edge in again:
                yield self.unstated(edge)

    def stated(self, edge: Edge) -> ReuseEdge | None:
        """The reuse that a keyword, or `detach`, made of an edge."""
        if edge.mechanism is None or edge.mechanism == "shared":
            return None
        value = Value(edge.source, edge.output)
        if edge.mechanism == "detach":
            return ReuseEdge("detach", value, edge.target, edge)
        others = self.others(edge)
        source, via = self.origin(edge)
        if via and not self.reached(source.node, others, via[0]):
            source, via = value, ()
        if via:
            self.aligned.add(self.entering(source, via[0]))
        mechanism = self.mechanism(edge, source.node, others)
        return ReuseEdge(mechanism, source, edge.target, edge, via)

    def unstated(self, edge: Edge) -> ReuseEdge:
        """The reuse of a value that is read again without a keyword."""
        value = Value(edge.source, edge.output)
        decl = self.graph.node(edge.target).decl
        others = self.others(edge)
        joins = isinstance(decl, FunctionDecl) and decl.joins is not None
        bypass = joins and self.reached(value.node, others, edge.target)
        mechanism = self.mechanism(edge, value.node, others) if bypass else "branch"
        return ReuseEdge(mechanism, value, edge.target, edge)

    def mechanism(self, edge: Edge, source: int, others: list[int]) -> EdgeMechanism:
        """By what it is brought together with `others`, at the target of `edge`."""
        target = self.graph.node(edge.target)
        joins = target.decl.joins if isinstance(target.decl, FunctionDecl) else None
        if joins == "product":
            return "gate"
        if joins == "choice" or joins is None or self.through_coarser(source, others, target):
            return "skip"
        bypasses = self.reached(source, others, target.id)
        if joins == "sum":  # of two embeddings, say: neither bypasses anything
            return "residual" if bypasses else "branch"
        # From elsewhere, nothing grows by it layer after layer.
        return "dense" if bypasses else "skip"

    # --- readings ------------------------------------------------------------------------------

    def reads(self, edge: Edge) -> bool:
        """Whether an edge brings elements, and not only a size."""
        decl = self.graph.node(edge.target).decl
        return decl is None or not decl.port(edge.slot).sizes_only

    def is_feature(self, value: Value) -> bool:
        node = self.graph.node(value.node)
        return node.kind != "param" and node.outputs[value.index].kind in ("float", "complex")

    def others(self, edge: Edge) -> list[int]:
        """The nodes that give the target its other inputs."""
        return [e.source for e in self.inputs(edge.target) if e.slot != edge.slot]

    def inputs(self, node: int) -> list[Edge]:
        """The edges that bring features to a node."""
        edges = self.graph.edges_into(node)
        return [e for e in edges if self.reads(e) and self.graph.node(e.source).kind != "param"]

    def entering(self, value: Value, node: int) -> Edge:
        """The edge by which `node` reads `value`."""
        return next(e for e in self.readings[value] if e.target == node)

    def origin(self, edge: Edge) -> tuple[Value, tuple[int, ...]]:
        """Where what `edge` brings was read from a value that others read too, and the way there.

        The way is made of nodes that one node reads, and that read one value.
        """
        via: list[int] = []
        value = Value(edge.source, edge.output)
        while len(self.readings[value]) == 1:
            inputs = self.inputs(value.node)
            if len(inputs) != 1 or len(self.graph.node(value.node).outputs) != 1:
                return Value(edge.source, edge.output), ()
            via.append(value.node)
            value = Value(inputs[0].source, inputs[0].output)
        return value, tuple(reversed(via))

    # --- what is bypassed ----------------------------------------------------------------------

    def reached(self, source: int, ends: list[int], without: int) -> bool:
        """Whether one of `ends` was computed from `source`, other than through `without`."""
        return self._search(source, ends, without, None)

    def through_coarser(self, source: int, ends: list[int], target: Node) -> bool:
        """Whether every way from `source` to `ends` goes through coarser features than `target`."""
        ends = [end for end in ends if end != source]
        return self.reached(source, ends, target.id) and not self._search(
            source, ends, target.id, target
        )

    def _search(self, source: int, ends: list[int], without: int, fine: Node | None) -> bool:
        stack = [end for end in ends if end >= source]
        seen = set(stack)
        while stack:
            node = stack.pop()
            if node == source:
                return True
            if fine is not None and self.coarser(self.graph.node(node), fine):
                continue
            for edge in self.graph.edges_into(node):
                if edge.source >= source and edge.source not in seen and edge.source != without:
                    seen.add(edge.source)
                    stack.append(edge.source)
        return False

    def coarser(self, node: Node, target: Node) -> bool:
        """Whether all spatial axes of a feature map are shorter than those of another one.

        Of the axes after the first one may be the channels, in whatever place: it is not compared.
        """
        a, b = node.outputs[0].shape, target.outputs[0].shape
        if len(a) != len(b) or len(b) < 4:
            return False
        shorter = [self.extent(m) < self.extent(n) for m, n in zip(a[1:], b[1:], strict=True)]
        return sum(shorter) >= len(b) - 2

    def extent(self, dim: Dim) -> int:
        """A size; an open one at large inputs."""
        if dim.const is not None:
            return dim.const
        if dim not in self._extents:
            if self._point is None:
                self._point = _large(self.graph)
            self._extents[dim] = dim.evaluate(self._point)
        return self._extents[dim]


def _large(graph: Graph) -> Mapping[str, int]:
    """A large value, or the largest allowed, for each open size of the inputs."""
    point: dict[str, int] = {}
    for id in graph.inputs:
        for dim in graph.node(id).outputs[0].shape:
            for name in dim.symbols():
                domain = graph.domains[name].tight
                far = graph.domains.with_lower(name, _FAR).values(name, 1)
                point[name] = far[0] if far else domain.upper or domain.lower
    return point
