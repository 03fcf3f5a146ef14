"""Simple statements and the headers of compound ones as documents."""

from archspec.pycode.expressions import (
    BARE,
    PARENTHESIZED,
    expression,
    lambda_body,
    new_id,
    optional_parentheses,
    parenthesize_if_broken,
    soft_block,
    tuple_items,
)
from archspec.pycode.layout import Doc, FirstFitting, FitsExpanded, Group, ParenthesizeIfFits
from archspec.pycode.nodes import (
    Assign,
    Attr,
    AugAssign,
    Binary,
    Call,
    Constant,
    Expr,
    FString,
    Lambda,
    Name,
    Subscript,
    Tuple,
)
from archspec.pycode.optional import (
    Need,
    has_brackets,
    has_own_brackets,
    is_splittable,
    may_omit_parentheses,
    need,
)
from archspec.pycode.precedence import parenthesized


def _if_broken(expr: Expr) -> Doc:
    """`expr` with parentheses around it, or a bracket of its own broken, where it does not fit."""
    if may_omit_parentheses(expr):
        return optional_parentheses(lambda level: expression(expr, level))
    return parenthesize_if_broken(expression(expr, PARENTHESIZED))


def maybe_parenthesized(expr: Expr) -> Doc:
    match need(expr):
        case Need.MULTILINE:
            return _if_broken(expr)
        case Need.BEST_FIT:
            id = new_id()
            return ParenthesizeIfFits(expression(expr, id), id)
        case Need.NEVER:
            return expression(expr, BARE)


def _value(expr: Expr) -> Doc:
    """What stands after `=` or `return`."""
    if isinstance(expr, Lambda):
        body = FitsExpanded(lambda_body(expr.body, PARENTHESIZED), None)
        return parenthesize_if_broken(("lambda: ", body))
    return maybe_parenthesized(expr)


def _is_bare_tuple(expr: Expr) -> bool:
    return isinstance(expr, Tuple) and len(expr.items) > 1


def _target(expr: Expr) -> Doc:
    if isinstance(expr, Tuple) and _is_bare_tuple(expr):
        return parenthesize_if_broken(tuple_items(expr.items))
    return expression(expr, BARE)


def assign(stmt: Assign) -> Doc:
    target, value = parenthesized(stmt.target), parenthesized(stmt.value)
    if stmt.annotation is not None:
        annotation = parenthesized(stmt.annotation)
        before = (expression(target, BARE), ": ")
        if is_splittable(annotation):
            return (before, _right_to_left(annotation, "=", value))
        return (before, expression(annotation, BARE), " = ", _value(value))
    if isinstance(target, Tuple) and isinstance(value, Tuple) and _is_bare_tuple(value):
        # `a, b = b, a`; elsewhere a tuple keeps its parentheses.
        return (_target(target), " = ", parenthesize_if_broken(tuple_items(value.items)))
    if has_own_brackets(target):
        return _right_to_left(target, "=", value)
    return (_target(target), " = ", _value(value))


def aug_assign(stmt: AugAssign) -> Doc:
    target, value = parenthesized(stmt.target), parenthesized(stmt.value)
    operator = f"{stmt.op}="
    if has_own_brackets(target):
        return _right_to_left(target, operator, value)
    return (expression(target, BARE), f" {operator} ", _value(value))


def _right_to_left(before: Expr, operator: str, value: Expr) -> Doc:
    """`before operator value`; `before` breaks only where breaking `value` does not help."""
    left: Doc = _target(before)
    if not has_own_brackets(before) and not _has_bracketed_value(before):
        left = _if_broken(before)
    head: Doc = (left, f" {operator} ")
    is_chain = isinstance(value, Attr | Call | Subscript)
    if not (isinstance(value, Name | Constant | FString) or is_chain) or (
        need(value) is not Need.BEST_FIT
    ):
        return (head, _value(value))
    doc = expression(value, BARE)
    on_one_line = (head, doc)
    value_broken = (head, Group(doc, broken=True))
    value_parenthesized = (head, "(", Group(soft_block(doc), broken=True), ")")
    left_broken = (Group(left, broken=True), f" {operator} ", doc)
    if is_chain:
        return FirstFitting((on_one_line, value_broken, value_parenthesized, left_broken))
    return FirstFitting((on_one_line, value_parenthesized, left_broken))


def _has_bracketed_value(expr: Expr) -> bool:
    match expr:
        case Attr(value):
            return has_brackets(value) or _has_bracketed_value(value)
        case Subscript():
            return True
        case Call(_, args):
            return bool(args)
        case _:
            return False


def return_stmt(value: Expr | None) -> Doc:
    if value is None:
        return "return"
    expr = parenthesized(value)
    if isinstance(expr, Tuple) and _is_bare_tuple(expr):
        items = tuple_items(expr.items)
        if len(expr.items) == 2:
            return ("return ", optional_parentheses(lambda level: items))
        return ("return ", parenthesize_if_broken(items))
    return ("return ", _value(expr))


def expr_stmt(value: Expr) -> Doc:
    expr = parenthesized(value)
    if isinstance(expr, Binary) and expr.op in ("+", "-", "|", "^", "<<", ">>"):
        return _if_broken(expr)
    return expression(expr, BARE)


def _if_broken_only(expr: Expr) -> Doc:
    """As `maybe_parenthesized`, but without parentheses that merely make a name or call fit."""
    return _if_broken(expr) if need(expr) is Need.MULTILINE else expression(expr, BARE)


def raise_stmt(value: Expr) -> Doc:
    return ("raise ", _if_broken_only(parenthesized(value)))


def decorator(value: Expr) -> Doc:
    return ("@", _if_broken_only(parenthesized(value)))


def for_header(target: Expr, iterable: Expr) -> Doc:
    name = parenthesized(target)
    if isinstance(name, Tuple) and _is_bare_tuple(name):
        items = tuple_items(name.items)
        left = optional_parentheses(lambda level: items)
    else:
        left = maybe_parenthesized(name)
    return ("for ", left, " in ", maybe_parenthesized(parenthesized(iterable)))


def returns(annotation: Expr, *, has_params: bool) -> Doc:
    """A function's return annotation; `has_params` where its parameters can break instead."""
    how = need(annotation)
    if not has_params:
        return expression(annotation, BARE) if how is Need.NEVER else _if_broken(annotation)
    if isinstance(annotation, Subscript) and how is Need.BEST_FIT:
        return expression(annotation, BARE)
    return maybe_parenthesized(annotation)
