"""Imports torchvision beside a CPU build of torch.

torchvision's wheel for CUDA cannot load its compiled operators there, and its Python code then
fails at import, because it registers shapes for two of them. Defining the two schemas is all it
needs: no model of classification or segmentation runs them.
"""

from contextlib import suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

import pytest
import torch

#: Kept alive: a library's definitions vanish with it.
_LIBRARIES: Final[list[torch.library.Library]] = []


@cache
def torchvision_models() -> ModuleType:
    """`torchvision.models`; skips the test where torchvision is not installed."""
    try:
        _import_torchvision()
    except ModuleNotFoundError as missing:
        pytest.skip(f"needs torchvision: {missing}")
    return import_module("torchvision.models")


def transformers_model(name: str) -> ModuleType:
    """The module of a model in `transformers`; skips the test where that is not installed."""
    return library(f"transformers.models.{name}.modeling_{name}")


@cache
def library(name: str) -> ModuleType:
    """A module of a library that may import torchvision; skips the test where it is missing."""
    with suppress(ModuleNotFoundError):
        _import_torchvision()
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        pytest.skip(f"needs {name.partition('.')[0]}: {missing}")


def _import_torchvision() -> None:
    try:
        import_module("torchvision")
    except RuntimeError:  # an operator does not exist
        _define_operators()
        import_module("torchvision")


def _define_operators() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    _LIBRARIES.append(library)
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
