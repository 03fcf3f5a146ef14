"""How far an emitted model is from the one that it is compared with."""

import torch
from torch import nn

from archspec.passes import costs
from tests.parity.numerics import gradients, randomise, relative_error
from tests.support.references import blank, inputs, macs_of, tensors
from tests.support.zoo import Case, emitted, graph_of

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


def counts(case: Case) -> tuple[int, int | None]:
    """Parameters, and MACs of one input of the usual size, of the graph."""
    want = case.published
    size = case.size if want is None else want.input_size
    sizes = {} if size is None else {"H": size, "W": size}
    full = costs(graph_of(case.spec, case.model).graph, sizes)
    used = costs(graph_of(case.spec, case.model, **case.inference).graph, sizes)
    return full.parameters, used.macs.const


def library_counts(case: Case) -> tuple[int, int]:
    """The same of the library's model, as torch counts: MACs are half of the FLOPs."""
    other = blank(case)
    size = case.size if case.published is None else case.published.input_size
    assert size is not None
    return sum(p.numel() for p in other.parameters()), macs_of(other, 1, 3, size, size)


def output_error(case: Case, models: Pair | None = None) -> float:
    """The largest relative difference between outputs in eval mode, in float32."""
    model, other = models or pair(case, torch.float32)
    given = inputs(case, torch.float32)
    with torch.no_grad():
        got, want = tensors(model.eval()(*given)), tensors(other.eval()(*given))
    if case.inference:
        got = got[: len(want)]
    assert len(got) == len(want)
    return max(map(relative_error, got, want))


def gradient_error(case: Case) -> float:
    """The largest relative difference between gradients in train mode, inputs' included.

    In float64, if it can be: what is compared is the function, not the rounding. Random numbers,
    of dropout, are the same for both. Running statistics must have moved alike.
    """
    dtype = torch.float64 if case.double else torch.float32
    model, other = pair(case, dtype)
    given = inputs(case, dtype)
    got, want = gradients(model, given), gradients(other, given)
    assert set(got) == set(want)
    buffers = dict(model.named_buffers())
    for name, buffer in other.named_buffers():
        assert torch.allclose(buffers[name], buffer, rtol=1e-5), name
    return max(relative_error(got[name], want[name]) for name in want)
