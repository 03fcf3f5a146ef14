"""docs/gallery shows what is drawn now: `make gallery` renews it."""

import pytest

from tests.diagram.gallery import FIGURES, FOLDER, Figure, drawn, page

#: A sample that is quick; the others are compared with `-m exhaustive`.
QUICK = {"OriginalUNet", "Siamese", "GPT2", "SqueezeNet1_0"}


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(f, id=f.model, marks=() if f.model in QUICK else pytest.mark.exhaustive)
        for f in FIGURES
    ],
)
def test_figures_are_drawn_as_they_are_shown(figure: Figure) -> None:
    assert (FOLDER / figure.name).read_bytes() == drawn(figure).encode("utf-8")


def test_the_page_lists_all_figures() -> None:
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == page()
    assert {f.name for f in FOLDER.glob("*.svg")} == {f.name for f in FIGURES}


def test_the_gallery_is_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 1_000_000
