"""Random specs: what is emitted computes what the checked graph says, with the weights it names."""

import inspect
from random import Random

import pytest
import torch

from archspec.ir import Graph, verify
from archspec.pipeline import build_graph, emit_python, load_text
from tests.support.interpreter import Interpreter
from tests.support.random_specs import RandomSpec
from tests.support.zoo import import_source


@pytest.mark.parametrize(
    "seed",
    [pytest.param(n, marks=pytest.mark.exhaustive if n >= 40 else ()) for n in range(2000)],
)
def test_emitted_module_computes_what_was_checked(seed: int) -> None:
    program = load_text(RandomSpec(Random(seed)).text())
    model = build_graph(program, "Net")
    verify(model.graph)
    Net = import_source("emitted_random", emit_python([model])).Net
    _compare(model.graph, Net(), seed)
    others = {"base": 5, "classes": 3, "depth": 3}
    taken = {k: others[k] for k in inspect.signature(Net).parameters}
    _compare(build_graph(program, "Net", taken).graph, Net(**taken), seed)


def _compare(graph: Graph, network: torch.nn.Module, seed: int) -> None:
    torch.manual_seed(seed)
    network.eval()
    state = network.state_dict()
    assert {key: tuple(tensor.shape) for key, tensor in state.items()} == {
        key: tuple(dim.const for dim in weight.shape)
        for part in graph.modules()
        for key, weight in part.all_weights()
    }
    image = torch.randn(2, 3, 4, 5)
    with torch.no_grad():
        got = network(image)
        (want,) = Interpreter(graph, state, {"B": 2, "H": 4, "W": 5}).run(image)
    torch.testing.assert_close(got, want)


def test_generated_specs_are_of_many_kinds() -> None:
    texts = [RandomSpec(Random(seed)).text() for seed in range(40)]
    for word in ("residual {", "dense {", "reuse ", " align ", "for ", "if ", ": Part"):
        assert sum(word in text for text in texts) >= 4, word
