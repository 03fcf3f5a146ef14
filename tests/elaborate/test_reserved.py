"""Names that labels and models cannot have."""

import pytest
import torch.nn as nn

from archspec import pipeline
from archspec.elaborate.reserved import MODULE_ATTRIBUTES


def test_attributes_are_torchs() -> None:
    names = set(dir(nn.Module())) | set(dir(nn.Sequential()))
    plain = {n for n in names if not (n.startswith("__") and n.endswith("__"))}
    plain = {n for n in plain if not n.startswith("___")}  # what compiling leaves behind
    # A newer or older torch may have a few more or fewer; a label that it lacks costs nothing.
    assert plain <= MODULE_ATTRIBUTES


@pytest.mark.parametrize(
    "label", ["forward", "class", "training", "_modules", "__init__", "update_ema"]
)
def test_label_is_refused(label: str) -> None:
    text = f"model M() {{\n    input x: [B, 4]\n    {label}: Linear(2)\n}}\n"
    (diagnostic,) = pipeline.check(pipeline.load_text(text))
    assert diagnostic.code == "A0107"
    assert diagnostic.primary is not None
    assert diagnostic.primary.span.text == label


@pytest.mark.parametrize("name", ["class", "Tensor", "super", "nn"])
def test_model_name_is_refused(name: str) -> None:
    text = f"model {name}() {{\n    input x: [B, 4]\n    fc: Linear(2)\n}}\n"
    found = pipeline.check(pipeline.load_text(text))
    assert [d.code for d in found] == ["A0107"]


def test_params_are_refused_too() -> None:
    text = "model M() {\n    input x: [B, 4]\n    param type: [4] = zeros\n    x * type\n}\n"
    assert [d.code for d in pipeline.check(pipeline.load_text(text))] == ["A0107"]
