"""Call chains: `a.b().c()[0]`."""

from archspec.pycode.nodes import Attr, Call, Expr, Paren, Subscript


def is_fluent(expr: Expr) -> bool:
    """Whether a chain that does not fit breaks before its dots.

    So it does where two attributes or more are taken from calls, subscripts or a root in
    parentheses.
    """
    links = 0
    while True:
        match expr:
            case Attr(Paren()):
                return links + 1 >= 2
            case Attr(value):
                links += isinstance(value, Call | Subscript)
                expr = value
            case Call(Paren()) | Subscript(Paren()):
                break
            case Call(value) | Subscript(value):
                expr = value
            case _:
                break
    return links >= 2
