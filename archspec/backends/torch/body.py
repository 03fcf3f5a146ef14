"""Statements: flows, loops, branches, params; what becomes of each in constructor and `forward`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from archspec import pycode as py
from archspec.backends.torch.branches import emit_if
from archspec.backends.torch.emitter import Emitter, Static, Val
from archspec.backends.torch.families import dict_of, keys_of
from archspec.backends.torch.lists import note_channels
from archspec.backends.torch.loops import emit_for
from archspec.backends.torch.results import target_of, unpack
from archspec.backends.torch.scan import pattern
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.stages import emit_stage
from archspec.dims import Dim
from archspec.elaborate.values import Outputs, Pass, tensors_in
from archspec.syntax import ast


def emit_statements(
    e: Emitter, statements: tuple[ast.Statement, ...], flow: Val | None
) -> Val | None:
    """Write `statements` in order; gives what flows out."""
    for index, statement in enumerate(statements):
        last = index == len(statements) - 1
        flow = _emit(e, statement, flow, last)
    return flow


def _emit(e: Emitter, statement: ast.Statement, flow: Val | None, last: bool) -> Val | None:
    try:
        return _written(e, statement, flow, last)
    except CannotEmit as error:
        error.span = error.span or statement.span
        raise


def _written(e: Emitter, statement: ast.Statement, flow: Val | None, last: bool) -> Val | None:
    match statement:
        case ast.Flow():
            return _flow(e, statement, flow, last)
        case ast.For():
            return emit_for(e, statement, flow)
        case ast.If():
            return emit_if(e, statement, flow)
        case ast.Output():
            _output(e, statement, flow)
            return flow
        case ast.Tensor():
            _tensor(e, statement)
            return flow
        case ast.Tie():
            _tie(e, statement)
            return flow
        case ast.Init():
            _init(e, statement)
            return flow
        case ast.Input() | ast.Require() | ast.Weight():
            return flow


# --- flows -------------------------------------------------------------------------------------


def _flow(e: Emitter, statement: ast.Flow, flow: Val | None, last: bool) -> Val | None:
    if _is_static(e, statement):
        _assign_static(e, statement)
        return flow
    value = flow
    for index, stage in enumerate(statement.stages):
        if not e.ran(stage) and not e.ran(stage.core):
            raise CannotEmit(f"{stage.span.text} was never executed")
        value = emit_stage(e, stage, value, index == 0)
        following = statement.stages[index + 1 : index + 2]
        goes_on = bool(following) or not (statement.targets or last)
        if following and isinstance(following[0].core, ast.Index):  # `_[0]` takes one of them
            goes_on = False
        if value is not None and (goes_on or (value.nesting and not statement.targets)):
            value = unpack(e, value, _names_of(e, stage))
    if statement.targets:
        assert value is not None
        return _bind(e, statement, value)
    if value is None or value.items or e.silent:
        return value
    return value if last else e.materialise(value)


def _names_of(e: Emitter, stage: ast.Stage) -> tuple[str, ...]:
    """The names of several results, where the layer or block has some."""
    output = e.step(stage).output if e.ran(stage) else None
    return output.names if isinstance(output, Outputs) else ()


def _is_static(e: Emitter, statement: ast.Flow) -> bool:
    """Whether the statement names a compile-time value."""
    if len(statement.stages) != 1 or not statement.targets:
        return False
    target = statement.targets[0]
    if not isinstance(target, ast.Name):
        return False
    return any(target.id in p.names for p in e.passes) and not any(
        id(statement.stages[0]) in p.steps for p in e.passes
    )


def _assign_static(e: Emitter, statement: ast.Flow) -> None:
    """`width = make_divisible(C)`: a local of the constructor, written if something reads it."""
    core: Any = statement.stages[0].core
    targets = [t for t in statement.targets if isinstance(t, ast.Name)]
    values = {t.id: [(p, p.names[t.id]) for p in e.passes if t.id in p.names] for t in targets}
    try:
        code = e.translate(core)
    except (CannotEmit, TypeError):
        for target in targets:
            e.scope.pop(target.id, None)
        return
    for target in targets:
        name = target.id
        local = py.name(e.ctor_names.new(name))
        e.named.add(local.id)
        known = {id(p): v for p, v in values[name]}
        hint = None
        if all(isinstance(v, int | Dim) and not isinstance(v, bool) for _, v in values[name]):
            place = f"{name}#{statement.span.start}"
            hint = e.sizes.symbol(place, _value_of(e, known, name), _constantly(local))
        e.scope[name] = Static(_constantly(local), _in_forward(e, name, core), hint)
    names = tuple(e.scope[t.id].ctor() for t in targets)
    target_expr: py.Expr = names[0] if len(names) == 1 else py.Tuple(names)
    e.state.ctor.append(py.Assign(target_expr, code))


def _in_forward(e: Emitter, name: str, core: ast.Expr) -> Callable[[], py.Expr]:
    """A named compile-time value in `forward`: its one value, else what the author computes.

    That gets a variable where the name stands, as soon as something reads it.
    """
    place = py.ExprStmt(py.const(None))
    body = e.state.forward
    if not e.silent:
        body.append(place)
        e.places.append(place)
    local: list[py.Expr] = []

    def forward() -> py.Expr:
        if local:
            return local[0]
        try:
            return e.constant(name)
        except CannotEmit:
            code = e.translate_forward(core)
        index = next((i for i, statement in enumerate(body) if statement is place), None)
        if index is None:
            return code
        local.append(py.name(e.forward_names.new(name)))
        body[index] = py.Assign(local[0], code)
        return local[0]

    return forward


def _constantly(expr: py.Expr) -> Callable[[], py.Expr]:
    return lambda: expr


def _value_of(e: Emitter, known: dict[int, object], name: str) -> Callable[[Pass], object]:
    def value(pass_: Pass) -> object:
        scope: Pass | None = pass_
        while scope is not None:
            if id(scope) in known:
                return known[id(scope)]
            scope = e.parent(scope)
        return e.lookup(name, pass_)

    return value


def _bind(e: Emitter, statement: ast.Flow, value: Val) -> Val:
    """`q, k, v = …`: variables under the author's names."""
    if len(statement.targets) == 1:
        note_channels(e, statement.targets[0], value)
    targets = [py.name("_") if pattern(t) == "_" else variable(e, t) for t in statement.targets]
    if len(targets) == 1:
        e.emit(py.Assign(targets[0], value.expr))
        bound = replace(value, expr=targets[0])
        e.values[e.form(statement.targets[0])] = bound
        return bound
    e.emit(py.Assign(target_of(tuple(targets), value.nesting), value.expr))
    kept: list[Val] = []
    for i, (target, expr) in enumerate(zip(statement.targets, targets, strict=True)):
        if pattern(target) != "_":
            kept.append(Val(expr, value.items[i].hints if i < len(value.items) else ()))
            e.values[e.form(target)] = kept[-1]
    return (
        kept[0] if len(kept) == 1 else Val(py.Tuple(tuple(v.expr for v in kept)), items=tuple(kept))
    )


def variable(e: Emitter, target: ast.Name | ast.Template) -> py.Expr:
    """The Python variable of a name; one of a family is an entry of its dict."""
    if "*" not in e.form(target):
        assert isinstance(target, ast.Name)
        known = e.values.get(target.id)
        if known is not None and isinstance(known.expr, py.Name):
            return known.expr
        return py.name(e.forward_names.new(target.id))
    return py.Subscript(dict_of(e, target), keys_of(e, target, e.translate_forward))


# --- outputs, params, ties ---------------------------------------------------------------------


def _output(e: Emitter, statement: ast.Output, flow: Val | None) -> None:
    from archspec.backends.torch.expressions import is_tensor, tensor_expr

    found: list[Val] = []
    for index, item in enumerate(statement.items):
        name = pattern(item.name)
        if item.value is not None:
            val = tensor_expr(e, item.value, flow)
        elif name in e.values:
            val = e.values[name]
        elif is_tensor(e, item.name):  # of a loop: `layer3` of `layer{i}`
            val = tensor_expr(e, item.name, flow)
        else:
            assert flow is not None
            val = flow
        found.append(val if item.shape is None else _stated(e, index, item.shape, val))
    e.outputs = found


def _stated(e: Emitter, index: int, shape: ast.ShapeExpr, val: Val) -> Val:
    """An output whose sizes are what its author says, where that is a number of each instance."""
    tensors = [(p, list(tensors_in(p.frame.outputs))[index]) for p in e.passes]
    hints = list(val.hints)
    if len(shape.dims) != len(hints):
        return val
    for axis, item in enumerate(shape.dims):
        actual = [(p, t.type.shape[axis]) for p, t in tensors]
        if isinstance(item, ast.Ellipsis) or any(dim.const is None for _, dim in actual):
            continue
        hint = e.static_hint(item, [(p, dim.const) for p, dim in actual])
        if e.sizes.holds(hint, actual):
            hints[axis] = hint
    return replace(val, hints=tuple(hints))


def _tensor(e: Emitter, statement: ast.Tensor) -> None:
    from archspec.backends.torch.weights import emit_tensor

    e.values[pattern(statement.name)] = emit_tensor(e, statement)


def _tie(e: Emitter, statement: ast.Tie) -> None:
    target, source = (_weight(e, w) for w in (statement.target, statement.source))
    e.state.tying.append(py.Assign(target, source))


def _weight(e: Emitter, expr: ast.Expr) -> py.Expr:
    match expr:
        case ast.Attribute(value=value, name=ast.Name(id=name)):
            return py.attr(_weight(e, value), name)
        case ast.Attribute(value=value, name=name):
            return py.call("getattr", _weight(e, value), e.translate_forward.template(name))
        case ast.Name(id=name):
            return e.container.member(name, in_forward=True)
        case ast.Template():
            return py.call("getattr", e.container.in_forward, e.translate_forward.template(expr))
        case _:
            raise CannotEmit("a weight's path")


def _init(e: Emitter, statement: ast.Init) -> None:
    from archspec.backends.torch.weights import emit_init

    emit_init(e, statement)
