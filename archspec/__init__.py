"""Neural architectures with declared feature reuse: checked for all sizes, emitted as PyTorch.

Nothing is imported until it is used: `import archspec` costs no more than this file.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.diagnostics import ArchSpecError, Diagnostic
    from archspec.runtime.hook import install_import_hook
    from archspec.runtime.spec import Model, Spec, load, loads

__version__ = "0.1.0"

_HOMES = {
    "ArchSpecError": "archspec.diagnostics",
    "Diagnostic": "archspec.diagnostics",
    "Model": "archspec.runtime.spec",
    "Spec": "archspec.runtime.spec",
    "install_import_hook": "archspec.runtime.hook",
    "load": "archspec.runtime.spec",
    "loads": "archspec.runtime.spec",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'archspec' has no attribute '{name}'")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


__all__ = [
    "ArchSpecError",
    "Diagnostic",
    "Model",
    "Spec",
    "__version__",
    "install_import_hook",
    "load",
    "loads",
]
