"""Integers whose values are known, as positions are: a table must have an entry for each."""

from archspec.dims import Dim, Proven
from archspec.elaborate.context import Context
from archspec.elaborate.rules import report_obligation
from archspec.elaborate.values import Tensor
from archspec.ir import Node, Value
from archspec.layers.base import Arg, FunctionDecl, LayerDecl, Obligation


def follow_elements(ctx: Context, node: Node, inputs: tuple[Tensor, ...]) -> None:
    """Record the smallest and largest element of what a function gives, where it is known."""
    known = None
    if isinstance(node.decl, FunctionDecl) and not inputs:
        known = node.decl.elements(node.params)
    elif node.decl is not None and node.decl.moves_elements and inputs:
        known = ctx.elements.get(inputs[0].value)
    if known is not None:
        ctx.elements[Value(node.id)] = known


def check_entries(ctx: Context, node: Node, inputs: tuple[Tensor, ...]) -> None:
    """Judge that a table has an entry for each index that is looked up in it."""
    known = ctx.elements.get(inputs[0].value) if inputs else None
    decl = node.decl
    if known is None or not isinstance(decl, LayerDecl) or node.module is None:
        return
    entries = decl.entries(node.params)
    if entries is None:
        return
    name = node.module.path
    least, largest = known
    for left, right, what in (
        (entries, largest + 1, f"`{name}` has {entries} entries, but is indexed up to {largest}"),
        (least, Dim.of(0), f"`{name}` is indexed from {least}, which is negative"),
    ):
        obligation = Obligation("at_least", left, right, "A0503", what, (Arg("num_embeddings"),))
        verdict = ctx.judge(obligation, node.span)
        if not isinstance(verdict, Proven):
            given = ctx.given.get(node.id, {})
            report_obligation(ctx, obligation, verdict, node.span, inputs, given, decl)
        elif left.const is None or right.const is None:
            ctx.need(obligation, name, node.span)
