"""Constructor arguments of emitted classes: each does what the spec's parameter does."""

import inspect
from typing import Any

import pytest

from archspec import pipeline
from tests.backends.emitted import namespace

SPECS: dict[str, tuple[str, dict[str, Any]]] = {
    "widths through branches": (
        """
block IR(width, ratio) {
    input x: [B, C, H, W]
    if ratio > 1 { expand: Conv2d(C * ratio, 1) }
    project: Conv2d(width, 1)
}
model N(m = 1) { input x: [B, 3, H, W]
    a: IR(8 * m, 2)
    b: IR(8 * m, 1)
}""",
        {"m": 2},
    ),
    "a shared layer before its input": (
        """
model N(width = 16, out = 4) { input x: [B, 8]
    shared t: Linear(width)
    stem: Linear(width * 2)
    a = _ -> t
    a -> head: Linear(out)
}""",
        {"width": 10, "out": 3},
    ),
    "strides before a linear layer": (
        """
model N(s = 2) { input x: [B, 3, 32, 32]
    conv: Conv2d(8, 3, stride=s, padding=1)
    Flatten -> fc: Linear(10)
}""",
        {"s": 4},
    ),
    "a projection that one call needs": (
        """
block IR(width, stride) {
    residual {
        conv: Conv2d(width, 3, stride=stride, padding=1)
    } align { fit: Conv2d(width, 1, stride=stride) }
}
model N(s = 2) { input x: [B, 3, 32, 32]
    a: IR(8, 1)
    b: IR(8, s)
}""",
        {"s": 1},
    ),
    "positions after a loop": (
        """
model N(depth = 2) { input x: [B, 8]
    for i in 0..<depth { residual { Linear(8) -> ReLU -> Linear(8) } }
    Linear(3)
}""",
        {"depth": 3},
    ),
    "a branch that is off": (
        """
model N(drop = 0.0, width = 8) { input x: [B, 8]
    fc: Linear(width)
    if drop > 0 { Dropout(drop) }
    head: Linear(2)
}""",
        {"drop": 0.5, "width": 4},
    ),
    "a setting of the branch that is not taken": (
        """
block Wide(width, drop) { fc: Linear(width)
    if drop > 0 { gate: Linear(width) }
}
block Thin(width, drop) { proj: Linear(width, bias=false)
    if drop > 0 { gate: Linear(width) }
}
model N(wide = false, drop = 0.0) { input x: [B, 8]
    if wide { part: Wide(8, drop) } else { part: Thin(8, drop) }
}""",
        {"drop": 0.5},
    ),
    "a size that the author states": (
        """
block Patches(patch, dim) {
    input image: [B, C, S, S]
    proj: Conv2d(dim, patch, stride=patch) -> rearrange("b d h w -> b (h w) d")
    output tokens: [B, (S // patch) ** 2, dim]
}
model N(patch = 4, side = 16) { input image: [B, 3, side, side]
    stem: Patches(patch, 6) -> transpose(1, 2) -> mix: Linear(5)
}""",
        {"patch": 8, "side": 32},
    ),
    "a number of layers that is computed": (
        """
model N(depth = 4, growth = 4, halve = false) { input x: [B, 3, H, W]
    for i in 1..2 {
        block{i}: {
            for j in 0..<depth // 2 { dense { layer{j}: Conv2d(growth, 3, padding=1) } }
        }
        conv{i}: Conv2d(2 * growth if halve else growth, 1)
    }
}""",
        {"depth": 7, "growth": 2, "halve": True},
    ),
    "settings as a list": (
        """
model N(settings = [(4, 1), (8, 2)]) { input x: [B, 3, 16, 16]
    for i, s in enumerate(settings) { conv{i}: Conv2d(s[0], 3, stride=s[1], padding=1) }
    AdaptiveAvgPool2d(1) -> Flatten -> head: Linear(2)
}""",
        {"settings": [(6, 1), (6, 1), (12, 2)]},
    ),
}


def weights(model: Any) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(d.evaluate({}) for d in weight.shape)
        for part in model.graph.modules()
        for name, weight in part.all_weights()
    }


@pytest.mark.parametrize("name", SPECS)
def test_arguments_agree_with_the_spec(name: str) -> None:
    text, changed = SPECS[name]
    program = pipeline.load_text(text)
    built = namespace(pipeline.emit_python([pipeline.build_graph(program, "N")]))["N"]
    taken = set(inspect.signature(built).parameters)
    assert weights(pipeline.build_graph(program, "N")) == {
        k: tuple(v.shape) for k, v in built().state_dict().items()
    }
    arguments = {k: v for k, v in changed.items() if k in taken}
    state = built(**arguments).state_dict()
    expected = weights(pipeline.build_graph(program, "N", arguments))
    assert {k: tuple(v.shape) for k, v in state.items()} == expected
    for fixed in set(changed) - taken:
        assert f"{fixed} = " in (built.__doc__ or "")


def test_what_can_vary_does() -> None:
    taken = {}
    for name, (text, _) in SPECS.items():
        program = pipeline.load_text(text)
        source = pipeline.emit_python([pipeline.build_graph(program, "N")])
        taken[name] = set(inspect.signature(namespace(source)["N"]).parameters)
    assert taken["a branch that is off"] == {"drop", "width"}
    assert "settings" in taken["settings as a list"]
    assert "depth" not in taken["positions after a loop"]
    assert taken["a setting of the branch that is not taken"] == {"wide", "drop"}
    assert taken["a size that the author states"] == {"patch", "side"}
    assert taken["a number of layers that is computed"] == {"depth", "growth", "halve"}


RECURSION = """
block Tower(width, depth) {
    Linear(width) -> ReLU
    if depth > 1 { inner: Tower(width, depth - 1) }
}
model N { input x: [B, 4]
    tower: Tower(8, 5)
}"""


def test_a_block_within_itself() -> None:
    program = pipeline.load_text(RECURSION)
    model = pipeline.build_graph(program, "N")
    built = namespace(pipeline.emit_python([model]))["N"]
    assert {k: tuple(v.shape) for k, v in built().state_dict().items()} == weights(model)
