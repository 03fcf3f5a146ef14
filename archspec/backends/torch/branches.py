"""Branches that some instances take and others don't."""

from dataclasses import replace

from archspec import pycode as py
from archspec.backends.torch import body as statements
from archspec.backends.torch.emitter import Emitter, State, Val
from archspec.backends.torch.loops import flow_target, update_size
from archspec.backends.torch.sizes import CannotEmit, settled
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


Bodies = list[tuple[ast.Expr | None, ast.Body]]


def _branches(e: Emitter, statement: ast.If, bodies: Bodies, flow: Val | None) -> Val | None:
    flow = e.own_variable(flow)
    carried = _enter_branches(e, statement, flow)
    if flow is not None and carried:
        agreed = _agreeing(e, statement, bodies, flow, carried)
        if agreed is not None:
            return agreed
        hints = list(flow.hints)
        for axis, name in carried.items():
            update_size(e, name, hints[axis])
            hints[axis] = e.running.version(name, {
                id(p): p.branches[id(statement)].start.type.shape[axis] for p in e.passes
            })  # fmt: skip
        flow = replace(flow, hints=tuple(hints))
    result, ends = _written(e, statement, bodies, flow, carried)
    if result is None or flow is None:
        return result
    hints = list(flow.hints)
    for axis, name in carried.items():
        hints[axis] = e.running.version(name, {
            id(p): p.branches[id(statement)].end.type.shape[axis] for p in e.passes
        })  # fmt: skip
        # What one branch gives may be what all of them give.
        for hint in [end.hints[axis] for end in ends if end is not None]:
            if settled(hint) and _holds(e, statement, hint, axis):
                hints[axis] = hint
                break
    return replace(result, hints=tuple(hints))


def _agreeing(
    e: Emitter, statement: ast.If, bodies: Bodies, flow: Val, carried: dict[int, str]
) -> Val | None:
    """The value of branches that change sizes alike, which needs no variables; else None."""
    if any(p.branches[id(statement)].index is None for p in e.passes):
        return None
    saved = e.checkpoint()
    result, ends = _written(e, statement, bodies, flow, {})
    if result is not None and all(end is not None for end in ends):
        kept = list(flow.hints)
        for axis in carried:
            own = [end.hints[axis] for end in ends if end is not None]
            if all(hint is own[0] for hint in own) and _holds(e, statement, own[0], axis):
                kept[axis] = own[0]
            elif all(_unknown(hint) for hint in own):
                kept[axis] = e.sizes.unknown()
            else:
                break
        else:
            return replace(result, hints=tuple(kept))
    e.restore(saved)
    return None


def _unknown(hint: Dim) -> bool:
    """Whether nothing is known of a size, as of one that the model's input leaves open."""
    return any(name.startswith("?") for name in hint.symbols())


def _holds(e: Emitter, statement: ast.If, hint: Dim, axis: int) -> bool:
    ends = [(p, p.branches[id(statement)].end.type.shape[axis]) for p in e.passes]
    return e.sizes.holds(hint, ends)


def _written(
    e: Emitter, statement: ast.If, bodies: Bodies, flow: Val | None, carried: dict[int, str]
) -> tuple[Val | None, list[Val | None]]:
    """Write all branches; gives the value after them, and what each gives."""
    parts: list[tuple[ast.Expr | None, State]] = []
    result = flow
    ends: list[Val | None] = []
    versions = e.running.now()
    for index, (test, body) in enumerate(bodies):
        passes = tuple(p for p in e.passes if p.branches[id(statement)].index == index)
        if not passes:
            if test is None:
                continue
            parts.append((test, State()))
            continue
        e.running.reset(versions)
        with e.within(passes) as state:
            out = statements.emit_statements(e, body.statements, flow)
            if out is not None:
                for axis, name in carried.items():
                    update_size(e, name, out.hints[axis])
                if not e.silent and not out.items:
                    out = e.materialise(out, flow_target(e, flow))
        ends.append(out)
        if result is not None and not result.items:
            result = replace(result, expr=out.expr if out else result.expr)
        parts.append((test, state))
    if flow is None or flow.items:
        result = _merged(e, statement, ends, flow)
    _annotate_alternatives([state.ctor for _, state in parts])
    _append_if(e.state.ctor, [(t, s.ctor) for t, s in parts], e.translate)
    _append_if(e.state.forward, [(t, s.forward) for t, s in parts], e.translate_forward)
    _append_if(e.state.tying, [(t, s.tying) for t, s in parts], e.translate_forward)
    _append_if(e.state.evaluating, [(t, s.evaluating) for t, s in parts], e.translate_forward)
    _append_if(e.state.loading, [(t, s.loading) for t, s in parts], e.translate_forward)
    return result, ends


def _merged(e: Emitter, statement: ast.If, ends: list[Val | None], flow: Val | None) -> Val | None:
    """What branches give that begin with values of their own, or with several."""
    found = [end for end in ends if end is not None]
    if not found or found == [flow] * len(found):
        return flow
    first = found[0]
    alike = all(len(v.hints) == len(first.hints) and v.expr == first.expr for v in found)
    everywhere = all(p.branches[id(statement)].index is not None for p in e.passes)
    if any(v.items for v in found) or len(found) != len(ends) or not alike or not everywhere:
        raise CannotEmit("branches that give different things")
    hints = tuple(
        own[0] if all(h is own[0] for h in own) else e.sizes.unknown()
        for own in zip(*(v.hints for v in found), strict=True)
    )
    return replace(first, hints=hints)


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
    if parts[-1][0] is None and all(body == parts[0][1] for _, body in parts):
        into.extend(parts[0][1])  # all branches do the same
        return
    orelse: tuple[py.Stmt, ...] = ()
    for test, body in reversed(parts):
        statements = tuple(body)
        orelse = statements if test is None else (py.branch(translate(test), statements, orelse),)
    into.extend(orelse)
