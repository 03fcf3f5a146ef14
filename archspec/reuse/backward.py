"""What autograd keeps of a training step until backward, plain and with recomputation.

Conventions. Counted is what PyTorch's autograd saves on the CPU, in training mode: each memory
once, however many nodes keep it, weights and running statistics not. Nothing is kept where nothing
that is trained lies before. What stands in a `checkpoint` keeps its inputs only.

With recomputation, each dense layer computes anew in backward what it does before its first
multiplication: the concatenation, the norm and the activation that follow (Pleiss et al., 2017,
arXiv:1707.06990). Kept are then the features that are concatenated, each once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.ir import Module, Node, Value
from archspec.layers.memory import keeps, statistics
from archspec.passes.costs import owners
from archspec.reuse.live import memories
from archspec.reuse.paths import copied
from archspec.reuse.sized import Sized


@dataclass(frozen=True, slots=True)
class Saved:
    """Bytes kept for backward, and the layers of which it is not known what they keep."""

    bytes: int
    unknown: tuple[str, ...]
    #: Bytes by node: what is kept there first.
    by_node: dict[int, int]


def saved(model: Sized, *, recompute: bool = False) -> Saved:
    """Bytes that autograd keeps of one step of `model`."""
    return _Step(model, recompute).run()


class _Step:
    """One training step."""

    def __init__(self, model: Sized, recompute: bool) -> None:
        self.model = model
        self.graph = model.graph
        self.memory = memories(model, training=True)
        self.trained = self.trained_values()
        self.again = set(_recomputed(model)) if recompute else set()
        self.kept: dict[int, int] = {}
        self.by_node: dict[int, int] = {}

    def run(self) -> Saved:
        unknown: dict[str, None] = {}
        for node in self.graph.nodes:
            if node.decl is None or node.params is None or not self.records(node):
                continue
            if keeps(node.decl, node.params) is None:
                unknown[node.name] = None
            elif node.id in self.again or _checkpointed(node.module):
                self.keep_inputs(node)
            else:
                self.keep_of(node)
        return Saved(sum(self.by_node.values()), tuple(unknown), self.by_node)

    # --- gradients -----------------------------------------------------------------------------

    def trained_values(self) -> set[Value]:
        """The values that a gradient flows back through."""
        owner = dict(owners(self.graph.root))
        found: set[Value] = set()
        for node in self.graph.nodes:
            own = node.module is not None and owner[node.module] == "trainable"
            weights = node.module is not None and any(not w.buffer for w in node.module.weights)
            match node.kind:
                case "param":
                    assert node.module is not None
                    grad = own and node.module.tensors[node.name].kind == "param"
                case "layer":
                    grad = (own and weights) or self.reached(node, found)
                case "function":
                    grad = self.reached(node, found)
                case "input":
                    grad = False
            for index, type_ in enumerate(node.outputs):
                if grad and type_.kind in ("float", "complex"):
                    found.add(Value(node.id, index))
        self.own = owner
        return found

    def reached(self, node: Node, found: set[Value]) -> bool:
        edges = self.graph.edges_into(node.id)
        if any(edge.mechanism == "detach" for edge in edges):
            return False
        slow = node.kind == "layer" and copied(node.module)
        return not slow and any(Value(e.source, e.output) in found for e in edges)

    def records(self, node: Node) -> bool:
        return any(Value(node.id, index) in self.trained for index in range(len(node.outputs)))

    # --- keeping -------------------------------------------------------------------------------

    def keep_of(self, node: Node) -> None:
        assert node.decl is not None
        assert node.params is not None
        edges = self.graph.edges_into(node.id)
        values = [Value(edge.source, edge.output) for edge in edges]
        grads = [value in self.trained for value in values]
        for kind in keeps(node.decl, node.params, len(values)) or ():
            match kind:
                case "input":
                    chosen = values
                case "first":
                    chosen = values[:1]
                case "second":
                    chosen = values[1:2]
                case "result":
                    chosen = [Value(node.id)]
                case "weighed":
                    trains = node.module is not None and self.own[node.module] == "trainable"
                    chosen = values if trains else []
                case "factor":
                    total = sum(grads)
                    chosen = [v for v, grad in zip(values, grads, strict=True) if total - grad > 0]
            for value in chosen:
                self.keep(node, value)
        types = self.graph.input_types(node.id)
        for tensor in statistics(node.decl, node.params, types, node.outputs):
            self.count(node, self.model.number(tensor.elements) * tensor.itemsize)

    def keep_inputs(self, node: Node) -> None:
        """Of what is computed again, keep what comes from outside."""
        for edge in self.graph.edges_into(node.id):
            inside = edge.source in self.again or _checkpointed(self.graph.node(edge.source).module)
            if not inside:
                self.keep(node, Value(edge.source, edge.output))

    def keep(self, node: Node, value: Value) -> None:
        if self.graph.node(value.node).kind == "param":
            return
        memory = self.memory[value]
        if id(memory) not in self.kept:
            self.kept[id(memory)] = memory.bytes
            self.count(node, memory.bytes)

    def count(self, node: Node, count: int) -> None:
        self.by_node[node.id] = self.by_node.get(node.id, 0) + count


def _checkpointed(module: Module | None) -> bool:
    while module is not None:
        if module.checkpoint:
            return True
        module = module.parent
    return False


def _recomputed(model: Sized) -> Iterator[int]:
    """The nodes that dense layers compute again: concatenations, and what follows in each layer.

    A dense layer begins where the features that its result is concatenated to are read.
    """
    graph = model.graph
    dense = [edge for edge in model.reused if edge.mechanism == "dense"]
    found: set[int] = set()
    for edge in dense:
        if graph.node(edge.source.node).decl is graph.node(edge.target).decl:
            found.add(edge.source.node)
        for reading in model.readers[edge.source]:
            if reading.target != edge.target:
                found.update(_until_multiplied(model, reading.target))
    yield from found


def _until_multiplied(model: Sized, node: int) -> Iterator[int]:
    """`node` and the chain after it, up to the first that multiplies."""
    graph = model.graph
    while True:
        yield node
        if model.macs(graph.node(node)) or len(graph.node(node).outputs) > 1:
            return
        readers = {edge.target for edge in model.readers[Value(node)]}
        if len(readers) != 1:
            return
        (node,) = readers
