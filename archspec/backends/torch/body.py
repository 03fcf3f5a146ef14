"""Statements: flows, loops, branches, params; what becomes of each in constructor and `forward`."""

from dataclasses import replace

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter, Static, Val, literal
from archspec.backends.torch.scan import pattern, reads, value_names
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.stages import emit_stage
from archspec.dims import Dim, DimError
from archspec.elaborate.values import Pass, Tensor, is_tensor_like
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
    match statement:
        case ast.Flow():
            return _flow(e, statement, flow, last)
        case ast.For():
            return _for(e, statement, flow)
        case ast.If():
            return _if(e, statement, flow)
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
        case ast.Input() | ast.Require():
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
    if statement.targets:
        assert value is not None
        return _bind(e, statement, value)
    if value is None or value.items or e.silent:
        return value
    return value if last else e.materialise(value)


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
    core = statement.stages[0].core
    targets = [t for t in statement.targets if isinstance(t, ast.Name)]
    values = {t.id: [(p, p.names[t.id]) for p in e.passes if t.id in p.names] for t in targets}
    try:
        code = e.translate(core)  # type: ignore[arg-type]
    except (CannotEmit, TypeError):
        for target in targets:
            e.scope.pop(target.id, None)
        return
    for target in targets:
        name = target.id
        local = py.name(e.ctor_names.new(name))
        known = {id(p): v for p, v in values[name]}
        hint = None
        if all(isinstance(v, int | Dim) and not isinstance(v, bool) for _, v in values[name]):
            hint = e.sizes.symbol(
                f"{name}#{id(statement)}", _value_of(e, known, name), lambda n=local: n
            )
        e.scope[name] = Static(lambda n=local: n, lambda n=name: e.constant(n), hint)
    names = tuple(e.scope[t.id].ctor() for t in targets)
    target_expr: py.Expr = names[0] if len(names) == 1 else py.Tuple(names)
    e.state.ctor.append(py.Assign(target_expr, code))


def _value_of(e: Emitter, known: dict[int, object], name: str):  # type: ignore[no-untyped-def]
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
    targets = [_variable(e, t) for t in statement.targets]
    if len(targets) == 1:
        e.emit(py.Assign(targets[0], value.expr))
        bound = replace(value, expr=targets[0])
        e.values[pattern(statement.targets[0])] = bound
        return bound
    e.emit(py.Assign(py.Tuple(tuple(targets)), value.expr))
    items = tuple(
        Val(expr, value.items[i].hints if i < len(value.items) else ())
        for i, expr in enumerate(targets)
    )
    for target, item in zip(statement.targets, items, strict=True):
        e.values[pattern(target)] = item
    return Val(py.Tuple(tuple(targets)), items=items)


def _variable(e: Emitter, target: ast.Name | ast.Template) -> py.Expr:
    return variable(e, target)


def variable(e: Emitter, target: ast.Name | ast.Template) -> py.Expr:
    """The Python variable of a name; an interpolated one is an entry of a dict."""
    if isinstance(target, ast.Name):
        known = e.values.get(target.id)
        if known is not None and isinstance(known.expr, py.Name):
            return known.expr
        return py.name(e.forward_names.new(target.id))
    stem = "".join(p for p in target.parts if isinstance(p, str)).strip("_") or "values"
    text = pattern(target)
    if text not in e.families:
        e.families[text] = py.name(e.forward_names.new(stem))
    keys = [e.translate_forward(p) for p in target.parts if not isinstance(p, str)]
    return py.Subscript(e.families[text], tuple(keys))


# --- loops -------------------------------------------------------------------------------------


def _for(e: Emitter, statement: ast.For, flow: Val | None) -> Val | None:
    inner = tuple(child for p in e.passes for child in p.loops.get(id(statement), ()))
    if not inner:
        return flow
    if e.unroll:
        return _unrolled(e, statement, flow)
    snapshot = e.checkpoint()
    try:
        return _rolled(e, statement, flow, inner)
    except CannotEmit:
        e.restore(snapshot)
        return _unrolled(e, statement, flow)


def _rolled(
    e: Emitter, statement: ast.For, flow: Val | None, inner: tuple[Pass, ...]
) -> Val | None:
    flow = e.own_variable(flow)
    ctor_iterable = _try(e, statement.iterable, e.translate)
    outer_scope = dict(e.scope)
    loop_names = {t: e.loop_name(t) for t in statement.targets}
    used_in_forward: set[str] = set()
    for target in statement.targets:
        e.scope[target] = _loop_variable(e, target, loop_names[target], used_in_forward)
    before = flow
    flow, carried = _enter(e, flow, inner)
    with e.within(inner) as state:
        out = emit_statements(e, statement.body.statements, flow)
        out = _leave(e, out, carried, before)
        if out is not None and not e.silent and not out.items:
            out = e.materialise(out, _flow_target(e, before))
    e.scope = outer_scope
    if state.ctor:
        if ctor_iterable is None:
            raise CannotEmit("the loop's list has no translation")
        target = _loop_target(statement, loop_names, _names_in(state.ctor))
        e.state.ctor.extend(carried.starts)
        e.state.ctor.append(py.For(target, ctor_iterable, tuple(state.ctor)))
    if state.forward:
        iterable = e.translate_forward(statement.iterable)
        used = _names_in(state.forward)
        target = _loop_target(statement, loop_names, used)
        if len(statement.targets) == 2 and loop_names[statement.targets[1]] not in used:
            target, iterable = _counting_only(target, iterable)
        e.state.forward.append(py.For(target, iterable, tuple(state.forward)))
    e.release(loop_names.values())
    return _after(e, statement, out, carried, before)


def _counting_only(target: py.Expr, iterable: py.Expr) -> tuple[py.Expr, py.Expr]:
    """`for i, _ in enumerate(layers)` as `for i in range(len(layers))`."""
    if isinstance(iterable, py.Call) and any(isinstance(a, py.Call) for a in iterable.args):
        return target, iterable  # an iterator has no length
    match target, iterable:
        case py.Tuple(items=(index, _)), py.Call(
            func=py.Name(id="enumerate"), args=(items,), keywords=()
        ):
            return index, py.call("range", py.call("len", items))
        case (
            py.Tuple(items=(index, _)),
            py.Call(func=py.Name(id="enumerate"), args=(items,), keywords=(("start", start),)),
        ):
            stop = py.Binary("+", py.call("len", items), start)
            return index, py.call("range", start, stop)
        case _:
            return target, iterable


def _try(e: Emitter, expr: ast.Expr, translate) -> py.Expr | None:  # type: ignore[no-untyped-def]
    try:
        return translate(expr)  # type: ignore[no-any-return]
    except CannotEmit:
        return None


def _loop_variable(e: Emitter, name: str, local: str, used: set[str]) -> Static:
    def forward() -> py.Expr:
        used.add(name)
        return py.name(local)

    def alive() -> py.Expr | None:
        static = e.scope.get(name)
        return py.name(local) if static is not None and static.forward is forward else None

    hint = e.sizes.symbol(f"{name}@{local}", lambda p: e.lookup(name, p), alive)
    return Static(lambda: py.name(local), forward, hint)


def _names_in(statements: list[py.Stmt]) -> set[str]:
    return reads(tuple(statements))


def _loop_target(statement: ast.For, names: dict[str, str], used: set[str]) -> py.Expr:
    targets = [
        py.name(
            names[t]
            if names[t] in used or t == "_"
            else ("_" if len(names) == 1 else f"_{names[t]}")
        )
        for t in statement.targets
    ]
    return targets[0] if len(targets) == 1 else py.Tuple(tuple(targets))


class Carried:
    """The sizes of the flowing value that change from one iteration to the next."""

    def __init__(self, e: Emitter) -> None:
        self.e = e
        #: axis -> (variable, hint before the loop)
        self.axes: dict[int, tuple[str, Dim]] = {}
        self.entry: dict[int, Dim] = {}
        #: What sets the variables before the loop.
        self.starts: list[py.Stmt] = []
        #: axis -> by how much an iteration changes it, where that is always the same
        self.steps: dict[int, Dim] = {}

    def begin(self, axis: int, variable: str, before: Dim) -> None:
        """Take up an axis; must come before the variable gets a new meaning."""
        self.axes[axis] = (variable, before)
        try:
            value = self.e.sizes.render(before)
        except CannotEmit:
            value = py.name(UNKNOWN)
        if value != py.name(variable):
            self.starts.append(py.Assign(py.name(variable), value))


#: Assigned where a size is not known: an error only if something reads the variable.
UNKNOWN = "__unknown__"


def _flow_target(e: Emitter, before: Val | None) -> str:
    if before is not None and isinstance(before.expr, py.Name):
        return before.expr.id
    return e.flow_name


def _dims_at(passes: tuple[Pass, ...], axis: int, which: str) -> dict[int, Dim]:
    found: dict[int, Dim] = {}
    for p in passes:
        tensor = getattr(p, which)
        if not isinstance(tensor, Tensor):
            raise CannotEmit("several tensors are carried through a loop")
        found[id(p)] = tensor.type.shape[axis]
    return found


def _enter(e: Emitter, flow: Val | None, inner: tuple[Pass, ...]) -> tuple[Val | None, Carried]:
    """Give each size that varies over the iterations a variable of its own."""
    carried = Carried(e)
    if flow is None or flow.items or not isinstance(inner[0].start, Tensor):
        return flow, carried
    if any(not isinstance(p.start, Tensor) or p.start.type.rank != len(flow.hints) for p in inner):
        return flow, carried
    hints = list(flow.hints)
    for axis, hint in enumerate(flow.hints):
        starts = _dims_at(inner, axis, "start")
        first_of = {id(p.parent or p.frame): starts[id(p)] for p in reversed(inner)}
        varies = any(starts[id(p)] is not first_of[id(p.parent or p.frame)] for p in inner)
        ends_differ = any(
            isinstance(p.end, Tensor)
            and p.end.type.rank == len(flow.hints)
            and p.end.type.shape[axis] is not p.start.type.shape[axis]
            for p in inner
        )
        if not varies and not ends_differ:
            continue
        name = e.size_variable(axis, len(flow.hints), hint)
        carried.begin(axis, name, hint)
        hints[axis] = carried.entry[axis] = e.version(name, starts)
    return replace(flow, hints=tuple(hints)), carried


def _leave(e: Emitter, out: Val | None, carried: Carried, before: Val | None) -> Val | None:
    """At the end of an iteration: bring the variables up to date."""
    if out is None or before is None or not carried.axes:
        return out
    if len(out.hints) != len(before.hints):
        raise CannotEmit("the rank changes in a loop")
    for axis, (name, _) in carried.axes.items():
        carried.steps[axis] = out.hints[axis] - carried.entry[axis]
        update_size(e, name, out.hints[axis])
    return out


def update_size(e: Emitter, name: str, hint: Dim) -> None:
    """`channels = …` in the constructor, unless the variable holds that already."""
    target = py.name(name)
    current = e.current(name)
    try:
        value = e.sizes.render(hint)
        growth = None
        if current is not None and name in py.names_used(value):
            growth = hint - current
            growth = None if current.symbols() & growth.symbols() else growth
        if growth is not None and growth.const == 0:
            return
        if growth is not None:
            e.state.ctor.append(py.AugAssign(target, "+", e.sizes.render(growth)))
            return
    except (CannotEmit, DimError):
        value = py.name(UNKNOWN)
    match value:
        case py.Name(id=id_) if id_ == name:
            return
        case py.Binary(op="*" | "//" as op, left=py.Name(id=id_), right=right) if id_ == name:
            e.state.ctor.append(py.AugAssign(target, op, right))
        case _:
            e.state.ctor.append(py.Assign(target, value))


def _after(
    e: Emitter, statement: ast.For, out: Val | None, carried: Carried, before: Val | None
) -> Val | None:
    """After the loop, the variables hold the sizes of the last iteration's value."""
    if out is None or out.items:
        return out
    hints = list(out.hints)
    last = {id(p): p.loops[id(statement)][-1].end for p in e.passes if p.loops.get(id(statement))}
    for axis, hint in enumerate(hints):
        if axis in carried.axes:
            ends = {key: tensor.type.shape[axis] for key, tensor in last.items()}
            for p in e.passes:
                caller = e.up.get(id(p))
                if caller is not None and id(p) in ends:
                    ends[id(caller)] = ends[id(p)]
            settled = _settled(hint) and e.sizes.holds(
                hint, [(p, ends[id(p)]) for p in e.passes if id(p) in ends]
            )
            formula = hint if settled else _closed_form(e, statement, carried, axis)
            hints[axis] = e.version(carried.axes[axis][0], ends)
            if formula is not None:
                (symbol,) = hints[axis].symbols()
                e.closed[symbol] = formula
        elif before is not None and axis < len(before.hints) and len(before.hints) == len(hints):
            hints[axis] = before.hints[axis]
        elif hint.const is None:
            hints[axis] = e.sizes.unknown()
    return replace(out, hints=tuple(hints))


def _settled(hint: Dim) -> bool:
    """Whether a size means the same inside and after a loop."""
    return not any("#" in name or "@" in name or name.startswith("?") for name in hint.symbols())


def _closed_form(e: Emitter, statement: ast.For, carried: Carried, axis: int) -> Dim | None:
    """`before + n * growth` for a size that grows by the same in each of `n` iterations."""
    step = carried.steps.get(axis)
    if step is None or not _settled(step):
        return None
    match statement.iterable:
        case ast.Range(low=low, high=high, inclusive=inclusive):
            ends = [(p, [e.evaluate(x, p) for x in (low, high)]) for p in e.passes]
            first = e.static_hint(low, [(p, v[0]) for p, v in ends])
            last = e.static_hint(high, [(p, v[1]) for p, v in ends])
            return carried.axes[axis][1] + (last - first + (1 if inclusive else 0)) * step
        case _:
            return None


def _unrolled(e: Emitter, statement: ast.For, flow: Val | None) -> Val | None:
    """Each iteration written out; its variables are constants."""
    counts = {len(p.loops.get(id(statement), ())) for p in e.passes}
    if len(counts) != 1:
        raise CannotEmit("the loop runs a different number of times in each instance")
    outer_scope, outer = dict(e.scope), e.passes
    for index in range(counts.pop()):
        passes = tuple(p.loops[id(statement)][index] for p in outer)
        for target in statement.targets:
            values = [p.names[target] for p in passes]
            constant = e.literal(values) if _all_plain(values) else None
            e.scope.pop(target, None)
            if constant is not None:
                hint = Dim.of(values[0]) if type(values[0]) is int else None
                e.scope[target] = Static(lambda c=constant: c, lambda c=constant: c, hint)
        e.passes = passes
        flow = emit_statements(e, statement.body.statements, flow)
        if flow is not None and not e.silent and not flow.items:
            flow = e.materialise(flow)
        e.passes = outer
    e.scope = outer_scope
    return flow


def _all_plain(values: list[object]) -> bool:
    try:
        for value in values:
            literal(value)
    except CannotEmit:
        return False
    return all(v == values[0] for v in values)


# --- branches ----------------------------------------------------------------------------------


def _if(e: Emitter, statement: ast.If, flow: Val | None) -> Val | None:
    taken = {p.branches[id(statement)].index for p in e.passes if id(statement) in p.branches}
    bodies = _bodies(statement)
    if len(taken) == 1:
        index = taken.pop()
        return flow if index is None else emit_statements(e, bodies[index][1].statements, flow)
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
            hints[axis] = e.version(name, {
                id(p): p.branches[id(statement)].start.type.shape[axis] for p in e.passes
            })  # fmt: skip
        flow = replace(flow, hints=tuple(hints))
    ctor_parts: list[tuple[ast.Expr | None, list[py.Stmt]]] = []
    forward_parts: list[tuple[ast.Expr | None, list[py.Stmt]]] = []
    result = flow
    versions = e.versions_now()
    for index, (test, body) in enumerate(bodies):
        passes = tuple(p for p in e.passes if p.branches[id(statement)].index == index)
        if not passes:
            if test is None:
                continue
            ctor_parts.append((test, []))
            forward_parts.append((test, []))
            continue
        e.reset_versions(versions)
        with e.within(passes) as state:
            out = emit_statements(e, body.statements, flow)
            if out is not None:
                for axis, name in carried.items():
                    update_size(e, name, out.hints[axis])
                if not e.silent and not out.items:
                    out = e.materialise(out, _flow_target(e, flow))
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
        hints[axis] = e.version(name, {
            id(p): p.branches[id(statement)].end.type.shape[axis] for p in e.passes
        })  # fmt: skip
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
                found[axis] = e.size_variable(axis, branch.start.type.rank, flow.hints[axis])
    return found


def _append_if(
    into: list[py.Stmt], parts: list[tuple[ast.Expr | None, list[py.Stmt]]], translate
) -> None:  # type: ignore[no-untyped-def]
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


# --- outputs, params, ties ---------------------------------------------------------------------


def _output(e: Emitter, statement: ast.Output, flow: Val | None) -> None:
    from archspec.backends.torch.expressions import tensor_expr

    found: list[Val] = []
    for item in statement.items:
        name = pattern(item.name)
        if item.value is not None:
            val = tensor_expr(e, item.value, flow)
        elif name in e.values:
            val = e.values[name]
        else:
            assert flow is not None
            val = flow
        found.append(val)
    e.outputs = found


def _tensor(e: Emitter, statement: ast.Tensor) -> None:
    from archspec.backends.torch.weights import emit_tensor

    e.values[pattern(statement.name)] = emit_tensor(e, statement)


def _tie(e: Emitter, statement: ast.Tie) -> None:
    target, source = (_weight(e, w) for w in (statement.target, statement.source))
    e.ties.append((target, source))


def _weight(e: Emitter, expr: ast.Expr) -> py.Expr:
    match expr:
        case ast.Attribute(value=value, name=ast.Name(id=name)):
            return py.attr(_weight(e, value), name)
        case ast.Attribute(value=value, name=name):
            return py.call("getattr", _weight(e, value), e.translate.template(name))
        case ast.Name(id=name):
            return e.container.member(name)
        case ast.Template():
            return py.call("getattr", e.container.expr, e.translate.template(expr))
        case _:
            raise CannotEmit("a weight's path")


def _init(e: Emitter, statement: ast.Init) -> None:
    from archspec.backends.torch.weights import emit_init

    emit_init(e, statement)


__all__ = ["emit_statements", "is_tensor_like", "value_names", "variable"]
