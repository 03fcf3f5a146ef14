"""Does it hold for every allowed size? Proven, refuted by the smallest counterexample, or unknown.

Counterexamples are ordered by their largest value, then by their sum, then lexicographically by the
sorted names, over all sizes named on either side. Where no value is allowed (see
`Domains.contradiction`) everything holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import gcd, lcm, prod
from typing import assert_never

from archspec.dims.dim import Dim, DimError, DimLike, Floor
from archspec.dims.domains import Domain, Domains
from archspec.dims.nonnegative import Negative, coefficients, first_negative, nonnegative
from archspec.dims.search import (
    MAX_CLASSES,
    MAX_POINTS,
    TRIES,
    Axis,
    Scaled,
    axis,
    class_count,
    period,
    search,
    too_many,
)
from archspec.dims.verdict import PROVEN, Fact, Kind, Proven, Refuted, Unknown, Verdict


def decide_fact(fact: Fact, domains: Domains) -> Verdict:
    """Does `fact` hold for every allowed size?"""
    return verdict_of(fact.kind, fact.left, fact.right, domains)


def verdict_of(kind: Kind, left: DimLike, right: DimLike, domains: Domains) -> Verdict:
    """Does the fact of this kind hold for every allowed size?"""
    match kind:
        case "equal":
            return equal(left, right, domains)
        case "divisible":
            return divisible(left, right, domains)
        case "at_least":
            return at_least(left, right, domains)
        case _:
            assert_never(kind)


def equal(a: DimLike, b: DimLike, domains: Domains) -> Verdict:
    """Is `a == b` for every allowed size?"""
    a, b = Dim.of(a), Dim.of(b)
    if a is b:
        return PROVEN
    try:
        return _complete(_zero(*_question(a - b, a, b, domains)), a, b, domains)
    except DimError as error:
        return Unknown(str(error))


def divisible(a: DimLike, d: DimLike, domains: Domains) -> Verdict:
    """Is `a % d == 0` (and `d != 0`) for every allowed size?"""
    a, d = Dim.of(a), Dim.of(d)
    if a.const is not None and d.const and a.const % d.const == 0:
        return PROVEN
    try:
        fixed = {n: v for n in d.symbols() if (v := _only(domains[n])) is not None}
        divisor = d.substitute(fixed)
        if divisor.const is None or divisor.const == 0:
            verdict = _divisible_by_symbol(a, d, divisor, domains)
        else:
            # as a polynomial modulo d, so that whole multiples are out of the way
            n = abs(divisor.const)
            verdict = _multiple(*_question(_modulo(a, n), a, d, domains), n)
        return _complete(verdict, a, d, domains)
    except DimError as error:
        return Unknown(str(error))


def at_least(a: DimLike, b: DimLike, domains: Domains) -> Verdict:
    """Is `a >= b` for every allowed size?"""
    a, b = Dim.of(a), Dim.of(b)
    if a is b or (a.const is not None and b.const is not None and a.const >= b.const):
        return PROVEN
    try:
        return _complete(_nonnegative(*_question(a - b, a, b, domains)), a, b, domains)
    except DimError as error:
        return Unknown(str(error))


# --- questions -------------------------------------------------------------------------------

#: The domains of the symbols of a Dim, by name.
Context = tuple[tuple[str, Domain], ...]


def _question(dim: Dim, a: Dim, b: Dim, domains: Domains) -> tuple[Dim, Context, int]:
    """`dim` with its domains, and the largest smallest value of the sizes only `a` and `b` have."""
    names = dim.symbols()
    others = (a.symbols() | b.symbols()) - names
    least = max((domains[name].smallest or 0 for name in others), default=0)
    return dim, tuple((name, domains[name]) for name in sorted(names)), least


def _complete(verdict: Verdict, a: Dim, b: Dim, domains: Domains) -> Verdict:
    """The counterexample with the sizes that cancelled; a question about no size at all holds."""
    if isinstance(verdict, Proven):
        return verdict
    names = a.symbols() | b.symbols()
    if any(domains[name].empty for name in names):
        return PROVEN
    if isinstance(verdict, Unknown):
        return verdict
    others = domains.smallest(names - verdict.counterexample.keys())
    values = {**others, **verdict.counterexample}
    return Refuted({name: values[name] for name in sorted(values)}, verdict.smallest)


def _only(domain: Domain) -> int | None:
    """The single member of a domain."""
    if domain.upper is None:
        return None
    members = iter(domain)
    first = next(members, None)
    return first if next(members, None) is None else None


@dataclass(frozen=True, slots=True)
class _Lifted:
    """A Dim with known residues put in: its `x` stands for the size `scale * x + shift`."""

    dim: Dim
    domains: tuple[tuple[str, Domain], ...]
    scaled: Mapping[str, Scaled]


def _lift(dim: Dim, context: Context) -> _Lifted:
    """Write `x % 16 == 0` as `x = 16*q`: then `x//16` is `q`, and most questions are settled."""
    values: dict[str, DimLike] = {}
    domains: list[tuple[str, Domain]] = []
    scaled: dict[str, Scaled] = {}
    for name, domain in context:
        scaled[name] = (1, 0)
        only = _only(domain)
        if only is not None:
            values[name] = only
            domain = Domain(only, only)
        elif domain.modulus > 1 and len(domain.residues) == 1:
            (residue,) = domain.residues
            modulus = domain.modulus
            values[name] = Dim.symbol(name) * modulus + residue
            scaled[name] = (modulus, residue)
            upper = None if domain.upper is None else (domain.upper - residue) // modulus
            domain = Domain(-((residue - domain.lower) // modulus), upper)
        domains.append((name, domain))
    return _Lifted(dim.substitute(values), tuple(domains), scaled)


def _smallest_point(context: Context) -> Mapping[str, int]:
    return Domains.of(dict(context)).smallest(frozenset(name for name, _ in context))


# --- equal -----------------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def _zero(dim: Dim, context: Context, least: int) -> Verdict:
    """Is `dim` 0 everywhere?"""
    lifted = _lift(dim, context)
    if lifted.dim.const is not None:
        return PROVEN if lifted.dim.const == 0 else Refuted(_smallest_point(context))
    factors = _positive_factors(dim, context)
    axes = tuple(
        axis(
            name,
            domain,
            1 if name in factors else period(lifted.dim, name),
            1 if name in factors else lifted.dim.degree(name) + 1,
            lifted.scaled[name],
        )
        for name, domain in lifted.domains
    )
    return _walk(dim, axes, least, 0)


def _positive_factors(dim: Dim, context: Context) -> frozenset[str]:
    """Sizes that divide every term, stand nowhere else, and are never 0: they decide nothing."""
    names = {name for name, domain in context if domain.lower > 0}
    powers: dict[str, set[int]] = {}
    terms = dim.terms()
    for _, monomial in terms:
        here = {}
        for atom, power in monomial:
            if isinstance(atom, Floor):
                names -= atom.inner.symbols()
            else:
                here[atom.name] = power
        for name in names:
            powers.setdefault(name, set()).add(here.get(name, 0))
    return frozenset(n for n in names if len(powers[n]) == 1 and powers[n] != {0})


def _walk(dim: Dim, axes: tuple[Axis, ...], least: int, modulus: int) -> Verdict:
    """Try every point of the box: is `dim` 0 (modulo `modulus`, if that is not 0)?"""
    reason = too_many(axes)

    def fails(values: dict[str, int]) -> bool:
        value = dim.evaluate(values)
        return value % modulus != 0 if modulus else value != 0

    result = search(axes, fails, TRIES if reason else MAX_POINTS, least)
    if result.found is not None:
        return Refuted(result.found)
    if reason is not None or not result.complete:
        return Unknown(reason or "there are too many sizes to try")
    return PROVEN


# --- divisible -------------------------------------------------------------------------------


def _modulo(dim: Dim, n: int) -> Dim:
    """Every coefficient modulo `n`."""
    return dim - dim // n * n if dim.const is not None else _reduced(dim, n)


def _reduced(dim: Dim, n: int) -> Dim:
    total = Dim.of(0)
    for c, monomial in dim.terms():
        part = Dim.of(c % n)
        if part.const:
            for atom, power in monomial:
                base = (
                    atom.inner // atom.divisor if isinstance(atom, Floor) else Dim.symbol(atom.name)
                )
                part = part * base**power
            total = total + part
    return total


@lru_cache(maxsize=2048)
def _multiple(dim: Dim, context: Context, least: int, n: int) -> Verdict:
    """Is `dim` a multiple of the positive `n` everywhere?"""
    lifted = _lift(dim, context)
    rest = _modulo(lifted.dim, n)
    if rest.const is not None:
        return PROVEN if rest.const % n == 0 else Refuted(_smallest_point(context))
    common = gcd(n, *(c for c, _ in rest.terms()))
    if common == n:
        return PROVEN
    if common > 1:
        rest = Dim.of(0) + rest // common
    axes = tuple(
        axis(name, domain, period(rest, name, n // common), 1, lifted.scaled[name])
        for name, domain in lifted.domains
    )
    return _walk(dim, axes, least, n)


def _divisible_by_symbol(a: Dim, written: Dim, d: Dim, domains: Domains) -> Verdict:
    """Exact division of polynomials proves it; trying sizes refutes it.

    `d` is `written` with the sizes put in that have a single value.
    """
    try:
        exact = (a // d) * d is a if d.const is None else False
    except DimError:
        exact = False
    if exact and at_least(d, 1, domains) == PROVEN:
        return PROVEN
    context = tuple((name, domains[name]) for name in sorted(a.symbols() | written.symbols()))

    def fails(values: dict[str, int]) -> bool:
        divisor = d.evaluate(values)
        return divisor == 0 or a.evaluate(values) % divisor != 0

    result = search(_first_values(context, TRIES), fails, TRIES, 0)
    if result.found is not None:
        return Refuted(result.found)
    if result.complete:
        return PROVEN
    return Unknown(f"the divisor `{d}` is not a number")


def _first_values(context: Context, count: int) -> tuple[Axis, ...]:
    """The smallest values of every size, without the hope that they decide for all."""
    found = []
    for name, domain in context:
        values = Domains.of({name: domain}).values(name, count)
        found.append(Axis(name, values, len(values) < count, 1))
    return tuple(found)


# --- at least --------------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def _nonnegative(dim: Dim, context: Context, least: int) -> Verdict:
    """Is `dim` 0 or more everywhere?"""
    if any(domain.empty for _, domain in context):
        return PROVEN
    start = _smallest_point(context)
    if all(domain.lower >= 0 for _, domain in context) and _rises(dim):
        return PROVEN if dim.evaluate(start) >= 0 else Refuted(start)
    lifted = _lift(dim, context)
    if lifted.dim.const is not None:
        return PROVEN if lifted.dim.const >= 0 else Refuted(start)
    if all(domain.lower >= 0 for _, domain in lifted.domains) and _rises(lifted.dim):
        return PROVEN if dim.evaluate(start) >= 0 else Refuted(start)
    count = prod(class_count(d, period(lifted.dim, name)) for name, d in lifted.domains)
    few = 64 if count <= MAX_CLASSES else TRIES

    def fails(values: dict[str, int]) -> bool:
        return dim.evaluate(values) < 0

    first = search(_first_values(context, few), fails, few, least)
    if first.found is not None:
        return Refuted(first.found)
    if first.complete:
        return PROVEN
    if count > MAX_CLASSES:
        return Unknown(f"there are {count:,} cases of residues to tell apart")
    if len(context) == 1:
        return _nonnegative_single(lifted)
    witness = _nonnegative_classes(lifted)
    if witness is True:
        return PROVEN
    more = search(_first_values(context, TRIES), fails, TRIES, least)
    if more.found is not None:
        return Refuted(more.found)
    if witness is False:
        return Unknown("the sizes grow against each other")
    return Refuted(witness, smallest=False)


def _rises(dim: Dim) -> bool:
    """Whether it never falls where a size grows, as the signs show; sizes are not negative."""
    for c, monomial in dim.terms():
        if monomial and c < 0:
            return False
        alone = len(monomial) == 1 and monomial[0][1] == 1
        for atom, _ in monomial:
            # of several factors, one that rises from below 0 makes the others count against it
            if isinstance(atom, Floor) and not (
                _rises(atom.inner) and (alone or _starts_nonnegative(atom))
            ):
                return False
    return True


def _starts_nonnegative(atom: Floor) -> bool:
    """With all sizes 0 or more."""
    constant = atom.inner.substitute(dict.fromkeys(atom.inner.symbols(), 0)).const
    return constant is not None and constant >= 0


@dataclass(frozen=True, slots=True)
class _Class:
    """The members `start + step*q` of a domain, `0 <= q <= count`."""

    start: int
    step: int
    count: int | None


def _classes(domain: Domain, length: int) -> Iterator[_Class]:
    step = lcm(length, domain.modulus)
    wanted = class_count(domain, length)
    for member in domain:
        if wanted == 0:
            return
        wanted -= 1
        yield _Class(
            member, step, None if domain.upper is None else (domain.upper - member) // step
        )


def _nonnegative_single(lifted: _Lifted) -> Verdict:
    """Exact: in each class the first place where the polynomial is negative."""
    ((name, domain),) = lifted.domains
    scale, shift = lifted.scaled[name]
    found: list[int] = []
    undecided = False
    for one in _classes(domain, period(lifted.dim, name)):
        p = lifted.dim.substitute({name: Dim.symbol(name) * one.step + one.start})
        first = first_negative(coefficients(p, name), one.count)
        if first == "unknown":
            undecided = True
        elif first is not None:
            found.append(scale * (one.start + one.step * first) + shift)
    if found:
        return Refuted({name: min(found)}, smallest=not undecided)
    return Unknown("the sizes grow against each other") if undecided else PROVEN


def _nonnegative_classes(lifted: _Lifted) -> bool | Mapping[str, int]:
    """True: proven in all classes. A mapping: a counterexample. False: neither."""
    names = [name for name, _ in lifted.domains]
    per_size = [list(_classes(d, period(lifted.dim, name))) for name, d in lifted.domains]
    proven = True
    for joint in product(*per_size):
        chosen = dict(zip(names, joint, strict=True))
        p = lifted.dim.substitute(
            {name: Dim.symbol(name) * one.step + one.start for name, one in chosen.items()}
        )
        result = nonnegative(p, {name: one.count for name, one in chosen.items()})
        if isinstance(result, Negative):
            values = {}
            for name, one in chosen.items():
                scale, shift = lifted.scaled[name]
                values[name] = scale * (one.start + one.step * result.at.get(name, 0)) + shift
            return values
        proven = proven and result
    return proven
