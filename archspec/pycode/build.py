"""Short constructors of expressions."""

from archspec.pycode.nodes import (
    Attr,
    Call,
    Compare,
    Constant,
    Expr,
    ExprStmt,
    If,
    List,
    Name,
    Stmt,
    Tuple,
    Unary,
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


def branch(test: Expr, then: tuple[Stmt, ...], orelse: tuple[Stmt, ...] = ()) -> If:
    """`if test: …`, by the opposite test where only the other branch holds something."""
    if then or not orelse:
        return If(test, then or (ExprStmt(Name("pass")),), orelse)
    match test:
        case Compare(first=first, rest=((op, second),)) if op in _OPPOSITE:
            return If(Compare(first, ((_OPPOSITE[op], second),)), orelse)
        case _:
            return If(Unary("not", test), orelse)


_OPPOSITE = {"==": "!=", "!=": "==", "in": "not in", "not in": "in", "is": "is not", "is not": "is"}


def call(func: Expr | str, *args: Expr, **keywords: Expr) -> Call:
    """`call("torch.cat", x, dim=const(1))`."""
    callee = dotted(func) if isinstance(func, str) else func
    return Call(callee, args, tuple(keywords.items()))
