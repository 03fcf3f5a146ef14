"""Polynomials whose coefficient of degree n counts the paths of n steps.

Exact where that is cheap. In deep graphs counts have thousands of digits, so that only the shares
of lengths are kept, as floats, and lengths of a share below 1e-18 are dropped.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_NEGLIGIBLE: Final = 1e-18


@dataclass(frozen=True, slots=True)
class Lengths:
    """`counts[i]` paths of `first + i` steps, times 2 ** `scale`."""

    first: int
    counts: tuple[int, ...] | tuple[float, ...]
    scale: int = 0

    def longer(self, steps: int) -> "Lengths":
        """All paths longer by `steps`."""
        return Lengths(self.first + steps, self.counts, self.scale) if steps else self

    def plus(self, other: "Lengths") -> "Lengths":
        """The paths of both."""
        low, high = (self, other) if self.first <= other.first else (other, self)
        exact = isinstance(low.counts[0], int)
        if not exact and low.scale != high.scale:
            scale = max(low.scale, high.scale)
            low, high = low._scaled(scale), high._scaled(scale)
        gap = high.first - low.first
        counts: list[float] = list(low.counts)
        counts.extend([0] * (gap + len(high.counts) - len(counts)))
        for i, count in enumerate(high.counts, start=gap):
            counts[i] += count
        if exact:
            return Lengths(low.first, tuple(counts))
        return _trimmed(low.first, counts, low.scale)

    def _scaled(self, scale: int) -> "Lengths":
        factor = 2.0 ** max(self.scale - scale, -1074)
        return Lengths(self.first, tuple(c * factor for c in self.counts), scale)

    def shares(self) -> dict[int, Fraction]:
        """The share of the paths that each length has."""
        total = sum(Fraction(c) for c in self.counts)
        return {i: Fraction(c) / total for i, c in enumerate(self.counts, self.first) if c}


def one_path(exact: bool) -> Lengths:
    """A single path of no step."""
    return Lengths(0, (1,) if exact else (1.0,))


def _trimmed(first: int, counts: list[float], scale: int) -> Lengths:
    total = sum(counts)
    least = total * _NEGLIGIBLE
    start, end = 0, len(counts)
    while counts[start] < least:
        start += 1
    while counts[end - 1] < least:
        end -= 1
    if total > 2.0**500:
        return Lengths(first + start, tuple(c * 2.0**-500 for c in counts[start:end]), scale + 500)
    return Lengths(first + start, tuple(counts[start:end]), scale)
