"""The finite box of sizes that decides for all sizes, walked from the smallest on.

Replace each size `x` by `L*q + r`, `L` the least common multiple of the divisors it stands under:
in each class `r` every floor is a polynomial in `q`. Such a polynomial vanishes everywhere if it
does on a grid of one more point per size than its degree there. The smallest members of all classes
of a size make up one run of its domain, so the grids of all joint classes together are one box.

The box holds the smallest counterexample too: the grids end at the smallest members, so below every
counterexample (in each coordinate) there is one in the box, and the order used here respects that.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from math import lcm, prod

from archspec.dims.dim import Dim, Symbol
from archspec.dims.domains import Domain

MAX_CLASSES = 65_536
MAX_POINTS = 1 << 18
TRIES = 1 << 14  # sizes to try where no proof is possible

#: Residues known to be single are substituted: the size is `scale * q + shift`.
Scaled = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Axis:
    """The candidates for one size, ascending; `whole` if there is no need to look further."""

    name: str
    values: tuple[int, ...]
    whole: bool
    classes: int


def period(dim: Dim, name: str, modulus: int = 1) -> int:
    """An `L` such that adding `L*q` to `name` adds a polynomial in q times `modulus` to `dim`."""
    total = 1
    for _, monomial in dim.terms():
        for atom, _ in monomial:
            if isinstance(atom, Symbol):
                if atom.name == name:
                    total = lcm(total, modulus)
            elif name in atom.inner.symbols():
                total = lcm(total, period(atom.inner, name, modulus * atom.divisor))
    return total


def effort(*dims: Dim) -> int:
    """About what a question about `dims` takes to decide, where nothing of their sizes is known.

    Counted in steps of about ten microseconds, so that what is settled at once costs nothing.
    """
    names = set[str]().union(*(dim.symbols() for dim in dims))
    classes = prod(lcm(*(period(dim, name) for dim in dims)) for name in names)
    return classes // 8


def class_count(domain: Domain, length: int) -> int:
    """How many residue classes modulo `length` and the domain's modulus it has members in."""
    return lcm(length, domain.modulus) // domain.modulus * len(domain.residues)


def axis(name: str, domain: Domain, length: int, points: int, scaled: Scaled) -> Axis:
    """The `points` smallest members of each class modulo `length`, as values of the size itself."""
    classes = class_count(domain, length)
    wanted = classes * points
    most = MAX_POINTS if classes <= MAX_CLASSES else TRIES
    values = tuple(islice(domain, min(wanted, most)))
    scale, shift = scaled
    # fewer than were asked for: the domain is finite and this is all of it
    whole = wanted <= most or len(values) < most
    return Axis(name, tuple(scale * value + shift for value in values), whole, classes)


def points_by_size(axes: tuple[Axis, ...], least: int = 0) -> Iterator[tuple[int, ...]]:
    """The points of the box ordered by their largest value, then their sum, then value by value.

    `least` is the largest value of sizes that are fixed: a point's largest value is at least that.

    Stops where a candidate that an axis does not list could come before the next point.
    """
    if not axes:
        yield ()
        return
    if any(not one.values for one in axes):
        return
    end = min((one.values[-1] for one in axes if not one.whole), default=None)
    for largest in sorted({max(value, least) for one in axes for value in one.values}):
        if end is not None and largest > end:
            return
        shell = _upto(axes, largest) if largest == least else _shell(axes, largest)
        yield from sorted(shell, key=lambda point: (sum(point), point))


def _upto(axes: tuple[Axis, ...], largest: int) -> Iterator[tuple[int, ...]]:
    return product(*(one.values[: bisect_right(one.values, largest)] for one in axes))


def _shell(axes: tuple[Axis, ...], largest: int) -> Iterator[tuple[int, ...]]:
    """The points whose maximum is `largest`, split by the first axis that attains it."""
    upto = [one.values[: bisect_right(one.values, largest)] for one in axes]
    below = [one.values[: bisect_left(one.values, largest)] for one in axes]
    for i, values in enumerate(upto):
        if values and values[-1] == largest:
            yield from product(*below[:i], [largest], *upto[i + 1 :])


@dataclass(frozen=True, slots=True)
class Searched:
    """`found`: the smallest failing point; `complete`: whether the whole box was walked."""

    found: Mapping[str, int] | None
    complete: bool


def search(
    axes: tuple[Axis, ...], fails: Callable[[dict[str, int]], bool], budget: int, least: int
) -> Searched:
    """Walk the box from the smallest point on until `fails`, at most `budget` points."""
    names = [one.name for one in axes]
    for count, point in enumerate(points_by_size(axes, least)):
        if count >= budget:
            return Searched(None, False)
        values = dict(zip(names, point, strict=True))
        if fails(values):
            return Searched(values, True)
    return Searched(None, all(one.whole for one in axes))


def too_many(axes: tuple[Axis, ...]) -> str | None:
    """Why the box is too large to walk, or None."""
    classes = prod(one.classes for one in axes)
    if classes > MAX_CLASSES:
        return f"there are {_count(classes)} cases of residues to tell apart"
    points = prod(len(one.values) for one in axes)
    if points > MAX_POINTS or not all(one.whole for one in axes):
        return f"there are {_count(points)} combinations of sizes to try"
    return None


def _count(n: int) -> str:
    return f"{n:,}" if n < 10**12 else "too many"
