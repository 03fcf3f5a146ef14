"""Initial values: `init … by normal(std=0.02)` and `param cls: [1, 1, D] = zeros`."""

from typing import Any, Final

from archspec.diagnostics import Label as Mark
from archspec.elaborate.context import Context, fail
from archspec.elaborate.evaluate import arguments, evaluate, name_of
from archspec.elaborate.files import suggestion
from archspec.elaborate.values import (
    POISON,
    Argument,
    Step,
    Tensor,
    describe,
    is_tensor_like,
    names_in,
)
from archspec.ir import Graph
from archspec.layers.base import TensorType
from archspec.syntax import ast

#: The functions of `torch.nn.init` without their trailing underscore, with their arguments;
#: those before the bar must be given.
INITIALIZERS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "zeros": ((), ()),
    "ones": ((), ()),
    "eye": ((), ()),
    "constant": (("val",), ()),
    "normal": ((), ("mean", "std")),
    "uniform": ((), ("a", "b")),
    "trunc_normal": ((), ("mean", "std", "a", "b")),
    "xavier_uniform": ((), ("gain",)),
    "xavier_normal": ((), ("gain",)),
    "kaiming_uniform": ((), ("a", "mode", "nonlinearity")),
    "kaiming_normal": ((), ("a", "mode", "nonlinearity")),
    "orthogonal": ((), ("gain",)),
    "sparse": (("sparsity",), ("std",)),
    "dirac": ((), ("groups",)),
}

#: How many dimensions a weight must have, where that matters.
RANKS: Final[dict[str, range]] = {
    "eye": range(2, 3),
    "sparse": range(2, 3),
    "dirac": range(3, 6),
    "orthogonal": range(2, 99),
    "xavier_uniform": range(2, 99),
    "xavier_normal": range(2, 99),
    "kaiming_uniform": range(2, 99),
    "kaiming_normal": range(2, 99),
}

STRINGS: Final = {
    "mode": ("fan_in", "fan_out"),
    "nonlinearity": (
        "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
        "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu",
    ),
}  # fmt: skip


def read_initializer(ctx: Context, expr: ast.Expr) -> tuple[str, tuple[Argument, ...]]:
    """The name and named arguments of an initialiser; fails unless it is one of `torch.nn.init`."""
    func = expr.func if isinstance(expr, ast.Call) else expr
    name = name_of(ctx, func) if isinstance(func, ast.Name | ast.Template) else func.span.text
    if name not in INITIALIZERS:
        help, fixes = suggestion(func.span, name, list(INITIALIZERS), "initialiser")
        fail("A0103", f"unknown initialiser `{name}`", func.span, help=help, fixes=fixes)
    required, optional = INITIALIZERS[name]
    names = (*required, *optional)
    given: dict[str, Argument] = {}
    for index, arg in enumerate(arguments(ctx, expr) if isinstance(expr, ast.Call) else ()):
        span = arg.node.span if arg.node else expr.span
        if arg.name is None and index >= len(names):
            fail("A0105", f"`{name}` takes {len(names)} arguments", span)
        key = arg.name or names[index]
        if key not in names:
            known = ", ".join(f"`{n}`" for n in names) or "none"
            fail("A0105", f"`{name}` has no argument `{key}`", span, help=(f"it takes {known}",))
        if key in given:
            fail("A0108", f"the argument `{key}` of `{name}` is given twice", span)
        _check(name, key, arg.value, span)
        given[key] = Argument(key, arg.value, arg.node)
    for key in required:
        if key not in given:
            fail("A0104", f"`{name}` needs the argument `{key}`", expr.span)
    return name, tuple(given.values())


def _check(name: str, key: str, value: Any, span: Any) -> None:
    if key in STRINGS:
        if value not in STRINGS[key]:
            options = ", ".join(f'"{s}"' for s in STRINGS[key])
            fail("A0106", f"`{key}` of `{name}` is one of {options}", span)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        fail("A0106", f"`{key}` of `{name}` is a number, not {describe(value)}", span)
    elif key == "std" and value < 0:
        fail("A0106", f"`std` must not be negative, not {value}", span)


def evaluate_initial(ctx: Context, statement: ast.Tensor, name: str, type: TensorType) -> None:
    """Check the initial value: an initialiser, or for a buffer an expression."""
    value = statement.value
    if value is None:
        fail(
            "A0104",
            f"`{name}` needs an initial value",
            statement.span,
            help=(f"write e.g. `{statement.span.text} = zeros`",),
        )
    func = value.func if isinstance(value, ast.Call) else value
    plain = isinstance(func, ast.Name) and func.id in INITIALIZERS
    shaped = (
        isinstance(value, ast.Call)
        and bool(value.args)
        and isinstance(func, ast.Name)
        and func.id in ("zeros", "ones")
    )
    if plain and not shaped:
        init, args = read_initializer(ctx, value)
        given = {a.name: a for a in args if a.name}
        if init in RANKS and len(type.shape) not in RANKS[init]:
            message = f"`{init}` is not defined for {len(type.shape)} dimensions"
            fail("A0404", message, value.span, help=("use `zeros`, `ones` or `normal`",))
        ctx.pass_.steps[id(statement)] = Step("declare", given=given)
        return
    if statement.kind == "param":
        fail(
            "A0112",
            f"a param starts from an initialiser, not `{value.span.text}`",
            value.span,
            help=("initialisers are " + ", ".join(f"`{n}`" for n in INITIALIZERS),),
        )
    for used in names_in(value):
        if is_tensor_like(ctx.frame.names.get(used.id)):
            fail(
                "A0112",
                f"`{name}` is made once, before anything flows: it cannot depend on `{used.id}`",
                used.span,
                help=("compute it in the flow, without `buffer`",),
            )
    result = _in_scratch_graph(ctx, value)
    if result is POISON:
        return
    if not isinstance(result, Tensor):
        fail("A0112", f"a buffer starts from a tensor, not {describe(result)}", value.span)
    if result.type.shape != type.shape:
        fail(
            "A0408",
            f"`{name}` is declared {type}, but its value is {result.type}",
            value.span,
            labels=(Mark(statement.shape.span, "declared here"),),
        )
    ctx.pass_.steps[id(statement)] = Step("value", output=result)


def _in_scratch_graph(ctx: Context, value: ast.Expr) -> Any:
    """Evaluate outside the model: what makes a buffer is no part of its forward pass."""
    graph, inputs, given = ctx.graph, ctx.inputs, ctx.given
    ctx.graph = Graph(graph.name, graph.root, graph.domains)
    ctx.inputs, ctx.given = {}, {}  # these are by the number of the node
    try:
        return evaluate(ctx, value)
    finally:
        ctx.graph, ctx.inputs, ctx.given = graph, inputs, given
