"""How two sizes came to differ: a counterexample along both ways, and where one is rounded."""

from collections.abc import Mapping
from itertools import chain, pairwise, product
from math import lcm

from archspec.diagnostics import Label
from archspec.dims import Dim, DimError, Domain, Domains, Proven, satisfying
from archspec.dims.decide import equal
from archspec.dims.search import period
from archspec.elaborate.context import Context
from archspec.elaborate.explain import inputs_of, size_labels
from archspec.elaborate.paths import (
    Spot,
    changes,
    fork,
    namer,
    node_at,
    size_at,
    sources,
    trail,
)
from archspec.layers.base import Obligation

#: Sizes of one way that a note shows; of a longer way the ends.
MAX_SHOWN = 7


def two_ways(
    ctx: Context, first: Spot, second: Spot, counterexample: Mapping[str, int] | None
) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    """Labels and notes for two sizes that must be equal and are not, or are not known to be."""
    a, b = size_at(ctx, first), size_at(ctx, second)
    labels = inputs_of(ctx, a, b)
    notes: tuple[str, ...] = ()
    rounding: list[Label] = []
    if counterexample:
        way = replay(ctx, first, second, counterexample)
        note = lay_out_counterexample("equal", a, b, counterexample)
        sizes = smallest_failing(counterexample)
        if apart(ctx, a, b):
            sizes = f"for example {sizes_of(counterexample)}"
        notes = (note if way is None else f"{sizes}: {way}",)
        fits = _where_it_divides(ctx, a, b)
        rounding = [] if fits is None else rounding_labels(ctx, first, second, fits)
    if rounding:
        return (*labels, *rounding), notes
    until = fork(ctx, first, second)[2]
    return (*labels, *size_labels(ctx, first, second, until=until)), notes


def apart(ctx: Context, a: Dim, b: Dim) -> bool:
    """Whether the two differ for every allowed size."""
    return any(isinstance(ctx.decide("at_least", p, q + 1), Proven) for p, q in ((a, b), (b, a)))


def _where_it_divides(ctx: Context, a: Dim, b: Dim) -> Domains | None:
    """Where two sizes align that differ by remainders alone: for multiples of each open size, or
    else for one remainder of it. None where more than remainders is wrong.
    """
    names = a.symbols() | b.symbols()
    try:
        even = ctx.domains
        for name in names:
            even = even.with_residue(name, lcm(period(a, name), period(b, name)), 0)
    except DimError:
        return None
    if even.contradiction is None and isinstance(equal(a, b, even), Proven):
        return even
    found = satisfying([Obligation("equal", a, b, "", "")], ctx.domains)
    if found is None or any(len(found.domains[name].residues) > 1 for name in names):
        return None
    return found.domains


# --- rounding ----------------------------------------------------------------------------------


def rounding_labels(ctx: Context, first: Spot, second: Spot, fits: Domains) -> list[Label]:
    """The places where one of two ways loses what the other keeps: a size that does not divide.

    They align for sizes in `fits`, which tell what must not happen there.
    """
    ways = fork(ctx, first, second)
    found = []
    for spot in chain(ways[0], ways[1]):
        before = sources(ctx, spot)
        if spot == ways[2] or not before:
            continue
        size, smaller = size_at(ctx, before[0]), size_at(ctx, spot)
        by = _rounds(size, smaller, {n: ctx.domains[n] for n in smaller.symbols()})
        rests = _remainders(size, by, fits)
        if by > 1 and len(rests) == 1:
            text = _rounding(ctx, spot, size, by, rests.pop())
            found.append(Label(node_at(ctx, spot).span, text))
    return found


def _remainders(size: Dim, by: int, domains: Domains) -> set[int]:
    """Those that a size leaves for some allowed inputs, small ones."""
    names = sorted(size.symbols())
    rows = [domains.values(name, 8) for name in names]
    return {size.evaluate(dict(zip(names, row, strict=True))) % by for row in product(*rows)}


def _rounding(ctx: Context, spot: Spot, size: Dim, by: int, fitting: int) -> str:
    if by == 2:
        fault = f"{size} may be {'even' if fitting else 'odd'} here"
    elif fitting:
        fault = f"{size} % {by} may be other than {fitting} here"
    else:
        fault = f"{size} may be no multiple of {by} here"
    sizes = [size_at(ctx, s) for s in trail(ctx, spot)]
    number = sum(_rounds(before, after, {}) == by for after, before in pairwise(sizes))
    if number < 2:
        return fault
    return f"{_ordinal(number)} {'halving' if by == 2 else f'division by {by}'}: {fault}"


def _ordinal(n: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th") if n % 100 not in (11, 12, 13) else "th"
    return f"{n}{ending}"


def _rounds(before: Dim, after: Dim, domains: Mapping[str, Domain]) -> int:
    """By what a size is divided with a remainder between two places; 1: it is not."""
    known: dict[str, Dim | int] = {}
    for name, domain in domains.items():
        if domain.modulus > 1 and len(domain.residues) == 1:
            (residue,) = domain.residues
            known[name] = Dim.symbol(name) * domain.modulus + residue
    before, after = before.substitute(known), after.substitute(known)
    for name in sorted(after.symbols()):
        finer, coarse = period(after, name), period(before, name)
        if finer > coarse:
            return finer // coarse
    return 1


# --- replayed sizes ----------------------------------------------------------------------------


def replay(ctx: Context, first: Spot, second: Spot, values: Mapping[str, int]) -> str | None:
    """Two sizes that differ, along both ways from where they part: `enc 3 -> pool 1, not 3`.

    None where there is nothing to see but the two sizes themselves.
    """
    one, other, common = fork(ctx, first, second)
    if first == common or len(changes(ctx, one)) < len(changes(ctx, other)):
        one, other = other, one
    text, ending = _shown(ctx, one, values), _shown(ctx, other, values)
    if len(changes(ctx, one)) < 2 and len(changes(ctx, other)) < 2:
        return None
    if len(changes(ctx, other)) == 1 and common is not None:
        return f"{text}, not {size_at(ctx, other[0]).evaluate(values)}"
    return f"{text}, but {ending}"


def replay_one(ctx: Context, spot: Spot, values: Mapping[str, int]) -> str | None:
    """The sizes on the way to `spot`; None where there is only one."""
    way = trail(ctx, spot)[::-1]
    return _shown(ctx, way, values) if len(changes(ctx, way)) > 1 else None


def _shown(ctx: Context, way: list[Spot], values: Mapping[str, int]) -> str:
    name_of = namer(ctx)
    kept = changes(ctx, way)
    shown = [f"{name_of(spot)} {size_at(ctx, spot).evaluate(values)}" for spot in kept]
    if len(shown) > MAX_SHOWN:
        left_out = len(shown) - MAX_SHOWN + 1
        shown[3 : 3 + left_out] = [f"({left_out} more)"]
    return " -> ".join(shown)


def sizes_of(values: Mapping[str, int]) -> str:
    """`H=24, W=16`."""
    return ", ".join(f"{name}={value}" for name, value in sorted(values.items()))


def smallest_failing(counterexample: Mapping[str, int]) -> str:
    """`smallest failing size is H=24`."""
    return f"smallest failing size is {sizes_of(counterexample)}"


def lay_out_counterexample(
    kind: str, left: Dim, right: Dim, counterexample: Mapping[str, int]
) -> str:
    """``smallest failing size is H=24: `H//8` = 3, `2*(H//16)` = 2``."""
    a, b = left.evaluate(counterexample), right.evaluate(counterexample)
    what = f"{smallest_failing(counterexample)}: "
    match kind:
        case "equal":
            return what + f"`{left}` = {a}, `{right}` = {b}"
        case "divisible":
            return what + f"`{left}` = {a}, which {b} does not divide"
        case _ if left.const is not None:
            return what + f"{a} is less than `{right}` = {b}"
        case _:
            return what + f"`{left}` = {a}, less than {b}"
