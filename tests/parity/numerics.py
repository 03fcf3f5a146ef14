"""Random weights, and how far two results are apart."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tests.support.references import tensors


def randomise(model: nn.Module, seed: int) -> dict[str, Tensor]:
    """Fill every weight and running statistic of `model` with plausible numbers; gives the state.

    Scales keep activations of very deep networks near 1, so that a wrong term is not lost.
    """
    generator = torch.Generator().manual_seed(seed)
    state = model.state_dict()
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            tensor.fill_(7)
        elif not tensor.is_floating_point():
            continue  # an index
        elif name.endswith("running_var") or (tensor.dim() == 1 and name.endswith("weight")):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.dim() == 1:
            tensor.normal_(0.0, 0.1, generator=generator)
        else:
            fan_in = tensor[0].numel()
            tensor.normal_(0.0, math.sqrt(1.5 / fan_in), generator=generator)
    return state


def relative_error(got: Tensor, want: Tensor, least: float = 0.0) -> float:
    """The largest difference, relative to the largest entry that is wanted, or to `least`."""
    assert got.shape == want.shape, f"{tuple(got.shape)} instead of {tuple(want.shape)}"
    scale = max(want.abs().max().item(), least)
    assert scale > 0, "nothing is compared"
    assert math.isfinite(scale)
    return (got - want).abs().max().item() / scale


def gradients(
    model: nn.Module, run: Callable[[tuple[Tensor, ...]], Any], inputs: tuple[Tensor, ...]
) -> dict[str, Tensor]:
    """Gradients in train mode of all outputs, weighted at random, by parameter and input."""
    model.train()
    torch.manual_seed(3)  # of dropout
    inputs = tuple(x.clone().requires_grad_(x.is_floating_point()) for x in inputs)
    outputs = tensors(run(inputs))
    generator = torch.Generator().manual_seed(4)
    weights = [torch.randn(y.shape, generator=generator, dtype=y.dtype) for y in outputs]
    torch.stack([(y * w).sum() for y, w in zip(outputs, weights, strict=True)]).sum().backward()  # type: ignore[no-untyped-call]
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    assert len(found) == sum(1 for _ in model.parameters())
    found |= {f"input {i}": x.grad for i, x in enumerate(inputs) if x.grad is not None}
    return found
