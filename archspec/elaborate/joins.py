"""Joins: `residual`, `dense` and `reuse … by …`, and the alignment of what is reused."""

from typing import Any

from archspec.dims import Proven, Refuted, Unknown
from archspec.elaborate.application import build, child_module
from archspec.elaborate.apply import apply_function
from archspec.elaborate.call_arguments import bind
from archspec.elaborate.context import Context, fail
from archspec.elaborate.evaluate import arguments, evaluate, lookup, name_of
from archspec.elaborate.misfits import Join, need_aligned, report_join, report_rank
from archspec.elaborate.unknown import unknown_name
from archspec.elaborate.values import (
    POISON,
    Argument,
    BlockValue,
    Builtin,
    FunctionValue,
    LayerValue,
    Outputs,
    Poison,
    Step,
    Tensor,
    describe,
)
from archspec.ir import Mechanism
from archspec.layers import registry
from archspec.layers.base import FunctionDecl, Obligation
from archspec.source import Span
from archspec.syntax import ast

Flowing = Tensor | Outputs | Poison | None


def run_join(ctx: Context, core: Join, flow: Flowing) -> Any:
    """Run a join on the flowing value."""
    from archspec.elaborate.statements import run_statements

    if flow is POISON:
        return POISON
    if not isinstance(flow, Tensor):
        keyword = core.span.text.split(None, 1)[0].split("{")[0]
        if flow is None:
            fail(
                "A0301",
                f"nothing flows into `{keyword}`",
                core.span,
                help=("begin with a value: `x -> …`",),
            )
        fail("A0305", f"`{keyword}` joins one tensor, not {describe(flow)}", core.span)
    match core:
        case ast.Residual():
            result = run_statements(ctx, core.body.statements, flow)
            y = _one(result, core.body.span)
            if y is POISON:
                return POISON
            return _combine(ctx, core, y, (flow,), "add", (), core.align, ("residual",))
        case ast.Dense():
            y = _one(run_statements(ctx, core.body.statements, flow), core.body.span)
            if y is POISON:
                return POISON
            return _dense(ctx, core, flow, y)
        case ast.Reuse():
            return _reuse(ctx, core, flow)


def _one(value: Flowing, span: Span) -> Any:
    if value is POISON or isinstance(value, Tensor):
        return value
    return fail("A0305", f"the body must give one tensor, not {describe(value)}", span)


def _dense(ctx: Context, core: ast.Dense, x: Tensor, y: Tensor) -> Any:
    if not _fits(ctx, core, (x, y), "concat", 1, None):
        return _expected(x, [y], "concat", 1)
    decl = _function("concat")
    return _record(
        ctx, core, apply_function(ctx, decl, (), core, Outputs((x, y)), ("dense", None)), (x, y), ()
    )


def _function(name: str) -> FunctionDecl[Any]:
    decl = registry.function(name)
    assert decl is not None, name
    return decl


def _reuse(ctx: Context, core: ast.Reuse, flow: Tensor) -> Any:
    sources: list[Tensor] = []
    for expr in core.sources:
        value = evaluate(ctx, expr)
        if value is POISON:
            return POISON
        listed = value if isinstance(value, list | tuple) and value else (value,)
        if not all(isinstance(item, Tensor) for item in listed):
            fail("A0112", f"only a tensor can be reused, not {describe(value)}", expr.span)
        sources.extend(listed)
    combiner, args = _combiner(ctx, core.combiner)
    if combiner is POISON or any(a.value is POISON for a in args):
        return POISON
    match combiner:
        case FunctionDecl():
            name = combiner.name
            mechanism: Mechanism = {"add": "residual", "mul": "gate"}.get(name, "skip")  # type: ignore[assignment]
            mechanisms = tuple(mechanism for _ in sources)
            return _combine(ctx, core, flow, tuple(sources), name, args, core.align, mechanisms)
        case LayerValue() | BlockValue():
            return _by_layer(ctx, core, (flow, *sources), combiner)
        case _:
            return fail(
                "A0112",
                f"features are combined by a function or a layer, not {describe(combiner)}",
                core.combiner.span,
                help=("use `concat`, `add`, `mul`, `max`, `mean`, or a layer of several inputs",),
            )


def _combiner(ctx: Context, expr: ast.Expr) -> tuple[Any, tuple[Argument, ...]]:
    func = expr.func if isinstance(expr, ast.Call) else expr
    args = arguments(ctx, expr) if isinstance(expr, ast.Call) else ()
    if isinstance(func, ast.Name | ast.Template):
        name = name_of(ctx, func)
        try:
            value = lookup(ctx, name)
        except KeyError:
            unknown_name(ctx, name, func)
        if isinstance(value, FunctionValue):
            return value.decl, args
        if isinstance(value, Builtin):
            return registry.function(value.name), args
        if isinstance(value, LayerValue):
            return LayerValue(value.decl, (*value.args, *args)), ()
        if isinstance(value, BlockValue):
            return BlockValue(value.block, value.scope, (*value.args, *args)), ()
        return value, args
    return evaluate(ctx, expr), ()


def _by_layer(
    ctx: Context, core: ast.Reuse, tensors: tuple[Tensor, ...], target: LayerValue | BlockValue
) -> Any:
    stage = ast.Stage((), None, core.combiner, None, span=core.combiner.span)
    module = child_module(ctx, stage)
    if isinstance(target, LayerValue):
        bind(ctx, target.decl, target.args, core.span)
    result = build(ctx, module, target, tensors, stage)
    step = ctx.pass_.steps.pop(id(stage))
    ctx.pass_.steps[id(core.combiner)] = step
    return _record(ctx, core, result, tensors, ())


# --- alignment ---------------------------------------------------------------------------------


def _combine(
    ctx: Context,
    core: ast.Residual | ast.Reuse,
    y: Tensor,
    sources: tuple[Tensor, ...],
    name: str,
    args: tuple[Argument, ...],
    align: ast.Group | ast.Name | None,
    mechanisms: tuple[Mechanism, ...],
) -> Any:
    axis = 1
    if name in ("concat", "stack"):
        dims = [a.value for a in args if a.name in (None, "dim")]
        axis = dims[0] if dims and type(dims[0]) is int else (1 if name == "concat" else -1)
        axis = axis % y.type.rank if -y.type.rank <= axis < y.type.rank else axis
    reused: list[Tensor] = []
    aligned: list[bool] = []
    for source in sources:
        needs = align is not None and not _proven(ctx, y, source, name, axis, align)
        value: Any = _align(ctx, align, source, y) if needs and align is not None else source
        if value is POISON:
            return POISON
        reused.append(value)
        aligned.append(needs)
    if not _fits(ctx, core, (y, *reused), name, axis, align):
        return _expected(y, reused, name, axis)
    tensors = (y, *reused)
    joined: Any
    if name == "mean" and isinstance(core, ast.Reuse):
        joined = _mean(ctx, core, tensors, mechanisms)
    else:
        decl = _function(name)
        joined = apply_function(ctx, decl, args, core, Outputs(tensors), (None, *mechanisms))
    return _record(ctx, core, joined, (y, *sources), tuple(aligned))


def _expected(y: Tensor, reused: list[Tensor], name: str, axis: int) -> Tensor:
    """What a failed join would have given: the model is refused, but checked to its end."""
    if name != "concat" or not 0 <= axis < y.type.rank:
        return y
    total = y.type.shape[axis]
    for x in reused:
        total += x.type.shape[axis]
    return Tensor(y.value, y.type.with_axis(axis, total))


def _mean(ctx: Context, core: ast.Reuse, tensors: tuple[Tensor, ...], mechanisms: Any) -> Any:
    """The mean of several tensors: their sum, divided by their number."""
    total = apply_function(ctx, _function("add"), (), core, Outputs(tensors), (None, *mechanisms))
    count = Argument("other", len(tensors), None)
    return apply_function(ctx, _function("div"), (count,), core, total)  # type: ignore[arg-type]


def _record(
    ctx: Context, core: Join, result: Any, inputs: tuple[Tensor, ...], aligned: tuple[bool, ...]
) -> Any:
    kind: Any = type(core).__name__.lower()
    earlier = ctx.pass_.steps.get(id(core))
    decl = earlier.decl if earlier is not None else None
    params = earlier.params if earlier is not None else None
    given = earlier.given if earlier is not None else {}
    ctx.pass_.steps[id(core)] = Step(
        kind, inputs, result, None, params, decl, given, aligned=aligned
    )
    return result


def _align(ctx: Context, align: ast.Group | ast.Name, source: Tensor, target: Tensor) -> Any:
    """Apply `align` to reused features: its statements in this container, or a named alignment."""
    from archspec.elaborate.statements import run_statements

    if isinstance(align, ast.Group):
        result = run_statements(ctx, align.body.statements, source)
        if result is POISON:
            return POISON
        if not isinstance(result, Tensor):
            fail("A0305", f"`align` must give one tensor, not {describe(result)}", align.span)
        return result
    decl = registry.function(align.id) if align.id in ("crop", "pad") else None
    if decl is None:
        fail(
            "A0103",
            f"unknown alignment `{align.id}`",
            align.span,
            help=("use `crop`, `pad` or a body `{ … }`",),
        )
    if align.id == "pad":
        decl = registry.function("pad_to") or decl
    return apply_function(ctx, decl, (), align, Outputs((source, target)))


def _proven(
    ctx: Context, y: Tensor, x: Tensor, name: str, axis: int, align: ast.Group | ast.Name
) -> bool:
    """Whether `x` is proven to fit `y` without `align`."""
    if x.type.rank != y.type.rank:
        return False
    pairs = [
        (a, b)
        for i, (a, b) in enumerate(zip(y.type.shape, x.type.shape, strict=True))
        if a is not b and (name != "concat" or i != axis)
    ]
    for a, b in pairs:
        if ctx.differ(a, b) or not isinstance(ctx.decide("equal", a, b), Proven):
            return False
    for a, b in pairs:
        fact = Obligation("equal", a, b, "A0403", "`align` would be applied")
        ctx.need(fact, "align", align.span)
    return True


ELEMENTWISE = (
    "add",
    "sub",
    "mul",
    "div",
    "max",
    "min",
    "maximum",
    "minimum",
    "mean",
    "stack",
    "concat",
)


def _fits(
    ctx: Context, core: Join, tensors: tuple[Tensor, ...], name: str, axis: int, align: Any
) -> bool:
    """Whether the tensors of a join fit; where not, report it as the join's fault."""
    if name not in ELEMENTWISE:
        return True
    y = tensors[0]
    fits = True
    for number, x in enumerate(tensors[1:]):
        if x.type.rank != y.type.rank:
            if name in ("concat", "stack") or isinstance(core, ast.Residual | ast.Dense):
                report_rank(ctx, core, y, x, name, number)
            continue
        failing: dict[int, Refuted | Unknown] = {}
        for i, (a, b) in enumerate(zip(y.type.shape, x.type.shape, strict=True)):
            if a is b or (name == "concat" and i == axis):
                continue
            one = 1 in (a.const, b.const) and name not in ("concat", "stack")
            if one and not isinstance(core, ast.Residual):
                continue
            verdict = ctx.decide("equal", a, b)
            if not isinstance(verdict, Proven):
                fits = False
                failing[i] = verdict
            if align is None:
                need_aligned(ctx, core, y, x, i, number)
        report_join(ctx, core, y, x, failing, align, number)
    return fits
