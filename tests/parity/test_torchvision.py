"""Emitted classification networks against torchvision's: states, outputs, gradients."""

import pytest
import torch
from torch import nn

from tests.parity.numerics import gradients, randomise, relative_error
from tests.support.torchvision_cpu import torchvision_models
from tests.support.zoo import TORCHVISION, Case, emitted, published

#: Gradients of these take a second or more each; the others cover every construct that they use.
LARGE = {"densenet161", "densenet169", "densenet201", "resnet101", "resnet152", "wide_resnet50_2"}


def pair(case: Case, dtype: torch.dtype) -> tuple[nn.Module, nn.Module]:
    """The emitted model and torchvision's, with the same random state."""
    with torch.device("meta"):
        reference = getattr(torchvision_models(), case.reference)()
        model = getattr(emitted(case.spec), case.model)()
    reference, model = (m.to(dtype).to_empty(device="cpu") for m in (reference, model))
    model.load_state_dict(randomise(reference, seed=1), strict=True)
    return model, reference


def image(dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(2, 3, 64, 64, generator=generator, dtype=dtype)


@pytest.mark.parametrize("case", TORCHVISION, ids=str)
def test_states_are_interchangeable(case: Case) -> None:
    with torch.device("meta"):
        want = getattr(torchvision_models(), case.reference)()
        got = getattr(emitted(case.spec), case.model)()
    expected = {name: (t.shape, t.dtype) for name, t in want.state_dict().items()}
    assert {name: (t.shape, t.dtype) for name, t in got.state_dict().items()} == expected
    assert [n for n, _ in got.named_parameters()] == [n for n, _ in want.named_parameters()]
    assert sum(p.numel() for p in got.parameters()) == published()[case.reference].parameters


@pytest.mark.parametrize("case", TORCHVISION, ids=str)
def test_outputs_agree(case: Case) -> None:
    model, reference = pair(case, torch.float32)
    x = image(torch.float32)
    with torch.no_grad():
        assert relative_error(model.eval()(x), reference.eval()(x)) <= 1e-5


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, marks=pytest.mark.exhaustive if c.reference in LARGE else (), id=str(c))
        for c in TORCHVISION
    ],
)
def test_gradients_agree(case: Case) -> None:
    """In float64: what is compared is the function, not the rounding."""
    model, reference = pair(case, torch.float64)
    x = image(torch.float64)
    weight = torch.randn(2, 1000, generator=torch.Generator().manual_seed(3), dtype=x.dtype)
    got, want = gradients(model, x, weight), gradients(reference, x, weight)
    assert set(got) == set(want)
    worst = max(relative_error(got[name], want[name]) for name in want)
    assert worst <= 1e-5
    buffers = dict(model.named_buffers())
    for name, buffer in reference.named_buffers():
        assert torch.allclose(buffers[name], buffer, rtol=1e-5), name  # running statistics moved


def test_a_changed_network_is_noticed() -> None:
    """One activation less must show in outputs and gradients."""
    case = TORCHVISION[4]
    model, reference = pair(case, torch.float64)
    reference.relu = nn.Identity()
    x = image(torch.float64)
    with torch.no_grad():
        assert relative_error(model.eval()(x), reference.eval()(x)) > 1e-3
