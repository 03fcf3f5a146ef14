"""Emitted models against those of other libraries: states, outputs, gradients."""

import pytest
import torch
from torch import nn

from tests.parity.measure import equal_keys, gradient_error, output_error, pair, shells
from tests.support.cases import PARITY
from tests.support.zoo import Case

CASES = [
    pytest.param(case, marks=pytest.mark.exhaustive if case.exhaustive else (), id=str(case))
    for case in PARITY
]


@pytest.mark.parametrize("case", CASES)
def test_states_are_interchangeable(case: Case) -> None:
    assert equal_keys(*shells(case))


@pytest.mark.parametrize("case", CASES)
def test_outputs_agree(case: Case) -> None:
    assert output_error(case) <= 1e-5


@pytest.mark.parametrize("case", CASES)
def test_gradients_agree(case: Case) -> None:
    assert gradient_error(case) <= 1e-5


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
