"""All declarations by name: whatever public class a family module of this package defines."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any, Final

import archspec.layers
from archspec.layers.base import Declaration, FunctionDecl, LayerDecl
from archspec.layers.index import FAMILIES

#: Modules of this package that declare nothing.
_OTHERS = frozenset(
    {"base", "checks", "describe", "index", "page", "plugins", "registry", "functions_shared"}
)
_HOMES: Final = {name: family for family, names in FAMILIES.items() for name in names.split()}


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
def _family(family: str) -> Mapping[str, Declaration[Any]]:
    """The one instance of each declaration of a module."""
    return {declared.name: declared() for declared in _declared(family)}


@cache
def _declarations() -> tuple[Mapping[str, LayerDecl[Any]], Mapping[str, FunctionDecl[Any]]]:
    layers: dict[str, LayerDecl[Any]] = {}
    functions: dict[str, FunctionDecl[Any]] = {}
    for family in _families():
        for name, declared in _family(family).items():
            if name in layers or name in functions:
                raise ValueError(f"two declarations are called `{name}`")
            if _HOMES.get(name) != family:
                raise ValueError(f"archspec/layers/index.py lacks `{name}` of {family}.py")
            if isinstance(declared, LayerDecl):
                layers[name] = declared
            elif isinstance(declared, FunctionDecl):
                functions[name] = declared
    if unknown := _HOMES.keys() - layers.keys() - functions.keys():
        raise ValueError(f"archspec/layers/index.py names what is not declared: {sorted(unknown)}")
    return MappingProxyType(dict(sorted(layers.items()))), MappingProxyType(
        dict(sorted(functions.items()))
    )


def layers() -> Mapping[str, LayerDecl[Any]]:
    """Every layer by name, sorted."""
    return _declarations()[0]


def functions() -> Mapping[str, FunctionDecl[Any]]:
    """Every tensor function by name, sorted."""
    return _declarations()[1]


@lru_cache(1024)
def layer(name: str) -> LayerDecl[Any] | None:
    """The layer called `name`; only the family that declares it is loaded."""
    declared = _declaration(name)
    return declared if isinstance(declared, LayerDecl) else None


@lru_cache(1024)
def function(name: str) -> FunctionDecl[Any] | None:
    """The tensor function called `name`; only the family that declares it is loaded."""
    declared = _declaration(name)
    return declared if isinstance(declared, FunctionDecl) else None


def _declaration(name: str) -> Declaration[Any] | None:
    family = _HOMES.get(name)
    if family is not None:
        return _family(family).get(name)
    if not name[:1].isupper():
        return None
    from archspec.layers.plugins import plugin_layers

    return plugin_layers().get(name)
