"""Operators in a row, put into a tree by their precedence (the table is in `grammar/arch.lark`)."""

from typing import Any, Final

from archspec.source import Span
from archspec.syntax import ast
from archspec.syntax.building import Context, Rejected
from archspec.syntax.tokens import Token

OR, AND, NOT, COMPARE, RANGE, SUM, PRODUCT, SIGN, POWER = range(1, 10)

LEVELS: Final = {
    "or": OR,
    "and": AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not in"), COMPARE),
    **dict.fromkeys(("..<", ".."), RANGE),
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/", "//", "%", "@"), PRODUCT),
    "**": POWER,
}


class _Pending:
    """An operator whose right operand is not complete yet."""

    __slots__ = ("level", "operator", "prefix", "token")

    def __init__(self, token: Token, operator: str, level: int, prefix: bool) -> None:
        self.token = token
        self.operator = operator
        self.level = level
        self.prefix = prefix


def resolve(context: Context, row: list[Any]) -> ast.Expr:
    """The tree of `row`: operands, `Token`s between them, and prefix `Token`s before them."""
    operands: list[ast.Expr] = []
    pending: list[_Pending] = []
    operand_next = True
    for part in row:
        if type(part) is not Token:
            operands.append(part)
            operand_next = False
        elif operand_next:
            level = NOT if part.text == "not" else SIGN
            if level == NOT and pending and pending[-1].level > NOT:
                raise Rejected(
                    Span(context.source, part.start, part.end),
                    f"`not` binds looser than the `{pending[-1].operator}` before it",
                    "put the `not …` into parentheses",
                )
            pending.append(_Pending(part, part.text, level, True))
        else:
            operator = " ".join(part.text.split())
            level = LEVELS[operator]
            while pending and _goes_first(pending[-1], level):
                _apply(context, operands, pending)
            if level == RANGE and pending and pending[-1].level == RANGE:
                raise Rejected(
                    Span(context.source, part.start, part.end),
                    "a range has two ends",
                    "a step is taken by indexing or in a comprehension",
                )
            pending.append(_Pending(part, operator, level, False))
            operand_next = True
    while pending:
        _apply(context, operands, pending)
    return operands[0]


def _goes_first(left: _Pending, level: int) -> bool:
    """Whether `left` takes the operand between it and an operator of `level`."""
    return left.level > level or (left.level == level and level in (OR, AND, SUM, PRODUCT))


def _apply(context: Context, operands: list[ast.Expr], pending: list[_Pending]) -> None:
    last = pending.pop()
    right = operands.pop()
    node: ast.Expr
    if last.prefix:
        span = Span(context.source, last.token.start, right.span.end)
        node = ast.Unary(last.operator, right, span=span)
        operands.append(context.deepen(node, [right]))
        return
    if last.level == COMPARE:
        rest = [(last.operator, right)]
        while pending and pending[-1].level == COMPARE:
            rest.append((pending.pop().operator, operands.pop()))
        first = operands.pop()
        rest.reverse()
        span = Span(context.source, first.span.start, right.span.end)
        node = ast.Compare(first, tuple(rest), span=span)
        operands.append(context.deepen(node, [first, *[value for _, value in rest]]))
        return
    left = operands.pop()
    span = Span(context.source, left.span.start, right.span.end)
    if last.level == RANGE:
        node = ast.Range(left, right, last.operator == "..", span=span)
    else:
        node = ast.Binary(last.operator, left, right, span=span)
    operands.append(context.deepen(node, [left, right]))
