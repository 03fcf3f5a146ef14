"""What a call gives in `forward`."""

from typing import Any

from archspec import pycode as py
from archspec.backends.torch.emitter import Hints, Val
from archspec.elaborate.values import Outputs


def result_value(output: Any, expr: py.Expr, hints: tuple[Hints, ...]) -> Val:
    """One tensor, or several to be unpacked."""
    if isinstance(output, Outputs):
        items = tuple(
            Val(py.Subscript(expr, (py.const(i),)), hints[i] if i < len(hints) else ())
            for i in range(len(output.items))
        )
        return Val(expr, items=items)
    return Val(expr, hints[0] if hints else ())
