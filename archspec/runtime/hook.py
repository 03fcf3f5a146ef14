"""Importing `.arch` files as Python modules, for those who ask for it.

import archspec; archspec.install_import_hook()
from specs.densenet import DenseNet121      # compiles specs/densenet.arch
"""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType


def install_import_hook() -> None:
    """Let `import` find `NAME.arch` where it finds no `NAME.py`; a second call changes nothing.

    The module has a class for each model of the spec. A faulty spec raises `ArchSpecError`;
    `importlib.reload` compiles the spec anew.
    """
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def uninstall_import_hook() -> None:
    """Undo `install_import_hook`; modules that are imported stay."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]


class _Finder(importlib.abc.MetaPathFinder):
    """Stands last, so that Python's own modules and packages come first."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        file = f"{fullname.rpartition('.')[2]}.arch"
        for entry in sys.path if path is None else path:
            found = Path(entry or os.getcwd(), file)
            if found.is_file():
                loader = _Loader(found)
                return importlib.machinery.ModuleSpec(fullname, loader, origin=str(found))
        return None


class _Loader(importlib.abc.InspectLoader):
    """Compiles one spec."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def get_source(self, fullname: str) -> str:
        """The emitted Python. Raises `ArchSpecError`."""
        from archspec.runtime.spec import load

        return load(self.path).source()

    def exec_module(self, module: ModuleType) -> None:
        from archspec.runtime.generated import execute

        # Not the spec's own path: `inspect` looks up lines of Python under this name.
        execute(self.get_source(module.__name__), module, f"<{self.path}: emitted>")
