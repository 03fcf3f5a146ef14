"""Expressions: compile-time values, and the tensor operations written in them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from archspec.dims import Dim
from archspec.elaborate.apply import apply_function, call_function, index_tensor
from archspec.elaborate.builtins import BUILTINS, call_builtin
from archspec.elaborate.context import (
    Context,
    LimitError,
    SilentError,
    SpecError,
    fail,
)
from archspec.elaborate.files import ModelEntry, VariantValue, suggestion
from archspec.elaborate.operators import binary, bounded, compare_values, index_list, open_size
from archspec.elaborate.unknown import unknown_name
from archspec.elaborate.values import (
    POISON,
    Argument,
    BlockValue,
    Builtin,
    FnValue,
    FunctionValue,
    Label,
    LayerValue,
    Outputs,
    Poison,
    Tensor,
    describe,
    is_tensor_like,
)
from archspec.layers import registry
from archspec.syntax import ast


def evaluate(ctx: Context, expr: ast.Expr) -> Any:
    """The value of `expr`: compile-time, or tensors after adding their nodes to the graph."""
    ctx.tick(expr.span)
    ctx.depth += 1
    try:
        if ctx.depth > ctx.limits.depth * 4:
            ctx.limit("the expression is nested too deeply", expr.span)
        return _HANDLERS[type(expr)](ctx, expr)
    finally:
        ctx.depth -= 1


def evaluate_static(ctx: Context, expr: ast.Expr, purpose: str) -> Any:
    """As `evaluate`, but tensors are refused; `purpose` completes "… is needed"."""
    value = evaluate(ctx, expr)
    if is_tensor_like(value) and value is not POISON:
        fail(
            "A0112",
            f"{purpose} is needed here, not {describe(value)}",
            expr.span,
            "known only at run time",
        )
    return value


# --- names -------------------------------------------------------------------------------------


def lookup(ctx: Context, name: str) -> Any:
    """What `name` stands for, innermost scope first; KeyError if nothing."""
    names = ctx.frame.names
    if name in names:
        return names[name]
    scope = ctx.frame.scope.names
    if name in scope:
        value = scope[name]
        if isinstance(value, VariantValue):
            entry = value.entry
            return BlockValue(entry.block, entry.home, variant_arguments(ctx, entry))
        return POISON if value is None else value
    if name in BUILTINS:
        return BUILTINS[name]
    layer = registry.layer(name)
    if layer is not None:
        return LayerValue(layer)
    function = registry.function(name)
    if function is not None:
        return FunctionValue(function)
    raise KeyError(name)


def variant_arguments(ctx: Context, entry: ModelEntry) -> tuple[Argument, ...]:
    """The arguments of a variant, each under its parameter's name; those of its base come first."""
    from archspec.elaborate.binding import match_params

    given: dict[str, Argument] = {}
    saved = ctx.frame.names, ctx.frame.scope
    try:
        for variant in entry.chain:
            if variant.call is None:
                continue
            ctx.frame.names, ctx.frame.scope = {}, variant.scope
            args = arguments(ctx, variant.call)
            name, span = entry.block.name.id, variant.call.span
            given |= match_params(entry.block.params, args, name, span, complete=False)
    finally:
        ctx.frame.names, ctx.frame.scope = saved
    return tuple(Argument(name, arg.value, arg.node) for name, arg in given.items())


def name_of(ctx: Context, node: ast.Name | ast.Template) -> str:
    """The text of a name, interpolations filled in."""
    if isinstance(node, ast.Name):
        return node.id
    parts = _filled_parts(ctx, node)
    text = "".join(parts)
    # A hyphen is one of the name, not of a negative number.
    plain = "".join(
        p.replace("-", "_") if isinstance(part, str) else p
        for p, part in zip(parts, node.parts, strict=True)
    )
    if not plain.isidentifier() and not plain.isdecimal():
        fail(
            "A0106",
            f"`{text}` is not a usable name",
            node.span,
            help=("use letters, digits and `_`",),
        )
    return text


def read_name(ctx: Context, node: ast.Name | ast.Template) -> str:
    """The text of a name that is read; it is noted what an interpolated one stood for."""
    name = name_of(ctx, node)
    if isinstance(node, ast.Template):
        ctx.frame.read_as.setdefault(id(node), set()).add(name)
    return name


def filled_in(ctx: Context, node: ast.Template) -> str:
    """The text of a template that is no name."""
    return "".join(_filled_parts(ctx, node))


def _filled_parts(ctx: Context, node: ast.Template) -> list[str]:
    found: list[str] = []
    for part in node.parts:
        value = part if isinstance(part, str) else None
        if not isinstance(part, str):
            value = evaluate_static(ctx, part, "an integer or a string")
            if isinstance(value, bool) or not isinstance(value, int | str):
                fail(
                    "A0201",
                    "a name needs an integer or a string between its braces, "
                    f"not {describe(value)}",
                    part.span,
                )
        found.append(str(value))
    return found


def _name(ctx: Context, node: ast.Name | ast.Template) -> Any:
    name = read_name(ctx, node)
    try:
        value = lookup(ctx, name)
    except KeyError:
        return unknown_name(ctx, name, node)
    if isinstance(value, Label):
        return value if value.value is None else value.value
    if name == "_" and value is None:
        return unknown_name(ctx, name, node)
    return value


def _attribute(ctx: Context, node: ast.Attribute) -> Any:
    """`features.pool0`, `b.c3`: a label inside a group, or a named output of a block."""
    found = _resolve(ctx, node)
    return found.value if isinstance(found, Label) and found.value is not None else found


def _resolve(ctx: Context, node: ast.Expr) -> Any:
    """What a path stands for: the label itself where it is one, else the value."""
    if isinstance(node, ast.Name | ast.Template):
        name = read_name(ctx, node)
        try:
            return lookup(ctx, name)
        except KeyError:
            return unknown_name(ctx, name, node)
    if not isinstance(node, ast.Attribute):
        return evaluate(ctx, node)
    name = name_of(ctx, node.name)
    base = _resolve(ctx, node.value)
    value = base.value if isinstance(base, Label) else base
    if value is POISON:
        return POISON
    if isinstance(value, Outputs) and name in value.names:
        return value.items[value.names.index(name)]
    if isinstance(base, Label) and name in base.outputs:
        return base.outputs[name]
    if not isinstance(base, Label):
        fail("A0101", f"{describe(value)} has no `{name}`", node.name.span)
    inner = ctx.labels.get(id(base.module.children.get(name)))
    if inner is not None:
        return inner
    names = [k for k, m in base.module.children.items() if id(m) in ctx.labels]
    names += value.names if isinstance(value, Outputs) else ()
    help, fixes = suggestion(node.name.span, name, names, "name")
    return fail("A0101", f"`{base.name}` has no `{name}`", node.name.span, help=help, fixes=fixes)


# --- literals ----------------------------------------------------------------------------------


def _number(ctx: Context, node: ast.Number) -> Any:
    return bounded(ctx, node.value, node)


def _range(ctx: Context, node: ast.Range) -> Any:
    low, high = (_integer(ctx, e, "a range") for e in (node.low, node.high))
    stop = high + 1 if node.inclusive else high
    if stop - low > ctx.limits.items:
        ctx.limit(
            f"the range has {stop - low:,} items; {ctx.limits.items:,} are allowed", node.span
        )
    return range(low, stop)


def _integer(ctx: Context, expr: ast.Expr, what: str) -> int:
    value = evaluate_static(ctx, expr, "an integer")
    if isinstance(value, Dim):
        open_size(ctx, value, expr, what)
    if isinstance(value, bool) or not isinstance(value, int):
        fail("A0201", f"{what} needs integers, not {describe(value)}", expr.span)
    return value


def _items(ctx: Context, node: ast.ListExpr | ast.TupleExpr) -> list[Any]:
    if len(node.items) > ctx.limits.items:
        ctx.limit(f"the list has {len(node.items):,} items", node.span)
    return [evaluate(ctx, item) for item in node.items]


def _list(ctx: Context, node: ast.ListExpr) -> Any:
    items = _items(ctx, node)
    return POISON if any(i is POISON for i in items) else bounded(ctx, items, node)


def _tuple(ctx: Context, node: ast.TupleExpr) -> Any:
    items = _items(ctx, node)
    return POISON if any(i is POISON for i in items) else bounded(ctx, tuple(items), node)


def _comprehension(ctx: Context, node: ast.Comprehension) -> Any:
    names = ctx.frame.names
    saved = {t: names[t] for t in node.targets if t in names}
    result: list[Any] = []
    try:
        for item in iterate(ctx, node.iterable):
            ctx.tick(node.span)
            for target, value in zip(
                node.targets, unpack(ctx, node.targets, item, node), strict=True
            ):
                names[target] = value
            if node.condition is None or truth(ctx, node.condition):
                result.append(evaluate(ctx, node.element))
            if len(result) > ctx.limits.items:
                ctx.limit(f"the list has more than {ctx.limits.items:,} items", node.span)
    finally:
        for target in node.targets:
            names.pop(target, None)
        names.update(saved)
    return POISON if any(item is POISON for item in result) else bounded(ctx, result, node)


def iterate(ctx: Context, expr: ast.Expr) -> Sequence[Any]:
    """The items of a compile-time list, tuple or range."""
    value = evaluate(ctx, expr)
    if isinstance(value, Poison):
        raise SilentError
    if isinstance(value, Outputs):
        return value.items
    if not isinstance(value, list | tuple | range):
        fail(
            "A0201",
            f"a loop needs a list or a range, not {describe(value)}",
            expr.span,
            help=("ranges are written `0..<n` or `1..n`",),
        )
    return value


def unpack(ctx: Context, targets: Sequence[Any], item: Any, node: ast.Node) -> Sequence[Any]:
    """`item` as one value per target."""
    if len(targets) == 1:
        return (item,)
    if not isinstance(item, list | tuple) or len(item) != len(targets):
        place = node.iterable.span if isinstance(node, ast.For | ast.Comprehension) else node.span
        each = f"each item is {describe(item)}"
        fail("A0305", f"{len(targets)} names are given for {describe(item)}", place, each)
    return item


def truth(ctx: Context, expr: ast.Expr) -> bool:
    """The value of a compile-time condition."""
    value = evaluate_static(ctx, expr, "a compile-time condition")
    if value is POISON:
        raise SilentError
    if isinstance(value, Dim):
        open_size(ctx, value, expr, "a condition")
    if not isinstance(value, bool | int | float | str | list | tuple | type(None)):
        fail("A0201", f"a condition is needed, not {describe(value)}", expr.span)
    return bool(value)


# --- operators ---------------------------------------------------------------------------------


def _binary(ctx: Context, node: ast.Binary) -> Any:
    if node.op in ("and", "or"):
        left = truth(ctx, node.left)
        return truth(ctx, node.right) if left is (node.op == "and") else left
    left, right = evaluate(ctx, node.left), evaluate(ctx, node.right)
    return binary(ctx, node, left, right)


def _unary(ctx: Context, node: ast.Unary) -> Any:
    if node.op == "not":
        return not truth(ctx, node.operand)
    value = evaluate(ctx, node.operand)
    if value is POISON:
        return POISON
    if isinstance(value, Tensor) and node.op == "-":
        return call_function(ctx, "neg", (Argument(None, value, node.operand),), node)
    if isinstance(value, bool) or not isinstance(value, int | float | Dim):
        fail("A0201", f"`{node.op}` does not work on {describe(value)}", node.span)
    return -value if node.op == "-" else value


def _compare(ctx: Context, node: ast.Compare) -> Any:
    left = evaluate_static(ctx, node.first, "a compile-time value")
    left_node = node.first
    for op, expr in node.rest:
        right = evaluate_static(ctx, expr, "a compile-time value")
        if left is POISON or right is POISON:
            return POISON
        if not compare_values(ctx, op, left, right, left_node.span.to(expr.span), node):
            return False
        left, left_node = right, expr
    return True


def _conditional(ctx: Context, node: ast.Conditional) -> Any:
    return evaluate(ctx, node.then if truth(ctx, node.test) else node.other)


# --- indexing and calls ------------------------------------------------------------------------


def _index(ctx: Context, node: ast.Index) -> Any:
    value = evaluate(ctx, node.value)
    if value is POISON:
        return POISON
    items = tuple(_index_item(ctx, item) for item in node.items)
    if isinstance(value, Tensor):
        return index_tensor(ctx, value, items, node)
    return index_list(ctx, value, items, node)


def _index_item(ctx: Context, item: ast.Expr | ast.Slice | ast.Ellipsis) -> Any:
    match item:
        case ast.Ellipsis():
            return ...
        case ast.Slice(start=start, stop=stop, step=step):
            bounds = [
                None if e is None else evaluate_static(ctx, e, "a size")
                for e in (start, stop, step)
            ]
            for bound, expr in zip(bounds, (start, stop, step), strict=True):
                if isinstance(bound, bool) or not isinstance(bound, int | Dim | type(None)):
                    fail(
                        "A0201",
                        f"a slice needs integers, not {describe(bound)}",
                        (expr or item).span,
                    )
            return slice(*bounds)
        case _:
            return evaluate_static(ctx, item, "an index")


def arguments(ctx: Context, node: ast.Call) -> tuple[Argument, ...]:
    """The evaluated arguments of a call; a keyword twice is an error."""
    seen: set[str] = set()
    for keyword in node.keywords:
        if keyword.name in seen:
            fail("A0108", f"the argument `{keyword.name}` is given twice", keyword.span)
        seen.add(keyword.name)
    return (
        *(Argument(None, evaluate(ctx, arg), arg) for arg in node.args),
        *(Argument(k.name, evaluate(ctx, k.value), k.value) for k in node.keywords),
    )


def _call(ctx: Context, node: ast.Call) -> Any:
    callee = evaluate(ctx, node.func)
    return call_value(ctx, callee, node)


def call_value(ctx: Context, callee: Any, node: ast.Call) -> Any:
    """Call `callee` in an expression: layers and blocks collect arguments, functions compute."""
    args = arguments(ctx, node)
    if callee is POISON or any(a.value is POISON for a in args):
        return POISON
    has_tensor = any(is_tensor_like(a.value) for a in args)
    match callee:
        case LayerValue(decl=decl, args=earlier):
            return LayerValue(decl, (*earlier, *args))
        case BlockValue(block=block, scope=scope, args=earlier):
            return BlockValue(block, scope, (*earlier, *args))
        case Builtin(name=name, function=function):
            if has_tensor and registry.function(name) is not None:
                return call_function(ctx, name, args, node)
            return call_builtin(ctx, name, function, args, node)
        case FunctionValue(decl=decl):
            return apply_function(ctx, decl, args, node)
        case FnValue():
            return _call_fn(ctx, callee, args, node)
        case _:
            return fail("A0112", f"{describe(callee)} cannot be called", node.func.span)


def _call_fn(ctx: Context, callee: FnValue, args: tuple[Argument, ...], node: ast.Call) -> Any:
    from archspec.elaborate.binding import bind_params

    ctx.tick(node.span)
    frame = ctx.frame
    names = bind_params(ctx, callee.fn.params, args, callee.fn.name.id, node.span, callee.scope)
    saved_names, saved_scope = frame.names, frame.scope
    frame.names, frame.scope = dict(names), callee.scope
    ctx.depth += 4
    try:
        if ctx.depth > ctx.limits.depth * 4:
            ctx.limit(f"`{callee.fn.name.id}` calls itself without end", node.span)
        return evaluate(ctx, callee.fn.value)
    except LimitError:
        raise
    except SpecError as error:
        raise SpecError(_with_call(error, node)) from None
    finally:
        frame.names, frame.scope = saved_names, saved_scope
        ctx.depth -= 4


def _with_call(error: SpecError, node: ast.Node) -> Any:
    from dataclasses import replace

    from archspec.diagnostics import Label as Mark

    if len(error.diagnostic.labels) > 3:
        return error.diagnostic
    labels = (*error.diagnostic.labels, Mark(node.span, "in this call"))
    return replace(error.diagnostic, labels=labels)


_HANDLERS: Final[dict[type, Callable[[Context, Any], Any]]] = {
    ast.Name: _name,
    ast.Template: _name,
    ast.Number: _number,
    ast.String: lambda _, node: node.value,
    ast.Bool: lambda _, node: node.value,
    ast.NoneValue: lambda _, __: None,
    ast.ListExpr: _list,
    ast.TupleExpr: _tuple,
    ast.Range: _range,
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Compare: _compare,
    ast.Conditional: _conditional,
    ast.Index: _index,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Comprehension: _comprehension,
}
