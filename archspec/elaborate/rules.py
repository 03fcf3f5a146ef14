"""Shape rules applied to calls: their obligations judged, and told where they do not hold."""

from collections.abc import Mapping
from typing import Any

from archspec.diagnostics import Diagnostic, Edit, Fix, Label
from archspec.diagnostics import Label as Mark
from archspec.dims import DimError, Proven, Refuted, Unknown, Verdict
from archspec.elaborate.call_arguments import Given
from archspec.elaborate.context import Context, Misfit, fail
from archspec.elaborate.explain import MAX_PLACES, inputs_of, made_at, merged, size_labels
from archspec.elaborate.paths import Spot, size_at
from archspec.elaborate.replay import (
    apart,
    lay_out_counterexample,
    replay,
    replay_one,
    smallest_failing,
    two_ways,
)
from archspec.elaborate.values import (
    Tensor,
)
from archspec.layers import registry
from archspec.layers.base import (
    Arg,
    Axis,
    Declaration,
    Needs,
    Obligation,
    Params,
    Place,
    RuleError,
    TensorType,
)
from archspec.source import Span

# --- rules -------------------------------------------------------------------------------------

#: Output types, and the obligations that rest on open sizes.
_Ruled = tuple[tuple[TensorType, ...], list[Obligation]]


def run_rule(
    ctx: Context,
    decl: Declaration[Any],
    params: Params,
    types: tuple[TensorType, ...],
    inputs: tuple[Tensor, ...],
    span: Span,
    given: Given,
    name: str,
) -> tuple[TensorType, ...]:
    """The output types of a call of `name`; fails with the first fault, records further ones."""
    key = (decl, params, types)
    try:
        cached: _Ruled | None = ctx.ruled.get(key)
    except TypeError:  # an argument without a hash, as a slice
        key, cached = None, None  # type: ignore[assignment]
    if cached is not None:
        for obligation in cached[1]:
            ctx.need(obligation, name, span)
        return cached[0]
    need = Needs()
    try:
        outputs = decl.shape(params, types, need)
    except RuleError as error:
        primary, labels = places_of(ctx, error.at, span, inputs, given, error.code == "A0404")
        fail(
            error.code,
            error.message,
            primary,
            labels=labels,
            notes=error.notes,
            help=error.help,
            fixes=_for_other_rank(decl, types, span) if error.code == "A0404" else (),
        )
    except DimError as error:
        fail("A0204", f"the shape of `{decl.name}` cannot be computed: {error}", span)
    sound = True
    for obligation in need.obligations:
        verdict = ctx.judge(obligation, span)
        if not isinstance(verdict, Proven):
            sound = False
            report_obligation(ctx, obligation, verdict, span, inputs, given, decl)
            break
    open_ = [o for o in need.obligations if o.left.const is None or o.right.const is None]
    for obligation in open_:
        ctx.need(obligation, name, span)
    if sound and key is not None:
        ctx.ruled[key] = outputs, open_
    return outputs


def _for_other_rank(
    decl: Declaration[Any], types: tuple[TensorType, ...], span: Span
) -> tuple[Fix, ...]:
    """`BatchNorm1d` -> `BatchNorm2d`, where the input has one axis more."""
    stem, axes = decl.name[:-2], types[0].rank - 2 if types else 0
    if decl.name[-1:] != "d" or not span.text.startswith(decl.name) or not 1 <= axes <= 3:
        return ()
    name = f"{stem}{axes}d"
    if name == decl.name or registry.layer(name) is None:
        return ()
    place = Span(span.source, span.start, span.start + len(decl.name))
    return (Fix("maybe", f"`{decl.name}` -> `{name}`", (Edit(place, name),)),)


def report_obligation(
    ctx: Context,
    obligation: Obligation,
    verdict: Refuted | Unknown,
    span: Span,
    inputs: tuple[Tensor, ...],
    given: Given,
    decl: Declaration[Any] | None = None,
    subject: tuple[str, Span] | None = None,
    more: tuple[Label, ...] = (),
    fixes: tuple[Fix, ...] = (),
) -> None:
    """Record the diagnostic of an obligation that does not hold; `subject`: what is at fault."""
    primary, labels = places_of(ctx, obligation.at, span, inputs, given)
    labels = (*labels, *more)
    if obligation.code == "A0407":
        labels = (*labels, *_factors(ctx, inputs, labels))[:MAX_PLACES]
    left, right = obligation.left, obligation.right
    known = left.const is not None and right.const is not None
    spots = _spots(obligation, inputs)
    notes: tuple[str, ...] = ()
    help = obligation.help
    code, message = obligation.code, obligation.message
    match verdict:
        case Unknown(reason=reason):
            code = "A0405"
            message = f"cannot decide whether this holds for every size: {message}"
            notes = (reason,)
        case Refuted(counterexample=values):
            if not known:
                code = _open_code(ctx, obligation, values, decl)
                help = STRETCHED if code == "A0406" else help
            notes = _replayed(ctx, obligation, spots, values)
    if obligation.kind == "equal" and _is_pair(ctx, obligation, spots):
        labels = two_ways(ctx, spots[0], spots[1], None if known else _values(verdict))[0]
    elif not labels:
        labels = tuple(label for tensor in inputs for label in made_at(ctx, tensor))
    if not known and isinstance(verdict, Refuted):
        labels = (*inputs_of(ctx, left, right), *labels)
    marks = merged(labels, primary)
    name, place = subject or ("", span)
    failed = (name, place, id(ctx.pass_))
    number = ctx.report_once(
        Diagnostic(
            code, "error", message, (Mark(primary, "", primary=True), *marks), notes, help, fixes
        ),
        (left, right),
        failed,
    )
    if not known and isinstance(verdict, Refuted):
        ctx.misfits.append(Misfit(number, obligation, None, failed))


def _factors(
    ctx: Context, inputs: tuple[Tensor, ...], known: tuple[Label, ...]
) -> tuple[Label, ...]:
    """The places that gave the sizes of all axes, without those that `known` covers."""
    axes = [
        Spot.of(tensor, axis)
        for tensor in inputs
        for axis, dim in enumerate(tensor.type.shape)
        if dim.const is not None or len(dim.terms()) > 1
    ]
    labels = size_labels(ctx, *axes)
    return tuple(a for a in labels if not any(a.span.within(b.span) for b in known))


def _spots(obligation: Obligation, inputs: tuple[Tensor, ...]) -> list[Spot]:
    """The axes of inputs that an obligation is about."""
    return [
        Spot.of(inputs[place.port], place.axis % inputs[place.port].type.rank)
        for place in obligation.at
        if isinstance(place, Axis) and place.axis is not None and place.port < len(inputs)
        if -inputs[place.port].type.rank <= place.axis < inputs[place.port].type.rank
    ]


def _is_pair(ctx: Context, obligation: Obligation, spots: list[Spot]) -> bool:
    """Whether the two sides are the sizes of two axes themselves."""
    sizes = [size_at(ctx, spot) for spot in spots]
    return sizes == [obligation.left, obligation.right]


def _values(verdict: Verdict) -> Mapping[str, int] | None:
    return verdict.counterexample if isinstance(verdict, Refuted) else None


def _open_code(
    ctx: Context, obligation: Obligation, values: Mapping[str, int], decl: Declaration[Any] | None
) -> str:
    """The code of an obligation on open sizes: no size fits, or some do, or torch would stretch."""
    if obligation.code != "A0401":
        return obligation.code
    left, right = obligation.left, obligation.right
    stretched = 1 in (left.evaluate(values), right.evaluate(values))
    if stretched and decl is not None and _broadcasts(decl):
        return "A0406"
    return "A0402" if apart(ctx, left, right) else "A0403"


def _replayed(
    ctx: Context, obligation: Obligation, spots: list[Spot], values: Mapping[str, int]
) -> tuple[str, ...]:
    """The counterexample, and how its sizes came about where that takes more than one step."""
    kind, left, right = obligation.kind, obligation.left, obligation.right
    if kind == "equal" and _is_pair(ctx, obligation, spots):
        way = replay(ctx, spots[0], spots[1], values)
        if way is not None:
            return (f"{smallest_failing(values)}: {way}" if values else way,)
    shown = (lay_out_counterexample(kind, left, right, values),) if values else ()
    ways = [replay_one(ctx, spot, values) for spot in dict.fromkeys(spots)]
    return (*shown, *(f"there, {way}" if values else way for way in ways if way is not None))


STRETCHED = (
    "where one of the two is 1, torch would stretch it silently; say that they are equal in a "
    "`where`, or give a literal 1",
)


def _broadcasts(decl: Declaration[Any]) -> bool:
    """Whether torch stretches sizes of 1 in this function: in arithmetic, not in `matmul`."""
    return type(decl).__module__.endswith("functions_arith") and decl.name != "matmul"


def places_of(
    ctx: Context,
    at: tuple[Place, ...],
    span: Span,
    inputs: tuple[Tensor, ...],
    given: Given,
    rank: bool = False,
) -> tuple[Span, tuple[Label, ...]]:
    """The primary span of a fault, and labels for its other places."""
    primary: Span | None = None
    labels: list[Label] = []
    for place in at:
        if isinstance(place, Arg):
            arg = given.get(place.name)
            if arg is not None and arg.node is not None and primary is None:
                primary = arg.node.span
        elif place.port < len(inputs):
            labels.extend(made_at(ctx, inputs[place.port], place.axis, rank))
    primary = primary or span
    return primary, merged(labels, primary)[:MAX_PLACES]
