"""Shape rules of own layers, found by running their classes.

Each size of the inputs and each integer argument is changed by itself, and together with what it
equals: that tells which sizes are free, which are tied to arguments or to each other, and how the
sizes of outputs and weights follow. A rule is written only if it held at all that was tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import signature
from math import gcd
from typing import Any, Final

from archspec import pipeline
from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.elaborate.extern import ExternLayer
from archspec.elaborate.values import LayerValue
from archspec.layers.base import Params, TensorType, dtype_kind
from archspec.runtime.fit import changes, fit
from archspec.runtime.own_layers import Use, class_of, kind_of, observe
from archspec.syntax.format import format_source

#: The names of sizes, by the number of dimensions.
_NAMES: Final = {1: "B", 2: "B D", 3: "B T D", 4: "B C H W", 5: "B C D H W"}
_LARGEST: Final = 1 << 12
#: Values for the open sizes to begin from.
_STARTS: Final = (64, 16, 32, 8, 224, 4)

Types = tuple[TensorType, ...]


@dataclass(frozen=True, slots=True)
class Probed:
    """The text of the spec with the rules that were found, and the layers that they are of."""

    text: str
    layers: tuple[str, ...]


def probe(program: pipeline.Program, renew: bool = False) -> Probed:
    """Find the rules that the own layers of a file lack, or, with `renew`, of all of them.

    Raises `ArchSpecError`: what is wrong with the file beside, or why no rule was found (A0116).
    """
    if renew:
        program = _without_rules(program)
    done: list[str] = []
    while True:
        if program.diagnostics:
            raise ArchSpecError(program.diagnostics)
        missing = [layer for layer in _own(program) if not layer.has_rule]
        if not missing:
            source = program.scope.source
            return Probed(format_source(source) if done else source.text, tuple(done))
        layer, params, types = _application(program, missing)
        body = _Probe(layer, params, types).body()
        end = layer.extern.body.span.start if layer.extern.body else layer.extern.span.end
        stop = layer.extern.span.end
        text = program.scope.source.text
        text = f"{text[:end].rstrip()} {body}{text[stop:]}"
        program = _changed(program, text)
        done.append(layer.name)


def _own(program: pipeline.Program) -> list[ExternLayer]:
    """The own layers that the file itself declares."""
    values = program.scope.names.values()
    return [
        v.decl
        for v in values
        if isinstance(v, LayerValue)
        and isinstance(v.decl, ExternLayer)
        and v.decl.extern.span.source is program.scope.source
    ]


def _without_rules(program: pipeline.Program) -> pipeline.Program:
    """The same program, its own layers without their bodies."""
    text = program.scope.source.text
    for layer in sorted(_own(program), key=lambda one: -one.extern.span.start):
        body = layer.extern.body
        if body is not None:
            text = text[: body.span.start].rstrip() + text[body.span.end :]
    return _changed(program, text)


def _changed(program: pipeline.Program, text: str) -> pipeline.Program:
    """The program with another text of its file."""
    return program.changed({program.scope.source.key: text})


def _application(
    program: pipeline.Program, missing: list[ExternLayer]
) -> tuple[ExternLayer, Params, Types]:
    """The first use of a layer without a rule, found by checking the models up to there."""
    faults: list[Diagnostic] = []
    for name in program.models:
        try:
            pipeline.build_graph(program, name)
        except ArchSpecError as error:
            faults.extend(error.diagnostics)
        for layer in missing:
            if layer.applications:
                return (layer, *layer.applications[0])
    others = [fault for fault in faults if fault.code != "A0116"]
    if others:
        raise ArchSpecError(tuple(others))
    first = missing[0]
    raise ArchSpecError(
        (
            Diagnostic(
                "A0116",
                "error",
                f"no model applies `{first.name}`, so nothing is known of its inputs",
                (Label(first.extern.name.span, "", primary=True),),
                help=("use it in a model first; its rule follows from that use",),
            ),
        )
    )


@dataclass(slots=True)
class _Size:
    """A size of the inputs: its axes (all that must be equal), and how the spec writes it."""

    axes: list[tuple[int, int]]
    value: int
    text: str = ""
    free: bool = True


@dataclass(eq=False)
class _Probe:
    """One layer, at the use that is changed step by step."""

    layer: ExternLayer
    params: Params
    types: Types
    conditions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.use = Use(self.layer, self.params, {}, self.layer.extern.name.span)
        self.arguments = {
            name: value
            for name, value in self.use.arguments().items()
            if isinstance(value, int) and not isinstance(value, bool)
        }
        self.cache: dict[Any, Any] = {}
        for start in _STARTS:  # the first that the class takes, else the last
            self.shapes = self.shapes_from(start)
            if self.at({}, {}) is not None:
                break
            self.cache.clear()

    def shapes_from(self, start: int) -> list[list[int]]:
        """The shapes of the inputs, their open sizes `start` and some more; small for a batch."""
        symbols = sorted({s for t in self.types for d in t.shape for s in d.symbols()})
        chosen = {n: 2 + i if n == "B" else start + start // 2 * i for i, n in enumerate(symbols)}
        return [[d.evaluate(chosen) for d in t.shape] for t in self.types]

    # --- observing ---

    def at(self, sizes: Mapping[tuple[int, int], int], arguments: Mapping[str, int]) -> Any:
        """Shapes and kinds of the outputs after a change; None where the class refuses it."""
        key = (frozenset(sizes.items()), frozenset(arguments.items()))
        if key not in self.cache:
            shapes = [
                [sizes.get((port, axis), v) for axis, v in enumerate(shape)]
                for port, shape in enumerate(self.shapes)
            ]
            try:
                self.cache[key] = self.outputs(shapes, arguments)
            except ArchSpecError:
                self.cache[key] = None
        return self.cache[key]

    def outputs(self, shapes: list[list[int]], arguments: Mapping[str, int]) -> Any:
        types = [(tuple(s), t.dtype) for s, t in zip(shapes, self.types, strict=True)]
        found = observe(self.use, types, **arguments)
        return [(tuple(t.shape), kind_of(t)) for t in found]

    # --- inputs ---

    @cached_property
    def sizes(self) -> list[_Size]:
        """The sizes of the inputs, tied ones together, each with its text."""
        found: list[_Size] = []
        placed: set[tuple[int, int]] = set()
        names = self.names()
        for port, shape in enumerate(self.shapes):
            for axis, value in enumerate(shape):
                if (port, axis) not in placed:
                    size = self.size((port, axis), value, placed)
                    size.text = size.text or names[port, axis]
                    placed.update(size.axes)
                    found.append(size)
        return found

    def names(self) -> dict[tuple[int, int], str]:
        taken = {param.name for param in self.layer.extern.params}
        found = {}
        for port, shape in enumerate(self.shapes):
            usual = _NAMES.get(len(shape), "").split() or [f"D{i}" for i in range(len(shape))]
            if self.types[port].kind == "int" and len(shape) == 2:
                usual = ["B", "T"]
            for axis, name in enumerate(usual):
                unique = name
                number = 2
                while unique in taken:
                    unique, number = f"{name}{number}", number + 1
                taken.add(unique)
                found[port, axis] = unique
        return found

    def size(self, axis: tuple[int, int], value: int, placed: set[tuple[int, int]]) -> _Size:
        """Whether a size can change by itself, with others that equal it, or with an argument."""
        if self.changes_alone([axis], value):
            return _Size([axis], value)
        alike = [
            (p, a)
            for p, shape in enumerate(self.shapes)
            for a, v in enumerate(shape)
            if v == value and (p, a) not in placed
        ]
        for axes in ([axis, *(o for o in alike if o[0] != axis[0])], alike):
            if len(axes) > 1 and self.changes_alone(axes, value):
                smallest = [axis]
                for other in axes[1:]:  # only those without which it cannot change
                    if not self.changes_alone([a for a in axes if a != other], value):
                        smallest.append(other)
                return _Size(smallest, value)
        for axes in ([axis], alike):
            for name, argument in self.arguments.items():
                if argument < 1 or value % argument:
                    continue
                factor = value // argument
                doubled = dict.fromkeys(axes, 2 * value)
                if self.at(doubled, {name: 2 * argument}) is not None:
                    text = name if factor == 1 else f"{factor} * {name}"
                    return _Size(list(axes), value, text, free=False)
        return _Size([axis], value, str(value), free=False)

    def changes_alone(self, axes: list[tuple[int, int]], value: int) -> bool:
        return any(
            self.at(dict.fromkeys(axes, changed), {}) is not None for changed in changes(value)
        )

    def limit(self, size: _Size) -> None:
        """Remainders and bounds that the class asks of a size, or of the argument it is tied to."""
        factor, _, tied = size.text.rpartition(" * ")
        scale = int(factor or 1)
        start = size.value // scale
        shown = size.text if size.free else tied

        def takes(value: int, arguments: Mapping[str, int] | None = None) -> bool:
            changed = dict(arguments or {}) | ({} if size.free else {tied: value})
            return self.at(dict.fromkeys(size.axes, scale * value), changed) is not None

        taken = [v for v in range(1, max(2 * start, 64) + 1) if takes(v)]
        if not taken:
            taken = [v for v in (start, *changes(start)) if takes(v)]
        step = gcd(*(v - taken[0] for v in taken)) if len(taken) > 1 else 1
        if step > 1:
            by = self.argument_equal(step, lambda name: takes(2 * start, {name: 2 * step}))
            self.conditions.append(f"{shown} % {by} == {start % step}")
        if taken[0] > max(step, 1):
            least = taken[0]
            by = self.argument_equal(
                least, lambda n: takes(2 * least, {n: 2 * least}) > takes(least, {n: 2 * least})
            )
            self.conditions.append(f"{shown} >= {by}")
        high = start
        while high < _LARGEST and takes(2 * high):
            high *= 2
        if high < _LARGEST:
            low, high = high, 2 * high
            while high - low > 1:
                middle = (low + high) // 2 // step * step
                if middle <= low:
                    break
                low, high = (middle, high) if takes(middle) else (low, middle)
            known = self.argument_equal(low, lambda name: takes(2 * low, {name: 2 * low}))
            self.conditions.append(f"{shown} <= {known}")

    def argument_equal(self, value: int, confirmed: Any) -> str:
        """The argument that a number comes from, or the number."""
        for name, argument in self.arguments.items():
            if argument == value and confirmed(name):
                return name
        return str(value)

    # --- the rule ---

    def body(self) -> str:
        """The body of the declaration. Raises `ArchSpecError` where no rule is found."""
        base = self.outputs(self.shapes, {})
        for size in self.sizes:
            if not size.text.isdigit():
                self.limit(size)
        lines = [*self.input_lines(), *(f"require {c}" for c in self.conditions)]
        lines += self.weight_lines()
        lines += self.output_lines(base)
        return "{ " + "; ".join(lines) + " }"

    def input_lines(self) -> list[str]:
        forward = signature(class_of(self.layer, self.layer.extern.span).forward)
        given = [n for n in forward.parameters if n != "self"]
        texts = {axis: size.text for size in self.sizes for axis in size.axes}
        lines = []
        for port, (shape, type_) in enumerate(zip(self.shapes, self.types, strict=True)):
            name = given[port] if port < len(given) else f"x{port}"
            dims = ", ".join(texts[port, axis] for axis in range(len(shape)))
            lines.append(f"input {name}: {_dtype(type_.kind)}[{dims}]")
        return lines

    def output_lines(self, base: Any) -> list[str]:
        variables = {s.text: s.value for s in self.sizes if s.free}
        by_text = {s.text: s.axes for s in self.sizes if s.free}
        tied = {s.text: s for s in self.sizes if not s.free and not s.text.isdigit()}
        arguments = dict(self.arguments)

        def found(change: Mapping[str, int]) -> Any:
            sizes = {a: v for n, v in change.items() if n in by_text for a in by_text[n]}
            changed = {n: v for n, v in change.items() if n in arguments}
            for size in tied.values():
                factor, _, name = size.text.rpartition(" * ")
                if name in changed:
                    value = changed[name] * int(factor or 1)
                    sizes |= dict.fromkeys(size.axes, value)
            return self.at(sizes, changed)

        lines = []
        for index, (shape, kind) in enumerate(base):
            dims = []
            for axis, value in enumerate(shape):

                def observed(
                    change: Mapping[str, int], index: int = index, axis: int = axis
                ) -> int | None:
                    at = found(change)
                    if at is None or index >= len(at) or axis >= len(at[index][0]):
                        return None
                    return int(at[index][0][axis])

                dim = fit({**variables, **arguments}, value, observed)
                if dim is None:
                    raise self.refuse(f"size {axis} of its output {index} follows no simple rule")
                dims.append(dim)
            name = "y" if len(base) == 1 else f"y{index}"
            lines.append(f"output {name}: {_dtype(kind)}[{', '.join(dims)}]")
        if not lines:
            raise self.refuse("it gives no tensor")
        return lines

    def weight_lines(self) -> list[str]:
        made = self.use.make()
        parameters = {name for name, _ in made.named_parameters()}

        def shapes(change: Mapping[str, int]) -> dict[str, tuple[int, ...]] | None:
            try:
                state = self.use.make("meta", **change).state_dict()
            except ArchSpecError:
                return None
            return {n: tuple(v.shape) for n, v in state.items()}

        base = shapes({})
        assert base is not None
        for name, value in self.arguments.items():
            for changed in changes(value):
                other = shapes({name: changed})
                if other is not None and other.keys() != base.keys():
                    raise self.refuse(f"which weights it has depends on `{name}`")
        lines = []
        for weight, shape in base.items():
            dims = []
            for axis, value in enumerate(shape):

                def observed(
                    change: Mapping[str, int], weight: str = weight, axis: int = axis
                ) -> int | None:
                    at = shapes(change)
                    return None if at is None else at[weight][axis]

                dim = fit(self.arguments, value, observed)
                if dim is None:
                    raise self.refuse(f"size {axis} of its weight `{weight}` follows no rule")
                dims.append(dim)
            kind = "param" if weight in parameters else "buffer"
            shown = weight if weight.isidentifier() else f'"{weight}"'
            dtype = "" if made.state_dict()[weight].is_floating_point() else "int"
            lines.append(f"{kind} {shown}: {dtype}[{', '.join(dims)}]")
        return lines

    def refuse(self, why: str) -> ArchSpecError:
        return self.use.fault(
            f"no rule is found for `{self.use.target}`: {why}",
            (),
            ("write the shapes that it takes and gives in the body of the declaration",),
        )


def _dtype(kind: str) -> str:
    return "" if kind == "float" else dtype_kind(kind)
