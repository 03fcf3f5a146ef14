"""The models of other libraries that those of `specs/` are compared with."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tests.support.torchvision_cpu import torchvision_models
from tests.support.zoo import Case


def reference(case: Case) -> nn.Module:
    """The model that a case is compared with, built by its library, without trained weights."""
    model: nn.Module
    match case.source:
        case "torchvision":
            model = torchvision_models().get_model(case.reference, weights=None, **case.options)
        case _:
            raise LookupError(f"{case}: models of {case.source} cannot be built")
    return model


def blank(case: Case) -> nn.Module:
    """The reference without memory for its weights."""
    # RegNet computes its widths with tensors, which must hold numbers.
    with torch.device("cpu" if case.reference.startswith("regnet") else "meta"):
        return reference(case).to("meta")


def inputs(case: Case, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """A small batch of what the models of a case take."""
    generator = torch.Generator().manual_seed(2)
    return (torch.randn(2, 3, case.image, case.image, generator=generator, dtype=dtype),)


def macs_of(model: nn.Module, *shape: int) -> int:
    """Multiplications of a model on meta tensors, as torch counts them: half of its FLOPs."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model.eval()(torch.empty(shape, device="meta"))
    return int(counter.get_total_flops()) // 2


def tensors(result: Any) -> list[Tensor]:
    """All tensors of what a model gave, in order: of one, a tuple, or a mapping of them."""
    if isinstance(result, Tensor):
        return [result]
    parts = result.values() if isinstance(result, Mapping) else result
    return [tensor for part in parts for tensor in tensors(part)]
