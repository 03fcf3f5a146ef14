"""What a class begins with: its parameters, its inputs and the names of their sizes."""

from typing import TYPE_CHECKING, Any, Final

from archspec import pycode as py
from archspec.backends.torch.emitter import CtorParam, Emitter, Passes, Static, Val
from archspec.backends.torch.families import stem_of
from archspec.backends.torch.literals import annotation
from archspec.backends.torch.records import layer_key
from archspec.backends.torch.scan import defined_names, value_names
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim
from archspec.elaborate.values import BlockValue, LayerValue, Pass, Tensor
from archspec.syntax import ast

if TYPE_CHECKING:
    pass


def bind_open(e: Emitter, name: str, stage: ast.Stage, passes: Passes, values: list[Any]) -> None:
    """A size of the block's input that a group reads: found again in the group's own input."""
    steps = [p.steps[id(stage)] for p in passes]
    for port, tensor in enumerate(steps[0].inputs):
        for axis in range(tensor.type.rank):
            pairs = zip(steps, values, strict=False)
            if all(s.inputs[port].type.shape[axis] is Dim.of(v) for s, v in pairs):
                _bind_dim(e, name, port, axis, e.input_names[port])
                return


def has_value(e: Emitter, name: str, p: Pass) -> bool:
    try:
        e.lookup(name, p)
    except KeyError:
        return False
    return True


def define_params(e: Emitter, block: ast.Block, passes: Passes) -> None:
    for param in block.params:
        values = [p.frame.constants[param.name] for p in passes]
        if any(isinstance(v, LayerValue | BlockValue) for v in values) and not _vary(
            e, block, param.name, values
        ):
            continue
        if is_model_class(e) and (id(block), param.name) in e.planner.fixed:
            continue
        e.define_param(param.name, annotation(values))


def _vary(e: Emitter, block: ast.Block, name: str, values: list[Any]) -> bool:
    """Whether instances are given different layers, and the class can take them as an argument."""
    if (id(block), name) not in e.planner.layer_params:
        return False
    return any(layer_key(v) != layer_key(values[0]) for v in values[1:])


def define_inputs(
    e: Emitter, block: ast.Block, names: list[str], tensors: list[Tensor]
) -> Val | None:
    flow = bind_inputs(e, names, tensors, lambda p, i: e.frame_of(p).inputs[i][1])
    if is_model_class(e):
        flow = _declared_sizes(e, block, tensors, flow)
    statements = [s for s in block.body.statements if isinstance(s, ast.Input)]
    for port, statement in enumerate(statements):
        dims = list(statement.shape.dims)
        dots = next((i for i, d in enumerate(dims) if isinstance(d, ast.Ellipsis)), None)
        for index, item in enumerate(dims):
            if not isinstance(item, ast.Name) or item.id in e.scope:
                continue
            axis = (
                index
                if dots is None or index < dots
                else tensors[port].type.rank - len(dims) + index
            )
            _bind_dim(e, item.id, port, axis, e.input_names[port])
    if len(tensors) > 1 and statements:
        return None
    return flow


def is_model_class(e: Emitter) -> bool:
    """Whether this is the class of a model."""
    return e.passes[0].frame.module.parent is None and not from_group(e)


def _declared_sizes(
    e: Emitter, block: ast.Block, tensors: list[Tensor], flow: Val | None
) -> Val | None:
    """A model's inputs have the sizes that its author wrote: `input x: [B, dim]`."""
    statements = [s for s in block.body.statements if isinstance(s, ast.Input)]
    for port, statement in enumerate(statements):
        hints = list(e.input_hints[port])
        for axis, item in enumerate(statement.shape.dims):
            if isinstance(item, ast.Ellipsis) or not value_names(item) <= set(e.scope):
                continue
            actual = [(p, p.frame.inputs[port][1].type.shape[axis]) for p in e.passes]
            hint = e.static_hint(item, actual)
            if e.sizes.holds(hint, actual):
                hints[axis] = hint
        e.input_hints[port] = tuple(hints)
        name = e.passes[0].frame.inputs[port][0]
        e.values[name] = Val(e.values[name].expr, tuple(hints))
    if flow is None or flow.items:
        return flow
    return Val(flow.expr, e.input_hints[0])


def _bind_dim(e: Emitter, name: str, port: int, axis: int, variable: str) -> None:
    """A dim that an input binds: a constructor argument, or read from the tensor's shape."""
    hint = e.input_hints[port][axis]

    def ctor() -> py.Expr:
        return e.sizes.render(hint)

    def forward() -> py.Expr:
        if hint.const is not None:
            return py.const(hint.const)
        local = e.shape_locals.get(name)
        if local is None:
            local = e.shape_locals[name] = e.forward_names.new(name)
            e.shape_reads[local] = (port, axis)
        return py.name(local)

    e.scope[name] = Static(ctor, forward, hint)


def bind_inputs(
    e: Emitter, names: list[str], tensors: list[Tensor], actual: Any, known: Any = lambda *_: None
) -> Val | None:
    """The inputs of `forward`, with a symbol for each of their sizes that is not known by name."""
    vals: list[Val] = []
    e.input_types = tuple(tensor.type for tensor in tensors)
    for port, (name, tensor) in enumerate(zip(names, tensors, strict=True)):
        variable = e.forward_names.new(name)
        e.input_names.append(variable)
        hints = tuple(
            known(port, axis) or _input_symbol(e, port, axis, tensor, actual)
            for axis in range(tensor.type.rank)
        )
        e.input_hints.append(hints)
        val = Val(py.name(variable), hints)
        e.values[name] = val
        vals.append(val)
    taken = defined_names(e.body) | set(e.read)
    taken |= {stem_of(form) for form in e.read if "*" in form}
    if e.input_names and e.input_names[0] in ("x", "y", "z") and e.input_names[0] not in e.read:
        e.flow_name = e.input_names[0]
    else:
        free = next(
            n for n in ("x", "y", "z", "h", "hidden", "flow") if n not in taken or n == "flow"
        )
        e.flow_name = e.forward_names.new(free)
    if not vals:
        return None
    return (
        vals[0] if len(vals) == 1 else Val(py.Tuple(tuple(v.expr for v in vals)), items=tuple(vals))
    )


def _input_symbol(e: Emitter, port: int, axis: int, tensor: Tensor, actual: Any) -> Dim:
    dims = [actual(p, port).type.shape[axis] for p in e.passes]
    root = e.passes[0].frame.module.parent is None and not from_group(e)
    if root and all(d is dims[0] and d.const is not None for d in dims):
        return Dim.of(dims[0])
    rank = tensor.type.rank

    def render() -> py.Expr | None:
        if root:
            return None
        key = f"in{port}.{axis}"
        if key not in e.params:
            base = _declared_name(e, port, axis) or _size_name(axis, rank)
            if len(e.input_names) > 1:
                base = f"{e.input_names[port]}_{base.removeprefix('in_')}"
            e.params[key] = CtorParam(e.ctor_names.new(base), py.name("int"), dim=(port, axis))
        return py.name(e.params[key].name)

    def value(p: Pass) -> Any:
        q: Pass | None = p
        while q is not None:
            try:
                return actual(q, port).type.shape[axis]
            except KeyError:
                q = e.parent(q)
        raise CannotEmit("an input that is not recorded")

    return e.sizes.symbol(f"in{port}.{axis}", value, render)


def _declared_name(e: Emitter, port: int, axis: int) -> str | None:
    """What torch calls the size that the author names by its usual letter."""
    if from_group(e):
        return None
    statements = [s for s in e.passes[0].frame.block.body.statements if isinstance(s, ast.Input)]
    dims = statements[port].shape.dims if port < len(statements) else ()
    dots = [i for i, d in enumerate(dims) if isinstance(d, ast.Ellipsis)]
    if dots and axis >= dots[0]:  # counted from the end
        axis += len(dims) - e.input_types[port].rank
        if axis <= dots[0]:
            return None
    if axis >= len(dims):
        return None
    item = dims[axis]
    return USUAL.get(item.id) if isinstance(item, ast.Name) else None


#: The letters that authors give to sizes, in torch's words.
USUAL: Final = {"C": "in_channels", "D": "in_features", "H": "in_height", "W": "in_width"}


def _size_name(axis: int, rank: int) -> str:
    """What the constructor calls the size of an input: as torch does where it has a name for it."""
    if axis == 0:
        return "batch_size"
    if rank >= 3 and axis == rank - 1 and rank == 3:
        return "in_features"
    if rank >= 4 and axis >= 2:
        return ("in_depth", "in_height", "in_width")[axis - rank]
    return "in_channels" if rank >= 4 else "in_features" if rank == 2 else "in_channels"


def from_group(e: Emitter) -> bool:
    return e.passes[0].frame.block.body is not e.body
