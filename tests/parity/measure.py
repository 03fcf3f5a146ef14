"""How far an emitted model is from the one that it is compared with."""

import torch
from torch import Tensor, nn

from archspec.passes import costs
from tests.parity.numerics import gradients, randomise, relative_error
from tests.support.references import (
    blank,
    call,
    counted_at,
    inputs,
    macs_of,
    reference,
    small_reference,
    tensors,
)
from tests.support.zoo import Case, emitted, graph_of

Pair = tuple[nn.Module, nn.Module]


def shells(case: Case) -> Pair:
    """The emitted model and the reference, without memory for their weights."""
    with torch.device("meta"):
        return getattr(emitted(case.spec), case.model)(), blank(case)


def pair(case: Case, dtype: torch.dtype) -> Pair:
    """The emitted model and the reference, with the same random state."""
    model, other = shells(case)
    if any(_is_table(name, buffer) for name, buffer in other.named_buffers()):
        other = reference(case)  # its buffers hold numbers that no random ones can replace
    model, other = (m.to(dtype) for m in (model.to_empty(device="cpu"), other))
    if any(p.is_meta for p in other.parameters()):
        other = other.to_empty(device="cpu")
    model.load_state_dict(randomise(other, seed=1), strict=True)
    return model, other


def _is_table(name: str, buffer: Tensor) -> bool:
    return not buffer.is_floating_point() and not name.endswith("num_batches_tracked")


def small_pair(case: Case, dtype: torch.dtype) -> Pair:
    """The family's emitted class and the library's, both small, with the same random state."""
    family = graph_of(case.spec, case.model).entry.block.name.id
    model: nn.Module = getattr(emitted(case.spec), family)(**case.small).to(dtype)
    other = small_reference(case).to(dtype)
    model.load_state_dict(randomise(other, seed=1), strict=True)
    return model, other


def equal_keys(model: nn.Module, other: nn.Module) -> bool:
    """Whether states are interchangeable, and parameters in the order that optimizers store."""

    def state(module: nn.Module) -> list[tuple[str, torch.Size, torch.dtype]]:
        return [(name, t.shape, t.dtype) for name, t in module.state_dict().items()]

    names = [[name for name, _ in m.named_parameters()] for m in (model, other)]
    return state(model) == state(other) and names[0] == names[1]


def counts(case: Case) -> tuple[int, int | None]:
    """Parameters, and MACs of one input of the usual size, of the graph."""
    sizes = counted_at(case)
    full = costs(graph_of(case.spec, case.model).graph, sizes)
    used = costs(graph_of(case.spec, case.model, **case.inference).graph, sizes)
    return full.parameters, used.macs.const


def library_counts(case: Case) -> tuple[int, int]:
    """The same of the library's model, as torch counts: MACs are half of the FLOPs."""
    return sum(p.numel() for p in blank(case).parameters()), macs_of(case)


def output_error(case: Case, models: Pair | None = None, small: bool = False) -> float:
    """The largest relative difference between outputs in eval mode, in float32."""
    model, other = models or pair(case, torch.float32)
    given = inputs(case, torch.float32, small)
    with torch.no_grad():
        got, want = tensors(model.eval()(*given)), tensors(call(case, other.eval(), given))
    if case.inference:
        got = got[: len(want)]
    assert len(got) == len(want)
    return max(map(relative_error, got, want))


def gradient_error(case: Case, models: Pair | None = None, small: bool = False) -> float:
    """The largest relative difference between gradients in train mode, inputs' included.

    In float64, if it can be: what is compared is the function, not the rounding. Random numbers,
    of dropout, are the same for both. Running statistics must have moved alike. A gradient that is
    nothing but rounding, as that of the bias of attention's keys, is compared with the largest.
    """
    dtype = torch.float64 if case.double else torch.float32
    model, other = models or pair(case, dtype)
    given = inputs(case, dtype, small)
    got = gradients(model, lambda x: model(*x), given)
    want = gradients(other, lambda x: call(case, other, x), given)
    assert set(got) == set(want)
    buffers = dict(model.named_buffers())
    for name, _ in model.named_buffers():
        buffer = other.get_buffer(name)
        assert torch.allclose(buffers[name], buffer, rtol=1e-5), name
    # Where stochastic depth drops a branch for all images, nothing is learned in it.
    moved = [name for name in want if want[name].any()]
    assert all(not got[name].any() for name in want if name not in moved)
    assert len(moved) > len(want) / 2, "little is compared"
    least = 1e-6 * max(gradient.abs().max().item() for gradient in want.values())
    return max(relative_error(got[name], want[name], least) for name in moved)
