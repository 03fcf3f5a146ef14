"""The functions of compile-time values: `len`, `min`, `enumerate`, …"""

import math
from collections.abc import Callable
from typing import Any, Final

from archspec.dims import Dim
from archspec.elaborate.context import Context, fail
from archspec.elaborate.operators import bounded, open_size
from archspec.elaborate.values import (
    Argument,
    BlockValue,
    Builtin,
    FnValue,
    FunctionValue,
    Label,
    LayerValue,
    describe,
)
from archspec.syntax import ast


def _sum(items: Any) -> Any:
    total: Any = 0
    for item in items:
        total = total + item
    return total


def _enumerate(items: Any, start: int = 0) -> list[tuple[int, Any]]:
    return list(enumerate(items, start))


def _zip(*lists: Any) -> list[tuple[Any, ...]]:
    if len({len(items) for items in lists}) > 1:
        raise ValueError(f"the lists have {' and '.join(str(len(items)) for items in lists)} items")
    return list(zip(*lists, strict=True))


def _reversed(items: Any) -> Any:
    return items[::-1]


def _sqrt(x: Any) -> float:
    if x < 0:
        raise ValueError(f"{x} is negative")
    return math.sqrt(x)


def _log(x: Any) -> float:
    if x <= 0:
        raise ValueError(f"{x} is not positive")
    return math.log(x)


def _log2(x: Any) -> float:
    if x <= 0:
        raise ValueError(f"{x} is not positive")
    return math.log2(x)


def _round(x: Any, digits: int | None = None) -> Any:
    if digits is not None and abs(digits) > 100:
        raise ValueError("more than 100 digits")
    return round(x, digits)


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    """`min` or `max`, of the items of a list or of several numbers."""

    def extreme(*items: Any) -> Any:
        if len(items) == 1 and isinstance(items[0], list | tuple | range) and not items[0]:
            raise ValueError("the list is empty")
        return choose(*items)

    return extreme


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "len": len, "min": _extreme(min), "max": _extreme(max), "sum": _sum, "abs": abs, "int": int,
    "float": float, "round": _round, "floor": math.floor, "ceil": math.ceil, "sqrt": _sqrt,
    "log": _log, "log2": _log2, "enumerate": _enumerate, "zip": _zip, "reversed": _reversed,
}  # fmt: skip
BUILTINS: Final = {name: Builtin(name, function) for name, function in _FUNCTIONS.items()}


def call_builtin(
    ctx: Context,
    name: str,
    function: Callable[..., Any],
    args: tuple[Argument, ...],
    node: ast.Call,
) -> Any:
    for arg in args:
        value = arg.value
        if (
            isinstance(value, Dim)
            and name in ("int", "floor", "ceil", "round", "sum")
            and len(args) == 1
        ):
            return value
        if isinstance(value, Dim):
            open_size(ctx, value, arg.node or node, f"`{name}`")
        if isinstance(value, Label | LayerValue | BlockValue | FunctionValue | FnValue | Builtin):
            fail("A0201", f"`{name}` does not take {describe(value)}", (arg.node or node).span)
    try:
        result = function(
            *(a.value for a in args if a.name is None), **{a.name: a.value for a in args if a.name}
        )
        if isinstance(result, map | zip | enumerate | reversed):
            result = list(result)
    except (TypeError, AttributeError):
        given = ", ".join(describe(a.value) for a in args) or "no argument"
        fail("A0201", f"`{name}` does not work on {given}", node.span)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        fail("A0202", f"`{node.span.text}` has no result: {error}", node.span)
    return bounded(ctx, result, node)
