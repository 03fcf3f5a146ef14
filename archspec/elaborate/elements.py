"""Integers whose values are known, as positions are: a table must have an entry for each."""

from archspec.diagnostics import Edit, Fix, Label
from archspec.dims import Dim, Proven
from archspec.elaborate.context import Context
from archspec.elaborate.rules import report_obligation
from archspec.elaborate.values import Argument, Tensor
from archspec.ir import Node, Value
from archspec.layers.base import Arg, FunctionDecl, LayerDecl, Obligation
from archspec.syntax import ast


def follow_elements(ctx: Context, node: Node, inputs: tuple[Tensor, ...]) -> None:
    """Record the smallest and largest element of what a function gives, where it is known."""
    known = None
    if isinstance(node.decl, FunctionDecl) and not inputs:
        ends = node.decl.elements(node.params)
        known = None if ends is None else (*ends, node.span)
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
    least, largest, made = known
    for left, right, what in (
        (entries, largest + 1, f"`{name}` has {entries} entries, but is indexed up to {largest}"),
        (least, Dim.of(0), f"`{name}` is indexed from {least}, which is negative"),
    ):
        obligation = Obligation("at_least", left, right, "A0503", what, (Arg("num_embeddings"),))
        verdict = ctx.judge(obligation, node.span)
        if not isinstance(verdict, Proven):
            given = ctx.given.get(node.id, {})
            report_obligation(
                ctx,
                obligation,
                verdict,
                node.span,
                inputs,
                given,
                decl,
                more=(Label(made, f"gives {least} to {largest}"),),
                fixes=_enlarged(given.get("num_embeddings"), largest),
            )
        elif left.const is None or right.const is None:
            ctx.need(obligation, name, node.span)


def _enlarged(entries: Argument | None, largest: Dim) -> tuple[Fix, ...]:
    """A table written with too small a number gets as many entries as are indexed."""
    if entries is None or not isinstance(entries.node, ast.Number) or largest.const is None:
        return ()
    edit = Edit(entries.node.span, str(largest.const + 1))
    return (Fix("maybe", f"give it {largest + 1} entries", (edit,)),)
