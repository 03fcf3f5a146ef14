"""What the inputs must satisfy, checked at the top of a model's `forward`."""

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter
from archspec.backends.torch.sizes import CannotEmit
from archspec.pycode.printer import print_expr
from archspec.syntax import ast

INVERSE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", "<=": ">", ">": "<="}


def emit_checks(e: Emitter) -> None:
    """Write the `where` conditions and the inferred bounds as errors that compilers don't see."""
    block = e.passes[0].frame.block
    found: list[py.Stmt] = []
    for statement in block.body.statements:
        if not isinstance(statement, ast.Input):
            continue
        for condition in statement.where:
            found.extend(_condition(e, statement, condition))
    for symbol, lower in e.planner.lower_bounds(e.passes):
        try:
            size = e.translate_forward(ast.Name(symbol, span=block.span))
        except CannotEmit:
            continue
        test = py.Compare(size, (("<", py.const(lower)),))
        found.append(_refusal(test, f"{symbol} >= {lower} is required, not ", size))
    if found:
        compiling = py.call("torch.compiler.is_compiling")
        running = py.Unary("not", compiling)
        match found:
            case [py.If() as only]:
                e.checks = [py.If(py.Binary("and", running, only.test), only.body)]
            case _:
                e.checks = [py.If(running, tuple(found))]


def _condition(e: Emitter, statement: ast.Input, condition: ast.Expr) -> list[py.Stmt]:
    if isinstance(condition, ast.Binary) and condition.op == "and":
        return _condition(e, statement, condition.left) + _condition(e, statement, condition.right)
    if not isinstance(condition, ast.Compare) or len(condition.rest) != 1:
        return []
    op, right = condition.rest[0]
    left = e.translate_forward(condition.first)
    bound = e.translate_forward(right)
    test = py.Compare(left, ((INVERSE[op], bound),))
    text = f"{statement.name}: {condition.span.text} is required, not "
    size = left.left if isinstance(left, py.Binary) else left
    return [_refusal(test, text, size)]


def _refusal(test: py.Expr, text: str, size: py.Expr) -> py.Stmt:
    message = py.FString((f"{text}{print_expr(size)}=".replace("self.", ""), size))
    return py.If(test, (py.Raise(py.call("ValueError", message)),))
