"""Declared shapes: inputs of models and blocks, `where`, checked outputs, params and buffers."""

from archspec.diagnostics import Label as Mark
from archspec.dims import Dim, Proven
from archspec.elaborate.context import Context, fail
from archspec.elaborate.evaluate import evaluate_static, name_of
from archspec.elaborate.explain import inputs_of, made_at
from archspec.elaborate.initializers import evaluate_initial
from archspec.elaborate.reserved import refused_attribute
from archspec.elaborate.rules import report_obligation
from archspec.elaborate.values import Outputs, Poison, Tensor, describe, tensors
from archspec.elaborate.where import equalities_of, promise
from archspec.ir import TensorDecl, Value
from archspec.layers.base import DTYPES, Obligation, TensorType, dtype_kind
from archspec.source import Span
from archspec.syntax import ast

Flowing = Tensor | Outputs | Poison | None


def input_statements(block: ast.Block) -> list[ast.Input]:
    return [s for s in block.body.statements if isinstance(s, ast.Input)]


def bind_inputs(ctx: Context, inputs: tuple[Tensor, ...], span: Span) -> Flowing:
    """Bind the inputs of the current block to `inputs`; gives what flows at its start."""
    frame = ctx.frame
    declared = input_statements(frame.block)
    if not declared:
        frame.inputs = [(f"x{i}" if len(inputs) > 1 else "x", t) for i, t in enumerate(inputs)]
        if not inputs:
            return None
        return inputs[0] if len(inputs) == 1 else Outputs(inputs)
    name = frame.block.name.id
    if len(declared) != len(inputs):
        flow_in = "flows in" if len(inputs) == 1 else "flow in"
        wants = f"{len(declared)} input{'s' if len(declared) != 1 else ''}"
        fail(
            "A0305",
            f"`{name}` has {wants}, but {tensors(len(inputs))} {flow_in}",
            span,
            labels=tuple(Mark(s.span, "an input") for s in declared),
            help=("feed several inputs as a tuple: `(a, b) -> …`",) if len(declared) > 1 else (),
        )
    for statement, tensor in zip(declared, inputs, strict=True):
        frame.inputs.append((statement.name, tensor))
        _bind_name(ctx, statement, tensor)
        bind_shape(ctx, tensor, statement.shape, f"input `{statement.name}` of `{name}`")
        for condition in statement.where:
            _check_where(ctx, condition)
    return inputs[0] if len(inputs) == 1 else None


def _bind_name(ctx: Context, statement: ast.Input, tensor: Tensor) -> None:
    if statement.name in ctx.frame.names:
        fail(
            "A0107",
            f"`{statement.name}` is the name of a parameter or input already",
            statement.name_span,
        )
    ctx.frame.names[statement.name] = tensor


def declare_inputs(ctx: Context) -> Flowing:
    """The inputs of a model as nodes; open dims become symbols, `where` becomes their domain."""
    frame = ctx.frame
    declared = input_statements(frame.block)
    if not declared:
        fail(
            "A0307",
            f"the model `{frame.block.name.id}` has no input",
            frame.block.name.span,
            help=("begin its body with e.g. `input image: float[B, 3, H, W]`",),
        )
    equalities = equalities_of(declared)
    first: Tensor | None = None
    for statement in declared:
        shape = statement.shape
        dims: list[Dim] = []
        for item in shape.dims:
            if isinstance(item, ast.Ellipsis):
                fail(
                    "A0404",
                    "the input of a model has a known number of dimensions",
                    item.span,
                    help=("write each dimension; an open one gets a name",),
                )
            if isinstance(item, ast.Name) and item.id not in frame.names:
                symbol = Dim.symbol(equalities.get(item.id, item.id))
                frame.names[item.id] = symbol
                frame.constants[item.id] = symbol
            dims.append(_size(ctx, item))
        tensor_type = TensorType(tuple(dims), _dtype(shape))
        for item, dim in zip(shape.dims, dims, strict=True):
            if dim.const is not None and dim.const < 1:
                fail("A0106", f"a size must be at least 1, not {dim}", item.span)
        node = ctx.graph.add(
            "input", statement.name, (tensor_type,), statement.span, module=frame.module
        )
        ctx.inputs[node.id] = statement
        tensor = Tensor(Value(node.id), tensor_type)
        _bind_name(ctx, statement, tensor)
        frame.inputs.append((statement.name, tensor))
        first = first or tensor
    promise(ctx, declared)
    return first if len(declared) == 1 else None


def _dtype(shape: ast.ShapeExpr) -> str:
    if shape.dtype is None:
        return "float"
    if shape.dtype not in DTYPES:
        fail(
            "A0701",
            f"unknown dtype `{shape.dtype}`",
            shape.span,
            help=(f"dtypes are {', '.join(DTYPES)}",),
        )
    return shape.dtype


def _size(ctx: Context, expr: ast.Expr) -> Dim:
    value = evaluate_static(ctx, expr, "a size")
    if isinstance(value, bool) or not isinstance(value, int | Dim):
        fail("A0201", f"a size is an integer, not {describe(value)}", expr.span)
    return Dim.of(value)


# --- where -------------------------------------------------------------------------------------


def _check_where(ctx: Context, condition: ast.Expr) -> None:
    """A `where` of a block: its caller must satisfy it for all sizes."""
    from archspec.elaborate.statements import _require

    _require(ctx, ast.Require(condition, None, span=condition.span))


# --- shapes that are checked -------------------------------------------------------------------


def bind_shape(ctx: Context, tensor: Tensor, shape: ast.ShapeExpr, what: str) -> None:
    """Match a tensor with a declared shape: unbound names are bound, the rest must be equal."""
    _match(ctx, tensor, shape, what, bind=True)


def check_shape(ctx: Context, tensor: Tensor, shape: ast.ShapeExpr, what: str) -> None:
    """Fail unless the tensor has the declared shape for every allowed size."""
    _match(ctx, tensor, shape, what, bind=False)


def _match(ctx: Context, tensor: Tensor, shape: ast.ShapeExpr, what: str, bind: bool) -> None:
    frame = ctx.frame
    items = list(shape.dims)
    dots = [i for i, d in enumerate(items) if isinstance(d, ast.Ellipsis)]
    rank = tensor.type.rank
    if len(dots) > 1:
        fail("A0404", "a shape has at most one `...`", shape.span)
    if shape.dtype is not None:
        dtype = _dtype(shape)
        if dtype_kind(dtype) != tensor.type.kind or (
            dtype != dtype_kind(dtype) and dtype != tensor.type.dtype
        ):
            fail(
                "A0701",
                f"{what} is {tensor.type.dtype}, but {dtype} is declared",
                shape.span,
                labels=made_at(ctx, tensor),
            )
    if rank < len(items) - len(dots) or (not dots and rank != len(items)):
        count = len(items) - len(dots)
        fail(
            "A0404",
            f"{what} has {rank} dimensions, but {'at least ' if dots else ''}{count} are declared",
            shape.span,
            labels=made_at(ctx, tensor),
        )
    axes = list(range(rank))
    if dots:
        after = len(items) - dots[0] - 1
        pairs = [
            *zip(items[: dots[0]], axes, strict=False),
            *zip(items[dots[0] + 1 :], axes[rank - after :], strict=True),
        ]
    else:
        pairs = list(zip(items, axes, strict=True))
    for item, axis in pairs:
        assert not isinstance(item, ast.Ellipsis)
        dim = tensor.type.shape[axis]
        if bind and isinstance(item, ast.Name) and item.id not in frame.names:
            value: int | Dim = dim.const if dim.const is not None else dim
            frame.names[item.id] = value
            frame.constants[item.id] = value
            continue
        declared = _size(ctx, item)
        if declared is dim:
            continue
        obligation = Obligation(
            "equal", dim, declared, "A0408", f"{what} has {dim} where {item.span.text} is declared"
            + (f" (which is {declared})" if item.span.text != str(declared) else ""),
        )  # fmt: skip
        verdict = ctx.judge(obligation, item.span)
        if dim.const is None or declared.const is None:
            ctx.need(obligation, what, item.span)
        if not isinstance(verdict, Proven):
            subject = (what, shape.span)
            report_obligation(ctx, obligation, verdict, item.span, (tensor,), {}, subject=subject)


# --- params and buffers ------------------------------------------------------------------------


def declare_tensor(ctx: Context, statement: ast.Tensor) -> None:
    """`param cls: [1, 1, dim] = zeros`: a weight of the container, readable as a value."""
    frame, cursor = ctx.frame, ctx.cursor
    name = name_of(ctx, statement.name)
    dims = []
    for item in statement.shape.dims:
        if isinstance(item, ast.Ellipsis):
            fail("A0404", f"a {statement.kind} has a known number of dimensions", item.span)
        dim = _size(ctx, item)
        if dim.const is None:
            fail(
                "A0204",
                f"the shape of `{name}` needs numbers, but `{dim}` is left open",
                item.span,
                labels=inputs_of(ctx, dim),
                help=("use a parameter of the model for that size",),
            )
        if dim.const < 0:
            fail("A0106", f"a size must be at least 0, not {dim}", item.span)
        dims.append(dim)
    tensor_type = TensorType(tuple(dims), _dtype(statement.shape))
    if statement.kind == "param" and tensor_type.kind not in ("float", "complex"):
        fail("A0701", f"a param is trained, so `{name}` must be float", statement.shape.span)
    evaluate_initial(ctx, statement, name, tensor_type)
    module = cursor.module
    refused = refused_attribute(name)
    if refused is not None:
        fail("A0107", f"`{name}` cannot name a {statement.kind}: {refused}", statement.name.span)
    if not cursor.again:
        if name in module.tensors or name in module.children:
            fail("A0107", f"`{name}` is taken already", statement.name.span)
        kind = "param" if statement.kind == "param" else "buffer"
        module.tensors[name] = TensorDecl(name, kind, tensor_type, statement.span)  # type: ignore[arg-type]
    node = ctx.graph.add("param", name, (tensor_type,), statement.span, module=module)
    frame.names[name] = Tensor(Value(node.id), tensor_type)


__all__ = ["bind_inputs", "check_shape", "declare_inputs", "declare_tensor"]
