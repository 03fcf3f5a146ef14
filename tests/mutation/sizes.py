"""At which sizes a mutant is run: large ones of many residues, the smallest where they count."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from tests.mutation.oracle import Conditions, holds

#: Sizes that are looked at; `LARGE` are beyond what any model here shrinks to nothing.
MOST: Final = 1_400
LARGE: Final = 450
#: Where fewer are admitted than that, larger ones are looked at too.
FEW: Final = 4
FARTHEST: Final = 30_000
#: Two sizes of the same rest modulo this are alike to every model here.
PERIOD: Final = 2**6 * 3 * 5 * 7


def admitted(name: str, conditions: Conditions) -> tuple[int, ...]:
    """The values of one size up to `MOST` that its own conditions admit."""
    constants = tuple(sorted((k, repr(v)) for k, v in conditions.constants.items()))
    return _admitted(name, conditions.by_name.get(name, ()), _Key(constants, conditions.constants))


class _Key:
    """Constants as a key: equal where they print the same."""

    def __init__(self, text: tuple[tuple[str, str], ...], values: Mapping[str, object]) -> None:
        self.text = text
        self.values = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@lru_cache(maxsize=4096)
def _admitted(name: str, clauses: tuple[str, ...], constants: _Key) -> tuple[int, ...]:
    found: list[int] = []
    end = MOST
    values = range(1, end + 1)
    while len(found) < FEW and end <= FARTHEST:
        found += [
            value
            for value in values
            if all(holds(clause, {**constants.values, name: value}) for clause in clauses)
        ]
        values, end = range(end + 1, 4 * end + 1), 4 * end
    return tuple(found)


def large(
    names: Sequence[str],
    batches: Collection[str],
    conditions: Conditions,
    count: int,
    lowest: Mapping[str, int] | None = None,
) -> list[dict[str, int]]:
    """`count` points of large sizes, consecutive ones and any other; of `batches` the smallest two.

    A batch of one is among the small points.
    """
    chance = random.Random(0)
    columns: list[list[int]] = []
    for number, name in enumerate(names):
        least = (lowest or {}).get(name, 1)
        values = [value for value in admitted(name, conditions) if value >= least]
        top = [value for value in values if value >= LARGE] or values[len(values) // 2 :]
        if name in batches:
            top = [value for value in values if value > 1][:2] or values
        if not top:
            return []
        first = count - count // 3
        column = (top[number:] + top)[:first] if name not in batches else (top * count)[:count]
        columns.append(column + [chance.choice(top) for _ in range(count - len(column))])
    return _joint(names, columns, conditions, count)


def small(
    names: Sequence[str], conditions: Conditions, lowest: Mapping[str, int], count: int
) -> list[dict[str, int]]:
    """The `count` smallest sizes not below `lowest`, all together."""
    columns: list[list[int]] = []
    for name in names:
        values = [v for v in admitted(name, conditions) if v >= lowest.get(name, 1)][:count]
        if not values:
            return []
        columns.append(values + values[-1:] * (count - len(values)))
    return _joint(names, columns, conditions, count)


def enlarged(point: Mapping[str, int], conditions: Conditions) -> list[dict[str, int]]:
    """`point` and a point of the same rests with large sizes, where they are admitted."""
    shifted = {name: value + PERIOD for name, value in point.items()}
    return [dict(p) for p in (shifted, point) if conditions.admits(p)]


def _joint(
    names: Sequence[str], columns: list[list[int]], conditions: Conditions, count: int
) -> list[dict[str, int]]:
    """Points of one value a column; where conditions tie sizes to each other, equal ones too."""
    points = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=False)]
    if "" in conditions.by_name:
        points += [dict.fromkeys(names, value) for column in columns for value in column]
        points += [{**a, n: a[m]} for a in points for n in names for m in names]
    return list(_distinct(p for p in points if conditions.admits(p)))[:count]


def _distinct(points: Iterator[dict[str, int]]) -> Iterator[dict[str, int]]:
    seen = set()
    for point in points:
        key = tuple(sorted(point.items()))
        if key not in seen:
            seen.add(key)
            yield point
