"""At which sizes does PyTorch run a model? Asked node by node, without the checker's shapes.

The graph says what is applied to what; shapes are those that PyTorch gave the node before. Nothing
is refused but by PyTorch: no `where`, no inferred bound, no check of the emitted module. Models are
in evaluation mode: in training, batch norm refuses one value per channel, which depends on the
batch at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archspec.dims import Dim
from archspec.ir import Graph, Node, Value
from archspec.layers.base import LayerDecl, Params, TensorType
from tests.support.torch_rule import Refusal, TorchRule

#: Families of layers that treat every pixel alike: run at one height and width for all.
POINTWISE = frozenset({"activation", "dropout"})


@dataclass(slots=True)
class GraphRunner:
    """Runs checked graphs at any sizes; what one run asked PyTorch, the next need not ask."""

    rule: TorchRule = field(default_factory=TorchRule)
    _pointwise: dict[Any, bool] = field(default_factory=dict)

    def run(self, graph: Graph, sizes: Mapping[str, int]) -> tuple[TensorType, ...]:
        """What PyTorch gives for the outputs of `graph` at `sizes`; raises `Refusal`."""
        types: dict[Value, TensorType] = {}
        for node in graph.nodes:
            inputs = tuple(types[Value(e.source, e.output)] for e in graph.edges_into(node.id))
            try:
                outputs = self._node(node, inputs, sizes)
            except Refusal as error:
                raise Refusal(f"{node.name} at {node.span}: {error}") from None
            types.update({Value(node.id, i): kind for i, kind in enumerate(outputs)})
        return tuple(types[value] for _, value in graph.outputs)

    def _node(
        self, node: Node, inputs: tuple[TensorType, ...], sizes: Mapping[str, int]
    ) -> tuple[TensorType, ...]:
        if node.decl is None:
            return tuple(_at(kind, sizes) for kind in node.outputs)
        assert node.params is not None
        decl, params = node.decl, _params_at(node.params, sizes)
        if _pointwise(decl.name, type(decl).__module__) and len(inputs) == 1:
            return self._pixels(node, params, inputs[0])
        ran = self.rule.run(decl, params, inputs)
        if isinstance(decl, LayerDecl):
            self._same_weights(node, ran.state)
        return ran.outputs

    def _pixels(self, node: Node, params: Params, x: TensorType) -> tuple[TensorType, ...]:
        assert node.decl is not None
        key = (node.decl.name, params, x.shape[:2], x.rank, x.dtype)
        if key not in self._pointwise:
            ran = self.rule.run(node.decl, params, (x,))
            if isinstance(node.decl, LayerDecl):
                self._same_weights(node, ran.state)
            self._pointwise[key] = ran.outputs == (x,)
        return (x,) if self._pointwise[key] else self.rule.run(node.decl, params, (x,)).outputs

    def _same_weights(self, node: Node, state: tuple[tuple[str, tuple[int, ...]], ...]) -> None:
        """The weights of a layer may not depend on the size of the image."""
        assert node.module is not None
        own = {w.name: tuple(dim.const for dim in w.shape) for w in node.module.weights}
        if own != dict(state):
            raise Refusal(f"it would need weights {dict(state)}, not {own}")


def _pointwise(name: str, module: str) -> bool:
    return name.startswith("BatchNorm") or module.rpartition(".")[2] in POINTWISE


def _at(kind: TensorType, sizes: Mapping[str, int]) -> TensorType:
    return TensorType(tuple(Dim.of(dim.evaluate(sizes)) for dim in kind.shape), kind.dtype)


def _params_at(params: Params, sizes: Mapping[str, int]) -> Params:
    """Arguments with the sizes put in."""
    changed = {
        name: new
        for name in params.model_fields_set
        if (new := _plain(old := getattr(params, name), sizes)) is not old
    }
    return params.model_copy(update=changed) if changed else params


def _plain(value: Any, sizes: Mapping[str, int]) -> Any:
    if isinstance(value, Dim):
        return value if value.const is not None else Dim.of(value.evaluate(sizes))
    if isinstance(value, tuple):
        items = tuple(_plain(item, sizes) for item in value)
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if isinstance(value, slice):
        parts = [value.start, value.stop, value.step]
        plain = [_plain(part, sizes) for part in parts]
        return slice(*plain) if plain != parts else value
    return value
