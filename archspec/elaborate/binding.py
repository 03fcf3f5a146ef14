"""Arguments of blocks, models and one-line functions."""

from typing import Any

from archspec.dims import Dim
from archspec.elaborate.call_arguments import keyword_span
from archspec.elaborate.context import Context, fail
from archspec.elaborate.files import FileScope, suggestion
from archspec.elaborate.values import (
    POISON,
    Argument,
    BlockValue,
    LayerValue,
    describe,
    is_tensor_like,
)
from archspec.source import Span
from archspec.syntax import ast

KINDS = {
    "layer": "a layer or block", "int": "an integer", "float": "a number", "bool": "true or false",
    "str": "a string", "list": "a list",
}  # fmt: skip


def bind_params(
    ctx: Context,
    params: tuple[ast.Param, ...],
    args: tuple[Argument, ...],
    name: str,
    span: Span,
    scope: FileScope,
) -> dict[str, Any]:
    """The value of each parameter; defaults are evaluated among the parameters before them."""
    given = match_params(params, args, name, span)
    values: dict[str, Any] = {}
    for param in params:
        if param.name in given:
            values[param.name] = given[param.name].value
        elif param.default is not None:
            values[param.name] = _default(ctx, param.default, values, scope)
        check_kind(param, values[param.name], given.get(param.name), name, span)
    return values


def match_params(
    params: tuple[ast.Param, ...],
    args: tuple[Argument, ...],
    name: str,
    span: Span,
    complete: bool = True,
) -> dict[str, Argument]:
    """Which argument each parameter is given; fails on unknown and doubled ones.

    Missing ones are refused as well if `complete`.
    """
    names = [p.name for p in params]
    given: dict[str, Argument] = {}
    positional = [a for a in args if a.name is None]
    if len(positional) > len(params):
        extra = positional[len(params)]
        takes = f"{len(params)} argument{'s' if len(params) != 1 else ''}"
        fail(
            "A0105",
            f"`{name}` takes {takes}, not {len(positional)}",
            extra.node.span if extra.node else span,
            "one too many",
            help=(
                f"its parameters are {', '.join(f'`{n}`' for n in names)}"
                if names
                else "it has no parameters",
            ),
        )
    for param_name, arg in zip(names, positional, strict=False):
        given[param_name] = arg
    for arg in args:
        if arg.name is None:
            continue
        place = keyword_span(arg.node.span, arg.name) if arg.node else span
        if arg.name not in names:
            help, fixes = suggestion(place, arg.name, names, "parameter")
            fail("A0105", f"`{name}` has no parameter `{arg.name}`", place, help=help, fixes=fixes)
        if arg.name in given:
            fail("A0108", f"the parameter `{arg.name}` of `{name}` is given twice", place)
        given[arg.name] = arg
    for param in params:
        if complete and param.name not in given and param.default is None:
            fail(
                "A0104",
                f"`{name}` needs the argument `{param.name}`",
                span,
                "missing here",
                help=(f"it is used as `{name}({', '.join(n for n in names)})`",),
            )
    return given


def _default(ctx: Context, default: ast.Expr, values: dict[str, Any], scope: FileScope) -> Any:
    from archspec.elaborate.evaluate import evaluate_static

    frame = ctx.frame
    saved = frame.names, frame.scope
    frame.names, frame.scope = dict(values), scope
    try:
        return evaluate_static(ctx, default, "a compile-time value")
    finally:
        frame.names, frame.scope = saved


def check_kind(param: ast.Param, value: Any, arg: Argument | None, name: str, span: Span) -> None:
    """Fail unless `value` is of the kind that the parameter declares."""
    place = arg.node.span if arg is not None and arg.node is not None else param.span
    if value is POISON:
        return
    if is_tensor_like(value):
        fail(
            "A0112",
            f"the parameter `{param.name}` of `{name}` takes a compile-time value, "
            f"not {describe(value)}",
            place,
            help=("declare an `input` in the block, and let the tensor flow in",),
        )
    if param.kind is None:
        return
    fits = {
        "layer": isinstance(value, LayerValue | BlockValue),
        "int": isinstance(value, int | Dim) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "str": isinstance(value, str),
        "list": isinstance(value, list | tuple | range),
    }
    if param.kind not in fits:
        fail(
            "A0101",
            f"unknown kind of parameter `{param.kind}`",
            param.span,
            help=(f"kinds are {', '.join(KINDS)}",),
        )
    if not fits[param.kind] and not (value is None and param.default is not None):
        fail(
            "A0106",
            f"`{param.name}` of `{name}` takes {KINDS[param.kind]}, not {describe(value)}",
            place,
        )
