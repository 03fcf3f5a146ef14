"""What a call gives in `forward`."""

from typing import Any

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter, Hints, Val
from archspec.elaborate.values import Outputs, Step
from archspec.layers.base import LayerDecl

#: Where each of several results stands in what a call returns; empty where they are side by side.
Nesting = tuple[tuple[int, ...], ...]


def nesting_of(step: Step) -> Nesting:
    """How the module that a step applies nests its results."""
    return step.decl.nesting if isinstance(step.decl, LayerDecl) else ()


def result_value(
    output: Any, expr: py.Expr, hints: tuple[Hints, ...], nesting: Nesting = ()
) -> Val:
    """One tensor, or several to be unpacked."""
    if isinstance(output, Outputs):
        items = tuple(
            Val(part(expr, i, nesting), hints[i] if i < len(hints) else ())
            for i in range(len(output.items))
        )
        return Val(expr, items=items, nesting=nesting)
    return Val(expr, hints[0] if hints else ())


def part(expr: py.Expr, index: int, nesting: Nesting) -> py.Expr:
    """One of several results: `t[1]`, or `t[1][0]` where they are nested."""
    for position in nesting[index] if nesting else (index,):
        expr = py.Subscript(expr, (py.const(position),))
    return expr


def target_of(variables: tuple[py.Expr, ...], nesting: Nesting) -> py.Expr:
    """The left side of an assignment: `a, b`, or `a, (b, c)` where the results are nested."""
    paths = nesting or tuple((i,) for i in range(len(variables)))
    items: list[py.Expr] = []
    at = 0
    while at < len(paths):
        if len(paths[at]) == 1:
            items.append(variables[at])
            at += 1
            continue
        first = at
        while at < len(paths) and paths[at][0] == paths[first][0]:
            at += 1
        inner = tuple(path[1:] for path in paths[first:at])
        items.append(target_of(variables[first:at], inner))
    return py.Tuple(tuple(items))


def unpack(e: Emitter, value: Val, names: tuple[str, ...] = ()) -> Val:
    """Several results of one call in variables, so that the call is made once."""
    held = isinstance(value.expr, py.Name | py.Tuple) or (
        isinstance(value.expr, py.Subscript) and value.expr.value in e.families.values()
    )
    if not value.items or held or e.silent or e.in_constructor:
        return value
    wanted = names or tuple(f"part{i}" for i in range(len(value.items)))
    variables = tuple(py.name(e.forward_names.new(name)) for name in wanted)
    e.emit(py.Assign(target_of(variables, value.nesting), value.expr))
    items = tuple(
        Val(variable, item.hints) for variable, item in zip(variables, value.items, strict=True)
    )
    return Val(py.Tuple(variables), items=items)
