"""Expressions for integers that were observed: how a size follows from others.

>>> fit({"H": 32}, 15, lambda change: (change.get("H", 32) - 3) // 2 + 1)
'(H - 1)//2'
>>> fit({"T": 6, "dim": 8}, 16, lambda change: 2 * change.get("dim", 8))
'2*dim'
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Final

from archspec.dims import Dim

#: What an observed size is after some variables have changed; None where nothing can be observed.
Observe = Callable[[Mapping[str, int]], int | None]

_MAX_DIVISOR: Final = 64
_MAX_SHIFT: Final = 64


def changes(value: int) -> list[int]:
    """Other values for a variable: multiples first, since what is divided stays divisible."""
    return [2 * value, 3 * value, *(value + step for step in (1, 2, 4, 8, 16)), 5 * value]


def fit(variables: Mapping[str, int], base: int, observe: Observe) -> str | None:
    """An expression for the observed size that holds at every change tried; None if none is found.

    `variables` are the names with their present values, `base` what is observed there.
    """
    seen: dict[str, dict[int, int]] = {}
    for name, value in variables.items():
        points = {value: base}
        for changed in changes(value):
            found = observe({name: changed})
            if found is not None:
                points[changed] = found
        if len(set(points.values())) > 1:
            seen[name] = points
    match list(seen.items()):
        case []:
            return str(base)
        case [(name, points)]:
            dim = _linear(name, points) or _floor(name, points)
            return None if dim is None else str(dim)
        case _:
            return _several(variables, seen, base, observe)


def _linear(name: str, points: Mapping[int, int]) -> Dim | None:
    (x0, y0), (x1, y1) = list(points.items())[:2]
    if (y1 - y0) % (x1 - x0):
        return None
    dim = Dim.symbol(name) * ((y1 - y0) // (x1 - x0))
    dim = dim + (y0 - dim.evaluate({name: x0}))
    return dim if _holds(dim, name, points) else None


def _floor(name: str, points: Mapping[int, int]) -> Dim | None:
    """`(x + a)//d + b`: what strides, pooling and patches do."""
    x = Dim.symbol(name)
    (x0, y0), *_ = points.items()
    for divisor in range(2, _MAX_DIVISOR + 1):
        for shift in sorted(range(-_MAX_SHIFT, _MAX_SHIFT + 1), key=abs):
            part = (x + shift) // divisor
            dim = part + (y0 - part.evaluate({name: x0}))
            if _holds(dim, name, points):
                return dim
    return None


def _holds(dim: Dim, name: str, points: Mapping[int, int]) -> bool:
    return all(dim.evaluate({name: at}) == y for at, y in points.items())


def _several(
    variables: Mapping[str, int], seen: Mapping[str, Mapping[int, int]], base: int, observe: Observe
) -> str | None:
    """A product of several variables, or a sum of multiples of them, tried at joint changes."""
    names = list(seen)
    candidates: list[Dim] = []
    whole = prod(variables[name] for name in names)
    if base % whole == 0:
        product = Dim.of(base // whole)
        for name in names:
            product = product * Dim.symbol(name)
        candidates.append(product)
    parts = [_linear(name, seen[name]) for name in names]
    if all(part is not None for part in parts):
        total = Dim.of(base)
        for part in parts:
            assert part is not None
            total = total + part - base
        candidates.append(total)
    for divisor in names:  # patches: H//patch * W//patch
        others = [name for name in names if name != divisor]
        whole = prod(variables[name] // variables[divisor] for name in others)
        if whole and base % whole == 0:
            product = Dim.of(base // whole)
            for name in others:
                product = product * (Dim.symbol(name) // variables[divisor])
            if all(_agrees(product, variables, {n: at}, observe) for n in others for at in seen[n]):
                return _over(divisor, others, base // whole, variables, seen[divisor])
    joint = [{n: changes(variables[n])[(i + k) % 3] for i, n in enumerate(names)} for k in range(3)]
    for dim in candidates:
        if all(_agrees(dim, variables, change, observe) for change in _points(names, seen, joint)):
            return str(dim)
    return None


def _over(
    divisor: str,
    others: Sequence[str],
    factor: int,
    variables: Mapping[str, int],
    points: Mapping[int, int],
) -> str | None:
    """`factor*(H//patch)*(W//patch)`, if it holds for other divisors as well."""
    for value, y in points.items():
        if y != factor * prod(variables[name] // value for name in others):
            return None
    parts = [f"({name}//{divisor})" for name in others]
    return "*".join([str(factor), *parts] if factor > 1 else parts)


def _points(
    names: Sequence[str],
    seen: Mapping[str, Mapping[int, int]],
    joint: Sequence[Mapping[str, int]],
) -> list[Mapping[str, int]]:
    return [{name: at} for name in names for at in seen[name]] + list(joint)


def _agrees(
    dim: Dim, variables: Mapping[str, int], change: Mapping[str, int], observe: Observe
) -> bool:
    found = observe(change)
    return found is None or found == dim.evaluate({**variables, **change})
