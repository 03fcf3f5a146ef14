"""SimSiam and BYOL learn without labels and do not collapse; without what prevents it, they do."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.systems.digits import (
    altered,
    batches,
    digits,
    disagreement,
    model,
    nearest,
    spread,
    step,
    view,
)

PREDICTORS = {
    "simsiam": ("z -> predictor: Predictor(dim)", "z * 1"),
    "byol": ("online -> predictor: Projector(dim)", "online"),
}
STOP = ("z -> detach -> chunk", "z -> chunk")


def train_simsiam(net: Any) -> Any:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for (images,) in batches(6, digits()[0]):
        p1, p2, z1, z2 = net(view(images), view(images))
        step(optimizer, (disagreement(p1, z2) + disagreement(p2, z1)) / 2)
    return net.eval()


def train_byol(net: Any) -> Any:
    trained = [weight for weight in net.parameters() if weight.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1, momentum=0.9)
    for (images,) in batches(6, digits()[0]):
        one, two = view(images), view(images)
        loss = disagreement(*net(one, two)) + disagreement(*net(two, one))
        step(optimizer, loss / 2)
        net.update_ema()
    return net.eval()


def embeddings(net: Any, images: Tensor) -> Tensor:
    with torch.no_grad():
        if hasattr(net, "online"):
            found: Tensor = net.online(images)
        else:
            found = net.projector(net.encoder(images))
    return found


def score(net: Any) -> float:
    """How many held-out digits have the label of their nearest neighbour among the others."""
    images, labels, new_images, new_labels = digits()
    found = nearest(embeddings(net, images), labels, embeddings(net, new_images))
    return (found == new_labels).float().mean().item()


def test_simsiam_does_not_collapse() -> None:
    net = train_simsiam(model("simsiam", "SimSiam"))
    assert spread(embeddings(net, digits()[2])) > 0.5
    assert score(net) > 0.55  # 0.1 by chance


def test_byol_does_not_collapse_and_its_copy_follows() -> None:
    net = train_byol(model("byol", "BYOL"))
    held_out = digits()[2]
    assert spread(embeddings(net, held_out)) > 0.5
    assert score(net) > 0.7  # 0.1 by chance
    start, slow, fast = (
        torch.nn.utils.parameters_to_vector(part.parameters())
        for part in (model("byol", "BYOL").online, net.target, net.online)
    )
    assert 0 < (slow - fast).norm() < (slow - start).norm() / 4


@pytest.mark.parametrize(
    ("spec", "change"),
    [("simsiam", STOP), ("simsiam", PREDICTORS["simsiam"]), ("byol", PREDICTORS["byol"])],
    ids=["SimSiam without stopped gradient", "SimSiam without predictor", "BYOL without predictor"],
)
def test_without_what_prevents_it_they_collapse(
    spec: str, change: tuple[str, str], tmp_path: Path
) -> None:
    train, name = (train_simsiam, "SimSiam") if spec == "simsiam" else (train_byol, "BYOL")
    net = train(altered(tmp_path, spec, name, *change))
    assert spread(embeddings(net, digits()[2])) < 0.25


def test_no_gradient_flows_into_what_is_predicted() -> None:
    images = digits()[0][:20]
    net = model("simsiam", "SimSiam")
    p1, p2, z1, z2 = net(view(images), view(images))
    assert p1.requires_grad
    assert p2.requires_grad
    assert not z1.requires_grad
    assert not z2.requires_grad
    net = model("byol", "BYOL")
    assert not any(weight.requires_grad for weight in net.target.parameters())
    p, z = net(view(images), view(images))
    assert not z.requires_grad
    disagreement(p, z).backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is None for weight in net.target.parameters())
    assert all(weight.grad.abs().sum() > 0 for weight in net.online.parameters())


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 1.0])
def test_the_slow_copy_follows_the_formula(momentum: float) -> None:
    images = digits()[0][:50].double()
    net = model("byol", "BYOL", momentum=momentum).double()
    online, target = net.online.named_parameters, net.target.named_parameters
    assert all(torch.equal(slow, dict(online())[name]) for name, slow in target())
    trained = [weight for weight in net.parameters() if weight.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1.0)
    for _ in range(3):
        before = {name: slow.clone() for name, slow in target()}
        step(optimizer, disagreement(*net(view(images), view(images))))
        statistics = {name: value.clone() for name, value in net.target.named_buffers()}
        assert all(torch.equal(slow, before[name]) for name, slow in target())
        net.update_ema()
        for name, fast in online():
            assert not torch.equal(fast, before[name])
            expected = momentum * before[name] + (1 - momentum) * fast
            slow = net.target.get_parameter(name)
            torch.testing.assert_close(slow, expected, rtol=1e-12, atol=1e-14)
        # Running statistics are the copy's own: of what its own, slow weights give.
        for name, value in net.target.named_buffers():
            assert torch.equal(value, statistics[name])
    assert not torch.equal(
        net.target.encoder.norm1.running_mean, net.online.encoder.norm1.running_mean
    )
