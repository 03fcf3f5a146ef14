"""Which values a size may have: bounds and residues, from `where` or inferred."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import gcd, lcm

from archspec.dims.dim import DimError

#: Residue sets larger than this are not followed.
MAX_RESIDUES = 65_536


@dataclass(frozen=True, slots=True)
class Domain:
    """The integers `lower <= x <= upper` (None: no bound) with `x % modulus` in `residues`."""

    lower: int = 1
    upper: int | None = None
    modulus: int = 1
    residues: frozenset[int] = frozenset({0})

    def __contains__(self, value: int) -> bool:
        return (
            self.lower <= value
            and (self.upper is None or value <= self.upper)
            and value % self.modulus in self.residues
        )

    def __iter__(self) -> Iterator[int]:
        """The members in ascending order; endless without an upper bound."""
        if not self.residues:
            return
        base = self.lower - self.lower % self.modulus
        ordered = sorted(self.residues)
        while True:
            for residue in ordered:
                value = base + residue
                if self.upper is not None and value > self.upper:
                    return
                if value >= self.lower:
                    yield value
            base += self.modulus

    @property
    def smallest(self) -> int | None:
        """The smallest member, or None for an empty domain."""
        return next(iter(self), None)

    @property
    def empty(self) -> bool:
        return self.smallest is None

    @property
    def tight(self) -> "Domain":
        """The same members, with bounds that are members themselves; one form if it is empty."""
        smallest = self.smallest
        if smallest is None:
            return _NONE
        if self.upper is None:
            return replace(self, lower=smallest)
        mirrored = frozenset(-r % self.modulus for r in self.residues)
        downwards = Domain(-self.upper, -smallest, self.modulus, mirrored)
        largest = -(downwards.smallest or 0)
        if largest == smallest:
            return Domain(smallest, smallest)
        return replace(self, lower=smallest, upper=largest)

    def within(self, other: "Domain") -> bool:
        """Whether every member is one of `other` too."""
        return self.intersect(other).tight == self.tight

    def intersect(self, other: "Domain") -> "Domain":
        """The members of both. DimError where the residues are too many to follow."""
        uppers = [d.upper for d in (self, other) if d.upper is not None]
        upper = min(uppers) if uppers else None
        modulus, residues = _combine(self, other)
        return Domain(max(self.lower, other.lower), upper, modulus, residues)

    def __str__(self) -> str:
        """As a condition on `_`: `_ % 16 == 0 and _ <= 512`."""
        return " and ".join(self.conditions("_")) or "any size"

    def conditions(self, name: str) -> tuple[str, ...]:
        """The domain as `where` clauses on `name`; empty for the default domain."""
        if self.upper == self.lower:
            return (f"{name} == {self.lower}",)
        found = []
        if self.modulus > 1 and len(self.residues) == 1:
            (residue,) = self.residues
            found.append(f"{name} % {self.modulus} == {residue}")
        elif self.modulus > 1:
            options = ", ".join(map(str, sorted(self.residues)))
            found.append(f"{name} % {self.modulus} in [{options}]")
        if self.lower != 1:
            found.append(f"{name} >= {self.lower}")
        if self.upper is not None:
            found.append(f"{name} <= {self.upper}")
        return tuple(found)


def reduce_residues(modulus: int, residues: frozenset[int]) -> tuple[int, frozenset[int]]:
    """The same set of integers with the smallest modulus."""
    if not residues:
        return 1, residues
    for prime in _primes(modulus, len(residues)):
        while modulus % prime == 0:
            smaller = modulus // prime
            folded = frozenset(r % smaller for r in residues)
            if len(folded) * prime != len(residues):
                break
            modulus, residues = smaller, folded
    return modulus, residues


def _primes(n: int, limit: int) -> Iterator[int]:
    """The prime factors up to `limit`: a larger one cannot divide the number of residues."""
    factor = 2
    while factor <= limit and factor <= n:
        if n % factor == 0:
            yield factor
            while n % factor == 0:
                n //= factor
        factor += 1


def _combine(a: Domain, b: Domain) -> tuple[int, frozenset[int]]:
    """The Chinese remainder theorem, for sets of residues."""
    if a.modulus == 1 and a.residues:
        return b.modulus, b.residues
    if b.modulus == 1 and b.residues:
        return a.modulus, a.residues
    common = gcd(a.modulus, b.modulus)
    modulus = lcm(a.modulus, b.modulus)
    by_class: dict[int, list[int]] = {}
    for r in b.residues:
        by_class.setdefault(r % common, []).append(r)
    # x = r + a.modulus * k with x % b.modulus == s
    step = b.modulus // common
    inverse = pow(a.modulus // common, -1, step) if step > 1 else 0
    found: set[int] = set()
    for r in a.residues:
        for s in by_class.get(r % common, ()):
            found.add(r + a.modulus * ((s - r) // common * inverse % step))
        if len(found) > MAX_RESIDUES:
            raise DimError(f"the conditions on a size leave more than {MAX_RESIDUES} residues")
    return reduce_residues(modulus, frozenset(found))


_ANY = Domain()
_NONE = Domain(residues=frozenset())


@dataclass(frozen=True, slots=True)
class Domains:
    """The domains of named sizes; a name that was never constrained is any integer from 1 up."""

    _domains: tuple[tuple[str, Domain], ...] = ()

    @staticmethod
    def of(domains: Mapping[str, Domain]) -> "Domains":
        return Domains(tuple(sorted((n, d) for n, d in domains.items() if d != _ANY)))

    def __getitem__(self, name: str) -> Domain:
        return next((domain for n, domain in self._domains if n == name), _ANY)

    def __iter__(self) -> Iterator[str]:
        """The constrained names, in order."""
        return (name for name, _ in self._domains)

    def __len__(self) -> int:
        return len(self._domains)

    def __contains__(self, values: Mapping[str, int]) -> bool:
        """Whether every value is allowed for its name."""
        return all(value in self[name] for name, value in values.items())

    def restrict(self, name: str, domain: Domain) -> "Domains":
        """`name` is also in `domain`."""
        return Domains.of({**dict(self._domains), name: self[name].intersect(domain)})

    def replace(self, name: str, domain: Domain) -> "Domains":
        """`name` is in `domain`, whatever was known before."""
        return Domains.of({**dict(self._domains), name: domain})

    def with_lower(self, name: str, lower: int) -> "Domains":
        """`name >= lower`."""
        known = self[name]
        return self.replace(name, replace(known, lower=max(lower, known.lower)))

    def with_upper(self, name: str, upper: int) -> "Domains":
        """`name <= upper`."""
        known = self[name]
        least = upper if known.upper is None else min(upper, known.upper)
        return self.replace(name, replace(known, upper=least))

    def with_value(self, name: str, value: int) -> "Domains":
        """`name == value`."""
        return self.with_lower(name, value).with_upper(name, value)

    def with_residue(self, name: str, modulus: int, residue: int) -> "Domains":
        """`name % modulus == residue`; DimError unless `modulus` is positive."""
        return self.with_residues(name, modulus, frozenset({residue}))

    def with_residues(self, name: str, modulus: int, residues: frozenset[int]) -> "Domains":
        """`name % modulus` is one of `residues`; one outside `0..<modulus` never holds."""
        if modulus <= 0:
            raise DimError(f"cannot take `{name}` modulo {modulus}: the divisor must be positive")
        possible = frozenset(r for r in residues if 0 <= r < modulus)
        known = self[name]
        return self.restrict(name, Domain(known.lower, None, *reduce_residues(modulus, possible)))

    @property
    def contradiction(self) -> str | None:
        """The first name that has no allowed value, or None."""
        return next((name for name, domain in self._domains if domain.empty), None)

    def smallest(self, names: frozenset[str]) -> dict[str, int]:
        """The smallest allowed value of each name. DimError if there is none."""
        values = {}
        for name in sorted(names):
            value = self[name].smallest
            if value is None:
                raise DimError(f"no value of `{name}` is allowed")
            values[name] = value
        return values

    def values(self, name: str, count: int) -> tuple[int, ...]:
        """The `count` smallest allowed values, or all if they are fewer."""
        return tuple(islice(self[name], count))
