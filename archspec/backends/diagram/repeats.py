"""Equal units that follow each other: drawn once, with a count."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archspec.backends.diagram.parts import Part
from archspec.backends.diagram.words import inputs_of, join_of

if TYPE_CHECKING:
    from archspec.backends.diagram.build import Model

#: The longest unit, in children of a level.
LONGEST = 12


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """`units` are alike, and each reads the one before it."""

    units: tuple[Part, ...]
    #: Whether later units also read what the first one did not make.
    entered_late: bool = False


def find_runs(model: "Model", children: "Sequence[Part | int]") -> "list[Part | Run | int]":
    """The children of a level, units that repeat taken together."""
    found: list[Part | Run | int] = []
    keys = [_key(model, child) for child in children]
    i = 0
    while i < len(children):
        best: tuple[int, int] | None = None
        if isinstance(children[i], Part):
            best = (1, _repeats(model, children, keys, i, 1))
        for period in range(2, min(LONGEST, (len(children) - i) // 2) + 1):
            if keys[i] != keys[i + period] or not _joins(model, children[i : i + period]):
                continue
            count = _repeats(model, children, keys, i, period)
            if count > 1 and (best is None or count * period > best[0] * best[1]):
                best = (period, count)
        if best is None or best[1] < 2:
            found.append(children[i])
            i += 1
            continue
        period, count = best
        units = tuple(_unit(children[i + k * period : i + (k + 1) * period]) for k in range(count))
        found.append(Run(units))
        i += period * count
    return found


def _key(model: "Model", child: "Part | int") -> Hashable:
    """What equal units have in common; blocks that are reused elsewhere are equal to no other."""
    module = child.module if isinstance(child, Part) else None
    path = module.path if module is not None and module.path in model.reused else ""
    return model.signatures[child], path


def _joins(model: "Model", children: "Sequence[Part | int]") -> bool:
    """Whether features meet between the children, which makes a unit of them."""
    nodes = (model.graph.node(c) for c in children if isinstance(c, int))
    return any(join_of(model.graph, node) is not None for node in nodes)


def _unit(children: "Sequence[Part | int]") -> Part:
    if len(children) == 1 and isinstance(children[0], Part):
        return children[0]
    first = [c if isinstance(c, int) else c.first for c in children]
    last = [c if isinstance(c, int) else c.last for c in children]
    return Part(None, None, list(children), min(first), max(last))


def _repeats(
    model: "Model",
    children: "Sequence[Part | int]",
    keys: Sequence[object],
    start: int,
    period: int,
) -> int:
    """How often the unit at `start` follows itself as a chain."""
    unit = list(keys[start : start + period])
    count = 1
    while keys[start + count * period : start + (count + 1) * period] == unit:
        before = _bounds(children, start + (count - 1) * period, period)
        after = _bounds(children, start + count * period, period)
        first = _bounds(children, start, period)
        if not _follows(model, first[0], before, after):
            break
        count += 1
    return count


def _entries(model: "Model", begin: int, unit: tuple[int, int]) -> set[tuple[int, int]]:
    """The values from before the run that a unit reads."""
    return {
        (edge.source, edge.output)
        for node in range(unit[0], unit[1] + 1)
        for edge in inputs_of(model.graph, node)
        if edge.source < begin
    }


def _bounds(children: "Sequence[Part | int]", start: int, period: int) -> tuple[int, int]:
    unit = children[start : start + period]
    first = unit[0] if isinstance(unit[0], int) else unit[0].first
    last = unit[-1] if isinstance(unit[-1], int) else unit[-1].last
    return first, last


def _follows(model: "Model", begin: int, before: tuple[int, int], after: tuple[int, int]) -> bool:
    """Whether `after` reads one value of `before` and nothing else of its run, and alone."""
    graph = model.graph
    read: set[tuple[int, int]] = set()
    for node in range(after[0], after[1] + 1):
        for edge in inputs_of(graph, node):
            if begin <= edge.source < before[0]:
                return False
            if before[0] <= edge.source <= before[1]:
                read.add((edge.source, edge.output))
    if len(read) != 1 or _entries(model, begin, after) - _entries(model, begin, before):
        return False
    for node in range(before[0], before[1] + 1):
        if node in model.given_out:
            return False
        if any(c > after[1] for c in model.consumers[node]):
            return False
    return True
