"""Operators on compile-time values and tensors; the values are evaluated already."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from archspec.dims import Dim, DimError, Kind, Proven
from archspec.elaborate.apply import call_function
from archspec.elaborate.context import Context, fail
from archspec.elaborate.explain import inputs_of
from archspec.elaborate.values import POISON, Argument, Outputs, Tensor, describe
from archspec.layers.base import Obligation
from archspec.source import Span
from archspec.syntax import ast

TENSOR_OPERATORS: Final = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "@": "matmul",
}  # fmt: skip

_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": operator.pow,
}  # fmt: skip

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _leaves(items: Sequence[Any], limit: int) -> int:
    """How many values are in a list and its inner lists; stops counting above `limit`."""
    count = 0
    stack: list[Any] = [iter(items)]
    while stack and count <= limit:
        item = next(stack[-1], stack)
        if item is stack:
            stack.pop()
            continue
        count += 1
        if isinstance(item, list | tuple):
            stack.append(iter(item))
    return count


def bounded(ctx: Context, value: Any, node: ast.Node) -> Any:
    """`value`, unless it is larger than the limits allow; sizes that are known become integers."""
    if type(value) is int and value.bit_length() > ctx.limits.bits:
        ctx.limit(f"an integer of more than {ctx.limits.bits} bits", node.span)
    if isinstance(value, str | list | tuple):
        count = len(value) if isinstance(value, str) else _leaves(value, ctx.limits.items)
        if count > ctx.limits.items:
            ctx.limit(f"a value of more than {ctx.limits.items:,} items", node.span)
        ctx.steps += count  # lists inside lists would double for free
    if isinstance(value, Dim) and value.const is not None:
        return value.const
    return value


def open_size(ctx: Context, dim: Dim, node: ast.Node, what: str) -> NoReturn:
    """Fail because a size is left open by an input where a number is needed."""
    symbols = ", ".join(f"`{s}`" for s in sorted(dim.symbols()))
    fail(
        "A0204",
        f"{what} needs a number, but `{dim}` is left open",
        node.span,
        f"depends on {symbols}",
        labels=inputs_of(ctx, dim),
        help=("give the input a fixed size there, or compute the number from parameters",),
    )


def binary(ctx: Context, node: ast.Binary, left: Any, right: Any) -> Any:
    """`left op right` of numbers, lists, strings or tensors; not `and` and `or`."""
    if left is POISON or right is POISON:
        return POISON
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return _tensor_binary(ctx, node, left, right)
    number = int | float | Dim
    plain = isinstance(left, number) and isinstance(right, number)
    plain = plain and not isinstance(left, bool) and not isinstance(right, bool)
    listed = node.op == "+" and type(left) is type(right) and isinstance(left, str | list | tuple)
    repeated = node.op == "*" and (
        (isinstance(left, list | tuple | str) and type(right) is int)
        or (isinstance(right, list | tuple | str) and type(left) is int)
    )
    if node.op == "@" or not (plain or listed or repeated):
        fail(
            "A0201",
            f"`{node.op}` does not work between {describe(left)} and {describe(right)}",
            node.span,
        )
    if isinstance(left, Dim) and isinstance(right, float):
        open_size(ctx, left, node.left, "arithmetic with fractions")
    if isinstance(right, Dim) and isinstance(left, float):
        open_size(ctx, right, node.right, "arithmetic with fractions")
    if node.op == "/" and (isinstance(left, Dim) or isinstance(right, Dim)):
        open_size(ctx, Dim.of(left) if isinstance(left, Dim) else right, node, "`/`")
    if node.op == "**" and isinstance(right, Dim):
        open_size(ctx, right, node.right, "an exponent")
    if repeated:
        count, items = (left, right) if isinstance(left, int) else (right, left)
        if count * len(items) > ctx.limits.items:
            ctx.limit(f"a value of {count * len(items):,} items", node.span)
    if node.op == "**" and isinstance(right, int):
        bits = left.bit_length() if isinstance(left, int) else 1
        if abs(right) * max(bits, 1) > 100_000 or (isinstance(left, Dim) and right > 8):
            ctx.limit(f"the power `{node.span.text}` is too large", node.span)
    try:
        result = _ARITHMETIC[node.op](left, right)
    except ZeroDivisionError:
        fail("A0202", f"`{node.span.text}` divides by zero", node.right.span, "is 0")
    except OverflowError:
        fail("A0202", f"`{node.span.text}` is too large for a float", node.span)
    except DimError as error:
        fail(
            "A0204",
            f"`{node.span.text}` cannot be computed while sizes are open: {error}",
            node.span,
        )
    if isinstance(result, complex):
        fail("A0202", f"`{node.span.text}` is not a real number", node.span)
    return bounded(ctx, result, node)


def _tensor_binary(ctx: Context, node: ast.Binary, left: Any, right: Any) -> Any:
    name = TENSOR_OPERATORS.get(node.op)
    for operand, side in ((left, node.left), (right, node.right)):
        number = isinstance(operand, int | float | Dim) and not isinstance(operand, bool)
        if not isinstance(operand, Tensor) and not number:
            fail(
                "A0201", f"`{node.op}` needs tensors or numbers, not {describe(operand)}", side.span
            )
    if name is None:
        fail("A0201", f"`{node.op}` does not work on tensors", node.span)
    args = (Argument(None, left, node.left), Argument(None, right, node.right))
    return call_function(ctx, name, args, node)


def compare_values(
    ctx: Context, op: str, left: Any, right: Any, span: Span, node: ast.Node
) -> bool:
    """One comparison; of open sizes only where it has the same answer for all of them."""
    if op in ("in", "not in"):
        if not isinstance(right, list | tuple | range | str):
            fail("A0201", f"`{op}` needs a list, not {describe(right)}", span)
        if isinstance(right, str):
            if not isinstance(left, str):
                _mismatch(op, left, right, span)
            return (left in right) is (op == "in")
        if isinstance(left, Dim):
            found = [compare_values(ctx, "==", left, item, span, node) for item in right]
            return any(found) is (op == "in")
        return (left in right) is (op == "in")
    if isinstance(left, Dim) or isinstance(right, Dim):
        for side in (left, right):
            if isinstance(side, bool) or not isinstance(side, int | Dim):
                if op in ("==", "!="):
                    return op == "!="
                fail("A0201", f"a size cannot be compared with {describe(side)}", span)
        verdict = decide_comparison(ctx, op, Dim.of(left), Dim.of(right))
        if verdict is None:
            dim = left if isinstance(left, Dim) else right
            open_size(ctx, dim, node, "a compile-time condition")
        return bool(verdict)
    try:
        return bool(_COMPARE[op](left, right))
    except TypeError:
        _mismatch(op, left, right, span)


def _mismatch(op: str, left: Any, right: Any, span: Span) -> NoReturn:
    fail("A0201", f"`{op}` does not work between {describe(left)} and {describe(right)}", span)


def decide_comparison(ctx: Context, op: str, left: Dim, right: Dim) -> bool | None:
    """True or False where the comparison has one answer for all allowed sizes, else None."""

    def proven(kind: Kind, a: Dim, b: Dim) -> bool:
        return isinstance(ctx.decide(kind, a, b), Proven)

    one = Dim.of(1)
    match op:
        case "==" | "!=":
            if proven("equal", left, right):
                return op == "=="
            apart = proven("at_least", left, right + one) or proven("at_least", right, left + one)
            return (op == "!=") if apart else None
        case ">=":
            if proven("at_least", left, right):
                return True
            return False if proven("at_least", right, left + one) else None
        case "<=":
            return decide_comparison(ctx, ">=", right, left)
        case ">":
            return decide_comparison(ctx, ">=", left, right + one)
        case _:
            return decide_comparison(ctx, ">=", right, left + one)


def need_comparison(ctx: Context, op: str, left: Dim, right: Dim, text: str, span: Span) -> None:
    """Record that a condition holds for the sizes that the inputs allow; `!=` is not followed."""
    if left.const is not None and right.const is not None:
        return
    facts: dict[str, tuple[Kind, Dim, Dim]] = {
        "==": ("equal", left, right),
        ">=": ("at_least", left, right),
        "<=": ("at_least", right, left),
        ">": ("at_least", left, right + 1),
        "<": ("at_least", right, left + 1),
    }
    if op in facts:
        kind, a, b = facts[op]
        ctx.need(Obligation(kind, a, b, "A0205", text), "require", span)


def index_list(ctx: Context, value: Any, items: tuple[Any, ...], node: ast.Index) -> Any:
    """`value[items]` of a list, a string, or the outputs of a block."""
    if isinstance(value, Outputs):
        value = value.items
    if not isinstance(value, list | tuple | range | str):
        fail("A0201", f"{describe(value)} cannot be indexed", node.value.span)
    if len(items) != 1 or items[0] is ... or items[0] is None:
        fail("A0201", "a list takes one index or slice", node.span)
    index = items[0]
    if isinstance(index, slice):
        return _sliced(ctx, value, index, node)
    if isinstance(index, Dim):
        open_size(ctx, index, node, "an index")
    if isinstance(index, bool) or not isinstance(index, int):
        fail("A0201", f"an index must be an integer, not {describe(index)}", node.span)
    try:
        return value[index]
    except IndexError:
        fail(
            "A0503",
            f"index {index} is out of range: the list has {len(value)} items",
            node.span,
            help=("indices count from 0",),
        )


def _sliced(ctx: Context, value: Any, index: slice, node: ast.Index) -> Any:
    for bound in (index.start, index.stop, index.step):
        if isinstance(bound, Dim):
            open_size(ctx, bound, node, "a slice of a list")
    if index.step == 0:
        fail("A0202", "a slice cannot advance by 0", node.span)
    return value[index]
