"""Small models for each construct of the language: what is emitted is what was checked."""

from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest
import torch

from archspec.elaborate import Elaborated
from archspec.layers.base import TensorType
from archspec.pipeline import build_graph, emit_python
from tests.support.interpreter import Interpreter
from tests.support.zoo import LANGUAGE, SPECS, import_source, program

Arguments = dict[str, Any]

#: File, model, and arguments that keep it small.
MODELS: list[tuple[Path, str, Arguments]] = [
    *((p, name, {}) for p in sorted(LANGUAGE.glob("*.arch")) for name in program(p).models),
    (SPECS / "autoencoder.arch", "TiedAutoencoder", {"widths": [6, 4, 3]}),
    (SPECS / "byol.arch", "BYOL", {"hidden": 16, "dim": 8}),
    (SPECS / "densenet_cifar.arch", "DenseNet_BC_L100_k12", {"depth": 16, "growth": 4}),
    (SPECS / "densenet_cifar.arch", "DenseNet_L40_k12", {"depth": 10, "growth": 3}),
    (
        SPECS / "hardnet.arch",
        "HarDNet68",
        {
            "layers": [4, 5],
            "growths": [4, 6],
            "widths": [8, 10],
            "pooled": [0],
            "stem": [4, 8],
        },
    ),
    (SPECS / "logdensenet.arch", "LogDenseNet121", {"layers": [5, 3], "growth": 4, "stem": 8}),
    (SPECS / "highway.arch", "HighwayNetwork", {"width": 5, "depth": 4}),
    (SPECS / "resnet_cifar.arch", "ResNet20", {"depth": 8, "width": 4}),
    (SPECS / "densenet.arch", "DenseNet121", {"growth": 4, "stem": 8}),
    (SPECS / "gpt2.arch", "GPT2", {"dim": 8, "heads": 2, "depth": 2, "vocab": 10, "context": 9}),
    (SPECS / "multitask.arch", "MultiTask", {}),
    (SPECS / "resnet.arch", "ResNet18", {"classes": 3}),
    (SPECS / "siamese.arch", "Siamese", {"dim": 3}),
    (SPECS / "unet.arch", "OriginalUNet", {"base": 2}),
    (SPECS / "unet.arch", "UNet", {"base": 4, "depth": 3}),
]
each_model = pytest.mark.parametrize(
    ("path", "name", "arguments"), MODELS, ids=lambda v: v if isinstance(v, str) else ""
)


def graph_and_class(path: Path, name: str, arguments: Arguments) -> tuple[Elaborated, Any]:
    model = build_graph(program(path), name, arguments)
    module = import_source(f"emitted_language_{name}", emit_python([model]))
    return model, getattr(module, name)


def some_sizes(model: Elaborated) -> list[dict[str, int]]:
    """Up to a dozen allowed choices of the open sizes, the smallest first."""
    graph = model.graph
    symbols = sorted(
        {s for n in graph.inputs for d in graph.node(n).outputs[0].shape for s in d.symbols()}
    )
    choices = [graph.domains.values(symbol, 3) for symbol in symbols]
    return [dict(zip(symbols, sizes, strict=True)) for sizes in islice(product(*choices), 12)]


def random_input(kind: TensorType, sizes: dict[str, int]) -> torch.Tensor:
    shape = [dim.evaluate(sizes) for dim in kind.shape]
    return torch.randn(shape) if kind.kind == "float" else torch.randint(0, 10, shape)


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@each_model
def test_emitted_model_is_the_checked_one(path: Path, name: str, arguments: Arguments) -> None:
    torch.manual_seed(0)
    model, emitted_class = graph_and_class(path, name, arguments)
    graph = model.graph
    network = emitted_class().eval()
    want = {
        key: tuple(dim.const for dim in weight.shape)
        for part in graph.modules()
        for key, weight in part.all_weights()
    }
    state = network.state_dict()
    assert {key: tuple(t.shape) for key, t in state.items()} == want
    for sizes in some_sizes(model):
        inputs = [random_input(graph.node(n).outputs[0], sizes) for n in graph.inputs]
        with torch.no_grad():
            result = network(*inputs)
        tensors = result if isinstance(result, tuple) else (result,)
        reference = Interpreter(graph, state, sizes).run(*inputs)
        for got, computed in zip(tensors, reference, strict=True):
            torch.testing.assert_close(got, computed)
        expected = [
            tuple(dim.evaluate(sizes) for dim in graph.type_of(value).shape)
            for _, value in graph.outputs
        ]
        assert [tuple(t.shape) for t in tensors] == expected, sizes
        assert all(t.isfinite().all() for t in tensors), sizes


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
@each_model
def test_every_trained_weight_gets_a_gradient(path: Path, name: str, arguments: Arguments) -> None:
    torch.manual_seed(0)
    model, emitted_class = graph_and_class(path, name, arguments)
    network = emitted_class().train()
    sizes = {**some_sizes(model)[-1], "B": 4}
    graph = model.graph
    result = network(*(random_input(graph.node(n).outputs[0], sizes) for n in graph.inputs))
    tensors = result if isinstance(result, tuple) else (result,)
    sum(t.square().sum() for t in tensors).backward()
    without = {n for n, p in network.named_parameters() if p.requires_grad and p.grad is None}
    assert not without
    unmoved = {n for n, p in network.named_parameters() if not p.requires_grad}
    assert {n.split(".")[0] for n in unmoved} == {
        r.target.split(".")[0] for r in graph.relations if r.mechanism in ("ema", "frozen")
    }


def test_the_interpreter_notices_a_wrong_weight() -> None:
    torch.manual_seed(0)
    model, emitted_class = graph_and_class(LANGUAGE / "flow.arch", "Choices", {})
    network = emitted_class().eval()
    sizes = {"B": 2, "H": 3, "W": 4}
    x = torch.randn(2, 2, 3, 4)
    state = {**network.state_dict(), "all.d.bias": network.all.nested.c.bias}
    (changed,) = Interpreter(model.graph, state, sizes).run(x)
    with torch.no_grad():
        assert not torch.allclose(network(x), changed)
