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


@cache
def transformers_gpt2() -> ModuleType:
    """The module of GPT-2 in `transformers`; skips the test where that is not installed."""
    with suppress(ModuleNotFoundError):
        _import_torchvision()  # transformers imports it where it is there
    try:
        return import_module("transformers.models.gpt2.modeling_gpt2")
    except ModuleNotFoundError as missing:
        pytest.skip(f"needs transformers: {missing}")


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
