"""Emitted models against those of other libraries: states, outputs, gradients."""

import pytest
import torch
from torch import nn

from tests.parity.measure import (
    equal_keys,
    gradient_error,
    output_error,
    pair,
    shells,
    small_pair,
)
from tests.support.cases import PARITY
from tests.support.zoo import Case

CASES = [
    pytest.param(
        case, marks=pytest.mark.exhaustive if case.exhaustive or case.small else (), id=str(case)
    )
    for case in PARITY
]
FAMILIES = [case for case in PARITY if case.small]


@pytest.mark.parametrize("case", CASES)
def test_states_are_interchangeable(case: Case) -> None:
    assert equal_keys(*shells(case))


@pytest.mark.parametrize("case", CASES)
def test_outputs_agree(case: Case) -> None:
    assert output_error(case) <= 1e-5


@pytest.mark.parametrize("case", CASES)
def test_gradients_agree(case: Case) -> None:
    assert gradient_error(case) <= 1e-5


@pytest.mark.parametrize("case", FAMILIES, ids=lambda case: case.spec)
def test_small_models_agree(case: Case) -> None:
    assert output_error(case, small_pair(case, torch.float32), small=True) <= 1e-5
    assert gradient_error(case, small_pair(case, torch.float64), small=True) <= 1e-5


@pytest.mark.parametrize("case", FAMILIES, ids=lambda case: case.spec)
def test_a_changed_weight_of_a_small_model_is_noticed(case: Case) -> None:
    model, other = small_pair(case, torch.float32)
    *_, (_, weight) = (p for p in other.named_parameters() if p[1].dim() > 1)
    with torch.no_grad():
        weight.mul_(1.5)
    assert output_error(case, (model, other), small=True) > 1e-3


def test_a_changed_network_is_noticed() -> None:
    """One activation less must show in outputs and gradients."""
    (case,) = (c for c in PARITY if c.reference == "resnet18")
    model, reference = pair(case, torch.float32)
    reference.relu = nn.Identity()
    assert output_error(case, (model, reference)) > 1e-3
    (case,) = (c for c in PARITY if c.reference == "densenet121")
    model, reference = shells(case)
    reference.get_submodule("features").norm5 = nn.Identity()
    assert not equal_keys(model, reference)
