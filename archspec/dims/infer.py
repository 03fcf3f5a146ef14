"""The weakest condition on sizes under which facts hold: what a `where` should say."""

from collections.abc import Sequence
from math import lcm

from archspec.dims.decide import decide_fact
from archspec.dims.dim import DimError
from archspec.dims.domains import Domain, Domains, reduce_residues
from archspec.dims.search import period
from archspec.dims.verdict import Fact, Proven, Unknown

#: Residues tried for one size.
MAX_PERIOD = 4_096
#: Bounds are looked for below this.
MAX_LOWER = 1 << 20


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
        good = set()
        for residue in range(length):
            inside = domains.with_residue(name, length, residue)
            if inside[name].empty:
                continue
            verdicts = [decide_fact(fact, inside) for fact in asked]
            if any(isinstance(verdict, Unknown) for verdict in verdicts):
                return None
            if all(isinstance(verdict, Proven) for verdict in verdicts):
                good.add(residue)
        known = domains[name]
        return Domain(known.lower, known.upper, *reduce_residues(length, frozenset(good)))
    except DimError:
        return None


def satisfying(facts: Sequence[Fact], domains: Domains) -> Domains | None:
    """Domains in which all facts hold, bounds left out; None if none was found.

    For each size the weakest residues, given that the other sizes are multiples of their periods;
    the result is checked, so it is sound, though not always the weakest for sizes that interact.
    """
    asked = [fact for fact in facts if fact.kind != "at_least"]
    names = sorted({name for fact in asked for name in fact.left.symbols() | fact.right.symbols()})
    try:
        result = domains
        for name in names:
            others = domains
            for other in names:
                if other != name:
                    length = lcm(1, *(_period(fact, other) for fact in asked))
                    others = others.with_residue(other, length, 0)
            found = satisfying_residues(asked, name, others)
            if found is None or found.empty:
                return None
            result = result.restrict(name, found)
    except DimError:
        return None
    proven = all(isinstance(decide_fact(fact, result), Proven) for fact in asked)
    return result if proven and result.contradiction is None else None


def satisfying_lower(facts: Sequence[Fact], name: str, domains: Domains) -> int | None:
    """The smallest `n` such that all facts hold where `name >= n`; None if none was found."""

    def hold(lower: int) -> bool:
        inside = domains.with_lower(name, lower)
        return inside.contradiction is None and all(
            isinstance(decide_fact(fact, inside), Proven) for fact in facts
        )

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


def _period(fact: Fact, name: str) -> int:
    """All classes modulo it are alike, but for a symbolic divisor, where it is a guess."""
    if fact.kind == "divisible" and fact.right.const:
        return period(fact.left, name, abs(fact.right.const))
    return lcm(period(fact.left, name), period(fact.right, name))
