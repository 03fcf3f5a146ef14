"""Why a weight has its shape: the arguments and the inputs of its layer that gave it its sizes."""

from collections.abc import Collection, Iterator
from itertools import islice

from archspec.diagnostics import Label
from archspec.dims import Dim, DimError
from archspec.elaborate.context import Context, fail
from archspec.elaborate.explain import argument_labels, merged, size_labels
from archspec.elaborate.paths import PROBE, Spot, axis_name, size_at, sources
from archspec.elaborate.values import Application, Tensor
from archspec.ir import Module, Node, Value
from archspec.layers.base import ABSENT, LayerDecl, Params, RuleError, TensorType, Weight
from archspec.source import Span

#: The plural of what axes are called, as in "other heights and widths would be fine".
PLURALS = {"height": "heights", "width": "widths", "depth": "depths", "length": "lengths",
           "positions": "lengths"}  # fmt: skip


def shape_text(weight: Weight) -> str:
    return f"[{', '.join(str(d) for d in weight.shape)}]"


def refuse_shared(
    ctx: Context,
    module: Module,
    decl: LayerDecl[Params],
    params: Params,
    inputs: tuple[Tensor, ...],
    weights: tuple[Weight, ...],
    span: Span,
) -> None:
    """Fail because a layer that is applied again would need other weights than it has (A0601)."""
    pairs = [(a, b) for a, b in zip(module.weights, weights, strict=False) if a.shape != b.shape]
    notes = [
        f"`{module.path}.{a.name}` would be {shape_text(a)} and {shape_text(b)}"
        for a, b in pairs[:1]
    ]
    now = ctx.applying[-1] if ctx.applying else None
    if now is None or now.label.first is None:
        message = f"`{module.path}` is applied to inputs that need different weights"
        fail("A0601", message, span, notes=tuple(notes))
    first = now.label.first
    axes = _differing(first, now)
    applied = f"{_types(first)} and to {_types(now)}"
    sizes: tuple[Label, ...] = ()
    if len(axes) == 1:
        a, b = (Spot.of(application.inputs[0], axes[0]) for application in (first, now))
        name = axis_name(ctx, now.inputs[0], axes[0])
        applied = f"{_sized(name, size_at(ctx, a))} and to {size_at(ctx, b)}"
        sizes = size_labels(ctx, a, b)
    free = _free(ctx, decl, params, inputs, now) if pairs else []
    if free and notes:
        notes[0] += f"; other {' and '.join(free)} would be fine"
    labels = [Label(first.span, "first application")]
    if span != now.span:
        labels.append(Label(span, "one set of weights cannot serve both"))
    fail(
        "A0601",
        f"shared `{now.label.name}` is applied to {applied}",
        now.span,
        "second application",
        labels=merged((*labels, *sizes), now.span),
        notes=tuple(notes),
        help=("make the inputs alike, or use a layer of its own for each",),
    )


def _types(application: Application) -> str:
    return " and ".join(str(t.type) for t in application.inputs)


def _sized(name: str, size: Dim) -> str:
    return f"{size} {name}" if name in ("channels", "features") else f"{name} {size}"


def _differing(first: Application, now: Application) -> list[int]:
    """The axes in which the inputs of two applications differ, where they are one tensor each."""
    if len(first.inputs) != 1 or len(now.inputs) != 1:
        return []
    a, b = first.inputs[0].type, now.inputs[0].type
    if a.rank != b.rank or a.dtype != b.dtype:
        return []
    return [i for i, (x, y) in enumerate(zip(a.shape, b.shape, strict=True)) if x is not y]


def _free(
    ctx: Context,
    decl: LayerDecl[Params],
    params: Params,
    inputs: tuple[Tensor, ...],
    now: Application,
) -> list[str]:
    """The axes of the input, by name, that the weights of a layer do not follow."""
    if len(now.inputs) != 1:
        return []
    given = now.inputs[0]
    types = tuple(t.type for t in inputs)
    reached: set[Spot] = set()
    waiting = [
        Spot.of(inputs[slot], axis)
        for weight in range(len(decl.weights(params, types)))
        for slot, axis in _follows(decl, params, types, weight)
    ]
    while waiting:
        spot = waiting.pop()
        if spot not in reached:
            reached.add(spot)
            waiting.extend(sources(ctx, spot))
    names = [
        axis_name(ctx, given, axis)
        for axis in range(1, given.type.rank)
        if Spot.of(given, axis) not in reached
    ]
    return [PLURALS[name] for name in names if name in PLURALS]


def _follows(
    decl: LayerDecl[Params],
    params: Params,
    types: tuple[TensorType, ...],
    index: int,
    axes: Collection[int] | None = None,
) -> Iterator[tuple[int, int]]:
    """The slots and axes of a layer's inputs that its weight number `index` follows, in `axes`."""
    for slot, given in enumerate(types):
        for axis in range(given.rank if given is not ABSENT else 0):
            varied = (*types[:slot], given.with_axis(axis, Dim.symbol(PROBE)), *types[slot + 1 :])
            try:
                weight = decl.weights(params, varied)[index]
            except (RuleError, DimError, IndexError):
                continue
            sizes = [d for i, d in enumerate(weight.shape) if axes is None or i in axes]
            if any(PROBE in dim.symbols() for dim in sizes):
                yield slot, axis


def weight_labels(
    ctx: Context, module: Module, name: str, axes: Collection[int]
) -> tuple[Label, ...]:
    """The places that gave `axes` of the weight `name` of a layer their sizes."""
    node = next((n for n in ctx.graph.nodes if n.kind == "layer" and n.module is module), None)
    if node is None or not isinstance(node.decl, LayerDecl) or node.params is None:
        return ()
    types = ctx.graph.input_types(node.id)
    index = next((i for i, w in enumerate(module.weights) if w.name == name), None)
    if index is None:
        return ()
    spots = [
        Spot(_source(ctx, node, slot), axis)
        for slot, axis in _follows(node.decl, node.params, types, index, axes)
    ]
    found = list(size_labels(ctx, *spots))
    for axis in axes:
        found.extend(argument_labels(ctx, node, module.weights[index].shape[axis]))
    return tuple(islice(merged(found), 6))


def _source(ctx: Context, node: Node, slot: int) -> Value:
    edge = ctx.graph.edges_into(node.id)[slot]
    return Value(edge.source, edge.output)
