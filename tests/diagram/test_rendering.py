"""PDF and PNG of large figures: what Graphviz reads is cut to what its readers take."""

import re
from pathlib import Path

import pytest

from archspec.backends.diagram.figure import Options, make_scene
from archspec.backends.diagram.render import RenderError, render
from archspec.backends.diagram.theme import load_theme
from archspec.backends.diagram.xdot import write_xdot
from archspec.pipeline import build_graph, load_file

SPECS = Path(__file__).parents[2] / "specs"


@pytest.mark.parametrize(
    ("file", "model", "view"),
    [("densenet.arch", "DenseNet121", "overview"), ("resnet.arch", "ResNet50", "full")],
)
def test_large_figures_are_drawn(file: str, model: str, view: str) -> None:
    graph = build_graph(load_file(SPECS / file), model).graph
    options = Options(view="full" if view == "full" else "overview")
    scene, theme = make_scene(graph, options), load_theme("light")
    strings = re.findall(r'"(?:[^"\\]|\\.)*"', write_xdot(scene, theme))
    assert sum(map(len, strings)) > 16_384
    assert max(map(len, strings)) < 16_384
    try:
        data = render(scene, theme, "png"), render(scene, theme, "pdf")
    except RenderError:
        pytest.skip("no Graphviz")
    assert data[0].startswith(b"\x89PNG")
    assert data[1].startswith(b"%PDF")
