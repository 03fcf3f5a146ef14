"""The weakest condition on sizes under which facts hold: what a `where` should say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import lcm, prod

from archspec.dims.decide import decide_fact, verdict_of
from archspec.dims.dim import Dim, DimError
from archspec.dims.domains import Domain, Domains, reduce_residues
from archspec.dims.search import period
from archspec.dims.verdict import Fact, Proven, Unknown

#: Residues tried for one size.
MAX_PERIOD = 4_096
#: Joint classes of residues tried for sizes that interact.
MAX_JOINT = 16_384
#: Bounds are looked for below this.
MAX_LOWER = 1 << 20


@dataclass(frozen=True, slots=True)
class Condition:
    """Facts hold where sizes are in `domains`; for no more remainders of them if `weakest`."""

    domains: Domains
    weakest: bool


def satisfying_residues(facts: Sequence[Fact], name: str, domains: Domains) -> Domain | None:
    """The residues of `name` for which all facts hold, whatever the other sizes are.

    The result is the domain of `name` cut down to them, with the smallest modulus; an empty one
    (see `Domain.empty`) says that no size can align. None: undecided. Facts that are bounds are
    left out, as no residue ensures one: see `satisfying_lower`.
    """
    asked = [fact for fact in facts if fact.kind != "at_least"]
    try:
        length = lcm(domains[name].modulus, *(_period(fact, name) for fact in asked))
        if length > MAX_PERIOD:
            return None
        good = _good_classes(asked, {name: length}, domains)
        if good is None:
            return None
        return _cut(domains[name], length, frozenset(r for (r,) in good))
    except DimError:
        return None


def satisfying(facts: Iterable[Fact], domains: Domains) -> Condition | None:
    """A condition under which all facts hold, bounds left out; None if none was found.

    Sizes that occur in no fact together are independent. For those that do, all joint classes of
    residues are tried: where the good ones are a condition on each size by itself, it is the
    weakest. Else it is sufficient, as large as it was found.
    """
    asked = list({(f.kind, f.left, f.right): f for f in facts if f.kind != "at_least"}.values())
    result, weakest = domains, True
    try:
        for names, together in _independent(asked):
            found = _condition(together, names, domains)
            if found is None:
                return None
            weakest = weakest and found.weakest
            for name in names:
                result = result.restrict(name, found.domains[name])
    except DimError:
        return None
    return None if result.contradiction is not None else Condition(result, weakest)


def satisfying_lower(facts: Sequence[Fact], name: str, domains: Domains) -> int | None:
    """The smallest `n` such that all facts hold where `name >= n`; None if none was found."""

    def hold(lower: int) -> bool:
        return _hold(facts, domains.with_lower(name, lower))

    low = max(domains[name].lower, 0)
    if hold(low):
        return low
    step = 1  # a further layer mostly asks for little more than those before it
    while not hold(high := low + step):
        upper = domains[name].upper
        if high > MAX_LOWER or (upper is not None and high > upper):
            return None
        low, step = high, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        if hold(middle):
            high = middle
        else:
            low = middle
    return high


def satisfying_upper(facts: Sequence[Fact], name: str, domains: Domains) -> int | None:
    """The largest `n` such that all facts hold where `name <= n`; None if none was found."""

    def hold(upper: int) -> bool:
        return _hold(facts, domains.with_upper(name, upper))

    least = domains[name].smallest
    if least is None or not hold(least):
        return None
    low, high = least, 2 * least + 1
    while hold(high):
        if high > MAX_LOWER:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if hold(middle):
            low = middle
        else:
            high = middle
    return low


def _hold(facts: Iterable[Fact], inside: Domains) -> bool:
    return inside.contradiction is None and all(
        isinstance(decide_fact(fact, inside), Proven) for fact in facts
    )


# --- residues ----------------------------------------------------------------------------------


def _independent(facts: Sequence[Fact]) -> Iterator[tuple[list[str], list[Fact]]]:
    """Facts in groups that have no size in common, each with its sizes."""
    groups: list[tuple[set[str], list[Fact]]] = []
    for fact in facts:
        names = set(fact.left.symbols() | fact.right.symbols())
        members = [fact]
        apart = []
        for other in groups:
            if other[0] & names:
                names |= other[0]
                members = other[1] + members
            else:
                apart.append(other)
        groups = [*apart, (names, members)]
    for names, members in groups:
        yield sorted(names), members


def _condition(facts: Sequence[Fact], names: list[str], domains: Domains) -> Condition | None:
    lengths = {n: lcm(domains[n].modulus, *(_period(f, n) for f in facts)) for n in names}
    classes = prod(
        length // domains[n].modulus * len(domains[n].residues) for n, length in lengths.items()
    )
    if classes > MAX_JOINT:
        return _by_multiples(facts, lengths, domains)
    good = _good_classes(facts, lengths, domains)
    if not good:
        return None
    box = _largest_box(good)
    exact = not any(f.kind == "divisible" and f.right.const is None for f in facts)
    result = domains
    for (name, length), residues in zip(lengths.items(), box, strict=True):
        result = result.replace(name, _cut(domains[name], length, residues))
    return Condition(result, exact and prod(map(len, box)) == len(good))


def _by_multiples(
    facts: Sequence[Fact], lengths: Mapping[str, int], domains: Domains
) -> Condition | None:
    """For each size the residues that suffice where the others are multiples of their periods."""
    result = domains
    for name in lengths:
        others = domains
        for other, length in lengths.items():
            if other != name:
                others = others.with_residue(other, length, 0)
        found = satisfying_residues(facts, name, others)
        if found is None or found.empty:
            return None
        result = result.restrict(name, found)
    return Condition(result, False) if _hold(facts, result) else None


def _good_classes(
    facts: Sequence[Fact], lengths: Mapping[str, int], domains: Domains
) -> set[tuple[int, ...]] | None:
    """The joint residues for which all facts hold; None where one cannot be decided."""
    options = []
    for name, length in lengths.items():
        known = domains[name]
        starts = range(0, length, known.modulus)
        options.append([start + r for start in starts for r in sorted(known.residues)])
    good = set()
    for joint in product(*options):
        inside = domains
        point = {}
        for (name, length), residue in zip(lengths.items(), joint, strict=True):
            inside = inside.replace(name, _cut(domains[name], length, frozenset({residue})))
            smallest = inside[name].smallest
            if smallest is None:
                break
            point[name] = smallest
        else:
            # most classes fail at their smallest sizes already
            if all(n in point for f in facts for n in _names(f)) and not _true_at(facts, point):
                continue
            verdicts = [decide_fact(fact, inside) for fact in facts]
            if any(isinstance(verdict, Unknown) for verdict in verdicts):
                return None
            if all(isinstance(verdict, Proven) for verdict in verdicts):
                good.add(joint)
    return good


def _names(fact: Fact) -> frozenset[str]:
    return fact.left.symbols() | fact.right.symbols()


def _true_at(facts: Iterable[Fact], point: Mapping[str, int]) -> bool:
    for fact in facts:
        left, right = fact.left.evaluate(point), fact.right.evaluate(point)
        if left != right if fact.kind == "equal" else right == 0 or left % right != 0:
            return False
    return True


def _largest_box(good: set[tuple[int, ...]]) -> tuple[frozenset[int], ...]:
    """Residues of each size, all of whose combinations are good: grown from the smallest one."""
    start = min(good)
    box = [frozenset({r}) for r in start]
    for axis in range(len(start)):
        candidates = {joint[axis] for joint in good}
        box[axis] = frozenset(
            r
            for r in candidates
            if all(joint in good for joint in product(*box[:axis], {r}, *box[axis + 1 :]))
        )
    return tuple(box)


def _cut(domain: Domain, length: int, residues: frozenset[int]) -> Domain:
    return Domain(domain.lower, domain.upper, *reduce_residues(length, residues))


def _period(fact: Fact, name: str) -> int:
    """All classes modulo it are alike, but for a symbolic divisor, where it is a guess."""
    if fact.kind == "divisible" and fact.right.const:
        return period(fact.left, name, abs(fact.right.const))
    return lcm(period(fact.left, name), period(fact.right, name))


# --- sizes that must be the same ---------------------------------------------------------------


def equal_names(fact: Fact, domains: Domains) -> tuple[str, str] | None:
    """Two sizes such that the fact holds where they are equal; None if there are none."""
    names = sorted(_names(fact))
    for i, first in enumerate(names):
        for second in islice(names, i + 1, None):
            try:
                same = {second: Dim.symbol(first)}
                left, right = fact.left.substitute(same), fact.right.substitute(same)
                inside = domains.restrict(first, domains[second])
            except DimError:
                continue
            if isinstance(verdict_of(fact.kind, left, right, inside), Proven):
                return first, second
    return None
