"""Assembling one class from what the emitter collected."""

from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.body import UNKNOWN, emit_statements
from archspec.backends.torch.checks import emit_checks
from archspec.backends.torch.docs import forward_doc, wrapped
from archspec.backends.torch.emitter import (
    SELF,
    Container,
    CtorParam,
    Emitter,
    Hints,
    Passes,
    Static,
    Val,
    annotation,
)
from archspec.backends.torch.scan import defined_names, reads, value_names
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.stages import is_chain
from archspec.dims import Dim
from archspec.elaborate.values import BlockValue, LayerValue, Pass, Tensor
from archspec.syntax import ast

if TYPE_CHECKING:
    from archspec.backends.torch.planner import ClassPlan, Formula, Planner


#: torch's own methods without types are called through a variable of this type.
CALLABLE = py.Subscript(py.name("Callable"), (py.name("..."), py.name("Any")))


def build_class(planner: "Planner", name: str, block: ast.Block, passes: Passes) -> "ClassPlan":
    """The class of a block, for all its instances; loops are kept where they can be."""
    saved = planner.snapshot()
    try:
        return _build(planner, name, block, passes, unroll=False)
    except CannotEmit:
        planner.restore(saved)
        return _build(planner, name, block, passes, unroll=True)


def _build(
    planner: "Planner", name: str, block: ast.Block, passes: Passes, unroll: bool
) -> "ClassPlan":
    labels = {n for n in defined_names(block.body) if n.isidentifier()}
    e = Emitter(planner, block.body, passes, labels)
    e.unroll = unroll
    _define_params(e, block, passes)
    inputs = passes[0].frame.inputs
    flow = _define_inputs(e, block, [n for n, _ in inputs], [t for _, t in inputs])
    return _assemble(e, name, block.body.statements, flow, block.body.doc)


def build_group_class(
    planner: "Planner",
    outer: Emitter,
    name: str,
    stage: ast.Stage,
    group: ast.Group,
    passes: Passes,
) -> "ClassPlan":
    """The class of a group: the compile-time names that it reads become constructor arguments."""
    labels = {n for n in defined_names(group.body) if n.isidentifier()}
    e = Emitter(planner, group.body, passes, labels)
    e.up = outer.up
    e.unroll = outer.unroll
    e.inlined = list(outer.inlined)
    tensors = list(passes[0].steps[id(stage)].inputs)
    names = ["x"] if len(tensors) == 1 else [f"x{i}" for i in range(len(tensors))]
    flow = _bind_inputs(e, names, tensors, lambda p, i: p.steps[id(stage)].inputs[i])
    for free in outer.scope:
        values = [outer.lookup(free, p) for p in passes if _has(outer, free, p)]
        if values and not any(isinstance(v, Dim) for v in values):
            e.define_param(free, annotation(values))
        elif values:
            _bind_open(e, free, stage, passes, values)
    return _assemble(e, name, group.body.statements, flow, group.body.doc)


def _bind_open(e: Emitter, name: str, stage: ast.Stage, passes: Passes, values: list[Any]) -> None:
    """A size of the block's input that a group reads: found again in the group's own input."""
    steps = [p.steps[id(stage)] for p in passes]
    for port, tensor in enumerate(steps[0].inputs):
        for axis in range(tensor.type.rank):
            pairs = zip(steps, values, strict=False)
            if all(s.inputs[port].type.shape[axis] is Dim.of(v) for s, v in pairs):
                _bind_dim(e, name, port, axis, e.input_names[port])
                return


def _has(e: Emitter, name: str, p: Pass) -> bool:
    try:
        e.lookup(name, p)
    except KeyError:
        return False
    return True


def _define_params(e: Emitter, block: ast.Block, passes: Passes) -> None:
    for param in block.params:
        values = [p.frame.constants[param.name] for p in passes]
        if any(isinstance(v, LayerValue | BlockValue) for v in values):
            continue
        e.define_param(param.name, annotation(values))


def _define_inputs(
    e: Emitter, block: ast.Block, names: list[str], tensors: list[Tensor]
) -> Val | None:
    flow = _bind_inputs(e, names, tensors, lambda p, i: e.frame_of(p).inputs[i][1])
    if passes_of_root(e):
        flow = _declared_sizes(e, block, tensors, flow)
    statements = [s for s in block.body.statements if isinstance(s, ast.Input)]
    for port, statement in enumerate(statements):
        dims = list(statement.shape.dims)
        dots = next((i for i, d in enumerate(dims) if isinstance(d, ast.Ellipsis)), None)
        for index, item in enumerate(dims):
            if not isinstance(item, ast.Name) or item.id in e.scope:
                continue
            axis = (
                index
                if dots is None or index < dots
                else tensors[port].type.rank - len(dims) + index
            )
            _bind_dim(e, item.id, port, axis, e.input_names[port])
    if len(tensors) > 1 and statements:
        return None
    return flow


def passes_of_root(e: Emitter) -> bool:
    """Whether this is the class of a model."""
    return e.passes[0].frame.module.parent is None and not _from_group(e)


def _declared_sizes(
    e: Emitter, block: ast.Block, tensors: list[Tensor], flow: Val | None
) -> Val | None:
    """A model's inputs have the sizes that its author wrote: `input x: [B, dim]`."""
    statements = [s for s in block.body.statements if isinstance(s, ast.Input)]
    for port, statement in enumerate(statements):
        hints = list(e.input_hints[port])
        for axis, item in enumerate(statement.shape.dims):
            if isinstance(item, ast.Ellipsis) or hints[axis].const is None:
                continue
            actual = [(p, p.frame.inputs[port][1].type.shape[axis]) for p in e.passes]
            hint = e.static_hint(item, actual)
            if e.sizes.holds(hint, actual):
                hints[axis] = hint
        e.input_hints[port] = tuple(hints)
        name = e.passes[0].frame.inputs[port][0]
        e.values[name] = Val(e.values[name].expr, tuple(hints))
    if flow is None or flow.items:
        return flow
    return Val(flow.expr, e.input_hints[0])


def _bind_dim(e: Emitter, name: str, port: int, axis: int, variable: str) -> None:
    """A dim that an input binds: a constructor argument, or read from the tensor's shape."""
    hint = e.input_hints[port][axis]

    def ctor() -> py.Expr:
        return e.sizes.render(hint)

    def forward() -> py.Expr:
        if hint.const is not None:
            return py.const(hint.const)
        local = e.shape_locals.get(name)
        if local is None:
            local = e.shape_locals[name] = e.forward_names.new(name)
            e.shape_reads[local] = (py.name(variable), axis)
        return py.name(local)

    e.scope[name] = Static(ctor, forward, hint)


def _bind_inputs(e: Emitter, names: list[str], tensors: list[Tensor], actual: Any) -> Val | None:
    """The inputs of `forward`, with a symbol for each of their sizes."""
    vals: list[Val] = []
    for port, (name, tensor) in enumerate(zip(names, tensors, strict=True)):
        variable = e.forward_names.new(name)
        e.input_names.append(variable)
        hints = tuple(
            _input_symbol(e, port, axis, tensor, actual) for axis in range(tensor.type.rank)
        )
        e.input_hints.append(hints)
        val = Val(py.name(variable), hints)
        e.values[name] = val
        vals.append(val)
    taken = defined_names(e.body) | set(e.read)
    if e.input_names == ["x"] and "x" not in e.read:
        e.flow_name = "x"
    else:
        free = next(
            n for n in ("x", "y", "z", "h", "hidden", "flow") if n not in taken or n == "flow"
        )
        e.flow_name = e.forward_names.new(free)
    if not vals:
        return None
    return (
        vals[0] if len(vals) == 1 else Val(py.Tuple(tuple(v.expr for v in vals)), items=tuple(vals))
    )


def _input_symbol(e: Emitter, port: int, axis: int, tensor: Tensor, actual: Any) -> Dim:
    dims = [actual(p, port).type.shape[axis] for p in e.passes]
    root = e.passes[0].frame.module.parent is None and not _from_group(e)
    if root and all(d is dims[0] and d.const is not None for d in dims):
        return dims[0]
    rank = tensor.type.rank

    def render() -> py.Expr | None:
        if root:
            return None
        key = f"in{port}.{axis}"
        if key not in e.params:
            base = _size_name(axis, rank)
            if len(e.input_names) > 1:
                base = f"{e.input_names[port]}_{base.removeprefix('in_')}"
            e.params[key] = CtorParam(e.ctor_names.new(base), py.name("int"), dim=(port, axis))
        return py.name(e.params[key].name)

    def value(p: Pass) -> Any:
        q: Pass | None = p
        while q is not None:
            try:
                return actual(q, port).type.shape[axis]
            except KeyError:
                q = e.parent(q)
        raise CannotEmit("an input that is not recorded")

    return e.sizes.symbol(f"in{port}.{axis}", value, render)


def _size_name(axis: int, rank: int) -> str:
    """What the constructor calls the size of an input: as torch does where it has a name for it."""
    if axis == 0:
        return "batch_size"
    if rank >= 3 and axis == rank - 1 and rank == 3:
        return "in_features"
    if rank >= 4 and axis >= 2:
        return ("in_depth", "in_height", "in_width")[axis - rank]
    return "in_channels" if rank >= 4 else "in_features" if rank == 2 else "in_channels"


# --- assembly ----------------------------------------------------------------------------------


def _assemble(
    e: Emitter, name: str, statements: tuple[ast.Statement, ...], flow: Val | None, doc: str | None
) -> "ClassPlan":
    from archspec.backends.torch.planner import ClassPlan

    sequential = is_chain(e, statements, e.passes) and not _extras(statements)
    e.container = Container(SELF, sequential)
    entry = flow
    if sequential:
        with e.silently():
            out = emit_statements(e, statements, flow)
    else:
        out = emit_statements(e, statements, flow)
    if passes_of_root(e):
        emit_checks(e)
        e.result_names = e.passes[0].frame.output_names
    results = (
        e.outputs if e.outputs is not None else [] if out is None else list(out.items or (out,))
    )
    ctor = _constructor_body(e)
    params = _ordered(e, ctor)
    init = py.FunctionDef(
        "__init__", (py.Parameter("self"), *(_parameter(p) for p in params)), ctor, py.const(None)
    )
    body: list[py.Stmt] = [init] if ctor else []
    if ctor == (py.ExprStmt(py.call(py.attr(py.call("super"), "__init__"))),):
        body = []
    if not sequential:
        body.append(_forward(e, entry, results, params))
    body.extend(_methods(e))
    base = "nn.Sequential" if sequential else "nn.Module"
    shapes = forward_doc(e, results, params) if sequential else None
    written = wrapped(doc)
    text = "\n\n".join(part for part in (written, shapes) if part) or None
    definition = py.ClassDef(name, (py.dotted(base),), tuple(body), text)
    outputs = tuple(tuple(_closed(e, h) for h in v.hints) for v in results)
    return ClassPlan(name, params, outputs, definition, _formulas(e, params, outputs))


def _formulas(
    e: Emitter, params: list[CtorParam], outputs: tuple[Hints, ...]
) -> "dict[str, Formula]":
    """Opaque symbols of the outputs that follow from the constructor's parameters."""
    from archspec.backends.torch.planner import Formula

    names = {p.name for p in params}
    found: dict[str, Formula] = {}
    for name in {n for hints in outputs for h in hints for n in h.symbols()}:
        if not name.startswith("("):
            continue
        try:
            code = e.sizes.render(Dim.symbol(name))
        except CannotEmit:
            continue
        if (
            py.names_used(code)
            - {"int", "min", "max", "round", "abs", "len", "sum", "float", "math"}
            <= names
        ):
            found[name] = Formula(code, lambda p, n=name: e.sizes.value(n, p))
    return found


def _extras(statements: tuple[ast.Statement, ...]) -> bool:
    return any(isinstance(s, ast.Tie | ast.Init | ast.Output | ast.Tensor) for s in statements)


def _closed(e: Emitter, hint: Dim) -> Dim:
    """A hint with running sizes replaced by their formulas, for use outside of the class."""
    for _ in range(8):
        known = {n: e.closed[n] for n in hint.symbols() if n in e.closed}
        if not known:
            break
        hint = hint.substitute(known)
    return hint


def _constructor_body(e: Emitter) -> tuple[py.Stmt, ...]:
    start = py.ExprStmt(py.call(py.attr(py.call("super"), "__init__")))
    stored = [s for s in e.state.tail if isinstance(s, py.Assign) and s.target in e.stored.values()]
    rest = [s for s in e.state.tail if s not in stored]
    ties: list[py.Stmt] = []
    if e.ties:
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
    running = set(e.running.values())
    body = list(_prune(_as_arguments(tuple(body)), running))
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
            case py.Assign(target=py.Name(id=name)) | py.AugAssign(target=py.Name(id=name)) if (
                name in dead
            ):
                continue
            case py.For(target=target, iterable=iterable, body=inner):
                inner = _drop(inner, dead)
                if inner:
                    kept.append(py.For(target, iterable, inner))
            case py.If(test=test, body=inner, orelse=orelse):
                inner, orelse = _drop(inner, dead), _drop(orelse, dead)
                if inner or orelse:
                    kept.append(py.If(test, inner or (py.ExprStmt(py.name("pass")),), orelse))
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


def _ordered(e: Emitter, ctor: tuple[py.Stmt, ...]) -> list[CtorParam]:
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
        if default is not None and param.dim is None and not _from_group(e):
            param.default = _default(e, default)
    seen_default = False
    for param in params:
        if param.default is None and seen_default:
            for other in params:
                other.default = None
            break
        seen_default = seen_default or param.default is not None
    return params


def _from_group(e: Emitter) -> bool:
    return e.passes[0].frame.block.body is not e.body


def _default(e: Emitter, default: ast.Expr) -> py.Expr | None:
    from archspec.backends.torch.arguments import as_tuple
    from archspec.backends.torch.translate import Translator

    def refuse(name: str, node: ast.Node) -> py.Expr:
        raise CannotEmit(name)

    try:
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


def _parameter(param: CtorParam) -> py.Parameter:
    return py.Parameter(param.name, param.annotation, param.default)


def _forward(
    e: Emitter, entry: Val | None, results: list[Val], params: list[CtorParam]
) -> py.FunctionDef:
    tensor = py.name("Tensor")
    names = [py.Parameter(n, tensor) for n in e.input_names]
    body: list[py.Stmt] = []
    body.extend(_shape_reads(e))
    body.extend(e.checks)
    families = [py.Assign(f, py.Dict(()), _family_type()) for f in e.families.values()]
    body.extend(families)
    body.extend(e.state.forward)
    value: py.Expr = (
        results[0].expr if len(results) == 1 else py.Tuple(tuple(r.expr for r in results))
    )
    body = _return(e, body, value)
    returns: py.Expr = tensor
    if len(results) > 1:
        returns = py.Subscript(py.name("tuple"), tuple(tensor for _ in results))
    return py.FunctionDef(
        "forward",
        (py.Parameter("self"), *names),
        tuple(body),
        returns,
        forward_doc(e, results, params),
    )


def _family_type() -> py.Expr:
    return py.Subscript(py.name("dict"), (py.name("int"), py.name("Tensor")))


def _return(e: Emitter, body: list[py.Stmt], value: py.Expr) -> list[py.Stmt]:
    """`x = f(x)` and `return x` are one statement; what a checker sees as `Any` gets its type."""
    if body and isinstance(value, py.Name):
        match body[-1]:
            case py.Assign(target=py.Name(id=name), value=last, annotation=None) if (
                name == value.id
            ):
                body, value = body[:-1], last
            case _:
                pass
    typed = set(e.input_names)
    for statement in body:
        match statement:
            case py.Assign(target=py.Name(id=name), value=assigned) if not is_any(assigned, typed):
                typed.add(name)
            case _:
                continue
    if isinstance(value, py.Tuple) or not is_any(value, typed):
        return [*body, py.Return(value)]
    name = e.result_names[0] if len(e.result_names) == 1 else "out"
    result = py.name(e.forward_names.new(name))
    return [*body, py.Assign(result, value, py.name("Tensor")), py.Return(result)]


def is_any(expr: py.Expr, typed: set[str]) -> bool:
    """Whether a type checker sees `Any`: a module's result, and what follows from it."""
    match expr:
        case py.Name(id=name):
            return name not in typed
        case py.Call(func=py.Attr(value=py.Name(id="torch"), name="cat" | "stack")):
            return False
        case py.Call(func=py.Attr(value=value)):
            return _root(value) in ("self", "getattr", "torch", "F") or is_any(value, typed)
        case py.Call(func=func):
            return _root(func) in ("self", "getattr")
        case py.Attr(value=value) | py.Subscript(value=value):
            return is_any(value, typed)
        case py.Binary(left=left, right=right):
            return is_any(left, typed) or is_any(right, typed)
        case py.Unary(operand=operand):
            return is_any(operand, typed)
        case py.Conditional(then=then, other=other):
            return is_any(then, typed) or is_any(other, typed)
        case _:
            return False


def _root(expr: py.Expr) -> str:
    while True:
        match expr:
            case py.Attr(value=value) | py.Subscript(value=value):
                expr = value
            case py.Call(func=func):
                expr = func
            case py.Name(id=name):
                return name
            case _:
                return ""


def _shape_reads(e: Emitter) -> list[py.Stmt]:
    """`T = tokens.shape[1]` for the sizes that `forward` reads."""
    by_tensor: dict[py.Expr, list[tuple[int, str]]] = {}
    for local, (tensor, axis) in e.shape_reads.items():
        by_tensor.setdefault(tensor, []).append((axis, local))
    found: list[py.Stmt] = []
    for tensor, sizes in by_tensor.items():
        shape = py.attr(tensor, "shape")
        port = [py.name(n) for n in e.input_names].index(tensor)  # type: ignore[arg-type]
        rank = len(e.input_hints[port])
        axes = [axis for axis, _ in sorted(sizes)]
        if len(axes) > 1 and axes == list(range(rank - len(axes), rank)):
            names = py.Tuple(tuple(py.name(local) for _, local in sorted(sizes)))
            last = py.Slice(py.Unary("-", py.const(len(axes)))) if len(axes) < rank else None
            value = shape if last is None else py.Subscript(shape, (last,))
            found.append(py.Assign(names, value))
            continue
        found += [
            py.Assign(py.name(local), py.Subscript(shape, (py.const(axis),)))
            for axis, local in sizes
        ]
    return found


def _methods(e: Emitter) -> list[py.Stmt]:
    from archspec.backends.torch.methods import extra_methods

    return extra_methods(e)


__all__ = ["Hints", "build_class", "build_group_class", "value_names"]
