"""The imports that emitted modules need, derived from the names they use."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from archspec.pycode.names import names_used
from archspec.pycode.nodes import Import, Module


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a name comes from: `import module [as name]`, or `from module import name`."""

    module: str
    member: bool = False


#: The names that emitted code may use without defining them, beside builtins.
IMPORTS: Final[dict[str, _Source]] = {
    "copy": _Source("copy"),
    "functools": _Source("functools"),
    "itertools": _Source("itertools"),
    "math": _Source("math"),
    "re": _Source("re"),
    "warnings": _Source("warnings"),
    "OrderedDict": _Source("collections", member=True),
    "Callable": _Source("collections.abc", member=True),
    "Iterable": _Source("collections.abc", member=True),
    "Iterator": _Source("collections.abc", member=True),
    "Mapping": _Source("collections.abc", member=True),
    "Sequence": _Source("collections.abc", member=True),
    "deepcopy": _Source("copy", member=True),
    "dataclass": _Source("dataclasses", member=True),
    "partial": _Source("functools", member=True),
    "Path": _Source("pathlib", member=True),
    "Any": _Source("typing", member=True),
    "NamedTuple": _Source("typing", member=True),
    "Self": _Source("typing", member=True),
    "torch": _Source("torch"),
    "F": _Source("torch.nn.functional"),
    "Tensor": _Source("torch", member=True),
    "Dim": _Source("torch.export", member=True),
    "nn": _Source("torch", member=True),
    "init": _Source("torch.nn", member=True),
    "parametrize": _Source("torch.nn.utils", member=True),
    "checkpoint": _Source("torch.utils.checkpoint", member=True),
}

_STANDARD: Final = frozenset(
    {
        "collections",
        "copy",
        "dataclasses",
        "functools",
        "itertools",
        "math",
        "pathlib",
        "re",
        "typing",
        "warnings",
    }
)


def import_lines(module: Module) -> list[str]:
    """The import lines of `module`, sorted as `ruff` does; an empty line between the sections."""
    used = names_used(module)
    sources = {name: IMPORTS[name] for name in used if name in IMPORTS}
    sources |= {i.name: _Source(i.module, member=True) for i in module.imports if i.name in used}
    sections = (
        {name: s for name, s in sources.items() if _is_standard(s)},
        {name: s for name, s in sources.items() if not _is_standard(s)},
    )
    lines: list[str] = []
    for section in sections:
        if section and lines:
            lines.append("")
        lines += _section(section)
    return lines


def _is_standard(source: _Source) -> bool:
    return source.module.split(".")[0] in _STANDARD


def _section(sources: dict[str, _Source]) -> list[str]:
    """First whole modules, then members, each by module."""
    modules = sorted((s.module, name) for name, s in sources.items() if not s.member)
    lines = [_import(module, name) for module, name in modules]
    for origin in sorted({s.module for s in sources.values() if s.member}):
        names = [name for name, s in sources.items() if s.member and s.module == origin]
        lines.append(f"from {origin} import {', '.join(sorted(names, key=_member_order))}")
    return lines


def _import(module: str, name: str) -> str:
    return f"import {module}" if module == name else f"import {module} as {name}"


def _member_order(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then functions."""
    if len(name) > 1 and name.isupper():
        return (0, name)
    return (1 if name[0].isupper() else 2, name)


def reserved_names(imports: Iterable[Import] = ()) -> frozenset[str]:
    """The names that local names of emitted code must not hide."""
    return frozenset(IMPORTS) | {entry.name for entry in imports}
