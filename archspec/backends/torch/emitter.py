"""One class of the emitted module: its constructor and its `forward`, written side by side.

The emitter walks a block's syntax once, for all executions of it at the same time (its passes). A
stage is written as the author wrote it; what the author left to inference (input sizes, whether an
`align` applies) is computed as a hint and checked against every execution (see `sizes`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from archspec import pycode as py
from archspec.backends.torch.families import families, frames_of
from archspec.backends.torch.literals import literal, matches
from archspec.backends.torch.records import layer_key
from archspec.backends.torch.running import RunningSizes
from archspec.backends.torch.scan import defined_names, pattern, value_names
from archspec.backends.torch.sizes import CannotEmit, Sizes
from archspec.backends.torch.translate import Translator
from archspec.dims import Dim, DimExpr, Neg, Num, Op, Var, expression
from archspec.elaborate.values import BlockValue, Frame, Pass, Step, tensors_in
from archspec.layers import registry
from archspec.layers.base import TensorType
from archspec.syntax import ast

if TYPE_CHECKING:
    from archspec.backends.torch.planner import Planner

Passes = tuple[Pass, ...]
SELF = py.name("self")
Hints = tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Val:
    """What flows in `forward`: an expression and, for its dims, hints."""

    expr: py.Expr
    hints: Hints = ()
    #: Several tensors flowing together.
    items: tuple["Val", ...] = ()
    #: A list of tensors written as `*(… for …)`: the comprehension, and what `hints` are of each.
    spread: "ast.Comprehension | ast.Index | None" = None
    #: Where each of them stands in what `expr` gives, if not side by side.
    nesting: tuple[tuple[int, ...], ...] = ()

    @property
    def is_name(self) -> bool:
        return isinstance(self.expr, py.Name)


@dataclass(slots=True)
class Static:
    """A compile-time name: how constructor and `forward` write it, and its size as a hint."""

    ctor: Callable[[], py.Expr]
    forward: Callable[[], py.Expr]
    hint: Dim | None = None

    @staticmethod
    def fixed(expr: py.Expr, hint: Dim | None = None) -> "Static":
        """A name that is written as the same expression everywhere."""
        return Static(lambda: expr, lambda: expr, hint)


@dataclass(frozen=True, slots=True)
class Container:
    """Where modules are added: `attributes` of a plain module, or the end of a `sequential` one."""

    expr: py.Expr
    sequential: bool
    #: How `forward` refers to it, where that differs.
    forward: py.Expr | None = None
    #: An `nn.ModuleDict`, whose modules are its items.
    items: bool = False
    #: A sequential one whose modules `forward` calls one by one.
    indexed: bool = False
    #: Whether all that stands in it is frozen: what depends on the mode must stand in it.
    frozen: bool = False

    @property
    def in_forward(self) -> py.Expr:
        return self.expr if self.forward is None else self.forward

    def member(self, key: str, in_forward: bool = False) -> py.Expr:
        """The module `key` of the container."""
        expr = self.in_forward if in_forward else self.expr
        return py.Subscript(expr, (py.const(key),)) if self.items else py.attr(expr, key)


@dataclass(slots=True)
class CtorParam:
    """A parameter of the emitted constructor, and what a caller passes for it."""

    name: str
    annotation: py.Expr
    #: A size of an input (port, axis), or a compile-time name of the spec.
    dim: tuple[int, int] | None = None
    source: str = ""
    default: py.Expr | None = None
    #: For an argument of a block that is itself an argument: its value, by the class's frame.
    values: dict[int, Any] | None = None

    def value_in(self, frame: Frame) -> Any:
        """What a model passes for it."""
        return frame.constants[self.source] if self.values is None else self.values[id(frame)]


@dataclass(slots=True)
class State:
    """The growing parts of a class."""

    ctor: list[py.Stmt] = field(default_factory=list)
    forward: list[py.Stmt] = field(default_factory=list)
    #: Modules without weights and what else may stand at the constructor's end.
    tail: list[py.Stmt] = field(default_factory=list)
    #: One parameter gets its second name.
    tying: list[py.Stmt] = field(default_factory=list)
    #: Frozen modules are put into evaluation mode.
    evaluating: list[py.Stmt] = field(default_factory=list)
    #: Weights are read from the files that the spec names.
    loading: list[py.Stmt] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A declared module whose sizes its first application tells: where it will be written."""

    stage: ast.Stage
    kind: str
    body: list[py.Stmt]
    place: py.Assign


class Emitter:
    """Shared state of the walk over one class; the stages are in `stages`, the joins in `joins`."""

    def __init__(self, planner: "Planner", body: Any, passes: Passes, attributes: set[str]) -> None:
        self.planner = planner
        self.body = body
        self.passes = passes
        #: The executions of the class's body; what varies within one, varies in a loop of it.
        self.roots = frozenset(id(p) for p in passes)
        self.sizes = Sizes()
        self.state = State()
        self.scope: dict[str, Static] = {}
        self.values: dict[str, Val] = {}
        self.families: dict[str, py.Expr] = {}
        #: Dicts of the constructor that hold the channels of families which lists are made of.
        self.channels: dict[str, str] = {}
        #: The form under which a name is kept, where that is not its own.
        self.forms = families(body, frames_of(passes))
        self.key_types: dict[str, tuple[str, ...]] = {}
        self.read = value_names(body)
        self.defined = defined_names(body)
        self.attributes = planner.attributes(attributes)
        self.ctor_names = planner.names.child({"self", "nn", "torch", "F", "init", "math", "copy"})
        self.forward_names = planner.names.child(
            {"self", "nn", "torch", "F", "init", "math", "copy"}
        )
        self.params: dict[str, CtorParam] = {}
        self.stored: dict[str, py.Expr] = {}
        #: Variables of the constructor for compile-time values that the author names.
        self.named: set[str] = set()
        #: Where `forward` names such values, as soon as it reads them.
        self.places: list[py.Stmt] = []
        #: Variables of `forward` for sizes of inputs: port and axis.
        self.shape_reads: dict[str, tuple[int, int]] = {}
        self.single: dict[py.Expr, str] = {}
        self.container = Container(SELF, False)
        self.input_names: list[str] = []
        #: The types of the inputs in the first pass.
        self.input_types: tuple[TensorType, ...] = ()
        self.up: dict[int, Pass] = {}
        #: Slow copies: copy, source, momentum.
        self.ema: list[tuple[py.Expr, py.Expr, py.Expr]] = []
        self.helpers: list[py.FunctionDef] = []
        self.flow_name = "x"
        self.silent = 0
        self.running = RunningSizes(self)
        self.outputs: list[Val] | None = None
        self.output_names: dict[str, tuple[str, ...]] = {}
        self.in_constructor = False
        #: Loops are written out from the start, after an attempt to keep them failed.
        self.unroll = False
        #: How many loops of the emitted code we are in.
        self.loops = 0
        self.inits: list[py.Stmt] = []
        self.input_hints: list[Hints] = []
        self.result_names: tuple[str, ...] = ()
        self.shape_locals: dict[str, str] = {}
        self.param_symbols: set[str] = set()
        self.checks: list[py.Stmt] = []
        self.inlined: list[Any] = []
        self.group_plans: dict[Any, Any] = {}
        #: What a declared group gives, by the identity of its module.
        self.shared_outputs: dict[int, tuple[Hints, ...]] = {}
        #: Where params and buffers stand, by the pattern of their name.
        self.tensor_containers: dict[str, py.Expr] = {}
        #: How `forward` refers to declared modules.
        self.shared_references: dict[int, py.Expr] = {}
        #: Declared modules that are not written yet, by their identity.
        self.undecided: dict[int, Undecided] = {}
        #: For a running size after a loop: the same as a formula of what came before the loop.
        self.closed: dict[str, Dim] = {}
        self.translate = Translator(self._ctor_name, planner.function)
        self.translate_forward = Translator(self._forward_name, planner.function)

    # --- records -------------------------------------------------------------------------------

    def steps(self, node: ast.Node) -> list[tuple[Pass, Step]]:
        """The executions of a stage, with their passes."""
        found = [(p, p.steps[id(node)]) for p in self.passes if id(node) in p.steps]
        if not found:
            raise CannotEmit(f"{node.span.text} was never executed")
        return found

    def step(self, node: ast.Node) -> Step:
        return self.steps(node)[0][1]

    def ran(self, node: ast.Node) -> bool:
        return any(id(node) in p.steps for p in self.passes)

    def parent(self, pass_: Pass) -> Pass | None:
        return pass_.parent or self.up.get(id(pass_))

    def lookup(self, name: str, pass_: Pass) -> Any:
        """The compile-time value of `name` as seen from `pass_`."""
        scope: Pass | None = pass_
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        if name in pass_.frame.constants:
            return pass_.frame.constants[name]
        outer = self._outermost(pass_)
        if outer is not None:
            return self.lookup(name, outer)
        raise KeyError(name)

    def is_read(self, name: str) -> bool:
        """Whether a name (`*` for each interpolation) is read somewhere in the block."""
        name = self.forms.get(name, name)
        if name in self.read:
            return True
        runtime = self.read - set(self.scope) - self.defined
        return "*" in name and any(matches(name, other) is not None for other in runtime)

    def form(self, name: ast.Name | ast.Template) -> str:
        """What a value is kept under: its name, with `*` for each key of a family."""
        text = pattern(name)
        return self.forms.get(text, text)

    def frame_of(self, pass_: Pass) -> Any:
        """The frame of the class's own block, also for a pass through an inlined one."""
        while True:
            above = self.parent(pass_)
            if above is None:
                return pass_.frame
            pass_ = above

    def block_argument(self, param: CtorParam, frames: list[tuple[Pass, Frame]]) -> py.Expr:
        """An argument of a block that this class is given: an argument of this class as well."""
        callee = frames[0][1].block
        values: dict[int, Any] = {}
        for p, frame in frames:
            value = frame.constants[param.source]
            if values.setdefault(id(self.frame_of(p)), value) != value:
                raise CannotEmit(f"{param.source} differs between calls")
        constants = self.frame_of(frames[0][0]).constants
        owner = next(
            (n for n, v in constants.items() if isinstance(v, BlockValue) and v.block is callee),
            None,
        )
        if owner is None or self.frame_of(frames[0][0]).block.body is not self.body:
            raise CannotEmit(f"no argument of this class leads to {param.source}")
        key = f"{owner}.{param.source}"
        if key not in self.params:
            name = self.ctor_names.new(param.source)
            self.params[key] = CtorParam(
                name, param.annotation, source=key, default=param.default, values=values
            )
        return py.name(self.params[key].name)

    def runtime_size(self, dim: Dim) -> py.Expr:
        """A size in `forward`, from the names of dims that the block binds."""
        for name, static in self.scope.items():
            try:
                if all(Dim.of(self.lookup(name, p)) is dim for p in self.passes):
                    return static.forward()
            except (KeyError, CannotEmit, TypeError, ValueError, AttributeError):
                continue
        return self._size_code(expression(dim), dim)

    def _size_code(self, code: DimExpr, dim: Dim) -> py.Expr:
        """An open size, computed from the sizes that the inputs bind."""
        match code:
            case Num(value=value):
                return py.const(value)
            case Neg(operand=operand):
                return py.Unary("-", self._size_code(operand, dim))
            case Op(op=op, left=left, right=right):
                return py.Binary(op, self._size_code(left, dim), self._size_code(right, dim))
            case Var(name=name):
                return self._open_size(name, dim)

    def _open_size(self, symbol: str, dim: Dim) -> py.Expr:
        """A size that a model's input leaves open, read from an input of this class."""
        wanted = Dim.symbol(symbol)
        for port, own_type in enumerate(self.input_types):
            for axis, own in enumerate(own_type.shape):
                if own is wanted:
                    local = next(
                        (n for n, read in self.shape_reads.items() if read == (port, axis)), None
                    )
                    if local is None:
                        local = self.forward_names.new(symbol)
                        self.shape_reads[local] = (port, axis)
                    return py.name(local)
        raise CannotEmit(f"the size {dim} is not at hand")

    def _outermost(self, pass_: Pass) -> Pass | None:
        while pass_.parent is not None:
            pass_ = pass_.parent
        return self.up.get(id(pass_))

    # --- names ---------------------------------------------------------------------------------

    def define_param(self, name: str, annotation: py.Expr) -> None:
        """A parameter of the block: part of the constructor as soon as something reads it."""

        own = self.ctor_names.new(name)

        def use() -> py.Expr:
            if name not in self.params:
                self.params[name] = CtorParam(own, annotation, source=name)
            return py.name(self.params[name].name)

        hint = self.sizes.symbol(name, lambda p: self._param_value(name, p), use)
        self.param_symbols.add(name)
        self.scope[name] = Static(use, lambda: self.store(name, use), hint)

    def _param_value(self, name: str, pass_: Pass) -> Any:
        """The value of a parameter of this class, also as seen from inside an inlined block."""
        frame = self.frame_of(pass_)
        own = frame.block.body is self.body
        return (
            frame.constants[name] if own and name in frame.constants else self.lookup(name, pass_)
        )

    def store(self, name: str, use: Callable[[], py.Expr]) -> py.Expr:
        """An attribute that keeps a constructor argument for `forward`."""
        if name not in self.stored:
            attribute = self.attributes.new(name)
            self.stored[name] = py.attr(SELF, attribute)
            self.state.tail.append(py.Assign(self.stored[name], use()))
        return self.stored[name]

    def _ctor_name(self, name: str, node: ast.Node) -> py.Expr:
        static = self.scope.get(name)
        if static is not None:
            return static.ctor()
        return self.constant(name)

    def _forward_name(self, name: str, node: ast.Node) -> py.Expr:
        static = self.scope.get(name)
        if static is not None:
            return static.forward()
        return self.constant(name)

    def constant(self, name: str) -> py.Expr:
        """A name of which nothing is known but its value: the same in every pass."""
        try:
            found = [self.lookup(name, p) for p in self.passes]
        except KeyError:
            layer = registry.layer(name)
            if layer is None:
                raise CannotEmit(f"{name} is not at hand") from None
            return py.dotted(layer.torch_name)
        return self.literal(found)

    def literal(self, values: list[Any]) -> py.Expr:
        """The one value of a list of equal ones, as a literal."""
        first = values[0]
        if any(type(v) is not type(first) or layer_key(v) != layer_key(first) for v in values[1:]):
            raise CannotEmit("the values differ")
        return literal(first)

    def materialise(self, val: Val, name: str | None = None) -> Val:
        """Bind the flowing expression to a variable, unless it is one already."""
        held = val.is_name or (
            isinstance(val.expr, py.Subscript) and val.expr.value in self.families.values()
        )
        if name is None and held:
            return val
        target = name or self.flow_name
        if isinstance(val.expr, py.Name) and val.expr.id == target:
            return val
        self.emit(py.Assign(py.name(target), val.expr))
        return replace(val, expr=py.name(target))

    def own_variable(self, val: Val | None) -> Val | None:
        """Before code that overwrites the flowing value: never the input's own name."""
        if val is None or self.silent or val.items:
            return val
        val = self.materialise(val)
        if isinstance(val.expr, py.Name) and val.expr.id != self.flow_name:
            named = any(v.expr == val.expr and self.is_read(n) for n, v in self.values.items())
            if named or val.expr.id in self.input_names:
                return self.materialise(val, self.flow_name)
        return self.materialise(val, self.flow_name) if not val.is_name else val

    def emit(self, statement: py.Stmt) -> None:
        if not self.silent:
            self.state.forward.append(statement)

    # --- trying ----------------------------------------------------------------------------------

    def checkpoint(self) -> Any:
        """All that a failed attempt must not leave behind."""
        state = self.state
        return (
            (list(state.ctor), list(state.forward), list(state.tail)),
            (list(state.tying), list(state.evaluating), list(state.loading)),
            dict(self.scope), dict(self.values), dict(self.families), dict(self.channels),
            dict(self.stored), dict(self.single), self.running.snapshot(), list(self.ema),
            self.attributes.snapshot(), self.ctor_names.snapshot(), self.forward_names.snapshot(),
            self.passes, state, self.container, self.silent, dict(self.params),
            dict(self.group_plans), self.planner.snapshot(), self.loops,
            dict(self.undecided), dict(self.shared_outputs),
        )  # fmt: skip

    def restore(self, saved: Any) -> None:
        (
            lists, methods, self.scope, self.values, self.families, self.channels,
            self.stored, self.single, running, self.ema, attributes, ctor, forward,
            self.passes, self.state, self.container, self.silent, self.params,
            self.group_plans, planned, self.loops, self.undecided, self.shared_outputs,
        ) = saved  # fmt: skip
        state = self.state
        state.ctor[:], state.forward[:], state.tail[:] = lists
        state.tying[:], state.evaluating[:], state.loading[:] = methods
        self.planner.restore(planned)
        self.running.restore(running)
        self.attributes.restore(attributes)
        self.ctor_names.restore(ctor)
        self.forward_names.restore(forward)

    def loop_name(self, name: str) -> str:
        """A variable that is free in the constructor and in `forward`."""
        if name == "_":
            return name
        tried: list[str] = []
        while True:
            tried.append(self.ctor_names.new(name))
            if tried[-1] not in self.forward_names:
                break
        for other in tried[:-1]:
            self.ctor_names.release(other)
        self.forward_names.reserve(tried[-1])
        return tried[-1]

    def release(self, names: Any) -> None:
        """Loop variables may be used again by later loops."""
        for name in names:
            self.ctor_names.release(name)
            self.forward_names.release(name)

    # --- places --------------------------------------------------------------------------------

    @contextmanager
    def within(self, passes: Passes) -> Iterator[State]:
        """Collect the statements of an inner body, walked in the context of `passes`."""
        outer_passes, outer = self.passes, self.state
        self.passes = passes
        self.state = State(tail=outer.tail)
        try:
            yield self.state
        finally:
            self.passes, self.state = outer_passes, outer

    @contextmanager
    def silently(self) -> Iterator[None]:
        """Inside a sequential container, whose flow needs no code in `forward`."""
        self.silent += 1
        try:
            yield
        finally:
            self.silent -= 1

    @contextmanager
    def inside(self, container: Container) -> Iterator[None]:
        outer = self.container
        self.container = container
        try:
            yield
        finally:
            self.container = outer

    # --- inferred sizes ------------------------------------------------------------------------

    def size(self, hint: Dim, actual: list[tuple[Pass, Dim]]) -> py.Expr:
        """A size in the constructor: by its hint where that holds, else by its one value."""
        if self.sizes.holds(hint, actual):
            try:
                return self.sizes.render(hint)
            except CannotEmit:
                pass
        first = actual[0][1]
        if first.const is not None and all(dim is first for _, dim in actual):
            return py.const(first.const)
        raise CannotEmit(f"no expression for {hint}")

    def static_hint(self, expr: ast.Expr | None, actual: list[tuple[Pass, Any]]) -> Dim:
        """The author's expression as a hint; one symbol where it is more than a polynomial."""
        if expr is None:
            return self.sizes.unknown()
        known = {id(p): v for p, v in actual}
        match expr:
            case ast.Number(value=int() as value):
                return Dim.of(value)
            case ast.Name(id=id_) if id_ in self.scope and self.scope[id_].hint is not None:
                hint = self.scope[id_].hint
                assert hint is not None
                return hint
            case ast.Binary(op="+" | "-" | "*" as op, left=left, right=right):
                a, b = self.static_hint(left, []), self.static_hint(right, [])
                return a + b if op == "+" else a - b if op == "-" else a * b
            case ast.Binary(op="//", left=left, right=ast.Number(value=int() as divisor)) if (
                divisor > 0
            ):
                return self.static_hint(left, []) // divisor
            case _:
                try:
                    self.translate(expr)
                except CannotEmit:
                    return self.sizes.unknown()
                name = f"({expr.span.text})"

                def render() -> py.Expr | None:
                    try:
                        return self.translate(expr)
                    except CannotEmit:
                        return None

                return self.sizes.symbol(
                    name,
                    lambda p: known[id(p)] if id(p) in known else self.evaluate(expr, p),
                    render,
                )

    def evaluate(self, expr: ast.Expr, pass_: Pass) -> Any:
        """The value of a compile-time expression in a pass."""
        return self.planner.evaluate(expr, pass_, self.lookup)

    def output_hints(
        self, node: ast.Node, hints: Callable[[], tuple[Hints, ...]]
    ) -> tuple[Hints, ...]:
        """Hints of a stage's outputs, those that don't hold replaced by unknown sizes."""
        steps = self.steps(node)
        outputs = [(p, list(tensors_in(s.output))) for p, s in steps]
        count = len(outputs[0][1])
        try:
            proposed = hints()
        except Exception as error:  # noqa: BLE001 - a rule may refuse symbols in any way
            del error
            proposed = ()
        result: list[Hints] = []
        for index in range(count):
            tensors = [(p, ts[index]) for p, ts in outputs]
            rank = tensors[0][1].type.rank
            if any(t.type.rank != rank for _, t in tensors):
                raise CannotEmit(f"{node.span.text} has different numbers of dimensions")
            own = proposed[index] if index < len(proposed) else ()
            dims: list[Dim] = []
            for axis in range(rank):
                actual = [(p, t.type.shape[axis]) for p, t in tensors]
                fits = len(own) == rank and self.sizes.holds(own[axis], actual)
                first = actual[0][1]
                if fits:
                    dims.append(own[axis])
                elif (kept := self._kept(node, axis - rank, actual)) is not None:
                    dims.append(kept)
                elif first.const is not None and all(d is first for _, d in actual):
                    dims.append(first)
                else:
                    dims.append(self.sizes.unknown())
            result.append(tuple(dims))
        return tuple(result)

    def _kept(self, node: ast.Node, from_end: int, actual: list[tuple[Pass, Dim]]) -> Dim | None:
        """The size of the class's own input that a function gives back."""
        if self.step(node).kind != "function":
            return None
        for hints in self.input_hints:
            fits = -from_end <= len(hints) and hints[from_end].const is None
            if fits and self.sizes.holds(hints[from_end], actual):
                return hints[from_end]
        return None
