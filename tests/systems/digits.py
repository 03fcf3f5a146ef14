"""Scikit-learn's digits as tensors, the specs of `specs/digits`, and what their tests share."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional

import archspec
from tests.support.zoo import DIGITS


@cache
def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images [N, 1, 8, 8] between 0 and 1 and labels: 1,200 to train with, 597 held out."""
    data = load_digits()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(0))
    images = torch.tensor(data.images, dtype=torch.float32)[order, None] / 16
    labels = torch.tensor(data.target)[order]
    return images[:1200], labels[:1200], images[1200:], labels[1200:]


def model(spec: str, name: str, **params: Any) -> Any:
    """A new module of a model of `specs/digits`, the same in every test."""
    torch.manual_seed(0)
    return archspec.load(DIGITS / f"{spec}.arch")[name].module(**params)


def altered(folder: Path, spec: str, name: str, old: str, new: str, **params: Any) -> Any:
    """A new module of an altered spec: `old`, which stands in it once, is replaced."""
    text = (DIGITS / f"{spec}.arch").read_text(encoding="utf-8")
    assert text.count(old) == 1
    for path in DIGITS.glob("*.arch"):
        (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / f"{spec}.arch").write_text(text.replace(old, new), encoding="utf-8")
    torch.manual_seed(0)
    return archspec.load(folder / f"{spec}.arch")[name].module(**params)


def batches(epochs: int, *tensors: Tensor, size: int = 100) -> Iterator[list[Tensor]]:
    """Shuffled batches, the same in every test."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(epochs):
        order = torch.randperm(len(tensors[0]), generator=generator)
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            yield [tensor[rows] for tensor in tensors]


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(1) == labels).float().mean())


def view(images: Tensor) -> Tensor:
    """Each image moved by up to a pixel, darker or lighter, and with noise."""
    places = functional.unfold(functional.pad(images, (1, 1, 1, 1)), 8)  # [B, 64, 9]
    chosen = torch.randint(9, (len(images), 1, 1)).expand(-1, 64, 1)
    moved = places.gather(2, chosen).reshape(images.shape)
    strength = 0.6 + 0.6 * torch.rand(len(images), 1, 1, 1)
    return moved * strength + 0.1 * torch.randn(images.shape)


def spread(embeddings: Tensor) -> float:
    """The deviation of unit vectors times the root of their size: 1 in all directions, 0 in one."""
    unit = functional.normalize(embeddings, dim=1)
    return float(unit.std(0).mean() * unit.shape[1] ** 0.5)


def nearest(known: Tensor, labels: Tensor, asked: Tensor) -> Tensor:
    """For each asked vector, the label of the known one in the most similar direction."""
    known, asked = functional.normalize(known, dim=1), functional.normalize(asked, dim=1)
    return labels[(asked @ known.T).argmax(1)]


def disagreement(a: Tensor, b: Tensor) -> Tensor:
    """What self-supervision makes small: -1 where all pairs have the same direction."""
    return -functional.cosine_similarity(a, b, dim=1).mean()
