"""The graph façade: the only module that imports networkx.

Nodes are inputs, params, layer applications and function applications; an edge carries one tensor
from an output of its source to a slot of its target, and the mechanism where that is a reuse.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from archspec.dims import Domains
from archspec.ir.modules import (
    Initializer,
    Mechanism,
    Module,
    Need,
    Promise,
    Relation,
    Requirement,
    Tie,
)
from archspec.layers.base import Declaration, Params, TensorType
from archspec.source import Span

if TYPE_CHECKING:
    import networkx as nx

NodeKind = Literal["input", "param", "layer", "function"]


@dataclass(frozen=True, slots=True)
class Value:
    """One output of a node."""

    node: int
    index: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One application. `name` is the input's or param's name, else that of layer or function."""

    id: int
    kind: NodeKind
    name: str
    outputs: tuple[TensorType, ...]
    span: Span
    decl: Declaration[Any] | None = None
    params: Params | None = None
    #: The module applied (layers), or in which the node stands (all others).
    module: Module | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` output `output` enters `target` at `slot`."""

    source: int
    target: int
    slot: int
    output: int = 0
    mechanism: Mechanism | None = None


@dataclass(slots=True, eq=False)
class Graph:
    """One model: its nodes in the order of execution, its module tree, relations and domains."""

    name: str
    root: Module
    domains: Domains
    inputs: list[int] = field(default_factory=list)
    #: Output names and values, in order.
    outputs: list[tuple[str, Value]] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    #: What `where` states, in its order.
    promises: list[Promise] = field(default_factory=list)
    #: What the model needs of its open sizes, each once a place.
    needs: dict[Need, None] = field(default_factory=dict)
    #: Inferred lower bounds of open sizes, by symbol; `domains` include them.
    requirements: dict[str, Requirement] = field(default_factory=dict)
    initializers: list[Initializer] = field(default_factory=list)
    _nodes: list[Node] = field(default_factory=list)
    _edges: list[tuple[Edge, ...]] = field(default_factory=list)
    _networkx: "nx.MultiDiGraph[int] | None" = None

    def add(
        self,
        kind: NodeKind,
        name: str,
        outputs: tuple[TensorType, ...],
        span: Span,
        inputs: tuple[Value, ...] = (),
        mechanisms: tuple[Mechanism | None, ...] = (),
        decl: Declaration[Any] | None = None,
        params: Params | None = None,
        module: Module | None = None,
    ) -> Node:
        """Append a node whose inputs exist already; slots follow the order of `inputs`."""
        node = Node(len(self._nodes), kind, name, outputs, span, decl, params, module)
        self._nodes.append(node)
        edges = tuple(
            Edge(value.node, node.id, slot, value.index, mechanisms[slot] if mechanisms else None)
            for slot, value in enumerate(inputs)
        )
        self._edges.append(edges)
        self._networkx = None
        if kind == "input":
            self.inputs.append(node.id)
        return node

    @property
    def networkx(self) -> "nx.MultiDiGraph[int]":
        """The same graph for networkx's algorithms; edges are keyed by slot.

        Made on demand: importing networkx takes longer than checking most specs.
        """
        if self._networkx is None:
            import networkx as nx

            graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
            graph.add_nodes_from((node.id, {"node": node}) for node in self._nodes)
            for edge in self.edges:
                graph.add_edge(edge.source, edge.target, key=edge.slot, edge=edge)
            self._networkx = graph
        return self._networkx

    def node(self, id: int) -> Node:
        return self._nodes[id]

    @property
    def nodes(self) -> list[Node]:
        """All nodes; each stands after its inputs."""
        return self._nodes

    def edges_into(self, node: int) -> tuple[Edge, ...]:
        """In slot order."""
        return self._edges[node]

    @property
    def edges(self) -> Iterator[Edge]:
        for edges in self._edges:
            yield from edges

    def reuse_edges(self) -> list[Edge]:
        return [edge for edge in self.edges if edge.mechanism is not None]

    def type_of(self, value: Value) -> TensorType:
        return self._nodes[value.node].outputs[value.index]

    def input_types(self, node: int) -> tuple[TensorType, ...]:
        return tuple(self._nodes[e.source].outputs[e.output] for e in self._edges[node])

    def live_nodes(self) -> set[int]:
        """The nodes that some output depends on."""
        live: set[int] = set()
        stack = [value.node for _, value in self.outputs]
        while stack:
            node = stack.pop()
            if node not in live:
                live.add(node)
                stack.extend(edge.source for edge in self._edges[node])
        return live

    def modules(self) -> list[Module]:
        return self.root.walk()
