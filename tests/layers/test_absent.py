"""What torch has is declared here, or stands in a table with the reason why it is not."""

import inspect

import torch
import torch.nn.functional as F
from torch import nn

from archspec.layers import registry
from archspec.layers.index import FAMILIES
from tests.layers.absent import FOURIER, FUNCTIONAL, LAYERS, names

DECLARED = {name for family in FAMILIES.values() for name in family.split()}


def test_every_layer_of_torch_is_declared_or_absent_for_a_reason() -> None:
    torchs = {
        name
        for name, value in vars(nn).items()
        if inspect.isclass(value) and issubclass(value, nn.Module)
    }
    assert torchs - DECLARED - names(LAYERS) == set()
    assert not names(LAYERS) & DECLARED
    assert names(LAYERS) <= torchs


def test_every_function_of_torch_nn_is_declared_or_absent_for_a_reason() -> None:
    torchs = {
        name
        for name, value in vars(F).items()
        if callable(value)
        and name.islower()
        and not name.startswith("_")
        and not inspect.isclass(value)
    }
    layers = {name.lower() for name in registry.layers()}
    as_layers = {name for name in torchs if name.replace("_", "") in layers}
    assert torchs - as_layers - DECLARED - names(FUNCTIONAL) == set()
    assert not names(FUNCTIONAL) & DECLARED
    assert names(FUNCTIONAL) <= torchs


def test_every_fourier_transform_is_declared_or_absent_for_a_reason() -> None:
    torchs = set(torch.fft.__all__)
    assert torchs - DECLARED == names(FOURIER)
