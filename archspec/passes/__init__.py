"""What is computed from a whole graph: costs, reuse edges, and the summary of a model."""

from archspec.passes.costs import Costs, Reuse, Row, costs
from archspec.passes.reuse_edges import EdgeMechanism, ReuseEdge, reuse_edges
from archspec.passes.sizes import batch_symbol, resolve_sizes

__all__ = [
    "Costs",
    "EdgeMechanism",
    "Reuse",
    "ReuseEdge",
    "Row",
    "batch_symbol",
    "costs",
    "resolve_sizes",
    "reuse_edges",
]
