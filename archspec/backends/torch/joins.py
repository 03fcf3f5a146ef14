"""`residual`, `dense` and `reuse … by …` in the emitted code."""

from typing import Any

from archspec import pycode as py
from archspec.backends.torch import body as statements
from archspec.backends.torch.emitter import SELF, Emitter, Val
from archspec.backends.torch.expressions import apply, tensor_expr
from archspec.backends.torch.results import result_value
from archspec.backends.torch.scan import stages_in
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim
from archspec.elaborate.values import Pass, Tensor
from archspec.layers.base import FunctionDecl
from archspec.syntax import ast

Join = ast.Residual | ast.Dense | ast.Reuse


def emit_join(e: Emitter, core: Join, flow: Val | None) -> Val:
    """Write a join; gives the joined value."""
    if flow is None or flow.items:
        raise CannotEmit("a join of no tensor")
    match core:
        case ast.Residual(body=body, align=align):
            y, x, kept = _body(e, body, flow, "identity")
            reused = _aligned(e, core, align, 0, y, x)
            e.forward_names.release(kept)
            # A sum has no order; `x + f(x)` and `f(x) + project(x)` read best.
            operands = [x, y] if reused is x else [y, reused]
            return apply(e, core, _decl(e, core), operands)
        case ast.Dense(body=body):
            y, x, kept = _body(e, body, flow, "features")
            e.forward_names.release(kept)
            return apply(e, core, _decl(e, core), [x, y])
        case ast.Reuse():
            return _reuse(e, core, flow)


def _decl(e: Emitter, core: Join) -> FunctionDecl[Any]:
    decl = e.step(core).decl
    if not isinstance(decl, FunctionDecl):
        raise CannotEmit("a join without its function")
    return decl


def _body(e: Emitter, body: ast.Body, flow: Val, keep: str) -> tuple[Val, Val, str]:
    """The value of a body, and what flowed in: in a variable of its own if the body overwrites it.

    The third result is that variable, to be released once the join is written.
    """
    x = e.materialise(flow)
    before = len(e.state.forward)
    y = statements.emit_statements(e, body.statements, x)
    assert y is not None
    written = e.state.forward[before:]
    if not isinstance(x.expr, py.Name) or not _assigns(written, x.expr.id):
        return y, x, ""
    tried: list[str] = []
    while not tried or _assigns(written, tried[-1]):
        tried.append(e.forward_names.new(keep))
    for name in tried[:-1]:
        e.forward_names.release(name)
    kept = py.name(tried[-1])
    e.state.forward.insert(before, py.Assign(kept, x.expr))
    return y, Val(kept, x.hints), kept.id


def _assigns(statements: list[py.Stmt] | tuple[py.Stmt, ...], name: str) -> bool:
    for statement in statements:
        match statement:
            case py.Assign(target=target):
                targets = target.items if isinstance(target, py.Tuple) else (target,)
                if py.name(name) in targets:
                    return True
            case py.For(body=body) if _assigns(body, name):
                return True
            case py.If(body=body, orelse=orelse) if _assigns(body, name) or _assigns(orelse, name):
                return True
            case _:
                pass
    return False


def _reuse(e: Emitter, core: ast.Reuse, flow: Val) -> Val:
    step = e.step(core)
    y = flow
    found = [tensor_expr(e, s, flow) for s in core.sources]
    sources = [v for val in found for v in val.items or (val,)]
    if core.align is not None:
        y = e.materialise(flow)
    reused = [_aligned(e, core, core.align, i, y, s) for i, s in enumerate(sources)]
    name = core.combiner.func if isinstance(core.combiner, ast.Call) else core.combiner
    if step.decl is None:
        return _by_layer(e, core, [y, *reused])
    if isinstance(name, ast.Name) and name.id == "mean":
        total = y.expr
        for source in reused:
            total = py.Binary("+", total, source.expr)
        mean = py.Binary("/", total, py.const(len(reused) + 1))
        return result_value(step.output, mean, (y.hints,))
    return apply(e, core, _decl(e, core), [y, *reused], _positional(core.combiner))


def _positional(combiner: ast.Expr) -> tuple[ast.Expr, ...]:
    return combiner.args if isinstance(combiner, ast.Call) else ()


def _by_layer(e: Emitter, core: ast.Reuse, operands: list[Val]) -> Val:
    """Joined by a layer or block of several inputs."""
    stage = e.planner.pseudo_stage(core.combiner)
    for p in e.passes:
        if id(core.combiner) in p.steps:
            p.steps[id(stage)] = p.steps[id(core.combiner)]
    flow = Val(py.Tuple(tuple(o.expr for o in operands)), items=tuple(operands))
    from archspec.backends.torch.stages import emit_stage

    value = emit_stage(e, stage, flow, False)
    assert value is not None
    return value


# --- alignment ---------------------------------------------------------------------------------


def _aligned(
    e: Emitter, core: Join, align: ast.Group | ast.Name | None, index: int, y: Val, x: Val
) -> Val:
    """The reused value, through its `align` where that applies."""
    flags = [(p, s.aligned[index] if index < len(s.aligned) else False) for p, s in e.steps(core)]
    if align is None or not any(f for _, f in flags):
        return x
    everywhere = all(f for _, f in flags)
    if isinstance(align, ast.Name):
        if not everywhere:
            raise CannotEmit("an alignment that applies to some instances")
        decl = e.step(align).decl
        assert isinstance(decl, FunctionDecl)
        return apply(e, align, decl, [x, y])
    if everywhere:
        value = statements.emit_statements(e, align.body.statements, x)
        assert value is not None
        return value
    condition = _condition(e, core, flags, y, x)
    passes = tuple(p for p, f in flags if f)
    label = _single_label(e, align)
    if label is not None:
        return _projection(e, align, label, condition, passes, x)
    return _conditional_align(e, align, condition, passes, x)


def _single_label(e: Emitter, align: ast.Group) -> str | None:
    """The label of an alignment that is one labelled module of the class."""
    match align.body.statements:
        case (ast.Flow(targets=(), stages=(ast.Stage(label=ast.Name(id=label)),)),):
            return label if e.container.expr == SELF else None
        case _:
            return None


def _projection(
    e: Emitter, align: ast.Group, label: str, condition: py.Expr, passes: tuple[Pass, ...], x: Val
) -> Val:
    """One labelled module that is the identity where nothing needs aligning."""
    reference = py.attr(SELF, label)
    identity = py.call("nn.Identity")
    e.state.ctor.append(py.Assign(reference, identity, py.dotted("nn.Module")))
    with e.within(passes) as state:
        value = statements.emit_statements(e, align.body.statements, x)
    e.state.ctor.append(py.If(condition, tuple(state.ctor)))
    if state.forward or value is None:
        raise CannotEmit("an alignment that needs statements of its own")
    return value


def _conditional_align(
    e: Emitter, align: ast.Group, condition: py.Expr, passes: tuple[Pass, ...], x: Val
) -> Val:
    """Several layers that apply where `self.aligns` says so."""
    if e.loops:
        raise CannotEmit("whether an alignment applies differs between iterations")
    flag = py.attr(SELF, e.attributes.new("aligns"))
    shortcut = py.name(e.forward_names.new("shortcut"))
    e.emit(py.Assign(shortcut, x.expr))
    e.state.ctor.append(py.Assign(flag, condition))
    with e.within(passes) as state:
        value = statements.emit_statements(e, align.body.statements, Val(shortcut, x.hints))
        assert value is not None
        e.emit(py.Assign(shortcut, value.expr))
    e.state.ctor.append(py.If(flag, tuple(state.ctor)))
    e.state.forward.append(py.If(flag, tuple(state.forward)))
    return Val(shortcut, value.hints)


def _condition(e: Emitter, core: Join, flags: list[tuple[Pass, bool]], y: Val, x: Val) -> py.Expr:
    """When an `align` applies, in the constructor's terms; checked against every instance."""
    candidates: list[tuple[py.Expr, list[bool]]] = []
    stride = _stride(e, core, flags)
    channels = _channels(e, core, flags, y, x)
    if stride is not None and channels is not None:
        both = py.Binary("or", stride[0], channels[0])
        candidates.append((both, [a or b for a, b in zip(stride[1], channels[1], strict=True)]))
    candidates += [c for c in (channels, stride) if c is not None]
    for expr, values in candidates:
        if values == [f for _, f in flags]:
            return expr
    raise CannotEmit("when the alignment applies has no short condition")


def _stride(
    e: Emitter, core: Join, flags: list[tuple[Pass, bool]]
) -> tuple[py.Expr, list[bool]] | None:
    """`stride != 1`, for the parameter that the body's layers take as their stride."""
    body = core.body if isinstance(core, ast.Residual) else None
    for stage in stages_in(body) if body is not None else ():
        keywords = stage.core.keywords if isinstance(stage.core, ast.Call) else ()
        for keyword in keywords:
            value = keyword.value
            if keyword.name == "stride" and isinstance(value, ast.Name) and value.id in e.scope:
                values = [e.lookup(value.id, p) != 1 for p, _ in flags]
                return py.Compare(e.translate(value), (("!=", py.const(1)),)), values
    return None


def _channels(
    e: Emitter, core: Join, flags: list[tuple[Pass, bool]], y: Val, x: Val
) -> tuple[py.Expr, list[bool]] | None:
    """`in_channels != planes * expansion`, where the two sides can be written."""
    axis = 1 if len(x.hints) > 2 else len(x.hints) - 1
    if not x.hints or len(x.hints) != len(y.hints):
        return None
    pairs = [_sides(e, core, p) for p, _ in flags]
    try:
        left = e.size(
            x.hints[axis], [(p, b[axis]) for (p, _), (_, b) in zip(flags, pairs, strict=True)]
        )
        right = e.size(
            y.hints[axis], [(p, a[axis]) for (p, _), (a, _) in zip(flags, pairs, strict=True)]
        )
    except CannotEmit:
        return None
    return py.Compare(left, (("!=", right),)), [a[axis] is not b[axis] for a, b in pairs]


def _sides(e: Emitter, core: Join, p: Pass) -> tuple[tuple[Dim, ...], tuple[Dim, ...]]:
    inputs = p.steps[id(core)].inputs
    y, x = inputs[0], inputs[1]
    assert isinstance(y, Tensor)
    return y.type.shape, x.type.shape
