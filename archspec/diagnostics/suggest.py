"""The names an author may have meant."""

from collections.abc import Iterable


def closest(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """At most `limit` of `candidates` that are a slip of the keyboard away from `name`, best first.

    >>> closest("Covn2d", ["Conv1d", "Conv2d", "Linear"])
    ['Conv2d', 'Conv1d']
    """
    scored = []
    for candidate in dict.fromkeys(candidates):
        if candidate == name:
            continue
        worst = max(len(name), len(candidate)) / 3
        # A difference in case alone is the likeliest slip, whatever the length: `relu`, `ReLU`.
        distance = edit_distance(name.casefold(), candidate.casefold())
        if distance <= worst:
            scored.append((distance, edit_distance(name, candidate), candidate))
    return [candidate for *_, candidate in sorted(scored)[:limit]]


def edit_distance(a: str, b: str) -> int:
    """How many characters to insert, remove, replace or swap with a neighbour to get from a to b.

    >>> edit_distance("Covn2d", "Conv2d")
    1
    """
    before_last: list[int] = []
    last = list(range(len(b) + 1))
    for i, char_a in enumerate(a, start=1):
        row = [i]
        for j, char_b in enumerate(b, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (char_a != char_b))
            if i > 1 and j > 1 and char_a == b[j - 2] and a[i - 2] == char_b:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before_last, last = last, row
    return last[-1]
