"""Lists of values that a loop named: `concat([h{j} for j in links])`."""

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter, Hints, Static, Val
from archspec.backends.torch.families import as_here, keys_of, named_tensor, outwards, stem_of
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim
from archspec.elaborate.values import Pass
from archspec.syntax import ast


def note_channels(e: Emitter, target: ast.Name | ast.Template, value: Val) -> None:
    """`h_channels[i] = …` in the constructor, dropped later if nothing reads it."""
    from archspec.backends.torch.loops import UNKNOWN

    text = e.form(target)
    if "*" not in text or value.items or not value.hints:
        return
    if text not in e.channels:
        e.channels[text] = e.ctor_names.new(f"{stem_of(text)}_channels")
    keys = keys_of(e, target, e.translate)
    try:
        size = e.sizes.render(value.hints[_axis(len(value.hints))])
    except CannotEmit:
        size = py.name(UNKNOWN)
    e.state.ctor.append(py.Assign(py.Subscript(py.name(e.channels[text]), keys), size))


def known_hints(e: Emitter, name: ast.Name | ast.Template, family: Val) -> Hints:
    """The sizes of one of a family; its channels from the dict, where its keys tell them."""
    form, axis = e.form(name), _axis(len(family.hints))
    if form not in e.channels or family.items:
        return family.hints
    try:
        actual = [(p, named_tensor(e, name, p).type.shape[axis]) for p in e.passes]
    except (CannotEmit, IndexError):  # a variable of a list stands in the name
        return family.hints
    if e.sizes.holds(family.hints[axis], actual):
        return family.hints
    known = {id(p): dim for p, dim in actual}

    def value(p: Pass) -> Dim:
        for scope in outwards(e, p):
            if id(scope) in known:
                return known[id(scope)]
        raise CannotEmit(f"{name.span.text} is not recorded")

    def code() -> py.Expr:
        return py.Subscript(py.name(e.channels[form]), keys_of(e, name, e.translate))

    hint = e.sizes.fresh(form, value, as_here(e, name, code))
    return (*family.hints[:axis], hint, *family.hints[axis + 1 :])


def _axis(rank: int) -> int:
    """The axis of the channels."""
    return 1 if rank > 2 else rank - 1


def spread(e: Emitter, expr: ast.Comprehension) -> Val:
    """The tensors of a list, as `*(h[j] for j in links)` among the arguments of a function."""
    from archspec.backends.torch.expressions import tensor_expr

    if not isinstance(expr.element, ast.Template | ast.Attribute):
        raise CannotEmit("a list of values that have no names of their own")
    iterable = e.translate_forward(expr.iterable)
    outer = dict(e.scope)
    e.scope |= {name: Static.fixed(py.name(name)) for name in expr.targets}
    try:
        element = tensor_expr(e, expr.element, None)
        condition = None if expr.condition is None else e.translate_forward(expr.condition)
    finally:
        e.scope = outer
    items = py.Comprehension(element.expr, _target(expr), iterable, condition, generator=True)
    return Val(py.Starred(items), element.hints, spread=expr)


def _target(expr: ast.Comprehension) -> py.Expr:
    names = tuple(py.name(name) for name in expr.targets)
    return names[0] if len(names) == 1 else py.Tuple(names)


def total(e: Emitter, val: Val, axis: int, sums: list[tuple[Pass, Dim]]) -> Dim:
    """The sizes of the listed tensors on an axis together: a product, or the sum of a dict."""
    expr, rank = val.spread, len(val.hints)
    assert expr is not None
    if expr.condition is None and isinstance(expr.iterable, ast.Range):
        low, high = expr.iterable.low, expr.iterable.high
        ends = [[(p, e.evaluate(x, p)) for p, _ in sums] for x in (low, high)]
        first, last = (e.static_hint(x, v) for x, v in zip((low, high), ends, strict=True))
        product = (last - first + int(expr.iterable.inclusive)) * val.hints[axis]
        if e.sizes.holds(product, sums):
            return product
    if not isinstance(expr.element, ast.Template):
        return e.sizes.unknown()
    text = e.form(expr.element)
    if axis != _axis(rank) or text not in e.channels:
        return e.sizes.unknown()
    known = {id(p): dim for p, dim in sums}

    def value(p: Pass) -> Dim:
        for scope in outwards(e, p):
            if id(scope) in known:
                return known[id(scope)]
        raise CannotEmit("the list is not recorded")

    code = as_here(e, expr, lambda: _sum(e, expr, e.channels[text]))
    return e.sizes.fresh(f"[{text}]", value, code)


def _sum(e: Emitter, expr: ast.Comprehension, channels: str) -> py.Expr:
    """`sum(h_channels[j] for j in links)`."""
    assert isinstance(expr.element, ast.Template)
    iterable = e.translate(expr.iterable)
    outer = dict(e.scope)
    e.scope |= {name: Static.fixed(py.name(name)) for name in expr.targets}
    try:
        keys = keys_of(e, expr.element, e.translate)
        condition = None if expr.condition is None else e.translate(expr.condition)
    finally:
        e.scope = outer
    size = py.Subscript(py.name(channels), keys)
    items = py.Comprehension(size, _target(expr), iterable, condition, generator=True)
    return py.call("sum", items)
