"""Live memory in inference: what is held while each node runs, and what is held for reuse only.

Conventions. Nodes run in the order of the graph, which is that of the emitted code. A result takes
new memory unless it is a view; memory is given up after the last node that reads it or a view of
it, model inputs too. Outputs stay. Weights are counted apart, scratch space of kernels is not.
With `in_place`, what works element by element (activations, norms with running statistics, sums)
writes over its first input where nothing else needs that; with `depthwise` so do convolutions
of single channels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archspec.ir import Node, Value
from archspec.layers.memory import in_place, view_of
from archspec.passes.reuse_edges import ReuseEdge
from archspec.reuse.sized import Sized


@dataclass(frozen=True, slots=True)
class Moment:
    """While `node` runs: bytes that are live, and those that only reuse edges still read."""

    node: int
    live: int
    held: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Memory that is kept for one reuse edge alone, after the node `since` until the node `until`.

    Several edges that wait for the same memory share it: each is told the part that it is the last
    to wait for.
    """

    edge: ReuseEdge
    bytes: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Live:
    """The moments of a run in order, the one at which most is live, and what reuse edges hold."""

    moments: tuple[Moment, ...]
    holds: tuple[Hold, ...]

    @property
    def peak(self) -> Moment:
        """The first moment of the most live bytes."""
        return max(self.moments, key=lambda m: (m.live, -m.node))

    def at_peak(self) -> Iterator[Hold]:
        """What is held for reuse while most is live."""
        peak = self.peak.node
        return (hold for hold in self.holds if hold.since < peak < hold.until)


@dataclass(slots=True)
class Memory:
    """Memory that one node allocated: values that lie in it, and who reads them."""

    bytes: int
    made: int
    #: The nodes that read it, and the reuse edges among the readings.
    flow: int = -1
    reuse: list[tuple[int, ReuseEdge]] = field(default_factory=list)
    outlives: bool = False

    @property
    def last(self) -> int:
        return max([self.flow, self.made, *(node for node, _ in self.reuse)])


def live(model: Sized, *, inplace: bool = False, depthwise: bool = False) -> Live:
    """Bytes held while each node of `model` runs."""
    return _Run(model, inplace, depthwise).run()


def memories(model: Sized, *, training: bool = False) -> dict[Value, Memory]:
    """The memory in which each value lies: views share that of what they show."""
    found: dict[Value, Memory] = {}
    ordered: dict[Value, bool] = {}
    for node in model.graph.nodes:
        edges = model.graph.edges_into(node.id)
        first = Value(edges[0].source, edges[0].output) if edges else None
        for index, type_ in enumerate(node.outputs):
            value = Value(node.id, index)
            memory, order = None, True
            if first is not None and node.decl is not None and node.params is not None:
                types = model.graph.input_types(node.id)
                view = view_of(node.decl, node.params, types, training=training)
                order = view in ("none", "reshaped") or (view == "same" and ordered[first])
                if view in ("same", "reordered") or (view == "reshaped" and ordered[first]):
                    memory = found[first]
            if node.kind == "param":
                memory = Memory(0, node.id)
            found[value] = memory or Memory(model.bytes(type_), node.id)
            ordered[value] = order
    return found


class _Run:
    """One run through the nodes."""

    def __init__(self, model: Sized, inplace: bool, depthwise: bool) -> None:
        self.model = model
        self.inplace = inplace
        self.depthwise = depthwise
        self.memory = memories(model)
        self.reading()

    def reading(self) -> None:
        """Tell each memory who reads it."""
        entering = {}
        for reused in self.model.reused:
            edge = reused.edge
            entering[(reused.target, Value(edge.source, edge.output))] = reused
            entering[(reused.first, reused.source)] = reused
        for edge in self.model.graph.edges:
            value = Value(edge.source, edge.output)
            memory = self.memory[value]
            found = entering.get((edge.target, value))
            if found is None:
                memory.flow = max(memory.flow, edge.target)
            else:
                memory.reuse.append((edge.target, found))
        for _, value in self.model.graph.outputs:
            self.memory[value].outlives = True

    def run(self) -> Live:
        graph = self.model.graph
        made: dict[int, list[Memory]] = {}
        seen: set[int] = set()
        for value, memory in self.memory.items():
            if id(memory) not in seen:
                seen.add(id(memory))
                made.setdefault(value.node, []).append(memory)
        ends: dict[int, list[Memory]] = {}
        waits: dict[int, list[Memory]] = {}
        moments: list[Moment] = []
        now = held = 0
        for node in graph.nodes:
            for memory in waits.pop(node.id, ()):
                held += memory.bytes
            new = made.get(node.id, [])
            replaced = self.replaced(node, new)
            now += sum(memory.bytes for memory in new)
            moments.append(Moment(node.id, now - (replaced.bytes if replaced else 0), held))
            for memory in new:
                if not memory.outlives:
                    ends.setdefault(memory.last, []).append(memory)
                begin = max(memory.flow, memory.made) + 1
                if memory.reuse and begin < memory.last:
                    waits.setdefault(begin, []).append(memory)
                    ends.setdefault(-memory.last - 1, []).append(memory)
            for memory in ends.pop(node.id, ()):
                now -= memory.bytes
            # From its last reader on, nothing waits for it.
            for memory in ends.pop(-node.id - 2, ()):
                held -= memory.bytes
        return Live(tuple(moments), tuple(self.holds()))

    def replaced(self, node: Node, new: Sequence[Memory]) -> Memory | None:
        """The memory that the result of `node` is written over, if it needs none of its own."""
        edges = self.model.graph.edges_into(node.id)
        if not self.inplace or node.decl is None or not edges or len(new) != 1:
            return None
        if not (in_place(node.decl) or (self.depthwise and self.is_depthwise(node))):
            return None
        over = self.memory[Value(edges[0].source, edges[0].output)]
        if over.last != node.id or over.outlives or over.bytes < new[0].bytes:
            return None
        return over if over.bytes == new[0].bytes else Memory(new[0].bytes, over.made)

    def is_depthwise(self, node: Node) -> bool:
        """Whether each channel of the result is computed from one channel of the input."""
        groups = getattr(node.params, "groups", 1)
        x, y = self.model.graph.input_types(node.id)[0], node.outputs[0]
        if groups == 1 or x.rank != y.rank or x.rank < 3:
            return False
        return self.model.number(x.shape[1]) == groups == self.model.number(y.shape[1])

    def holds(self) -> Iterator[Hold]:
        seen: set[int] = set()
        for memory in self.memory.values():
            if id(memory) in seen or not memory.reuse:
                continue
            seen.add(id(memory))
            since = max(memory.flow, memory.made)
            for until, edge in sorted(memory.reuse, key=lambda item: item[0]):
                if until > since:
                    yield Hold(edge, memory.bytes, since, until)
                    since = until
