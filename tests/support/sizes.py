"""Sizes at which a model is shown: those of its papers, or the nearest that it takes."""

from collections.abc import Mapping

from archspec.ir import Graph
from archspec.passes.sizes import batch_symbol, open_sizes

_USUAL: Mapping[str, int] = {"T": 128}


def usual_sizes(graph: Graph) -> dict[str, int]:
    """A value for each open size but the batch's; 224 unless the model excludes it."""
    found = {}
    for name in open_sizes(graph):
        if name != batch_symbol(graph):
            found[name] = _allowed(graph, name, _USUAL.get(name, 224))
    return found


def _allowed(graph: Graph, name: str, wanted: int) -> int:
    domain = graph.domains[name]
    above = next((size for size in range(wanted, wanted + 1024) if size in domain), None)
    if above is not None:
        return above
    return next(size for size in range(wanted, 0, -1) if size in domain)
