"""The typed graph of one model: nodes, edges, the module tree, and what relates weights."""

from archspec.ir.graph import Edge, Graph, Node, NodeKind, Value
from archspec.ir.modules import (
    Initializer,
    Mechanism,
    Module,
    Need,
    Promise,
    Relation,
    Requirement,
    TensorDecl,
    Tie,
)
from archspec.ir.text import print_graph, print_shapes
from archspec.ir.verify import VerificationError, verify

__all__ = [
    "Edge",
    "Graph",
    "Initializer",
    "Mechanism",
    "Module",
    "Need",
    "Node",
    "NodeKind",
    "Promise",
    "Relation",
    "Requirement",
    "TensorDecl",
    "Tie",
    "Value",
    "VerificationError",
    "print_graph",
    "print_shapes",
    "verify",
]
