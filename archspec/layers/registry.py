"""All declarations by name: whatever public class a family module of this package defines."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from inspect import isabstract
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


@cache
def _declarations() -> tuple[Mapping[str, LayerDecl[Any]], Mapping[str, FunctionDecl[Any]]]:
    found: dict[str, Declaration[Any]] = {}
    for family in _families():
        module = import_module(f"archspec.layers.{family}")
        for value in vars(module).values():
            if not isinstance(value, type) or not issubclass(value, Declaration):
                continue
            if value.__module__ != module.__name__ or value.__name__.startswith("_"):
                continue
            if isabstract(value):
                continue
            if value.name in found:
                raise ValueError(f"two declarations are called `{value.name}`")
            found[value.name] = value()
    ordered = sorted(found.items())
    return (
        MappingProxyType({name: d for name, d in ordered if isinstance(d, LayerDecl)}),
        MappingProxyType({name: d for name, d in ordered if isinstance(d, FunctionDecl)}),
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
