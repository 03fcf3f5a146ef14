"""How far an emitted model is from the one that it is compared with."""

import torch
from torch import nn

from tests.parity.numerics import gradients, randomise, relative_error
from tests.support.references import blank, inputs, tensors
from tests.support.zoo import Case, emitted

Pair = tuple[nn.Module, nn.Module]


def shells(case: Case) -> Pair:
    """The emitted model and the reference, without memory for their weights."""
    with torch.device("meta"):
        return getattr(emitted(case.spec), case.model)(), blank(case)


def pair(case: Case, dtype: torch.dtype) -> Pair:
    """The emitted model and the reference, with the same random state."""
    model, other = (m.to(dtype).to_empty(device="cpu") for m in shells(case))
    model.load_state_dict(randomise(other, seed=1), strict=True)
    return model, other


def equal_keys(model: nn.Module, other: nn.Module) -> bool:
    """Whether states are interchangeable, and parameters in the order that optimizers store."""

    def state(module: nn.Module) -> list[tuple[str, torch.Size, torch.dtype]]:
        return [(name, t.shape, t.dtype) for name, t in module.state_dict().items()]

    names = [[name for name, _ in m.named_parameters()] for m in (model, other)]
    return state(model) == state(other) and names[0] == names[1]


def output_error(case: Case, models: Pair | None = None) -> float:
    """The largest relative difference between outputs in eval mode, in float32."""
    model, other = models or pair(case, torch.float32)
    given = inputs(case, torch.float32)
    with torch.no_grad():
        got, want = tensors(model.eval()(*given)), tensors(other.eval()(*given))
    assert len(got) == len(want)
    return max(map(relative_error, got, want))


def gradient_error(case: Case) -> float:
    """The largest relative difference between gradients in train mode, inputs' included.

    In float64: what is compared is the function, not the rounding. Random numbers, of dropout, are
    the same for both. Running statistics must have moved alike.
    """
    model, other = pair(case, torch.float64)
    given = inputs(case, torch.float64)
    got, want = gradients(model, given), gradients(other, given)
    assert set(got) == set(want)
    buffers = dict(model.named_buffers())
    for name, buffer in other.named_buffers():
        assert torch.allclose(buffers[name], buffer, rtol=1e-5), name
    return max(relative_error(got[name], want[name]) for name in want)
