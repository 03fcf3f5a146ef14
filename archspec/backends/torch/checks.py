"""What the inputs must satisfy, checked at the top of a model's `forward`."""

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter
from archspec.pycode.printer import print_expr
from archspec.syntax import ast

INVERSE = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", "<=": ">", ">": "<=",
    "in": "not in", "not in": "in",
}  # fmt: skip


def needs_checks(e: Emitter) -> bool:
    """Whether a model promises or needs anything of the sizes of its inputs."""
    inputs = [s for s in e.passes[0].frame.block.body.statements if isinstance(s, ast.Input)]
    return any(s.where for s in inputs) or bool(e.planner.lower_bounds(e.passes))


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
        size = e.translate_forward(ast.Name(symbol, span=block.span))
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
    if not isinstance(condition, ast.Compare):
        # The checker narrows sizes by comparisons only; anything else held when it was compiled.
        return []
    found: list[py.Stmt] = []
    left = e.translate_forward(condition.first)
    text = f"{statement.name}: {condition.span.text} is required, not "
    for op, expr in condition.rest:
        right = e.translate_forward(expr)
        side = right if isinstance(left, py.Constant) else left
        size = side.left if isinstance(side, py.Binary) else side
        found.append(_refusal(py.Compare(left, ((INVERSE[op], right),)), text, size))
        left = right
    return found


def _refusal(test: py.Expr, text: str, size: py.Expr) -> py.Stmt:
    message = py.FString((f"{text}{print_expr(size)}=".replace("self.", ""), size))
    return py.If(test, (py.Raise(py.call("ValueError", message)),))
