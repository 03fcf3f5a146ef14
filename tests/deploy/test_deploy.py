"""A sample of the models can be deployed, and `docs/deployment.md` says what each can."""

import pytest

from tests.deploy.capabilities import CAPABILITIES, outcome
from tests.deploy.page import HEADS, OPEN, PAGE, reasons_of, rows_of, written
from tests.deploy.subjects import SUBJECTS, Subject

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = rows_of(TEXT)
#: A CNN, a transformer, tied weights, a shared layer.
SAMPLE = ("ResNet18", "GPT2", "TiedAutoencoder", "Siamese")
CASES = [
    pytest.param(s, marks=() if str(s) in SAMPLE else pytest.mark.exhaustive, id=str(s))
    for s in SUBJECTS
]


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("subject", CASES)
def test_cells_are_what_is_measured(subject: Subject, capability: str) -> None:
    cell = dict(zip(HEADS[1:], ROWS[str(subject)], strict=True))[capability]
    found, why = outcome(subject, capability)
    if cell == OPEN:
        assert found != "fails", why
    else:
        assert found == cell, f"{why}; run `make deploy-check`"


def test_every_model_has_a_row_in_order() -> None:
    assert list(ROWS) == [str(subject) for subject in SUBJECTS]


def test_every_other_cell_has_its_reason() -> None:
    for name, cells in ROWS.items():
        said = " ".join(reasons_of(TEXT).get(name, ()))
        for capability, cell in zip(HEADS[1:], cells, strict=True):
            assert cell in ("ok", OPEN) or f", {capability}: " in said, (name, capability)


def test_the_page_is_read_as_it_is_written() -> None:
    assert written(ROWS, reasons_of(TEXT)) in TEXT
