"""Parameters and MACs of the graphs equal the published numbers, and names those of libraries."""

import pytest

from archspec.passes import costs
from tests.parity.measure import counts, library_counts
from tests.support.cases import PARITY, ZOO
from tests.support.references import blank
from tests.support.zoo import Case, graph_of, published


@pytest.mark.parametrize("case", [c for c in ZOO if c.published], ids=str)
def test_parameters_and_macs_equal_the_published(case: Case) -> None:
    want = case.published
    assert want is not None
    parameters, macs = counts(case)
    assert parameters == want.parameters
    if want.macs is not None:
        assert macs == want.macs


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", PARITY, ids=str)
def test_parameters_and_macs_equal_those_of_the_library(case: Case) -> None:
    """Published or not: what torch counts when the library's own model runs."""
    assert counts(case) == library_counts(case)


@pytest.mark.parametrize("case", [c for c in PARITY if not c.exhaustive], ids=str)
def test_weights_of_the_graph_are_named_and_ordered_as_in_the_library(case: Case) -> None:
    want = {name: tuple(t.shape) for name, t in blank(case).state_dict().items()}
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
