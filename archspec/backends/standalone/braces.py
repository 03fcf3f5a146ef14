"""Names written shortly, with braces as in a shell: `h.{0..11}.{weight,bias}`."""

import re
from collections.abc import Iterable, Sequence

_COMMAS = re.compile(r"\{[^}]*,[^}]*\}")
_NUMBER = re.compile(r"\{\d+\.\.\d+\}|\d+")
#: A name that holds one of these is left as it is.
_SPECIAL = frozenset("{},")


def folded(names: Iterable[str]) -> tuple[str, ...]:
    """The names, in groups that stand where their first name stood; each is in one group.

    >>> folded(["h.0.weight", "h.0.bias", "h.1.weight", "h.1.bias", "head.bias"])
    ('h.{0..1}.{weight,bias}', 'head.bias')
    """
    groups = list(dict.fromkeys(names))
    if any(_SPECIAL.intersection(name) for name in groups):
        return tuple(groups)
    groups = _last_parts(groups)
    depth = max((len(_numbers(name)) for name in groups), default=0)
    for position in range(depth):
        groups = _ranges(groups, position)
    return tuple(groups)


def _last_parts(names: Sequence[str]) -> list[str]:
    """`norm.weight` and `norm.bias` as `norm.{weight,bias}`."""
    found: dict[str, list[str]] = {}
    for name in names:
        head, dot, last = name.rpartition(".")
        found.setdefault(head + dot, []).append(last)
    return [head + _either(lasts) for head, lasts in found.items()]


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else "{" + ",".join(choices) + "}"


def _ranges(names: Sequence[str], position: int) -> list[str]:
    """Names that differ in the number at `position` from the right alone, as ranges of it."""
    order: dict[tuple[str, str], list[int]] = {}
    found: dict[str | tuple[str, str], None] = {}
    for name in names:
        numbers = _numbers(name)
        number = numbers[-1 - position] if position < len(numbers) else None
        text = number.group() if number is not None else ""
        if number is None or not text.isdigit() or str(int(text)) != text:
            found[name] = None
            continue
        around = (name[: number.start()], name[number.end() :])
        order.setdefault(around, []).append(int(text))
        found[around] = None
    written = []
    for entry in found:
        if isinstance(entry, str):
            written.append(entry)
        else:
            written += [entry[0] + run + entry[1] for run in _runs(order[entry])]
    return written


def _runs(numbers: Iterable[int]) -> list[str]:
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] + 1 == number:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [f"{{{run[0]}..{run[-1]}}}" if len(run) > 1 else str(run[0]) for run in runs]


def _numbers(name: str) -> list[re.Match[str]]:
    """The numbers of a name and the ranges in it, but for those among other choices."""
    return list(_NUMBER.finditer(_COMMAS.sub(lambda choices: " " * len(choices.group()), name)))
