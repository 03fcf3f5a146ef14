"""Assembling one class from what the emitter collected."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from archspec import pycode as py
from archspec.backends.torch.body import emit_statements
from archspec.backends.torch.checks import emit_checks, needs_checks
from archspec.backends.torch.constructor import constructor_body, ordered_params, parameter
from archspec.backends.torch.dead import without_dead_copies
from archspec.backends.torch.docs import fixed_doc, forward_doc, wrapped
from archspec.backends.torch.emitter import SELF, Container, CtorParam, Emitter, Hints, Passes, Val
from archspec.backends.torch.exporting import dynamic_shapes
from archspec.backends.torch.families import dict_type
from archspec.backends.torch.groups import is_chain
from archspec.backends.torch.indexed import is_indexed
from archspec.backends.torch.inputs import (
    bind_inputs,
    bind_open,
    define_inputs,
    define_params,
    has_value,
    is_model_class,
)
from archspec.backends.torch.literals import annotation
from archspec.backends.torch.scan import defined_names
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.untyped import typed_calls
from archspec.dims import Dim
from archspec.syntax import ast

if TYPE_CHECKING:
    from archspec.backends.torch.calls import Formula
    from archspec.backends.torch.planner import ClassPlan, Planner


def build_class(planner: "Planner", name: str, block: ast.Block, passes: Passes) -> "ClassPlan":
    """The class of a block, for all its instances; loops are kept where they can be."""
    saved = planner.snapshot()
    try:
        return _build(planner, name, block, passes, unroll=False)
    except CannotEmit:
        if planner.keep_loops:
            raise
        planner.restore(saved)
        return _build(planner, name, block, passes, unroll=True)


def _build(
    planner: "Planner", name: str, block: ast.Block, passes: Passes, unroll: bool
) -> "ClassPlan":
    labels = {n for n in defined_names(block.body) if n.isidentifier()}
    e = Emitter(planner, block.body, passes, labels)
    e.unroll = unroll
    define_params(e, block, passes)
    inputs = passes[0].frame.inputs
    flow = define_inputs(e, block, [n for n, _ in inputs], [t for _, t in inputs])
    return _assemble(e, name, block.body.statements, flow, block.body.doc)


def build_group_class(
    planner: "Planner",
    outer: Emitter,
    name: str,
    stage: ast.Stage,
    group: ast.Group,
    passes: Passes,
    inputs: tuple[Hints, ...],
) -> "ClassPlan":
    """The class of a group: the compile-time names that it reads become constructor arguments."""
    labels = {n for n in defined_names(group.body) if n.isidentifier()}
    e = Emitter(planner, group.body, passes, labels)
    e.up = outer.up
    e.unroll = outer.unroll
    e.inlined = list(outer.inlined)
    tensors = list(passes[0].steps[id(stage)].inputs)
    values = {
        free: [outer.lookup(free, p) for p in passes if has_value(outer, free, p)]
        for free in outer.scope
    }
    for free, found in values.items():
        if found and not any(isinstance(v, Dim) for v in found):
            e.define_param(free, annotation(found))

    def known(port: int, axis: int) -> Dim | None:
        """The author's name for a size, where the group reads it anyway."""
        hints = inputs[port] if port < len(inputs) else ()
        if axis >= len(hints) or hints[axis].const is not None:
            return None
        for free in sorted(e.param_symbols & e.read):
            actual = [(p, p.steps[id(stage)].inputs[port].type.shape[axis]) for p in passes]
            hint = e.scope[free].hint
            if outer.scope[free].hint is hints[axis] and hint and e.sizes.holds(hint, actual):
                return hint
        return None

    given, flowing = planner.opened.get(id(stage), ((None,) * len(tensors), len(tensors)))
    free_name = next(n for n in ("x", "y", "z", "flow") if n not in given)
    usual = [free_name] if flowing == 1 else [f"{free_name}{i}" for i in range(flowing)]
    names = [own or usual[i] for i, own in enumerate(given)]
    bound = bind_inputs(e, names, tensors, lambda p, i: p.steps[id(stage)].inputs[i], known)
    flow = bound if flowing == len(tensors) else _first(bound, flowing)
    for free, found in values.items():
        if any(isinstance(v, Dim) for v in found):
            bind_open(e, free, stage, passes, found)
    return _assemble(e, name, group.body.statements, flow, group.body.doc)


def _first(bound: Val | None, count: int) -> Val | None:
    """The inputs that flow into a group, of all that it is given."""
    items = () if bound is None else (bound.items or (bound,))[:count]
    if len(items) < 2:
        return items[0] if items else None
    return Val(py.Tuple(tuple(v.expr for v in items)), items=items)


# --- assembly ----------------------------------------------------------------------------------


def _assemble(
    e: Emitter, name: str, statements: tuple[ast.Statement, ...], flow: Val | None, doc: str | None
) -> "ClassPlan":
    from archspec.backends.torch.planner import ClassPlan

    sequential = is_chain(e, statements, e.passes) and not _extras(statements)
    # A `Sequential` has no `forward` of its own to refuse sizes in.
    sequential = sequential and not (is_model_class(e) and needs_checks(e))
    indexed = not sequential and is_indexed(e, statements)
    e.container = Container(SELF, sequential or indexed, indexed=indexed)
    entry = flow
    if sequential:
        with e.silently():
            out = emit_statements(e, statements, flow)
    else:
        out = emit_statements(e, statements, flow)
    if is_model_class(e):
        emit_checks(e)
        e.result_names = e.passes[0].frame.output_names
    results = (
        e.outputs if e.outputs is not None else [] if out is None else list(out.items or (out,))
    )
    ctor = constructor_body(e)
    params = ordered_params(e, ctor)
    init = py.FunctionDef(
        "__init__", (py.Parameter("self"), *(parameter(p) for p in params)), ctor, py.const(None)
    )
    body: list[py.Stmt] = [init] if ctor else []
    if ctor == (py.ExprStmt(py.call(py.attr(py.call("super"), "__init__"))),):
        body = []
    if not sequential:
        body.append(_forward(e, entry, results, params))
    body.extend(_methods(e, ctor))
    body.extend(dynamic_shapes(e, sequential))
    base = "nn.Sequential" if sequential or indexed else "nn.Module"
    shapes = forward_doc(e, results, params) if sequential else None
    parts = (wrapped(doc), shapes, fixed_doc(e))
    text = "\n\n".join(part for part in parts if part) or None
    definition = py.ClassDef(name, (py.dotted(base),), tuple(body), text)
    outputs = tuple(tuple(_closed(e, h) for h in v.hints) for v in results)
    formulas = _formulas(e, outputs)
    return ClassPlan(name, params, list(e.params.values()), outputs, definition, formulas)


def _formulas(e: Emitter, outputs: tuple[Hints, ...]) -> "dict[str, Formula]":
    """Opaque symbols of the outputs that follow from the class's inputs and parameters."""
    from archspec.backends.torch.calls import Formula

    known = {"int", "min", "max", "round", "abs", "len", "sum", "float", "math"}
    known |= {p.name for p in e.params.values()}
    known |= {d.name for d in e.planner.function.definitions}
    found: dict[str, Formula] = {}
    for name in {n for hints in outputs for h in hints for n in h.symbols()}:
        if not name.startswith("("):
            continue
        try:
            code = e.sizes.render(Dim.symbol(name))
        except CannotEmit:
            continue
        if set(py.names_used(code)) <= known | {p.name for p in e.params.values()}:
            found[name] = Formula(code, partial(e.sizes.value, name))
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


def _forward(
    e: Emitter, entry: Val | None, results: list[Val], params: list[CtorParam]
) -> py.FunctionDef:
    tensor = py.name("Tensor")
    names = [py.Parameter(n, tensor) for n in e.input_names]
    body: list[py.Stmt] = []
    body.extend(_shape_reads(e))
    body.extend(e.checks)
    families = [
        py.Assign(family, py.Dict(()), dict_type(e.key_types[form], "Tensor"))
        for form, family in e.families.items()
    ]
    body.extend(families)
    body.extend(_without(e.state.forward, {id(place) for place in e.places}))
    value: py.Expr = (
        results[0].expr if len(results) == 1 else py.Tuple(tuple(r.expr for r in results))
    )
    body = typed_calls(_return(e, body, value), e.input_names)
    returns: py.Expr = tensor
    if len(results) > 1:
        returns = py.Subscript(py.name("tuple"), tuple(tensor for _ in results))
    return py.FunctionDef(
        "forward",
        (py.Parameter("self"), *names),
        without_dead_copies(tuple(body)),
        returns,
        forward_doc(e, results, params),
    )


def _without(body: Iterable[py.Stmt], places: set[int]) -> Iterator[py.Stmt]:
    """Statements without the places of values that nothing reads, and what holds nothing else."""
    for statement in body:
        match statement:
            case py.ExprStmt() if id(statement) in places:
                continue
            case py.For(target=target, iterable=iterable, body=inner):
                kept = tuple(_without(inner, places))
                if kept:
                    yield py.For(target, iterable, kept)
            case py.If(test=test, body=inner, orelse=orelse):
                kept, other = (tuple(_without(b, places)) for b in (inner, orelse))
                if kept or other:
                    yield py.branch(test, kept, other)
            case _:
                yield statement


def _return(e: Emitter, body: list[py.Stmt], value: py.Expr) -> list[py.Stmt]:
    """`x = f(x)` and `return x` are one statement; what a checker sees as `Any` gets its type."""
    last_name = None
    if body and isinstance(value, py.Name):
        match body[-1]:
            case py.Assign(target=py.Name(id=name), value=last, annotation=None) if (
                name == value.id
            ):
                body, value, last_name = body[:-1], last, name
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
    result = py.name(name if name == last_name else e.forward_names.new(name))
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
    by_port: dict[int, list[tuple[int, str]]] = {}
    for local, (port, axis) in e.shape_reads.items():
        by_port.setdefault(port, []).append((axis, local))
    found: list[py.Stmt] = []
    for port, sizes in by_port.items():
        shape = py.attr(py.name(e.input_names[port]), "shape")
        rank = len(e.input_hints[port])
        axes = [axis for axis, _ in sorted(sizes)]
        if len(axes) > 1 and axes == list(range(axes[0], axes[-1] + 1)):
            names = py.Tuple(tuple(py.name(local) for _, local in sorted(sizes)))
            found.append(py.Assign(names, _sliced(shape, axes, rank)))
            continue
        found += [
            py.Assign(py.name(local), py.Subscript(shape, (py.const(axis),)))
            for axis, local in sizes
        ]
    return found


def _sliced(shape: py.Expr, axes: list[int], rank: int) -> py.Expr:
    """`shape[-2:]`, `shape[1:3]` or all of it."""
    if len(axes) == rank:
        return shape
    if axes[-1] == rank - 1:
        return py.Subscript(shape, (py.Slice(py.Unary("-", py.const(len(axes)))),))
    return py.Subscript(shape, (py.Slice(py.const(axes[0]), py.const(axes[-1] + 1)),))


def _methods(e: Emitter, ctor: tuple[py.Stmt, ...]) -> list[py.Stmt]:
    from archspec.backends.torch.methods import extra_methods

    return extra_methods(e, ctor)
