"""`docs/zoo.md` is what `make zoo` would write, as far as no model needs to run for it."""

import pytest

from tests.parity.page import FAILED, HEADS, PAGE, cheap_row, name_of, rows_of, table
from tests.support.cases import ZOO
from tests.support.zoo import Case

ROWS = rows_of(PAGE.read_text(encoding="utf-8"))
CASES = [
    pytest.param(case, marks=pytest.mark.exhaustive if case.exhaustive else (), id=str(case))
    for case in ZOO
]


def test_every_model_has_a_row_in_order() -> None:
    assert list(ROWS) == [name_of(case) for case in ZOO]


def test_no_row_differs() -> None:
    assert not [row for row in ROWS.values() if any(FAILED in cell for cell in row)]


@pytest.mark.parametrize("case", CASES)
def test_lines_and_counts_are_up_to_date(case: Case) -> None:
    row = dict(zip(HEADS, ROWS[name_of(case)], strict=True))
    now = dict(zip(HEADS, cheap_row(case).cells(), strict=True))
    for head in ("source", "spec", "emitted", "parameters", "MACs"):
        assert row[head] == now[head], f"{head} of {case.model}; run `make zoo`"


def test_rows_are_read_as_they_are_written() -> None:
    rows = [cheap_row(case).cells() for case in ZOO[:2]]
    assert list(rows_of(table(rows)).values()) == rows
