"""Where a size came from: labels and notes for diagnostics, read off the graph built so far."""

from collections.abc import Mapping

from archspec.diagnostics import Label
from archspec.dims import Dim
from archspec.elaborate.context import Context
from archspec.elaborate.values import Tensor
from archspec.ir import Node


def origin(ctx: Context, tensor: Tensor, axis: int) -> Node:
    """The node that gave `axis` of `tensor` its size: walking back over nodes that left it alone."""
    node = ctx.graph.node(tensor.value.node)
    dim = tensor.type.shape[axis]
    from_end = axis - tensor.type.rank
    while True:
        edges = ctx.graph.edges_into(node.id)
        if not edges:
            return node
        before = ctx.graph.node(edges[0].source)
        shape = before.outputs[edges[0].output].shape
        same_rank = len(shape) == len(node.outputs[0].shape)
        at = axis if same_rank else from_end + len(shape)
        if not 0 <= at < len(shape) or shape[at] is not dim:
            return node
        node = before


def made_at(ctx: Context, tensor: Tensor, axis: int | None = None) -> tuple[Label, ...]:
    """A label at the place that gave `axis` its size (or made the tensor, without an axis)."""
    if axis is None or not -tensor.type.rank <= axis < tensor.type.rank:
        node = ctx.graph.node(tensor.value.node)
        return (Label(node.span, f"gives {tensor.type}"),)
    axis %= tensor.type.rank
    node = origin(ctx, tensor, axis)
    return (Label(node.span, f"gives {node.outputs[0]}"),)


def inputs_of(ctx: Context, *dims: Dim) -> tuple[Label, ...]:
    """Labels at the inputs that bind the symbols of `dims`."""
    symbols = frozenset[str]().union(*(d.symbols() for d in dims))
    labels = []
    for id in ctx.graph.inputs:
        node = ctx.graph.node(id)
        bound = [s for d in node.outputs[0].shape for s in d.symbols() if s in symbols]
        if bound:
            names = ", ".join(f"`{s}`" for s in dict.fromkeys(bound))
            labels.append(Label(node.span, f"leaves {names} open"))
            symbols -= set(bound)
    return tuple(labels)


def lay_out_counterexample(
    kind: str, left: Dim, right: Dim, counterexample: Mapping[str, int]
) -> str:
    """`smallest failing size is H=24: 3 and 2`."""
    sizes = ", ".join(f"{name}={value}" for name, value in sorted(counterexample.items()))
    a, b = left.evaluate(counterexample), right.evaluate(counterexample)
    what = f"smallest failing size is {sizes}: "
    match kind:
        case "equal":
            return what + f"`{left}` = {a}, `{right}` = {b}"
        case "divisible":
            return what + f"`{left}` = {a}, which {b} does not divide"
        case _:
            return what + f"`{left}` = {a}, less than {b}"
