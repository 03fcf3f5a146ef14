"""From syntax trees to graphs: names, compile-time values, blocks, loops, limits."""

from archspec.elaborate.context import Limits, Trace
from archspec.elaborate.files import FileScope, Loader, ModelEntry, read_source
from archspec.elaborate.model import Elaborated, elaborate

__all__ = [
    "Elaborated", "FileScope", "Limits", "Loader", "ModelEntry", "Trace", "elaborate",
    "read_source",
]  # fmt: skip
