"""Random weights, and how far two results are apart."""

import math

import torch
from torch import Tensor, nn


def randomise(model: nn.Module, seed: int) -> dict[str, Tensor]:
    """Fill every weight and running statistic of `model` with plausible numbers; gives the state.

    Scales keep activations of very deep networks near 1, so that a wrong term is not lost.
    """
    generator = torch.Generator().manual_seed(seed)
    state = model.state_dict()
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            tensor.fill_(7)  # num_batches_tracked
        elif name.endswith("running_var") or (tensor.dim() == 1 and name.endswith("weight")):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.dim() == 1:
            tensor.normal_(0.0, 0.1, generator=generator)
        else:
            fan_in = tensor[0].numel()
            tensor.normal_(0.0, math.sqrt(1.5 / fan_in), generator=generator)
    return state


def relative_error(got: Tensor, want: Tensor) -> float:
    """The largest difference, relative to the largest entry that is wanted."""
    assert got.shape == want.shape, f"{tuple(got.shape)} instead of {tuple(want.shape)}"
    scale = want.abs().max().item()
    assert scale > 0, "nothing is compared"
    assert math.isfinite(scale)
    return (got - want).abs().max().item() / scale


def gradients(model: nn.Module, x: Tensor, weight: Tensor) -> dict[str, Tensor]:
    """Gradients of `(model(x) * weight).sum()` in train mode, by parameter, and the input's."""
    model.train()
    x = x.clone().requires_grad_()
    (model(x) * weight).sum().backward()
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert len(found) == sum(1 for _ in model.parameters())
    assert x.grad is not None
    return {**found, "input": x.grad}
