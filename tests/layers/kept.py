"""What PyTorch holds of one call: tensors that autograd saves, results that are views."""

import warnings
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from archspec import pycode as py
from archspec.layers.base import ABSENT, Declaration, FunctionDecl, LayerDecl, Params, TensorType
from tests.support.torch_rule import call_of, constructed, outputs_in, tensor_of


@dataclass(frozen=True, slots=True)
class Held:
    """By number, the inputs that are kept; whether the first output is; bytes of all else that is,
    other outputs included; which outputs are views.
    """

    inputs: frozenset[int]
    result: bool
    others: int
    views: tuple[bool, ...]


def held(
    decl: Declaration[Any], params: Params, types: tuple[TensorType, ...], *, training: bool
) -> Held:
    """What PyTorch holds of a call on the CPU, all float inputs and weights needing a gradient."""
    tensors = [None if t is ABSENT else _tensor(t, decl) for t in types]
    names = tuple(py.name(f"x{i}") for i in range(len(types)))
    scope: dict[str, Any] = {"torch": torch, "F": F, "Tensor": Tensor, "nn": nn}
    scope |= {f"x{i}": tensor for i, tensor in enumerate(tensors)}
    scope["self"] = SimpleNamespace(training=training)
    state: set[int] = set()
    if isinstance(decl, LayerDecl):
        layer = constructed(decl, params, types, "cpu", training)
        state = {_memory(t) for t in layer.state_dict().values()}
        scope["layer"] = layer
        expression = decl.emit_call(params, py.name("layer"), names)
    else:
        assert isinstance(decl, FunctionDecl)
        if decl.helper is not None:
            exec(py.print_module(py.Module(None, (decl.helper,))), scope)
        expression = decl.emit(params, call_of(params, types, "cpu"))
    saved: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    with warnings.catch_warnings(), torch.enable_grad(), saved_tensors_hooks(pack, lambda t: t):
        warnings.simplefilter("ignore")
        result = eval(py.print_expr(expression), scope)
    outputs = outputs_in(decl, result)
    given = {_memory(t): i for i, t in enumerate(tensors) if t is not None}
    made = {_memory(t): i for i, t in enumerate(outputs)}
    inputs, result_kept, others = set[int](), False, dict[int, int]()
    for tensor in saved:
        memory = _memory(tensor)
        if tensor.numel() == 0 or memory in state:
            continue
        if memory in given:
            inputs.add(given[memory])
        elif made.get(memory) == 0:
            result_kept = True
        else:
            others[memory] = tensor.untyped_storage().nbytes()
    views = tuple(_memory(t) in given for t in outputs)
    return Held(frozenset(inputs), result_kept, sum(others.values()), views)


def _tensor(kind: TensorType, decl: Declaration[Any]) -> Tensor:
    tensor = tensor_of(kind, decl, "cpu")
    if tensor.is_floating_point():
        tensor = torch.rand_like(tensor) / 2 + 0.25
    if tensor.is_floating_point() or tensor.is_complex():
        tensor.requires_grad_()
    return tensor


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
