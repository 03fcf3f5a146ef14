"""Modules: what a stage adds to the constructor, and its call in `forward`."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

from archspec import pycode as py
from archspec.backends.torch.arguments import layer_call
from archspec.backends.torch.emitter import SELF, Container, Emitter, Hints, Val
from archspec.backends.torch.families import loops_around
from archspec.backends.torch.pretrained import expect_weights
from archspec.backends.torch.results import nesting_of, part, result_value
from archspec.backends.torch.scan import pattern
from archspec.backends.torch.sizes import CannotEmit
from archspec.elaborate.values import Outputs, Pass, Step
from archspec.syntax import ast


def after_label(e: Emitter, stage: ast.Stage, value: Val) -> Val:
    """Keep the value in a variable if its label is read later."""
    if stage.label is not None and value.items and e.is_read(pattern(stage.label)) and not e.silent:
        return _keep_outputs(e, stage, value)
    if (
        stage.label is not None
        and e.is_read(pattern(stage.label))
        and not e.silent
        and not value.items
    ):
        from archspec.backends.torch.body import variable
        from archspec.backends.torch.lists import note_channels

        note_channels(e, stage.label, value)
        target = variable(e, stage.label)
        e.emit(py.Assign(target, value.expr))
        value = replace(value, expr=target)
        e.values[e.form(stage.label)] = value
    return value


def _keep_outputs(e: Emitter, stage: ast.Stage, value: Val) -> Val:
    """Several outputs in one variable: `t.c1` is `t[0]`."""
    from archspec.backends.torch.body import variable

    assert stage.label is not None
    target = variable(e, stage.label)
    e.emit(py.Assign(target, value.expr))
    items = tuple(
        replace(item, expr=part(target, i, value.nesting)) for i, item in enumerate(value.items)
    )
    output = e.step(stage).output
    names = output.names if isinstance(output, Outputs) else ()
    e.output_names[e.form(stage.label)] = names
    value = Val(target, items=items, nesting=value.nesting)
    e.values[e.form(stage.label)] = value
    return value


def module_key(e: Emitter, stage: ast.Stage) -> py.Expr | None:
    """The key of a stage's module: a literal, an f-string, or None where it has no label."""
    return None if stage.label is None else e.translate.template(stage.label)


def construct(
    e: Emitter, stage: ast.Stage, kind: str, flow: Val | None
) -> tuple[py.Expr, tuple[Hints, ...]]:
    """The expression that makes the module of a stage, and hints of what it gives."""
    steps = e.steps(stage)
    if kind == "layer":
        return layer_call(e, stage, steps, in_hints(flow))
    body = stage.core if isinstance(stage.core, ast.Group) else None
    return e.planner.instance(e, stage, steps, body, in_hints(flow))


def in_hints(flow: Val | None) -> tuple[Hints, ...]:
    if flow is None:
        return ()
    return tuple(v.hints for v in flow.items) if flow.items else (flow.hints,)


def add_module(e: Emitter, stage: ast.Stage, label: py.Expr | None, build: py.Expr) -> py.Expr:
    """Add a module to the current container; gives how `forward` refers to it."""
    if "frozen" in stage.modifiers:
        build = frozen(build)
    made, reference = place_module(e, stage, label, build)
    keep_weights(e, stage, made, reference)
    return reference


def place_module(
    e: Emitter, stage: ast.Stage, label: py.Expr | None, build: py.Expr
) -> tuple[py.Expr, py.Expr]:
    """Write a module into the current container; gives what constructor and methods call it."""
    container, steps = e.container, e.steps(stage)
    reference: py.Expr
    made: py.Expr
    if label is None and container.sequential:
        e.state.ctor.append(py.ExprStmt(py.call(py.attr(container.expr, "append"), build)))
        reference = _at_position(container, steps) if container.indexed else container.expr
        return reference, reference
    if label is None:
        reference = _add_unlabelled(e, steps, build)
        return reference, reference
    match label:
        case py.Constant(value=str() as text) if text.isidentifier():
            made = container.member(text)
            e.state.ctor.append(py.Assign(made, build))
            reference = container.member(text, in_forward=True)
        case _ if container.items:
            made = py.Subscript(container.expr, (label,))
            e.state.ctor.append(py.Assign(made, build))
            assert stage.label is not None
            key = e.translate_forward.template(stage.label)
            reference = py.Subscript(container.in_forward, (key,))
        case _:
            adder = py.attr(container.expr, "add_module")
            e.state.ctor.append(py.ExprStmt(py.call(adder, label, build)))
            made = py.call("getattr", container.expr, label)
            reference = get_module(e, container.in_forward, stage)
    return made, reference


def keep_weights(e: Emitter, stage: ast.Stage, made: py.Expr, reference: py.Expr) -> None:
    """What is done with a module beside calling it: `frozen`, and weights from a file.

    `made` is how the constructor refers to it, `reference` how the methods do.
    """
    if "frozen" in stage.modifiers:
        e.state.evaluating.append(py.ExprStmt(py.call(py.attr(reference, "eval"))))
    expect_weights(e, stage, made, reference)


def _at_position(container: Container, steps: list[tuple[Pass, Step]]) -> py.Expr:
    positions = {s.module.key for _, s in steps if s.module is not None}
    if len(positions) != 1:
        raise CannotEmit("a module without one position")
    return py.Subscript(container.in_forward, (py.const(int(positions.pop())),))


def get_module(e: Emitter, container: py.Expr, stage: ast.Stage) -> py.Expr:
    assert stage.label is not None
    return py.call("getattr", container, e.translate_forward.template(stage.label))


def _add_unlabelled(e: Emitter, steps: list[tuple[Pass, Step]], build: py.Expr) -> py.Expr:
    """Without weights: one attribute named after the class. With weights: keyed by position."""
    step = steps[0][1]
    stateless = step.kind == "layer" and not any(s.module and s.module.weights for _, s in steps)
    stateless = stateless and step.decl is not None and not getattr(step.decl, "module", None)
    moody = getattr(step.decl, "mode_dependent", False)
    stateless = stateless and not (moody and e.container.frozen)
    if stateless and step.decl is not None:
        varying = {name for p in e.passes for q in loops_around(e, p) for name in q.names}
        varying |= e.running.names
        used = sorted(varying & set(py.names_used(build)))
        base = _attribute_base(step.decl, build)
        if not used:
            if build not in e.single:
                e.single[build] = e.attributes.new(base)
                e.state.tail.append(py.Assign(py.attr(SELF, e.single[build]), build))
            return py.attr(SELF, e.single[build])
        if not moody:
            return _one_for_each(e, base, used, build)
    keys = [s.module.key for _, s in steps if s.module is not None]
    key, found = position_key(e, [(p, int(k)) for (p, _), k in zip(steps, keys, strict=True)])
    if e.container.items:
        e.state.ctor.append(py.Assign(py.Subscript(e.container.expr, (key,)), build))
        return py.Subscript(e.container.in_forward, (found,))
    adder = py.attr(e.container.expr, "add_module")
    e.state.ctor.append(py.ExprStmt(py.call(adder, key, build)))
    return py.call("getattr", e.container.in_forward, found)


def _attribute_base(decl: Any, build: py.Expr) -> str:
    """`maxpool` for `nn.MaxPool2d(2)`."""
    base: str = decl.name.lower().removeprefix("adaptive")
    if isinstance(build, py.Call) and isinstance(build.func, py.Name):
        base = build.func.id  # a layer that is an argument
    return base[:-2] if base[-2:] in ("1d", "2d", "3d") else base


def _one_for_each(e: Emitter, base: str, variables: list[str], build: py.Expr) -> py.Expr:
    """A layer without weights for each value of the loop variables that its arguments depend on."""
    if any(name in e.named or name in e.running.names for name in variables):
        raise CannotEmit("a layer without weights whose arguments vary in a loop")
    if build not in e.single:
        e.single[build] = e.attributes.new(base)
    stem = e.single[build]
    stem += "_" if stem[-1].isdecimal() else ""
    parts = [part for name in variables for part in ("_", py.name(name))]
    key = py.FString((stem, *parts[1:]))
    labels = {label for p in e.passes for label in p.frame.module.children}
    if any(re.fullmatch(rf"{stem}-?\d[\d_-]*", label) for label in labels):
        raise CannotEmit(f"labels begin with `{stem}` as well")
    e.state.ctor.append(py.ExprStmt(py.call(py.attr(e.container.expr, "add_module"), key, build)))
    return py.call("getattr", e.container.in_forward, key)


def position_key(e: Emitter, keys: list[tuple[Pass, int]]) -> tuple[py.Expr, py.Expr]:
    """The position of an unlabelled module: a literal, or linear in a loop's variable.

    As the constructor writes it, and as `forward` does.
    """
    values = {k for _, k in keys}
    if len(values) == 1:
        literal = py.const(str(values.pop()))
        return literal, literal
    for name in keys[0][0].names:
        if any(type(p.names.get(name)) is not int for p, _ in keys):
            continue
        points = sorted({(p.names.get(name), k) for p, k in keys}, key=str)
        variables = {x for x, _ in points}
        if not 1 < len(variables) == len(points):
            continue
        (x0, k0), (x1, k1) = points[0], points[1]
        if (k1 - k0) % (x1 - x0):  # type: ignore[operator]
            continue
        slope = (k1 - k0) // (x1 - x0)  # type: ignore[operator]
        offset = k0 - slope * x0
        if slope and all(k == slope * x + offset for x, k in points):
            hint, forward = e.scope[name].hint, e.scope[name].forward
            assert hint is not None
            there = e.sizes.symbol(f"{name} in forward", partial(e.lookup, name), forward)
            written = (e.sizes.render(h * slope + offset) for h in (hint, there))
            key, found = (py.call("str", index) for index in written)
            return key, found
    raise CannotEmit("positions that follow no loop variable")


def module_call(
    e: Emitter, stage: ast.Stage, callee: py.Expr, flow: Val | None, hints: tuple[Hints, ...]
) -> Val:
    """The call of a module in `forward`."""
    step = e.step(stage)
    if flow is not None and not flow.items and not e.silent and _reads_repeatedly(step, flow):
        query = py.name(e.forward_names.new("query"))
        e.emit(py.Assign(query, flow.expr))
        flow = replace(flow, expr=query)
    tensors = (
        () if flow is None else tuple(v.expr for v in flow.items) if flow.items else (flow.expr,)
    )
    expr: py.Expr
    if step.kind == "layer" and step.decl is not None:
        expr = step.decl.emit_call(step.params, callee, tensors)  # type: ignore[union-attr]
    else:
        expr = py.call(callee, *tensors)
    if "checkpoint" in stage.modifiers:
        expr = checkpointed(expr, callee)
    return result_value(step.output, expr, hints, nesting_of(step))


def checkpointed(expr: py.Expr, callee: py.Expr) -> py.Expr:
    """`checkpoint(callee, x, use_reentrant=False)` in place of `callee(x)`."""
    if isinstance(expr, py.Call) and expr.func == callee:
        keywords = (*expr.keywords, ("use_reentrant", py.const(False)))
        return py.Call(py.name("checkpoint"), (callee, *expr.args), keywords)
    return py.rebuild(expr, lambda inner: checkpointed(inner, callee))


def _reads_repeatedly(step: Step, flow: Val) -> bool:
    """Whether one tensor serves several ports, as in self-attention, and is more than a name."""
    several = step.decl is not None and len([p for p in step.decl.ports if not p.variadic]) > 1
    return step.kind == "layer" and several and not flow.is_name


def frozen(module: py.Expr) -> py.Expr:
    """Without gradients, and in evaluation mode from the start."""
    return py.call(py.attr(py.call(py.attr(module, "requires_grad_"), py.const(False)), "eval"))
