"""Which expressions get parentheses when they do not fit where none are needed."""

from enum import Enum
from typing import assert_never

from archspec.pycode.chains import is_fluent
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
from archspec.pycode.precedence import BINARY_PRECEDENCE


class Need(Enum):
    """MULTILINE expressions get parentheses if they break, BEST_FIT ones if that makes them fit."""

    MULTILINE = "multiline"
    BEST_FIT = "best fit"
    NEVER = "never"


def need(expr: Expr) -> Need:
    match expr:
        case Name() | Constant() | FString():
            return Need.BEST_FIT
        case Attr(inner) | Call(inner) | Subscript(inner):
            if is_fluent(expr):
                return Need.MULTILINE
            return Need.NEVER if isinstance(inner, Paren) else need(inner)
        case Unary(_, operand):
            return Need.NEVER if isinstance(operand, Paren) else need(operand)
        case Binary() | Compare() | Conditional() | Lambda() | Starred():
            return Need.MULTILINE
        case Tuple() | List() | Dict() | Comprehension() | Paren():
            return Need.NEVER
        case _:
            assert_never(expr)


def has_own_brackets(expr: Expr) -> bool:
    return isinstance(expr, Tuple | List | Dict | Comprehension | Call | Subscript)


def has_brackets(expr: Expr) -> bool:
    return isinstance(expr, Paren) or has_own_brackets(expr)


def _has_filled_brackets(expr: Expr | None) -> bool:
    """Brackets with something inside; those of subscripts do not count, breaking them looks odd."""
    match expr:
        case Tuple(items) | List(items) | Dict(items):
            return bool(items)
        case Call(_, args, keywords):
            return bool(args or keywords)
        case Comprehension() | Paren():
            return True
        case _:
            return False


# Order of the operators by how loosely they bind; only comparable, otherwise without meaning.
_ATTRIBUTE = 1
_COMPARE, _BOOL, _CONDITIONAL = 100, 101, 102


class _Shape:
    """What the outermost operators and ends of an expression are."""

    def __init__(self) -> None:
        self.loosest = 0
        self.loosest_count = 0
        self.any_brackets = False
        self.first: Expr | None = None
        self.first_known = False
        self.last: Expr | None = None

    def operator(self, looseness: int, count: int = 1) -> None:
        if looseness > self.loosest:
            self.loosest, self.loosest_count = looseness, count
        elif looseness == self.loosest:
            self.loosest_count += count

    def start(self, expr: Expr | None) -> None:
        if not self.first_known:
            self.first, self.first_known = expr, True

    def visit(self, expr: Expr) -> None:
        self.last = expr
        if isinstance(expr, Paren):
            self.any_brackets = True
        else:
            self.inside(expr)
        self.start(expr)

    def inside(self, expr: Expr) -> None:
        match expr:
            case Dict() | List() | Tuple() | Comprehension() | Paren():
                self.any_brackets = True
            case Binary(op, left, right):
                is_bool = op in ("and", "or")
                self.operator(_BOOL if is_bool else 50 - BINARY_PRECEDENCE[op])
                self.visit(left)
                self.visit(right)
            case Conditional(then, test, other):
                self.operator(_CONDITIONAL, 2)
                for part in (test, then, other):
                    self.visit(part)
            case Compare(first, rest):
                self.operator(_COMPARE, len(rest))
                self.visit(first)
                for _, operand in rest:
                    self.visit(operand)
            case Call(inner) | Subscript(inner):
                self.any_brackets = True
                self.visit(inner)
                self.last = expr
            case Attr(value):
                self.visit(value)
                if has_brackets(value):
                    self.operator(_ATTRIBUTE)
                self.last = expr
            case Unary(_, inner) | Lambda(inner) | Starred(inner):
                self.start(None)
                self.visit(inner)
            case Name() | Constant() | FString():
                pass
            case _:
                assert_never(expr)


def may_omit_parentheses(expr: Expr) -> bool:
    """Whether a bracket at the start or end of `expr` may break instead of added parentheses."""
    shape = _Shape()
    shape.inside(expr)
    if not shape.any_brackets or shape.loosest_count > 1:
        return False
    if shape.loosest <= _ATTRIBUTE:
        return True
    return _has_filled_brackets(shape.last) or _has_filled_brackets(shape.first)


def is_splittable(expr: Expr | Slice) -> bool:
    match expr:
        case Name() | Constant() | FString():
            return False
        case Attr(value):
            return is_splittable(value)
        case _:
            return True
