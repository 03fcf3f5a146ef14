"""Expressions inside f-strings, within what Python 3.11 allows there."""

from archspec.pycode import literals
from archspec.pycode.nodes import Attr, Call, Constant, Expr, FString, Lambda, Paren
from archspec.pycode.precedence import parenthesized
from archspec.pycode.walk import walk


def embedded(parts: tuple["str | Expr", ...]) -> tuple["str | literals.Code", ...] | None:
    """The parts as text, None where one has a string that cannot stand inside an f-string."""
    from archspec.pycode.expressions import BARE, expression
    from archspec.pycode.layout import flat_text

    written: list[str | literals.Code] = []
    for part in parts:
        if isinstance(part, str):
            written.append(part)
            continue
        if not all(map(_can_nest, walk(part))):
            return None
        expr = parenthesized(part)
        if isinstance(expr, Lambda):  # its colon would start a format
            expr = Paren(expr)
        written.append(literals.Code(flat_text(expression(expr, BARE))))
    return tuple(written)


def _can_nest(expr: Expr) -> bool:
    if isinstance(expr, FString):
        return False
    if isinstance(expr, Constant) and isinstance(expr.value, str):
        return literals.can_nest(expr.value)
    return True


def format_call(parts: tuple["str | Expr", ...]) -> Expr:
    """`"{}, {}".format(a, b)`: what an f-string means, for any expressions."""
    text = "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else "{}"
        for part in parts
    )
    args = tuple(parenthesized(part) for part in parts if not isinstance(part, str))
    return Call(Attr(Constant(text), "format"), args)
