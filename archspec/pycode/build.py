"""Short constructors of expressions."""

from archspec.pycode.nodes import (
    Attr,
    Call,
    Constant,
    Expr,
    List,
    Name,
    Tuple,
)

Value = int | float | str | bool | None


def name(id: str) -> Name:
    return Name(id)


def dotted(path: str) -> Expr:
    """`dotted("torch.nn.functional")` is the attribute chain."""
    first, *rest = path.split(".")
    expr: Expr = Name(first)
    for part in rest:
        expr = Attr(expr, part)
    return expr


def attr(value: Expr, *names: str) -> Expr:
    for part in names:
        value = Attr(value, part)
    return value


def const(value: "Value | tuple[object, ...] | list[object]") -> Expr:
    """A literal; tuples and lists become displays."""
    if isinstance(value, tuple):
        return Tuple(tuple(const(item) for item in value))  # type: ignore[arg-type]
    if isinstance(value, list):
        return List(tuple(const(item) for item in value))  # type: ignore[arg-type]
    return Constant(value)


def call(func: Expr | str, *args: Expr, **keywords: Expr) -> Call:
    """`call("torch.cat", x, dim=const(1))`."""
    callee = dotted(func) if isinstance(func, str) else func
    return Call(callee, args, tuple(keywords.items()))
