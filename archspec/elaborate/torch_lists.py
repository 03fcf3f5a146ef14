"""Argument lists as torch writes them, with the sizes that follow from the input.

`Conv2d(3, 16, 3, 1, 1)` is torch's list for an input of 3 channels. Without `in_channels` it would
be another layer, which fits as well: 3 channels out, a kernel of 16. So that no list reads both
ways, optional arguments of layers with inferred sizes are named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archspec.diagnostics import Edit, Fix, FixLevel
from archspec.diagnostics import Label as Mark
from archspec.dims import Dim
from archspec.elaborate.call_arguments import keyword_span, required_count
from archspec.elaborate.context import Context, fail
from archspec.elaborate.explain import made_at
from archspec.elaborate.values import Argument, Tensor
from archspec.layers.base import LayerDecl, Needs, Params, RuleError
from archspec.source import Span


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the arguments mean: sizes that are inferred, and the others, each by name."""

    sizes: Mapping[str, Argument]
    others: Mapping[str, Argument]
    params: Params


def refuse_torch_list(
    ctx: Context,
    decl: LayerDecl[Any],
    args: tuple[Argument, ...],
    inputs: tuple[Tensor, ...],
    span: Span,
) -> None:
    """Refuse (A0118) a list that holds inferred sizes, or that can be read as if it did."""
    positional = [a for a in args if a.name is None]
    named = {a.name: a for a in args if a.name is not None}
    fields = tuple(decl.Params.model_fields)
    order = decl.torch_order or (*decl.inferred_names, *fields)
    torchs = _read(decl, tuple(n for n in order if n not in named), positional, named)
    own = _read(decl, fields, positional, named)
    if torchs is not None and torchs.sizes:
        actual = _actual(decl, torchs.params, inputs)
        fits = all(actual.get(name) == _number(a.value) for name, a in torchs.sizes.items())
        other = own if own is not None and _is_plausible(decl, own, positional) else None
        if fits or other is None:
            _refuse_sizes(ctx, decl, args, torchs, other, actual, inputs, span)
    shape = named.get("normalized_shape", positional[0] if positional else None)
    if (
        "normalized_shape" in decl.inferred_names
        and shape
        and isinstance(shape.value, list | tuple)
    ):
        _refuse_axes(decl, shape, span)
    if own is not None and not own.sizes and len(positional) > required_count(decl.Params):
        _refuse_places(decl, args, own, span)


def _read(
    decl: LayerDecl[Any],
    order: tuple[str, ...],
    positional: list[Argument],
    named: Mapping[str, Argument],
) -> _Reading | None:
    """The list with its places named by `order`, or None where that makes no call."""
    places = dict(zip(order, positional, strict=False))
    if len(positional) > len(order) or not named.keys().isdisjoint(places):
        return None
    every = {**places, **named}
    sizes = {n: a for n, a in every.items() if n in decl.inferred_names}
    if any(_number(a.value) is None for a in sizes.values()):
        return None
    others = {n: a for n, a in every.items() if n not in sizes}
    try:
        params = decl.Params(**{name: a.value for name, a in others.items()})
    except ValueError:
        return None
    return _Reading(sizes, others, params)


def _number(value: Any) -> int | None:
    """A size, which torch takes as a list of one in `normalized_shape`."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _actual(
    decl: LayerDecl[Any], params: Params, inputs: tuple[Tensor, ...]
) -> dict[str, int | None]:
    """The inferred sizes, as far as the inputs are known and have the right rank."""
    types = tuple(t.type for t in inputs)
    if not types:
        return {}
    try:
        decl.shape(params, types, Needs())
    except RuleError:
        return {}
    sizes = decl.inferred(params, types).items()
    return {name: size.const for name, size in sizes if isinstance(size, Dim)}


def _is_plausible(decl: LayerDecl[Any], own: _Reading, positional: list[Argument]) -> bool:
    """Not where an integer stands for a factor: nobody means `BatchNorm2d(eps=64)`."""
    return not own.sizes and not any(
        isinstance(decl.Params.model_fields[name].default, float) and isinstance(arg.value, int)
        for name, arg in own.others.items()
        if arg in positional
    )


# --- messages ----------------------------------------------------------------------------------


def _refuse_sizes(
    ctx: Context,
    decl: LayerDecl[Any],
    args: tuple[Argument, ...],
    reading: _Reading,
    other: _Reading | None,
    actual: Mapping[str, int | None],
    inputs: tuple[Tensor, ...],
    span: Span,
) -> None:
    names = _listed(list(reading.sizes))
    follow = "follows" if len(reading.sizes) == 1 else "follow"
    name, written = next(iter(reading.sizes.items()))
    label, labels = "", tuple[Mark, ...]()
    if actual.get(name) is not None:
        same = actual[name] == _number(written.value)
        label = f"the input gives {actual[name]}{' too' if same else ''}"
        labels = () if same else made_at(ctx, inputs[0])
    notes: tuple[str, ...] = ()
    if other is not None:
        given = ", ".join(f"{n}={_text(a)}" for n, a in other.others.items())
        notes = (f"without it, the list would mean {given}",)
    readings = (reading,) if other is None else (reading, other)
    certain = other is None and actual.get(name) == _number(written.value)
    fail(
        "A0118",
        f"{names} of `{decl.name}` {follow} from the input, and must not be written",
        _place(written, span),
        label,
        labels=labels,
        notes=notes,
        help=(f"write `{decl.name}{_rewritten(decl, reading)}`",),
        fixes=tuple(
            fix for r in readings for fix in _fixes("safe" if certain else "maybe", decl, args, r)
        ),
    )


def _refuse_places(
    decl: LayerDecl[Any], args: tuple[Argument, ...], own: _Reading, span: Span
) -> None:
    positional = [a for a in args if a.name is None]
    first = required_count(decl.Params)
    unnamed = list(own.others)[first : len(positional)]
    fail(
        "A0118",
        f"{_listed(unnamed)} of `{decl.name}` must be named",
        _place(positional[first], span),
        notes=(
            f"torch's own list has `{decl.inferred_names[0]}` too, which follows from the input "
            "here: given by its place, an argument could be read in two ways",
        ),
        help=(f"write `{decl.name}{_rewritten(decl, own)}`",),
        fixes=_fixes("safe", decl, args, own),
    )


def _refuse_axes(decl: LayerDecl[Any], arg: Argument, span: Span) -> None:
    """`LayerNorm([64, 32, 32])`, which leaving the list out would not mend."""
    fail(
        "A0118",
        f"`{decl.name}` normalises over the last axis, and no list of axes can be given",
        _place(arg, span),
        help=("`GroupNorm(1)` normalises over all axes but the first, with weights per channel",),
    )


def _place(arg: Argument, span: Span) -> Span:
    if arg.node is None:
        return span
    return arg.node.span if arg.name is None else keyword_span(arg.node.span, arg.name)


def _listed(names: list[str]) -> str:
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _text(arg: Argument) -> str:
    return str(arg.value) if arg.node is None else arg.node.span.text


def _rewritten(decl: LayerDecl[Any], reading: _Reading) -> str:
    """The list in brackets, optional arguments named; nothing where none are left."""
    fields = list(decl.Params.model_fields)[: required_count(decl.Params)]
    parts = [
        _text(arg) if arg.name is None and name in fields else f"{name}={_text(arg)}"
        for name, arg in reading.others.items()
    ]
    return f"({', '.join(parts)})" if parts else ""


def _fixes(
    level: FixLevel, decl: LayerDecl[Any], args: tuple[Argument, ...], reading: _Reading
) -> tuple[Fix, ...]:
    """The list written as `reading`; none where arguments stand in several places."""
    places = [keyword_span(a.node.span, a.name) if a.name else a.node.span for a in args if a.node]
    ends = [a.node.span.end for a in args if a.node]
    if len(places) < len(args) or any(p.source is not places[0].source for p in places):
        return ()
    text, start, end = places[0].source.text, min(p.start for p in places), max(ends)
    start, end = text.rfind("(", 0, start), text.find(")", end) + 1
    if start == -1 or end == 0 or "(" in text[start + 1 : places[0].start]:
        return ()
    list_ = Span(places[0].source, start, end)
    new = _rewritten(decl, reading)
    return (Fix(level, f"write `{decl.name}{new}`", (Edit(list_, new),)),)
