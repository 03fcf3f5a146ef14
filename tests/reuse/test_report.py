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
