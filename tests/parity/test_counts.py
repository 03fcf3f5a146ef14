"""Parameters and MACs of the graphs equal the published numbers, and names those of torchvision."""

import pytest
import torch

from archspec.passes import costs
from tests.support.torchvision_cpu import torchvision_models
from tests.support.zoo import COUNTED, TORCHVISION, Case, graph_of, published


@pytest.mark.parametrize("case", COUNTED, ids=str)
def test_parameters_and_macs_equal_the_published(case: Case) -> None:
    want = published()[case.reference]
    graph = graph_of(case.spec, case.model).graph
    size = {} if want.input_size is None else {"H": want.input_size, "W": want.input_size}
    counted = costs(graph, size)
    assert counted.parameters == want.parameters
    if want.macs is not None:
        assert counted.macs.const == want.macs


@pytest.mark.parametrize("case", TORCHVISION, ids=str)
def test_weights_are_named_and_ordered_as_in_torchvision(case: Case) -> None:
    with torch.device("meta"):
        reference = getattr(torchvision_models(), case.reference)()
    want = {name: tuple(t.shape) for name, t in reference.state_dict().items()}
    graph = graph_of(case.spec, case.model).graph
    got = {
        name: tuple(dim.const for dim in weight.shape)
        for module in graph.modules()
        for name, weight in module.all_weights()
    }
    assert got == want
    assert list(got) == list(want)  # optimizer states are stored in this order


def test_counts_notice_a_changed_model() -> None:
    graph = graph_of("resnet", "ResNet18", classes=999).graph
    assert costs(graph).parameters == published()["resnet18"].parameters - 513


def test_tied_weights_count_once() -> None:
    counted = costs(graph_of("gpt2", "GPT2").graph)
    assert counted.parameters_naive - counted.parameters == 50257 * 768


def test_macs_of_gpt2_by_hand() -> None:
    """Per position and layer 12·d² for the linear maps and 2·T·d for attention; then the head."""
    tokens, width, depth, vocab = 1024, 768, 12, 50257
    counted = costs(graph_of("gpt2", "GPT2").graph, {"T": tokens})
    by_layer = tokens * 12 * width**2 + 2 * tokens * tokens * width
    assert counted.macs.const == depth * by_layer + tokens * width * vocab
