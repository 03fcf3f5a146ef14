"""One encoder for both images: distances are symmetric, and small within a class."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tests.systems.digits import altered, batches, digits, model, step


def pairs(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Each image with one of its class and with another, mostly; and which are of one class."""
    order = labels.argsort()
    images, labels = images[order], labels[order]
    half = len(images) // 2
    right = torch.cat((images.roll(1, 0), images.roll(half, 0)))
    same = torch.cat((labels == labels.roll(1, 0), labels == labels.roll(half, 0)))
    return torch.cat((images, images)), right, same


def trained(net: Any) -> Any:
    """By the contrastive loss: near within a class, at least 1 apart else."""
    images, labels, *_ = digits()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
    for batch in batches(8, images, labels):
        left, right, same = pairs(*batch)
        distance = net(left, right)
        step(optimizer, torch.where(same, distance, functional.relu(1 - distance)).square().mean())
    return net.eval()


def test_pairs_of_a_class_are_near() -> None:
    net = trained(model("siamese", "Siamese"))
    _, _, images, labels = digits()
    left, right, same = pairs(images, labels)
    with torch.no_grad():
        distance, swapped = net(left, right), net(right, left)
        alone = net(left, left)
    assert torch.equal(distance, swapped)
    assert (alone == 0).all()
    near, far = distance[same], distance[~same]
    assert min(len(near), len(far)) > 100
    assert near.mean() < far.mean() / 2
    assert (near[:, None] < far).float().mean() > 0.95  # 0.5 by chance


def test_there_is_one_set_of_weights() -> None:
    net = model("siamese", "Siamese")
    layers = [f"encoder.{name}" for name in ("conv1", "conv2", "fc")]
    assert list(net.state_dict()) == [f"{n}.{part}" for n in layers for part in ("weight", "bias")]
    left, right = digits()[0][:10], digits()[0][10:20]
    net(left, right).sum().backward()
    both = {name: weight.grad.clone() for name, weight in net.named_parameters()}
    net.zero_grad()
    with torch.no_grad():
        a, b = net.encoder(left), net.encoder(right)
    for one, other in ((left, b), (right, a)):  # the distance's gradient, branch by branch
        torch.linalg.vector_norm(net.encoder(one) - other, dim=-1).sum().backward()
    for name, weight in net.named_parameters():
        torch.testing.assert_close(both[name], weight.grad)


def test_two_encoders_would_not_be_symmetric(tmp_path: Path) -> None:
    net = altered(
        tmp_path,
        "siamese",
        "Siamese",
        "shared encoder: PlainEncoder(dim=dim)\n    a = left -> encoder\n    b = right -> encoder",
        "a = left -> one: PlainEncoder(dim=dim)\n    b = right -> two: PlainEncoder(dim=dim)",
    )
    left, right = digits()[0][:10], digits()[0][10:20]
    with torch.no_grad():
        assert not torch.allclose(net(left, right), net(right, left))
