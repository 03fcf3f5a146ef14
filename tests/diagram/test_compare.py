"""`archspec diagram --compare`: several models in one figure."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import archspec
from archspec.backends.diagram.compare import compose
from archspec.backends.diagram.figure import WIDTHS
from archspec.backends.diagram.scene import Rect, Scene
from archspec.cli.app import app

SPECS = Path(__file__).parents[2] / "specs"


def scenes(file: str, *models: str) -> list[tuple[str, Scene]]:
    spec = archspec.load(str(SPECS / f"{file}.arch"))
    return [(name, spec[name].diagram(legend=False).scene) for name in models]


@pytest.mark.parametrize(
    ("file", "models"),
    [
        ("resnet", ("ResNet18", "ResNet34", "ResNet50")),
        ("unet", ("OriginalUNet", "UNet")),
        ("vit", ("ViT_B_16", "ViT_L_16")),
        ("siamese", ("Siamese", "Siamese")),
    ],
)
def test_all_that_was_drawn_alone_is_there_and_apart(file: str, models: tuple[str, ...]) -> None:
    parts = scenes(file, *models)
    whole = compose(parts, WIDTHS["7in"])
    for kind in ("boxes", "joins", "edges", "frames"):
        assert len(getattr(whole, kind)) == sum(len(getattr(s, kind)) for _, s in parts)
    ids = [box.id for box in whole.boxes]
    assert len(ids) == len(set(ids))
    assert [t.text for t in whole.texts if t.text in models] == list(models)
    page = Rect(0, 0, whole.width, whole.height)
    rects = [box.rect for box in whole.boxes] + [text.rect for text in whole.texts]
    assert all(page.contains(rect) for rect in rects)
    for i, one in enumerate(rects):
        assert not any(one.overlaps(other) for other in rects[i + 1 :])
    assert whole.width <= WIDTHS["7in"] + 6.0
    known = set(ids) | {join.id for join in whole.joins} | {frame.id for frame in whole.frames}
    assert sum(e.source in known and e.target in known for e in whole.edges) > len(whole.edges) / 2


def test_one_legend_explains_all() -> None:
    parts = scenes("resnet", "ResNet18", "ResNet50")
    words = [sample.text.text for sample in compose(parts, WIDTHS["7in"]).legend]
    assert words == ["residual", "addition"]
    assert compose(parts, WIDTHS["7in"], legend_shown=False).legend == ()


def test_narrow_models_stand_side_by_side() -> None:
    parts = scenes("siamese", "Siamese", "Siamese")
    whole = compose(parts, WIDTHS["7in"])
    assert whole.width > 1.9 * parts[0][1].width
    assert compose(parts, 300.0).height > 1.9 * parts[0][1].height


def test_the_command_writes_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["diagram", str(SPECS / "gpt2.arch"), "-m", "GPT2", "-m", "GPT2XL"]
    refused = CliRunner().invoke(app, [*arguments, "-o", "gpt.svg"])
    assert refused.exit_code == 2
    assert "--compare" in refused.stderr
    assert CliRunner().invoke(app, [*arguments, "--compare"]).exit_code == 0
    assert [file.name for file in tmp_path.iterdir()] == ["gpt2-compared.svg"]
    text = Path("gpt2-compared.svg").read_text(encoding="utf-8")
    assert ">GPT2<" in text
    assert ">GPT2XL<" in text
