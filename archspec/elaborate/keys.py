"""Key maps: how another library names, joins and lays out the weights of a model.

A rule `"ours" from "theirs"` holds for all weights whose names `ours` matches; `{w}` stands for one
part of a name, `{w...}` for any number of them, `{i + 1}` for a number that is counted from 0 on
the other side. Of several rules that match, the last one holds. A weight that none matches has the
same name there.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from archspec.diagnostics import Diagnostic, Label
from archspec.syntax import ast

_PLACEHOLDER: Final = re.compile(
    r"\{(?P<name>[A-Za-z_]\w*)(?:(?P<rest>\.\.\.)| *\+ *(?P<shift>\d{1,9}))?\}", re.ASCII
)
CHANGES: Final = ("transposed",)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a weight comes from: one name, or several that are joined along the first axis."""

    names: tuple[str, ...]
    transposed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class KeyMap:
    """The rules of one `keys` definition."""

    keys: ast.Keys

    def origin(self, name: str) -> Origin:
        """What the weight `name` is called there."""
        for rule in reversed(self.keys.rules):
            values = _match(rule.ours.value, name)
            if values is not None:
                theirs = tuple(_filled(one.value, values) for one in rule.theirs)
                return Origin(theirs, rule.change is not None)
        return Origin((name,))

    def unused(self, names: Iterable[str]) -> list[ast.KeyRule]:
        """The rules that hold for none of `names`."""
        names = list(names)
        return [r for r in self.keys.rules if all(_match(r.ours.value, n) is None for n in names)]


def check_keys(keys: ast.Keys, diagnostics: list[Diagnostic]) -> None:
    """Report rules that no name could follow (A0119)."""

    def error(node: ast.Node, message: str, help: str) -> None:
        label = Label(node.span, "", primary=True)
        diagnostics.append(Diagnostic("A0119", "error", message, (label,), help=(help,)))

    for rule in keys.rules:
        if rule.change is not None and rule.change.id not in CHANGES:
            known = f"write `from transposed {rule.theirs[0].span.text}`, or no word at all"
            error(rule.change, f"a weight cannot be `{rule.change.id}`", known)
        for text in (rule.ours, *rule.theirs):
            rest = _PLACEHOLDER.sub("", text.value)
            if not text.value or "{" in rest or "}" in rest or any(c.isspace() for c in rest):
                error(
                    text,
                    f"`{text.value}` is no name of weights",
                    "a part that varies is written `{i}`, a number from 1 on `{i + 1}`, any number "
                    "of parts `{rest...}`",
                )
        ours = _names(rule.ours.value)
        if len(set(ours)) < len(ours):
            error(rule.ours, "a part that varies is named twice", "give each a name of its own")
        if any(f["shift"] for one in rule.theirs for f in _PLACEHOLDER.finditer(one.value)):
            error(rule.theirs[0], "a number is shifted on the left only", "write `{i}` here")
        for text in rule.theirs:
            if unknown := sorted(set(_names(text.value)) - set(ours)):
                message = f"`{{{unknown[0]}}}` does not stand in {rule.ours.span.text}"
                error(text, message, "each part that varies has the same name on both sides")
            if missing := sorted(set(ours) - set(_names(text.value))):
                message = f"{text.span.text} lacks `{{{missing[0]}}}`: several weights would be one"
                error(text, message, "each part that varies has the same name on both sides")


def _names(pattern: str) -> list[str]:
    return [found["name"] for found in _PLACEHOLDER.finditer(pattern)]


@lru_cache(1024)
def _pattern(text: str) -> tuple[re.Pattern[str], dict[str, int]]:
    """The names that a pattern matches, and how far the numbers in them are shifted."""
    parts: list[str] = []
    shifts: dict[str, int] = {}
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        parts.append(re.escape(text[end : found.start()]))
        name, shift = found["name"], found["shift"]
        if shift is not None:
            shifts[name] = int(shift)
        parts.append(f"(?P<{name}>{'[0-9]+' if shift else '.+' if found['rest'] else '[^.]+'})")
        end = found.end()
    return re.compile("".join([*parts, re.escape(text[end:])])), shifts


def _match(text: str, name: str) -> dict[str, str] | None:
    """What stands in the places that vary, numbers as if counted from 0; None: no match."""
    pattern, shifts = _pattern(text)
    found = pattern.fullmatch(name)
    if found is None:
        return None
    values = found.groupdict()
    for key, shift in shifts.items():
        values[key] = str(int(values[key]) - shift)
        if values[key].startswith("-"):
            return None
    return values


def _filled(text: str, values: dict[str, str]) -> str:
    def fill(found: re.Match[str]) -> str:
        value = values[found["name"]]
        return value if found["shift"] is None else str(int(value) + int(found["shift"]))

    return _PLACEHOLDER.sub(fill, text)
