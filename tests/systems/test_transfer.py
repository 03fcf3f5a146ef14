"""An encoder that learned the digits 0 to 4 is kept as it is, and a new head learns 5 to 9."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from tests.systems.digits import accuracy, altered, batches, digits, model, step


def fitted(net: Any, images: Tensor, labels: Tensor, epochs: int, rate: float = 0.01) -> Any:
    trained = [weight for weight in net.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=rate)
    net.train()
    for batch, wanted in batches(epochs, images, labels):
        step(optimizer, functional.cross_entropy(net(batch), wanted))
    return net.eval()


def some(low: int, high: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The images of some digits, with labels that begin at 0."""
    images, labels, new_images, new_labels = digits()
    kept, new = ((low <= part) & (part < high) for part in (labels, new_labels))
    return images[kept], labels[kept] - low, new_images[new], new_labels[new] - low


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the weights of a trained encoder."""
    folder = tmp_path_factory.mktemp("pretrained")
    images, labels, new_images, new_labels = some(0, 5)
    net = fitted(model("encoder", "Classifier", classes=5), images, labels, epochs=4)
    with torch.no_grad():
        assert accuracy(net(new_images), new_labels) > 0.9
    save_file(net.encoder.state_dict(), folder / "encoder.safetensors")
    return folder


def copies(module: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_a_new_head_learns_on_features_that_do_not_move(folder: Path) -> None:
    net = model("transfer", "Transfer")
    fresh = copies(net.encoder)
    net.load_pretrained(str(folder))
    loaded = copies(net.encoder)
    assert not any(torch.equal(fresh[k], loaded[k]) for k in fresh if k.endswith("conv1.weight"))
    trained = [name for name, weight in net.named_parameters() if weight.requires_grad]
    assert trained == ["head.weight", "head.bias"]
    images, labels, new_images, new_labels = some(5, 10)
    fitted(net, images, labels, epochs=20, rate=0.1)
    assert set(loaded) == set(net.encoder.state_dict())
    for name, value in net.encoder.state_dict().items():
        assert torch.equal(value, loaded[name]), name
    with pytest.warns(UserWarning, match=r"encoder\.safetensors is not loaded"):
        random = fitted(model("transfer", "Transfer"), images, labels, epochs=20, rate=0.1)
    with torch.no_grad():
        found, by_chance = (accuracy(m(new_images), new_labels) for m in (net, random))
    assert found > 0.9
    assert found > by_chance + 0.05  # features of a fresh encoder


def test_modes_and_moves_do_not_wake_it(folder: Path) -> None:
    net = model("transfer", "Transfer")
    net.load_pretrained(str(folder))
    loaded = copies(net.encoder)
    for again in (net, net.double(), net.float()):
        again.train()
        assert again.training
        assert again.head.training
        assert not any(part.training for part in again.encoder.modules())
        assert not any(weight.requires_grad for weight in again.encoder.parameters())
    net(digits()[0][:50])
    assert all(torch.equal(value, loaded[name]) for name, value in net.encoder.state_dict().items())


def test_what_is_not_frozen_moves(folder: Path, tmp_path: Path) -> None:
    """The same with one word less: weights and running statistics are those of the new digits."""
    net = altered(tmp_path, "transfer", "Transfer", "frozen encoder", "encoder")
    net.load_pretrained(str(folder))
    loaded = copies(net.encoder)
    images, labels, *_ = some(5, 10)
    fitted(net, images, labels, epochs=1)
    for name, value in net.encoder.state_dict().items():
        assert not torch.equal(value, loaded[name]), name
