"""Names, literals and expressions: one function per rule of the grammar."""

from typing import Any, Final

from archspec.source import Span
from archspec.syntax import ast
from archspec.syntax.building import Context, Rejected, more, one
from archspec.syntax.literals import decode
from archspec.syntax.operators import resolve
from archspec.syntax.tokens import Token

MAX_DIGITS: Final = 1000

exprs = arguments = items = one
more_items = more


def same(context: Context, parts: list[Any]) -> Any:
    return parts[0]


def chain(context: Context, parts: list[Any]) -> list[Any]:
    """Operands and operators of a row, last first, since the rule grows to the right."""
    rest = parts.pop()
    found: list[Any] = rest if type(rest) is list else [rest]
    found.extend(reversed(parts))
    return found


def operation(context: Context, parts: list[Any]) -> Any:
    row = parts[0]
    row.reverse()
    return resolve(context, row)


def name(context: Context, parts: list[Any]) -> ast.Name:
    token = parts[0]
    return ast.Name(token.text, span=Span(context.source, token.start, token.end))


def template(context: Context, parts: list[Any]) -> ast.Template:
    first, (rest, last) = parts
    found = [first.text[:-1], *reversed(rest)]
    found = [part for part in found if part != ""]
    return ast.Template(tuple(found), span=context.span(first, last))


def template_last(context: Context, parts: list[Any]) -> tuple[list[Any], Token]:
    value, last = parts
    return [last.text[1:], value], last


def template_more(context: Context, parts: list[Any]) -> tuple[list[Any], Token]:
    value, middle, (rest, last) = parts
    rest.append(middle.text[1:-1])
    rest.append(value)
    return rest, last


def integer(context: Context, parts: list[Any]) -> ast.Number:
    token = parts[0]
    span = Span(context.source, token.start, token.end)
    digits = token.text.replace("_", "")
    if len(digits) > MAX_DIGITS:
        raise Rejected(span, f"a number of more than {MAX_DIGITS} digits", code="A0203")
    return ast.Number(int(digits), span=span)


def real(context: Context, parts: list[Any]) -> ast.Number:
    token = parts[0]
    span = Span(context.source, token.start, token.end)
    value = float(token.text)
    if value == float("inf"):
        raise Rejected(span, "a number too large for a float", code="A0203")
    return ast.Number(value, span=span)


def string(context: Context, parts: list[Any]) -> ast.String:
    token = parts[0]
    value, wrong = decode(token.text)
    if wrong:
        span = Span(context.source, token.start + wrong[0], token.start + wrong[1])
        raise Rejected(
            span,
            f"`{span.text}` is not an escape of a string",
            r"the escapes are `\n` `\t` `\r` `\0` `\\` `\"` `\xHH` `\uHHHH`; "
            r"a backslash itself is `\\`",
        )
    return ast.String(value, span=Span(context.source, token.start, token.end))


def true(context: Context, parts: list[Any]) -> ast.Bool:
    return ast.Bool(True, span=context.span(parts[0], parts[0]))


def false(context: Context, parts: list[Any]) -> ast.Bool:
    return ast.Bool(False, span=context.span(parts[0], parts[0]))


def none(context: Context, parts: list[Any]) -> ast.NoneValue:
    return ast.NoneValue(span=context.span(parts[0], parts[0]))


def call(context: Context, parts: list[Any]) -> Any:
    func = parts[0]
    given = parts[2] if len(parts) > 3 else []
    args: list[ast.Expr] = []
    keywords: list[ast.Keyword] = []
    for argument in given:
        if type(argument) is ast.Keyword:
            keywords.append(argument)
            continue
        if keywords:
            raise Rejected(
                argument.span,
                "an argument without a name follows one with a name",
                f"move it before `{keywords[0].name}=`, or give it its name",
            )
        bare = type(argument) is ast.Comprehension and not argument.span.text.startswith("[")
        if bare and len(given) > 1:
            raise Rejected(
                argument.span,
                "a comprehension without brackets is a call's only argument",
                "put it into `[ ]`",
            )
        args.append(argument)
    node = ast.Call(
        func,
        tuple(args),
        tuple(keywords),
        span=Span(context.source, func.span.start, parts[-1].end),
    )
    return _nest(context, node, func, given)


def _nest(context: Context, node: Any, first: Any, given: list[Any]) -> Any:
    """`deepen`, but only where a part is not a leaf: most calls have leaves alone."""
    depths = context.depths
    if id(first) in depths or any(id(part) in depths for part in given):
        return context.deepen(node, [first, *given])
    depths[id(node)] = 1
    context.kept.append(node)
    return node


def keyword(context: Context, parts: list[Any]) -> ast.Keyword:
    word, _, value = parts
    node = ast.Keyword(word.text, value, span=Span(context.source, word.start, value.span.end))
    depth = context.depths.get(id(value))
    if depth is not None:
        context.depths[id(node)] = depth
        context.kept.append(node)
    return node


def index(context: Context, parts: list[Any]) -> Any:
    value, given = parts[0], parts[2]
    node = ast.Index(
        value, tuple(given), span=Span(context.source, value.span.start, parts[-1].end)
    )
    return _nest(context, node, value, given)


def slice_item(context: Context, parts: list[Any]) -> Any:
    found: list[Any] = [None]
    for part in parts:
        if type(part) is Token:
            found.append(None)
        else:
            found[-1] = part
    start, stop, step = [*found, None][:3]
    node = ast.Slice(start, stop, step, span=context.span(parts[0], parts[-1]))
    return context.deepen(node, [start, stop, step])


def ellipsis(context: Context, parts: list[Any]) -> ast.Ellipsis:
    return ast.Ellipsis(span=context.span(parts[0], parts[0]))


def attribute(context: Context, parts: list[Any]) -> Any:
    value, _, label = parts
    node = ast.Attribute(value, label, span=Span(context.source, value.span.start, label.span.end))
    return context.deepen(node, [value])


def parenthesised(context: Context, parts: list[Any]) -> Any:
    """The same node; its span covers the parentheses, so that its text stands for itself."""
    node = parts[1]
    fields = {key: getattr(node, key) for key in node.__slots__}
    return context.deepen(type(node)(**fields, span=context.span(parts[0], parts[-1])), [node])


def tuple_expr(context: Context, parts: list[Any]) -> Any:
    found: list[Any] = []
    for part in parts[1:-1]:
        if isinstance(part, list):
            found.extend(part)
        elif type(part) is not Token:
            found.append(part)
    node = ast.TupleExpr(tuple(found), span=context.span(parts[0], parts[-1]))
    return context.deepen(node, found)


def list_expr(context: Context, parts: list[Any]) -> Any:
    found = parts[1] if len(parts) > 2 else []
    node = ast.ListExpr(tuple(found), span=context.span(parts[0], parts[-1]))
    return context.deepen(node, found)


def list_comprehension(context: Context, parts: list[Any]) -> Any:
    node: ast.Comprehension = parts[1]
    return context.deepen(
        ast.Comprehension(
            node.element,
            node.targets,
            node.iterable,
            node.condition,
            span=context.span(parts[0], parts[-1]),
        ),
        [node],
    )


def comprehension(context: Context, parts: list[Any]) -> Any:
    condition = parts[6] if len(parts) > 5 else None
    node = ast.Comprehension(
        parts[0],
        tuple(word.text for word in parts[2]),
        parts[4],
        condition,
        span=context.span(parts[0], parts[-1]),
    )
    return context.deepen(node, [parts[0], parts[4], condition])


def conditional(context: Context, parts: list[Any]) -> Any:
    then, _, test, _, other = parts
    node = ast.Conditional(then, test, other, span=context.span(then, other))
    return context.deepen(node, [then, test, other])
