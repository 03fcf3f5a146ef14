"""`Model.diagram`: a figure as an object, with the options and faults of the command."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import archspec
from archspec.backends.diagram.figure import FigureError
from archspec.backends.diagram.theme import ThemeError
from archspec.cli.app import app

SPECS = Path(__file__).parents[2] / "specs"
RESNET = str(SPECS / "resnet.arch")


def model() -> archspec.Model:
    return archspec.load(RESNET)["ResNet18"]


def test_the_object_is_what_the_command_writes(tmp_path: Path) -> None:
    options = ["--view", "full", "--width", "slide", "--direction", "TB", "--no-legend"]
    for ending in ("svg", "dot", "pdf", "png"):
        made, other = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
        run = ["diagram", RESNET, "-m", "ResNet18", *options, "--theme", "grey", "-o", str(made)]
        assert CliRunner().invoke(app, run).exit_code == 0
        figure = model().diagram("full", width="slide", direction="TB", legend=False, theme="grey")
        figure.save(other)
        assert made.read_bytes() == other.read_bytes(), ending


def test_notebooks_show_it() -> None:
    figure = model().diagram()
    shown = figure._repr_mimebundle_()
    assert shown["image/svg+xml"] == figure.svg
    assert shown["text/plain"] == "<Diagram of ResNet18>"
    assert set(figure._repr_mimebundle_(include={"image/svg+xml"})) == {"image/svg+xml"}
    assert set(figure._repr_mimebundle_(exclude={"image/svg+xml"})) == {"text/plain"}


def test_graphviz_takes_it_with_its_places() -> None:
    graphviz = pytest.importorskip("graphviz")
    source = model().diagram().graphviz()
    assert isinstance(source, graphviz.Source)
    assert source.source == model().diagram().source
    try:
        plain = source.pipe(format="plain", encoding="utf-8")
    except graphviz.ExecutableNotFound:
        pytest.skip("no Graphviz of the system")
    scene = model().diagram().scene
    words = [shlex.split(line) for line in plain.splitlines()]
    places = {w[1]: (float(w[2]) * 72, float(w[3]) * 72) for w in words if w[0] == "node"}
    # Graphviz moves the whole so that it begins at 0
    moved = [
        (places[box.id][0] - box.rect.cx, places[box.id][1] - (scene.height - box.rect.cy))
        for box in scene.boxes
    ]
    assert len(moved) > 5
    for by in moved:
        assert by == pytest.approx(moved[0], abs=0.2)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({"view": "blok"}, ["--view", "blok"]),
        ({"view": "block=layr1"}, ["--view", "block=layr1"]),
        ({"view": "block="}, ["--view", "block="]),
        ({"theme": "missing.toml"}, ["--theme", "missing.toml"]),
    ],
)
def test_faults_read_as_on_the_command_line(options: dict[str, str], arguments: list[str]) -> None:
    with pytest.raises((FigureError, ThemeError)) as caught:
        model().diagram(**options)  # type: ignore[arg-type]
    result = CliRunner().invoke(app, ["diagram", RESNET, "-m", "ResNet18", *arguments, "-o", "-"])
    assert result.exit_code == 2
    assert str(caught.value) in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": -1}, "the depth is a number from 0 on, not `-1`"),
        ({"depth": True}, "the depth is a number from 0 on, not `True`"),
        ({"direction": "up"}, "the direction is one of `LR`, `TB`, not `up`"),
        ({"width": "5in"}, "the width is one of `3.5in`, `7in`, `slide`, not `5in`"),
    ],
)
def test_what_the_command_line_has_no_words_for(options: dict[str, int], message: str) -> None:
    with pytest.raises(FigureError) as caught:
        model().diagram(**options)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    figure = model().diagram()
    with pytest.raises(FigureError, match="says nothing"):
        figure.save(tmp_path / "figure.bmp")
    with pytest.raises(archspec.ArchSpecError, match="A0802"):
        figure.save(tmp_path / "no" / "figure.svg")
    assert list(tmp_path.iterdir()) == []


def test_torch_is_not_imported() -> None:
    code = (
        "import sys, archspec\n"
        f"archspec.load({RESNET!r})['ResNet18'].diagram().source\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
