"""Calls of declared layers and functions: their tensors found, their nodes added to the graph."""

from typing import Any

from archspec.elaborate.call_arguments import Given, bind
from archspec.elaborate.context import Context, fail
from archspec.elaborate.elements import check_entries, follow_elements
from archspec.elaborate.explain import inputs_of
from archspec.elaborate.rules import run_rule
from archspec.elaborate.values import (
    Argument,
    Outputs,
    Poison,
    Step,
    Tensor,
    is_tensor_like,
    tensors,
    tensors_in,
)
from archspec.elaborate.weights import refuse_shared
from archspec.ir import Mechanism, Module
from archspec.layers import registry
from archspec.layers.base import (
    Declaration,
    FunctionDecl,
    LayerDecl,
    Params,
)
from archspec.source import Span
from archspec.syntax import ast


def apply_function(
    ctx: Context,
    decl: FunctionDecl[Any],
    args: tuple[Argument, ...],
    node: ast.Node,
    flow: Tensor | Outputs | None = None,
    mechanisms: tuple[Mechanism | None, ...] = (),
) -> Tensor | Outputs | Poison:
    """Apply a tensor function; `flow` is prepended to the tensors among the arguments."""
    inputs, rest = split_tensors(decl, args, node.span, flow)
    if decl.over_stack is not None and len(inputs) == 1 and not rest and _listed(args):
        # What several tensors give by element is, for one, the tensor: no axis is folded.
        ctx.pass_.steps[id(node)] = Step("function", inputs, inputs[0], None, decl.Params(), decl)
        return inputs[0]
    if (
        decl.name in ("add", "sub", "mul", "div", "pow", "matmul")
        and len(args) == 2
        and flow is None
    ):
        rest = _number_operand(args, rest)
    params, given = bind(ctx, decl, rest, node.span)
    types = tuple(t.type for t in inputs)
    outputs = run_rule(ctx, decl, params, types, inputs, node.span, given, decl.name)
    new = ctx.graph.add(
        "function",
        decl.name,
        outputs,
        node.span,
        tuple(t.value for t in inputs),
        mechanisms or tuple(("detach" if decl.name == "detach" else None) for _ in inputs),
        decl,
        params,
        ctx.frame.module,
    )
    ctx.given[new.id], ctx.frames[new.id] = given, ctx.frame
    follow_elements(ctx, new, inputs)
    check_node_limit(ctx, node.span)
    result = outputs_of(ctx, new.id)
    ctx.pass_.steps[id(node)] = Step("function", inputs, result, None, params, decl, given)
    return result


def _listed(args: tuple[Argument, ...]) -> bool:
    return any(isinstance(arg.value, list | tuple) for arg in args)


def _number_operand(args: tuple[Argument, ...], rest: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """The number of `x * 2` or `2 * x` as the arguments that arithmetic declares."""
    if len(rest) != 1 or rest[0].name is not None:
        return rest
    number = Argument("other", rest[0].value, rest[0].node)
    if args[0] is rest[0]:
        return (number, Argument("reflected", True, None))
    return (number,)


def call_function(
    ctx: Context, name: str, args: tuple[Argument, ...], node: ast.Node
) -> Tensor | Outputs | Poison:
    """Apply the function that the registry knows as `name`."""
    decl = registry.function(name)
    assert decl is not None, name
    return apply_function(ctx, decl, args, node)


def index_tensor(
    ctx: Context, tensor: Tensor, items: tuple[Any, ...], node: ast.Index
) -> Tensor | Outputs | Poison:
    """`x[:, 0]`."""
    args = (Argument(None, tensor, node.value), Argument("items", items, node))
    return call_function(ctx, "index", args, node)


def split_tensors(
    decl: Declaration[Any],
    args: tuple[Argument, ...],
    span: Span,
    flow: Tensor | Outputs | None,
) -> tuple[tuple[Tensor, ...], tuple[Argument, ...]]:
    """The tensors of a call in port order, and the other arguments."""
    ports = {port.name: i for i, port in enumerate(decl.ports)}
    positional: list[Tensor] = [] if flow is None else list(tensors_in(flow))
    named: dict[int, Tensor] = {}
    rest: list[Argument] = []
    for arg in args:
        if arg.name is None and is_tensor_like(arg.value):
            positional.extend(tensors_in(arg.value))
        elif arg.name in ports and is_tensor_like(arg.value):
            tensors = tuple(tensors_in(arg.value))
            if len(tensors) != 1:
                fail(
                    "A0305",
                    f"`{arg.name}` of `{decl.name}` is one tensor, not {len(tensors)}",
                    arg.node.span if arg.node else span,
                )
            named[ports[arg.name]] = tensors[0]
        elif is_tensor_like(arg.value):
            fail(
                "A0106",
                f"`{arg.name}` of `{decl.name}` does not take a tensor",
                arg.node.span if arg.node else span,
            )
        else:
            rest.append(arg)
    variadic = any(port.variadic for port in decl.ports)
    if len(positional) > len(decl.ports) and not variadic:
        takes = len(decl.ports)
        fail(
            "A0305",
            f"`{decl.name}` takes {takes} tensor{'s' if takes != 1 else ''}, not {len(positional)}",
            span,
        )
    required = [p.name for p in decl.ports if not p.optional]
    missing = [n for i, n in enumerate(required) if i >= len(positional) and ports[n] not in named]
    if missing:
        fail(
            "A0301",
            f"`{decl.name}` needs a tensor for `{missing[0]}`",
            span,
            help=("begin the statement with a value, or pass the tensor as an argument",),
        )
    if not named:
        return tuple(positional), tuple(rest)
    for index in sorted(named):
        if index != len(positional):
            if index < len(positional):
                fail("A0108", f"`{decl.ports[index].name}` of `{decl.name}` is given twice", span)
            gap = decl.ports[len(positional)].name
            fail("A0104", f"`{decl.name}` needs `{gap}` before `{decl.ports[index].name}`", span)
        positional.append(named[index])
    return tuple(positional), tuple(rest)


def apply_layer(
    ctx: Context,
    module: Module,
    decl: LayerDecl[Any],
    params: Params,
    given: Given,
    inputs: tuple[Tensor, ...],
    span: Span,
) -> Tensor | Outputs | Poison:
    """Apply the layer `module`; on its first application its weights take their shapes."""
    required = sum(1 for p in decl.ports if not p.optional)
    variadic = any(p.variadic for p in decl.ports)
    if len(inputs) < required or (len(inputs) > len(decl.ports) and not variadic):
        fail(
            "A0305",
            f"`{decl.name}` takes {_takes(required, len(decl.ports))}, not {len(inputs)}",
            span,
            help=_choose_one(ctx, inputs),
        )
    types = tuple(t.type for t in inputs)
    name = module.path if module.labelled else f"{module.path} ({decl.name})"
    outputs = run_rule(ctx, decl, params, types, inputs, span, given, name)
    first = module.decl is None
    key = ("weights", decl, params, types)
    sizes = ctx.ruled.get(key)
    if sizes is None:
        sizes = (dict(decl.inferred(params, types)), decl.weights(params, types))
        ctx.ruled[key] = sizes
    inferred, weights = sizes
    for name, value in inferred.items():
        for dim in value if isinstance(value, tuple) else (value,):
            if dim.const is None:
                fail(
                    "A0204",
                    f"`{name}` of `{decl.name}` must be a number, "
                    f"but the input leaves `{dim}` open",
                    span,
                    labels=inputs_of(ctx, dim),
                    help=(
                        "pool to a fixed size first, e.g. `AdaptiveAvgPool2d(1)`, "
                        "or give the input a fixed size there",
                    ),
                )
    for weight in weights if decl.module is not None else ():
        for dim in weight.shape:
            if dim.const is None:
                fail(
                    "A0204",
                    f"`{weight.name}` of `{decl.name}` has the open size `{dim}`",
                    span,
                    labels=inputs_of(ctx, dim),
                    help=("give the input a fixed size there, or declare the weight otherwise",),
                )
    if first:
        module.decl, module.params = decl, params
        module.inferred, module.weights = inferred, weights
    elif module.weights != weights:
        refuse_shared(ctx, module, decl, params, inputs, weights, span)
    mechanism: Mechanism | None = None if first else "shared"
    node = ctx.graph.add(
        "layer",
        decl.name,
        outputs,
        span,
        tuple(t.value for t in inputs),
        tuple(mechanism for _ in inputs),
        decl,
        params,
        module,
    )
    ctx.given[node.id], ctx.frames[node.id] = given, ctx.frame
    if ctx.elements:
        check_entries(ctx, node, inputs)
    check_node_limit(ctx, span)
    return outputs_of(ctx, node.id)


def _takes(least: int, most: int) -> str:
    return tensors(least) if least == most else f"{least} to {tensors(most)}"


def _choose_one(ctx: Context, inputs: tuple[Tensor, ...]) -> tuple[str, ...]:
    """How to go on with one of the outputs of the layer that gave all of `inputs`."""
    nodes = {tensor.value.node for tensor in inputs}
    node = ctx.graph.node(inputs[0].value.node)
    if len(nodes) > 1 or not isinstance(node.decl, LayerDecl) or len(node.outputs) < 2:
        return ()
    names = node.decl.outputs(node.params)
    listed = ", ".join(f"`{name}`" for name in names)
    label = node.module.key if node.module is not None and node.module.labelled else "label"
    return (
        f"`{node.name}` gives {listed}: go on with `{label}.{names[0]}`, "
        f"or name them: `{', '.join(names)} = …`",
    )


def check_node_limit(ctx: Context, span: Span) -> None:
    if len(ctx.graph.nodes) > ctx.limits.nodes:
        ctx.limit(f"the model has more than {ctx.limits.nodes:,} nodes", span)


def outputs_of(ctx: Context, node: int) -> Tensor | Outputs:
    from archspec.ir import Value

    made = ctx.graph.node(node)
    tensors = tuple(Tensor(Value(node, i), t) for i, t in enumerate(made.outputs))
    names = made.decl.outputs(made.params) if isinstance(made.decl, LayerDecl) else ()
    return tensors[0] if len(tensors) == 1 else Outputs(tensors, names)
