"""A graph at known sizes: what the analyses measure in numbers."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final, Literal, get_args

from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.dims import Dim
from archspec.ir import Edge, Graph, Node, Value
from archspec.layers.base import TensorType
from archspec.passes.costs import node_names
from archspec.passes.reuse_edges import ReuseEdge, reuse_edges
from archspec.passes.sizes import batch_symbol, open_sizes, resolve_sizes

#: What features may be stored as.
Stored = Literal["float64", "float32", "float16", "bfloat16", "int8"]
STORED: Final[tuple[Stored, ...]] = get_args(Stored)

_BYTES: Final = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int": 8, "int64": 8, "int32": 4,
    "int16": 2, "int8": 1, "uint8": 1, "bool": 1, "complex64": 8, "complex128": 16,
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Sized:
    """A graph whose open sizes have values; features are stored as `stored`."""

    graph: Graph
    sizes: Mapping[str, int]
    stored: Stored
    names: list[str]
    reused: tuple[ReuseEdge, ...]
    #: The edges that read each value, in order of their targets; those that read only a size too.
    readers: dict[Value, list[Edge]]
    _numbers: dict[Dim, int] = field(default_factory=dict)
    _shapes: dict[tuple[Dim, ...], tuple[int, ...]] = field(default_factory=dict)
    _macs: dict[int, int] = field(default_factory=dict)

    def number(self, dim: Dim) -> int:
        if dim.const is not None:
            return dim.const
        found = self._numbers.get(dim)
        if found is None:
            found = self._numbers[dim] = dim.evaluate(self.sizes)
        return found

    def shape(self, type_: TensorType) -> tuple[int, ...]:
        found = self._shapes.get(type_.shape)
        if found is None:
            found = self._shapes[type_.shape] = tuple(map(self.number, type_.shape))
        return found

    def elements(self, type_: TensorType) -> int:
        return prod(self.shape(type_))

    def itemsize(self, dtype: str) -> int:
        return _BYTES[self.stored if dtype == "float" else dtype]

    def bytes(self, type_: TensorType) -> int:
        return self.elements(type_) * self.itemsize(type_.dtype)

    def elements_of(self, value: Value) -> int:
        return self.elements(self.graph.type_of(value))

    def bytes_of(self, value: Value) -> int:
        return self.bytes(self.graph.type_of(value))

    def macs(self, node: Node) -> int:
        if node.decl is None or node.params is None:
            return 0
        found = self._macs.get(node.id)
        if found is None:
            inputs = self.graph.input_types(node.id)
            count = node.decl.macs(node.params, inputs, node.outputs)
            found = self._macs[node.id] = self.number(count)
        return found

    def name(self, value: Value) -> str:
        several = len(self.graph.node(value.node).outputs) > 1
        return f"{self.names[value.node]}[{value.index}]" if several else self.names[value.node]


def sized(
    graph: Graph,
    given: Mapping[str, int] | None = None,
    names: Mapping[str, object] | None = None,
    stored: Stored = "float32",
) -> Sized:
    """`graph` at sizes: `given` ones (see `resolve_sizes`), and a batch of one where it is open.

    Raises `ArchSpecError` A0204 where any other size is left open.
    """
    sizes = resolve_sizes(graph, given or {}, names)
    batch = batch_symbol(graph)
    if batch is not None and batch not in sizes and 1 in graph.domains[batch]:
        sizes[batch] = 1
    missing = [name for name in open_sizes(graph) if name not in sizes]
    if missing:
        raise ArchSpecError((_open(graph, missing),))
    readers: dict[Value, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        readers[Value(edge.source, edge.output)].append(edge)
    return Sized(graph, sizes, stored, node_names(graph), reuse_edges(graph), readers)


def _open(graph: Graph, missing: list[str]) -> Diagnostic:
    listed = ", ".join(f"`{name}`" for name in missing)
    message = f"bytes and elements of `{graph.name}` need a number for {listed}"
    example = ",".join(f"{name}=…" for name in missing)
    help = f"give sizes: `--input {example}`"
    for id in graph.inputs:
        node = graph.node(id)
        if any(missing[0] in dim.symbols() for dim in node.outputs[0].shape):
            label = Label(node.span, "left open here", primary=True)
            return Diagnostic("A0204", "error", message, (label,), help=(help,))
    return Diagnostic("A0204", "error", message, help=(help,))
