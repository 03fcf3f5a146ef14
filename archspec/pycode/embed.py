"""F-strings within what Python 3.11 allows between their braces."""

from archspec.pycode import literals
from archspec.pycode.nodes import Attr, Call, Constant, Expr, FString, Lambda, Paren
from archspec.pycode.precedence import parenthesized
from archspec.pycode.traversal import walk


def can_embed(expr: Expr) -> bool:
    """Whether `expr` can stand in an f-string: no f-string in it, no string that needs escapes."""
    return all(map(_can_nest, walk(expr)))


def _can_nest(expr: Expr) -> bool:
    match expr:
        case FString():
            return False
        case Constant(str(text)):
            return literals.can_nest(text)
        case _:
            return True


def embedded(expr: Expr) -> Expr:
    """`expr` with the parentheses that it needs between braces."""
    expr = parenthesized(expr)
    # A lambda's colon would start a format.
    return Paren(expr) if isinstance(expr, Lambda) else expr


def format_call(parts: tuple["str | Expr", ...]) -> Expr:
    """`"{}, {}".format(a, b)`: what an f-string means, for any expressions."""
    text = "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else "{}"
        for part in parts
    )
    args = tuple(parenthesized(part) for part in parts if not isinstance(part, str))
    return Call(Attr(Constant(text), "format"), args)
