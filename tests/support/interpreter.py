"""Runs a checked graph node by node: the reference for what its emitted module computes.

Layers are torch's own with the weights of a given state; functions are evaluated from the
expression that their declaration emits, which tests/layers compares with torch. What is left to the
emitted module, and is tested against this, is the wiring: which value goes where, which weight.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from archspec import pycode as py
from archspec.dims import Dim
from archspec.ir import Graph, Module, Node, Value
from archspec.layers.base import FunctionDecl, LayerDecl, Params, TensorType


class _Call:
    """The emission of one function node at known sizes."""

    def __init__(
        self, params: Params, types: tuple[TensorType, ...], sizes: Mapping[str, int]
    ) -> None:
        self.params = params
        self.types = types
        self.sizes = sizes
        self.tensors: tuple[py.Expr, ...] = tuple(py.name(f"x{i}") for i in range(len(types)))

    def given(self, argument: str) -> bool:
        return argument in self.params.model_fields_set

    def arg(self, argument: str) -> py.Expr:
        return py.const(self._plain(getattr(self.params, argument)))

    def size(self, dim: Dim) -> py.Expr:
        return py.const(dim.evaluate(self.sizes))

    def device(self) -> py.Expr:
        return py.const("cpu")

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Dim):
            return value.evaluate(self.sizes)
        if isinstance(value, tuple):
            return tuple(self._plain(item) for item in value)
        return value


@dataclass(slots=True)
class Interpreter:
    """`run` gives the outputs of `graph` in evaluation mode, with the weights of `state`."""

    graph: Graph
    state: Mapping[str, Tensor]
    sizes: Mapping[str, int]
    layers: dict[int, nn.Module] = field(default_factory=dict)

    def run(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        values: dict[Value, Tensor] = {}
        given = iter(inputs)
        for node in self.graph.nodes:
            found = self._node(node, values, given)
            values.update({Value(node.id, i): tensor for i, tensor in enumerate(found)})
        return tuple(values[value] for _, value in self.graph.outputs)

    def _node(
        self, node: Node, values: Mapping[Value, Tensor], given: Iterator[Tensor]
    ) -> tuple[Tensor, ...]:
        edges = self.graph.edges_into(node.id)
        tensors = [values[Value(edge.source, edge.output)] for edge in edges]
        match node.kind:
            case "input":
                return (next(given),)
            case "param":
                assert node.module is not None
                path = node.module.path
                return (self.state[f"{path}.{node.name}" if path else node.name],)
            case "layer":
                return self._layer(node, tensors)
            case "function":
                return self._function(node, tensors)

    def _layer(self, node: Node, tensors: list[Tensor]) -> tuple[Tensor, ...]:
        decl, module = node.decl, node.module
        assert isinstance(decl, LayerDecl)
        assert module is not None
        assert node.params is not None
        if id(module) not in self.layers:
            self.layers[id(module)] = self._build(decl, node.params, module)
        names = tuple(py.name(f"x{i}") for i in range(len(tensors)))
        call = decl.emit_call(node.params, py.name("layer"), names)
        found = self._evaluate(py.print_expr(call), tensors, layer=self.layers[id(module)])
        return tuple(_at(found, path) for path in decl.nesting) if decl.nesting else found

    def _build(self, decl: LayerDecl[Any], params: Params, module: Module) -> nn.Module:
        inferred = {name: _number(value) for name, value in module.inferred.items()}
        chosen = {name: getattr(params, name) for name in params.model_fields_set}
        constructor = eval(decl.torch_name, {"nn": nn, "torch": torch})
        layer: nn.Module = constructor(**inferred, **chosen).eval()
        own = {w.name: self.state[f"{module.path}.{w.name}"] for w in module.weights}
        layer.load_state_dict(own, strict=True)
        return layer

    def _function(self, node: Node, tensors: list[Tensor]) -> tuple[Tensor, ...]:
        decl = node.decl
        assert isinstance(decl, FunctionDecl)
        assert node.params is not None
        call = _Call(node.params, self.graph.input_types(node.id), self.sizes)
        scope: dict[str, Any] = {}
        if decl.helper is not None:
            scope = {"torch": torch, "F": F, "Tensor": Tensor}
            exec(py.print_module(py.Module(None, (decl.helper,))), scope)
        return self._evaluate(py.print_expr(decl.emit(node.params, call)), tensors, **scope)

    def _evaluate(self, source: str, tensors: list[Tensor], **scope: Any) -> tuple[Tensor, ...]:
        scope |= {"torch": torch, "F": F, "self": SimpleNamespace(training=False)}
        scope |= {f"x{i}": tensor for i, tensor in enumerate(tensors)}
        result = eval(source, scope)
        return tuple(result) if isinstance(result, tuple | list) else (result,)


def _at(results: Any, path: tuple[int, ...]) -> Tensor:
    for position in path:
        results = results[position]
    assert isinstance(results, Tensor)
    return results


def _number(value: "Dim | tuple[Dim, ...]") -> "int | tuple[int, ...]":
    if isinstance(value, tuple):
        return tuple(dim.evaluate({}) for dim in value)
    return value.evaluate({})
