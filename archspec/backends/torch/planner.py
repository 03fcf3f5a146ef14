"""Which classes the emitted module has: one per block, one per group that joins features."""

from dataclasses import dataclass, field, replace
from typing import Any

from archspec import pycode as py
from archspec.backends.torch.arguments import argument_hint, as_tuple, layer_call
from archspec.backends.torch.calls import Formula, call_block, call_group
from archspec.backends.torch.classes import build_class
from archspec.backends.torch.emitter import CtorParam, Emitter, Hints, Passes, Static, Val
from archspec.backends.torch.functions import Functions
from archspec.backends.torch.records import (
    all_frames,
    all_steps,
    exchangeable,
    own_steps,
    steps_with_passes,
    structural,
)
from archspec.backends.torch.scan import stages_in
from archspec.backends.torch.sizes import CannotEmit
from archspec.dims import Dim
from archspec.elaborate import Elaborated
from archspec.elaborate.context import Context, Limits
from archspec.elaborate.evaluate import evaluate as evaluate_expr
from archspec.elaborate.values import (
    Argument,
    BlockValue,
    Cursor,
    Frame,
    Label,
    LayerValue,
    Pass,
    Step,
)
from archspec.ir import Graph
from archspec.pycode.namespace import Namespace
from archspec.syntax import ast

Steps = list[tuple[Pass, Step]]


@dataclass(slots=True)
class ClassPlan:
    """A class that is written: its name, constructor, and what it gives for what goes in."""

    name: str
    params: list[CtorParam]
    #: These, and the sizes and parameters that only `formulas` read.
    known: list[CtorParam]
    #: Per output, dims over the symbols of the constructor's parameters and of the inputs.
    outputs: tuple[Hints, ...]
    definition: py.ClassDef
    #: Symbols of `outputs` that are more than polynomials, over `known`.
    formulas: dict[str, Formula]


@dataclass(slots=True)
class Group:
    """All frames that share a class."""

    block: ast.Block
    frames: list[Frame] = field(default_factory=list)
    plan: ClassPlan | None = None
    #: What was written with the plan: classes of groups, then its own.
    classes: list[py.ClassDef] = field(default_factory=list)


class Planner:
    """Collects the frames of the models to emit, and writes each class once, callees first."""

    def __init__(
        self,
        models: list[Elaborated],
        witnesses: list[Elaborated],
        fixed: frozenset[tuple[int, str]],
        keep_loops: bool,
    ) -> None:
        self.models = models
        #: The frames of models that are not written, only agreed with.
        self.witness_frames = {id(w.frame) for w in witnesses}
        #: Parameters, by their model's block, that the constructor does not take.
        self.fixed = fixed
        #: Whether a loop that cannot be kept is refused rather than written out.
        self.keep_loops = keep_loops
        self.building: set[Any] = set()
        self.names = Namespace(
            {
                *("nn", "torch", "F", "Tensor", "OrderedDict", "init", "math", "re", "copy"),
                *("Sequence", "Callable", "partial"),
            }
        )
        self.classes: list[py.ClassDef] = []
        #: Parameters of blocks that take layers, which may be arguments of the emitted classes.
        self.layer_params = exchangeable(f for m in (*models, *witnesses) for f in all_frames(m))
        scopes = [frame.scope for model in models for frame in all_frames(model)]
        self.function = Functions(self.names, scopes)
        self.helpers: list[py.FunctionDef | py.ClassDef] = []
        self.groups: dict[Any, Group] = {}
        self.keys: dict[int, Any] = {}
        self._stages: list[ast.Stage] = []
        #: Of groups that are given values from outside: names of inputs, and how many flow.
        self.opened: dict[int, tuple[tuple[str | None, ...], int]] = {}
        self._calls = 0
        for model in models:
            self.names.reserve(model.entry.name)
        seen: set[int] = set()
        for model in (*models, *witnesses):
            for step in all_steps(model.frame.root):
                if step.frame is None or step.kind not in ("block", "apply"):
                    continue
                if id(step.frame.module) not in seen:
                    seen.add(id(step.frame.module))
                    self._enter(step.frame)

    def _enter(self, frame: Frame) -> None:
        key = (id(frame.block), structural(frame, self.layer_params))
        self.keys[id(frame)] = key
        self.keys[id(frame.module)] = key
        self.groups.setdefault(key, Group(frame.block)).frames.append(frame)

    def attributes(self, labels: set[str]) -> Namespace:
        """Attribute names of a class: the author's labels are taken."""
        reserved = {
            "training",
            "forward",
            "children",
            "modules",
            "parameters",
            "train",
            "eval",
            "to",
            "T_destination",
        }
        return Namespace(reserved | labels, avoid_builtins=False)

    def snapshot(self) -> Any:
        """What a failed attempt at a class must not leave behind."""
        return (
            list(self.classes),
            self.names.snapshot(),
            list(self.helpers),
            self.function.snapshot(),
        )

    def restore(self, saved: Any) -> None:
        """Forget the group classes, names and helpers of a failed attempt; blocks are kept."""
        classes, names, helpers, functions = saved
        kept = {id(c) for c in classes}
        kept |= {id(c) for g in self.groups.values() if g.plan is not None for c in g.classes}
        self.classes = [c for c in self.classes if id(c) in kept]
        self.names.restore(names)
        self.names.reserve(*(c.name for c in self.classes))
        self.helpers = helpers
        self.function.restore(functions)

    def graphs(self, passes: Passes) -> list[Graph]:
        """The models of a class."""
        roots = {id(p.frame) for p in passes}
        return [model.graph for model in self.models if id(model.frame) in roots]

    def lower_bounds(self, passes: Passes) -> list[tuple[str, int]]:
        """The inferred bounds that all models of a class share: the largest of each size."""
        bounds: dict[str, int] = {}
        for graph in self.graphs(passes):
            for name, requirement in graph.requirements.items():
                bounds[name] = max(bounds.get(name, 0), requirement.lower)
        return sorted(bounds.items())

    # --- compile-time things -------------------------------------------------------------------

    def evaluate(self, expr: ast.Expr, pass_: Pass, lookup: Any) -> Any:
        """A compile-time expression as its pass saw it."""
        frame = pass_.frame
        names = _Names(lookup, pass_)
        shadow = Frame(frame.block, frame.scope, frame.module, frame.constants, names)
        ctx = Context(self.models[0].graph, Limits(), shadow, shadow.root, Cursor(frame.module))
        try:
            return evaluate_expr(ctx, expr)
        except Exception as error:  # noqa: BLE001 - any failure only means: not this expression
            raise CannotEmit(str(error)) from None

    def written_in(self, e: Emitter, node: ast.Node) -> bool:
        """Whether an argument was written in the class at hand: its names mean the same there."""
        span, body = node.span, e.body.span
        if span.source is body.source and body.start <= span.start and span.end <= body.end:
            return True
        return any(
            span.source is other.source and other.start <= span.start and span.end <= other.end
            for other in e.inlined
        )

    # --- classes -------------------------------------------------------------------------------

    def instance(
        self,
        e: Emitter,
        stage: ast.Stage,
        steps: Steps,
        body: ast.Group | None,
        inputs: tuple[Hints, ...],
    ) -> tuple[py.Expr, tuple[Hints, ...]]:
        """The constructor call of a block or group, and hints of what it gives."""
        if body is not None:
            plan = self._group_class(e, stage, body, steps, inputs)
            return call_group(self, e, stage, plan, steps, inputs)
        frames = [(p, s.frame) for p, s in steps if s.frame is not None]
        return call_block(self, e, stage, frames, inputs)

    def plan(self, key: Any) -> ClassPlan:
        """The class of a group of frames, written on first use."""
        group = self.groups.get(key)
        if group is None:
            raise CannotEmit("instances that were told apart meanwhile")
        if key in self.building:  # the block is called inside itself
            self._split(key, group)
            raise CannotEmit("a block within itself")
        if group.plan is None:
            self.building.add(key)
            name = self.names.new(self._class_name(key, group))
            before = {id(c) for c in self.classes}
            try:
                group.plan = build_class(
                    self, name, group.block, tuple(f.root for f in group.frames)
                )
            except CannotEmit:
                if len(group.frames) > 1:
                    self._split(key, group)
                raise
            finally:
                self.building.discard(key)
            self.classes.append(group.plan.definition)
            group.classes = [c for c in self.classes if id(c) not in before]
        return group.plan

    def _split(self, key: Any, group: Group) -> None:
        """Give instances that no one class fits a class each, told apart by their arguments."""
        if self.groups.pop(key, None) is None:
            return
        for frame in group.frames:
            inputs = " ".join(str(tensor.type) for _, tensor in frame.inputs)
            own = (key[0], (*key[1], f"{list(frame.constants.values())} {inputs}"))
            self.keys[id(frame)] = self.keys[id(frame.module)] = own
            self.groups.setdefault(own, Group(group.block)).frames.append(frame)

    def _class_name(self, key: Any, group: Group) -> str:
        same = [k for k in self.groups if k[0] == key[0]]
        name = group.block.name.id
        if same[0] == key:
            return name
        usual: dict[Any, Any] = dict(p for p in same[0][1] if isinstance(p, tuple))
        own = [p for p in key[1] if isinstance(p, tuple) and usual.get(p[0]) != p[1]]
        return name + "".join(str(value[0]) for _, value in own if isinstance(value, tuple))

    def _group_class(
        self,
        e: Emitter,
        stage: ast.Stage,
        body: ast.Group,
        steps: Steps,
        inputs: tuple[Hints, ...],
    ) -> ClassPlan:
        """A class for a group that joins features; it belongs to the class around it."""
        from archspec.backends.torch.classes import build_group_class

        definition_key = (id(body), tuple(id(p) for p, _ in steps))
        if definition_key in e.group_plans:
            return e.group_plans[definition_key]  # type: ignore[no-any-return]
        base = _group_name(e, stage)
        name = self.names.new(base)
        passes = tuple(p for p, _ in steps)
        plan = build_group_class(self, e, name, stage, body, passes, inputs)
        e.group_plans[definition_key] = plan
        self.classes.append(plan.definition)
        return plan

    # --- shared and inlined --------------------------------------------------------------------

    def pseudo_stage(self, core: ast.Expr) -> ast.Stage:
        stage = ast.Stage((), None, core, None, span=core.span)
        self._stages.append(stage)
        return stage

    def open_group(self, stage: ast.Stage, names: tuple[str | None, ...], flowing: int) -> None:
        """Note the inputs of a group that is given values from outside."""
        self._stages.append(stage)
        self.opened[id(stage)] = (names, flowing)

    def first_application(self, e: Emitter, label: Label) -> Step | None:
        """The first step that applied a declared module, in the passes of the class at hand."""
        for p in e.passes:
            for step in own_steps(p):
                if (
                    step.kind == "apply"
                    and step.label is not None
                    and step.label.name == label.name
                ):
                    return step
        return None

    def shared_instance(
        self, e: Emitter, stage: ast.Stage, kind: str, inputs: tuple[Hints, ...] = ()
    ) -> tuple[py.Expr, tuple[Hints, ...]]:
        """The constructor call of a declared module, sized by its first application.

        Before that is written, `inputs` are not known, and must be sizes of the class's inputs.
        """
        from archspec.backends.torch.groups import group_expression

        found: Steps = []
        for p in e.passes:
            label = p.steps[id(stage)].label
            for where, own in steps_with_passes(p):
                if own.kind == "apply" and own.label is label and own.module is not None:
                    found.append((where, replace(own, kind=kind)))  # type: ignore[arg-type]
                    break
        proxy = replace(self.pseudo_stage(stage.core), label=stage.label)  # type: ignore[arg-type]
        self._stages.append(proxy)
        for where, own in found:
            where.steps[id(proxy)] = own
        # The first application may stand in a loop: its passes are what the module is sized by.
        outer, e.passes = e.passes, tuple(where for where, _ in found)
        ports = range(len(found[0][1].inputs))
        inputs = inputs or tuple(_input_hints(e, found, port) for port in ports)
        try:
            if kind == "layer":
                return layer_call(e, proxy, found, inputs)
            if kind == "block":
                frames = [(p, s.frame) for p, s in found if s.frame is not None]
                return call_block(self, e, proxy, frames, inputs)
            flow = Val(py.name("_"), inputs[0]) if inputs else None
            return group_expression(e, proxy, flow)
        finally:
            e.passes = outer

    def bind_inlined(self, e: Emitter, stage: ast.Stage, frames: list[tuple[Pass, Frame]]) -> None:
        """The parameters of an inlined block: the caller's arguments, written in their place."""
        block = frames[0][1].block
        e.inlined.append(block.body.span)
        scope: dict[str, Static] = {}
        for param in block.params:
            given = [(p, f.given[param.name]) for p, f in frames if param.name in f.given]
            values = [f.constants[param.name] for _, f in frames]
            if any(isinstance(v, BlockValue) for v in values):
                continue
            if any(isinstance(v, LayerValue) for v in values) and len(given) < len(frames):
                continue
            if len(given) == len(frames):
                scope[param.name] = _inlined_argument(e, param.name, given)
            elif type(frames[0][1].constants.get(param.name)) in (int, float, bool, str):
                expr = e.literal([f.constants[param.name] for _, f in frames])
                value = frames[0][1].constants[param.name]
                hint = Dim.of(value) if type(value) is int else None
                scope[param.name] = Static.fixed(expr, hint)
        e.scope = {**e.scope, **scope}


def _inlined_argument(e: Emitter, name: str, given: list[tuple[Pass, Argument]]) -> Static:
    node = given[0][1].node
    try:
        ctor = (
            as_tuple(e.translate(node))
            if node is not None
            else e.literal([a.value for _, a in given])
        )
    except CannotEmit:
        ctor = e.literal([a.value for _, a in given])
    forward_translate = e.translate_forward
    scope = dict(e.scope)

    def forward() -> py.Expr:
        if node is None:
            return e.literal([a.value for _, a in given])
        current, e.scope = e.scope, scope
        try:
            return forward_translate(node)
        finally:
            e.scope = current

    return Static(lambda: ctor, forward, argument_hint(e, given))


class _Names(dict[str, Any]):
    """Names of a pass, looked up where they were bound."""

    def __init__(self, lookup: Any, pass_: Pass) -> None:
        super().__init__()
        self._lookup = lookup
        self._pass = pass_

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        try:
            self[str(name)] = self._lookup(str(name), self._pass)
        except KeyError:
            return False
        return True


def _group_name(e: Emitter, stage: ast.Stage) -> str:
    """`denseblock{i}: { … }` is a `Denseblock`; without a label, the container's name is used."""
    label = stage.label
    if label is not None:
        parts = (
            [label.id]
            if isinstance(label, ast.Name)
            else [p for p in label.parts if isinstance(p, str)]
        )
        text = "_".join(parts)
    else:
        outer = [
            s
            for s in stages_in(e.body)
            if s.label is not None and any(s2 is stage for s2 in stages_in(s.core))
        ]
        text = f"{outer[-1].label.span.text}_block" if outer and outer[-1].label else "group"
    words = "".join(c if c.isalnum() else " " for c in text).split()
    return "".join(w[:1].upper() + w[1:] for w in words) or "Group"


def _input_hints(e: Emitter, steps: Steps, port: int) -> Hints:
    """What goes into a declared module before its input is written: sizes of the class's inputs."""
    rank = steps[0][1].inputs[port].type.rank
    found: list[Dim] = []
    for axis in range(-rank, 0):
        actual = [(p, s.inputs[port].type.shape[axis]) for p, s in steps]
        known = [h[axis] for h in e.input_hints if len(h) >= -axis]
        same = next((h for h in known if e.sizes.holds(h, actual)), None)
        found.append(e.sizes.unknown() if same is None else same)
    return tuple(found)
