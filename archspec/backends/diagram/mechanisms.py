"""What each edge of a graph shows: plain flow, or which way of reusing features.

The keywords of a spec are taken at their word where the picture agrees: `reuse a by add` of two
inputs that have nothing in common is a sum, not a shortcut. What is written without a keyword
(`concat(h1, h2)`) is told by its shape: a value that is joined with what was made of it is reused.
"""

from dataclasses import replace
from typing import Final

from archspec.backends.diagram.scene import Kind
from archspec.backends.diagram.words import inputs_of, join_of
from archspec.ir import Edge, Graph

#: Functions whose values lie between 0 and 1: what they are multiplied with is gated.
_GATES: Final = frozenset(
    {"sigmoid", "hardsigmoid", "softmax", "Sigmoid", "Hardsigmoid", "Softmax", "Softmax2d"}
)


def edge_kinds(graph: Graph) -> dict[tuple[int, int], Kind]:
    """The kind of each edge that is no plain flow, by target and slot."""
    found: dict[tuple[int, int], Kind] = {}
    ancestors = _ancestors(graph)
    depth = _depths(graph)
    for node in graph.nodes:
        join = join_of(graph, node)
        if join is None:
            continue
        edges = inputs_of(graph, node.id)
        flow = max(edges, key=lambda edge: (depth[edge.source], -edge.slot))
        for edge in edges:
            kind = _kind(graph, join[0], edge, flow, edges, ancestors)
            if kind is not None:
                found[node.id, edge.slot] = kind
    return found


def _kind(
    graph: Graph,
    join: str,
    edge: Edge,
    flow: Edge,
    edges: tuple[Edge, ...],
    ancestors: list[int],
) -> Kind | None:
    if join == "mul":
        gates = [e for e in edges if _is_gate(graph, e.source)] or [
            e for e in edges if e.mechanism == "gate"
        ]
        if len(gates) == len(edges) or not gates:
            # of two unlike ones, the one that was made of the other is the gate
            others = [e for e in edges if e is not flow]
            made = any(ancestors[flow.source] >> e.source & 1 for e in others)
            gates = [flow] if made and not gates else gates[-1:]
        return "gate" if edge in gates else None
    if edge is flow:
        return None
    if graph.node(edge.source).name == "crop":  # what is cut to fit is what it was before
        edge = replace(edge, source=inputs_of(graph, edge.source)[0].source)
    related = ancestors[flow.source] >> edge.source & 1
    if join == "add":
        common = ancestors[flow.source] & (ancestors[edge.source] | 1 << edge.source)
        return "residual" if related or (edge.mechanism == "residual" and common) else None
    if join == "concat":
        if edge.mechanism == "dense":
            return "dense"
        if edge.mechanism == "skip" and (related or edge.source in graph.inputs):
            return "skip"
        if not related:
            return "skip" if edge.mechanism == "skip" and ancestors[edge.source] else None
        return "skip" if _changes_size(graph, edge.source, flow.source, ancestors) else "dense"
    return None


def _is_gate(graph: Graph, id: int) -> bool:
    """Whether a value is a gate, perhaps scaled, shifted or unsqueezed."""
    for _ in range(8):
        node = graph.node(id)
        if node.name in _GATES:
            return True
        edges = inputs_of(graph, id)
        if node.kind != "function" or len(edges) != 1:
            return False
        id = edges[0].source
    return False


def _ancestors(graph: Graph) -> list[int]:
    """The nodes that each node depends on, as bits."""
    found: list[int] = []
    for node in graph.nodes:
        bits = 0
        for edge in inputs_of(graph, node.id):
            bits |= found[edge.source] | 1 << edge.source
        found.append(bits)
    return found


def _depths(graph: Graph) -> list[int]:
    found: list[int] = []
    for node in graph.nodes:
        found.append(1 + max((found[e.source] for e in inputs_of(graph, node.id)), default=0))
    return found


def _changes_size(graph: Graph, source: int, target: int, ancestors: list[int]) -> bool:
    """Whether height or width change somewhere between two nodes of equal size."""
    size = graph.node(source).outputs[0].shape[2:]
    return any(
        graph.node(id).outputs and graph.node(id).outputs[0].shape[2:] != size
        for id in range(source + 1, target + 1)
        if ancestors[target] >> id & 1 and ancestors[id] >> source & 1
    )
