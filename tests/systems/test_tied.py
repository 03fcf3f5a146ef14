"""A table that reads pixels and names the next one: one parameter, whatever happens to both."""

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, load_model, save_model
from torch import Tensor
from torch.nn import functional

from tests.systems.digits import altered, batches, digits, model, step


def texts(images: Tensor) -> Tensor:
    """Images as rows of 64 letters from 0 to 16."""
    return (images * 16).round().long().flatten(1)


def surprise(net: Any, pixels: Tensor) -> Tensor:
    """The mean loss of predicting each pixel from those before it."""
    logits = net(pixels[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), pixels[:, 1:].flatten())


def train(net: Any, epochs: int = 1) -> Any:
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for (pixels,) in batches(epochs, texts(digits()[0])):
        step(optimizer, surprise(net, pixels))
    return net


@pytest.fixture(scope="module")
def trained() -> Any:
    return train(model("tied", "PixelGPT"), epochs=3)


def assert_tied(net: Any) -> None:
    """One parameter: the same object, counted once, and a step moves it for both layers."""
    assert net.head.weight is net.embed.weight
    names = [name for name, _ in net.named_parameters()]
    assert "embed.weight" in names
    assert "head.weight" not in names
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    before = net.embed.weight.clone()
    step(optimizer, surprise(net, texts(digits()[0][:20])))
    assert not torch.equal(net.embed.weight, before)
    assert torch.equal(net.head.weight, net.embed.weight)


def test_it_learns_and_stays_tied(trained: Any) -> None:
    held_out = texts(digits()[2])
    counts = torch.bincount(texts(digits()[0]).flatten(), minlength=17) / (1200 * 64)
    by_frequency = -counts[held_out[:, 1:]].log().mean()
    with torch.no_grad():
        assert surprise(trained, held_out) < 0.85 * by_frequency
    assert_tied(copy.deepcopy(trained))
    assert trained.head.weight is trained.embed.weight


def test_the_gradient_is_that_of_both_uses(tmp_path: Path) -> None:
    pixels = texts(digits()[0][:20])
    tied = model("tied", "PixelGPT").double()
    untied = altered(
        tmp_path, "tied", "PixelGPT", "    tie head.weight to embed.weight\n", ""
    ).double()
    assert untied.head.weight is not untied.embed.weight
    untied.load_state_dict(tied.state_dict())
    for net in (tied, untied):
        surprise(net, pixels).backward()  # type: ignore[no-untyped-call]
    both = untied.head.weight.grad + untied.embed.weight.grad
    torch.testing.assert_close(tied.embed.weight.grad, both, rtol=1e-9, atol=1e-12)


def same(a: Any, b: Any) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_copies_are_tied_to_themselves(trained: Any) -> None:
    for again in (copy.deepcopy(trained), pickle.loads(pickle.dumps(trained))):
        assert same(again, trained)
        assert again.embed.weight is not trained.embed.weight
        assert_tied(again)
        assert not same(again, trained)


def test_moves_and_emptying_keep_the_tie(trained: Any) -> None:
    for dtype in (torch.float64, torch.float32):
        again = copy.deepcopy(trained).to(dtype)
        assert_tied(again)
    with torch.device("meta"):
        empty = model("tied", "PixelGPT")
    assert empty.head.weight is empty.embed.weight
    empty = empty.to_empty(device="cpu")
    assert empty.head.weight is empty.embed.weight
    assert not empty.head.weight.is_meta
    empty.load_state_dict(trained.state_dict())
    assert same(empty, trained)
    assert_tied(empty)


@pytest.mark.parametrize("assign", [False, True])
def test_torch_saves_and_loads_it(trained: Any, assign: bool, tmp_path: Path) -> None:
    torch.save(trained.state_dict(), tmp_path / "net.pt")
    again = model("tied", "PixelGPT")
    again.load_state_dict(torch.load(tmp_path / "net.pt", weights_only=True), assign=assign)
    assert same(again, trained)
    assert_tied(again)


def test_safetensors_saves_and_loads_it(trained: Any, tmp_path: Path) -> None:
    save_model(trained, str(tmp_path / "net.safetensors"))
    again = model("tied", "PixelGPT")
    load_model(again, str(tmp_path / "net.safetensors"))
    assert same(again, trained)
    assert_tied(again)


@pytest.mark.parametrize("left_out", ["embed.weight", "head.weight"])
@pytest.mark.parametrize("assign", [False, True])
def test_a_file_may_hold_the_weight_once(trained: Any, left_out: str, assign: bool) -> None:
    """As files of safetensors and of Hugging Face do, under one name or the other."""
    state = {name: value for name, value in trained.state_dict().items() if name != left_out}
    again = model("tied", "PixelGPT")
    again.load_state_dict(state, assign=assign)
    assert left_out not in state
    assert same(again, trained)
    assert_tied(again)
    del state["embed.weight" if left_out == "head.weight" else "head.weight"]
    with pytest.raises(RuntimeError, match=r"Missing key.*embed\.weight"):
        again.load_state_dict(state)


def test_what_safetensors_keeps_is_enough(trained: Any, tmp_path: Path) -> None:
    save_model(trained, str(tmp_path / "net.safetensors"))
    again = model("tied", "PixelGPT")
    again.load_state_dict(load_file(tmp_path / "net.safetensors"))
    assert same(again, trained)
