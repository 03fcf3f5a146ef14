"""Stages of a flow: what each stage names, and what is done with it."""

from typing import Any

from archspec.elaborate import joins
from archspec.elaborate.application import (
    apply_label,
    apply_target,
    declare,
    run_block,
    too_deep,
)
from archspec.elaborate.apply import apply_function
from archspec.elaborate.binding import bind_params, match_params
from archspec.elaborate.context import Context, LimitError, fail
from archspec.elaborate.evaluate import arguments, call_value, evaluate, lookup, name_of, read_name
from archspec.elaborate.unknown import unknown_name
from archspec.elaborate.values import (
    POISON,
    Argument,
    BlockValue,
    Builtin,
    Frame,
    FunctionValue,
    Label,
    LayerValue,
    Outputs,
    Poison,
    Step,
    Tensor,
    describe,
    is_tensor_like,
    names_in,
    tensors_in,
)
from archspec.layers import registry
from archspec.layers.base import FunctionDecl
from archspec.source import Span
from archspec.syntax import ast

Flowing = Tensor | Outputs | Poison | None


def run_stage(ctx: Context, stage: ast.Stage, flow: Flowing, first: bool) -> Any:
    """Run one stage; `first` where it begins its statement. Gives tensors or a constant."""
    ctx.tick(stage.span)
    ctx.frame.names["_"] = flow
    core = stage.core
    declares = [m for m in stage.modifiers if m in ("shared", "ema")]
    if declares:
        return declare(ctx, stage, declares[0])
    match core:
        case ast.Group():
            return apply_target(ctx, stage, core, flow)
        case ast.Residual() | ast.Dense() | ast.Reuse():
            _refuse_label(stage, "`residual`, `dense` and `reuse`")
            return joins.run_join(ctx, core, flow)
        case ast.Inline():
            _refuse_label(stage, "`inline`")
            return _inline(ctx, stage, core, flow)
        case ast.Name() | ast.Template() | ast.Attribute():
            return _named(ctx, stage, core, flow, first)
        case ast.Call():
            return _called(ctx, stage, core, flow, first)
        case _:
            return _expression(ctx, stage, core, flow, first)


def _refuse_modifiers(stage: ast.Stage, value: Any) -> None:
    """`frozen`, `checkpoint` and files of weights are for what has a module of its own here."""
    words = [*stage.modifiers, *(("from",) if stage.weights is not None else ())]
    if words:
        fail(
            "A0308",
            f"`{words[0]}` is for a layer, block or group, not {describe(value)}",
            stage.span,
            help=("write it where the layer is declared",) if isinstance(value, Label) else (),
        )


def _refuse_label(stage: ast.Stage, what: str) -> None:
    if stage.label is not None or stage.modifiers or stage.weights is not None:
        fail(
            "A0308",
            f"{what} take no label",
            stage.span,
            help=("label a group around it: `name: { … }`",),
        )


# --- what a stage names ------------------------------------------------------------------------


def _named(
    ctx: Context,
    stage: ast.Stage,
    core: ast.Name | ast.Template | ast.Attribute,
    flow: Flowing,
    first: bool,
) -> Any:
    if isinstance(core, ast.Attribute):
        value = evaluate(ctx, core)
    else:
        name = read_name(ctx, core)
        try:
            value = lookup(ctx, name)
        except KeyError:
            return unknown_name(ctx, name, core)
        if name == "_" and value is None:
            return unknown_name(ctx, name, core)
    if isinstance(value, Label):
        if first and value.value is not None and stage.label is None:
            return _source(ctx, stage, value.value)
        _refuse_modifiers(stage, value)
        return apply_label(ctx, stage, value, flow)
    decl = _function_of(value)
    if decl is not None and not (isinstance(value, Builtin) and first and flow is None):
        _refuse_label_on_function(stage, decl)
        if flow is None:
            fail(
                "A0301",
                f"nothing flows into `{decl.name}`",
                core.span,
                help=("begin with a value: `x -> …`",),
            )
        if flow is POISON:
            return POISON
        return apply_function(ctx, decl, (), core, flow)  # type: ignore[arg-type]
    return _value(ctx, stage, value, flow, first)


def _function_of(value: Any) -> FunctionDecl[Any] | None:
    if isinstance(value, FunctionValue):
        return value.decl
    return registry.function(value.name) if isinstance(value, Builtin) else None


def _refuse_label_on_function(stage: ast.Stage, decl: FunctionDecl[Any]) -> None:
    _refuse_modifiers(stage, FunctionValue(decl))
    if stage.label is not None:
        name = stage.label.span.text
        fail(
            "A0308",
            f"`{decl.name}` is a function: it has no module to label",
            stage.label.span,
            help=(f"name the value instead: `{name} = …`",),
        )


def _called(ctx: Context, stage: ast.Stage, core: ast.Call, flow: Flowing, first: bool) -> Any:
    func: Any
    if isinstance(core.func, ast.Name | ast.Template):
        name = name_of(ctx, core.func)
        try:
            func = lookup(ctx, name)
        except KeyError:
            return unknown_name(ctx, name, core.func)
    else:
        func = evaluate(ctx, core.func)
    if isinstance(func, Label):
        fail(
            "A0112",
            f"`{func.name}` is a layer with its arguments set; apply it without any",
            core.span,
            help=(f"write `{func.name}`",),
        )
    decl = _function_of(func)
    if decl is None:
        return _value(ctx, stage, call_value(ctx, func, core), flow, first)
    args = arguments(ctx, core)
    if any(a.value is POISON for a in args):
        return POISON
    count = sum(1 for a in args for _ in tensors_in(a.value))
    uses_flow = mentions_flow(core)
    if isinstance(func, Builtin) and count == 0 and (flow is None or (first and args)):
        plain = not any(a.name in ("dim", "keepdim") for a in args)
        if plain:
            return _value(ctx, stage, call_value(ctx, func, core), flow, first)
    _refuse_label_on_function(stage, decl)
    if uses_flow or (first and not _wants_flow(decl, args, count)):
        return apply_function(ctx, decl, args, core)
    if flow is POISON:
        return POISON
    if flow is None:
        fail(
            "A0301",
            f"nothing flows into `{decl.name}`",
            core.span,
            help=("begin with a value: `x -> …`",),
        )
    if count and any(p.variadic for p in decl.ports):
        fail(
            "A0302",
            f"it is open where the flowing value goes among the tensors of `{decl.name}`",
            core.span,
            help=("write `_` for the flowing value, as in `concat(a, _)`",),
        )
    return apply_function(ctx, decl, args, core, flow)  # type: ignore[arg-type]


def _wants_flow(decl: FunctionDecl[Any], args: tuple[Argument, ...], count: int) -> bool:
    """Whether a call that begins a statement leaves a place for the flowing value."""
    named = sum(1 for a in args if a.name is not None and is_tensor_like(a.value))
    required = sum(1 for p in decl.ports if not p.optional)
    if count - named < required:
        return True
    # `add(a)` lacks a second operand; `mean(a)` is complete.
    alone = count == 1 and "other" in decl.Params.model_fields
    return alone and not any(
        a.name in (None, "other") and not is_tensor_like(a.value) for a in args
    )


def _expression(ctx: Context, stage: ast.Stage, core: ast.Expr, flow: Flowing, first: bool) -> Any:
    value = evaluate(ctx, core)
    if isinstance(value, tuple) and is_tensor_like(value):
        if any(not isinstance(v, Tensor | Poison) for v in value):
            fail(
                "A0201",
                "a tuple that flows holds tensors only",
                core.span,
                help=_flat(core, value),
            )
        value = POISON if POISON in value else Outputs(value)
    if not first and is_tensor_like(value) and not mentions_flow(core):
        _refuse_dropped(core.span)
    if is_tensor_like(value) and stage.label is not None:
        fail(
            "A0308", "a value has no module to label", stage.label.span, help=("name it with `=`",)
        )
    if is_tensor_like(value):
        _refuse_modifiers(stage, value)
        ctx.pass_.steps.setdefault(id(stage), Step("value", (), value))
        return value
    return _value(ctx, stage, value, flow, first)


def _flat(core: ast.Expr, value: tuple[Any, ...]) -> tuple[str, ...]:
    """What to write in place of a tuple in a tuple: `(x, (h, c))` is `(x, h, c)`."""
    if not isinstance(core, ast.TupleExpr) or not all(
        isinstance(v, Tensor) or (isinstance(v, tuple) and is_tensor_like(v)) for v in value
    ):
        return ()
    parts = [i.items if isinstance(i, ast.TupleExpr) else (i,) for i in core.items]
    names = ", ".join(item.span.text for part in parts for item in part)
    return (f"write `({names})`: the tensors are given side by side",)


def _refuse_dropped(span: Span) -> None:
    fail(
        "A0302",
        "the flowing value would be dropped here",
        span,
        "does not use what flows in",
        help=("begin a new statement, or use `_`, the value flowing in",),
    )


def _value(ctx: Context, stage: ast.Stage, value: Any, flow: Flowing, first: bool) -> Any:
    match value:
        case LayerValue() | BlockValue():
            return apply_target(ctx, stage, value, flow)
        case Poison():
            return POISON
        case Tensor() | Outputs():
            if not first and not mentions_flow(stage.core):
                _refuse_dropped(stage.core.span)
            return _source(ctx, stage, value)
        case _ if not first or stage.label is not None:
            return fail(
                "A0112",
                f"a layer or a tensor function is needed here, not {describe(value)}",
                stage.core.span,
            )
        case _:
            return value


def _source(ctx: Context, stage: ast.Stage, value: Any) -> Any:
    _refuse_modifiers(stage, value)
    ctx.pass_.steps[id(stage)] = Step("value", (), value)
    return value


def mentions_flow(node: ast.Core) -> bool:
    """Whether `_` occurs in an expression."""
    return any(name.id == "_" for name in names_in(node))


def _inline(ctx: Context, stage: ast.Stage, core: ast.Inline, flow: Flowing) -> Any:
    """`inline Block(…)`: its layers in this container, its labels and names in this scope."""
    target = evaluate(ctx, core.call)
    if not isinstance(target, BlockValue):
        fail("A0112", f"only a block can be inlined, not {describe(target)}", core.call.span)
    if flow is POISON:
        return POISON
    block, span = target.block, core.span
    values = bind_params(ctx, block.params, target.args, block.name.id, span, target.scope)
    outer = ctx.frame, ctx.pass_
    frame = Frame(block, target.scope, ctx.cursor.module, dict(values), dict(values))
    frame.calls = (*ctx.frame.calls, span)
    frame.given = match_params(block.params, target.args, block.name.id, span)
    frame.caller = ctx.frame
    if len(frame.calls) > ctx.limits.depth:
        raise LimitError(too_deep(frame.calls, span))
    ctx.frame, ctx.pass_ = frame, frame.root
    try:
        result = run_block(ctx, tuple(tensors_in(flow)), span)
    finally:
        ctx.frame, ctx.pass_ = outer
    for name, value in frame.names.items():
        if isinstance(value, Label | Tensor | Outputs) and name != "_":
            ctx.frame.names.setdefault(name, value)
    ctx.pass_.steps[id(stage)] = Step(
        "inline", tuple(tensors_in(flow)), result, frame=frame, given=frame.given
    )
    return result
