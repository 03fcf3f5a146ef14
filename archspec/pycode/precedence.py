"""How tightly expressions bind, and the parentheses that follow from it."""

import math
from typing import Final, assert_never

from archspec.pycode.nodes import (
    Attr,
    Binary,
    Call,
    Compare,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    FString,
    Lambda,
    List,
    Name,
    Paren,
    Slice,
    Starred,
    Subscript,
    Tuple,
    Unary,
)

_LAMBDA, _CONDITIONAL, _OR, _AND, _NOT, _COMPARE, _BIT_OR, _BIT_XOR, _BIT_AND = range(9)
_SHIFT, _SUM, _PRODUCT, _SIGN, _POWER, _PRIMARY, _ATOM = range(9, 16)

BINARY_PRECEDENCE: Final[dict[str, int]] = {
    "or": _OR,
    "and": _AND,
    "|": _BIT_OR,
    "^": _BIT_XOR,
    "&": _BIT_AND,
    "<<": _SHIFT,
    ">>": _SHIFT,
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "//": _PRODUCT,
    "%": _PRODUCT,
    "@": _PRODUCT,
    "**": _POWER,
}


def _precedence(expr: Expr) -> int:
    match expr:
        case Lambda():
            return _LAMBDA
        case Conditional():
            return _CONDITIONAL
        case Binary(op):
            return BINARY_PRECEDENCE[op]
        case Compare():
            return _COMPARE
        case Unary(op):
            return _NOT if op == "not" else _SIGN
        case Attr() | Call() | Subscript():
            return _PRIMARY
        case Starred():
            return _LAMBDA
        case (
            Name() | Constant() | Tuple() | List() | Dict() | FString() | Comprehension() | Paren()
        ):
            return _ATOM
        case _:
            assert_never(expr)


def _at_least(expr: Expr, precedence: int) -> Expr:
    expr = parenthesized(expr)
    return expr if _precedence(expr) >= precedence else Paren(expr)


def _number(value: int | float) -> Expr:
    """A number as an expression: negative ones are a sign and a number, `inf` and `nan` a call."""
    if isinstance(value, float) and not math.isfinite(value):
        return Call(Name("float"), (Constant(str(value)),))
    if value < 0 or (isinstance(value, float) and math.copysign(1.0, value) < 0):
        return Unary("-", Constant(-value))
    return Constant(value)


def parenthesized(expr: Expr) -> Expr:
    """The same expression with `Paren` wherever Python, or the formatter, needs parentheses."""
    match expr:
        case Name() | FString():
            return expr
        case Constant(value):
            return expr if value is None or isinstance(value, bool | str) else _number(value)
        case Paren(value):
            return Paren(parenthesized(value))
        case Attr(value, name):
            inner = _at_least(value, _PRIMARY)
            # `1.real` is no Python; the formatter puts parentheses around floats as well.
            if isinstance(inner, Constant) and not isinstance(inner.value, str | bool | None):
                inner = Paren(inner)
            return Attr(inner, name)
        case Call(func, args, keywords):
            return Call(
                _at_least(func, _PRIMARY),
                tuple(parenthesized(arg) for arg in args),
                tuple((key, parenthesized(value)) for key, value in keywords),
            )
        case Subscript(value, items):
            return Subscript(_at_least(value, _PRIMARY), tuple(_index(item) for item in items))
        case Tuple(items):
            return Tuple(tuple(parenthesized(item) for item in items))
        case List(items):
            return List(tuple(parenthesized(item) for item in items))
        case Dict(pairs):
            return Dict(tuple((parenthesized(k), parenthesized(v)) for k, v in pairs))
        case Starred(value):
            return Starred(_at_least(value, _BIT_OR))
        case Unary(op, operand):
            inner = _at_least(operand, _NOT if op == "not" else _SIGN)
            # The formatter has these parentheses, though Python does without.
            is_power = isinstance(inner, Binary) and inner.op == "**"
            return Unary(op, Paren(inner) if is_power else inner)
        case Binary("**", left, right):
            return Binary("**", _at_least(left, _PRIMARY), _at_least(right, _SIGN))
        case Binary(op, left, right):
            own = BINARY_PRECEDENCE[op]
            return Binary(op, _at_least(left, own), _at_least(right, own + 1))
        case Compare(first, rest):
            pairs_ = tuple((op, _at_least(operand, _BIT_OR)) for op, operand in rest)
            return Compare(_at_least(first, _BIT_OR), pairs_)
        case Conditional(then, test, other):
            return Conditional(
                _at_least(then, _OR), _at_least(test, _OR), _at_least(other, _LAMBDA)
            )
        case Lambda(body):
            return Lambda(parenthesized(body))
        case Comprehension(element, target, iterable, condition, generator):
            return Comprehension(
                parenthesized(element),
                parenthesized(target),
                _at_least(iterable, _OR),
                None if condition is None else _at_least(condition, _OR),
                generator,
            )
        case _:
            assert_never(expr)


def _index(item: Expr | Slice) -> Expr | Slice:
    if not isinstance(item, Slice):
        return parenthesized(item)
    # A lambda's colon would be read as the slice's.
    start, stop, step = (
        None if part is None else _at_least(part, _CONDITIONAL)
        for part in (item.start, item.stop, item.step)
    )
    return Slice(start, stop, step)
