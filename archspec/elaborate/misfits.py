"""Diagnostics of joins whose tensors do not fit: both shapes, where each came from, a remedy."""

from typing import Any

from archspec.diagnostics import Diagnostic, Edit, Fix
from archspec.diagnostics import Label as Mark
from archspec.dims import Refuted
from archspec.elaborate.context import Context, fail
from archspec.elaborate.explain import inputs_of, lay_out_counterexample, origin
from archspec.elaborate.values import (
    Outputs,
    Poison,
    Tensor,
)
from archspec.source import Span
from archspec.syntax import ast

Flowing = Tensor | Outputs | Poison | None
Join = ast.Residual | ast.Dense | ast.Reuse

#: Axis names of the usual layouts, by rank.
AXES = {
    2: ("rows", "features"),
    3: ("batch", "positions", "features"),
    4: ("batch", "channels", "height", "width"),
    5: ("batch", "channels", "depth", "height", "width"),
}


def _verb(core: Join, name: str) -> str:
    if isinstance(core, ast.Dense) or name == "concat":
        return "concatenate"
    return {"add": "add", "mul": "multiply"}.get(name, f"combine by `{name}`")


def _names(ctx: Context, core: Join, y: Tensor, x: Tensor) -> tuple[str, str]:
    if isinstance(core, ast.Residual):
        return _named(
            ctx, y, "the body's value"
        ), "the block's input" if x is y else "the value before `residual`"
    if isinstance(core, ast.Dense):
        return _named(ctx, x, "the body's value"), "the value before `dense`"
    text = next((s.span.text for s in core.sources), "")
    return _named(ctx, y, "the flowing value"), f"`{text}`" if text else "the reused value"


def _named(ctx: Context, tensor: Tensor, other: str) -> str:
    module = ctx.graph.node(tensor.value.node).module
    node = ctx.graph.node(tensor.value.node)
    if node.kind == "layer" and module is not None and module.labelled:
        return f"`{module.key}`"
    return other


def report_rank(ctx: Context, core: Join, y: Tensor, x: Tensor, name: str) -> None:
    first, second = _names(ctx, core, y, x)
    fail(
        "A0404",
        f"cannot {_verb(core, name)} {first} and {second}: {y.type.rank} dimensions on one side, {x.type.rank} on the other",
        _keyword(core),
        f"{y.type} and {x.type}",
        labels=(_source_label(ctx, y, None), _source_label(ctx, x, None)),
    )


def _keyword(core: Join) -> Span:
    if isinstance(core, ast.Reuse):
        return core.span
    word = "residual" if isinstance(core, ast.Residual) else "dense"
    return Span(core.span.source, core.span.start, core.span.start + len(word))


def _source_label(ctx: Context, tensor: Tensor, axis: int | None) -> Mark:
    node = origin(ctx, tensor, axis) if axis is not None else ctx.graph.node(tensor.value.node)
    if axis is None:
        return Mark(node.span, f"gives {tensor.type}")
    dim = tensor.type.shape[axis]
    return Mark(node.span, f"{dim} from here")


def report_join(
    ctx: Context, core: Join, y: Tensor, x: Tensor, axis: int, verdict: Any, align: Any
) -> None:
    """The diagnostic of a failed join: both shapes, where each size came from, a remedy."""
    a, b = y.type.shape[axis], x.type.shape[axis]
    if isinstance(core, ast.Dense):
        a, b = b, a
    name = core.combiner.span.text if isinstance(core, ast.Reuse) else ""
    first, second = _names(ctx, core, y, x)
    names = AXES.get(y.type.rank, ())
    what = names[axis] if axis < len(names) else f"on axis {axis}"
    shapes = f"needs equal shapes: {x.type} and {y.type}"
    if isinstance(core, ast.Dense) or name.startswith("concat"):
        shapes = f"{x.type} and {y.type} differ in {what}"
    notes: list[str] = []
    labels = [_source_label(ctx, y, axis), _source_label(ctx, x, axis)]
    if a.const is not None and b.const is not None:
        code = "A0401"
        sizes = f"{a} {what} on one side, {b} on the other"
        if what in ("height", "width", "depth"):
            sizes = f"{what} {a} on one side, {b} on the other"
        message = f"cannot {_verb(core, name.split('(')[0] or 'add')} {first} to {second}: {sizes}"
        if "concat" in _verb(core, name.split("(")[0]):
            message = f"cannot concatenate {first} and {second}: {sizes}"
    elif isinstance(verdict, Refuted):
        code = "A0403"
        message = f"{second} does not align with {first} for every size: {what} {b} and {a}"
        notes.append(lay_out_counterexample("equal", a, b, verdict.counterexample))
        labels.extend(inputs_of(ctx, a, b))
    else:
        code = "A0405"
        message = (
            f"cannot decide whether {second} aligns with {first} for every size: {what} {b} and {a}"
        )
        notes.append(verdict.reason)
        labels.extend(inputs_of(ctx, a, b))
    help, fixes = _remedy(core, y, x, axis, align)
    primary = Mark(_keyword(core), shapes, primary=True)
    marks = [m for m in dict.fromkeys(labels) if m.span != primary.span]
    ctx.report(Diagnostic(code, "error", message, (primary, *marks), tuple(notes), help, fixes))


def _remedy(
    core: Join, y: Tensor, x: Tensor, axis: int, align: Any
) -> tuple[tuple[str, ...], tuple[Fix, ...]]:
    if align is not None:
        return (("the value of `align` must have the shape of the other side",), ())
    conv = {3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}.get(y.type.rank)
    if isinstance(core, ast.Residual) and axis == 1 and conv and _spatially_equal(y, x):
        text = f"{{ proj: {conv}({y.type.shape[1]}, 1) }}"
        end = Span(core.span.source, core.span.end, core.span.end)
        fix = Fix("maybe", f"add `align {text}`", (Edit(end, f" align {text}"),))
        return ((f"project the reused features, or keep {x.type.shape[1]} channels",), (fix,))
    if isinstance(core, ast.Residual):
        return (("align the reused features: `residual { … } align { … }`",), ())
    return ((), ())


def _spatially_equal(y: Tensor, x: Tensor) -> bool:
    return y.type.shape[2:] == x.type.shape[2:]
