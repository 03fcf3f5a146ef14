"""`archspec diagram --shapes`: boxes say what they give, where it is not what they take."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import archspec
from archspec.backends.diagram.scene import Scene
from archspec.cli.app import app

SPECS = Path(__file__).parents[2] / "specs"
NET = """\
model Net {
    input x: [B, 3, H, W] where H % 2 == 0, W % 2 == 0
    a: Conv2d(8, 3, padding=1) -> ReLU
    b: Conv2d(8, 3, padding=1)
    MaxPool2d(2)
    AdaptiveAvgPool2d(1) -> Flatten
    head: Linear(10)
}
"""


def last_lines(scene: Scene) -> dict[str, str]:
    return {box.id: box.texts[-1].text for box in scene.boxes}


def test_shapes_stand_where_they_change() -> None:
    model = archspec.loads(NET)["Net"]
    assert last_lines(model.diagram(H=32, W=48).scene) == {
        "x": "3×32×48",
        "a": "8×32×48",
        "b": "8",  # its width; the shape is that of what came in
        "3": "8×16×24",
        "4": "8",
        "head": "10",
        "output output": "output",
    }
    assert last_lines(model.diagram(shapes=True).scene)["3"] == "8×(H//2)×(W//2)"
    assert "3×H×W" not in last_lines(model.diagram().scene).values()


def test_a_stage_shows_what_its_last_block_gives() -> None:
    spec = archspec.load(str(SPECS / "densenet.arch"))
    scene = spec["DenseNet121"].diagram(H=224, W=224).scene
    found = last_lines(scene)
    assert found["features.denseblock1"] == "256×56×56"
    assert found["features.transition1"] == "128×28×28"
    assert found["features.denseblock4"] == "1024×7×7"


def test_every_box_still_holds_its_texts() -> None:
    for file, model in (("unet", "OriginalUNet"), ("gpt2", "GPT2"), ("resnet", "ResNet50")):
        scene = archspec.load(str(SPECS / f"{file}.arch"))[model].diagram(shapes=True).scene
        for box in scene.boxes:
            for text in box.texts:
                assert box.rect.contains(text.rect, 0.1), f"`{text.text}` sticks out of {box.id}"


@pytest.mark.parametrize("sizes", [{"X": 3}, {"H": 3}])
def test_sizes_that_the_model_has_not(sizes: dict[str, int]) -> None:
    with pytest.raises(archspec.ArchSpecError) as caught:
        archspec.loads(NET)["Net"].diagram(**sizes)  # type: ignore[arg-type]
    assert [d.code for d in caught.value.diagnostics] == ["A0115" if "X" in sizes else "A0106"]


def test_the_command(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(NET, encoding="utf-8")
    command = ["diagram", str(spec), "-o", "-"]
    assert "3×32×32" in CliRunner().invoke(app, [*command, "--input", "H=32,W=32"]).stdout
    assert "3×H×W" in CliRunner().invoke(app, [*command, "--shapes"]).stdout
    refused = CliRunner().invoke(app, [*command, "--input", "H=x"])
    assert refused.exit_code == 2
