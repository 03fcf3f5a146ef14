"""Declared, shared and inlined modules."""

from archspec import pycode as py
from archspec.backends.torch.calls import block_hints
from archspec.backends.torch.emitter import Emitter, Hints, Undecided, Val
from archspec.backends.torch.families import families, outwards
from archspec.backends.torch.modules import (
    checkpointed,
    frozen,
    in_hints,
    keep_weights,
    module_key,
)
from archspec.backends.torch.results import nesting_of, result_value
from archspec.backends.torch.scan import pattern, value_names
from archspec.backends.torch.sizes import CannotEmit
from archspec.syntax import ast


def emit_declaration(e: Emitter, stage: ast.Stage) -> None:
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
        source = e.shared_references.get(id(label.copy_of.module))
        if source is None:
            raise CannotEmit("a slow copy of a layer that is declared in another class")
        build = py.call(
            py.attr(py.call("copy.deepcopy", source), "requires_grad_"), py.const(False)
        )
        e.state.ctor.append(py.Assign(reference, build))
        target = e.container.member(str(key.value), in_forward=True)
        e.ema.append((target, source, _momentum(e, stage)))
        return
    applied = e.planner.first_application(e, label)
    if applied is None:
        raise CannotEmit("a shared layer that is never applied")
    step = applied
    kind = "group" if isinstance(label.target, ast.Group) else "block" if step.frame else "layer"
    try:
        built, e.shared_outputs[id(label.module)] = e.planner.shared_instance(e, stage, kind)
        e.state.ctor.append(py.Assign(reference, _as_declared(stage, built)))
    except CannotEmit:
        # Its sizes follow from others of the class, which are not known yet.
        place = py.Assign(reference, py.call("nn.Identity"))
        e.state.ctor.append(place)
        e.undecided[id(label.module)] = Undecided(stage, kind, e.state.ctor, place)
    keep_weights(e, stage, reference, e.container.member(str(key.value), in_forward=True))


def _as_declared(stage: ast.Stage, built: py.Expr) -> py.Expr:
    return frozen(built) if "frozen" in stage.modifiers else built


def _decide(e: Emitter, undecided: Undecided, inputs: tuple[Hints, ...]) -> tuple[Hints, ...]:
    """Write a declared module at its place, now that it is known what flows into it."""
    stage, place, body = undecided.stage, undecided.place, undecided.body
    inner = e.passes
    found = {id(q): q for p in inner for q in outwards(e, p) if id(stage) in q.steps}
    between = (q for p in inner for q in outwards(e, p) if id(q) not in found and q.parent)
    loops = {name for q in between for name in q.names if name in e.scope}
    e.passes = tuple(found.values())
    try:
        built, outputs = e.planner.shared_instance(e, stage, undecided.kind, inputs)
    finally:
        e.passes = inner
    later = e.running.names.union(*(py.names_used(e.scope[name].ctor()) for name in loops))
    if set(py.names_used(built)) & later:
        raise CannotEmit("a shared layer whose size is known only later")
    index = next(i for i, statement in enumerate(body) if statement is place)
    body[index] = py.Assign(place.target, _as_declared(stage, built))
    return outputs


def _momentum(e: Emitter, stage: ast.Stage) -> py.Expr:
    """A number, or what `update_ema` finds as the module's attribute."""
    assert isinstance(stage.core, ast.Call)
    return e.translate_forward(stage.core.keywords[0].value)


def emit_shared(e: Emitter, stage: ast.Stage, flow: Val | None) -> Val:
    label = e.step(stage).label
    assert label is not None
    callee = e.shared_references.get(id(label.module))
    if callee is None:
        raise CannotEmit("a shared layer that is declared in another class")
    undecided = e.undecided.pop(id(label.module), None)
    if undecided is not None:
        e.shared_outputs[id(label.module)] = _decide(e, undecided, in_hints(flow))
    tensors = (
        () if flow is None else tuple(v.expr for v in flow.items) if flow.items else (flow.expr,)
    )
    step = e.step(stage)
    known = e.shared_outputs.get(id(label.module), ())
    frames = [(p, s.frame) for p, s in e.steps(stage) if s.frame is not None]
    if frames and label.copy_of is None:
        known = block_hints(e.planner, e, frames, in_hints(flow))
    elif label.copy_of is not None:
        known = e.shared_outputs.get(id(label.copy_of.module), ())
    hints = e.output_hints(stage, lambda: known)
    expr: py.Expr = py.call(callee, *tensors)
    if step.decl is not None:
        expr = step.decl.emit_call(step.params, callee, tensors)  # type: ignore[union-attr]
    if "checkpoint" in label.stage.modifiers:
        expr = checkpointed(expr, callee)
    value = result_value(step.output, expr, hints, nesting_of(step))
    if pattern(label.stage.label) in e.read and isinstance(label.stage.label, ast.Name):  # type: ignore[arg-type]
        e.values[label.name] = value
    return value


def emit_inline(e: Emitter, stage: ast.Stage, flow: Val | None) -> Val | None:
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
    e.forms |= families(block.body, [f for _, f in frames])
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
