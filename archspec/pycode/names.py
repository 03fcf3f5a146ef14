"""Which names code uses without defining them."""

from collections.abc import Iterable
from typing import assert_never

from archspec.pycode.nodes import (
    Assign,
    Attr,
    AugAssign,
    Binary,
    Blank,
    Call,
    ClassDef,
    Comment,
    Compare,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    ExprStmt,
    For,
    FString,
    FunctionDef,
    If,
    Import,
    Lambda,
    List,
    Module,
    Name,
    Paren,
    Raise,
    Return,
    Starred,
    Stmt,
    Subscript,
    Tuple,
    Unary,
    With,
)
from archspec.pycode.traversal import bound_names, free_in_expr

Node = Expr | Stmt | Module | tuple[Stmt, ...]


def names_used(node: Node) -> set[str]:
    """The names that `node` uses and does not define: `{"torch", "x"}` for `torch.relu(x)`."""
    match node:
        case Module(body=body):
            return names_used(body)
        case tuple():
            return _free(node) - _bound(node)
        case (
            Name()
            | Constant()
            | Attr()
            | Call()
            | Tuple()
            | List()
            | Dict()
            | Unary()
            | Binary()
            | Compare()
            | Conditional()
            | Subscript()
            | FString()
            | Starred()
            | Lambda()
            | Comprehension()
            | Paren()
        ):
            return free_in_expr(node)
        case _:
            return _free((node,))


def _free(body: Iterable[Stmt]) -> set[str]:
    return set().union(*map(_free_in_statement, body))


def _all(*exprs: Expr | None) -> set[str]:
    return set().union(*(free_in_expr(expr) for expr in exprs if expr is not None))


def _targets(target: Expr) -> set[str]:
    """The names used, not bound, in an assignment's target: `x` in `x.a`."""
    return free_in_expr(target) - bound_names(target)


def _free_in_statement(stmt: Stmt) -> set[str]:
    match stmt:
        case Assign(target, value, annotation):
            return _targets(target) | _all(value, annotation)
        case AugAssign(target, _, value):
            return _all(target, value)
        case ExprStmt(value) | Raise(value):
            return free_in_expr(value)
        case Return(result):
            return _all(result)
        case Comment() | Blank() | Import():
            return set()
        case For(target, iterable, body):
            return _targets(target) | _all(iterable) | _free(body)
        case If(test, body, orelse):
            return _all(test) | _free(body) | _free(orelse)
        case With(context, body):
            return _all(context) | _free(body)
        case FunctionDef():
            outside = _all(stmt.returns, *stmt.decorators)
            for param in stmt.params:
                outside |= _all(param.annotation, param.default)
            bound = {param.name.lstrip("*") for param in stmt.params} | _bound(stmt.body)
            return outside | (_free(stmt.body) - bound)
        case ClassDef(_, bases, body):
            # A class's names are not seen inside its methods, but are in its other statements.
            methods = tuple(s for s in body if isinstance(s, FunctionDef))
            others = tuple(s for s in body if not isinstance(s, FunctionDef))
            return _all(*bases) | _free(methods) | (_free(others) - _bound(body))
        case _:
            assert_never(stmt)


def _bound(body: Iterable[Stmt]) -> set[str]:
    names: set[str] = set()
    for stmt in body:
        match stmt:
            case Assign(target) | AugAssign(target):
                names |= bound_names(target)
            case For(target, _, inner):
                names |= bound_names(target) | _bound(inner)
            case If(_, inner, orelse):
                names |= _bound(inner) | _bound(orelse)
            case With(_, inner):
                names |= _bound(inner)
            case FunctionDef(name) | ClassDef(name) | Import(_, name):
                names.add(name)
            case ExprStmt() | Return() | Raise() | Comment() | Blank():
                pass
            case _:
                assert_never(stmt)
    return names
