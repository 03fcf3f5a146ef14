"""`archspec table`."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from archspec.backends.tables import ENDINGS, FORMATS
from archspec.cli.table import table
from archspec.diagnostics import ArchSpecError

Run = Callable[..., Result]


def test_the_formats_are_those_of_the_writers() -> None:
    (option,) = (p for p in table.params if p.name == "format")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == FORMATS
    assert set(ENDINGS.values()) == set(FORMATS)


def test_all_models_on_the_terminal(run: Run) -> None:
    result = run("table", "good.arch", "--input", "H=4,W=4")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout == (
        "stage        output   Net                   Wide\n"
        "───────────────────────────────────────────────────────────────\n"
        "conv         4×4      3×3, 8                3×3, 16\n"
        "mix          4×4      1×1, 8                1×1, 16\n"
        "head         1×1      global average pool   global average pool\n"
        "             10       linear, 10            linear, 10\n"
        "───────────────────────────────────────────────────────────────\n"
        "parameters            386                   890\n"
        "MACs                  4.56 k                11.2 k\n"
        "\n"
        "Not shown: ReLU and Flatten.\n"
        "MACs are the multiply-adds of one example at H = 4, W = 4.\n"
    )


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("t.tex", "% \\usepackage{booktabs}\n"),
        ("t.md", "| stage | output | Net |\n"),
        ("t.csv", "stage,output,Net\n"),
        ("t.html", "<style>\n"),
        ("t.txt", "stage "),
    ],
)
def test_the_ending_tells_the_format(run: Run, name: str, start: str) -> None:
    result = run("table", "good.arch", "-m", "Net", "--input", "H=4,W=4", "-o", name)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"wrote {name}\n")
    assert Path(name).read_text(encoding="utf-8").startswith(start)


def test_an_unknown_ending_is_refused(run: Run) -> None:
    result = run("table", "good.arch", "-o", "t.pdf")
    assert result.exit_code == 2
    assert "`t.pdf` does not tell the format" in result.stderr
    assert not Path("t.pdf").exists()
    assert run("table", "good.arch", "-o", "t.pdf", "--format", "csv").exit_code == 0


def test_open_sizes_are_asked_for(run: Run) -> None:
    result = run("table", "good.arch", "-m", "Net", "--format", "csv")
    assert 'conv,H×W,"3×3, 8"\n' in result.stdout
    assert result.stderr == "set the open sizes with --input H=…,W=…\n"


def test_parameters_can_be_set(run: Run) -> None:
    options = ("-m", "Net", "--set", "width=5", "--format", "csv")
    assert '"3×3, 5"' in run("table", "good.arch", *options).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("bad.arch", "-m", "Second"), "A0105"),
        (("good.arch", "-m", "Nte"), "A0114"),
        (("good.arch", "--input", "Q=3"), "A0115"),
        (("good.arch", "-o", "good.arch", "--format", "csv"), "A0802"),
        (("good.arch", "-o", "missing/t.csv"), "A0802"),
    ],
)
def test_faults_are_diagnostics(run: Run, arguments: tuple[str, ...], code: str) -> None:
    spec = Path("good.arch").read_text(encoding="utf-8")
    with pytest.raises(ArchSpecError) as found:
        run("table", *arguments)
    assert [diagnostic.code for diagnostic in found.value.diagnostics] == [code]
    assert Path("good.arch").read_text(encoding="utf-8") == spec
