"""The main path through a level, and what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from archspec.backends.diagram.plan import Item, Link

#: Kinds that lead beside the spine, never along it.
_BESIDE = frozenset({"dense", "residual", "skip", "gate"})


@dataclass(slots=True, eq=False)
class Beside:
    """Connected items off the spine: between the spine's positions `a` and `b` (exclusive).

    -1 stands for the beginning, the spine's length for the end.
    """

    items: list[Item]
    a: int
    b: int
    #: Drawn as a way of its own beside the spine, not as one of equal branches.
    aside: bool = False


@dataclass(slots=True, eq=False)
class Fork:
    """Equal branches, in order; the spine's own stretch is one of them."""

    a: int
    b: int
    branches: list[list[Item]] = field(default_factory=list)


def main_path(items: Sequence[Item], links: Sequence[Link]) -> list[Item]:
    """The longest chain of plain flow; of equal ones the first in order."""
    order = {item: i for i, item in enumerate(items)}
    best: dict[Item, float] = {}
    via: dict[Item, Item | None] = {}
    into: dict[Item, list[Link]] = {}
    for link in links:
        if link.kind not in _BESIDE and link.source in order and link.target in order:
            into.setdefault(link.target, []).append(link)
    for item in items:
        best[item] = _worth(item)
        via[item] = None
        for link in into.get(item, ()):
            if order[link.source] >= order[item]:
                continue
            length = best[link.source] + _worth(item)
            if length > best[item] + 1e-9:
                best[item], via[item] = length, link.source
    if not items:
        return []
    end = max(items, key=lambda item: (best[item], -order[item]))
    path: list[Item] = []
    at: Item | None = end
    while at is not None:
        path.append(at)
        at = via[at]
    return path[::-1]


def _worth(item: Item) -> float:
    """How much the spine wants an item."""
    if item.kind == "port":
        return 0.6
    inner = 0.001 * min(len(item.nodes), 400)
    if item.role == "input" and item.id.isidentifier():
        return 1.01
    return 1.0 + inner


def beside(items: Sequence[Item], links: Sequence[Link], path: Sequence[Item]) -> list[Beside]:
    """The connected parts off the spine, in order."""
    place = {item: i for i, item in enumerate(path)}
    rest = [item for item in items if item not in place]
    group = {item: item for item in rest}

    def find(item: Item) -> Item:
        while group[item] is not item:
            item = group[item]
        return item

    for link in links:
        if link.source in group and link.target in group:
            one, other = find(link.source), find(link.target)
            if one is not other:
                group[other] = one
    found: dict[Item, list[Item]] = {}
    for item in rest:
        found.setdefault(find(item), []).append(item)
    parts: list[Beside] = []
    for members in found.values():
        own = set(members)
        before = [place[k.source] for k in links if k.target in own and k.source in place]
        after = [place[k.target] for k in links if k.source in own and k.target in place]
        a = min(before, default=-1)
        b = max(after, default=len(path))
        leaving = [k for k in links if k.source in own and k.target in place]
        part = Beside(members, a, b)
        part.aside = any(k.kind in _BESIDE for k in leaving) or a >= b
        if a >= b:
            part.a, part.b = -1, len(path)
        parts.append(part)
    return parts


def forks(path: Sequence[Item], parts: list[Beside]) -> list[Fork]:
    """The parts that are branches beside a stretch of the spine; these leave `parts`."""
    size = len(path)
    taken: list[tuple[int, int]] = []
    candidates: dict[tuple[int, int], list[Beside]] = {}
    for part in parts:
        if not part.aside:
            if _is_detour(part, path):
                part.aside = True
                continue
            candidates.setdefault((part.a, part.b), []).append(part)
    chosen: list[tuple[int, int]] = []
    for a, b in sorted(candidates, key=lambda ab: (ab[0] - ab[1], ab)):
        if b - a < 2:
            for part in candidates[a, b]:
                part.aside = True
            continue
        if any(_crosses((a, b), other) for other in taken):
            for part in candidates[a, b]:
                part.aside = True
            continue
        taken.append((a, b))
        if not any(c <= a and b <= d for c, d in chosen):
            chosen.append((a, b))
    found: list[Fork] = []
    for a, b in sorted(chosen):
        inside = [p for p in parts if a <= p.a and p.b <= b and (p.a > -1 or a == -1)]
        inside = [p for p in inside if p.b < size or b == size]
        equal = [p for p in inside if (p.a, p.b) == (a, b) and not p.aside]
        within = [p for p in inside if (p.a, p.b) != (a, b) or p.aside]
        within = [p for p in within if not (p.aside and (p.a <= a or p.b >= b))]
        own = list(path[a + 1 : b]) + [item for p in within for item in p.items]
        fork = Fork(a, b, [own, *(p.items for p in equal)])
        for p in (*equal, *within):
            parts.remove(p)
        found.append(fork)
    return found


def _is_detour(part: Beside, path: Sequence[Item]) -> bool:
    """Whether a part that begins or ends in the open is short beside the spine's stretch."""
    stretch = part.b - part.a - 1
    boxes = sum(1 for item in part.items if item.kind != "port")
    if part.a == -1 and part.b == len(path):
        return False
    if part.a == -1 or part.b == len(path):
        return stretch > 3 * boxes + 1
    return False


def _crosses(one: tuple[int, int], other: tuple[int, int]) -> bool:
    (a, b), (c, d) = one, other
    return a < c < b < d or c < a < d < b
