"""Constructor calls: the author's arguments as written, inferred sizes filled in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim
from archspec.elaborate.values import Argument, Pass, Step
from archspec.layers.base import LayerDecl, TensorType, size_fields
from archspec.syntax import ast

if TYPE_CHECKING:
    from archspec.backends.torch.emitter import Emitter, Hints

Steps = list[tuple[Pass, Step]]


def argument(e: "Emitter", name: str, values: list[tuple[Pass, Argument]]) -> py.Expr:
    """One argument, as the author wrote it where his names are at hand, else its value."""
    node = values[0][1].node
    same = node is not None and all(a.node is node for _, a in values)
    if same and node is not None and e.planner.written_in(e, node):
        try:
            return as_tuple(e.translate(node))
        except CannotEmit:
            pass
    return e.literal([a.value for _, a in values])


def as_tuple(expr: py.Expr) -> py.Expr:
    """Lists become tuples: the emitted code never changes them."""
    return py.Tuple(expr.items) if isinstance(expr, py.List) else expr


def argument_hint(e: "Emitter", values: list[tuple[Pass, Argument]]) -> Dim:
    """One argument as a size hint."""
    node = values[0][1].node
    actual = [(p, a.value) for p, a in values]
    if any(isinstance(v, bool) or not isinstance(v, int | Dim) for _, v in actual):
        return e.sizes.unknown()
    if (
        node is not None
        and all(a.node is node for _, a in values)
        and e.planner.written_in(e, node)
    ):
        hint = e.static_hint(node, actual)
        if e.sizes.holds(hint, [(p, Dim.of(v)) for p, v in actual]):
            if isinstance(node, ast.Binary):
                e.sizes.written.setdefault(hint, lambda: _as_written(e, node, hint))
            return hint
    first = Dim.of(actual[0][1])
    if all(Dim.of(v) is first for _, v in actual):
        return first
    return e.sizes.unknown()


def _as_written(e: "Emitter", node: ast.Expr, hint: Dim) -> py.Expr | None:
    """The author's expression, where its names still mean the same."""
    return e.translate(node) if e.static_hint(node, []) is hint else None


def layer_call(
    e: "Emitter", stage: ast.Stage, steps: Steps, inputs: "tuple[Hints, ...]"
) -> "tuple[py.Expr, tuple[Hints, ...]]":
    """`nn.Conv2d(in_channels, planes, 3, padding=1)`, and hints of its output."""
    given_layer = _given_layer(e, stage, steps)
    if given_layer is not None:
        return _call_given(e, stage, steps, given_layer, inputs)
    first = steps[0][1]
    decl: Any = first.decl
    if any(s.decl is not decl for _, s in steps) or not isinstance(decl, LayerDecl):
        raise CannotEmit("different layers in one place")
    given = _given(steps)
    types = symbolic_types(e, steps, inputs)
    params = symbolic_params(e, decl, first.params, given)
    known = {
        name: _inferred(e, steps, name, hint)
        for name, hint in _infer(e, decl, params, types, steps)
    }
    args, keywords = _lay_out(e, decl, known, given)
    call = py.Call(py.dotted(decl.torch_name), tuple(args), tuple(keywords))

    def rule() -> Any:
        from archspec.layers.base import Needs

        return tuple(t.shape for t in decl.shape(params, types, Needs()))

    return call, e.output_hints(stage, rule)


def _given_layer(e: "Emitter", stage: ast.Stage, steps: Steps) -> py.Expr | None:
    """What the class calls a layer that it is given, where instances are given different ones."""
    match stage.core:
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name), args=(), keywords=()):
            pass
        case _:
            return None
    static = e.scope.get(name)
    if static is None:
        return None
    first = steps[0][1]
    if all(s.decl is first.decl and _same(s.given, first.given) for _, s in steps[1:]):
        return None
    return static.ctor()


def _same(a: "Mapping[str, Argument]", b: "Mapping[str, Argument]") -> bool:
    return {n: x.value for n, x in a.items()} == {n: x.value for n, x in b.items()}


def _call_given(
    e: "Emitter", stage: ast.Stage, steps: Steps, layer: py.Expr, inputs: "tuple[Hints, ...]"
) -> "tuple[py.Expr, tuple[Hints, ...]]":
    """`norm(width)` or `act()`: a layer that is an argument, made for what flows in."""
    first = steps[0][1]
    decl = first.decl
    if not isinstance(decl, LayerDecl):
        raise CannotEmit("a function given as a layer")
    types = symbolic_types(e, steps, inputs)
    sizes = [
        (name, _inferred(e, steps, name, hint))
        for name, hint in _infer(e, decl, first.params, types, steps)
    ]
    by_name = decl.torch_order is not None
    call = py.Call(
        layer, () if by_name else tuple(s for _, s in sizes), tuple(sizes) if by_name else ()
    )
    return call, e.output_hints(stage, lambda: tuple(t.shape for t in types))


def _given(steps: Steps) -> dict[str, list[tuple[Pass, Argument]]]:
    names = list(steps[0][1].given)
    for _, step in steps:
        if list(step.given) != names:
            raise CannotEmit("the arguments given differ")
    return {name: [(p, s.given[name]) for p, s in steps] for name in names}


def symbolic_types(
    e: "Emitter", steps: Steps, inputs: "tuple[Hints, ...]"
) -> tuple[TensorType, ...]:
    """The inputs of a stage with hints for dims."""
    types = []
    for index, tensor in enumerate(steps[0][1].inputs):
        hints = inputs[index] if index < len(inputs) else ()
        actual = [
            [(p, s.inputs[index].type.shape[k]) for p, s in steps] for k in range(tensor.type.rank)
        ]
        dims = []
        for axis, dims_here in enumerate(actual):
            if axis < len(hints) and e.sizes.holds(hints[axis], dims_here):
                dims.append(hints[axis])
            elif dims_here[0][1].const is not None and all(
                d is dims_here[0][1] for _, d in dims_here
            ):
                dims.append(dims_here[0][1])
            else:
                dims.append(e.sizes.unknown())
        types.append(TensorType(tuple(dims), tensor.type.dtype))
    return tuple(types)


def symbolic_params(e: "Emitter", decl: LayerDecl[Any], params: Any, given: Any) -> Any:
    """The arguments with hints in place of sizes."""
    sizes = {n: argument_hint(e, given[n]) for n in size_fields(decl.Params) if n in given}
    return params.model_copy(update=sizes) if sizes else params


def _infer(e: "Emitter", decl: LayerDecl[Any], params: Any, types: Any, steps: Steps) -> Any:
    first = steps[0][1]
    names = list(first.module.inferred) if first.module is not None else []
    try:
        hints = dict(decl.inferred(params, types))
    except Exception:  # noqa: BLE001 - a rule may refuse symbols in any way
        hints = {}
    return [(name, hints.get(name)) for name in names]


def _inferred(e: "Emitter", steps: Steps, name: str, hint: Any) -> py.Expr:
    actual = [(p, s.module.inferred[name]) for p, s in steps if s.module is not None]
    if isinstance(actual[0][1], tuple):
        items = []
        for index in range(len(actual[0][1])):
            own = hint[index] if isinstance(hint, tuple) else e.sizes.unknown()
            items.append(e.size(own, [(p, v[index]) for p, v in actual]))  # type: ignore[index]
        return items[0] if len(items) == 1 else py.Tuple(tuple(items))
    own = hint if isinstance(hint, Dim) else e.sizes.unknown()
    return e.size(own, actual)  # type: ignore[arg-type]


def _lay_out(
    e: "Emitter", decl: LayerDecl[Any], known: dict[str, py.Expr], given: Any
) -> tuple[list[py.Expr], list[tuple[str, py.Expr]]]:
    """Positional as long as torch's order allows and the author wrote it so, then keywords."""
    order = decl.torch_order
    if order is None:
        order = (*known, *decl.Params.model_fields)
    positional: list[py.Expr] = []
    keywords: list[tuple[str, py.Expr]] = []
    gap = False
    for name in order:
        if name in known:
            if gap:
                keywords.append((name, known[name]))
            else:
                positional.append(known[name])
        elif name in given:
            expr = argument(e, name, given[name])
            by_name = given[name][0][1].name is not None
            if gap or by_name:
                keywords.append((name, expr))
                gap = True
            else:
                positional.append(expr)
        else:
            gap = True
    keywords += [(n, argument(e, n, given[n])) for n in given if n not in order]
    keywords += [(n, size) for n, size in known.items() if n not in order]
    return positional, keywords
