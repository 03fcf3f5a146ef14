"""Where a size came from: labels and notes for diagnostics, read off the graph built so far."""

from collections.abc import Callable, Iterable, Mapping

from archspec.diagnostics import Label
from archspec.dims import Dim
from archspec.elaborate.context import Context
from archspec.elaborate.values import Tensor
from archspec.ir import Node
from archspec.layers.base import TensorType, size_fields
from archspec.source import Span


def origin(ctx: Context, tensor: Tensor, axis: int) -> Node:
    """The node that gave `axis` of `tensor` its size: back over those that left it alone."""
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


def rank_origin(ctx: Context, tensor: Tensor) -> Node:
    """The node that gave the tensor its number of dimensions."""
    return _walk_back(ctx, tensor, lambda before, after: before.rank == after.rank)


def _type_origin(ctx: Context, tensor: Tensor) -> Node:
    return _walk_back(ctx, tensor, lambda before, after: before == after)


def _walk_back(
    ctx: Context, tensor: Tensor, alike: Callable[[TensorType, TensorType], bool]
) -> Node:
    node = ctx.graph.node(tensor.value.node)
    while edges := ctx.graph.edges_into(node.id):
        before = ctx.graph.node(edges[0].source)
        if not alike(before.outputs[edges[0].output], node.outputs[0]):
            break
        node = before
    return node


def made_at(
    ctx: Context, tensor: Tensor, axis: int | None = None, rank: bool = False
) -> tuple[Label, ...]:
    """A label at the place that gave `axis` its size (or the tensor its type or rank)."""
    if axis is None or not -tensor.type.rank <= axis < tensor.type.rank:
        node = rank_origin(ctx, tensor) if rank else _type_origin(ctx, tensor)
        return (Label(_place(ctx, node), f"gives {node.outputs[0]}"),)
    return (size_label(ctx, tensor, axis % tensor.type.rank),)


def size_label(ctx: Context, tensor: Tensor, axis: int) -> Label:
    """Where the size of `axis` was written, or else the layer it came out of."""
    node = origin(ctx, tensor, axis)
    dim = tensor.type.shape[axis]
    declared = ctx.inputs.get(node.id)
    if declared is not None:
        for item, size in zip(declared.shape.dims, node.outputs[0].shape, strict=True):
            if size is dim:
                return Label(item.span, f"{dim} from here")
    sizes = size_fields(type(node.params)) if node.params is not None else frozenset()
    for name, arg in ctx.given.get(node.id, {}).items():
        if name in sizes and arg.value == dim.const and arg.node is not None:
            return Label(arg.node.span, f"becomes {dim} here")
    return Label(node.span, f"gives {node.outputs[0]}")


def _place(ctx: Context, node: Node) -> Span:
    declared = ctx.inputs.get(node.id)
    return declared.shape.span if declared is not None else node.span


def inputs_of(ctx: Context, *dims: Dim) -> tuple[Label, ...]:
    """Labels at the sizes of inputs that bind the symbols of `dims`."""
    symbols = set[str]().union(*(d.symbols() for d in dims))
    labels = []
    for id, statement in ctx.inputs.items():
        shape = ctx.graph.node(id).outputs[0].shape
        for item, dim in zip(statement.shape.dims, shape, strict=True):
            if bound := dim.symbols() & symbols:
                names = ", ".join(f"`{s}`" for s in sorted(bound))
                labels.append(Label(item.span, f"leaves {names} open"))
                symbols -= bound
    return tuple(labels)


def merged(labels: Iterable[Label], primary: Span) -> tuple[Label, ...]:
    """At most one label a place, and none on that of the primary one."""
    places: dict[Span, Label] = {}
    for label in labels:
        if label.span != primary:
            places.setdefault(label.span, label)
    return tuple(places.values())


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
