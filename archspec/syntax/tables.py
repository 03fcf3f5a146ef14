"""The LALR tables of `grammar/arch.lark`: made by Lark once, then read from the user's cache.

Only `compile_tables` imports Lark, so a process that finds the cache filled never pays for it.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from archspec.syntax import build_expressions, build_statements
from archspec.syntax.building import Build

_FORMAT: Final = 2


@dataclass(frozen=True, slots=True)
class Reduce:
    """Replace the last `size` values by `build(values)`; without `build` the one value stays."""

    size: int
    origin: str
    build: Build | None


@dataclass(frozen=True, slots=True)
class Tables:
    """`actions[state][symbol]` is the next state, or the rule to reduce by."""

    start: int
    end: int
    actions: Mapping[int, Mapping[str, "int | Reduce"]]
    words: Mapping[str, str]  # "residual" -> "RESIDUAL"
    signs: Mapping[str, str]  # "->" -> "ARROW"


def grammar_text() -> str:
    """The grammar, from the installed package or from the checkout around it."""
    installed = resources.files("archspec") / "grammar" / "arch.lark"
    if installed.is_file():
        return installed.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "grammar" / "arch.lark").read_text(encoding="utf-8")


@cache
def load_tables() -> Tables:
    """The tables, from the cache where it holds them, else compiled and put there."""
    grammar = grammar_text()
    key = _digest(f"{_FORMAT} {grammar}")
    path = _cache_directory() / f"grammar-{key[:16]}.json"
    with contextlib.suppress(OSError, ValueError):
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
        if checksum == _digest(key + text):
            return _resolve(json.loads(text))
    data = compile_tables(grammar)
    text = json.dumps(data, separators=(",", ":"))
    _store(path, f"{_digest(key + text)}\n{text}")
    return _resolve(data)


def compile_tables(grammar: str) -> dict[str, Any]:
    """The tables as plain JSON data: rules are `[size, origin, builder name]`."""
    from lark import Lark
    from lark.lexer import PatternStr

    lark = Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start="file",
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    conf = lark.parse_interactive().parser_state.parse_conf
    rules: list[list[Any]] = []
    numbers: dict[Any, int] = {}
    actions: dict[str, dict[str, list[int]]] = {}
    # Lark numbers the states differently in every process: number them as they are reached.
    states = {conf.start_state: 0}
    for state in (reached := [conf.start_state]):
        actions[str(states[state])] = entries = {}
        for symbol, (_, argument) in sorted(conf.states[state].items()):
            if isinstance(argument, int):
                if argument not in states:
                    states[argument] = len(states)
                    reached.append(argument)
                entries[symbol] = [states[argument]]
                continue
            if argument not in numbers:
                numbers[argument] = len(rules)
                name = argument.alias or argument.origin.name
                size = len(argument.expansion)
                stays = size == 1 and argument.options.expand1 and not argument.alias
                rules.append([size, argument.origin.name, "same" if stays else name])
            entries[symbol] = [numbers[argument], 1]
    literals = {
        terminal.pattern.value: terminal.name
        for terminal in lark.terminals
        if isinstance(terminal.pattern, PatternStr)
    }
    return {
        "start": states[conf.start_state],
        "end": states[conf.end_state],
        "rules": rules,
        "actions": actions,
        "words": {text: name for text, name in literals.items() if text.isidentifier()},
        "signs": {text: name for text, name in literals.items() if not text.isidentifier()},
    }


def _resolve(data: dict[str, Any]) -> Tables:
    rules = [Reduce(size, origin, _builder(name)) for size, origin, name in data["rules"]]
    actions: dict[int, dict[str, int | Reduce]] = {
        int(state): {
            symbol: rules[entry[0]] if len(entry) == 2 else entry[0]
            for symbol, entry in row.items()
        }
        for state, row in data["actions"].items()
    }
    return Tables(data["start"], data["end"], actions, data["words"], data["signs"])


def _builder(name: str) -> Build | None:
    """The function that builds a rule; a rule without one is a mistake that ends the start-up."""
    if name == "same":
        return None
    module = build_statements if hasattr(build_statements, name) else build_expressions
    build: Build = getattr(module, name)
    return build


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path(os.path.expanduser("~")) / ".cache") / "archspec"


def _store(path: Path, text: str) -> None:
    """Write the whole file or nothing; a cache that cannot be written is no fault of the user's."""
    import tempfile

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
