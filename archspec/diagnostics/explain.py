"""The page behind each diagnostic code."""

from importlib.resources import files
from pathlib import Path

from archspec.diagnostics.codes import CODES


def explain(code: str) -> str | None:
    """The page of `code` as Markdown, whatever the case of its letter; None if there is none."""
    code = code.strip().upper()
    if code not in CODES:
        return None
    # In an installed package the pages are inside it, in a checkout beside it.
    package = files("archspec")
    for root in (package, Path(__file__).parents[2]):
        page = root / "docs" / "errors" / f"{code}.md"
        if page.is_file():
            return page.read_text(encoding="utf-8")
    return None
