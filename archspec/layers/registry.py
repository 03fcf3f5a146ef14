"""All declarations by name: whatever public class a family module of this package defines."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

import archspec.layers
from archspec.layers.base import Declaration, FunctionDecl, LayerDecl

#: Modules of this package that declare nothing.
_OTHERS = frozenset({"base", "checks", "describe", "registry", "functions_shared"})


def _families() -> list[str]:
    names = (module.name for module in iter_modules(archspec.layers.__path__))
    return sorted(name for name in names if name not in _OTHERS)


def _declared(family: str) -> Iterator[type[Any]]:
    """The public declarations that a module defines."""
    module = import_module(f"archspec.layers.{family}")
    for value in vars(module).values():
        if not isinstance(value, type) or value.__module__ != module.__name__:
            continue
        # Not `issubclass`: with abstract base classes that costs 100 ms over all declarations.
        if Declaration in value.__mro__ and not value.__name__.startswith("_"):
            yield value


@cache
def _declarations() -> tuple[Mapping[str, LayerDecl[Any]], Mapping[str, FunctionDecl[Any]]]:
    layers: dict[str, LayerDecl[Any]] = {}
    functions: dict[str, FunctionDecl[Any]] = {}
    for family in _families():
        for declared in _declared(family):
            if declared.name in layers or declared.name in functions:
                raise ValueError(f"two declarations are called `{declared.name}`")
            if LayerDecl in declared.__mro__:
                layers[declared.name] = declared()
            else:
                functions[declared.name] = declared()
    return MappingProxyType(dict(sorted(layers.items()))), MappingProxyType(
        dict(sorted(functions.items()))
    )


def layers() -> Mapping[str, LayerDecl[Any]]:
    """Every layer by name, sorted."""
    return _declarations()[0]


def functions() -> Mapping[str, FunctionDecl[Any]]:
    """Every tensor function by name, sorted."""
    return _declarations()[1]


def layer(name: str) -> LayerDecl[Any] | None:
    return layers().get(name)


def function(name: str) -> FunctionDecl[Any] | None:
    return functions().get(name)
