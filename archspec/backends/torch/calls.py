"""Constructor calls of classes in this file: their arguments, and what they give."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.arguments import argument, argument_hint
from archspec.backends.torch.emitter import CtorParam, Emitter, Hints
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim
from archspec.elaborate.values import (
    Argument,
    Frame,
    Pass,
    Step,
)
from archspec.syntax import ast

if TYPE_CHECKING:
    from archspec.backends.torch.planner import ClassPlan, Planner

Steps = list[tuple[Pass, Step]]


@dataclass(frozen=True, slots=True)
class Formula:
    """A size such as `int(in_channels * compression)`: as code, and its value in a pass."""

    code: py.Expr
    value: Callable[[Pass], Any]


def call_block(
    planner: "Planner",
    e: Emitter,
    node: ast.Node,
    frames: list[tuple[Pass, Frame]],
    inputs: tuple[Hints, ...],
) -> tuple[py.Expr, tuple[Hints, ...]]:
    keys = {planner.keys.get(id(f), planner.keys.get(id(f.module))) for _, f in frames}
    if len(keys) != 1:
        raise CannotEmit("different blocks in one place")
    plan = planner.plan(keys.pop())
    args: list[py.Expr] = []
    keywords: list[tuple[str, py.Expr]] = []
    sizes: dict[str, Dim] = {}
    for param in plan.params:
        if param.dim is not None:
            hint, actual = _input_size(e, param.dim, frames, inputs)
            args.append(e.size(hint, actual))
            continue
        given = [(p, f.given[param.source]) for p, f in frames if param.source in f.given]
        if not given and param.default is not None:
            continue
        if len(given) == len(frames) and _same_or_written(planner, e, given):
            expr = argument(e, param.source, given)
            by_name = given[0][1].name is not None or bool(keywords)
        else:
            expr = _passed_on(e, param, frames)
            by_name = True
        if by_name:
            keywords.append((param.name, expr))
        else:
            args.append(expr)
    sizes = _sizes(planner, e, plan, frames, inputs)
    _bind_formulas(planner, e, plan, frames, sizes)
    hints = _substituted(e, plan, sizes)
    outputs = e.output_hints(node, lambda: hints) if e.ran(node) else hints
    return py.Call(py.name(plan.name), tuple(args), tuple(keywords)), outputs


def _same_or_written(planner: "Planner", e: Emitter, given: list[tuple[Pass, Argument]]) -> bool:
    """Whether an argument can be written here: in the author's words, or as its one value."""
    first = given[0][1]
    if first.node is not None and all(a.node is first.node for _, a in given):
        return True
    return all(a.value == first.value for _, a in given)


def _sizes(
    planner: "Planner",
    e: Emitter,
    plan: "ClassPlan",
    frames: list[tuple[Pass, Frame]],
    inputs: tuple[Hints, ...],
) -> dict[str, Dim]:
    """What the callee's symbols are in the caller."""
    sizes: dict[str, Dim] = {}
    first = frames[0][1]
    for name in first.constants:
        given = [(p, f.given[name]) for p, f in frames if name in f.given]
        if len(given) == len(frames):
            sizes[name] = argument_hint(e, given)
        else:
            values = [f.constants.get(name) for _, f in frames]
            value = values[0]
            if type(value) is int and all(v == value for v in values):
                sizes[name] = Dim.of(value)
            else:
                sizes[name] = e.sizes.unknown()
    for port, (_, tensor) in enumerate(first.inputs):
        for axis in range(tensor.type.rank):
            hint, actual = _input_size(e, (port, axis), frames, inputs)
            sizes[f"in{port}.{axis}"] = hint if e.sizes.holds(hint, actual) else e.sizes.unknown()
    return sizes


def _bind_formulas(
    planner: "Planner",
    e: Emitter,
    plan: "ClassPlan",
    frames: list[tuple[Pass, Frame]],
    sizes: dict[str, Dim],
) -> None:
    """The formulas of a block's class with the caller's expressions for its parameters."""
    by_pass = {id(p): f for p, f in frames}

    def argument_of(param: CtorParam) -> py.Expr:
        source = f"in{param.dim[0]}.{param.dim[1]}" if param.dim else param.source
        given = [(p, f.given[source]) for p, f in frames if source in f.given]
        if len(given) == len(frames):
            return argument(e, source, given)
        if param.dim is not None:
            return e.sizes.render(sizes[source])
        return e.literal([f.constants[source] for _, f in frames])

    _bind(planner, e, plan, sizes, argument_of, lambda p: by_pass[id(_call(e, p, by_pass))].root)


def _call(e: Emitter, pass_: Pass, calls: Container[int]) -> Pass:
    """The pass around `pass_` (or itself) in which a call was made; `calls` by identity."""
    scope: Pass | None = pass_
    while scope is not None and id(scope) not in calls:
        scope = e.parent(scope)
    if scope is None:
        raise CannotEmit("a call that is not recorded")
    return scope


def _bind(
    planner: "Planner",
    e: Emitter,
    plan: "ClassPlan",
    sizes: dict[str, Dim],
    argument_of: Callable[[CtorParam], py.Expr],
    root_of: Callable[[Pass], Pass],
) -> None:
    """A symbol for each formula of a class: `root_of` is the pass of the class in one of ours."""
    for symbol, formula in plan.formulas.items():
        used = py.names_used(formula.code)

        def code(formula: Formula = formula, used: set[str] = used) -> py.Expr | None:
            try:
                mapping = {p.name: argument_of(p) for p in plan.known if p.name in used}
            except CannotEmit:
                return None
            if any(isinstance(expr, py.Tuple | py.List) for expr in mapping.values()):
                return None  # the number says more than a list that is written out
            return py.substitute(formula.code, mapping)

        def value(p: Pass, formula: Formula = formula) -> Any:
            return formula.value(root_of(p))

        planner._calls += 1
        sizes[symbol] = e.sizes.symbol(f"{symbol}@{planner._calls}", value, code)


def call_group(
    planner: "Planner",
    e: Emitter,
    stage: ast.Stage,
    plan: "ClassPlan",
    steps: Steps,
    inputs: tuple[Hints, ...],
) -> tuple[py.Expr, tuple[Hints, ...]]:
    args: list[py.Expr] = []
    sizes: dict[str, Dim] = {}
    for index, tensor in enumerate(steps[0][1].inputs):
        for axis in range(tensor.type.rank):
            actual = [(p, s.inputs[index].type.shape[axis]) for p, s in steps]
            hint = (
                inputs[index][axis] if index < len(inputs) and inputs[index] else e.sizes.unknown()
            )
            sizes[f"in{index}.{axis}"] = hint if e.sizes.holds(hint, actual) else e.sizes.unknown()
    for param in plan.params:
        if param.dim is not None:
            port, axis = param.dim
            actual = [(p, s.inputs[port].type.shape[axis]) for p, s in steps]
            args.append(e.size(sizes[f"in{port}.{axis}"], actual))
        else:
            args.append(e.translate(ast.Name(param.source, span=stage.span)))
    for name, static in e.scope.items():
        if static.hint is not None:
            sizes[name] = static.hint

    def argument_of(param: CtorParam) -> py.Expr:
        if param.dim is not None:
            return e.sizes.render(sizes[f"in{param.dim[0]}.{param.dim[1]}"])
        return e.translate(ast.Name(param.source, span=stage.span))

    calls = {id(p) for p, _ in steps}
    _bind(planner, e, plan, sizes, argument_of, lambda p: _call(e, p, calls))
    hints = _substituted(e, plan, sizes)
    return py.Call(py.name(plan.name), tuple(args)), e.output_hints(stage, lambda: hints)


def block_hints(
    planner: "Planner", e: Emitter, frames: list[tuple[Pass, Frame]], inputs: tuple[Hints, ...]
) -> tuple[Hints, ...]:
    """What a block that stands already gives for these inputs."""
    keys = {planner.keys.get(id(f), planner.keys.get(id(f.module))) for _, f in frames}
    if len(keys) != 1:
        return ()
    plan = planner.plan(keys.pop())
    sizes = _sizes(planner, e, plan, frames, inputs)
    _bind_formulas(planner, e, plan, frames, sizes)
    return _substituted(e, plan, sizes)


def _passed_on(e: Emitter, param: CtorParam, frames: list[tuple[Pass, Frame]]) -> py.Expr:
    """An argument that is not written at the call: its one value, or passed on by the caller."""
    try:
        return e.literal([f.constants[param.source] for _, f in frames])
    except CannotEmit:
        return e.block_argument(param, frames)


def _input_size(
    e: Emitter, dim: tuple[int, int], frames: list[tuple[Pass, Frame]], inputs: tuple[Hints, ...]
) -> tuple[Dim, list[tuple[Pass, Dim]]]:
    port, axis = dim
    actual = [(p, f.inputs[port][1].type.shape[axis]) for p, f in frames]
    known = port < len(inputs) and axis < len(inputs[port])
    return (inputs[port][axis] if known else e.sizes.unknown()), actual


def _substituted(e: Emitter, plan: "ClassPlan", sizes: dict[str, Dim]) -> tuple[Hints, ...]:
    """The callee's outputs in the caller's terms."""
    return tuple(tuple(_replace(e, hint, sizes) for hint in hints) for hints in plan.outputs)


def _replace(e: Emitter, hint: Dim, sizes: dict[str, Dim]) -> Dim:
    known = {name: sizes.get(name) for name in hint.symbols()}
    if any(v is None for v in known.values()):
        return e.sizes.unknown()
    return hint.substitute({k: v for k, v in known.items() if v is not None})
