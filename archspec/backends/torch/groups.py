"""Groups: as an `nn.Sequential`, as a class of their own, or as a dict of modules."""

from dataclasses import replace
from typing import Any

from archspec import pycode as py
from archspec.backends.torch.emitter import Container, Emitter, Hints, Val
from archspec.backends.torch.modules import (
    add_module,
    after_label,
    construct,
    frozen,
    in_hints,
    keep_weights,
    module_key,
    place_module,
)
from archspec.backends.torch.records import names_within
from archspec.backends.torch.scan import defined_names, definitions, pattern, value_names
from archspec.backends.torch.sizes import CannotEmit
from archspec.elaborate.values import Label, Pass, Tensor, tensors_in
from archspec.syntax import ast


def is_sequential(e: Emitter, stage: ast.Stage) -> bool:
    group = stage.core
    assert isinstance(group, ast.Group)
    if "checkpoint" in stage.modifiers:
        return False
    if not is_chain(e, group.body.statements, e.passes):
        return False
    static = {name for p in e.passes for name in names_within(p)}
    return not any(e.is_read(name) for name in defined_names(group.body) - static)


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
    if all(s.kind == "inline" for s in steps):
        frames = [s.frame for s in steps if s.frame is not None]
        roots = tuple(f.root for f in frames)
        return all(is_chain(e, f.block.body.statements, roots) for f in frames[:1])
    if stage.modifiers:
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
    return not outer_values(e, stage) and not _read_from_outside(e, stage)


def outer_values(e: Emitter, stage: ast.Stage) -> list[str]:
    """The names of values from outside that a group reads, in the order of their definition."""
    group = stage.core
    assert isinstance(group, ast.Group)
    outside = defined_names_without(e.body, group) | set(e.values)
    static = {n for p in e.passes for n in p.names} | set(e.scope)
    inside = defined_names(group.body)
    found = (value_names(group.body) & outside) - inside - static - {"_"}
    return [*(n for n in e.values if n in found), *sorted(found - set(e.values))]


def _read_from_outside(e: Emitter, stage: ast.Stage) -> bool:
    group = stage.core
    assert isinstance(group, ast.Group)
    if defined_names(group.body) & value_names_without(e.body, group):
        return True
    return any(isinstance(s, ast.Output) for s in group.body.statements)


def opened(e: Emitter, stage: ast.Stage, flow: Val | None) -> tuple[ast.Stage, Val] | None:
    """A group that reads values from outside, as one that they flow into, by their names.

    Gives what stands for its stage, and all that flows in; None where the group is read from
    outside as well, or a value is none of this class's variables.
    """
    names = outer_values(e, stage)
    if _read_from_outside(e, stage) or not all(_is_variable(e, name) for name in names):
        return None
    flowing = list(flow.items or (flow,)) if flow is not None and _takes_flow(e, stage) else []
    named = {e.values[name].expr: name for name in names}
    ports = [named.pop(val.expr, None) for val in flowing]
    rest = [name for name in names if name in named.values()]
    vals = [*flowing, *(e.values[name] for name in rest)]
    proxy = replace(stage, modifiers=stage.modifiers)
    for p, step in e.steps(stage):
        outer = [_tensor_of(p, name) for name in rest]
        if any(tensor is None for tensor in outer):
            return None
        kept = step.inputs if flowing else ()
        p.steps[id(proxy)] = replace(step, inputs=(*kept, *outer))  # type: ignore[arg-type]
    e.planner.open_group(proxy, (*ports, *rest), len(flowing))
    return proxy, vals[0] if len(vals) == 1 else Val(
        py.Tuple(tuple(v.expr for v in vals)), items=tuple(vals)
    )


def _is_variable(e: Emitter, name: str) -> bool:
    val = e.values.get(name)
    return val is not None and val.is_name and not val.items and "*" not in name


def _tensor_of(p: Pass, name: str) -> Tensor | None:
    """What a name stands for, if it is bound only once."""
    if definitions(p.frame.block.body, name) != 1:
        return None
    value = p.frame.names.get(name)
    value = value.value if isinstance(value, Label) else value
    return value if isinstance(value, Tensor) else None


def _takes_flow(e: Emitter, stage: ast.Stage) -> bool:
    """Whether what flows into a group is used: it does not begin with a value of its own."""
    group = stage.core
    assert isinstance(group, ast.Group)
    if "_" in value_names(group.body.statements[:1]):
        return True
    for statement in group.body.statements:
        match statement:
            case ast.Tensor() | ast.Tie() | ast.Init() | ast.Require():
                continue
            case ast.Flow(stages=(first, *_)):
                return any(_reads_input(p, first, step.inputs) for p, step in e.steps(stage))
            case _:
                return True
    return True


def _reads_input(p: Pass, stage: ast.Stage, inputs: tuple[Tensor, ...]) -> bool:
    """Whether a stage is applied to one of the `inputs`."""
    step = p.steps.get(id(stage)) or p.steps.get(id(stage.core))
    values = {tensor.value for tensor in inputs}
    return step is None or any(tensor.value in values for tensor in step.inputs)


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


def emit_sequential(
    e: Emitter, stage: ast.Stage, label: py.Expr | None, flow: Val | None
) -> tuple[py.Expr, py.Expr | None, tuple[Hints, ...]]:
    """A group that is a chain: an `nn.Sequential` in the constructor of the class around it."""
    from archspec.backends.torch.body import emit_statements

    group = stage.core
    assert isinstance(group, ast.Group)
    shown = display(e, group, flow)
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
        e.state.ctor.append(py.ExprStmt(frozen(local)))
    if add_later is None:
        keep_weights(e, stage, local, reference)
    hints = (out.hints,) if out is not None else ()
    return reference, None, hints


def display(
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
            if kind == "inline":
                return None
            if kind == "group" and is_sequential(e, stage):
                shown = display(e, stage.core, value)  # type: ignore[arg-type]
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


def emit_namespace(e: Emitter, stage: ast.Stage, flow: Val | None) -> Val | None:
    """A group whose values are used outside: its modules in a dict, its flow in this `forward`."""
    from archspec.backends.torch.body import emit_statements

    if e.silent:
        raise CannotEmit("a group within a chain of modules whose values are used outside")
    if "checkpoint" in stage.modifiers:
        raise CannotEmit("a value of a group that is computed again is used outside of it")
    group = stage.core
    assert isinstance(group, ast.Group)
    label = module_key(e, stage)
    container = e.container
    reference: py.Expr
    module = py.call("nn.ModuleDict")
    match label:
        case py.Constant(value=str() as text) if text.isidentifier():
            local = container.member(text)
            e.state.ctor.append(py.Assign(local, module))
            reference = container.member(text, in_forward=True)
        case _:
            local = py.name(e.ctor_names.new("group"))
            e.state.ctor.append(py.Assign(local, module))
            _, reference = place_module(e, stage, label, local)
    kept = container.frozen or "frozen" in stage.modifiers
    with e.inside(Container(local, False, reference, items=True, frozen=kept)):
        value = emit_statements(e, group.body.statements, flow)
    if "frozen" in stage.modifiers:
        e.state.ctor.append(py.ExprStmt(frozen(local)))
    keep_weights(e, stage, local, reference)
    if isinstance(local, py.Name):
        e.ctor_names.release(local.id)
    return value if value is None else after_label(e, stage, value)


def group_expression(
    e: Emitter, stage: ast.Stage, flow: Val | None
) -> tuple[py.Expr, tuple[Hints, ...]]:
    """A declared group as one expression: a display of its modules, or a class of its own."""
    group = stage.core
    assert isinstance(group, ast.Group)
    if is_sequential(e, stage):
        shown = display(e, group, flow)
        if shown is not None:
            return shown
    return e.planner.instance(e, stage, e.steps(stage), group, in_hints(flow))
