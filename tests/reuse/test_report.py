"""`archspec reuse`, as text and as data."""

import json
from pathlib import Path

from click.testing import CliRunner

from archspec.cli.app import app

SPECS = Path(__file__).parents[2] / "specs"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["reuse", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_report_of_a_dense_network() -> None:
    text = run(str(SPECS / "densenet.arch"), "-m", "DenseNet121", "--input", "H=224,W=224")
    assert "  with lists            10,549,504\n" in text
    assert "  in one buffer         1,455,104 (7.25x)\n" in text
    assert "gradient paths          2^58, of 5 to 121 steps, mean 63.0\n" in text
    assert text.count("\ndense ") == 58


def test_tied_weights_count_once() -> None:
    path = str(SPECS / "gpt2.arch")
    found = json.loads(run(path, "-m", "GPT2", "--input", "T=16", "--format", "json"))
    assert found["totals"]["parameters_saved"] == 50257 * 768
    assert found["totals"]["parameters"] == 124_439_808


def test_a_shared_block_is_one_reuse_of_weights() -> None:
    path = str(SPECS / "siamese.arch")
    assert run(path).splitlines()[-4:-2] == [
        "reuse   weights  uses    saved",
        "shared  encoder     2  420,352",
    ]


def test_weights_may_be_shared_and_tied(tmp_path: Path) -> None:
    file = tmp_path / "net.arch"
    file.write_text(
        "model Net {\n    input x: float[B, 8]\n    shared f: Linear(8)\n"
        "    h = x -> f -> ReLU -> f\n    h -> g: Linear(8)\n    tie g.weight to f.weight\n"
        "    y = g -> f\n}\n"
    )
    found = json.loads(run(str(file), "--format", "json"))
    assert found["weights"] == [
        {"mechanism": "shared", "names": ["f"], "uses": 3, "saved": 2 * (64 + 8)},
        {"mechanism": "tied", "names": ["f.weight", "g.weight"], "uses": 2, "saved": 64},
    ]
    assert found["totals"]["parameters_saved"] == 3 * 64 + 2 * 8


def test_a_projection_is_what_its_shortcut_costs() -> None:
    path = str(SPECS / "resnet.arch")
    found = json.loads(run(path, "-m", "ResNet18", "--input", "H=224,W=224", "--format", "json"))
    projected = [edge for edge in found["edges"] if edge["via"]]
    assert [edge["parameters"] for edge in projected] == [
        64 * 128 + 256, 128 * 256 + 512, 256 * 512 + 1024
    ]  # fmt: skip
    assert [edge["held_bytes"] for edge in projected] == [
        4 * 64 * 56**2, 4 * 128 * 28**2, 4 * 256 * 14**2
    ]  # fmt: skip
    assert [edge["macs"] for edge in projected] == [64 * 128 * 28**2] * 3


def test_open_sizes_are_asked_for() -> None:
    result = CliRunner().invoke(app, ["reuse", str(SPECS / "resnet.arch"), "-m", "ResNet18"])
    assert result.exit_code == 1
    assert "`H`, `W`" in result.output
    assert "--input H=…,W=…" in result.output


def test_a_skip_joins_what_sees_little_to_what_sees_much() -> None:
    path = str(SPECS / "unet.arch")
    found = json.loads(run(path, "-m", "UNet", "--input", "H=256,W=256", "--format", "json"))
    seen = [(edge["sees"][0]["reach"], edge["meets"][0]["reach"]) for edge in found["edges"]]
    assert seen == [(68, 140), (32, 172), (14, 188), (5, 196)]
    strides = [(edge["sees"][0]["stride"], edge["meets"][0]["stride"]) for edge in found["edges"]]
    assert strides == [(8, 8), (4, 4), (2, 2), (1, 1)]


def test_each_residual_block_sees_further() -> None:
    path = str(SPECS / "resnet.arch")
    text = run(path, "-m", "ResNet50", "--input", "H=224,W=224")
    row = next(line for line in text.splitlines() if " layer4.1.8 -> layer4.2:add " in line)
    assert row.split()[4:7] == ["9", "363", "427"]


def test_fields_are_followed_through_axes_that_come_and_go() -> None:
    """Stochastic depth is written with them."""
    path = str(SPECS / "efficientnet.arch")
    options = ["-m", "EfficientNetB0", "--input", "H=224,W=224", "--format", "json"]
    found = json.loads(run(path, *options))
    assert all(edge["sees"] and edge["meets"] for edge in found["edges"])


def test_models_without_images_have_no_fields() -> None:
    path = str(SPECS / "gpt2.arch")
    assert "sees" not in run(path, "-m", "GPT2", "--input", "T=16")
    found = json.loads(run(path, "-m", "GPT2", "--input", "T=16", "--format", "json"))
    assert all(edge["sees"] == edge["meets"] == [] for edge in found["edges"])


def test_what_sees_more_along_one_axis_says_so(tmp_path: Path) -> None:
    file = tmp_path / "net.arch"
    file.write_text(
        "model Net {\n    input x: float[B, 4, H, W]\n"
        "    residual { wide: Conv2d(4, (3, 5), padding=(1, 2)) }\n}\n"
    )
    row = run(str(file), "--input", "H=8,W=8").splitlines()[-3]
    assert row.split()[5:7] == ["1", "3×5"]


def test_the_peak_of_a_quantised_network_is_reported() -> None:
    path = str(SPECS / "mobilenetv2.arch")
    options = ["--stored", "int8", "--format", "json"]
    found = json.loads(run(path, "-m", "MobileNetV2", "--input", "H=224,W=224", *options))
    assert found["totals"]["peak_bytes_in_place"] == 1470 * 1024
