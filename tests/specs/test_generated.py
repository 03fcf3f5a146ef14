"""Random specs: what is emitted computes what the checked graph says, with the weights it names."""

from random import Random

import pytest
import torch

from archspec.ir import verify
from archspec.pipeline import build_graph, emit_python, load_text
from tests.support.interpreter import Interpreter
from tests.support.random_specs import RandomSpec
from tests.support.zoo import import_source


@pytest.mark.parametrize(
    "seed",
    [pytest.param(n, marks=pytest.mark.exhaustive if n >= 40 else ()) for n in range(300)],
)
def test_emitted_module_computes_what_was_checked(seed: int) -> None:
    text = RandomSpec(Random(seed)).text()
    graph = (model := build_graph(load_text(text), "Net")).graph
    verify(graph)
    torch.manual_seed(seed)
    network = import_source("emitted_random", emit_python([model])).Net().eval()
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
