"""Which parameters of a model the emitted constructor can take.

A size that looks fixed in one model may follow from a parameter. So a model is emitted together
with witnesses: the same model with other arguments. What is written must hold for all of them; a
parameter for which that fails is fixed in the emitted class, and its docstring says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from archspec.backends.torch.records import taken_branches
from archspec.diagnostics import ArchSpecError
from archspec.elaborate import Elaborated, elaborate

#: Larger models are emitted with all their parameters fixed: each witness is a model more to check.
MAX_NODES = 20_000

#: So many parameters that decide branches are tried in all combinations.
MAX_COMBINED = 3


#: The models that vary one parameter, by its name.
Varied = dict[str, list[Elaborated]]


def witnesses(model: Elaborated) -> Varied:
    """For each parameter that can vary by itself, the model with one or two other values of it."""
    found: Varied = {}
    if len(model.graph.nodes) > MAX_NODES:
        return found
    values = arguments(model)
    for name, value in values.items():
        for others in (_others(value), _small(value)):
            tried = (_elaborate(model, {**values, name: other}) for other in others)
            varied = next((t for t in tried if t is not None), None)
            if varied is not None:
                found.setdefault(name, []).append(varied)
    return found


def together(model: Elaborated, varied: Varied) -> list[Elaborated]:
    """Models that vary all parameters at once; where there are none, each by itself.

    What stands in a branch is seen with other arguments only where the branch is taken. So those
    parameters that decide a branch are also varied in every combination, with all others.
    """
    found: list[Elaborated] = []
    own = arguments(model)
    for index in (0, 1):
        chosen = {n: models[index] for n, models in varied.items() if index < len(models)}
        values = {n: witness.frame.constants[n] for n, witness in chosen.items()}
        joint = _elaborate(model, {**own, **values}) if len(chosen) > 1 else None
        found += chosen.values() if joint is None else [joint]
    deciding = _deciding(model, varied)
    if not deciding:
        return found
    others = {n: m[0].frame.constants[n] for n, m in varied.items() if n not in deciding}
    for names in _subsets(sorted(deciding)):
        values = {n: deciding[n] for n in names}
        if values or others:
            combined = _elaborate(model, {**own, **others, **values})
            found += [] if combined is None else [combined]
    return found


def _deciding(model: Elaborated, varied: Varied) -> dict[str, Any]:
    """The parameters of which another value takes another branch, each with such a value."""
    usual = taken_branches(model)
    found: dict[str, Any] = {}
    for name, models in varied.items():
        for witness in models:
            if taken_branches(witness) != usual:
                found.setdefault(name, witness.frame.constants[name])
    return found


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    """All combinations of a few names; of many, those of up to two."""
    largest = len(names) if len(names) <= MAX_COMBINED else 2
    for size in range(largest + 1):
        yield from combinations(names, size)


def arguments(model: Elaborated) -> dict[str, Any]:
    """The value of each parameter of the model."""
    return {p.name: model.frame.constants[p.name] for p in model.entry.block.params}


def _elaborate(model: Elaborated, values: Mapping[str, Any]) -> Elaborated | None:
    try:
        return elaborate(model.entry, values)
    except ArchSpecError:
        return None


def _others(value: Any) -> Iterator[Any]:
    """Other values to try, the likelier ones first."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value * 2 if value else 2, value - 1)
        case float():
            yield 0.125 if value == 0 else value / 2
            yield value * 2
        case list() | tuple() if value:
            yield from _other_lists(value)
        case _:
            return


def _small(value: Any) -> Iterator[Any]:
    """The value at which a stride, a ratio or a number of groups does nothing; a shorter list."""
    if type(value) is int and value > 1:
        yield 1
    if type(value) is float and value not in (0.0, 1.0):
        yield 1.0
    if isinstance(value, list | tuple) and len(value) > 1:
        yield value[:-1]


def _other_lists(value: Iterable[Any]) -> Iterator[Any]:
    """Each item changed; and one item more, so that the length varies as well."""
    items = list(value)
    changed = [next(_others(item), item) for item in items]
    if changed != items:
        yield [*changed, changed[-1]]
        yield changed
    yield [*items, items[-1]]
