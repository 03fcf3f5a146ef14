"""`new`, `explain`, `layers`, help and version."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from archspec import __version__
from archspec.cli.app import app
from archspec.cli.new import model_name
from archspec.diagnostics.codes import CODES
from archspec.layers import registry

Run = Callable[..., Result]


@pytest.mark.parametrize(
    "name", ["net", "tiny-resnet", "3d_net.arch", "Linear", "école", "_", "true"]
)
def test_a_new_spec_compiles(run: Run, name: str) -> None:
    assert run("new", name).exit_code == 0
    file = name if name.endswith(".arch") else f"{name}.arch"
    checked = run("check", file)
    assert checked.stdout == "checked 1 file: no errors\n"
    assert run("fmt", "--check", file).exit_code == 0
    assert run("build", file).exit_code == 0
    assert Path(file).with_suffix(".py").exists()
    assert "Starter" not in Path(file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("tiny-resnet", "TinyResnet"),
        ("my_net", "MyNet"),
        ("GPT2", "GPT2"),
        ("3d", "Model3d"),
        ("linear", "LinearNet"),
        ("basic-block", "BasicBlockNet"),
        ("---", "Model"),
        ("none", "NoneNet"),
        ("tensor", "TensorNet"),
    ],
)
def test_names_of_models(stem: str, name: str) -> None:
    assert model_name(stem) == name


def test_new_replaces_nothing(run: Run) -> None:
    before = Path("good.arch").read_text()
    result = run("new", "good")
    assert result.exit_code == 1
    assert "error[A0802]: `good.arch` exists already" in result.stderr
    assert Path("good.arch").read_text() == before
    assert "there is no directory `no/where`" in run("new", "no/where/net").stderr
    assert "error[A0802]: cannot write" in run("new", "n" * 300).stderr
    assert [run("new", name).exit_code for name in ("", "folder/", ".arch")] == [2, 2, 2]


def test_explain_prints_the_page(run: Run) -> None:
    result = run("explain", "a0401")
    assert result.exit_code == 0
    assert result.stdout.startswith("# A0401")
    assert "\n    block " in result.stdout
    assert "```" not in result.stdout


def test_explain_lists_the_codes(run: Run) -> None:
    lines = run("explain").stdout.splitlines()
    assert lines == [f"{code}  {text}" for code, text in CODES.items()]


@pytest.mark.parametrize(("code", "words"), [("A0410", "A0401"), ("xyz", "lists all codes")])
def test_explain_of_unknown_codes(run: Run, code: str, words: str) -> None:
    result = run("explain", code)
    assert result.exit_code == 2
    assert words in result.stderr


def test_layers_lists_all(run: Run) -> None:
    text = run("layers").stdout
    listed = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
    assert listed == [*registry.layers(), *registry.functions()]


@pytest.mark.parametrize(
    ("name", "words"), [("Conv2d", "weight: weight [2, C, 2, 2]"), ("chunk", "chunk(")]
)
def test_layers_shows_one(run: Run, name: str, words: str) -> None:
    result = run("layers", name)
    assert result.exit_code == 0
    assert words in result.stdout


def test_layers_suggests(run: Run) -> None:
    result = run("layers", "conv2d")
    assert result.exit_code == 2
    assert "did you mean `Conv2d`" in result.stderr


def test_version_and_help(run: Run) -> None:
    assert run("--version").stdout == f"archspec {__version__}\n"
    assert "Exit status: 0 fine, 1 diagnostics, 2 wrong use." in run("-h").stdout


@pytest.mark.parametrize("name", list(app.commands))
def test_each_command_has_help_with_an_example(run: Run, name: str) -> None:
    text = run(name, "--help").stdout
    assert f"archspec {name}" in text.partition("Example")[2]
    assert app.commands[name].get_short_help_str(100).endswith(".")


def test_unknown_commands(run: Run) -> None:
    assert run("chekc").exit_code == 2
