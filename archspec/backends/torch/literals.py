"""Compile-time values as Python literals and annotations."""

import re
from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim

if TYPE_CHECKING:
    pass


def matches(name: str, text: str) -> tuple[str, ...] | None:
    """The interpolated parts of `text` where the pattern `name` fits it: `enc*` on `enc0`."""
    found = re.fullmatch(re.escape(name).replace(r"\*", "(.+)"), text)
    return None if found is None else found.groups()


def literal(value: Any) -> py.Expr:
    """A compile-time value as Python; lists become tuples, as they are defaults and constants."""
    match value:
        case bool() | int() | float() | str() | None:
            return py.const(value)
        case Dim():
            if value.const is None:
                raise CannotEmit("an open size is no literal")
            return py.const(value.const)
        case list() | tuple():
            return py.Tuple(tuple(literal(v) for v in value))
        case range():
            return py.call("range", *(py.const(v) for v in (value.start, value.stop)))
        case _:
            raise CannotEmit("no literal for this value")


def annotation(values: list[Any]) -> py.Expr:
    """The type of a constructor parameter that takes these values."""
    kinds = {type(v) for v in values}
    if Dim in kinds:
        kinds = (kinds - {Dim}) | {int}
    if kinds <= {int}:
        return py.name("int")
    if kinds <= {int, float}:
        return py.name("float")
    if kinds <= {bool}:
        return py.name("bool")
    if kinds <= {str}:
        return py.name("str")
    if kinds <= {list, tuple, range}:
        items = [item for v in values for item in v]
        inner = annotation(items) if items else py.name("int")
        return py.Subscript(py.name("Sequence"), (inner,))
    if type(None) in kinds and len(kinds) > 1:
        return py.Binary("|", annotation([v for v in values if v is not None]), py.const(None))
    return py.name("Any")
