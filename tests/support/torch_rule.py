"""PyTorch as the shape rule: a call is made on tensors without data, and small ones on the CPU too.

Each of the two accepts what the other refuses, so both must run it. What was asked once is
remembered: mutants of one spec share nearly all their calls.
"""

import warnings
from dataclasses import dataclass, field
from math import prod
from types import SimpleNamespace
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archspec import pycode as py
from archspec.dims import Dim, DimError
from archspec.layers.base import (
    ABSENT,
    Declaration,
    FunctionDecl,
    LayerDecl,
    Params,
    RuleError,
    TensorType,
)

#: What torch raises, and what a declaration raises that cannot write the call: no such axis.
REFUSALS: Final = (
    RuntimeError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError,
    ZeroDivisionError, AttributeError, KeyError, OverflowError, MemoryError, RuleError, DimError,
)  # fmt: skip

#: Elements of inputs, weights and outputs together, and their product, up to which the CPU runs it.
MOST_ELEMENTS: Final = 60_000
MOST_WORK: Final = 4_000_000

_DTYPES: Final = {
    "float": torch.float32, "int": torch.int64, "bool": torch.bool, "float16": torch.float16,
    "bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64,
    "int8": torch.int8, "int16": torch.int16, "int32": torch.int32, "int64": torch.int64,
    "uint8": torch.uint8, "complex64": torch.complex64, "complex128": torch.complex128,
}  # fmt: skip
_NAMES: Final = {torch.float32: "float", torch.int64: "int", torch.bool: "bool"}


class Refusal(Exception):
    """PyTorch does not run a call."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What PyTorch made of a call."""

    outputs: tuple[TensorType, ...]
    #: Names and shapes of the layer's state.
    state: tuple[tuple[str, tuple[int, ...]], ...]
    on_cpu: bool


@dataclass(slots=True)
class TorchRule:
    """Runs each call once. `calls` were asked for, `without_data` ran on the meta device only."""

    known: dict[Any, Ran | str] = field(default_factory=dict)
    #: Calls whose arguments are not what is documented: the CPU must run them, whatever it takes.
    doubtful: set[int] = field(default_factory=set)
    calls: int = 0
    distinct: int = 0
    without_data: int = 0

    def run(self, decl: Declaration[Any], params: Params, types: tuple[TensorType, ...]) -> Ran:
        """The outputs of a call at known sizes; raises `Refusal`."""
        self.calls += 1
        given = tuple(sorted(params.model_fields_set))
        key: Any = (decl.name, isinstance(decl, LayerDecl), params, given, types)
        try:
            hash(key)
        except TypeError:  # a list or a slice among the arguments
            key = (*key[:2], repr(params), given, types)
        found = self.known.get(key)
        if found is None:
            self.distinct += 1
            found = self.known[key] = _run(decl, params, types, id(params) in self.doubtful)
            if isinstance(found, Ran) and not found.on_cpu:
                self.without_data += 1
        if isinstance(found, str):
            raise Refusal(found)
        return found


def _run(
    decl: Declaration[Any], params: Params, types: tuple[TensorType, ...], doubtful: bool
) -> Ran | str:
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            outputs, state = _on(decl, params, types, "meta")
            shapes = [tuple(t.shape) for t in outputs]
            if any(0 in shape for shape in shapes):
                return f"the result has no elements: {shapes}"
            sizes = [prod(d.const or 0 for d in t.shape) for t in types if t is not ABSENT]
            sizes += [prod(shape) for _, shape in state] + [prod(shape) for shape in shapes]
            weights = max((prod(shape) for _, shape in state), default=1)
            small = doubtful or (sum(sizes) <= MOST_ELEMENTS and max(sizes) * weights <= MOST_WORK)
            if small:
                outputs, state = _on(decl, params, types, "cpu")
                if [tuple(t.shape) for t in outputs] != shapes:
                    raise AssertionError(f"{decl.name}: CPU and meta device give other shapes")
            if doubtful:
                _on(decl, params, types, "cpu", training=True)
        except REFUSALS as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return Ran(tuple(_type_of(t) for t in outputs), state, small)


def _on(
    decl: Declaration[Any],
    params: Params,
    types: tuple[TensorType, ...],
    device: str,
    training: bool = False,
) -> tuple[tuple[Tensor, ...], tuple[tuple[str, tuple[int, ...]], ...]]:
    """The outputs on one device, and the state of the layer."""
    tensors = [None if t is ABSENT else tensor_of(t, decl, device) for t in types]
    names = tuple(py.name(f"x{i}") for i in range(len(types)))
    scope: dict[str, Any] = {"torch": torch, "F": F, "Tensor": Tensor, "nn": nn}
    scope |= {f"x{i}": tensor for i, tensor in enumerate(tensors)}
    scope["self"] = SimpleNamespace(training=training)
    state: tuple[tuple[str, tuple[int, ...]], ...] = ()
    if isinstance(decl, LayerDecl):
        layer = constructed(decl, params, types, device, training)
        state = tuple((name, tuple(t.shape)) for name, t in layer.state_dict().items())
        scope["layer"] = layer
        expression = decl.emit_call(params, py.name("layer"), names)
    else:
        assert isinstance(decl, FunctionDecl)
        if decl.helper is not None:
            exec(py.print_module(py.Module(None, (decl.helper,))), scope)
        expression = decl.emit(params, call_of(params, types, device))
    return outputs_in(decl, eval(py.print_expr(expression), scope)), state


def constructed(
    decl: LayerDecl[Any],
    params: Params,
    types: tuple[TensorType, ...],
    device: str,
    training: bool,
) -> nn.Module:
    """The layer as torch makes it."""
    inferred = {name: _number(v) for name, v in decl.inferred(params, types).items()}
    chosen = {name: getattr(params, name) for name in params.model_fields_set}
    with torch.device(device):
        layer: nn.Module = eval(decl.torch_name, {"torch": torch, "nn": nn})(**inferred, **chosen)
    return layer.train(training)


def outputs_in(decl: Declaration[Any], result: Any) -> tuple[Tensor, ...]:
    """The tensors of what a call returned."""
    if isinstance(decl, LayerDecl) and decl.nesting:
        return tuple(_within(result, path) for path in decl.nesting)
    outputs = tuple(result) if isinstance(result, tuple | list) else (result,)
    return tuple(t for t in outputs if isinstance(t, Tensor))


def call_of(params: Params, types: tuple[TensorType, ...], device: str) -> "_Call":
    """What a function is given to write its call at known sizes."""
    return _Call(params, types, device)


def _within(results: Any, path: tuple[int, ...]) -> Tensor:
    for position in path:
        results = results[position]
    assert isinstance(results, Tensor)
    return results


def tensor_of(kind: TensorType, decl: Declaration[Any], device: str) -> Tensor:
    shape = [d.const for d in kind.shape]
    assert all(size is not None for size in shape), kind
    # Zeros are indices into any table, ones divide.
    make = torch.zeros if isinstance(decl, LayerDecl) else torch.ones
    return make([size or 0 for size in shape], dtype=_DTYPES[kind.dtype], device=device)


def _type_of(tensor: Tensor) -> TensorType:
    dtype = _NAMES.get(tensor.dtype, str(tensor.dtype).removeprefix("torch."))
    return TensorType(tuple(Dim.of(size) for size in tensor.shape), dtype)


def _number(value: "Dim | tuple[Dim, ...]") -> "int | tuple[int, ...]":
    if isinstance(value, tuple):
        return tuple(dim.evaluate({}) for dim in value)
    return value.evaluate({})


class _Call:
    """The emission of a function at known sizes on a device."""

    def __init__(self, params: Params, types: tuple[TensorType, ...], device: str) -> None:
        self.params = params
        self.types = types
        self.tensors: tuple[py.Expr, ...] = tuple(py.name(f"x{i}") for i in range(len(types)))
        self._device = device

    def given(self, argument: str) -> bool:
        return argument in self.params.model_fields_set

    def arg(self, argument: str) -> py.Expr:
        return py.const(_plain(getattr(self.params, argument)))

    def size(self, dim: Dim) -> py.Expr:
        return py.const(dim.evaluate({}))

    def device(self) -> py.Expr:
        return py.const(self._device)


def _plain(value: Any) -> Any:
    if isinstance(value, Dim):
        return value.evaluate({})
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value
