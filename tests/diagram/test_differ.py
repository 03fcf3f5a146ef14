"""`archspec diff -o`: what one model has and the other has not is marked, without colour."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import archspec
from archspec.backends.diagram.differ import difference_scene, marks
from archspec.backends.diagram.draw import Curve, Poly, groups
from archspec.backends.diagram.scene import Scene
from archspec.backends.diagram.theme import load_theme
from archspec.cli.app import app
from archspec.passes.costs import node_names
from archspec.passes.difference import compare

SPECS = Path(__file__).parents[2] / "specs"
OLD = """\
model Net {
    input x: [B, 3, H, W]
    stem: Conv2d(8, 3, padding=1) -> ReLU
    residual { body: Conv2d(8, 3, padding=1) }
    extra: Conv2d(8, 1)
    AdaptiveAvgPool2d(1) -> Flatten
    head: Linear(10)
}
"""
NEW = """\
model Net {
    input x: [B, 3, H, W]
    stem: Conv2d(8, 3, padding=1) -> ReLU
    dense { body: Conv2d(8, 3, padding=1) }
    residual { more: Conv2d(16, 3, padding=1) -> ReLU }
    AdaptiveAvgPool2d(1) -> Flatten
    head: Linear(10)
}
"""
TIED = """\
model Net {
    input x: int[B, T]
    embed: Embedding(16, 8)
    head: Linear(16, bias=false)
    tie head.weight to embed.weight
}
"""


def drawn(old: str, new: str) -> Scene:
    a, b = archspec.loads(old)["Net"].graph, archspec.loads(new)["Net"].graph
    return difference_scene(("old", a), ("new", b), compare(a, b), 504.0)


def signs_of(scene: Scene) -> dict[str, str]:
    found = {box.id: " ".join(badge.sign for badge in box.badges) for box in scene.boxes}
    for edge in scene.edges:
        if edge.kind != "data":
            key = f"{edge.kind} {edge.source} {edge.target}"
            found[key] = " ".join(badge.sign for badge in edge.badges)
    return {id: sign for id, sign in found.items() if sign}


def test_layers_and_reuse_are_marked_in_both() -> None:
    assert signs_of(drawn(OLD, NEW)) == {
        "m1:extra": "removed",
        "m1:head": "changed",
        "m2:more": "added",
        "m2:head": "changed",
        "residual m1:stem m1:add": "removed",
        "dense m2:stem m2:concat": "added",
        "residual m2:concat m2:add": "added",
    }


def test_the_legend_explains_the_signs() -> None:
    words = [sample.text.text for sample in drawn(OLD, NEW).legend]
    assert words[-3:] == ["added", "removed", "changed"]


def test_equal_models_have_no_marks() -> None:
    assert signs_of(drawn(OLD, OLD)) == {}


def test_renamed_layers_are_not_marked() -> None:
    assert signs_of(drawn(OLD, OLD.replace("stem", "entry"))) == {}


def test_signs_differ_without_colour() -> None:
    scene = drawn(OLD, NEW)
    badges = {box.id: box.badges[0] for box in scene.boxes if box.badges}
    shapes = {}
    for group in groups(scene, load_theme("grey")):
        badge = badges.get(group.id)
        if badge is not None:
            shapes[badge.sign] = tuple(
                (round(x - badge.x, 1), round(y - badge.y, 1))
                for shape in group.shapes
                if isinstance(shape, Curve | Poly)
                for x, y in shape.points
            )
    assert set(shapes) == {"added", "removed", "changed"}
    assert len(set(shapes.values())) == 3


def test_of_blocks_drawn_once_the_mark_of_any_is_shown() -> None:
    """ResNet34 has more blocks in every stage than ResNet18, drawn as one with a count."""
    spec = archspec.load(str(SPECS / "resnet.arch"))
    a, b = spec["ResNet18"].graph, spec["ResNet34"].graph
    found = compare(a, b)
    signs = signs_of(difference_scene(("a", a), ("b", b), found, 504.0))
    assert signs == {f"m2:layer{i}": "changed" for i in range(1, 5)}
    names = node_names(b)
    blocks = {
        ".".join(names[node].split(":")[0].split(".")[:2]) for node in marks(b, found, True).nodes
    }
    assert blocks == {row.new for row in found.layers}


def test_ties_are_marked_where_their_weights_are() -> None:
    signs = signs_of(drawn(re.sub("    tie .*\n", "", TIED), TIED))
    assert signs["m2:embed"].split()[-1] == signs["m2:head"].split()[-1] == "changed"


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.arch").write_text(OLD, encoding="utf-8")
    Path("new.arch").write_text(NEW, encoding="utf-8")
    for ending in ("svg", "tex", "drawio", "mmd", "dot"):
        command = ["diff", "old.arch", "new.arch", "-o", f"figure.{ending}"]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1, result.stderr
        assert Path(f"figure.{ending}").stat().st_size > 500
    assert ">old.arch:Net<" in Path("figure.svg").read_text(encoding="utf-8")
    refused = CliRunner().invoke(app, ["diff", "old.arch", "new.arch", "-o", "figure.bmp"])
    assert refused.exit_code == 2
    assert "says nothing" in refused.stderr
