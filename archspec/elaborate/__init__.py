"""From syntax trees to graphs: names, compile-time values, blocks, loops, limits."""

from archspec.elaborate.context import Limits
from archspec.elaborate.files import FileScope, Loader, ModelEntry, read_source
from archspec.elaborate.model import Elaborated, elaborate

__all__ = ["Elaborated", "FileScope", "Limits", "Loader", "ModelEntry", "elaborate", "read_source"]
