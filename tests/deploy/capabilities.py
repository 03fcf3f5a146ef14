"""What a deployed model must be able to do, one function each.

A capability returns if the model has it. It raises `Inapplicable` where the question makes no
sense for the model; every other exception is a failure, and its text the reason.
"""

import copy
import io
import math
import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from tests.deploy.subjects import Subject
from tests.support.references import tensors

#: Of results in float32 that are computed in another order, relative to the largest.
TOLERANCE: Final = 1e-4
#: Of bfloat16, which has 8 bits: that of a whole network, relative to the largest output.
COARSE: Final = 0.15
#: A tensor has so many entries before its spread is compared.
MANY: Final = 1000


class Inapplicable(Exception):
    """The model has no part that the capability is about; says which."""


def compiled(subject: Subject) -> None:
    """`torch.compile(fullgraph=True, backend="aot_eager")`: equal outputs and gradients."""
    torch._dynamo.reset()
    network, (given, _) = subject.network(), _inputs(subject)
    same = copy.deepcopy(network)
    made: Any = torch.compile(same, fullgraph=True, backend="aot_eager")
    want, got = tensors(network(*given)), tensors(made(*given))
    _close(got, want)
    for results in (want, got):
        _sum(results).backward()  # type: ignore[no-untyped-call]
    for (name, a), (_, b) in zip(network.named_parameters(), same.named_parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None), f"gradient of {name}"
        if a.grad is not None and b.grad is not None:
            _close([b.grad], [a.grad], 1e-3)


def exported(subject: Subject) -> None:
    """`torch.export.export` with the model's own `dynamic_shapes()`: equal at other sizes."""
    network, (given, others) = subject.network(), _inputs(subject)
    own: Any = getattr(network, "dynamic_shapes", dict)
    shapes = own() or None
    program: Any = torch.export.export(network, given, dynamic_shapes=shapes).module()
    with torch.no_grad():
        for inputs in (given, others):
            _close(tensors(program(*inputs)), tensors(network(*inputs)))


def traced(subject: Subject) -> None:
    """`torch.jit.trace`, saved and loaded: equal outputs for another batch size."""
    network, (given, _) = subject.network(), _inputs(subject)
    file = io.BytesIO()
    jit: Any = torch.jit  # untyped
    with torch.no_grad():
        jit.save(jit.trace(network, given, check_trace=False), file)
        file.seek(0)
        program = jit.load(file)
        for inputs in (given, _batch(subject, 3)):
            _close(tensors(program(*inputs)), tensors(network(*inputs)))


def channels_last(subject: Subject) -> None:
    """Weights and images in `torch.channels_last`: equal outputs."""
    network, (given, _) = subject.network(), _inputs(subject)
    if not any(x.dim() == 4 for x in given):
        raise Inapplicable("no input is a batch of images")
    moved = [x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x for x in given]
    with torch.no_grad():
        want = tensors(network(*given))
        other: Any = network
        other.to(memory_format=torch.channels_last)
        _close(tensors(other(*moved)), want)


def autocast(subject: Subject) -> None:
    """bfloat16 autocast in train mode: outputs near those of float32, finite gradients."""
    network, (given, _) = subject.network(), _inputs(subject)
    with torch.no_grad():
        want = tensors(network(*given))
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            _close([y.float() for y in tensors(network(*given))], want, COARSE)
        results = tensors(network.train()(*given))
    _sum(results).backward()  # type: ignore[no-untyped-call]
    for name, parameter in network.named_parameters():
        grad = parameter.grad
        assert grad is None or grad.isfinite().all(), f"gradient of {name} is not finite"


def functional_call(subject: Subject) -> None:
    """`torch.func.functional_call` with other weights: the outputs of a model that has them."""
    network, (given, _) = subject.network(), _inputs(subject)
    other = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(1.01)
        state = {**dict(other.named_parameters()), **dict(other.named_buffers())}
        got = torch.func.functional_call(network, state, given)
        _close(tensors(got), tensors(other(*given)))


def copied(subject: Subject) -> None:
    """`copy.deepcopy`: equal outputs, no memory in common, tied weights still tied."""
    network, (given, _) = subject.network(), _inputs(subject)
    other = copy.deepcopy(network)
    assert _ties(other) == _ties(network), "weights are tied otherwise"
    common = {t.data_ptr() for t in _state(network)} & {t.data_ptr() for t in _state(other)}
    assert not common - {0}, "memory is shared"
    with torch.no_grad():
        _close(tensors(other(*given)), tensors(network(*given)), 0.0)


def materialised(subject: Subject) -> None:
    """Built on meta, `to_empty`, `reset_parameters` of all modules: as if built at once."""
    network, (given, _) = subject.network(), _inputs(subject)
    other = subject.blank().to_empty(device="cpu").eval()
    assert _ties(other) == _ties(network), "weights are tied otherwise"
    with torch.no_grad():
        for tensor in _state(other):
            tensor.fill_(math.nan if tensor.is_floating_point() else 1)
    torch.manual_seed(0)
    for module in reversed(list(other.modules())):  # a model's own has the last word
        reset: Any = getattr(module, "reset_parameters", None)
        if reset is not None:
            reset()
    buffers = dict(other.named_buffers())
    for name, buffer in network.named_buffers():
        assert torch.equal(buffers[name], buffer), f"buffer {name} is not set"
    parameters = dict(other.named_parameters())
    for name, parameter in network.named_parameters():
        mine = parameters[name]
        assert mine.isfinite().all(), f"{name} is not set"
        assert mine.requires_grad == parameter.requires_grad, f"requires_grad of {name}"
        if parameter.numel() >= MANY:
            a, b = mine.std().item(), parameter.std().item()
            assert abs(a - b) <= 0.15 * b + 1e-12, f"{name} has spread {a:.2g}, not {b:.2g}"
        elif parameter.numel() > 1 and parameter.min() == parameter.max():
            assert torch.equal(mine, parameter), f"{name} has other initial values"
    with torch.no_grad():
        assert all(y.isfinite().all() for y in tensors(other(*given)))


def saved(subject: Subject) -> None:
    """`torch.save` and safetensors, loaded with `strict=True` elsewhere: the same outputs."""
    network, (given, _) = subject.network(), _inputs(subject)
    with torch.no_grad():
        for tensor in _state(network):
            if tensor.is_floating_point():
                tensor.mul_(1.01)  # not what every new model has
        want = tensors(network(*given))
    with tempfile.TemporaryDirectory() as folder:
        torch.save(network.state_dict(), Path(folder) / "model.pt")
        other = subject.network()
        state = torch.load(Path(folder) / "model.pt", weights_only=True)
        other.load_state_dict(state, strict=True)
        save_model(network, str(Path(folder) / "model.safetensors"))
        third = subject.network()
        load_model(third, str(Path(folder) / "model.safetensors"), strict=True)
    with torch.no_grad():
        for loaded in (other, third):
            assert _ties(loaded) == _ties(network), "weights are tied otherwise"
            _close(tensors(loaded(*given)), want, 0.0)


def strict(subject: Subject) -> None:
    """`load_state_dict` names what is missing, what is unexpected, and what has another shape."""
    network = subject.blank()
    state = dict(network.state_dict())
    name = next(reversed(state))
    absent = {key: value for key, value in state.items() if key != name}
    # The last weight may be one more name of a tied one, which torch asks for all the same.
    _refused(network, {**absent, f"{name}_of_another": state[name]}, name, f"{name}_of_another")
    wrong = torch.empty((*state[name].shape, 2), device="meta")
    _refused(network, {**state, name: wrong}, name, str(list(wrong.shape))[1:-1])


#: The columns of the page, in order.
CAPABILITIES: Final[Mapping[str, Callable[[Subject], None]]] = {
    "compile": compiled,
    "export": exported,
    "trace": traced,
    "channels last": channels_last,
    "bfloat16": autocast,
    "functional call": functional_call,
    "deepcopy": copied,
    "meta": materialised,
    "saved": saved,
    "strict": strict,
}


def outcome(subject: Subject, capability: str) -> tuple[str, str]:
    """What stands in a cell, and the reason for it: `ok`, `fails`, or `-` if not applicable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own, of its internals
            CAPABILITIES[capability](subject)
    except Inapplicable as reason:
        return "-", str(reason)
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is what the page must tell
        lines = [line.strip(" -") for line in str(fault).splitlines() if line.strip()]
        kept = next((line for line in lines if "guard" in line), lines[0] if lines else "")
        return "fails", f"{type(fault).__name__}: {kept}"[:300]
    return "ok", ""


# --- parts -------------------------------------------------------------------------------------


def _inputs(subject: Subject) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    first, second = subject.sizes()
    return subject.inputs(first), subject.inputs(second)


def _batch(subject: Subject, size: int) -> tuple[Tensor, ...]:
    first, _ = subject.sizes()
    return subject.inputs({**first, "B": size})


def _state(network: nn.Module) -> Iterable[Tensor]:
    return (*network.parameters(), *network.buffers())


def _ties(network: nn.Module) -> set[frozenset[str]]:
    """The names under which one and the same tensor is found."""
    names: dict[int, set[str]] = {}
    for name, parameter in network.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), set()).add(name)
    return {frozenset(group) for group in names.values() if len(group) > 1}


def _sum(results: Iterable[Tensor]) -> Tensor:
    return torch.stack([y.float().square().mean() for y in results if y.requires_grad]).sum()


def _close(got: Iterable[Tensor], want: Iterable[Tensor], tolerance: float = TOLERANCE) -> None:
    """The largest difference is at most `tolerance` times the largest entry that is wanted."""
    for a, b in zip(got, want, strict=True):
        assert a.shape == b.shape, f"shape {tuple(a.shape)}, not {tuple(b.shape)}"
        assert a.isfinite().all(), "not all is finite"
        error, scale = (a - b).abs().max().item(), b.abs().max().item()
        assert error <= tolerance * scale + 1e-30, f"differs by {error / (scale or 1):.0e}"


def _refused(network: nn.Module, state: Mapping[str, Tensor], *said: str) -> None:
    message = ""
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as fault:
        message = str(fault)
    assert message, f"a state without {said[0]} is loaded"
    for text in said:
        assert text in message, f"the error does not name {text}"
