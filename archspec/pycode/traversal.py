"""Going through expressions: what they consist of, which names they use, replacing names."""

from collections.abc import Callable, Iterator, Mapping
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
    Name,
    Paren,
    Raise,
    Return,
    Slice,
    Starred,
    Stmt,
    Subscript,
    Tuple,
    Unary,
    With,
)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside `expr`, in the order they are written."""
    match expr:  # the kinds that most code consists of, without rebuilding them
        case Name() | Constant():
            return ()
        case Attr(value):
            return (value,)
        case Call(func, args, keywords):
            return (func, *args, *(value for _, value in keywords))
    found: list[Expr] = []

    def keep(child: Expr) -> Expr:
        found.append(child)
        return child

    rebuild(expr, keep)
    return tuple(found)


def walk(expr: Expr) -> Iterator[Expr]:
    """`expr` and all expressions inside it, each before its parts."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """`expr` with each of its direct children replaced by `change(child)`."""

    def optional(part: Expr | None) -> Expr | None:
        return None if part is None else change(part)

    def index(item: Expr | Slice) -> Expr | Slice:
        if isinstance(item, Slice):
            return Slice(optional(item.start), optional(item.stop), optional(item.step))
        return change(item)

    match expr:
        case Name() | Constant():
            return expr
        case Attr(value, name):
            return Attr(change(value), name)
        case Call(func, args, keywords):
            return Call(
                change(func),
                tuple(map(change, args)),
                tuple((key, change(value)) for key, value in keywords),
            )
        case Tuple(items):
            return Tuple(tuple(map(change, items)))
        case List(items):
            return List(tuple(map(change, items)))
        case Dict(pairs):
            return Dict(tuple((change(key), change(value)) for key, value in pairs))
        case Unary(op, operand):
            return Unary(op, change(operand))
        case Binary(op, left, right):
            return Binary(op, change(left), change(right))
        case Compare(first, rest):
            return Compare(change(first), tuple((op, change(operand)) for op, operand in rest))
        case Conditional(then, test, other):
            return Conditional(change(then), change(test), change(other))
        case Subscript(value, indices):
            return Subscript(change(value), tuple(map(index, indices)))
        case FString(parts):
            return FString(tuple(p if isinstance(p, str) else change(p) for p in parts))
        case Starred(value):
            return Starred(change(value))
        case Lambda(body):
            return Lambda(change(body))
        case Paren(value):
            return Paren(change(value))
        case Comprehension(element, target, iterable, condition, generator):
            return Comprehension(
                change(element), change(target), change(iterable), optional(condition), generator
            )
        case _:
            assert_never(expr)


def substitute(expr: Expr, mapping: Mapping[str, Expr]) -> Expr:
    """`expr` with the free names in `mapping` replaced; not those a comprehension binds."""
    match expr:
        case Name(id):
            return mapping.get(id, expr)
        case Comprehension(element, target, iterable, condition, generator):
            bound = bound_names(target)
            inner = {key: value for key, value in mapping.items() if key not in bound}
            return Comprehension(
                substitute(element, inner),
                target,
                substitute(iterable, mapping),
                None if condition is None else substitute(condition, inner),
                generator,
            )
        case _:
            return rebuild(expr, lambda child: substitute(child, mapping))


def bound_names(target: Expr) -> set[str]:
    """The names that assigning to `target` binds: not those of `x.a` or `x[i]`."""
    match target:
        case Name(id):
            return {id}
        case Tuple(items) | List(items):
            return set().union(*map(bound_names, items))
        case Starred(inner) | Paren(inner):
            return bound_names(inner)
        case _:
            return set()


def free_in_expr(expr: Expr) -> set[str]:
    match expr:
        case Name(id):
            return {id}
        case Comprehension(element, target, iterable, condition):
            inner = free_in_expr(element) | free_in_expr(target)
            if condition is not None:
                inner |= free_in_expr(condition)
            return (inner - bound_names(target)) | free_in_expr(iterable)
        case _:
            return set().union(*map(free_in_expr, children(expr)))


def rename(stmt: Stmt, names: Mapping[str, str]) -> Stmt:
    """`stmt` with variables renamed, assigned ones too; definitions inside are left alone."""
    mapping: dict[str, Expr] = {old: Name(new) for old, new in names.items()}
    return rebuild_statement(stmt, lambda expr: substitute(expr, mapping))


def rebuild_statement(stmt: Stmt, change: Callable[[Expr], Expr]) -> Stmt:
    """`stmt` with each of its expressions changed; definitions inside are left alone."""

    def inner(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(rebuild_statement(s, change) for s in body)

    match stmt:
        case Assign(target, value, annotation):
            return Assign(change(target), change(value), annotation)
        case AugAssign(target, op, value):
            return AugAssign(change(target), op, change(value))
        case ExprStmt(value):
            return ExprStmt(change(value))
        case Return(value):
            return Return(None if value is None else change(value))
        case Raise(value):
            return Raise(change(value))
        case For(target, iterable, body):
            return For(change(target), change(iterable), inner(body))
        case If(test, body, orelse):
            return If(change(test), inner(body), inner(orelse))
        case With(context, body):
            return With(change(context), inner(body))
        case Comment() | Blank() | FunctionDef() | ClassDef() | Import():
            return stmt
        case _:
            assert_never(stmt)
