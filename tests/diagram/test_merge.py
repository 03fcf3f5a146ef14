"""`archspec diagram --shared merge`: one box for the calls of a shared block."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import archspec
from archspec.backends.diagram.build import Model
from archspec.backends.diagram.figure import FigureError
from archspec.backends.diagram.scene import Scene
from archspec.cli.app import app

SPECS = Path(__file__).parents[2] / "specs"
BLOCK = """\
block Enc { Conv2d(8, 3, padding=1) -> ReLU -> Conv2d(8, 3, padding=1) }
"""
THREE = """\
model Net {
    input x: [B, 8, H, W]
    input y: [B, 8, H, W]
    input z: [B, 8, H, W]
    shared enc: Enc
    p = x -> enc
    q = y -> enc
    r = z -> enc
    output p: [B, 8, H, W], q: [B, 8, H, W], r: [B, 8, H, W]
}
"""
#: The second call needs what the first one gives.
AFTER = """\
model Net {
    input x: [B, 8, H, W]
    shared enc: Enc
    a = x -> enc -> MaxPool2d(2)
    b = a -> enc
    output b: [B, 8, H // 2, W // 2]
}
"""
#: Either order of two merged boxes has a line that leads back.
CROSS = """\
model Net {
    input x: [B, 8, H, W]
    input y: [B, 8, H, W]
    shared f: Enc
    shared g: Enc
    p = x -> f -> Tanh -> g
    q = y -> g -> ReLU -> f
    output p: [B, 8, H, W], q: [B, 8, H, W]
}
"""


def merged(text: str) -> Scene:
    return archspec.loads(BLOCK + text)["Net"].diagram(shared="merge").scene


def shared_boxes(scene: Scene) -> list[str]:
    return [b.id for b in scene.boxes if any(badge.sign == "shared" for badge in b.badges)]


def numbers(scene: Scene, id: str) -> tuple[list[str], list[str]]:
    """The numbers on the lines into a box, and on those out of it."""
    into = [e.texts[0].text for e in scene.edges if e.target == id and e.texts]
    return sorted(into), sorted(e.texts[0].text for e in scene.edges if e.source == id and e.texts)


def test_each_call_has_its_way_in_and_out() -> None:
    scene = merged(THREE)
    assert shared_boxes(scene) == ["enc"]
    assert numbers(scene, "enc") == (["1", "2", "3"], ["1", "2", "3"])
    ends = {e.texts[0].text: e.source for e in scene.edges if e.target == "enc"}
    assert ends == {"1": "x", "2": "y", "3": "z"}
    assert not any(edge.kind == "shared" for edge in scene.edges)


def test_siamese_encoders_are_one() -> None:
    spec = archspec.load(str(SPECS / "siamese.arch"))
    scene = spec["Siamese"].diagram(shared="merge").scene
    assert shared_boxes(scene) == ["encoder"]
    assert numbers(scene, "encoder") == (["1", "2"], ["1", "2"])
    assert len(shared_boxes(spec["Siamese"].diagram().scene)) == 2


@pytest.mark.parametrize("text", [AFTER, CROSS])
def test_calls_that_need_each_other_stay_apart(text: str) -> None:
    alone = archspec.loads(BLOCK + text)["Net"].diagram().scene
    assert merged(text) == alone
    assert len(shared_boxes(alone)) >= 2


def test_lines_lead_forward_and_numbers_are_clear_of_boxes() -> None:
    for scene in (merged(THREE), merged(THREE.replace("r = z -> enc", "r = p + z -> ReLU"))):
        for edge in scene.edges:
            assert edge.path[0][0] <= edge.path[-1][0]
            for text in edge.texts:
                assert not any(text.rect.overlaps(box.rect) for box in scene.boxes)
        texts = [text.rect for edge in scene.edges for text in edge.texts]
        for i, one in enumerate(texts):
            assert not any(one.overlaps(other) for other in texts[i + 1 :])


def test_only_blocks_with_weights_and_several_calls_count_as_reused() -> None:
    def reused(file: str, model: str) -> set[str]:
        return Model(archspec.load(str(SPECS / f"{file}.arch"))[model].graph).reused

    assert reused("resnet", "ResNet18") == set()
    assert reused("highway", "HighwayNetwork") == set()
    assert reused("byol", "BYOL") == set()  # one call, and a slow copy
    assert "encoder" in reused("siamese", "Siamese")


def test_two_shared_blocks_are_no_repetition() -> None:
    straight = CROSS.replace(" -> Tanh", "").replace(" -> ReLU -> f", " -> f")
    scene = archspec.loads(BLOCK + straight)["Net"].diagram().scene
    assert sorted(shared_boxes(scene)) == ["f", "f@2", "g", "g@2"]


def test_models_without_shared_blocks_are_as_before() -> None:
    model = archspec.load(str(SPECS / "resnet.arch"))["ResNet18"]
    assert model.diagram(shared="merge").scene == model.diagram().scene


def test_the_option(tmp_path: Path) -> None:
    spec, figure = str(SPECS / "siamese.arch"), tmp_path / "figure.svg"
    command = ["diagram", spec, "-o", str(figure), "--shared"]
    assert CliRunner().invoke(app, [*command, "merge"]).exit_code == 0
    assert figure.read_text(encoding="utf-8").count(">encoder<") == 1
    assert CliRunner().invoke(app, [*command, "copies"]).exit_code == 0
    assert figure.read_text(encoding="utf-8").count(">encoder<") == 2
    assert CliRunner().invoke(app, [*command, "none"]).exit_code == 2
    with pytest.raises(FigureError, match="one of `copies`, `merge`, not `none`"):
        archspec.load(spec)["Siamese"].diagram(shared="none")
