"""Tensor expressions in `forward`."""

from dataclasses import replace
from typing import Any

from archspec import pycode as py
from archspec.backends.torch.arguments import argument_hint, symbolic_types
from archspec.backends.torch.emitter import Emitter, Hints, Val
from archspec.backends.torch.families import keys_of
from archspec.backends.torch.lists import known_hints, spread, total
from archspec.backends.torch.literals import matches
from archspec.backends.torch.results import result_value, unpack
from archspec.backends.torch.sizes import CannotEmit, settled
from archspec.dims import Dim
from archspec.elaborate.values import Argument, Outputs
from archspec.layers.base import FunctionDecl, Needs, TensorType
from archspec.syntax import ast


def tensor_expr(e: Emitter, expr: ast.Expr, flow: Val | None) -> Val:
    """A tensor expression as it stands in the spec."""
    match expr:
        case ast.Name(id="_"):
            if flow is None:
                raise CannotEmit("nothing flows")
            return flow
        case ast.Name() | ast.Template():
            return _named(e, expr)
        case ast.Attribute(value=value, name=name):
            return _attribute(e, value, name)
        case ast.TupleExpr(items=items) | ast.ListExpr(items=items):
            vals = tuple(tensor_expr(e, i, flow) for i in items)
            return Val(py.Tuple(tuple(v.expr for v in vals)), items=vals)
        case ast.Comprehension():
            return spread(e, expr)
        case ast.Index(value=ast.Comprehension() as listed, items=(ast.Slice() as cut,)):
            return spread(e, listed, expr, cut)
        case ast.Conditional(then=then, test=test, other=other):
            return _conditional(e, then, test, other, flow)
        case ast.Index(value=value, items=(ast.Number(value=int() as index),)) if not e.ran(expr):
            val = tensor_expr(e, value, flow)
            return val.items[index]
        case _:
            return function_call(e, expr, flow)


def _named(e: Emitter, expr: ast.Name | ast.Template) -> Val:
    form = e.form(expr)
    known = e.values.get(form)
    if known is None and isinstance(expr, ast.Name):
        return _of_family(e, expr)
    if known is None:
        raise CannotEmit(f"{expr.span.text} is not at hand")
    if "*" not in form:
        return known
    container = e.tensor_containers.get(form)
    if container is not None:
        label = e.translate_forward.template(expr)
        return Val(py.call("getattr", container, label), known.hints)
    family = e.families.get(form)
    if family is None:
        raise CannotEmit(f"{expr.span.text} is not at hand")
    keys = keys_of(e, expr, e.translate_forward)
    return Val(py.Subscript(family, keys), known_hints(e, expr, known), known.items)


def _of_family(e: Emitter, expr: ast.Name) -> Val:
    """`enc0`, which a loop named `enc{i}`."""
    for text, family in e.families.items():
        parts = matches(text, expr.id)
        if parts is not None and text in e.values:
            keys = tuple(py.const(int(k) if k.lstrip("-").isdecimal() else k) for k in parts)
            known = e.values[text]
            hints = tuple(h if settled(h) else e.sizes.unknown() for h in known.hints)
            return Val(py.Subscript(family, keys), hints, known.items)
    raise CannotEmit(f"{expr.id} is not at hand")


def _attribute(e: Emitter, value: ast.Expr, name: ast.Name | ast.Template) -> Val:
    base = e.values.get(e.form(value)) if isinstance(value, ast.Name | ast.Template) else None
    if base is not None and base.items and isinstance(value, ast.Name | ast.Template):
        names = e.output_names.get(e.form(value), ())
        if isinstance(name, ast.Name) and name.id in names:
            item = base.items[names.index(name.id)]
            if isinstance(value, ast.Template):
                family = e.values[e.form(value)]
                keys = _named(e, value).expr
                index = family.items.index(item)
                return Val(py.Subscript(keys, (py.const(index),)), item.hints)
            return item
    return _named(e, name)


def _conditional(
    e: Emitter, then: ast.Expr, test: ast.Expr, other: ast.Expr, flow: Val | None
) -> Val:
    """A value chosen at compile time: the branch that every pass takes, else a conditional."""
    tests = [bool(e.evaluate(test, p)) for p in e.passes]
    if all(tests):
        return tensor_expr(e, then, flow)
    if not any(tests):
        return tensor_expr(e, other, flow)
    a, b = tensor_expr(e, then, flow), tensor_expr(e, other, flow)
    return Val(py.Conditional(a.expr, e.translate_forward(test), b.expr), a.hints)


def is_tensor(e: Emitter, expr: Any) -> bool:
    """Whether an expression gives tensors, by what was recorded of it."""
    match expr:
        case ast.Name(id="_"):
            return True
        case ast.Name() | ast.Template():
            name = e.form(expr)
            return name in e.values or any(matches(f, name) is not None for f in e.families)
        case ast.Attribute(value=value, name=name):
            return e.form(name) in e.values or is_tensor(e, value)
        case ast.TupleExpr(items=items) | ast.ListExpr(items=items):
            return any(is_tensor(e, i) for i in items)
        case ast.Conditional(then=then):
            return is_tensor(e, then)
        case ast.Comprehension(element=element):
            return is_tensor(e, element)
        case ast.Index(value=value):
            return e.ran(expr) or is_tensor(e, value)
        case ast.Node():
            return e.ran(expr)
        case _:
            return False


def function_call(e: Emitter, node: ast.Expr, flow: Val | None) -> Val:
    """A tensor function, an operator or an index."""
    steps = e.steps(node)
    step = steps[0][1]
    decl = step.decl
    if not isinstance(decl, FunctionDecl) or any(s.decl is not decl for _, s in steps):
        raise CannotEmit("different functions in one place")
    operands, arguments = _operands(e, node, flow)
    wanted = len(step.inputs)
    if len(operands) < wanted and flow is not None and not _with_lists(operands):
        operands = [*(flow.items or (flow,)), *operands]
    if len(operands) != wanted and not _with_lists(operands):
        raise CannotEmit(f"the operands of {node.span.text} are not at hand")
    return apply(e, node, decl, operands, arguments)


def _with_lists(operands: list[Val]) -> bool:
    return any(o.spread is not None for o in operands)


def _operands(
    e: Emitter, node: ast.Expr, flow: Val | None
) -> tuple[list[Val], tuple[ast.Expr, ...]]:
    """The tensors written in a call, and its other positional arguments."""
    match node:
        case ast.Binary(left=left, right=right):
            parts: tuple[ast.Expr, ...] = (left, right)
        case ast.Unary(operand=operand):
            parts = (operand,)
        case ast.Index(value=value):
            parts = (value,)
        case ast.Call(args=args, keywords=keywords):
            parts = (*args, *(k.value for k in keywords if is_tensor(e, k.value)))
        case _:
            return [], ()
    operands: list[Val] = []
    rest: list[ast.Expr] = []
    for part in parts:
        if is_tensor(e, part):
            val = unpack(e, tensor_expr(e, part, flow))
            operands.extend(val.items or (val,))
        else:
            rest.append(part)
    return operands, tuple(rest)


def apply(
    e: Emitter,
    node: ast.Node,
    decl: FunctionDecl[Any],
    operands: list[Val],
    arguments: tuple[ast.Expr, ...] = (),
) -> Val:
    """The emitted expression of a function on `operands`."""
    steps = e.steps(node)
    step = steps[0][1]
    hints_in = tuple(o.hints for o in operands)
    lists = [o for o in operands if o.spread is not None]
    stacked = bool(lists) and _can_stack(decl, steps)
    if lists and not (decl.takes_lists or stacked):
        raise CannotEmit(f"a list of values as an argument of {decl.name}")
    call = FunctionCall(e, node, tuple(operands), arguments)
    if decl.helper is not None and decl.helper not in e.planner.helpers:
        e.planner.helpers.append(decl.helper)
    if isinstance(node, ast.Index) and any(s.params != step.params for _, s in steps):
        items = tuple(e.translate_forward.item(item) for item in node.items)
        expr: py.Expr = py.Subscript(operands[0].expr, items)  # in the author's words
    elif stacked:
        expr = py.call("torch.stack", _as_list(py.Tuple(call.tensors)))
        expr = py.call(py.attr(expr, decl.over_stack or ""), py.const(0))
    else:
        expr = decl.emit(step.params, call)
        _refuse_differing_params(e, steps, call)
    if lists and len(operands) == 1:
        expr = py.rebuild(expr, _as_list)

    def rule() -> tuple[Hints, ...]:
        if stacked:
            return (operands[0].hints,)
        if lists:
            return (_joined(decl, operands, e, steps),)
        types = symbolic_types(e, steps, hints_in)
        params = _symbolic_params(e, steps)
        return tuple(t.shape for t in decl.shape(params, types, Needs()))

    found = e.output_hints(node, rule)
    if not isinstance(step.output, Outputs):
        found = (_moved(e, steps, operands, found[0]),)
    return result_value(step.output, expr, found)


def _can_stack(decl: FunctionDecl[Any], steps: Any) -> bool:
    """Whether a list of values can be combined along a new axis: if none of them is broadcast."""
    if decl.over_stack is None:
        return False
    return all(_alike([t.type.shape for t in step.inputs]) for _, step in steps)


def _alike(shapes: list[Hints]) -> bool:
    """Whether shapes that fit each other are equal: sizes of 1 stand beside each other only."""
    same_rank = len({len(shape) for shape in shapes}) == 1
    return same_rank and all(
        len({d.const == 1 for d in dims}) == 1 for dims in zip(*shapes, strict=True)
    )


def _moved(e: Emitter, steps: Any, operands: list[Val], hints: Hints) -> Hints:
    """A size that no rule tells, if it is one of an operand's, moved to another axis."""
    known = [h for o in operands for h in o.hints if h.const is None]
    kept = list(hints)
    for axis, hint in enumerate(hints):
        if not any(name.startswith("?") for name in hint.symbols()):
            continue
        actual = [(p, s.output.type.shape[axis]) for p, s in steps]
        if all(dim.const is not None for _, dim in actual):
            kept[axis] = next((h for h in known if e.sizes.holds(h, actual)), hint)
    return tuple(kept)


def _as_list(expr: py.Expr) -> py.Expr:
    """`[h[j] for j in links]` for a tuple of nothing but `*(h[j] for j in links)`."""
    match expr:
        case py.Tuple(items=(py.Starred(value=py.Comprehension() as found),)):
            return replace(found, generator=False)
        case py.Tuple(items=(py.Starred(value=py.Subscript(value=py.Comprehension()) as found),)):
            return found
        case _:
            return expr


def _joined(decl: FunctionDecl[Any], operands: list[Val], e: Emitter, steps: Any) -> Hints:
    """What tensors give that are joined along `dim`, one of the operands being a list of them."""
    if (
        steps[0][1].inputs[0].type.rank != steps[0][1].output.type.rank
        or sum(o.spread is not None for o in operands) > 1
    ):
        return ()
    index = next(i for i, o in enumerate(operands) if o.spread is not None)
    after = len(operands) - 1 - index
    hints = list(operands[0].hints)
    axis = steps[0][1].params.dim % len(hints)
    sums: list[tuple[Any, Dim]] = []
    for p, step in steps:
        own = step.inputs[index : len(step.inputs) - after]
        sums.append((p, sum((t.type.shape[axis] for t in own), Dim.of(0))))
    rest = [o.hints[axis] for o in operands if o.spread is None]
    hints[axis] = sum(rest, total(e, operands[index], axis, sums))
    return tuple(hints)


def _symbolic_params(e: Emitter, steps: Any) -> Any:
    """The arguments with hints in place of sizes, as in `expand(cls, [B, 1, dim])`."""
    first = steps[0][1]
    changed: dict[str, Any] = {}
    for name in first.given:
        values = [(p, s.given.get(name)) for p, s in steps]
        known = getattr(first.params, name, None)
        if any(a is None for _, a in values):
            continue
        if isinstance(known, Dim):
            changed[name] = argument_hint(e, values)
        elif isinstance(known, tuple) and known and all(isinstance(k, Dim) for k in known):
            node = values[0][1].node
            items = node.items if isinstance(node, ast.ListExpr | ast.TupleExpr) else ()
            if len(items) == len(known):
                changed[name] = tuple(
                    argument_hint(e, [(p, Argument(None, a.value[i], item)) for p, a in values])
                    for i, item in enumerate(items)
                )
    return first.params.model_copy(update=changed) if changed else first.params


def _refuse_differing_params(e: Emitter, steps: Any, call: "FunctionCall") -> None:
    """Arguments that differ between passes must have been written as expressions."""
    first = steps[0][1].given
    for _, step in steps[1:]:
        for name, arg in step.given.items():
            same = name in first and _equal(first[name].value, arg.value)
            if not same and name not in call.written:
                raise CannotEmit(f"the argument {name} differs between instances")


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except TypeError:
        return False


class FunctionCall:
    """What a function's emission asks for (`EmitCall`)."""

    def __init__(
        self, e: Emitter, node: ast.Node, operands: tuple[Val, ...], arguments: tuple[ast.Expr, ...]
    ) -> None:
        self._e = e
        self._node = node
        self._operands = operands
        self._arguments = arguments
        self._step = e.steps(node)[0][1]
        self.tensors = tuple(o.expr for o in operands)
        self.types: tuple[TensorType, ...] = tuple(t.type for t in self._step.inputs)
        #: Arguments that were written as expressions.
        self.written: set[str] = set()

    def given(self, argument: str) -> bool:
        return argument in self._step.given

    def arg(self, argument: str) -> py.Expr:
        given: Argument | None = self._step.given.get(argument)
        decl = self._step.decl
        assert decl is not None
        if given is None:
            return py.const(decl.Params.model_fields[argument].default)
        nodes = [
            s.given[argument].node for _, s in self._e.steps(self._node) if argument in s.given
        ]
        node = given.node
        if (
            decl.variadic_argument == argument
            and node is not None
            and given.name in (None, argument)
        ):
            positional = [a for a in self._arguments if a is node] and self._arguments
            if positional and not (
                len(positional) == 1 and isinstance(positional[0], ast.ListExpr | ast.TupleExpr)
            ):
                self.written.add(argument)
                return py.Tuple(tuple(self._translate(a) for a in positional))
        if node is None or any(n is not node for n in nodes):
            return self._e.literal([s.given[argument].value for _, s in self._e.steps(self._node)])
        try:
            expr = self._translate(node)
        except CannotEmit:
            return self._e.literal([s.given[argument].value for _, s in self._e.steps(self._node)])
        self.written.add(argument)
        return expr

    def _translate(self, node: ast.Expr) -> py.Expr:
        if isinstance(node, ast.ListExpr):
            return py.Tuple(tuple(self._translate(i) for i in node.items))
        return self._e.translate_forward(node)

    def size(self, dim: Dim) -> py.Expr:
        if dim.const is not None:
            return py.const(dim.const)
        for operand, tensor in zip(self._operands, self._step.inputs, strict=True):
            for axis, own in enumerate(tensor.type.shape):
                if own is dim and isinstance(operand.expr, py.Name):
                    return py.Subscript(py.attr(operand.expr, "shape"), (py.const(axis),))
        return self._e.runtime_size(dim)

    def device(self) -> py.Expr:
        if self._e.in_constructor:
            return py.const(None)
        if not self._e.input_names:
            raise CannotEmit("no input to take the device of")
        return py.attr(py.name(self._e.input_names[0]), "device")
