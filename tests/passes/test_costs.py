"""Counts by hand for small models, and against the emitted module for those of the zoo."""

from pathlib import Path

import pytest

from archspec.diagnostics import ArchSpecError
from archspec.dims import Dim
from archspec.elaborate import Elaborated
from archspec.passes import Costs, Reuse, Row, batch_symbol, costs, resolve_sizes
from archspec.pipeline import build_graph, load_file, load_text

SPECS = Path(__file__).parents[2] / "specs"


def elaborated(text: str) -> Elaborated:
    program = load_text(text, "test.arch")
    return build_graph(program, next(iter(program.models)))


def costs_of(text: str, **sizes: int) -> Costs:
    return costs(elaborated(text).graph, sizes)


def rows(found: Costs) -> dict[str, Row]:
    assert len({row.name for row in found.rows}) == len(found.rows)
    return {row.name: row for row in found.rows}


PLAIN = """
model Net {
    input x: [B, 4]
    a: Linear(8) -> ReLU -> norm: BatchNorm1d -> b: Linear(2, bias=false)
}
"""


def test_weights_and_multiply_adds_of_layers() -> None:
    found = costs_of(PLAIN)
    layers = rows(found)
    assert layers["a"].parameters == 4 * 8 + 8
    assert layers["norm"].parameters == 2 * 8
    assert layers["b"].parameters == 8 * 2
    assert found.parameters == found.parameters_naive == found.trainable == 40 + 16 + 16
    assert found.buffers == 8 + 8 + 1
    assert found.macs is Dim.of(4 * 8 + 8 * 2)
    assert [str(t) for t in layers["b"].outputs] == ["[B, 2]"]


def test_rows_stand_in_the_order_of_execution() -> None:
    assert [row.name for row in costs_of(PLAIN).rows] == ["a", "1", "norm", "b"]


SHARED = """
model Twins {
    input left: [B, 4]
    input right: [B, 4]
    shared twin: Linear(3)
    a = left -> twin
    b = right -> twin
    output sum = a + b
}
"""


def test_a_shared_layer_is_counted_once_and_naively_per_use() -> None:
    found = costs_of(SHARED)
    first, second = found.rows
    assert (first.parameters, second.parameters) == (15, 0)
    assert (first.parameters_naive, second.parameters_naive) == (15, 15)
    assert (found.parameters, found.parameters_naive) == (15, 30)
    assert found.macs is Dim.of(24)
    assert first.reuses == ()
    assert second.reuses == (Reuse("shared", "twin"),)


TIED = """
model Words {
    input tokens: int[B, T]
    embed: Embedding(10, 4)
    head: Linear(10, bias=false)
    tie head.weight to embed.weight
}
"""


def test_a_tied_weight_is_counted_once() -> None:
    found = costs_of(TIED, T=5)
    assert (found.parameters, found.parameters_naive) == (40, 80)
    assert rows(found)["head"].reuses == (Reuse("tied", "embed.weight"),)
    assert rows(found)["head"].parameters == 0
    assert found.macs is Dim.of(5 * 4 * 10)


def test_a_tie_whose_target_comes_first_is_counted_at_its_first_use() -> None:
    text = """
model Words {
    input x: [B, 4]
    a: Linear(4, bias=false) -> b: Linear(4, bias=false)
    tie a.weight to b.weight
}
"""
    found = costs_of(text)
    assert (found.parameters, found.parameters_naive) == (16, 32)
    assert [row.parameters for row in found.rows] == [16, 0]


def test_frozen_and_slow_copies_are_told_apart() -> None:
    text = """
model Net {
    input x: [B, 4]
    input y: [B, 4]
    shared online: { proj: Linear(3) }
    ema target: online(momentum=0.9)
    p = x -> frozen trunk: { fc: Linear(4) } -> online
    z = y -> target -> detach
    output p, z
}
"""
    found = costs_of(text)
    assert found.frozen == 20
    assert found.ema == 15
    assert found.trainable == 15
    assert found.parameters == 50
    assert rows(found)["target.proj"].reuses == (Reuse("ema", "online.proj"),)
    assert rows(found)["detach"].reuses == (Reuse("detach", "target.proj"),)


def test_params_have_rows_and_buffers_have_none() -> None:
    text = """
model Net {
    input x: [B, 4]
    param scale: [4] = ones
    buffer shift: [4] = zeros
    x * scale + shift
}
"""
    found = costs_of(text)
    assert [(row.name, row.kind, row.parameters) for row in found.rows] == [("scale", "param", 4)]
    assert (found.parameters, found.buffers) == (4, 4)


def test_reuse_edges_name_their_sources() -> None:
    text = """
block Step(width) {
    residual { conv: Conv2d(width, 3, padding=1) }
}
model Net {
    input x: [B, 3, H, W]
    stem: Conv2d(4, 1)
    one: Step(4)
    two: Step(4)
    dense { grow: Conv2d(2, 1) }
    reuse one by concat
}
"""
    found = rows(costs_of(text))
    assert found["one:add"].reuses == (Reuse("residual", "stem"),)
    assert found["two:add"].reuses == (Reuse("residual", "one:add"),)
    assert found["concat"].reuses == (Reuse("dense", "two:add"),)
    assert found["concat#2"].reuses == (Reuse("skip", "one:add"),)


def test_functions_that_multiply_have_rows() -> None:
    text = """
model Net {
    input x: [B, T, 8]
    q, k = x -> Linear(16) -> chunk(2, dim=-1)
    matmul(q, transpose(k, 1, 2))
}
"""
    found = costs_of(text, T=6)
    assert rows(found)["matmul"].macs is Dim.of(6 * 8 * 6)
    assert "transpose" not in rows(found)


# --- sizes -------------------------------------------------------------------------------------


def test_open_sizes_stay_in_a_polynomial() -> None:
    text = "model Net {\n    input x: [B, 3, H, W]\n    Conv2d(2, 3, stride=2)\n}\n"
    found = costs_of(text)
    assert found.open_sizes == ("H", "W")
    assert found.macs.evaluate({"H": 9, "W": 7}) == 2 * 3 * 9 * 4 * 3
    assert costs_of(text, H=9, W=7).macs is Dim.of(2 * 3 * 9 * 4 * 3)


def test_macs_are_of_one_example_unless_the_batch_is_given() -> None:
    assert costs_of(PLAIN).batch == "B"
    with_batch = costs_of(PLAIN, B=8)
    assert with_batch.macs is Dim.of(8 * 48)
    assert with_batch.batch is None


@pytest.mark.parametrize(
    ("shape", "batch"), [("[T, B, 4]", "B"), ("[N, 4]", "N"), ("[2, 4]", None), ("[2, T, 4]", None)]
)
def test_which_size_is_the_batch(shape: str, batch: str | None) -> None:
    model = elaborated(f"model Net {{\n    input x: {shape}\n    Linear(2)\n}}\n")
    assert batch_symbol(model.graph) == batch


SIZED = """
model Net {
    input x: [B, 3, H, W] where H % 4 == 0, H <= 64, H == W
    Conv2d(2, 1)
}
"""


def test_another_name_of_a_size_is_understood() -> None:
    model = elaborated(SIZED)
    names = model.frame.constants
    assert resolve_sizes(model.graph, {"W": 8}, names) == {"H": 8}
    assert resolve_sizes(model.graph, {"H": 8, "W": 8}, names) == {"H": 8}


@pytest.mark.parametrize(
    ("given", "code", "message", "help"),
    [
        ({"Q": 8}, "A0115", "the inputs of `Net` have no open size `Q`", "its open sizes are"),
        ({"h": 8}, "A0115", "the inputs of `Net` have no open size `h`", "did you mean `H`?"),
        ({"H": 6}, "A0106", "does not take H=6", "nearest sizes allowed: 4, 8"),
        ({"H": 68}, "A0106", "does not take H=68", "nearest sizes allowed: 64"),
        ({"B": 0}, "A0106", "does not take B=0: it needs B >= 1", "nearest sizes allowed: 1"),
        ({"H": 8, "W": 12}, "A0106", "are one size", ""),
    ],
)
def test_sizes_that_do_not_fit(given: dict[str, int], code: str, message: str, help: str) -> None:
    model = elaborated(SIZED)
    with pytest.raises(ArchSpecError) as caught:
        resolve_sizes(model.graph, given, model.frame.constants)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code
    assert message in diagnostic.message
    assert help in " ".join(diagnostic.help)


# --- against torch -----------------------------------------------------------------------------

ZOO = [
    ("siamese.arch", "Siamese"),
    ("multitask.arch", "MultiTask"),
    ("byol.arch", "BYOL"),
    ("resnet.arch", "ResNet18"),
    ("densenet.arch", "DenseNet121"),
    ("unet.arch", None),
    ("mlp.arch", None),
]


@pytest.mark.parametrize(("file", "name"), ZOO, ids=lambda value: str(value))
def test_counts_equal_the_module(file: str, name: str | None) -> None:
    import torch

    from archspec.runtime.spec import load

    spec = load(SPECS / file)
    model = spec[name or spec.models[0]]
    found = costs(model.graph)
    with torch.device("meta"):
        module = model.module()
    assert found.parameters == sum(p.numel() for p in module.parameters())
    assert found.trainable == sum(p.numel() for p in module.parameters() if p.requires_grad)
    assert found.buffers == sum(b.numel() for b in module.buffers())


def test_macs_equal_the_flop_counter() -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from archspec.runtime.spec import load

    model = load(SPECS / "resnet.arch")["ResNet18"]
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        model.module().eval()(torch.empty(1, 3, 97, 65))
    assert costs(model.graph, {"H": 97, "W": 65}).macs is Dim.of(counter.get_total_flops() // 2)


def test_gpt2_is_counted_tied() -> None:
    program = load_file(SPECS / "gpt2.arch")
    found = costs(build_graph(program, "GPT2").graph, {"T": 16})
    assert found.parameters == 124_439_808
    assert found.parameters_naive == 124_439_808 + 50257 * 768
