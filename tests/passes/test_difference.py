"""What differs between two models."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import archspec
from archspec.cli.app import app
from archspec.passes.difference import Difference, compare
from tests.support.zoo import graph_of

BASE = """\
model Net {
    input x: [B, 3, H, W]
    stem: Conv2d(8, 3, padding=1) -> ReLU
    residual { body: Conv2d(8, 3, padding=1) }
    AdaptiveAvgPool2d(1) -> Flatten
    head: Linear(10)
}
"""


def difference(old: str, new: str) -> Difference:
    return compare(archspec.loads(old)["Net"].graph, archspec.loads(new)["Net"].graph)


def changes(found: Difference) -> set[tuple[str, str, str]]:
    return {(layer.change, layer.old, layer.new) for layer in found.layers}


def test_a_model_does_not_differ_from_itself() -> None:
    found = difference(BASE, BASE)
    assert found.same
    assert found.fresh == found.left == ()
    assert all(old == new for old, new in found.carried.items())
    assert len(found.carried) == 6


def test_a_renamed_layer_carries_its_weights() -> None:
    found = difference(BASE, BASE.replace("stem", "entry"))
    assert changes(found) == {("renamed", "stem", "entry")}
    assert found.carried["entry.weight"] == "stem.weight"
    assert found.fresh == ()
    assert found.reuse == ()


def test_a_changed_width_leaves_only_its_own_weights_behind() -> None:
    found = difference(BASE, BASE.replace("Linear(10)", "Linear(5)"))
    assert changes(found) == {("changed", "head", "head")}
    assert found.fresh == ("head.weight", "head.bias")
    first = found.shapes[0]
    assert (first.name, first.was, first.now) == ("head", "[B, 10]", "[B, 5]")
    assert found.parameters == (898, 898 - 45)


def test_an_inserted_layer() -> None:
    found = difference(BASE, BASE.replace("-> ReLU", "-> ReLU -> Conv2d(8, 1)"))
    assert {row for row in changes(found) if row[0] != "renamed"} == {("added", "", "2")}
    assert found.left == ()


def test_a_mechanism_that_is_swapped() -> None:
    found = difference(BASE, BASE.replace("residual", "dense"))
    assert {(r.change, r.mechanism) for r in found.reuse} == {
        ("removed", "residual"),
        ("added", "dense"),
    }
    assert changes(found) == {("changed", "head", "head")}


def test_ties_and_frozen_layers_are_reuse() -> None:
    old = "model Net { input t: int[B, T]; e: Embedding(9, 4); h: Linear(9, bias=false) }"
    new = old.replace("e: ", "frozen e: ")
    assert {r.mechanism for r in difference(old, new).reuse} == {"frozen"}
    new = old.replace(" }", "; tie h.weight to e.weight }")
    found = difference(old, new)
    assert {(r.change, r.mechanism) for r in found.reuse} == {("added", "tied")}
    assert found.parameters == (72, 36)


def test_deeper_networks_are_told_by_their_blocks() -> None:
    found = compare(graph_of("resnet", "ResNet18").graph, graph_of("resnet", "ResNet34").graph)
    assert {layer.change for layer in found.layers} == {"added"}
    assert [layer.new for layer in found.layers][:3] == ["layer1.2", "layer2.2", "layer2.3"]
    assert found.layers[0].now == "BasicBlock of 6 layers"
    assert found.left == ()
    assert len(found.carried) == 122


def test_params_of_a_model_itself() -> None:
    old = "model Net { input x: [B, 4]; param scale: [4] = ones; x * scale }"
    found = difference(old, old.replace("scale", "gain"))
    assert changes(found) == {("changed", "", "")}
    assert found.fresh == ("gain",)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    Path("old.arch").write_text(BASE, encoding="utf-8")
    Path("new.arch").write_text(BASE.replace("stem", "entry"), encoding="utf-8")
    Path("two.arch").write_text(BASE + "variant Other = Net()\n", encoding="utf-8")
    return lambda *arguments: CliRunner().invoke(app, ["diff", *arguments])


def test_the_command(run: Callable[..., Result]) -> None:
    result = run("old.arch", "new.arch", "--input", "H=8,W=8")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "old.arch:Net -> new.arch:Net"
    assert "  = stem -> entry" in result.stdout
    assert "MACs        50,768 -> 50,768" in result.stdout
    assert run("old.arch", "old.arch").exit_code == 0
    json = Difference.model_validate_json(run("old.arch", "new.arch", "--format", "json").stdout)
    assert json.carried["entry.bias"] == "stem.bias"


def test_which_model(run: Callable[..., Result]) -> None:
    assert run("old.arch", "two.arch").stdout.startswith("old.arch:Net -> two.arch:Net")
    assert run("two.arch:Net", "two.arch:Other").exit_code == 0
    unclear = run("two.arch", "two.arch")
    assert unclear.exit_code == 2
    assert "name a model" in unclear.output
    assert run("old.arch", "nowhere.arch").exit_code == 1
