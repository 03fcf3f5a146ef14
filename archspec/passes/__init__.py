"""What is computed from a whole graph: costs and the summary of a model."""

from archspec.passes.costs import Costs, Reuse, Row, costs
from archspec.passes.sizes import batch_symbol, resolve_sizes

__all__ = ["Costs", "Reuse", "Row", "batch_symbol", "costs", "resolve_sizes"]
