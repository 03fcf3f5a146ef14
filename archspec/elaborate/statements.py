"""Statements of a body, in order; a failed one is reported and the next goes on."""

from typing import Any

from archspec.dims import Dim, Proven
from archspec.elaborate.context import Context, LimitError, SilentError, SpecError, fail
from archspec.elaborate.evaluate import evaluate, evaluate_static, iterate, name_of, truth, unpack
from archspec.elaborate.inputs import check_shape, declare_tensor
from archspec.elaborate.operators import compare_values, decide_comparison, need_comparison
from archspec.elaborate.stages import run_stage
from archspec.elaborate.values import (
    POISON,
    Branch,
    Label,
    Outputs,
    Pass,
    Poison,
    Tensor,
    describe,
    is_tensor_like,
    names_in,
)
from archspec.layers.base import Obligation
from archspec.syntax import ast

Flowing = Tensor | Outputs | Poison | None


def run_statements(ctx: Context, statements: tuple[ast.Statement, ...], flow: Flowing) -> Flowing:
    """Run `statements` on the flowing value; gives what flows out of the last."""
    for statement in statements:
        try:
            flow = _run(ctx, statement, flow)
        except LimitError:
            raise
        except SpecError as error:
            ctx.report(error.diagnostic)
            flow = _poison(ctx, statement)
        except SilentError:
            flow = _poison(ctx, statement)
        ctx.run[id(statement)] = statement
        if flow is POISON:
            ctx.failing.add(id(statement))
    return flow


def _poison(ctx: Context, statement: ast.Statement) -> Flowing:
    """Bind what the failed statement would have bound, so that nothing after it fails for that."""
    match statement:
        case ast.Flow():
            for target in statement.targets:
                _bind_quietly(ctx, target)
            for stage in statement.stages:
                if isinstance(stage.core, ast.Inline | ast.Group):
                    ctx.frame.incomplete = True
                if stage.label is not None:
                    _bind_quietly(ctx, stage.label, keep_label=True)
        case ast.Output():
            for item in statement.items:
                _bind_quietly(ctx, item.name)
            if ctx.frame.outputs is None:
                ctx.frame.outputs = POISON
        case ast.Tensor():
            _bind_quietly(ctx, statement.name)
        case _:
            ctx.frame.incomplete = True
    return POISON


def _bind_quietly(ctx: Context, target: ast.Name | ast.Template, keep_label: bool = False) -> None:
    try:
        name = name_of(ctx, target)
    except (SpecError, SilentError):
        ctx.frame.incomplete = True
        return
    existing = ctx.frame.names.get(name)
    if keep_label and isinstance(existing, Label):
        if existing.value is None and not existing.reusable:
            existing.value = POISON
        return
    ctx.frame.names[name] = POISON


def _run(ctx: Context, statement: ast.Statement, flow: Flowing) -> Flowing:
    match statement:
        case ast.Flow():
            return _flow(ctx, statement, flow)
        case ast.Input():
            if statement not in ctx.frame.block.body.statements:
                fail(
                    "A0308",
                    "an `input` belongs directly into the body of its block or model",
                    statement.span,
                )
            return flow
        case ast.Output():
            _output(ctx, statement, flow)
            return flow
        case ast.Require():
            _require(ctx, statement)
            return flow
        case ast.For():
            return _for(ctx, statement, flow)
        case ast.If():
            return _if(ctx, statement, flow)
        case ast.Tie() | ast.Init():
            if (ctx.pass_, statement) not in ctx.deferred:
                ctx.deferred.append((ctx.pass_, statement))
            return flow
        case ast.Tensor():
            declare_tensor(ctx, statement)
            return flow
        case ast.Weight():
            return fail(
                "A0308",
                f"a {statement.kind} of a model or block has a plain name",
                statement.name.span,
                help=("names in quotes are for the weights of an `extern layer`",),
            )


def _flow(ctx: Context, statement: ast.Flow, flow: Flowing) -> Flowing:
    value: Any = flow
    for index, stage in enumerate(statement.stages):
        declared = next((m for m in stage.modifiers if m in ("shared", "ema")), None)
        if declared is not None and len(statement.stages) > 1:
            name = stage.label.span.text if stage.label is not None else "name"
            fail(
                "A0308",
                f"`{declared}` declares a layer, and stands alone in its statement",
                stage.span,
                help=(f"apply it by its label, in the next line: `{name} -> …`",),
            )
        if index and not is_tensor_like(value) and value is not None:
            fail(
                "A0112",
                f"{describe(value)} cannot flow into a layer",
                statement.stages[index - 1].span,
            )
        value = run_stage(ctx, stage, value, index == 0)
    if is_tensor_like(value):
        return _assign(ctx, statement, value) if statement.targets else value  # type: ignore[no-any-return]
    if value is None and "shared" in statement.stages[-1].modifiers + statement.stages[0].modifiers:
        return flow
    if value is None and "ema" in statement.stages[0].modifiers:
        return flow
    if not statement.targets:
        if value is None:
            return flow
        fail(
            "A0302",
            f"{describe(value)} is computed here and not used",
            statement.span,
            help=("name it: `name = …`",),
        )
    _assign(ctx, statement, value)
    return flow


def _assign(ctx: Context, statement: ast.Flow, value: Any) -> Any:
    """Bind the targets, and give what flows on: all but what `_` stands for among several targets.

    Compile-time values are recorded in the pass as well.
    """
    targets = statement.targets
    if value is POISON:
        values: Any = [POISON] * len(targets)
    elif len(targets) == 1:
        values = [value]
    else:
        items = value.items if isinstance(value, Outputs) else value
        if not isinstance(items, list | tuple) or len(items) != len(targets):
            fail(
                "A0305",
                f"{len(targets)} names are given for {describe(value)}",
                targets[0].span.to(targets[-1].span),
            )
        values = items
    kept: list[Any] = []
    for target, item in zip(targets, values, strict=True):
        name = name_of(ctx, target)
        if name == "_":
            if len(targets) == 1 or not (item is POISON or isinstance(item, Tensor)):
                fail("A0308", "`_` is the flowing value and cannot be assigned", target.span)
            continue
        kept.append(item)
        existing = ctx.frame.names.get(name)
        if isinstance(existing, Label) and not isinstance(item, Label):
            fail(
                "A0107",
                f"`{name}` is the label of a layer already",
                target.span,
                help=("choose another name for the value",),
            )
        ctx.frame.names[name] = item
        if not is_tensor_like(item):
            ctx.pass_.names[name] = item
    if len(kept) == len(targets) or value is POISON:
        return value
    if not kept:
        fail("A0302", "all that is given here is dropped", statement.span)
    return kept[0] if len(kept) == 1 else Outputs(tuple(kept))


def _output(ctx: Context, statement: ast.Output, flow: Flowing) -> None:
    frame = ctx.frame
    if frame.outputs is not None:
        fail("A0308", "the outputs are given already", statement.span, help=("write one `output`",))
    frame.names["_"] = flow
    tensors: list[Tensor] = []
    names: list[str] = []
    failed = False
    for item in statement.items:
        name = name_of(ctx, item.name)
        if item.value is not None:
            value = evaluate(ctx, item.value)
        else:
            value = frame.names.get(name)
            if isinstance(value, Label):
                value = value.value
            if value is None and len(statement.items) == 1:
                value = flow
            if value is None:
                evaluate(ctx, item.name)
        if name in names:
            fail("A0107", f"the output `{name}` is given twice", item.span)
        names.append(name)
        if value is POISON:
            failed = True
            continue
        if not isinstance(value, Tensor):
            fail(
                "A0305",
                f"an output is one tensor, not {describe(value)}",
                item.span,
                help=("name the parts and list them: `output a, b`",),
            )
        if item.shape is not None:
            check_shape(ctx, value, item.shape, f"output `{name}`")
        if item.value is not None:
            frame.names[name] = value
        tensors.append(value)
    if failed:
        frame.outputs = POISON
    elif len(tensors) == 1:
        frame.outputs = tensors[0]
    else:
        frame.outputs = Outputs(tuple(tensors), tuple(names))
    frame.output_names = tuple(names)


def _require(ctx: Context, statement: ast.Require) -> None:
    condition = statement.condition
    text = statement.message or f"`{condition.span.text}` does not hold"
    holds = (
        _compare_required(ctx, condition, text)
        if isinstance(condition, ast.Compare)
        else truth(ctx, condition)
    )
    if holds:
        return
    values = []
    for name in dict.fromkeys(n.id for n in names_in(condition)):
        value = ctx.frame.names.get(name)
        if isinstance(value, Dim):
            shown = "" if str(value) == name else f"{value}, "
            values.append(f"`{name}` is {shown}left open by the inputs")
            continue
        if isinstance(value, int | float | str) or (
            value is not None and not is_tensor_like(value)
        ):
            shown = describe(value) if not isinstance(value, int | float) else str(value)
            values.append(f"`{name}` is {shown}")
    fail("A0205", text, condition.span, notes=tuple(values[:6]))


def _compare_required(ctx: Context, condition: ast.Compare, text: str) -> bool:
    """Each comparison must hold for every allowed size; `text` says that it does not."""
    left = evaluate_static(ctx, condition.first, "a compile-time value")
    for op, expr in condition.rest:
        right = evaluate_static(ctx, expr, "a compile-time value")
        if left is POISON or right is POISON:
            raise SilentError
        sizes = all(isinstance(v, Dim | int) and not isinstance(v, bool) for v in (left, right))
        if sizes and op not in ("in", "not in"):
            if not _holds(ctx, op, Dim.of(left), Dim.of(right), condition):
                return False
            need_comparison(ctx, op, Dim.of(left), Dim.of(right), text, condition.span)
        elif not compare_values(ctx, op, left, right, condition.span, condition):
            return False
        left = right
    return True


def _holds(ctx: Context, op: str, left: Dim, right: Dim, condition: ast.Compare) -> bool:
    """Whether a comparison holds for all sizes, given the lower bounds that can be inferred."""
    if op in ("==", "!="):
        return decide_comparison(ctx, op, left, right) is True
    large, small = (left, right) if op[0] == ">" else (right, left)
    least = small if op[1:] else small + 1
    reason = f"`{condition.span.text}` is required"
    obligation = Obligation("at_least", large, least, "A0205", reason)
    return isinstance(ctx.judge(obligation, condition.span), Proven)


def _for(ctx: Context, statement: ast.For, flow: Flowing) -> Flowing:
    names = ctx.frame.names
    outer = ctx.pass_
    saved = {t: names[t] for t in statement.targets if t in names}
    passes: list[Pass] = []
    outer.loops[id(statement)] = passes
    try:
        for item in iterate(ctx, statement.iterable):
            ctx.tick(statement.span)
            inner = Pass(ctx.frame, outer)
            passes.append(inner)
            ctx.pass_, inner.start = inner, flow
            for target, value in zip(
                statement.targets, unpack(ctx, statement.targets, item, statement), strict=True
            ):
                names[target] = value
                inner.names[target] = value
            flow = inner.end = run_statements(ctx, statement.body.statements, flow)
    finally:
        ctx.pass_ = outer
        for target in statement.targets:
            names.pop(target, None)
        names.update(saved)
    return flow


def _if(ctx: Context, statement: ast.If, flow: Flowing) -> Flowing:
    branch: ast.If | ast.Body | None = statement
    index = 0
    while isinstance(branch, ast.If):
        if truth(ctx, branch.test):
            return _take(ctx, statement, index, branch.body, flow)
        branch = branch.orelse
        index += 1
    return _take(ctx, statement, index, branch, flow)


def _take(
    ctx: Context, statement: ast.If, index: int, body: ast.Body | None, flow: Flowing
) -> Flowing:
    end = flow if body is None else run_statements(ctx, body.statements, flow)
    taken = index if body is not None else None
    ctx.pass_.branches[id(statement)] = Branch(taken, flow, end)
    return end
