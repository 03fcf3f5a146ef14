"""Generators of values: functions of a source of random numbers, combined as in hypothesis.

Hypothesis records every number that a value is made of, so that it can shrink the value; that takes
longer than a check does. So it chooses the seeds of batches of calls, and only a call that fails is
drawn again number by number, to be shrunk (`harness.run`).
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")


class Gen(Generic[A]):
    """Draws a value from a source of random numbers."""

    __slots__ = ("draw",)

    def __init__(self, draw: Callable[[Random], A]) -> None:
        self.draw = draw

    def map(self, f: Callable[[A], B]) -> "Gen[B]":
        draw = self.draw
        return Gen(lambda r: f(draw(r)))

    def flatmap(self, f: "Callable[[A], Gen[B]]") -> "Gen[B]":
        draw = self.draw
        return Gen(lambda r: f(draw(r)).draw(r))

    def __or__(self, other: "Gen[Any]") -> "Gen[Any]":
        return one_of(self, other)


#: What a `composite` function draws with.
Draw = Callable[[Gen[Any]], Any]


def just(value: A) -> Gen[A]:
    return Gen(lambda r: value)


def none() -> Gen[None]:
    return just(None)


def integers(low: int, high: int) -> Gen[int]:
    return Gen(lambda r: r.randrange(low, high + 1))


def booleans() -> Gen[bool]:
    return sampled_from((False, True))


def sampled_from(options: Sequence[A]) -> Gen[A]:
    return Gen(lambda r: r.choice(options))


def one_of(*choices: Gen[Any]) -> Gen[Any]:
    return Gen(lambda r: r.choice(choices).draw(r))


def lists(items: Gen[A], min_size: int = 0, max_size: int = 5) -> Gen[list[A]]:
    draw = items.draw
    return Gen(lambda r: [draw(r) for _ in range(r.randrange(min_size, max_size + 1))])


def tuples(*items: Gen[Any]) -> Gen[tuple[Any, ...]]:
    return Gen(lambda r: tuple(item.draw(r) for item in items))


def permutations(values: Sequence[A]) -> Gen[list[A]]:
    def draw(r: Random) -> list[A]:
        rest, order = list(values), []
        while rest:
            order.append(rest.pop(r.randrange(len(rest))))
        return order

    return Gen(draw)


def builds(make: Callable[..., A], *args: Gen[Any], **keywords: Gen[Any]) -> Gen[A]:
    return Gen(
        lambda r: make(*(g.draw(r) for g in args), **{k: g.draw(r) for k, g in keywords.items()})
    )


def fixed_dictionaries(
    needed: Mapping[str, Gen[Any]], optional: Mapping[str, Gen[Any]]
) -> Gen[dict[str, Any]]:
    """All of `needed`, and each of `optional` every other time."""

    def draw(r: Random) -> dict[str, Any]:
        values = {name: gen.draw(r) for name, gen in needed.items()}
        values |= {name: gen.draw(r) for name, gen in optional.items() if r.randrange(2)}
        return values

    return Gen(draw)


def composite(make: Callable[Concatenate[Draw, P], A]) -> Callable[P, Gen[A]]:
    """The generator that `make` describes by what it draws."""

    def gen(*args: P.args, **keywords: P.kwargs) -> Gen[A]:
        return Gen(lambda r: make(lambda g: g.draw(r), *args, **keywords))

    return gen
