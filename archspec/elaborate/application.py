"""Modules: where a layer, block or group stands in the tree, and how it is applied."""

from dataclasses import replace
from typing import Any

from archspec.diagnostics import Diagnostic
from archspec.diagnostics import Label as Mark
from archspec.elaborate.apply import apply_layer, check_node_limit
from archspec.elaborate.binding import bind_params, match_params
from archspec.elaborate.call_arguments import bind
from archspec.elaborate.context import Context, LimitError, SilentError, SpecError, fail
from archspec.elaborate.evaluate import arguments, evaluate, filled_in, name_of
from archspec.elaborate.reserved import refused_attribute
from archspec.elaborate.values import (
    POISON,
    Application,
    BlockValue,
    Cursor,
    Frame,
    Label,
    LayerValue,
    Outputs,
    Poison,
    Step,
    Tensor,
    describe,
    tensors_in,
)
from archspec.ir import Module
from archspec.source import Span
from archspec.syntax import ast

Flowing = Tensor | Outputs | Poison | None


def child_module(ctx: Context, stage: ast.Stage) -> Module:
    """The module of a stage in the current container: a new one, or, applied again, the old one."""
    cursor = ctx.cursor
    labelled = stage.label is not None
    key = name_of(ctx, stage.label) if stage.label is not None else str(cursor.position)
    cursor.position += 1
    span = stage.label.span if stage.label is not None else stage.span
    refused = refused_attribute(key)
    if refused is not None:
        fail(
            "A0107",
            f"`{key}` cannot label a layer: {refused}",
            span,
            help=(f"choose another label, e.g. `{key}_`",),
        )
    existing = cursor.module.children.get(key)
    taken = existing is not None or key in cursor.module.tensors
    if key in cursor.used or (taken and not cursor.again):
        label = ctx.labels.get(id(existing))
        earlier = label.span if label is not None else cursor.module.tensors[key].span
        again = "in the next round of the loop" if earlier == span else ""
        fail(
            "A0107",
            f"the label `{key}` is taken already",
            span,
            f"taken again {again}" if again else "",
            labels=() if again else (Mark(earlier, "first used here"),),
            help=(
                f"label it with the loop's variable: `{key}{{i}}`"
                if again
                else "give each layer of a block its own label",
            ),
        )
    cursor.used.add(key)
    if cursor.again:
        if existing is None:
            if ctx.failed:  # what failed in one application has left its layers uncounted
                raise SilentError
            fail(
                "A0601",
                f"applied again, `{cursor.module.path}` would need a layer `{key}` "
                "that it does not have",
                span,
                help=("a shared block must be built of the same layers in every application",),
            )
        return existing
    module = Module(key, cursor.module, stage.span, labelled)
    module.frozen = "frozen" in stage.modifiers
    module.checkpoint = "checkpoint" in stage.modifiers
    weights = stage.weights
    module.pretrained = filled_in(ctx, weights) if isinstance(weights, ast.Template) else weights
    cursor.module.children[key] = module
    return module


def declare(ctx: Context, stage: ast.Stage, modifier: str) -> Any:
    """`shared encoder: …` and `ema target: online(momentum=…)`: named now, applied later."""
    if stage.label is None:
        fail(
            "A0308",
            f"`{modifier}` needs a label",
            stage.span,
            help=(f"write `{modifier} name: …`",),
        )
    name = name_of(ctx, stage.label)
    label = Label(name, stage.label.span, None, stage, reusable=True)  # type: ignore[arg-type]
    if modifier == "ema":
        _refuse_on_copy(stage)
        source, momentum = _ema_source(ctx, stage)
        label.module = child_module(ctx, stage)
        label.target, label.copy_of = source.target, source
        label.module.ema_of, label.module.momentum = source.module, momentum
    else:
        core = stage.core
        target = core if isinstance(core, ast.Group) else evaluate(ctx, core)  # type: ignore[arg-type]
        if target is POISON:
            raise SilentError
        if not isinstance(target, LayerValue | BlockValue | ast.Group):
            fail("A0112", f"a layer or block can be shared, not {describe(target)}", core.span)
        label.module = child_module(ctx, stage)
        label.target = target
        label.module.shared = True
    ctx.frame.names[name] = label
    ctx.labels[id(label.module)] = label
    ctx.pass_.steps[id(stage)] = Step("declare", module=label.module, label=label)
    return None


def _refuse_on_copy(stage: ast.Stage) -> None:
    """A slow copy has no gradient, no weights of its own, and may be applied again anyhow."""
    others = [m for m in stage.modifiers if m != "ema"]
    words = [*others, *(("from",) if stage.weights is not None else ())]
    if words:
        help = {
            "frozen": "a copy gets no gradient anyhow; to keep it from moving, write no `ema`",
            "shared": "a copy can be applied again anyhow",
            "checkpoint": "nothing is kept for the backward pass of a copy",
            "from": "write `from` where its source is declared: the copy begins as its source",
        }
        fail("A0308", f"`{words[0]}` cannot stand beside `ema`", stage.span, help=(help[words[0]],))


def _ema_source(ctx: Context, stage: ast.Stage) -> tuple[Label, float]:
    core = stage.core
    call = core if isinstance(core, ast.Call) else None
    func = call.func if call is not None else core
    source: Any = None
    if isinstance(func, ast.Name | ast.Template):
        source = ctx.frame.names.get(name_of(ctx, func))
    if not isinstance(source, Label) or source.target is None:
        fail(
            "A0112",
            "`ema` copies a layer that is declared above",
            core.span,
            help=("write `ema target: online(momentum=0.99)` after `shared online: …`",),
        )
    args = arguments(ctx, call) if call is not None else ()
    values = {a.name: a.value for a in args}
    momentum = values.get("momentum")
    if (
        set(values) != {"momentum"}
        or not isinstance(momentum, int | float)
        or not 0 <= momentum <= 1
    ):
        fail(
            "A0104",
            "`ema` needs a momentum between 0 and 1 and nothing else",
            core.span,
            help=(f"write `{source.name}(momentum=0.99)`",),
        )
    return source, float(momentum)


def apply_label(ctx: Context, stage: ast.Stage, label: Label, flow: Flowing) -> Any:
    """Apply a module by its label: a shared one again and again, any other is an error."""
    if label.value is None and not label.reusable:
        fail(
            "A0301",
            f"`{label.name}` has no value inside of itself",
            stage.span,
            labels=(Mark(label.span, "it is still being applied"),),
            help=("begin with what flows into it, or with an input",),
        )
    if not label.reusable or label.target is None:
        fail(
            "A0303",
            f"`{label.name}` is applied a second time, but it is not shared",
            stage.span,
            "second application",
            labels=(Mark(label.span, "declared and applied here"),),
            help=(f"declare it first with `shared {label.name}: …`, then apply it where needed",),
        )
    if flow is None:
        nothing_flows(label.name, stage.core.span)
    if flow is POISON:
        return POISON
    inputs = tuple(tensors_in(flow))
    application = Application(label, stage.core.span, inputs)
    label.first = label.first or application
    ctx.applying.append(application)
    try:
        result = build(ctx, label.module, label.target, inputs, stage)
    finally:
        ctx.applying.pop()
    step = ctx.pass_.steps[id(stage)]
    ctx.pass_.steps[id(stage)] = replace(step, kind="apply", label=label)
    return result


def nothing_flows(name: str, span: Span) -> None:
    fail("A0301", f"nothing flows into `{name}`", span, help=("begin with a value: `x -> …`",))


def apply_target(
    ctx: Context, stage: ast.Stage, target: LayerValue | BlockValue | ast.Group, flow: Flowing
) -> Any:
    """Apply a fresh instance of a layer, block or group as a module of the current container."""
    module = child_module(ctx, stage)
    label = None
    if stage.label is not None:
        label = Label(module.key, stage.label.span, module, stage, target=target)
        ctx.frame.names[module.key] = label
        ctx.labels[id(module)] = label
    try:
        result = _apply_fresh(ctx, stage, module, target, flow)
    except (SpecError, SilentError):
        if label is not None:
            label.value = POISON
        raise
    if label is not None:
        label.value = result
    if label is not None and isinstance(target, BlockValue):
        frame = ctx.pass_.steps[id(stage)].frame if id(stage) in ctx.pass_.steps else None
        names = frame.output_names if frame is not None else ()
        label.outputs = dict(zip(names, tensors_in(result), strict=False))
    return result


def _apply_fresh(
    ctx: Context,
    stage: ast.Stage,
    module: Module,
    target: LayerValue | BlockValue | ast.Group,
    flow: Flowing,
) -> Any:
    if flow is POISON:
        if isinstance(target, LayerValue):  # its arguments can be wrong all the same
            bind(ctx, target.decl, target.args, stage.core.span)
        return POISON
    if flow is None and not (isinstance(target, BlockValue | ast.Group)):
        nothing_flows(target.decl.name, stage.core.span)
    return build(ctx, module, target, tuple(tensors_in(flow)), stage)


def build(
    ctx: Context,
    module: Module,
    target: LayerValue | BlockValue | ast.Group,
    inputs: tuple[Tensor, ...],
    stage: ast.Stage,
) -> Any:
    """Apply `target` as `module`, building the module on its first application."""
    match target:
        case LayerValue(decl=decl, args=args):
            params, given = bind(ctx, decl, args, stage.core.span, inputs)
            result: Any = apply_layer(ctx, module, decl, params, given, inputs, stage.core.span)
            step = Step("layer", inputs, result, module, params, decl, given)
        case BlockValue():
            result, frame = call_block(ctx, module, target, inputs, stage)
            step = Step("block", inputs, result, module, frame=frame, given=frame.given)
        case ast.Group():
            result = run_group(ctx, module, target, inputs)
            step = Step("group", inputs, result, module)
    ctx.pass_.steps[id(stage)] = step
    return result


def run_group(ctx: Context, module: Module, group: ast.Group, inputs: tuple[Tensor, ...]) -> Any:
    """The statements of a group, in the module of the group and the names of its block."""
    from archspec.elaborate.statements import run_statements

    outer = ctx.cursor
    ctx.cursor = Cursor(module, again=bool(module.children or module.tensors))
    flow: Flowing = None
    if inputs:
        flow = inputs[0] if len(inputs) == 1 else Outputs(inputs)
    try:
        return run_statements(ctx, group.body.statements, flow)
    finally:
        ctx.cursor = outer


def call_block(
    ctx: Context, module: Module, target: BlockValue, inputs: tuple[Tensor, ...], stage: ast.Stage
) -> tuple[Any, Frame]:
    """Elaborate one call of a block; gives its value and the record of the call."""
    block, span = target.block, stage.core.span
    if block.kind == "model":
        module.block = block.name.id
    values = bind_params(ctx, block.params, target.args, block.name.id, span, target.scope)
    given = match_params(block.params, target.args, block.name.id, span)
    module.block = block.name.id
    outer = ctx.frame, ctx.pass_, ctx.cursor
    frame = Frame(block, target.scope, module, dict(values), dict(values))
    frame.calls = (*ctx.frame.calls, span)
    frame.given = given
    frame.caller = ctx.frame
    if len(frame.calls) > len(ctx.deepest):
        ctx.deepest = frame.calls
    if len(frame.calls) > ctx.limits.depth:
        raise LimitError(too_deep(frame.calls, span))
    ctx.frame, ctx.pass_ = frame, frame.root
    ctx.cursor = Cursor(module, again=bool(module.children or module.tensors))
    try:
        result = run_block(ctx, inputs, span)
    finally:
        ctx.frame, ctx.pass_, ctx.cursor = outer
    check_node_limit(ctx, span)
    ctx.given_out.extend(tensors_in(result))
    return result, frame


def too_deep(calls: tuple[Span, ...], place: Span) -> Diagnostic:
    """What to say of blocks nested beyond the limit: mostly one of them uses itself."""
    repeated = [call for call in dict.fromkeys(calls) if calls.count(call) > 2]
    if not repeated:
        message = "blocks, groups or expressions are nested too deeply"
        return Diagnostic("A0203", "error", message, (Mark(place, "", primary=True),))
    first, *others = repeated
    name = first.text.split("(")[0]
    labels = tuple(Mark(call, "through this call") for call in others[:3])
    return Diagnostic(
        "A0113",
        "error",
        f"`{name}` uses itself without end",
        (Mark(first, "", primary=True), *labels),
        help=("repeat with a loop, or call it under an `if` that ends: `if depth > 1 { … }`",),
    )


def run_block(ctx: Context, inputs: tuple[Tensor, ...], span: Span) -> Any:
    """The body of the block of the current frame, fed with `inputs`."""
    from archspec.elaborate.inputs import bind_inputs
    from archspec.elaborate.statements import run_statements

    frame = ctx.frame
    ctx.blocks.setdefault(id(frame.block), frame.block)
    try:
        flow = bind_inputs(ctx, inputs, span)
    except LimitError:
        raise
    except SpecError as error:
        ctx.report(error.diagnostic)
        frame.outputs = POISON
        return POISON
    result = run_statements(ctx, frame.block.body.statements, flow)
    if frame.outputs is None:
        frame.outputs = result
    return frame.outputs
