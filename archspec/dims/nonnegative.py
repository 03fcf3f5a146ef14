"""Whether a polynomial without floors stays at or above zero on a box that starts at the origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from archspec.dims.dim import Dim, Symbol

#: None: no bound above.
Uppers = Mapping[str, int | None]

_MAX_STEPS = 2_000
_MAX_SPLITS = 32


@dataclass(frozen=True, slots=True)
class Negative:
    """The polynomial is below zero there."""

    at: Mapping[str, int]


def coefficients(p: Dim, name: str) -> list[int]:
    """Of the univariate `p`, lowest degree first."""
    found = [0] * (p.degree(name) + 1)
    for c, monomial in p.terms():
        found[sum(power for _, power in monomial)] += c
    return found


def first_negative(coeffs: list[int], upper: int | None) -> int | Literal["unknown"] | None:
    """The smallest `0 <= q <= upper` where the polynomial is negative; None if there is none."""
    rest = list(coeffs)  # always the polynomial shifted by q
    for q in range(_MAX_STEPS):
        if upper is not None and q > upper:
            return None
        if rest[0] < 0:
            return q
        if all(c >= 0 for c in rest[1:]):
            return None
        if all(c <= 0 for c in rest[1:]):
            step = _first_negative_falling(rest, None if upper is None else upper - q)
            return None if step is None else q + step
        _shift(rest)
    return "unknown"


def _first_negative_falling(coeffs: list[int], upper: int | None) -> int | None:
    """The same for a falling polynomial, by bisection."""
    high = 1
    while _value(coeffs, high) >= 0:
        if upper is not None and high >= upper:
            return None
        high *= 2
    low = high // 2  # not negative there
    while high - low > 1:
        middle = (low + high) // 2
        if _value(coeffs, middle) < 0:
            high = middle
        else:
            low = middle
    return high if upper is None or high <= upper else None


def _value(coeffs: list[int], q: int) -> int:
    total = 0
    for c in reversed(coeffs):
        total = total * q + c
    return total


def _shift(coeffs: list[int]) -> None:
    """p(q) -> p(q + 1), in place."""
    for i in range(len(coeffs) - 1):
        for j in range(len(coeffs) - 2, i - 1, -1):
            coeffs[j] += coeffs[j + 1]


def nonnegative(p: Dim, uppers: Uppers) -> bool | Negative:
    """True: proven. Negative: a place where it is not, any. False: neither was found."""
    budget = [_MAX_SPLITS]
    return _nonnegative(p, dict(uppers), budget)


def _nonnegative(p: Dim, uppers: dict[str, int | None], budget: list[int]) -> bool | Negative:
    chosen: dict[str, int] = {}
    mixed: str | None = None
    changed = True
    while changed:
        changed, mixed = False, None
        for name in sorted(p.symbols()):
            best = _extreme(p, name, uppers.get(name))
            if best is None:
                mixed = mixed or name
            else:
                chosen[name] = best
                p = p.substitute({name: best})
                changed = True
    if p.const is not None:
        return True if p.const >= 0 else Negative(chosen)
    assert mixed is not None
    if len(p.symbols()) == 1:
        first = first_negative(coefficients(p, mixed), uppers.get(mixed))
        if first == "unknown":
            return False
        return True if first is None else Negative({**chosen, mixed: first})
    # Several sizes with mixed signs: look at 0 and at 1 and above by themselves.
    if budget[0] <= 0:
        return False
    budget[0] -= 1
    low = _nonnegative(p.substitute({mixed: 0}), uppers, budget)
    if low is not True:
        return low if low is False else Negative({**chosen, mixed: 0, **low.at})
    upper = uppers.get(mixed)
    if upper == 0:
        return True
    shifted = p.substitute({mixed: Dim.symbol(mixed) + 1})
    above = {**uppers, mixed: None if upper is None else upper - 1}
    high = _nonnegative(shifted, above, budget)
    if high is True or high is False:
        return high
    return Negative({**chosen, **high.at, mixed: high.at.get(mixed, 0) + 1})


def _extreme(p: Dim, name: str, upper: int | None) -> int | None:
    """The value of `name` at which `p` is least whatever the others are, if the signs show it."""
    signs = {
        c > 0
        for c, monomial in p.terms()
        if any(isinstance(atom, Symbol) and atom.name == name for atom, _ in monomial)
    }
    if signs == {True} or upper == 0:
        return 0
    if signs == {False}:
        return upper
    return None
