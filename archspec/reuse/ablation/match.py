"""Models widened until they have as many parameters as another one.

A comparison of a model with a part of it says little if the part is smaller: this is the control
that differs in the reuse alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import gcd
from typing import Any, Final

from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.elaborate import Elaborated
from archspec.passes.costs import costs

#: Floats are changed by hundredths: a width of 1.37 is written as that.
_HUNDREDTHS: Final = 100
#: How often a number is doubled at most, and how many neighbours of one that fails are tried.
_DOUBLINGS, _NEIGHBOURS = 12, 4


@dataclass(frozen=True, slots=True)
class Widened:
    """A model with other values for some of its parameters."""

    model: Elaborated
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Knob:
    """A parameter as a multiple of what it is made of: `[64, 128]` is 64 times `[1, 2]`."""

    name: str
    start: int
    units: tuple[int, ...]
    kind: str

    def value(self, times: int) -> Any:
        match self.kind:
            case "int":
                return times
            case "float":
                return times / _HUNDREDTHS
            case _:
                return [unit * times for unit in self.units]


def matched(
    model: Elaborated,
    parameters: int,
    rebuild: Callable[[Mapping[str, Any]], Elaborated],
    by: str | None = None,
) -> Widened:
    """`model`, wider or narrower, with as nearly `parameters` as can be reached.

    Raises `ArchSpecError` A0120 where no parameter (or not `by`) changes the width alone, or where
    several do and none is named.
    """

    def attempt(knob: _Knob, times: int) -> Elaborated | None:
        try:
            return rebuild({knob.name: knob.value(times)}) if times > 0 else None
        except ArchSpecError:
            return None

    knob = _choose(model, by, attempt)
    step = next(s for s in range(1, knob.start + 1) if attempt(knob, knob.start + s) is not None)

    @cache
    def at(index: int) -> tuple[int, Elaborated] | None:
        """The parameters and the model of a step away from the start, or of one near by."""
        for near in range(_NEIGHBOURS):
            for sign in (1, -1):
                found = attempt(knob, knob.start + step * (index + sign * near))
                if found is not None:
                    return costs(found.graph).parameters, found
        return None

    best = _nearest(at, parameters)
    changed = best.frame.constants[knob.name]
    return Widened(best, {knob.name: changed})


def _nearest(at: Callable[[int], tuple[int, Elaborated] | None], parameters: int) -> Elaborated:
    start = at(0)
    assert start is not None
    found = [start]
    sign = 1 if start[0] < parameters else -1
    low, high = 0, 1
    for _ in range(_DOUBLINGS):
        reached = at(sign * high)
        if reached is None:
            break
        found.append(reached)
        if (reached[0] - parameters) * sign >= 0:
            break
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        reached = at(sign * middle)
        if reached is None:
            high = middle
            continue
        found.append(reached)
        if (reached[0] - parameters) * sign >= 0:
            high = middle
        else:
            low = middle
    return min(found, key=lambda pair: abs(pair[0] - parameters))[1]


def _choose(
    model: Elaborated, by: str | None, attempt: Callable[[_Knob, int], Elaborated | None]
) -> _Knob:
    knobs = list(_knobs(model))
    if by is not None:
        knobs = [knob for knob in knobs if knob.name == by]
    able = [knob for knob in knobs if _widens(model, knob, attempt)]
    if len(able) == 1:
        return able[0]
    name = model.entry.name
    if not able:
        named = f"`{by}`" if by is not None else "no parameter"
        message = f"{named} changes the width of `{name}` and nothing else"
        if by is not None:
            message = f"`{by}` does not change the width of `{name}` alone"
        help = "give the model a parameter for its width, such as `width = 64`"
    else:
        listed = ", ".join(f"`{knob.name}`" for knob in able)
        message = f"several parameters widen `{name}`: {listed}"
        help = f"choose one: `--by {able[0].name}`"
    raise ArchSpecError((Diagnostic("A0120", "error", message, help=(help,)),))


def _knobs(model: Elaborated) -> Iterator[_Knob]:
    """The parameters that are numbers, or lists of whole numbers."""
    for param in model.entry.block.params:
        match model.frame.constants.get(param.name):
            case bool():
                continue
            case int() as value if value > 0:
                yield _Knob(param.name, value, (1,), "int")
            case float() as value if value > 0:
                yield _Knob(param.name, round(value * _HUNDREDTHS), (1,), "float")
            case [*values] if values and all(type(v) is int and v > 0 for v in values):
                common = gcd(*values)
                units = tuple(v // common for v in values)
                yield _Knob(param.name, common, units, "list")
            case _:
                continue


def _widens(
    model: Elaborated, knob: _Knob, attempt: Callable[[_Knob, int], Elaborated | None]
) -> bool:
    """Whether twice the value gives the same layers, wider, between the same inputs and outputs."""
    wide = attempt(knob, 2 * knob.start)
    if wide is None:
        return False
    old, new = model.graph, wide.graph
    same = [n.name for n in old.nodes] == [n.name for n in new.nodes]
    ends = [
        [g.node(i).outputs for i in g.inputs] + [(g.type_of(v),) for _, v in g.outputs]
        for g in (old, new)
    ]
    taken = [[(p.symbol, str(p.domain)) for p in g.promises] for g in (old, new)]
    return (
        same
        and str(ends[0]) == str(ends[1])
        and taken[0] == taken[1]
        and costs(new).parameters > costs(old).parameters
    )
