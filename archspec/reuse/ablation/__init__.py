"""Models without some of their reuse edges, as an ablation has them."""

from archspec.reuse.ablation.edges import Ablation, choose, mechanisms_of
from archspec.reuse.ablation.flows import NotRemovable
from archspec.reuse.ablation.rewrite import without
from archspec.reuse.ablation.table import Ablated, AblationTable, ablated, measure

__all__ = [
    "Ablated", "Ablation", "AblationTable", "NotRemovable", "ablated", "choose", "measure",
    "mechanisms_of", "without",
]  # fmt: skip
