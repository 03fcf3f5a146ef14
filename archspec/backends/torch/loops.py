"""Loops: kept as loops where every iteration can be written alike, else written out."""

from collections.abc import Callable
from dataclasses import replace

from archspec import pycode as py
from archspec.backends.torch import body as statements
from archspec.backends.torch.emitter import Emitter, Static, Val
from archspec.backends.torch.literals import literal
from archspec.backends.torch.scan import reads
from archspec.backends.torch.sizes import CannotEmit, settled
from archspec.dims import Dim, DimError
from archspec.elaborate.values import Pass, Tensor
from archspec.syntax import ast


def emit_for(e: Emitter, statement: ast.For, flow: Val | None) -> Val | None:
    inner = tuple(child for p in e.passes for child in p.loops.get(id(statement), ()))
    if not inner:
        return flow
    if e.unroll:
        return _unrolled(e, statement, flow)
    snapshot = e.checkpoint()
    try:
        try:
            return _rolled(e, statement, flow, inner)
        except Overwritten:
            e.restore(snapshot)
            return _rolled(e, statement, flow, inner, hold=True)
    except CannotEmit:
        if e.planner.keep_loops:
            raise
        e.restore(snapshot)
        return _unrolled(e, statement, flow)


class Overwritten(CannotEmit):
    """The body changes a variable that the next iteration reads as it was."""


def _rolled(
    e: Emitter,
    statement: ast.For,
    flow: Val | None,
    inner: tuple[Pass, ...],
    hold: bool = False,
) -> Val | None:
    flow = e.own_variable(flow)
    ctor_iterable = _try(e, statement.iterable, e.translate.iterable)
    outer_scope = dict(e.scope)
    loop_names = {t: e.loop_name(t) for t in statement.targets}
    used_in_forward: set[str] = set()
    for target in statement.targets:
        e.scope[target] = _loop_variable(e, target, loop_names[target], used_in_forward)
    before = flow
    flow, carried = _enter(e, flow, inner, hold)
    e.loops += 1
    with e.within(inner) as state:
        out = statements.emit_statements(e, statement.body.statements, flow)
        out = _leave(e, out, carried, before)
        if out is not None and not e.silent and not out.items:
            out = e.materialise(out, flow_target(e, before))
    e.scope = outer_scope
    e.loops -= 1
    held = {name for name, _ in carried.axes.values()}
    for name in e.running.names - held:
        if _reads_overwritten(tuple(state.ctor), name):
            raise Overwritten(f"{name} changes in the loop")
    if state.ctor:
        if ctor_iterable is None:
            raise CannotEmit("the loop's list has no translation")
        counted = _loop_target(statement, loop_names, _names_in(state.ctor))
        e.state.ctor.extend(carried.starts)
        e.state.ctor.append(py.For(counted, ctor_iterable, tuple(state.ctor)))
    for statements_of, inside in (
        (e.state.forward, state.forward),
        (e.state.tying, state.tying),
        (e.state.evaluating, state.evaluating),
        (e.state.loading, state.loading),
    ):
        if inside:
            statements_of.append(_in_method(e, statement, loop_names, inside))
    e.release(loop_names.values())
    return _after(e, statement, out, carried, before)


def _reads_overwritten(body: tuple[py.Stmt, ...], name: str) -> bool:
    """Whether a loop's body reads a variable before it gives it another value."""
    return _assigns(body, name) and _reads_first(body, name)


def _assigns(body: tuple[py.Stmt, ...], name: str) -> bool:
    for statement in body:
        match statement:
            case py.Assign(target=py.Name(id=id_)) | py.AugAssign(target=py.Name(id=id_)):
                found = id_ == name
            case py.For(body=inner):
                found = _assigns(inner, name)
            case py.If(body=inner, orelse=orelse):
                found = _assigns(inner, name) or _assigns(orelse, name)
            case _:
                found = False
        if found:
            return True
    return False


def _reads_first(body: tuple[py.Stmt, ...], name: str) -> bool:
    for statement in body:
        match statement:
            case py.Assign(target=py.Name(id=id_), value=value) if id_ == name:
                return name in py.names_used(value)
            case py.AugAssign(target=py.Name(id=id_)) if id_ == name:
                return True
            case py.For(iterable=iterable, body=inner):
                if name in py.names_used(iterable) or _reads_first(inner, name):
                    return True
            case py.If(test=test, body=inner, orelse=orelse):
                if name in py.names_used(test) or any(
                    _reads_first(b, name) for b in (inner, orelse)
                ):
                    return True
            case _ if name in reads((statement,)):
                return True
    return False


def _in_method(
    e: Emitter, statement: ast.For, loop_names: dict[str, str], body: list[py.Stmt]
) -> py.For:
    """The loop in `forward` or in another method."""
    iterable = e.translate_forward.iterable(statement.iterable)
    used = _names_in(body)
    counted = _loop_target(statement, loop_names, used)
    if len(statement.targets) == 2 and loop_names[statement.targets[1]] not in used:
        counted, iterable = _counting_only(counted, iterable)
    return py.For(counted, iterable, tuple(body))


def _counting_only(target: py.Expr, iterable: py.Expr) -> tuple[py.Expr, py.Expr]:
    """`for i, _ in enumerate(layers)` as `for i in range(len(layers))`."""
    match target, iterable:
        case (
            py.Tuple(items=(index, _)),
            py.Call(func=py.Name(id="enumerate"), args=(items,), keywords=named),
        ) if not isinstance(items, py.Call):  # an iterator has no length
            length: py.Expr = py.call("len", items)
            if isinstance(items, py.List | py.Tuple):
                length = py.const(len(items.items))
            if not named:
                return index, py.call("range", length)
            ((_, first),) = named
            return index, py.call("range", first, _sum(length, first))
        case _:
            return target, iterable


def _sum(a: py.Expr, b: py.Expr) -> py.Expr:
    match a, b:
        case py.Constant(value=int() as x), py.Constant(value=int() as y):
            return py.const(x + y)
        case _:
            return py.Binary("+", a, b)


def _try(e: Emitter, expr: ast.Expr, translate: Callable[[ast.Expr], py.Expr]) -> py.Expr | None:
    try:
        return translate(expr)
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


def flow_target(e: Emitter, before: Val | None) -> str:
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


def _enter(
    e: Emitter, flow: Val | None, inner: tuple[Pass, ...], hold: bool
) -> tuple[Val | None, Carried]:
    """Give each size that varies over the iterations a variable of its own.

    If `hold`, also each that is held by a variable now, which the loop's body changes.
    """
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
        held = hold and any(name.split("#")[0] in e.running.names for name in hint.symbols())
        if not (varies or ends_differ or held):
            continue
        name = e.running.variable(axis, len(flow.hints))
        carried.begin(axis, name, hint)
        hints[axis] = carried.entry[axis] = e.running.version(name, starts)
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
    current = e.running.current(name)
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
        case py.Binary(op="*", left=left, right=py.Name(id=id_)) if id_ == name:
            e.state.ctor.append(py.AugAssign(target, "*", left))
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
            fits = settled(hint) and e.sizes.holds(
                hint, [(p, ends[id(p)]) for p in e.passes if id(p) in ends]
            )
            formula = hint if fits else _closed_form(e, statement, carried, axis)
            hints[axis] = e.running.version(carried.axes[axis][0], ends)
            if formula is not None:
                (symbol,) = hints[axis].symbols()
                e.closed[symbol] = formula
        elif before is not None and axis < len(before.hints) and len(before.hints) == len(hints):
            hints[axis] = before.hints[axis]
        elif hint.const is None:
            hints[axis] = e.sizes.unknown()
    return replace(out, hints=tuple(hints))


def _closed_form(e: Emitter, statement: ast.For, carried: Carried, axis: int) -> Dim | None:
    """`before + n * growth` for a size that grows by the same in each of `n` iterations."""
    step = carried.steps.get(axis)
    if step is None or not settled(step):
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
                e.scope[target] = Static.fixed(constant, hint)
        e.passes = passes
        flow = statements.emit_statements(e, statement.body.statements, flow)
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
