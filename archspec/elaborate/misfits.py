"""Diagnostics of joins whose tensors do not fit: both shapes, where each came from, a remedy."""

from collections.abc import Mapping, Sequence

from archspec.diagnostics import Diagnostic, Edit, Fix
from archspec.diagnostics import Label as Mark
from archspec.dims import (
    Dim,
    Proven,
    Refuted,
    Unknown,
)
from archspec.elaborate.context import Context, Misfit, fail
from archspec.elaborate.evaluate import name_of
from archspec.elaborate.explain import made_at, merged
from archspec.elaborate.paths import Spot, axis_name
from archspec.elaborate.replay import apart, replay, two_ways
from archspec.elaborate.values import Tensor
from archspec.layers.base import Obligation
from archspec.source import Span
from archspec.syntax import ast

Join = ast.Residual | ast.Dense | ast.Reuse


def report_rank(ctx: Context, core: Join, y: Tensor, x: Tensor, name: str, number: int) -> None:
    """Fail because two tensors of a join have different numbers of dimensions."""
    first, second = _names(ctx, core, y, x, number)
    ranks = f"{y.type.rank} dimensions on one side, {x.type.rank} on the other"
    place = _place(core, number)
    labels = (*made_at(ctx, y, rank=True), *made_at(ctx, x, rank=True))
    fail(
        "A0404",
        f"cannot {_verb(core, name)} {first} and {second}: {ranks}",
        place,
        f"{y.type} and {x.type}",
        labels=merged(labels, place),
    )


def report_join(
    ctx: Context,
    core: Join,
    y: Tensor,
    x: Tensor,
    failing: Mapping[int, Refuted | Unknown],
    align: ast.Group | ast.Name | None,
    number: int,
) -> None:
    """Record that `y` and the reused `x` (source `number` of the join) differ on some axes.

    Where known sizes differ, no condition on the others mends the join: they are only named.
    """
    pairs = {i: (y.type.shape[i].const, x.type.shape[i].const) for i in failing}
    known = [i for i, pair in pairs.items() if None not in pair]
    for axis in known[:1] or failing:
        also = [i for i in failing if i != axis] if known else []
        _report_axis(ctx, core, y, x, axis, failing[axis], align, number, also)


def _report_axis(
    ctx: Context,
    core: Join,
    y: Tensor,
    x: Tensor,
    axis: int,
    verdict: Refuted | Unknown,
    align: ast.Group | ast.Name | None,
    number: int,
    also: Sequence[int],
) -> None:
    a, b = y.type.shape[axis], x.type.shape[axis]
    ways = Spot.of(y, axis), Spot.of(x, axis)
    first, second = _names(ctx, core, y, x, number)
    what = axis_name(ctx, y, axis)
    concat = isinstance(core, ast.Dense) or _combiner(core).startswith("concat")
    text = f"{x.type} and {y.type} differ in {what}"
    if not concat:
        text = f"needs equal shapes: {x.type} and {y.type}"
    known = a.const is not None and b.const is not None
    values = verdict.counterexample if isinstance(verdict, Refuted) else None
    labels, notes = two_ways(ctx, *ways, None if known else values)
    headline = None
    match verdict:
        case Refuted() if known:
            code = "A0401"
            verb, sizes = _verb(core, _combiner(core)), f"{a} {what} on one side, {b} on the other"
            if what in ("height", "width", "depth", "length") or what.startswith("on axis"):
                sizes = f"{what} {a} on one side, {b} on the other"
            joined = "and" if concat else {"add": "to", "multiply": "by"}.get(verb, "and")
            message = f"cannot {verb} {first} {joined} {second}: {sizes}"
            way = replay(ctx, *ways, {})
            notes = (f"{what}: {way}",) if way is not None else ()
            if also:
                others = " and ".join(axis_name(ctx, y, i) for i in also)
                notes = (*notes, f"they differ in {others} as well")
        case Refuted() if apart(ctx, a, b):
            code = "A0402"
            message = f"{second} aligns with {first} for no size: {what} {b} and {a}"
        case Refuted():
            code = "A0403"
            headline = f"{second} does not align with {first}"
            message = f"{headline} for every size: {what} {b} and {a}"
            text = f"{first} has {what} {a}, {second} has {b}"
        case Unknown(reason=reason):
            code, notes = "A0405", (reason,)
            message = f"cannot decide whether {second} aligns with {first}: {what} {b} and {a}"
    help, fixes = ((), ()) if code == "A0403" and concat else _remedy(ctx, core, y, x, align)
    place = _place(core, number)
    marks = (Mark(place, text, primary=True), *merged(labels, place))
    subject = (second if isinstance(core, ast.Reuse) else "", place, id(ctx.pass_))
    diagnostic = Diagnostic(code, "error", message, marks, notes, help, fixes)
    index = ctx.report_once(diagnostic, (a, b), subject)
    if code == "A0403":
        fact = Obligation("equal", a, b, code, message)
        ctx.misfits.append(Misfit(index, fact, headline, subject))


def need_aligned(ctx: Context, core: Join, y: Tensor, x: Tensor, axis: int, number: int) -> None:
    """Record that a join rests on two sizes being equal."""
    a, b = y.type.shape[axis], x.type.shape[axis]
    if a.const is None or b.const is None:
        first, second = _names(ctx, core, y, x, number)
        message = f"{second} does not align with {first}"
        fact = Obligation("equal", a, b, "A0403", message)
        place = _place(core, number)
        ctx.need(fact, _written(core, second), place)


def _written(core: Join, second: str) -> str:
    match core:
        case ast.Residual():
            return "residual"
        case ast.Dense():
            return "dense"
        case ast.Reuse():
            return f"reuse {second.strip('`')} by {_combiner(core)}"


def _combiner(core: Join) -> str:
    return core.combiner.span.text.split("(")[0] if isinstance(core, ast.Reuse) else ""


def _verb(core: Join, name: str) -> str:
    if isinstance(core, ast.Dense) or name == "concat":
        return "concatenate"
    return {"": "add", "add": "add", "mul": "multiply"}.get(name, f"combine by `{name}`")


def _place(core: Join, number: int) -> Span:
    """What is at fault: the reused value, or the keyword of a join with a body."""
    if isinstance(core, ast.Reuse):
        return core.sources[number].span
    word = "residual" if isinstance(core, ast.Residual) else "dense"
    return Span(core.span.source, core.span.start, core.span.start + len(word))


def _names(ctx: Context, core: Join, y: Tensor, x: Tensor, number: int) -> tuple[str, str]:
    """What the body's (or flowing) value and the reused one are called."""
    match core:
        case ast.Residual():
            return _named(ctx, y, "the body's value"), _before(ctx, x, "residual")
        case ast.Dense():
            return _before(ctx, y, "dense"), _named(ctx, x, "the body's value")
        case ast.Reuse():
            source = core.sources[number]
            text = source.span.text
            if isinstance(source, ast.Name | ast.Template):
                text = name_of(ctx, source)
            return _named(ctx, y, "the flowing value"), f"`{text}`"


def _named(ctx: Context, tensor: Tensor, other: str) -> str:
    node = ctx.graph.node(tensor.value.node)
    if node.kind == "layer" and node.module is not None and node.module.labelled:
        return f"`{node.module.key}`"
    return other


def _before(ctx: Context, x: Tensor, word: str) -> str:
    for name, tensor in ctx.frame.inputs:
        if tensor.value == x.value:
            declared = any(isinstance(s, ast.Input) for s in ctx.frame.block.body.statements)
            return f"the input `{name}`" if declared else "the block's input"
    return f"the value before `{word}`"


# --- remedies ----------------------------------------------------------------------------------


def _remedy(
    ctx: Context, core: Join, y: Tensor, x: Tensor, align: ast.Group | ast.Name | None
) -> tuple[tuple[str, ...], tuple[Fix, ...]]:
    if align is not None:
        return (f"the value of `align` must have the shape of the other side, {y.type}",), ()
    if not isinstance(core, ast.Residual):
        return (), ()
    layer = _projection(ctx, y, x)
    if layer is None:
        return ("align the reused features: `residual { … } align { … }`",), ()
    end = Span(core.span.source, core.span.end, core.span.end)
    text = f"align {{ proj: {layer} }}"
    fix = Fix("maybe", f"add `{text}`", (Edit(end, f" {text}"),))
    return (f"project the reused features, or keep their shape {x.type}",), (fix,)


def _projection(ctx: Context, y: Tensor, x: Tensor) -> str | None:
    """The layer that takes features like `x` to the shape of `y`, if a simple one does."""
    if y.type.rank in (2, 3) and y.type.shape[:-1] == x.type.shape[:-1]:
        return f"Linear({y.type.shape[-1]})" if y.type.shape[-1].const else None
    conv = {3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}.get(y.type.rank)
    if conv is None or y.type.shape[0] is not x.type.shape[0] or y.type.shape[1].const is None:
        return None
    for stride in (1, 2, 4, 8):
        pairs = zip(y.type.shape[2:], x.type.shape[2:], strict=True)
        if all(_is(ctx, a, (b - 1) // stride + 1) for a, b in pairs):
            strided = f", stride={stride}" if stride > 1 else ""
            return f"{conv}({y.type.shape[1]}, 1{strided})"
    return None


def _is(ctx: Context, a: Dim, b: Dim) -> bool:
    return isinstance(ctx.decide("equal", a, b), Proven)
