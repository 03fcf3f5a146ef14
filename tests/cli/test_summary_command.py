"""`archspec summary`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


def test_each_model_has_a_table(run: Run) -> None:
    result = run("summary", "good.arch")
    assert result.exit_code == 0
    assert result.stdout.startswith("Net: x [B, 3, H, W] -> logits [B, 10]\n")
    assert "\n\nWide: x [B, 3, H, W] -> logits [B, 10]\n" in result.stdout
    assert "residual 1" in result.stdout


def test_sizes_make_numbers(run: Run) -> None:
    text = run("summary", "good.arch", "-m", "Net", "--input", "H=6, W=5").stdout
    macs = 3 * 9 * 8 * 30 + 8 * 8 * 30 + 80
    assert text.endswith(
        f"parameters              {(27 + 1) * 8 + 72 + 90}\nMACs                    {macs:,}\n"
    )
    assert (
        text == run("summary", "good.arch", "-m", "Net", "--input", "H=6", "--input", "W=5").stdout
    )


def test_json_of_one_model_is_an_object(run: Run) -> None:
    result = run("summary", "good.arch", "-m", "Net", "--input", "H=6,W=5", "--format", "json")
    data = json.loads(result.stdout)
    assert {"model", "parameters", "parameters_naive", "macs", "layers"} <= set(data)
    assert data["model"] == "Net"
    assert [layer["name"] for layer in data["layers"]][:3] == ["conv", "1", "mix"]


def test_json_of_several_models_is_a_list(run: Run) -> None:
    data = json.loads(run("summary", "good.arch", "--format", "json").stdout)
    assert [summary["model"] for summary in data] == ["Net", "Wide"]
    assert "H" in data[0]["macs"]


def test_parameters_are_set(run: Run) -> None:
    options = ("--set", "classes=3", "--format", "json", "-m", "Net")
    assert (
        json.loads(run("summary", "good.arch", *options).stdout)["layers"][-1]["parameters"] == 27
    )


def test_a_size_that_only_some_models_have(run: Run) -> None:
    Path("two.arch").write_text(
        "model A {\n    input x: [B, 4]\n    Linear(2)\n}\n"
        "model B {\n    input x: [B, T, 4]\n    Linear(2)\n}\n"
    )
    assert run("summary", "two.arch", "--input", "T=3").exit_code == 0
    assert run("summary", "two.arch", "-m", "A", "--input", "T=3").exit_code == 1


@pytest.mark.parametrize(
    ("sizes", "status", "words"),
    [
        ("Q=3", 1, "no open size `Q`"),
        ("H=0", 1, "does not take H=0"),
        ("H", 2, "--input takes sizes"),
        ("H=x", 2, "--input takes sizes"),
        ("H=-1", 2, "--input takes sizes"),
        ("H=3,H=4", 2, "gives `H` two values"),
        ("H=" + "9" * 5000, 2, "--input takes sizes"),
    ],
)
def test_faulty_sizes(run: Run, sizes: str, status: int, words: str) -> None:
    result = run("summary", "good.arch", "--input", sizes)
    assert result.exit_code == status
    assert words in result.stderr
    assert result.stdout == ""


def test_faults_are_json_too(run: Run) -> None:
    result = run("summary", "bad.arch", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stderr)["diagnostics"][0]["code"] == "A0102"


def test_colour_on_request(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m" in run("summary", "good.arch").stdout
