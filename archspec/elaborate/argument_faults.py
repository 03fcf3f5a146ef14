"""Arguments that a declaration does not take: which is at fault, why, and what is meant instead."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from archspec.diagnostics import Edit, Fix
from archspec.diagnostics.suggest import closest
from archspec.dims import Dim
from archspec.elaborate.call_arguments import Given, signature_help
from archspec.elaborate.context import Context, fail
from archspec.elaborate.explain import inputs_of
from archspec.elaborate.values import Argument, describe
from archspec.layers.base import Declaration
from archspec.source import Span

_LENGTHS: Final = ("too_long", "too_short", "missing")


def refuse_argument(
    ctx: Context,
    decl: Declaration[Any],
    given: Given,
    errors: Sequence[Mapping[str, Any]],
    span: Span,
) -> NoReturn:
    """Raise the fault of the first argument that pydantic refuses."""
    name = str(errors[0]["loc"][0]) if errors[0]["loc"] else ""
    errors = [e for e in errors if e["loc"][:1] == errors[0]["loc"][:1]]
    place = given.get(name)
    place_span = place.node.span if place is not None and place.node is not None else span
    value = place.value if place is not None else None
    _refuse_open_sizes(ctx, decl, name, value, place, span)
    error = _likeliest(errors, value)
    length = _length(errors, error, value)
    if error["type"] in _LENGTHS and isinstance(value, list | tuple):
        shown = str(len(value))
    elif isinstance(value, list | tuple):
        shown = f"`{place_span.text}`"
    else:
        shown = describe(value)
    fix = None
    if place is not None and place.node is not None:
        fix = _fix(decl, given, name, value, error, place_span)
    fail(
        "A0106",
        f"`{name}` of `{decl.name}` {_reason(error, length)}, not {shown}",
        place_span,
        help=(signature_help(decl),),
        fixes=() if fix is None else (fix,),
    )


def _likeliest(errors: Sequence[Mapping[str, Any]], value: Any) -> Mapping[str, Any]:
    """Of an argument that takes words or numbers: what is wrong with a word, or with a number."""
    fitting = [e for e in errors if (e["type"] == "literal_error") == isinstance(value, str)]
    return (fitting or errors)[0]


def _length(errors: Sequence[Mapping[str, Any]], error: Mapping[str, Any], value: Any) -> int:
    """How many items the argument has to have, where that is at fault."""
    context = error.get("ctx", {})
    for key in ("max_length", "min_length"):
        if key in context:
            return int(context[key])
    missing = sum(1 for e in errors if e["type"] == "missing")
    return missing + (len(value) if isinstance(value, list | tuple) else 0)


def _fix(
    decl: Declaration[Any],
    given: Given,
    name: str,
    value: Any,
    error: Mapping[str, Any],
    place: Span,
) -> Fix | None:
    """The value that is meant: without quotes, as an integer, or the word that is like it."""
    meant: list[tuple[Any, str]] = []
    if isinstance(value, str):
        words = {"true": True, "false": False, "none": None}
        if value.lower() in words:
            meant.append((words[value.lower()], value.lower()))
        elif re.fullmatch(r"-?\d+", value):
            meant.append((int(value), value))
        elif re.fullmatch(r"-?\d+\.\d*", value):
            meant.append((float(value), value))
        if error["type"] == "literal_error":
            options = re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
            meant += [(near, f'"{near}"') for near in closest(value, options)[:1]]
    elif isinstance(value, float) and value.is_integer():
        meant.append((int(value), str(int(value))))
    elif type(value) is int and value in (0, 1) and error["type"] == "bool_type":
        meant.append((bool(value), "true" if value else "false"))
    values = {n: a.value for n, a in given.items()}
    for better, text in meant:
        try:
            decl.Params(**{**values, name: better})
        except ValueError:
            continue
        return Fix("safe", f"`{place.text}` -> `{text}`", (Edit(place, text),))
    return None


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


def _reason(error: Mapping[str, Any], length: int) -> str:
    """What is wrong with an argument, as `must be …`; `error` is pydantic's, `length` as wanted."""
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
            return f"must have {length} items"
        case "literal_error":
            options = str(context["expected"]).replace("'", '"').replace(" or ", ", ")
            return f"must be one of {options}"
        case _:
            return f"must be {str(error['msg']).removeprefix('Input should be ')}"
