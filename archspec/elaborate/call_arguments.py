"""Arguments of declared layers and functions: matched with their names, checked, converted."""

from functools import cache
from typing import Any, cast

from archspec.diagnostics import Label as Mark
from archspec.elaborate.context import Context, fail
from archspec.elaborate.values import (
    Argument,
    Tensor,
)
from archspec.layers.base import (
    Declaration,
    LayerDecl,
    Params,
)
from archspec.source import Span

Given = dict[str, Argument]


def bind(
    ctx: Context,
    decl: Declaration[Any],
    args: tuple[Argument, ...],
    span: Span,
    inputs: tuple[Tensor, ...] = (),
) -> tuple[Params, Given]:
    """The validated arguments of `decl`, and those that were given, by name."""
    if isinstance(decl, LayerDecl) and decl.inferred_names and _reads_both_ways(decl, args):
        from archspec.elaborate.torch_lists import refuse_torch_list

        refuse_torch_list(ctx, decl, args, inputs, span)
    fields = list(decl.Params.model_fields)
    given: Given = {}
    positional = [a for a in args if a.name is None]
    if decl.variadic_argument is not None and positional:
        value: Any = tuple(a.value for a in positional)
        if len(positional) == 1 and isinstance(positional[0].value, list | tuple):
            value = tuple(positional[0].value)
        given[decl.variadic_argument] = Argument(decl.variadic_argument, value, positional[0].node)
        positional = []
    if len(positional) > len(fields):
        extra = positional[len(fields)]
        takes = f"{len(fields)} argument" + ("" if len(fields) == 1 else "s")
        fail(
            "A0105",
            f"`{decl.name}` takes {takes}, not {len(positional)}",
            extra.node.span if extra.node else span,
            "one too many",
            help=(signature_help(decl),),
        )
    for field, arg in zip(fields, positional, strict=False):
        given[field] = arg
    for arg in args:
        if arg.name is None:
            continue
        place = arg.node.span if arg.node else span
        if arg.name not in fields and decl.Params.model_config.get("extra") != "allow":
            from archspec.elaborate.files import suggestion

            name_span = keyword_span(place, arg.name)
            help, fixes = suggestion(name_span, arg.name, fields, "argument")
            if isinstance(decl, LayerDecl) and arg.name in decl.inferred_names:
                help, fixes = (f"`{arg.name}` follows from the input and is never written",), ()
            fail(
                "A0105",
                f"`{decl.name}` has no argument `{arg.name}`",
                name_span,
                help=help or (signature_help(decl),),
                fixes=fixes,
            )
        if arg.name in given:
            first = given[arg.name].node
            fail(
                "A0108",
                f"the argument `{arg.name}` of `{decl.name}` is given twice",
                keyword_span(place, arg.name),
                labels=(Mark(first.span, "given here by its place"),) if first else (),
            )
        given[arg.name] = arg
    if isinstance(decl, LayerDecl):
        left_out = decl.defaults({name: arg.value for name, arg in given.items()})
        given |= {name: Argument(name, value, None) for name, value in left_out.items()}
    return _validate(ctx, decl, given, span), given


def _reads_both_ways(decl: LayerDecl[Any], args: tuple[Argument, ...]) -> bool:
    """Whether the list holds inferred sizes, or may, where more go by place than are required."""
    positional = sum(1 for a in args if a.name is None)
    if positional > required_count(decl.Params):
        return True
    places = list(decl.Params.model_fields)[:positional]
    return any(a.name in places or a.name in decl.inferred_names for a in args if a.name)


@cache
def required_count(params: type[Params]) -> int:
    """How many arguments without a default come first."""
    fields = list(params.model_fields.values())
    return next((i for i, info in enumerate(fields) if not info.is_required()), len(fields))


def keyword_span(value: Span, name: str) -> Span:
    """The span of `name` in `name=value`, found left of the value."""
    start = value.source.text.rfind(name, 0, value.start)
    return value if start == -1 else Span(value.source, start, start + len(name))


def signature_help(decl: Declaration[Any]) -> str:
    from archspec.layers.describe import signature

    return f"it is used as `{signature(decl)}`"


def _validate(ctx: Context, decl: Declaration[Any], given: Given, span: Span) -> Params:
    values = {name: arg.value for name, arg in given.items()}
    key: Any = (decl, tuple((n, type(v), _freeze(v)) for n, v in values.items()))
    params = ctx.validated.get(key)
    if params is not None:
        return cast(Params, params)
    for name, info in decl.Params.model_fields.items():
        if info.is_required() and name not in given:
            fail(
                "A0104",
                f"`{decl.name}` needs the argument `{name}`",
                span,
                "missing here",
                help=(info.description or signature_help(decl),),
            )
    from pydantic import ValidationError

    try:
        params = decl.Params(**values)
    except ValidationError as error:
        from archspec.elaborate.argument_faults import refuse_argument

        refuse_argument(ctx, decl, given, error.errors(), span)
    ctx.validated[key] = params
    return params


def _freeze(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple((type(item), _freeze(item)) for item in value)
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    return value
