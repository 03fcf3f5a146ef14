"""`docs/layers.md` says what the declarations say; UPDATE_DOCS=1 writes it."""

import os
from pathlib import Path

from archspec.layers.page import page

PAGE = Path(__file__).parents[2] / "docs" / "layers.md"


def test_the_page_is_up_to_date() -> None:
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page(), "UPDATE_DOCS=1 pytest tests/docs/test_layers_page.py"
