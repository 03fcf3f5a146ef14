"""Shapes in boxes: what a layer or block gives, where that is unlike what it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from archspec.dims import Dim
from archspec.ir import Graph
from archspec.passes.sizes import batch_symbol

#: Shapes of open sizes may be long; longer ones are left out (a number for the sizes helps).
LONGEST: Final = 30


@dataclass(frozen=True, slots=True)
class Shapes:
    """The words for the shapes of a graph, with `sizes` for open ones."""

    graph: Graph
    sizes: Mapping[str, int]
    #: The open size that counts the examples; None if there is none.
    batch: str | None

    def of(self, node: int) -> str:
        """`64×112×112`, without the batch; empty for what is too long to be read."""
        outputs = self.graph.node(node).outputs
        if not outputs:
            return ""
        dims = list(outputs[0].shape)
        if dims and self.batch is not None and dims[0] is Dim.symbol(self.batch):
            dims = dims[1:]
        text = "×".join(map(self._dim, dims))
        return text if len(text) <= LONGEST else ""

    def change(self, entry: int | None, node: int) -> str:
        """The shape of what `node` gives if that of `entry` is another one, else nothing."""
        shown = self.of(node)
        if entry is not None and self._shape(entry) == self._shape(node):
            return ""
        return shown

    def _shape(self, node: int) -> tuple[Dim, ...]:
        outputs = self.graph.node(node).outputs
        return outputs[0].shape if outputs else ()

    def _dim(self, dim: Dim) -> str:
        text = str(dim.substitute(self.sizes))
        return f"({text})" if any(char in text for char in " +-*/") else text


def shapes_of(graph: Graph, sizes: Mapping[str, int]) -> Shapes:
    return Shapes(graph, sizes, batch_symbol(graph))
