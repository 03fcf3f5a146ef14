"""Classes of the user's own, compared with what their declarations say of them.

A declaration is taken at its word by every static command; before a model is built, its class is
made and run here at two choices of the open sizes: on the meta device where it can, which costs
nothing, else on small tensors.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.diagnostics.suggest import closest
from archspec.dims import Dim, Domains
from archspec.elaborate import Elaborated
from archspec.elaborate.extern import ExternLayer
from archspec.ir import Graph, Node
from archspec.layers.base import LayerDecl, Params, TensorType, Weight, dtype_kind
from archspec.source import Span
from archspec.syntax import ast

if TYPE_CHECKING:
    from torch import Tensor, nn

#: Tensors of more elements than this are only ever made on the meta device.
MAX_ELEMENTS = 1 << 22


def verify_own_layers(models: Iterable[Elaborated]) -> None:
    """Compare the layers of `models` that are not torch's with their classes, each use once.

    Raises `ArchSpecError` (A0116): the class cannot be imported, made or run, has other weights, or
    gives other shapes. torch is imported only where there is such a layer.
    """
    faults: dict[object, Diagnostic] = {}
    done: set[object] = set()
    for model in models:
        for node in model.graph.nodes:
            if not isinstance(node.decl, LayerDecl) or node.decl.module is None:
                continue
            types = model.graph.input_types(node.id)
            key = (node.decl, node.params, types)
            if key not in done:
                done.add(key)
                fault = _fault(model.graph, node, types)
                if fault is not None:
                    faults.setdefault(node.decl, fault)
    if faults:
        raise ArchSpecError(tuple(faults.values()))


def _fault(graph: Graph, node: Node, types: tuple[TensorType, ...]) -> Diagnostic | None:
    assert isinstance(node.decl, LayerDecl)
    assert node.params is not None
    assert node.module is not None
    use = Use(node.decl, node.params, dict(node.module.inferred), node.span)
    try:
        made = use.make()
        _compare_weights(use, made, node.module.weights)
        for sizes in sample_sizes(types, graph.domains):
            _compare_outputs(use, node, types, sizes)
    except ArchSpecError as error:
        return error.diagnostics[0]
    return None


@dataclass(frozen=True, slots=True)
class Use:
    """One application of a class: its declaration, arguments and place."""

    decl: LayerDecl[Any]
    params: Params
    inferred: Mapping[str, Dim | tuple[Dim, ...]]
    span: Span

    @property
    def target(self) -> str:
        return f"{self.decl.module}:{self.decl.torch_name}"

    def arguments(self) -> dict[str, Any]:
        """What the emitted module passes to the constructor."""
        given = {n: getattr(self.params, n) for n in self.params.model_fields_set}
        return given | {n: _number(v) for n, v in self.inferred.items()}

    def make(self, device: str = "meta", **changed: Any) -> "nn.Module":
        """The module, in evaluation mode. Raises `ArchSpecError`."""
        import torch

        cls = class_of(self.decl, self.span)
        arguments = {**self.arguments(), **changed}
        try:
            with torch.device(device):
                made: nn.Module = cls(**arguments)
        except Exception as error:  # noqa: BLE001 - a user's class may raise anything
            written = ", ".join(f"{n}={v!r}" for n, v in arguments.items())
            raise self.fault(
                f"`{self.target}` cannot be made as `{self.decl.torch_name}({written})`",
                (reason(error),),
                (f"its signature is `{self.decl.torch_name}{signature(cls)}`",),
            ) from None
        return made.eval()

    def fault(
        self,
        message: str,
        notes: tuple[str, ...] = (),
        help: tuple[str, ...] = (),
        at: Span | None = None,
    ) -> ArchSpecError:
        """At the declaration, or at the place in it that is wrong; the use is a second label."""
        declared = self.decl.extern.name.span if isinstance(self.decl, ExternLayer) else None
        primary = at or declared or self.span
        labels = [Label(primary, "", primary=True)]
        if primary != self.span:
            labels.append(Label(self.span, "used here"))
        return ArchSpecError((Diagnostic("A0116", "error", message, tuple(labels), notes, help),))


def class_of(decl: LayerDecl[Any], span: Span) -> "type[nn.Module]":
    """The class that a declaration names. Raises `ArchSpecError`."""
    from torch import nn

    assert decl.module is not None
    place = decl.extern.span if isinstance(decl, ExternLayer) else span

    def fault(message: str, *help: str, notes: tuple[str, ...] = ()) -> ArchSpecError:
        label = Label(place, "", primary=True)
        return ArchSpecError((Diagnostic("A0116", "error", message, (label,), notes, help),))

    try:
        with _working_directory_on_path():
            module = import_module(decl.module)
    except ModuleNotFoundError as error:
        raise fault(
            f"cannot import `{decl.module}`: there is no module `{error.name}`",
            "install its package, or run archspec in the folder that has it",
        ) from None
    except Exception as error:  # noqa: BLE001 - a user's module may raise anything
        raise fault(f"importing `{decl.module}` failed", notes=(reason(error),)) from None
    cls = getattr(module, decl.torch_name, None)
    if cls is None:
        names = [n for n, v in vars(module).items() if isinstance(v, type)]
        near = closest(decl.torch_name, names)
        help = (f"it has `{near[0]}`",) if near else ()
        raise fault(f"`{decl.module}` has no class `{decl.torch_name}`", *help)
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise fault(f"`{decl.module}:{decl.torch_name}` is not a class of `torch.nn.Module`")
    return cls


@contextmanager
def _working_directory_on_path() -> Iterator[None]:
    """As `python -m` does: the command itself does not stand in the user's folder."""
    added = "" not in sys.path
    if added:
        sys.path.insert(0, "")
    try:
        yield
    finally:
        if added:
            sys.path.remove("")


def reason(error: Exception) -> str:
    """The first line of an exception, with its type: what the class itself has to say."""
    first = str(error).strip().splitlines()
    return f"{type(error).__name__}: {first[0]}" if first else type(error).__name__


def _number(value: Dim | tuple[Dim, ...]) -> Any:
    if isinstance(value, tuple):
        return tuple(_number(dim) for dim in value)
    assert value.const is not None
    return value.const


# --- weights -----------------------------------------------------------------------------------


def _compare_weights(use: Use, made: "nn.Module", declared: tuple[Weight, ...]) -> None:
    parameters = {name for name, _ in made.named_parameters()}
    has = {
        name: (list(value.shape), name not in parameters)
        for name, value in made.state_dict().items()
    }
    says = {w.name: ([_number(d) for d in w.shape], w.buffer) for w in declared}
    if has == says:
        return

    def shown(entry: tuple[list[int], bool]) -> str:
        return f"{'a buffer' if entry[1] else 'a param'} {entry[0]}"

    notes = [
        f"`{n}` is {shown(has[n])}, declared as {shown(says[n])}"
        for n in says
        if n in has and has[n] != says[n]
    ]
    notes += [f"`{n}` is declared, but the class has no such weight" for n in says if n not in has]
    notes += [f"`{n}`, {shown(v)}, is not declared" for n, v in has.items() if n not in says]
    if len(notes) > 8:
        notes[8:] = [f"and {len(notes) - 8} more"]
    raise use.fault(
        f"`{use.target}` has other weights than its declaration says",
        tuple(notes),
        _renewal(use.decl),
    )


# --- shapes ------------------------------------------------------------------------------------


def sample_sizes(types: tuple[TensorType, ...], domains: Domains) -> Iterator[dict[str, int]]:
    """Two choices of the open sizes, different for each size as far as the domains allow."""
    names = sorted({name for t in types for d in t.shape for name in d.symbols()})
    for first in (2, 5):
        chosen = {}
        for index, name in enumerate(names):
            values = domains.values(name, first + 2 * index + 1)
            chosen[name] = values[-1]
        yield chosen


def run(module: "nn.Module", types: Iterable[tuple[tuple[int, ...], str]], device: str) -> Any:
    """What `module` gives for tensors of these shapes and dtypes: floats random, integers 0."""
    import torch

    inputs = []
    for shape, dtype in types:
        match dtype_kind(dtype):
            case "float" | "complex":
                exact = torch.float32 if dtype == "float" else getattr(torch, dtype)
                inputs.append(torch.rand(shape, device=device).to(exact))
            case "int":
                exact = torch.int64 if dtype == "int" else getattr(torch, dtype)
                inputs.append(torch.zeros(shape, dtype=exact, device=device))
            case "bool":
                inputs.append(torch.ones(shape, dtype=torch.bool, device=device))
    with torch.no_grad():
        return module(*inputs)


def observe(use: Use, types: list[tuple[tuple[int, ...], str]], **changed: Any) -> "list[Tensor]":
    """The tensors that the class gives. Raises `ArchSpecError` where it cannot be run."""
    from math import prod

    devices = ["meta"]
    if all(prod(shape) <= MAX_ELEMENTS for shape, _ in types):
        devices.append("cpu")
    failures = []
    for device in devices:
        module = use.make(device, **changed)
        try:
            return _tensors(run(module, types, device))
        except Exception as error:  # noqa: BLE001 - a user's class may raise anything
            failures.append(reason(error))
    shapes = " and ".join(str(list(shape)) for shape, _ in types)
    raise use.fault(f"`{use.target}` cannot be applied to {shapes}", (failures[-1],))


def _tensors(value: Any) -> "list[Tensor]":
    from torch import Tensor

    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [tensor for item in value for tensor in _tensors(item)]
    return []


def _compare_outputs(
    use: Use, node: Node, types: tuple[TensorType, ...], sizes: Mapping[str, int]
) -> None:
    numbers = [(tuple(d.evaluate(sizes) for d in t.shape), t.dtype) for t in types]
    found = observe(use, numbers)
    given = " and ".join(str(list(shape)) for shape, _ in numbers)
    name = use.decl.name
    if len(found) != len(node.outputs):
        raise use.fault(
            f"`{name}` gives {len(found)} tensors, but its declaration says {len(node.outputs)}",
            (f"for {given}",),
        )
    places = _output_places(use.decl)
    for index, (tensor, type_) in enumerate(zip(found, node.outputs, strict=True)):
        declared = [d.evaluate(sizes) for d in type_.shape]
        at = places[index] if index < len(places) else None
        if list(tensor.shape) != declared:
            raise use.fault(
                f"`{name}` gives {list(tensor.shape)}, but its declaration says {declared}",
                (f"for {given}, where the declaration gives {type_}",),
                _renewal(use.decl),
                at,
            )
        kind = kind_of(tensor)
        if kind != type_.kind:
            raise use.fault(
                f"`{name}` gives {kind}, but its declaration says {type_.kind}", (), (), at
            )


def _renewal(decl: LayerDecl[Any]) -> tuple[str, ...]:
    if not isinstance(decl, ExternLayer):
        return (f"correct the declaration `{type(decl).__module__}.{type(decl).__name__}`",)
    return ("`archspec probe --renew FILE` finds the rule by running the class",)


def _output_places(decl: LayerDecl[Any]) -> list[Span]:
    if not isinstance(decl, ExternLayer):
        return []
    return [i.span for s in decl.statements if isinstance(s, ast.Output) for i in s.items]


def kind_of(tensor: "Tensor") -> str:
    """`float`, `int`, `bool` or `complex`."""
    import torch

    if tensor.dtype is torch.bool:
        return "bool"
    if tensor.dtype.is_complex:
        return "complex"
    return "float" if tensor.dtype.is_floating_point else "int"
