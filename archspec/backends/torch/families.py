"""Interpolated names as entries of dicts: `x{i}_{j}` is `x[i, j]`.

Names of different forms are one family where one is read under the form of another, as
`x{i}_0` is by `x{i}_{j - 1}`: it is then `x[i, 0]`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.literals import matches
from archspec.backends.torch.scan import children, defined_names, pattern, value_names
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.translate import Translator
from archspec.elaborate.values import Frame, Label, Pass, Tensor
from archspec.syntax import ast

if TYPE_CHECKING:
    from archspec.backends.torch.emitter import Emitter


def families(body: Any, frames: Iterable[Frame]) -> dict[str, str]:
    """The more general form of a name, by its own, where one is read as the other."""
    read = _read_as(body, frames)
    defined = defined_names(body)
    found: dict[str, str] = {}
    for form, names in read.items():
        for other in defined - {form}:
            if any(name == other or matches(other, name) is not None for name in names):
                if matches(form, other) is not None:
                    _merge(found, other, form)
                elif matches(other, form) is not None and form not in defined:
                    _merge(found, form, other)
    for special in found:
        while found[special] in found:
            found[special] = found[found[special]]
    for plain in (i.name for i in _inputs(body) if i.name in found):
        raise CannotEmit(f"the input `{plain}` is read as `{found[plain]}`")
    return found


def frames_of(passes: Iterable[Pass]) -> list[Frame]:
    """The frames that passes are of, each once."""
    return list({id(p.frame): p.frame for p in passes}.values())


def _merge(found: dict[str, str], special: str, general: str) -> None:
    if "*" in general:
        known = found.get(special)
        if known is None or matches(general, known) is not None:
            found[special] = general


def _read_as(body: Any, frames: Iterable[Frame]) -> dict[str, set[str]]:
    """The names that interpolated ones stand for, by their form."""
    found: dict[str, set[str]] = {}
    records = [frame.read_as for frame in frames]
    stack = [body]
    while stack:
        item = stack.pop()
        if isinstance(item, ast.Template):
            names = set().union(*(record.get(id(item), ()) for record in records))
            if names:
                found.setdefault(pattern(item), set()).update(names)
        stack.extend(children(item))
    return found


def _inputs(body: Any) -> list[ast.Input]:
    return [s for s in getattr(body, "statements", ()) if isinstance(s, ast.Input)]


def indices(name: ast.Name | ast.Template, form: str) -> list[ast.Expr | int | str]:
    """What stands for each `*` of a form in a name: an expression, a number or a text."""
    inner = iter([p for p in getattr(name, "parts", ()) if not isinstance(p, str)])
    found: list[ast.Expr | int | str] = []
    for part in matches(form, pattern(name)) or ():
        if part == "*":
            found.append(next(inner))
        elif "*" in part:
            raise CannotEmit(f"{name.span.text} is read as `{form}`")
        else:
            found.append(int(part) if part.isdecimal() and str(int(part)) == part else part)
    return found


def stem_of(form: str) -> str:
    """The name of a dict for values of this form."""
    return form.replace("*", "").strip("_") or "values"


def dict_type(keys: tuple[str, ...], value: str) -> py.Expr:
    """`dict[tuple[int, int], Tensor]`."""
    names = tuple(py.name(key) for key in keys)
    key = names[0] if len(names) == 1 else py.Subscript(py.name("tuple"), names)
    return py.Subscript(py.name("dict"), (key, py.name(value)))


def keys_of(
    e: "Emitter", name: ast.Name | ast.Template, translate: Translator
) -> tuple[py.Expr, ...]:
    """The keys of a name in its family."""
    form = e.form(name)
    found = indices(name, form)
    if form not in e.key_types:
        first = e.passes[0]
        values = [e.evaluate(k, first) if isinstance(k, ast.Node) else k for k in found]
        e.key_types[form] = tuple(type(v).__name__ for v in values)
    return tuple(translate(k) if isinstance(k, ast.Node) else py.const(k) for k in found)


def dict_of(e: "Emitter", name: ast.Name | ast.Template) -> py.Expr:
    """The dict of `forward` that holds the values of a family of names."""
    form = e.form(name)
    if form not in e.families:
        e.families[form] = py.name(e.forward_names.new(stem_of(form)))
    return e.families[form]


def named_tensor(e: "Emitter", name: ast.Name | ast.Template, pass_: Pass) -> Tensor:
    """The tensor that a name stood for in a pass, unless it was given another since."""
    parts = getattr(name, "parts", (name.span.text,))
    texts = [p if isinstance(p, str) else str(e.evaluate(p, pass_)) for p in parts]
    found = pass_.frame.names.get("".join(texts))
    value = found.value if isinstance(found, Label) else found
    if not isinstance(value, Tensor):
        raise CannotEmit(f"{name.span.text} is no tensor")
    return value


def outwards(e: "Emitter", pass_: Pass) -> Iterator[Pass]:
    """A pass and those around it."""
    scope: Pass | None = pass_
    while scope is not None:
        yield scope
        scope = e.parent(scope)


def loops_around(e: "Emitter", pass_: Pass) -> Iterator[Pass]:
    """The iterations of this class's loops that a pass is or is in."""
    for scope in outwards(e, pass_):
        if id(scope) in e.roots:
            return
        yield scope


def as_here(
    e: "Emitter", node: ast.Node, write: Callable[[], py.Expr]
) -> Callable[[], py.Expr | None]:
    """Writes later what `node` is here; None once a variable that it needs means something else."""
    scope = dict(e.scope)
    needed = value_names(node) & set(scope)

    def code() -> py.Expr | None:
        for name in needed:
            same = e.scope.get(name) is scope[name]
            if not same and not isinstance(scope[name].ctor(), py.Constant):
                return None
        current, e.scope = e.scope, scope
        try:
            return write()
        except CannotEmit:
            return None
        finally:
            e.scope = current

    return code
