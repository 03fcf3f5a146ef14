"""Calls of one block drawn as one box: which may be, and in what order the items then stand."""

from archspec.backends.diagram.plan import Item, Level
from archspec.backends.diagram.words import inputs_of
from archspec.ir import Graph


def reaches(graph: Graph, sources: set[int], targets: set[int]) -> bool:
    """Whether anything in `targets` is computed from anything in `sources`."""
    known = set(sources)
    for node in range(min(sources) + 1, max(targets) + 1):
        if any(edge.source in known for edge in inputs_of(graph, node)):
            if node in targets:
                return True
            known.add(node)
    return False


def put_in_order(level: Level) -> bool:
    """Sort the items so that links lead forward, else as they were; False where that cannot be."""
    waiting: dict[Item, int] = dict.fromkeys(level.items, 0)
    for link in level.links:
        if link.target in waiting and link.source in waiting:
            waiting[link.target] += 1
    found: list[Item] = []
    while waiting:
        item = next((i for i in waiting if waiting[i] == 0), None)
        if item is None:
            return False
        del waiting[item]
        found.append(item)
        for link in level.out_of(item):
            if link.target in waiting:
                waiting[link.target] -= 1
    level.items[:] = found
    return True


def number_calls(level: Level, calls: dict[Item, list[set[int]]]) -> None:
    """Write the number of the call at both ends of what enters and leaves a merged box."""
    for link in level.links:
        source, target = calls.get(link.source, []), calls.get(link.target, [])
        if len(source) > 1:
            link.leaves = _number(source, link.value[0])
        if len(target) > 1:
            link.arrives = _number(target, link.reader)


def _number(calls: list[set[int]], node: int) -> str:
    return next((str(i + 1) for i, nodes in enumerate(calls) if node in nodes), "")
