"""Where the size of an axis comes from: its way back through the graph built so far.

Which axes of its inputs an axis of a node follows is asked of the node's own shape rule: with one
axis of one input replaced by a fresh symbol, the axes that change are those that follow it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from archspec.dims import Dim, DimError
from archspec.elaborate.context import Context
from archspec.elaborate.values import Label, Tensor, tensors_in
from archspec.ir import Node, Value
from archspec.layers.base import ABSENT, Needs, RuleError, TensorType

#: Nodes that are followed back; a longer way is cut off.
MAX_STEPS = 20_000
#: The name of the symbol put in for an axis; no spec can write it.
PROBE = "?"


@dataclass(frozen=True, slots=True)
class Spot:
    """Axis `axis` of a value: what a size belongs to."""

    value: Value
    axis: int

    @staticmethod
    def of(tensor: Tensor, axis: int) -> "Spot":
        return Spot(tensor.value, axis)


#: For each output and axis of a node: the slots and axes of its inputs that it follows.
Follows = dict[tuple[int, int], list[tuple[int, int]]]


def size_at(ctx: Context, spot: Spot) -> Dim:
    return ctx.graph.type_of(spot.value).shape[spot.axis]


def node_at(ctx: Context, spot: Spot) -> Node:
    return ctx.graph.node(spot.value.node)


def sources(ctx: Context, spot: Spot) -> tuple[Spot, ...]:
    """The axes that this one's size follows; those of the same size come first."""
    node = node_at(ctx, spot)
    edges = ctx.graph.edges_into(node.id)
    if not edges:
        return ()
    found = [
        Spot(Value(edges[slot].source, edges[slot].output), axis)
        for slot, axis in _follows(ctx, node).get((spot.value.index, spot.axis), ())
    ]
    size = size_at(ctx, spot)
    if not found and size.const is None:
        found = _of_same_size(ctx, node, size)
    return tuple(sorted(found, key=lambda s: size_at(ctx, s) is not size))


def _of_same_size(ctx: Context, node: Node, size: Dim) -> list[Spot]:
    """An open size that an argument repeats, as in `reshape(x, [B, -1])`."""
    for edge in ctx.graph.edges_into(node.id):
        value = Value(edge.source, edge.output)
        for axis, dim in enumerate(ctx.graph.type_of(value).shape):
            if dim is size:
                return [Spot(value, axis)]
    return []


def _follows(ctx: Context, node: Node) -> Follows:
    decl, types = node.decl, ctx.graph.input_types(node.id)
    if decl is None:
        return {}
    key = (decl, node.params, types)
    try:
        known = ctx.followed.get(key)
    except TypeError:  # an argument without a hash, as a slice
        known, key = None, None  # type: ignore[assignment]
    if known is None:
        known = _probe(decl, node.params, types, node.outputs)
        if key is not None:
            ctx.followed[key] = known
    return known


def _probe(
    decl: Any, params: Any, types: tuple[TensorType, ...], outputs: tuple[TensorType, ...]
) -> Follows:
    found: Follows = {}
    for slot, given in enumerate(types):
        for axis in range(given.rank if given is not ABSENT else 0):
            varied = (
                *types[:slot],
                given.with_axis(axis, Dim.symbol(PROBE)),
                *types[slot + 1 :],
            )
            try:
                changed = decl.shape(params, varied, Needs())
            except (RuleError, DimError):
                changed = None
            for index, output in enumerate(outputs):
                for at, dim in enumerate(output.shape):
                    if changed is None or changed[index].rank != output.rank:
                        # it cannot be asked: an axis in the same place is taken to follow
                        follows = output.rank == given.rank and at == axis
                        follows = follows and dim is given.shape[axis]
                    else:
                        follows = PROBE in changed[index].shape[at].symbols()
                    if follows:
                        found.setdefault((index, at), []).append((slot, axis))
    return found


def trail(ctx: Context, spot: Spot) -> list[Spot]:
    """From `spot` back to where its size began, by the first source of each."""
    found = [spot]
    while len(found) < MAX_STEPS and (before := sources(ctx, found[-1])):
        found.append(before[0])
    return found


def fork(ctx: Context, first: Spot, second: Spot) -> tuple[list[Spot], list[Spot], Spot | None]:
    """The ways of two sizes from the last place that they have in common, in order of execution.

    Both begin with that place; without one, each begins where its size does.
    """
    a, b = trail(ctx, first), trail(ctx, second)
    places = {spot: i for i, spot in enumerate(b)}
    for i, spot in enumerate(a):
        if spot in places:
            return a[i::-1], b[places[spot] :: -1], spot
    return a[::-1], b[::-1], None


def changes(ctx: Context, way: list[Spot]) -> list[Spot]:
    """The places of a way, in order of execution, at which the size is not that of before."""
    kept = []
    for before, spot in zip((None, *way), way, strict=False):
        if before is None or size_at(ctx, before) is not size_at(ctx, spot):
            kept.append(spot)
    return kept


def causes(ctx: Context, spot: Spot, until: Spot | None, most: int = 24) -> Iterator[Spot]:
    """The places that gave the size what it is, the nearest first, back to `until`.

    Where a size follows several others, as those of a concatenation, all their ways are followed.
    """
    waiting, seen = [spot], {spot}
    while waiting and most > 0:
        at = waiting.pop(0)
        if at == until:
            continue
        before = sources(ctx, at)
        size = size_at(ctx, at)
        same = bool(before) and size_at(ctx, before[0]) is size
        before = before[:1] if same else before
        if not same or _moved(ctx, before[0], at):
            most -= 1
            yield at
        for one in before:
            if one not in seen:
                seen.add(one)
                waiting.append(one)


def _moved(ctx: Context, before: Spot, after: Spot) -> bool:
    """Whether the size stands at another axis than before, or among more or fewer axes."""
    ranks = [ctx.graph.type_of(spot.value).rank for spot in (before, after)]
    return before.axis != after.axis or ranks[0] != ranks[1]


# --- names -------------------------------------------------------------------------------------


def namer(ctx: Context) -> Callable[[Spot], str]:
    """What values are called: the author's name for them, or else the layer that gave them."""
    known: dict[Value, str] = {}
    for name, value in ctx.frame.names.items():
        if name == "_":
            continue
        named = value.value if isinstance(value, Label) else value
        for tensor in tensors_in(named) if isinstance(named, Tensor) else ():
            known.setdefault(tensor.value, name)
    for frame in (ctx.frame,):
        for name, tensor in frame.inputs:
            known.setdefault(tensor.value, name)

    def name_of(spot: Spot) -> str:
        found = known.get(spot.value)
        if found is not None:
            return found
        node = node_at(ctx, spot)
        module = node.module
        if node.kind == "layer" and module is not None and module.labelled:
            return module.key
        return node.name

    return name_of


#: Axis names of the usual layouts, by rank.
AXES = {
    2: ("rows", "features"),
    3: ("batch", "positions", "features"),
    4: ("batch", "channels", "height", "width"),
    5: ("batch", "channels", "depth", "height", "width"),
}


SIGNAL = ("batch", "channels", "length")


def axis_name(ctx: Context, tensor: Tensor, axis: int) -> str:
    """What an axis is called in the usual layouts: `channels`, `height`."""
    names = AXES.get(tensor.type.rank, ())
    if tensor.type.rank == 3 and _is_signal(ctx, tensor):
        names = SIGNAL
    return names[axis] if axis < len(names) else f"on axis {axis}"


def _is_signal(ctx: Context, tensor: Tensor) -> bool:
    """Whether three axes are those of `Conv1d` rather than those of a sequence of features."""
    return any(node_at(ctx, s).name.endswith("1d") for s in trail(ctx, Spot.of(tensor, 2)))
