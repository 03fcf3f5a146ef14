"""Arguments of declared layers and functions: matched with their names, checked, converted."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from archspec.diagnostics import Label as Mark
from archspec.dims import Dim
from archspec.elaborate.context import Context, fail
from archspec.elaborate.explain import inputs_of
from archspec.elaborate.values import (
    Argument,
    Tensor,
    describe,
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
            help=(_signature_help(decl),),
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
                help=help or (_signature_help(decl),),
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


def _signature_help(decl: Declaration[Any]) -> str:
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
                help=(info.description or _signature_help(decl),),
            )
    from pydantic import ValidationError

    try:
        params = decl.Params(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        place = given.get(name)
        place_span = place.node.span if place is not None and place.node is not None else span
        value = place.value if place is not None else None
        _refuse_open_sizes(ctx, decl, name, value, place, span)
        reason = _reason(first)
        shown = describe(value) if not isinstance(value, list | tuple) else f"`{place_span.text}`"
        fail(
            "A0106",
            f"`{name}` of `{decl.name}` {reason}, not {shown}",
            place_span,
            help=(_signature_help(decl),),
        )
    ctx.validated[key] = params
    return params


def _refuse_open_sizes(
    ctx: Context, decl: Declaration[Any], name: str, value: Any, place: Argument | None, span: Span
) -> None:
    values = value if isinstance(value, list | tuple) else (value,)
    for item in values:
        if isinstance(item, Dim) and item.const is None:
            fail(
                "A0204",
                f"`{name}` of `{decl.name}` must be a number, but `{item}` is left open",
                place.node.span if place and place.node else span,
                f"depends on {', '.join(sorted(item.symbols()))}",
                labels=inputs_of(ctx, item),
                help=("give the input a fixed size there, or pass a number",),
            )


def _reason(error: Mapping[str, Any]) -> str:
    """What is wrong with an argument, as `must be …`; `error` is pydantic's."""
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "value_error" | "assertion_error":
            return str(error["msg"]).partition(", ")[2]
        case "int_type" | "int_parsing" | "int_from_float":
            return "must be an integer"
        case "float_type":
            return "must be a number"
        case "bool_type":
            return "must be `true` or `false`"
        case "string_type":
            return "must be a string"
        case "tuple_type" | "list_type":
            return "must be a list"
        case "greater_than":
            return f"must be greater than {context['gt']:g}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than":
            return f"must be less than {context['lt']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "too_long" | "too_short" | "missing":
            return "must have as many items as there are axes"
        case "literal_error":
            options = str(context["expected"]).replace("'", '"').replace(" or ", ", ")
            return f"must be one of {options}"
        case _:
            return f"must be {str(error['msg']).removeprefix('Input should be ')}"


def _freeze(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple((type(item), _freeze(item)) for item in value)
    if isinstance(value, slice):
        return ("slice", value.start, value.stop, value.step)
    return value
