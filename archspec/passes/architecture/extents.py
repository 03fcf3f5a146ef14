"""Output sizes as papers give them: `56×56` of images, `197×768` of sequences, `10` of vectors."""

from collections.abc import Iterator, Mapping

from archspec.dims import Dim
from archspec.ir import Edge, Graph, Node
from archspec.passes.sizes import batch_symbol


class Extents:
    """The sizes of the values of one graph, at `sizes` where they are open."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int]) -> None:
        self.graph = graph
        self.sizes = sizes
        self.batch = batch_symbol(graph)
        self.channels = _channels(graph)

    def of(self, node: Node) -> str:
        """The spatial axes of what has several, or has channels first; else all but the batch's."""
        shape = node.outputs[0].shape
        channels = self.channels[node.id]
        if len(shape) > 2 and channels == 1:
            rest = shape[2:]
        else:
            rest = shape[1:] if self._batched(shape) else shape
            if len(shape) > 3 and channels == -1:
                rest = rest[:-1]
        return "×".join(_factor(str(dim.substitute(self.sizes))) for dim in rest) or "1"

    def level(self, node: Node) -> str | None:
        """The size without features, by which layers are told apart; None where nothing tells."""
        shape, channels = node.outputs[0].shape, self.channels[node.id]
        if channels is None and len(shape) > 2:
            return None
        if len(shape) > 3 or channels == 1:
            return self.of(node) if len(shape) > 2 else ""
        return self.of(node).rpartition("×")[0]

    def _batched(self, shape: tuple[Dim, ...]) -> bool:
        """Whether the first axis counts the examples."""
        return bool(shape) and (self.batch is None or self.batch in shape[0].symbols())


def _factor(text: str) -> str:
    """In parentheses where it is a sum."""
    depth = 0
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0 and char == " ":
            return f"({text})"
    return text


def _channels(graph: Graph) -> list[int | None]:
    """Per node, the axis of its first output that holds channels; None where nothing tells.

    A layer that mixes channels knows it; what acts on each element has it as its neighbours do.
    """
    found = [node.decl.channels if node.decl is not None else None for node in graph.nodes]
    readers: list[list[Edge]] = [[] for _ in graph.nodes]
    for edge in graph.edges:
        readers[edge.source].append(edge)
    for _ in range(2):
        for node in graph.nodes:
            if found[node.id] is None:
                found[node.id] = next(_before(graph, node, found), None)
        for node in reversed(graph.nodes):
            if found[node.id] is None:
                found[node.id] = next(_after(graph, node, readers[node.id], found), None)
    return found


def _before(graph: Graph, node: Node, found: list[int | None]) -> Iterator[int]:
    if node.decl is not None and node.decl.moves_elements:
        return
    for edge in graph.edges_into(node.id):
        axis = found[edge.source]
        if axis is not None and graph.node(edge.source).outputs[edge.output] == node.outputs[0]:
            yield axis


def _after(graph: Graph, node: Node, readers: list[Edge], found: list[int | None]) -> Iterator[int]:
    for edge in readers:
        reader = graph.node(edge.target)
        if edge.output != 0 or reader.decl is None:
            continue
        axis = found[reader.id]
        if reader.decl.channels is not None and edge.slot == 0:
            yield reader.decl.channels
        elif (
            axis is not None
            and not reader.decl.moves_elements
            and reader.outputs[0] == node.outputs[0]
        ):
            yield axis


__all__ = ["Extents"]
