"""The body and the parameters of an emitted constructor."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.emitter import (
    SELF,
    CtorParam,
    Emitter,
)
from archspec.backends.torch.families import dict_type
from archspec.backends.torch.inputs import from_group
from archspec.backends.torch.literals import literal
from archspec.backends.torch.loops import UNKNOWN
from archspec.backends.torch.scan import reads
from archspec.backends.torch.sizes import CannotEmit
from archspec.layers import registry
from archspec.syntax import ast

if TYPE_CHECKING:
    pass


#: torch's own methods without types are called through a variable of this type.
CALLABLE = py.Subscript(py.name("Callable"), (py.name("..."), py.name("Any")))


def constructor_body(e: Emitter) -> tuple[py.Stmt, ...]:
    start = py.ExprStmt(py.call(py.attr(py.call("super"), "__init__")))
    stored = [s for s in e.state.tail if isinstance(s, py.Assign) and s.target in e.stored.values()]
    rest = [s for s in e.state.tail if s not in stored]
    ties: list[py.Stmt] = []
    if e.state.tying:
        ties.append(py.ExprStmt(py.call(py.attr(SELF, "tie_weights"))))
        register = py.name("register")
        ties.append(
            py.Assign(register, py.attr(SELF, "register_load_state_dict_post_hook"), CALLABLE)
        )
        ties.append(
            py.ExprStmt(py.call(register, py.Attr(py.call("type", SELF), "_tie_after_loading")))
        )
    inits: list[py.Stmt] = (
        [py.ExprStmt(py.call(py.attr(SELF, "reset_parameters")))] if e.inits else []
    )
    body = [start, *stored, *e.state.ctor, *rest, *ties, *inits]
    body[1:1] = [
        py.Assign(py.name(name), py.Dict(()), dict_type(e.key_types[form], "int"))
        for form, name in e.channels.items()
    ]
    running = e.running.names
    body = list(
        _prune(_filled(_as_arguments(tuple(body))), running | e.named | set(e.channels.values()))
    )
    if UNKNOWN in reads(tuple(body)):
        raise CannotEmit("a size that the constructor needs has no expression")
    return _without_aliases(e, tuple(body), running)


def _as_arguments(body: tuple[py.Stmt, ...]) -> tuple[py.Stmt, ...]:
    """A `Sequential` that only appends takes its modules in the constructor's call."""
    append = py.attr(SELF, "append")
    modules: list[py.Expr] = []
    for statement in body[1:]:
        match statement:
            case py.ExprStmt(py.Call(func=func, args=(module,))) if func == append:
                modules.append(module)
            case _:
                return body
    if not modules:
        return body
    return (py.ExprStmt(py.call(py.attr(py.call("super"), "__init__"), *modules)),)


def _filled(body: tuple[py.Stmt, ...]) -> tuple[py.Stmt, ...]:
    """A `Sequential` is made with the modules that are appended to it at once."""
    merged: list[py.Stmt] = []
    for statement in body:
        before = merged[-1] if merged else None
        match before, statement:
            case (
                py.Assign(target=target, value=py.Call(func=func, args=items) as made),
                py.ExprStmt(py.Call(func=method, args=(module,))),
            ) if func == py.dotted("nn.Sequential") and method == py.attr(target, "append"):
                merged[-1] = replace(before, value=replace(made, args=(*items, module)))
            case _, py.For():
                merged.append(replace(statement, body=_filled(statement.body)))
            case _, py.If():
                inner, orelse = _filled(statement.body), _filled(statement.orelse)
                merged.append(replace(statement, body=inner, orelse=orelse))
            case _:
                merged.append(statement)
    return tuple(merged)


def _prune(body: tuple[py.Stmt, ...], variables: set[str]) -> tuple[py.Stmt, ...]:
    """Drop assignments to running sizes that nothing reads."""
    while True:
        read = _reads(body)
        dead = {v for v in variables if v not in read}
        pruned = _drop(body, dead)
        if pruned == body:
            return body
        body = pruned


def _reads(body: tuple[py.Stmt, ...]) -> set[str]:
    """The names read by something other than the update of the same name."""
    found: set[str] = set()
    for statement in body:
        match statement:
            case py.Assign(target=py.Subscript(value=py.Name(), items=keys), value=value):
                found |= set(py.names_used(value)).union(
                    *(py.names_used(key) for key in keys if not isinstance(key, py.Slice))
                )
            case py.Assign(target=target, value=value):
                names = py.names_used(value)
                found |= set(names) - ({target.id} if isinstance(target, py.Name) else set())
                if not isinstance(target, py.Name):
                    found |= set(py.names_used(target))
            case py.AugAssign(target=target, value=value):
                names = py.names_used(value)
                found |= set(names) - ({target.id} if isinstance(target, py.Name) else set())
            case py.For(iterable=iterable, body=inner):
                found |= set(py.names_used(iterable))
                found |= _reads(inner)
            case py.If(test=test, body=inner, orelse=orelse):
                found |= set(py.names_used(test))
                found |= _reads(inner) | _reads(orelse)
            case _:
                found |= set(py.names_used(statement))
    return found


def _drop(body: tuple[py.Stmt, ...], dead: set[str]) -> tuple[py.Stmt, ...]:
    kept: list[py.Stmt] = []
    for statement in body:
        match statement:
            case (
                py.Assign(target=py.Name(id=name) | py.Subscript(value=py.Name(id=name)))
                | py.AugAssign(target=py.Name(id=name))
            ) if name in dead:
                continue
            case py.For(target=target, iterable=iterable, body=inner):
                inner = _drop(inner, dead)
                if inner:
                    kept.append(py.For(target, iterable, inner))
            case py.If(test=test, body=inner, orelse=orelse):
                inner, orelse = _drop(inner, dead), _drop(orelse, dead)
                if inner or orelse:
                    kept.append(py.branch(test, inner, orelse))
            case _:
                kept.append(statement)
    return tuple(kept)


def _without_aliases(
    e: Emitter, body: tuple[py.Stmt, ...], variables: set[str]
) -> tuple[py.Stmt, ...]:
    """`channels = in_channels` is the argument itself, where that is not read again."""
    for index, statement in enumerate(body):
        match statement:
            case py.Assign(target=py.Name(id=name), value=py.Name(id=source)) if name in variables:
                others = body[:index] + body[index + 1 :]
                if source not in _all_reads(others) and source in {
                    p.name for p in e.params.values()
                }:
                    return tuple(_rename(s, name, source) for s in others)
            case _:
                continue
    return body


def _all_reads(body: tuple[py.Stmt, ...]) -> set[str]:
    return reads(body)


def _rename(statement: py.Stmt, old: str, new: str) -> py.Stmt:
    return py.rename(statement, {old: new})


def ordered_params(e: Emitter, ctor: tuple[py.Stmt, ...]) -> list[CtorParam]:
    """Sizes of inputs first, then the spec's parameters in their order; only those still read."""
    used = _all_reads(ctor) | {t.id for t in _targets(ctor)}
    params = [p for p in e.params.values() if p.name in used]
    block = e.passes[0].frame.block
    order = [p.name for p in block.params]

    def rank(param: CtorParam) -> tuple[int, Any]:
        if param.dim is not None:
            return (0, param.dim)
        return (1, order.index(param.source) if param.source in order else len(order))

    params.sort(key=rank)
    defaults = {p.name: p.default for p in block.params}
    for param in params:
        default = defaults.get(param.source)
        if default is not None and param.dim is None and not from_group(e):
            param.default = _default(e, default)
    seen_default = False
    for param in params:
        if param.default is None and seen_default:
            for other in params:
                other.default = None
            break
        seen_default = seen_default or param.default is not None
    return params


def _default(e: Emitter, default: ast.Expr) -> py.Expr | None:
    from archspec.backends.torch.arguments import as_tuple
    from archspec.backends.torch.translate import Translator

    def refuse(name: str, node: ast.Node) -> py.Expr:
        layer = registry.layer(name)
        if layer is None:
            raise CannotEmit(name)
        return py.dotted(layer.torch_name)

    try:
        if isinstance(default, ast.Call):  # a layer with arguments
            return literal(e.evaluate(default, e.passes[0]))
        return as_tuple(Translator(refuse, lambda _: None)(default))
    except CannotEmit:
        return None


def _targets(body: tuple[py.Stmt, ...]) -> list[py.Name]:
    found: list[py.Name] = []
    for statement in body:
        match statement:
            case py.AugAssign(target=py.Name() as target):
                found.append(target)
            case py.For(body=inner):
                found.extend(_targets(inner))
            case py.If(body=inner, orelse=orelse):
                found.extend(_targets(inner) + _targets(orelse))
            case _:
                continue
    return found


def parameter(param: CtorParam) -> py.Parameter:
    return py.Parameter(param.name, param.annotation, param.default)
