"""Compile-time values as Python literals and annotations."""

import re
from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim
from archspec.elaborate.values import LayerValue

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
        case LayerValue(decl=decl, args=()):
            return py.dotted(decl.torch_name)
        case LayerValue(decl=decl, args=args):
            names = list(decl.Params.model_fields)
            given = tuple((a.name or names[i], literal(a.value)) for i, a in enumerate(args))
            return py.Call(py.name("partial"), (py.dotted(decl.torch_name),), given)
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
    if kinds == {LayerValue}:
        module = py.dotted("nn.Module")
        return py.Subscript(py.name("Callable"), (py.name("..."), module))
    if kinds == {tuple} and len({len(v) for v in values}) == 1 and values[0]:
        columns = zip(*values, strict=True)
        return py.Subscript(py.name("tuple"), tuple(annotation(list(c)) for c in columns))
    if kinds <= {list, tuple, range}:
        items = [item for v in values for item in v]
        inner = annotation(items) if items else py.name("int")
        return py.Subscript(py.name("Sequence"), (inner,))
    if type(None) in kinds and len(kinds) > 1:
        return py.Binary("|", annotation([v for v in values if v is not None]), py.const(None))
    if kinds in ({int, tuple}, {float, tuple}):  # a kernel: one number, or one for each axis
        numbers = [v for v in values if type(v) is not tuple]
        tuples = [v for v in values if type(v) is tuple]
        return py.Binary("|", annotation(numbers), annotation(tuples))
    return py.name("Any")
