"""Methods that torch leaves without types, written as functions where a checker would mind.

`Tensor.unflatten` has no annotations, `torch.unflatten` has. A strict checker refuses the method on
what it knows to be a `Tensor`, and takes it on what a module's call gives, which is `Any`.
"""

from collections.abc import Iterator
from typing import Final

from archspec import pycode as py

UNTYPED: Final = frozenset({"unflatten"})


def typed_calls(body: list[py.Stmt], inputs: list[str]) -> list[py.Stmt]:
    """The statements of `forward`, their calls of untyped methods on tensors replaced."""
    unknown: set[str] = set()
    seen = set(inputs)
    for target, value in _assignments(body):
        for name in py.names_used(target):
            if name not in seen and is_unknown(value, unknown):
                unknown.add(name)
            seen.add(name)

    def change(expr: py.Expr) -> py.Expr:
        expr = py.rebuild(expr, change)
        match expr:
            case py.Call(func=py.Attr(value=value, name=name), args=args, keywords=keywords) if (
                name in UNTYPED and not is_unknown(value, unknown)
            ):
                return py.Call(py.dotted(f"torch.{name}"), (value, *args), keywords)
            case _:
                return expr

    return [py.rebuild_statement(statement, change) for statement in body]


def is_unknown(expr: py.Expr, unknown: set[str]) -> bool:
    """Whether a checker sees `Any`: what a module's call gives, and what methods make of it."""
    match expr:
        case py.Name(id=name):
            return name in unknown
        case py.Call(func=py.Name(id=name)):
            return False
        case py.Call(func=py.Attr(value=py.Name(id="self"))):
            return True
        case py.Call(func=py.Attr(value=py.Name(id="torch" | "F" | "nn" | "init" | "math"))):
            return False
        case py.Call(func=py.Call() | py.Subscript()):
            return True  # getattr(self, …)(x), self.blocks[i](x)
        case py.Call(func=py.Attr(value=value)):
            return is_unknown(value, unknown) or _is_module(value)
        case py.Subscript(value=value) | py.Binary(left=value):
            return is_unknown(value, unknown)
        case _:
            return False


def _is_module(expr: py.Expr) -> bool:
    """`self.features`: what is called on it is a module."""
    match expr:
        case py.Attr(value=py.Name(id="self")):
            return False  # a weight's method; modules of modules are reached by deeper paths
        case py.Attr(value=value):
            return _is_module(value) or isinstance(value, py.Attr)
        case _:
            return False


def _assignments(body: list[py.Stmt] | tuple[py.Stmt, ...]) -> Iterator[tuple[py.Expr, py.Expr]]:
    """Targets and values, in the order of the text."""
    for statement in body:
        match statement:
            case py.Assign(target=target, value=value):
                yield target, value
            case py.For(body=inner):
                yield from _assignments(inner)
            case py.If(body=inner, orelse=orelse):
                yield from _assignments(inner)
                yield from _assignments(orelse)
            case _:
                continue
