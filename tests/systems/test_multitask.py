"""Two tasks, one encoder: both are learned, and each has its say in the encoder's gradient."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from tests.systems.digits import accuracy, batches, digits, model, step


def targets(images: Tensor) -> Tensor:
    """How much ink each image takes, of mean 0 and variance 1 over the training images."""
    known = digits()[0].mean((1, 2, 3))
    return (images.mean((1, 2, 3)) - known.mean()) / known.std()


def losses(net: Any, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    label, ink = net(images)
    wanted = targets(images).to(ink.dtype)
    return functional.cross_entropy(label, labels), functional.mse_loss(ink, wanted)


def test_both_tasks_learn() -> None:
    images, labels, new_images, new_labels = digits()
    net = model("multitask", "MultiTask")
    optimizer = torch.optim.Adam(net.parameters(), lr=0.005)
    for batch in batches(6, images, labels):
        step(optimizer, sum(losses(net, *batch), torch.zeros(())))
    net.eval()
    with torch.no_grad():
        label, ink = net(new_images)
    assert accuracy(label, new_labels) > 0.9  # 0.1 by chance
    assert functional.mse_loss(ink, targets(new_images)) < 0.2  # 1 for the mean of all


def test_the_encoders_gradient_is_the_sum_of_both_tasks() -> None:
    images, labels, *_ = digits()
    net = model("multitask", "MultiTask").double()
    batch = images[:50].double(), labels[:50]

    def gradients(loss: Tensor) -> dict[str, Tensor | None]:
        net.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        return {
            name: None if weight.grad is None else weight.grad.clone()
            for name, weight in net.named_parameters()
        }

    of_label = gradients(losses(net, *batch)[0])
    of_ink = gradients(losses(net, *batch)[1])
    of_both = gradients(sum(losses(net, *batch), torch.zeros(())))
    encoder = [name for name in of_both if name.startswith("encoder.")]
    assert encoder
    for name in encoder:
        a, b, both = of_label[name], of_ink[name], of_both[name]
        assert a is not None
        assert b is not None
        assert a.abs().max() > 0
        assert b.abs().max() > 0
        torch.testing.assert_close(both, a + b, rtol=1e-9, atol=1e-12)
    for head, other in (("classify", of_ink), ("regress", of_label)):
        assert other[f"{head}.weight"] is None
