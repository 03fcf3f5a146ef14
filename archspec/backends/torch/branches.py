"""Branches that some instances take and others don't."""

from dataclasses import replace

from archspec import pycode as py
from archspec.backends.torch import body as statements
from archspec.backends.torch.emitter import Emitter, Val
from archspec.backends.torch.loops import flow_target, settled, update_size
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.translate import Translator
from archspec.dims import Dim
from archspec.elaborate.values import Tensor
from archspec.syntax import ast


def emit_if(e: Emitter, statement: ast.If, flow: Val | None) -> Val | None:
    taken = {p.branches[id(statement)].index for p in e.passes if id(statement) in p.branches}
    bodies = _bodies(statement)
    if len(taken) == 1:
        index = taken.pop()
        return (
            flow
            if index is None
            else statements.emit_statements(e, bodies[index][1].statements, flow)
        )
    return _branches(e, statement, bodies, flow)


def _bodies(statement: ast.If) -> list[tuple[ast.Expr | None, ast.Body]]:
    found: list[tuple[ast.Expr | None, ast.Body]] = []
    branch: ast.If | ast.Body | None = statement
    while isinstance(branch, ast.If):
        found.append((branch.test, branch.body))
        branch = branch.orelse
    if branch is not None:
        found.append((None, branch))
    return found


def _branches(
    e: Emitter, statement: ast.If, bodies: list[tuple[ast.Expr | None, ast.Body]], flow: Val | None
) -> Val | None:
    flow = e.own_variable(flow)
    carried = _enter_branches(e, statement, flow)
    if flow is not None and carried:
        hints = list(flow.hints)
        for axis, name in carried.items():
            update_size(e, name, hints[axis])
            hints[axis] = e.running.version(name, {
                id(p): p.branches[id(statement)].start.type.shape[axis] for p in e.passes
            })  # fmt: skip
        flow = replace(flow, hints=tuple(hints))
    ctor_parts: list[tuple[ast.Expr | None, list[py.Stmt]]] = []
    forward_parts: list[tuple[ast.Expr | None, list[py.Stmt]]] = []
    result = flow
    given: dict[int, list[Dim]] = {axis: [] for axis in carried}
    versions = e.running.now()
    for index, (test, body) in enumerate(bodies):
        passes = tuple(p for p in e.passes if p.branches[id(statement)].index == index)
        if not passes:
            if test is None:
                continue
            ctor_parts.append((test, []))
            forward_parts.append((test, []))
            continue
        e.running.reset(versions)
        with e.within(passes) as state:
            out = statements.emit_statements(e, body.statements, flow)
            if out is not None:
                for axis, name in carried.items():
                    given[axis].append(out.hints[axis])
                    update_size(e, name, out.hints[axis])
                if not e.silent and not out.items:
                    out = e.materialise(out, flow_target(e, flow))
        result = out if result is None else replace(result, expr=out.expr if out else result.expr)
        ctor_parts.append((test, state.ctor))
        forward_parts.append((test, state.forward))
    _annotate_alternatives([body for _, body in ctor_parts])
    _append_if(e.state.ctor, ctor_parts, e.translate)
    _append_if(e.state.forward, forward_parts, e.translate_forward)
    if result is None or flow is None:
        return result
    hints = list(flow.hints)
    for axis, name in carried.items():
        ends = [(p, p.branches[id(statement)].end.type.shape[axis]) for p in e.passes]
        hints[axis] = e.running.version(name, {id(p): end for p, end in ends})
        # What one branch gives may be what all of them give.
        for hint in given[axis]:
            if settled(hint) and e.sizes.holds(hint, ends):
                hints[axis] = hint
                break
    return replace(result, hints=tuple(hints))


def _annotate_alternatives(bodies: list[list[py.Stmt]]) -> None:
    """An attribute that branches give different modules is declared as `nn.Module` by the first."""
    seen: dict[py.Expr, tuple[list[py.Stmt], int, py.Expr]] = {}
    for body in bodies:
        for index, statement in enumerate(body):
            match statement:
                case py.Assign(
                    target=py.Attr() as target, value=py.Call(func=made), annotation=None
                ):
                    first = seen.setdefault(target, (body, index, made))
                    known = first[0][first[1]]
                    if first[2] != made and isinstance(known, py.Assign):
                        first[0][first[1]] = py.Assign(target, known.value, py.dotted("nn.Module"))
                case _:
                    continue


def _enter_branches(e: Emitter, statement: ast.If, flow: Val | None) -> dict[int, str]:
    """The axes whose size differs between before and after the branch, with a variable each."""
    if flow is None or flow.items:
        return {}
    found: dict[int, str] = {}
    for p in e.passes:
        branch = p.branches[id(statement)]
        if not isinstance(branch.start, Tensor) or not isinstance(branch.end, Tensor):
            raise CannotEmit("several tensors flow through a branch")
        if branch.start.type.rank != branch.end.type.rank:
            raise CannotEmit("the rank changes in a branch")
        for axis, (a, b) in enumerate(
            zip(branch.start.type.shape, branch.end.type.shape, strict=True)
        ):
            if a is not b and axis not in found:
                found[axis] = e.running.variable(axis, branch.start.type.rank)
    return found


def _append_if(
    into: list[py.Stmt], parts: list[tuple[ast.Expr | None, list[py.Stmt]]], translate: Translator
) -> None:
    while parts and not parts[-1][1]:
        parts.pop()
    if not any(body for _, body in parts):
        return
    orelse: tuple[py.Stmt, ...] = ()
    for test, body in reversed(parts):
        statements = tuple(body)
        if test is None:
            orelse = statements
        else:
            passing = statements or (py.ExprStmt(py.name("pass")),)
            orelse = (py.If(translate(test), passing, orelse),)
    into.extend(orelse)
