"""Params, buffers, ties and initial weights in the constructor."""

from typing import Any

from archspec import pycode as py
from archspec.backends.torch.emitter import SELF, Emitter, Val
from archspec.backends.torch.scan import pattern
from archspec.backends.torch.translate import Translator
from archspec.dims import Dim
from archspec.elaborate.initializers import INITIALIZERS
from archspec.elaborate.values import Step
from archspec.layers import registry
from archspec.syntax import ast


def emit_tensor(e: Emitter, statement: ast.Tensor) -> Val:
    """`param cls: [1, 1, dim] = zeros` as an `nn.Parameter`, a buffer as an `nn.Buffer`."""
    key = e.translate.template(statement.name)
    shape = tuple(e.translate(d) for d in statement.shape.dims)  # type: ignore[arg-type]
    value = _initial(e, statement, shape)
    container = e.container
    name = key.value if isinstance(key, py.Constant) else None
    fixed = isinstance(name, str) and name.isidentifier()
    reference: py.Expr
    if fixed:
        reference = py.attr(container.in_forward, str(name))
    else:
        label = e.translate_forward.template(statement.name)
        reference = py.call("getattr", container.in_forward, label)
    e.tensor_containers[pattern(statement.name)] = container.in_forward
    if statement.kind == "param":
        value = py.call("nn.Parameter", value)
    if fixed:
        # A buffer that is assigned has a type; one that is registered has none.
        value = value if statement.kind == "param" else py.call("nn.Buffer", value)
        e.state.ctor.append(py.Assign(py.attr(container.expr, str(name)), value))
    else:
        register = "register_parameter" if statement.kind == "param" else "register_buffer"
        call = py.call(py.attr(container.expr, register), key, value)
        e.state.ctor.append(py.ExprStmt(call))
    sizes = []
    for item in statement.shape.dims:
        values = [(p, e.evaluate(item, p)) for p in e.passes]  # type: ignore[arg-type]
        hint = e.static_hint(item, values)  # type: ignore[arg-type]
        sizes.append(
            hint if e.sizes.holds(hint, [(p, Dim.of(v)) for p, v in values]) else e.sizes.unknown()
        )
    return Val(reference, tuple(sizes))


def _initial(e: Emitter, statement: ast.Tensor, shape: tuple[py.Expr, ...]) -> py.Expr:
    value = statement.value
    func = value.func if isinstance(value, ast.Call) else value
    dtype = _dtype(statement.shape.dtype)
    keywords = {"dtype": dtype} if dtype is not None else {}
    step: Step | None = next((p.steps.get(id(statement)) for p in e.passes), None)
    if step is not None and step.kind == "value":
        return _computed(e, value)  # type: ignore[arg-type]
    assert isinstance(func, ast.Name)
    shape = shape or (py.Tuple(()),)
    if func.id in ("zeros", "ones"):
        return py.call(f"torch.{func.id}", *shape, **keywords)
    args, named = _init_arguments(e, value, e.translate)
    empty = py.call("torch.empty", *shape, **keywords)
    return py.Call(py.dotted(f"init.{func.id}_"), (empty, *args), named)


def _dtype(dtype: str | None) -> py.Expr | None:
    if dtype in (None, "float"):
        return None
    return py.dotted("torch." + {"int": "int64"}.get(dtype, dtype))


def _init_arguments(
    e: Emitter, value: ast.Expr | None, translate: Translator
) -> tuple[tuple[py.Expr, ...], tuple[tuple[str, py.Expr], ...]]:
    if not isinstance(value, ast.Call):
        return (), ()
    return (
        tuple(translate(a) for a in value.args),
        tuple((k.name, translate(k.value)) for k in value.keywords),
    )


def _computed(e: Emitter, value: ast.Expr) -> py.Expr:
    """A buffer computed by tensor functions, once, in the constructor."""
    from archspec.backends.torch.expressions import tensor_expr

    saved = e.translate_forward
    e.translate_forward = e.translate
    e.in_constructor = True
    try:
        return _without_device(tensor_expr(e, value, None).expr)
    finally:
        e.translate_forward = saved
        e.in_constructor = False


def _without_device(expr: py.Expr) -> py.Expr:
    expr = py.rebuild(expr, _without_device)
    if isinstance(expr, py.Call):
        kept = tuple(k for k in expr.keywords if k != ("device", py.const(None)))
        return py.Call(expr.func, expr.args, kept)
    return expr


# --- initial weights ---------------------------------------------------------------------------


def emit_init(e: Emitter, statement: ast.Init) -> None:
    """`init Linear.weight by normal(std=0.02)`: a loop over modules, or over parameters by name."""
    value = statement.initializer
    func = value.func if isinstance(value, ast.Call) else value
    assert isinstance(func, ast.Name)
    assert func.id in INITIALIZERS
    args, named = _init_arguments(e, value, e.translate_forward)
    parts = statement.selector.split(".")
    if parts[0][:1].isupper():
        body: tuple[py.Stmt, ...] = _by_class(e, parts, func.id, args, named)
    else:
        body = _by_path(e, parts, func.id, args, named)
    e.inits.extend(body)


def _by_class(
    e: Emitter, parts: list[str], function: str, args: Any, named: Any
) -> tuple[py.Stmt, ...]:
    layer = registry.layer(parts[0])
    kind = py.dotted(layer.torch_name) if layer is not None else py.name(parts[0])
    weight = py.attr(py.name("module"), *parts[1:])
    test: py.Expr = py.call("isinstance", py.name("module"), kind)
    if parts[1:] == ["bias"]:
        present = py.Compare(weight, (("is not", py.const(None)),))
        test = py.Binary("and", test, present)
    fill = py.ExprStmt(py.Call(py.dotted(f"init.{function}_"), (weight, *args), named))
    return (py.For(py.name("module"), py.call(py.attr(SELF, "modules")), (py.If(test, (fill,)),)),)


def _by_path(
    e: Emitter, parts: list[str], function: str, args: Any, named: Any
) -> tuple[py.Stmt, ...]:
    if not any("*" in part for part in parts):
        # What is deeper, or may be missing, has no type that a checker knows.
        known = len(parts) == 1 or (
            len(parts) == 2 and parts[1] == "weight" and parts[0].isidentifier()
        )
        weight = (
            py.attr(SELF, *parts)
            if known
            else py.call(py.attr(SELF, "get_parameter"), py.const(".".join(parts)))
        )
        return (py.ExprStmt(py.Call(py.dotted(f"init.{function}_"), (weight, *args), named)),)
    if parts[0] == "**" and not any("*" in part for part in parts[1:]):
        ending = py.const("." + ".".join(parts[1:]))
        test = py.call(py.attr(py.name("name"), "endswith"), ending)
        return _for_names(test, function, args, named)
    text = r"\.".join({"*": r"[^.]+", "**": r".+"}.get(part, part) for part in parts)
    pattern = py.call("re.fullmatch", py.const(text), py.name("name"))
    return _for_names(pattern, function, args, named)


def _for_names(test: py.Expr, function: str, args: Any, named: Any) -> tuple[py.Stmt, ...]:
    fill = py.Call(py.dotted(f"init.{function}_"), (py.name("parameter"), *args), named)
    return (
        py.For(
            py.Tuple((py.name("name"), py.name("parameter"))),
            py.call(py.attr(SELF, "named_parameters")),
            (py.If(test, (py.ExprStmt(fill),)),),
        ),
    )
