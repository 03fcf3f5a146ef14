"""Where a size came from: labels and notes for diagnostics, read off the graph built so far."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, zip_longest

from archspec.diagnostics import Label
from archspec.dims import Dim
from archspec.elaborate.context import Context
from archspec.elaborate.paths import (
    Spot,
    causes,
    node_at,
    size_at,
    sources,
)
from archspec.elaborate.values import Frame, Tensor, names_in
from archspec.ir import Node
from archspec.layers.base import TensorType, size_fields
from archspec.source import Span
from archspec.syntax import ast

#: Places of one diagnostic beside its primary one.
MAX_PLACES = 8
#: Sizes of one way that a note shows; of a longer way the ends.
MAX_SHOWN = 7


# --- labels ------------------------------------------------------------------------------------


def rank_origin(ctx: Context, tensor: Tensor) -> Node:
    """The node that gave the tensor its number of dimensions."""
    return _walk_back(ctx, tensor, lambda before, after: before.rank == after.rank)


def type_origin(ctx: Context, tensor: Tensor) -> Node:
    """The node that gave the tensor its type: back over those that left it alone."""
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
    """Labels at the places that gave `axis` its size (or the tensor its type or rank)."""
    if axis is None or not -tensor.type.rank <= axis < tensor.type.rank:
        node = rank_origin(ctx, tensor) if rank else type_origin(ctx, tensor)
        return (Label(_place(ctx, node), f"gives {node.outputs[0]}"),)
    return size_labels(ctx, Spot.of(tensor, axis % tensor.type.rank))


def size_labels(ctx: Context, *spots: Spot, until: Spot | None = None) -> tuple[Label, ...]:
    """Where sizes were written, or what they came out of; the nearest of each spot first."""
    ways = [(_cause_labels(ctx, s) for s in causes(ctx, spot, until)) for spot in spots]
    turns = chain.from_iterable(zip_longest(*ways, fillvalue=()))
    return tuple(islice(merged(chain.from_iterable(turns)), MAX_PLACES))


def _cause_labels(ctx: Context, spot: Spot) -> tuple[Label, ...]:
    node, size = node_at(ctx, spot), size_at(ctx, spot)
    declared = ctx.inputs.get(node.id)
    if declared is not None:
        return (Label(declared.shape.dims[spot.axis].span, f"{size} from here"),)
    before = sources(ctx, spot)
    if not before and (written := argument_labels(ctx, node, size)):
        return written
    if len(before) == 1 and size_at(ctx, before[0]) is not size:
        return (Label(node.span, f"{size_at(ctx, before[0])} becomes {size} here"),)
    return (Label(_place(ctx, node), f"gives {node.outputs[0]}"),)


def argument_labels(ctx: Context, node: Node, size: Dim) -> tuple[Label, ...]:
    """Labels at the argument of a call that gave a size, and where its parameters got theirs."""
    sizes = size_fields(type(node.params)) if node.params is not None else frozenset()
    for name, arg in ctx.given.get(node.id, {}).items():
        if name in sizes and arg.value == size.const and arg.node is not None:
            given = _given_at(ctx.frames.get(node.id), arg.node)
            return (Label(arg.node.span, f"becomes {size} here"), *islice(given, 2))
    return ()


def _given_at(frame: Frame | None, expr: ast.Node) -> Iterator[Label]:
    """Where the parameters that `expr` reads were given their values, the callers' ones too."""
    if frame is None:
        return
    params = {param.name: param for param in frame.block.params}
    for name in dict.fromkeys(n.id for n in names_in(expr)):
        value = frame.constants.get(name)
        if name not in params or isinstance(value, bool) or not isinstance(value, int):
            continue
        arg, default = frame.given.get(name), params[name].default
        if arg is not None and arg.node is not None:
            yield Label(arg.node.span, f"`{name}` = {value} here")
            yield from _given_at(frame.caller, arg.node)
        elif arg is None and default is not None:
            yield Label(default.span, f"`{name}` = {value} here")


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


def merged(labels: Iterable[Label], primary: Span | None = None) -> tuple[Label, ...]:
    """At most one label a place, and none on that of the primary one."""
    places: dict[Span, Label] = {}
    for label in labels:
        if label.span != primary:
            places.setdefault(label.span, label)
    return tuple(places.values())
