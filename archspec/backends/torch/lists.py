"""Lists of values that a loop named: `concat([h{j} for j in links])`."""

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter, Hints, Static, Val
from archspec.backends.torch.families import as_here, keys_of, named_tensor, outwards, stem_of
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.translate import Translator
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


def spread(
    e: Emitter,
    expr: ast.Comprehension,
    whole: ast.Index | None = None,
    cut: ast.Slice | None = None,
) -> Val:
    """The tensors of a list, as `*(h[j] for j in links)` among the arguments of a function.

    Where a `cut` of them is used, `whole` is the list with it.
    """
    from archspec.backends.torch.expressions import tensor_expr

    if not isinstance(expr.element, ast.Template | ast.Attribute):
        raise CannotEmit("a list of values that have no names of their own")
    iterable = e.translate_forward.iterable(expr.iterable)
    outer = dict(e.scope)
    e.scope |= {name: Static.fixed(py.name(name)) for name in expr.targets}
    try:
        element = tensor_expr(e, expr.element, None)
        condition = None if expr.condition is None else e.translate_forward(expr.condition)
    finally:
        e.scope = outer
    items = _cut(e.translate_forward, element.expr, expr, iterable, condition, cut)
    return Val(py.Starred(items), element.hints, spread=whole or expr)


def _cut(
    translate: Translator,
    element: py.Expr,
    expr: ast.Comprehension,
    iterable: py.Expr,
    condition: py.Expr | None,
    cut: ast.Slice | None,
) -> py.Expr:
    """The elements of a list, one after another, or a part of the list."""
    items = py.Comprehension(element, _target(expr), iterable, condition, generator=cut is None)
    return items if cut is None else py.Subscript(items, (translate.item(cut),))


def _target(expr: ast.Comprehension) -> py.Expr:
    names = tuple(py.name(name) for name in expr.targets)
    return names[0] if len(names) == 1 else py.Tuple(names)


def total(e: Emitter, val: Val, axis: int, sums: list[tuple[Pass, Dim]]) -> Dim:
    """The sizes of the listed tensors on an axis together: a product, or the sum of a dict."""
    spread, rank = val.spread, len(val.hints)
    expr: object = spread
    cut = None
    if isinstance(spread, ast.Index):
        expr, cut = spread.value, spread.items[0]
    assert isinstance(expr, ast.Comprehension)
    assert cut is None or isinstance(cut, ast.Slice)
    if cut is None and expr.condition is None and isinstance(expr.iterable, ast.Range):
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

    code = as_here(e, expr, lambda: _sum(e, expr, e.channels[text], cut))
    return e.sizes.fresh(f"[{text}]", value, code)


def _sum(
    e: Emitter, expr: ast.Comprehension, channels: str, cut: ast.Slice | None = None
) -> py.Expr:
    """`sum(h_channels[j] for j in links)`."""
    assert isinstance(expr.element, ast.Template)
    iterable = e.translate.iterable(expr.iterable)
    outer = dict(e.scope)
    e.scope |= {name: Static.fixed(py.name(name)) for name in expr.targets}
    try:
        keys = keys_of(e, expr.element, e.translate)
        condition = None if expr.condition is None else e.translate(expr.condition)
    finally:
        e.scope = outer
    size = py.Subscript(py.name(channels), keys)
    return py.call("sum", _cut(e.translate, size, expr, iterable, condition, cut))
