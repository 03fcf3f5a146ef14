"""Stages: which module a stage adds to the constructor, and the call in `forward`."""

from dataclasses import replace
from typing import Any

from archspec import pycode as py
from archspec.backends.torch.arguments import layer_call
from archspec.backends.torch.emitter import SELF, Container, Emitter, Hints, Val
from archspec.backends.torch.expressions import function_call, tensor_expr
from archspec.backends.torch.results import result_value
from archspec.backends.torch.scan import defined_names, pattern, value_names
from archspec.backends.torch.sizes import CannotEmit
from archspec.elaborate.values import Outputs, Pass, Step, tensors_in
from archspec.syntax import ast


def emit_stage(e: Emitter, stage: ast.Stage, flow: Val | None, first: bool) -> Val | None:
    """Write one stage; gives what flows out of it."""
    core = stage.core
    if isinstance(core, ast.Residual | ast.Dense | ast.Reuse):
        from archspec.backends.torch.joins import emit_join

        return emit_join(e, core, flow)
    if id(stage) not in {k for p in e.passes for k in p.steps}:
        # A function in stage position is recorded at its own node.
        return function_call(e, core, flow)  # type: ignore[arg-type]
    kinds = {s.kind for _, s in e.steps(stage)}
    if len(kinds) > 1:
        raise CannotEmit("the stage does different things in different calls")
    kind = kinds.pop()
    match kind:
        case "value":
            return tensor_expr(e, core, flow)  # type: ignore[arg-type]
        case "declare":
            _declare(e, stage)
            return flow
        case "apply":
            return _apply_again(e, stage, flow)
        case "inline":
            return _inline(e, stage, flow)
        case "layer" | "block" | "group":
            return _module(e, stage, kind, flow)
        case _:
            raise CannotEmit(f"a stage of kind {kind}")


# --- modules -----------------------------------------------------------------------------------


def _module(e: Emitter, stage: ast.Stage, kind: str, flow: Val | None) -> Val | None:
    """A layer, block or group of its own in the current container."""
    result_hints = _hints_of_stage(e, stage, kind, flow)
    if kind == "group" and not _is_sequential(e, stage) and not self_contained(e, stage):
        return _namespace(e, stage, flow)
    label = module_key(e, stage)
    build: py.Expr | None
    if kind == "group" and _is_sequential(e, stage):
        callee, build, result_hints = _sequential(e, stage, label, flow)
    else:
        build, produced = construct(e, stage, kind, flow)
        result_hints = produced or result_hints
        callee = add_module(e, stage, label, build)
    value = _call(e, stage, callee, flow, result_hints)
    return after_label(e, stage, value)


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

        target = variable(e, stage.label)
        e.emit(py.Assign(target, value.expr))
        value = replace(value, expr=target)
        e.values[pattern(stage.label)] = value
    return value


def _keep_outputs(e: Emitter, stage: ast.Stage, value: Val) -> Val:
    """Several outputs in one variable: `t.c1` is `t[0]`."""
    from archspec.backends.torch.body import variable

    assert stage.label is not None
    target = variable(e, stage.label)
    e.emit(py.Assign(target, value.expr))
    items = tuple(
        replace(item, expr=py.Subscript(target, (py.const(i),)))
        for i, item in enumerate(value.items)
    )
    output = e.step(stage).output
    names = output.names if isinstance(output, Outputs) else ()
    e.output_names[pattern(stage.label)] = names
    value = Val(target, items=items)
    e.values[pattern(stage.label)] = value
    return value


def _hints_of_stage(e: Emitter, stage: ast.Stage, kind: str, flow: Val | None) -> tuple[Hints, ...]:
    return e.output_hints(stage, lambda: ())


def module_key(e: Emitter, stage: ast.Stage) -> py.Expr | None:
    """The key of a stage's module: a literal, an f-string, or None where it has no label."""
    return None if stage.label is None else e.translate.template(stage.label)


def construct(
    e: Emitter, stage: ast.Stage, kind: str, flow: Val | None
) -> tuple[py.Expr, tuple[Hints, ...]]:
    """The expression that makes the module of a stage, and hints of what it gives."""
    steps = e.steps(stage)
    if kind == "layer":
        return layer_call(e, stage, steps, _in_hints(flow))
    body = stage.core if isinstance(stage.core, ast.Group) else None
    return e.planner.instance(e, stage, steps, body, _in_hints(flow))


def _in_hints(flow: Val | None) -> tuple[Hints, ...]:
    if flow is None:
        return ()
    return tuple(v.hints for v in flow.items) if flow.items else (flow.hints,)


def add_module(e: Emitter, stage: ast.Stage, label: py.Expr | None, build: py.Expr) -> py.Expr:
    """Add a module to the current container; gives how `forward` refers to it."""
    container, steps = e.container, e.steps(stage)
    if "frozen" in stage.modifiers:
        build = py.call(py.attr(build, "requires_grad_"), py.const(False))
    reference: py.Expr
    if stage.weights is not None:
        if not isinstance(label, py.Constant):
            raise CannotEmit("weights from a file for a layer without a fixed label")
        e.pretrained.append((py.attr(container.expr, str(label.value)), stage.weights))
    if label is None and container.sequential:
        e.state.ctor.append(py.ExprStmt(py.call(py.attr(container.expr, "append"), build)))
        return container.expr
    if label is None:
        return _add_unlabelled(e, steps, build)
    match label:
        case py.Constant(value=str() as text) if text.isidentifier():
            e.state.ctor.append(py.Assign(container.member(text), build))
            reference = container.member(text, in_forward=True)
        case _ if container.items:
            e.state.ctor.append(py.Assign(py.Subscript(container.expr, (label,)), build))
            assert stage.label is not None
            key = e.translate_forward.template(stage.label)
            reference = py.Subscript(container.in_forward, (key,))
        case _:
            adder = py.attr(container.expr, "add_module")
            e.state.ctor.append(py.ExprStmt(py.call(adder, label, build)))
            reference = get_module(e, container.in_forward, stage)
    if "frozen" in stage.modifiers:
        e.frozen.append(reference)
    return reference


def get_module(e: Emitter, container: py.Expr, stage: ast.Stage) -> py.Expr:
    assert stage.label is not None
    return py.call("getattr", container, e.translate_forward.template(stage.label))


def _add_unlabelled(e: Emitter, steps: list[tuple[Pass, Step]], build: py.Expr) -> py.Expr:
    """Without weights: one attribute named after the class. With weights: keyed by position."""
    step = steps[0][1]
    stateless = step.kind == "layer" and not any(s.module and s.module.weights for _, s in steps)
    if stateless and step.decl is not None:
        inner = {n for p in e.passes for n in p.names} if e.passes[0].parent else set()
        free = set(py.names_used(build))
        locals_ = {name for name in free if name in inner or name in e.running.values()}
        if not locals_:
            if build not in e.single:
                base = step.decl.name.lower().removeprefix("adaptive")
                base = base[:-2] if base[-2:] in ("1d", "2d", "3d") else base
                e.single[build] = e.attributes.new(base)
                e.state.tail.append(py.Assign(py.attr(SELF, e.single[build]), build))
            return py.attr(SELF, e.single[build])
        if not getattr(step.decl, "mode_dependent", False):
            raise CannotEmit("a layer without weights whose arguments vary in a loop")
    keys = [s.module.key for _, s in steps if s.module is not None]
    key = position_key(e, [(p, int(k)) for (p, _), k in zip(steps, keys, strict=True)])
    if e.container.items:
        e.state.ctor.append(py.Assign(py.Subscript(e.container.expr, (key,)), build))
        return py.Subscript(e.container.in_forward, (key,))
    adder = py.attr(e.container.expr, "add_module")
    e.state.ctor.append(py.ExprStmt(py.call(adder, key, build)))
    return py.call("getattr", e.container.in_forward, key)


def position_key(e: Emitter, keys: list[tuple[Pass, int]]) -> py.Expr:
    """The position of an unlabelled module: a literal, or linear in a loop's variable."""
    values = {k for _, k in keys}
    if len(values) == 1:
        return py.const(str(values.pop()))
    for name in keys[0][0].names:
        points = sorted({(p.names.get(name), k) for p, k in keys}, key=str)
        variables = {x for x, _ in points}
        if any(type(x) is not int for x in variables) or not 1 < len(variables) == len(points):
            continue
        (x0, k0), (x1, k1) = points[0], points[1]
        if (k1 - k0) % (x1 - x0):  # type: ignore[operator]
            continue
        slope = (k1 - k0) // (x1 - x0)  # type: ignore[operator]
        offset = k0 - slope * x0  # type: ignore[operator]
        if slope and all(k == slope * x + offset for x, k in points):  # type: ignore[operator]
            hint = e.scope[name].hint
            assert hint is not None
            index = e.sizes.render(hint * slope + offset)
            return py.call("str", index)
    raise CannotEmit("positions that follow no loop variable")


def _call(
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
    if step.kind == "layer" and step.decl is not None and "checkpoint" not in stage.modifiers:
        expr = step.decl.emit_call(step.params, callee, tensors)  # type: ignore[union-attr]
    elif "checkpoint" in stage.modifiers:
        expr = py.call("checkpoint", callee, *tensors, use_reentrant=py.const(False))
    else:
        expr = py.call(callee, *tensors)
    return result_value(step.output, expr, hints)


def _reads_repeatedly(step: Step, flow: Val) -> bool:
    """Whether one tensor serves several ports, as in self-attention, and is more than a name."""
    several = step.decl is not None and len([p for p in step.decl.ports if not p.variadic]) > 1
    return step.kind == "layer" and several and not flow.is_name


# --- groups ------------------------------------------------------------------------------------


def _is_sequential(e: Emitter, stage: ast.Stage) -> bool:
    group = stage.core
    assert isinstance(group, ast.Group)
    if "checkpoint" in stage.modifiers:
        return False
    return is_chain(e, group.body.statements, e.passes) and not any(
        e.is_read(name) for name in defined_names(group.body)
    )


def is_chain(e: Emitter, statements: tuple[ast.Statement, ...], passes: tuple[Pass, ...]) -> bool:
    """Whether the statements are one chain of modules, so that a `Sequential` holds them."""
    for statement in statements:
        match statement:
            case ast.Input() | ast.Require():
                continue
            case ast.For(body=body):
                inner = tuple(c for p in passes for c in p.loops.get(id(statement), ()))
                if not is_chain(e, body.statements, inner):
                    return False
            case ast.If():
                branch: Any = statement
                while isinstance(branch, ast.If):
                    if not is_chain(e, branch.body.statements, passes):
                        return False
                    branch = branch.orelse
                if branch is not None and not is_chain(e, branch.statements, passes):
                    return False
            case ast.Flow(targets=(), stages=stages):
                for stage in stages:
                    if not _chain_stage(e, stage, passes):
                        return False
            case ast.Flow(targets=targets):
                static = all(
                    any(t.id in p.names for p in passes) for t in targets if isinstance(t, ast.Name)
                )
                if not static or any(not isinstance(t, ast.Name) for t in targets):
                    return False
            case _:
                return False
    return True


def _chain_stage(e: Emitter, stage: ast.Stage, passes: tuple[Pass, ...]) -> bool:
    steps = [p.steps[id(stage)] for p in passes if id(stage) in p.steps]
    if not steps:
        # Never executed here (a branch not taken) or a function, which no container holds.
        return not any(id(stage.core) in p.steps for p in passes) and not isinstance(
            stage.core, ast.Residual | ast.Dense | ast.Reuse
        )
    if set(stage.modifiers) - {"frozen"} or stage.modifiers:
        return False
    group = isinstance(stage.core, ast.Group) and not is_chain(
        e, stage.core.body.statements, passes
    )
    if group and not self_contained(e, stage):
        return False
    return all(
        s.kind in ("layer", "block", "group")
        and len(s.inputs) == 1
        and len(list(tensors_in(s.output))) == 1
        and (s.decl is None or len(s.decl.ports) == 1)
        for s in steps
    )


def self_contained(e: Emitter, stage: ast.Stage) -> bool:
    """Whether a group neither reads run-time values from outside nor is read from outside."""
    group = stage.core
    assert isinstance(group, ast.Group)
    inside = defined_names(group.body)
    outside = defined_names_without(e.body, group)
    static = {n for p in e.passes for n in p.names} | set(e.scope)
    if (value_names(group.body) & outside) - inside - static:
        return False
    if inside & value_names_without(e.body, group):
        return False
    return not any(isinstance(s, ast.Output) for s in group.body.statements)


def defined_names_without(body: Any, group: ast.Group) -> set[str]:
    from archspec.backends.torch.scan import children

    found: set[str] = set()
    stack = [body]
    while stack:
        item = stack.pop()
        if item is group:
            continue
        match item:
            case ast.Flow(targets=targets):
                found |= {pattern(t) for t in targets}
            case ast.Stage(label=label) if label is not None:
                found.add(pattern(label))
            case ast.Tensor(name=name):
                found.add(pattern(name))
            case ast.Input(name=name):
                found.add(name)
            case _:
                pass
        stack.extend(children(item))
    return found


def value_names_without(body: Any, group: ast.Group) -> set[str]:
    """Names read outside of `group`."""
    return value_names(_Without(body, group).statements())


class _Without:
    """A body without one of its groups."""

    def __init__(self, body: Any, group: ast.Group) -> None:
        self.body = body
        self.group = group

    def statements(self) -> tuple[Any, ...]:
        from archspec.backends.torch.scan import children, contains

        found: list[Any] = []
        stack = [self.body]
        while stack:
            item = stack.pop()
            if item is self.group:
                continue
            if contains(item, self.group):
                stack.extend(children(item))
            else:
                found.append(item)
        return tuple(found)


def _sequential(
    e: Emitter, stage: ast.Stage, label: py.Expr | None, flow: Val | None
) -> tuple[py.Expr, py.Expr | None, tuple[Hints, ...]]:
    """A group that is a chain: an `nn.Sequential` in the constructor of the class around it."""
    from archspec.backends.torch.body import emit_statements

    group = stage.core
    assert isinstance(group, ast.Group)
    shown = _display(e, group, flow)
    if shown is not None:
        build, hints = shown
        return add_module(e, stage, label, build), None, hints
    container = e.container
    local: py.Expr
    match label:
        case py.Constant(value=str() as text) if text.isidentifier():
            local = container.member(text)
            e.state.ctor.append(py.Assign(local, py.call("nn.Sequential")))
            reference = container.member(text, in_forward=True)
            add_later = None
        case _:
            local = py.name(e.ctor_names.new("stage"))
            e.state.ctor.append(py.Assign(local, py.call("nn.Sequential")))
            add_later = local
            reference = local
    with e.silently(), e.inside(Container(local, True)):
        out = emit_statements(e, group.body.statements, flow)
    if add_later is not None:
        reference = add_module(e, stage, label, add_later)
        assert isinstance(add_later, py.Name)
        e.ctor_names.release(add_later.id)
    elif "frozen" in stage.modifiers:
        e.state.ctor.append(py.ExprStmt(py.call(py.attr(local, "requires_grad_"), py.const(False))))
        e.frozen.append(reference)
    if stage.weights is not None and add_later is None:
        e.pretrained.append((reference, stage.weights))
    hints = (out.hints,) if out is not None else ()
    return reference, None, hints


def _display(
    e: Emitter, group: ast.Group, flow: Val | None
) -> tuple[py.Expr, tuple[Hints, ...]] | None:
    """A chain without loops and branches as one `nn.Sequential(…)` expression."""
    if any(not isinstance(s, ast.Flow) or s.targets for s in group.body.statements):
        return None
    stages = [s for statement in group.body.statements for s in statement.stages]  # type: ignore[union-attr]
    parts: list[tuple[py.Expr | None, py.Expr]] = []
    value = flow
    with e.silently():
        for stage in stages:
            kind = e.step(stage).kind
            if kind == "group" and _is_sequential(e, stage):
                shown = _display(e, stage.core, value)  # type: ignore[arg-type]
                if shown is None:
                    return None
                build, hints = shown
            else:
                build, hints = construct(e, stage, kind, value)
            parts.append((module_key(e, stage), build))
            value = Val(py.name("_"), hints[0] if hints else ())
    assert value is not None
    out = (value.hints,)
    if all(key is None for key, _ in parts):
        return py.call("nn.Sequential", *(build for _, build in parts)), out
    keys = [
        key.value if isinstance(key, py.Constant) else str(i) if key is None else None
        for i, (key, _) in enumerate(parts)
    ]
    if any(not isinstance(k, str) for k in keys):
        return None
    if all(isinstance(k, str) and k.isidentifier() for k in keys):
        named = py.Call(
            py.name("OrderedDict"),
            (),
            tuple((str(k), build) for k, (_, build) in zip(keys, parts, strict=True)),
        )
    else:
        pairs = tuple(
            py.Tuple((py.const(str(k)), build)) for k, (_, build) in zip(keys, parts, strict=True)
        )
        named = py.call("OrderedDict", py.List(pairs))
    return py.call("nn.Sequential", named), out


def _namespace(e: Emitter, stage: ast.Stage, flow: Val | None) -> Val | None:
    """A group whose values are used outside: its modules in a dict, its flow in this `forward`."""
    from archspec.backends.torch.body import emit_statements

    group = stage.core
    assert isinstance(group, ast.Group)
    label = module_key(e, stage)
    container = e.container
    module = py.call("nn.ModuleDict")
    match label:
        case py.Constant(value=str() as text) if text.isidentifier():
            local = container.member(text)
            e.state.ctor.append(py.Assign(local, module))
            inner = Container(local, False, container.member(text, in_forward=True), items=True)
        case _:
            local = py.name(e.ctor_names.new("group"))
            e.state.ctor.append(py.Assign(local, module))
            reference = add_module(e, stage, label, local)
            inner = Container(local, False, reference, items=True)
    with e.inside(inner):
        value = emit_statements(e, group.body.statements, flow)
    if isinstance(local, py.Name):
        e.ctor_names.release(local.id)
    return value if value is None else after_label(e, stage, value)


def group_expression(
    e: Emitter, stage: ast.Stage, flow: Val | None
) -> tuple[py.Expr, tuple[Hints, ...]]:
    """A declared group as one expression: a display of its modules, or a class of its own."""
    group = stage.core
    assert isinstance(group, ast.Group)
    if _is_sequential(e, stage):
        shown = _display(e, group, flow)
        if shown is not None:
            return shown
    return e.planner.instance(e, stage, e.steps(stage), group, _in_hints(flow))


# --- declared, shared, inlined -----------------------------------------------------------------


def _declare(e: Emitter, stage: ast.Stage) -> None:
    """`shared` and `ema`: the module stands in the constructor where it is declared."""
    label = e.step(stage).label
    assert label is not None
    key = module_key(e, stage)
    for _, own in e.steps(stage):
        if own.module is not None and isinstance(key, py.Constant):
            in_forward = e.container.member(str(key.value), in_forward=True)
            e.shared_references[id(own.module)] = in_forward
    if not isinstance(key, py.Constant):
        raise CannotEmit("a shared layer declared in a loop")
    reference = e.container.member(str(key.value))
    if label.copy_of is not None:
        assert isinstance(label.copy_of.stage.label, ast.Name)
        source = e.container.member(label.copy_of.stage.label.id)
        build = py.call(
            py.attr(py.call("copy.deepcopy", source), "requires_grad_"), py.const(False)
        )
        e.state.ctor.append(py.Assign(reference, build))
        e.ema.append((reference, source, label.module.momentum))
        return
    applied = e.planner.first_application(e, label)
    if applied is None:
        raise CannotEmit("a shared layer that is never applied")
    step = applied
    kind = "group" if isinstance(label.target, ast.Group) else "block" if step.frame else "layer"
    inputs = [list(s.inputs) for s in (step,)]
    hints = tuple(tuple(t.type.shape) for t in inputs[0])
    built, e.shared_outputs[id(label.module)] = e.planner.shared_instance(
        e, stage, step, kind, hints
    )
    if "frozen" in stage.modifiers:
        built = py.call(py.attr(built, "requires_grad_"), py.const(False))
        e.frozen.append(reference)
    e.state.ctor.append(py.Assign(reference, built))


def _apply_again(e: Emitter, stage: ast.Stage, flow: Val | None) -> Val:
    label = e.step(stage).label
    assert label is not None
    callee = e.shared_references.get(id(label.module))
    if callee is None:
        raise CannotEmit("a shared layer that is declared in another class")
    tensors = (
        () if flow is None else tuple(v.expr for v in flow.items) if flow.items else (flow.expr,)
    )
    step = e.step(stage)
    known = e.shared_outputs.get(id(label.module), ())
    frames = [(p, s.frame) for p, s in e.steps(stage) if s.frame is not None]
    if frames and label.copy_of is None:
        known = e.planner.block_hints(e, frames, _in_hints(flow))
    elif label.copy_of is not None:
        known = e.shared_outputs.get(id(label.copy_of.module), ())
    hints = e.output_hints(stage, lambda: known)
    expr: py.Expr = py.call(callee, *tensors)
    if step.decl is not None:
        expr = step.decl.emit_call(step.params, callee, tensors)  # type: ignore[union-attr]
    value = result_value(step.output, expr, hints)
    if pattern(label.stage.label) in e.read and isinstance(label.stage.label, ast.Name):  # type: ignore[arg-type]
        e.values[label.name] = value
    return value


def _inline(e: Emitter, stage: ast.Stage, flow: Val | None) -> Val | None:
    """`inline Block(…)`: its statements here, its parameters replaced by the arguments."""
    from archspec.backends.torch.body import emit_statements

    steps = e.steps(stage)
    frames = [(p, s.frame) for p, s in steps if s.frame is not None]
    block = frames[0][1].block
    if any(f.block is not block for _, f in frames):
        raise CannotEmit("different blocks are inlined")
    outer_scope, outer_values = dict(e.scope), dict(e.values)
    e.planner.bind_inlined(e, stage, frames)
    inputs = [s for s in block.body.statements if isinstance(s, ast.Input)]
    items = () if flow is None else flow.items or (flow,)
    for statement, item in zip(inputs, items, strict=False):
        e.values[statement.name] = item
    e.read |= value_names(block.body)
    outer = e.passes
    e.passes = tuple(f.root for _, f in frames)
    for p, f in frames:
        e.up[id(f.root)] = p
    try:
        value = emit_statements(e, block.body.statements, flow)
    finally:
        e.passes, e.scope = outer, outer_scope
        outer_values.update({k: v for k, v in e.values.items() if k not in outer_values})
        e.values = outer_values
    if e.outputs is not None:
        found, e.outputs = e.outputs, None
        return (
            found[0]
            if len(found) == 1
            else Val(py.Tuple(tuple(v.expr for v in found)), items=tuple(found))
        )
    return value
