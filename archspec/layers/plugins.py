"""Layers that other installed packages declare, under the entry point group `archspec.layers`.

Each entry names a module; its public subclasses of `LayerDecl` are layers, as those of this package
are. The packages are looked for only when a name is not one of archspec's own.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.layers.base import LayerDecl
from archspec.layers.index import FAMILIES

GROUP: Final = "archspec.layers"


@cache
def plugin_layers() -> Mapping[str, LayerDecl[Any]]:
    """Their layers by name, sorted. Raises `ArchSpecError` A0117 where a package is at fault."""
    from importlib.metadata import entry_points

    own = {name for names in FAMILIES.values() for name in names.split()}
    found: dict[str, tuple[LayerDecl[Any], str]] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        for decl in _declared(entry.value, entry.name):
            if decl.name in own:
                raise _fault(entry.name, f"its `{decl.name}` has the name of one of archspec's own")
            if decl.name in found:
                other = found[decl.name][1]
                raise _fault(entry.name, f"its `{decl.name}` is declared by `{other}` as well")
            found[decl.name] = decl, entry.name
    return MappingProxyType({name: decl for name, (decl, _) in sorted(found.items())})


def _declared(module: str, name: str) -> list[LayerDecl[Any]]:
    try:
        loaded = import_module(module)
    except Exception as error:  # noqa: BLE001 - another package's module may raise anything
        why = f"importing `{module}` failed: {type(error).__name__}: {error}"
        raise _fault(name, why) from None
    classes = [
        value
        for key, value in vars(loaded).items()
        if isinstance(value, type)
        and issubclass(value, LayerDecl)
        and value.__module__ == loaded.__name__
        and not key.startswith("_")
    ]
    for declared in classes:
        if declared.module is None:
            raise _fault(name, f"its `{declared.name}` does not say what it is imported from")
    try:
        return [declared() for declared in classes]
    except TypeError as error:  # an abstract method is left out
        raise _fault(name, str(error)) from None


def _fault(name: str, why: str) -> ArchSpecError:
    message = f"the package behind the entry point `{name}` of `{GROUP}` cannot be used: {why}"
    help = "repair or uninstall that package"
    return ArchSpecError((Diagnostic("A0117", "error", message, help=(help,)),))
