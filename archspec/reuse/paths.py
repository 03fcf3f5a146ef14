"""The paths on which gradients flow from the outputs to where features begin.

A path goes along the edges of the graph, from a model input that holds floats, or from a layer that
reads a table, to an output. A step is a layer that multiplies by its weights (convolution, linear
map, attention, table); norms are none. No gradient passes `detach`, or a slow copy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from archspec.ir import Edge, Module, Node
from archspec.reuse.lengths import Lengths, one_path
from archspec.reuse.sized import Sized

#: Additions of counts up to which lengths are counted exactly.
_EXACT: Final = 3_000_000


@dataclass(frozen=True, slots=True)
class LayerDepth:
    """A layer with weights: the fewest steps that lie between it and an output.

    `bypassed` where a path from it to an output takes a reuse edge.
    """

    node: int
    steps: int
    bypassed: bool


@dataclass(frozen=True, slots=True)
class Paths:
    """How many paths there are, and how long: shares by the number of steps.

    `exact` where the shares are those of counted paths, else they are rounded.
    """

    count: int
    shares: dict[int, Fraction]
    exact: bool
    shortest: int
    longest: int
    layers: tuple[LayerDepth, ...]

    def share(self, low: int, high: int) -> Fraction:
        """The share of paths of `low` to `high` steps, both included."""
        return sum((s for n, s in self.shares.items() if low <= n <= high), Fraction(0))

    @property
    def mean(self) -> Fraction:
        return sum((n * share for n, share in self.shares.items()), Fraction(0))

    @property
    def unbypassed(self) -> tuple[int, ...]:
        """The layers all of whose paths to the outputs go through everything after them."""
        return tuple(layer.node for layer in self.layers if not layer.bypassed)


def paths(model: Sized) -> Paths | None:
    """The paths of `model`; None where no gradient reaches anything."""
    return _Walk(model).run()


class _Walk:
    """One walk along the edges that carry gradients."""

    def __init__(self, model: Sized) -> None:
        self.model = model
        self.graph = model.graph
        self.into = {node.id: list(self.carrying(node)) for node in self.graph.nodes}
        self.steps = [self.is_step(node) for node in self.graph.nodes]

    def run(self) -> Paths | None:
        counts: dict[int, int] = {}
        reach: dict[int, tuple[int, int]] = {}
        for node in self.graph.nodes:
            edges = [e for e in self.into[node.id] if e.source in counts]
            begins = not edges and self.begins(node)
            if not edges and not begins:
                continue
            step = self.steps[node.id]
            counts[node.id] = sum(counts[e.source] for e in edges) + begins
            ends = [reach[e.source] for e in edges] or [(0, 0)]
            reach[node.id] = (min(a for a, _ in ends) + step, max(b for _, b in ends) + step)
        ends_at = [value.node for _, value in self.graph.outputs if value.node in counts]
        if not ends_at:
            return None
        joins = sum(len(edges) - 1 for edges in self.into.values() if len(edges) > 1)
        longest = max(reach[node][1] for node in ends_at)
        exact = joins * (longest + 1) <= _EXACT
        lengths = self.lengths(set(counts), ends_at, exact)
        return Paths(
            count=sum(counts[node] for node in ends_at),
            shares=lengths.shares(),
            exact=exact,
            shortest=min(reach[node][0] for node in ends_at),
            longest=longest,
            layers=tuple(self.depths(set(counts), ends_at)),
        )

    def lengths(self, known: set[int], ends_at: list[int], exact: bool) -> Lengths:
        last: dict[int, int] = {}
        for node in self.graph.nodes:
            for edge in self.into[node.id]:
                last[edge.source] = node.id
        kept = set(ends_at)
        found: dict[int, Lengths] = {}
        for node in self.graph.nodes:
            if node.id not in known:
                continue
            total: Lengths | None = None
            for edge in self.into[node.id]:
                if edge.source in known:
                    part = found[edge.source]
                    total = part if total is None else total.plus(part)
                    if last[edge.source] == node.id and edge.source not in kept:
                        last[edge.source] = -1
            total = total or one_path(exact)
            found[node.id] = total.longer(self.steps[node.id])
            for edge in self.into[node.id]:
                if last.get(edge.source) == -1:
                    found.pop(edge.source, None)
        first, *others = (found[node] for node in ends_at)
        for lengths in others:
            first = first.plus(lengths)
        return first

    def depths(self, known: set[int], ends_at: list[int]) -> Iterator[LayerDepth]:
        """The layers with weights, in order."""
        reused = {(e.first, e.source.node) for e in self.model.reused}
        reused |= {(e.target, e.edge.source) for e in self.model.reused}
        far: dict[int, int] = dict.fromkeys(ends_at, 0)
        bypassed: set[int] = set()
        for node in reversed(self.graph.nodes):
            if node.id not in far:
                continue
            for edge in self.into[node.id]:
                steps = far[node.id] + self.steps[node.id]
                far[edge.source] = min(far.get(edge.source, steps), steps)
                if node.id in bypassed or (node.id, edge.source) in reused:
                    bypassed.add(edge.source)
        for node in self.graph.nodes:
            if self.steps[node.id] and node.id in far and node.id in known:
                yield LayerDepth(node.id, far[node.id], node.id in bypassed)

    def carrying(self, node: Node) -> Iterator[Edge]:
        """The edges into a node that a gradient passes."""
        if node.kind == "layer" and copied(node.module):
            return
        for edge in self.graph.edges_into(node.id):
            type_ = self.graph.node(edge.source).outputs[edge.output]
            read = node.decl is None or not node.decl.port(edge.slot).sizes_only
            if read and edge.mechanism != "detach" and type_.kind in ("float", "complex"):
                yield edge

    def begins(self, node: Node) -> bool:
        if node.kind == "input":
            return node.outputs[0].kind in ("float", "complex")
        return self.steps[node.id] and not copied(node.module)

    def is_step(self, node: Node) -> bool:
        """Whether a node multiplies by weights, or reads a table of them."""
        if node.kind != "layer" or node.module is None:
            return False
        weights = [w for w in node.module.weights if not w.buffer and len(w.shape) > 1]
        return bool(weights)


def copied(module: Module | None) -> bool:
    """Whether a module is a slow copy, or part of one."""
    while module is not None:
        if module.ema_of is not None:
            return True
        module = module.parent
    return False
