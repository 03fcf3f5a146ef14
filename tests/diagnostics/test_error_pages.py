"""Every code has a page that `explain` finds, with a failing and a mended example that parse."""

import re
from pathlib import Path

import pytest

from archspec.diagnostics.codes import CODES
from archspec.diagnostics.explain import explain
from archspec.source import SourceFile
from archspec.syntax import parse

PAGES = Path(__file__).parents[2] / "docs" / "errors"
FENCE = re.compile(r"^```(arch|console) ([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(code: str) -> list[tuple[str, str, str]]:
    """The language, the words after it and the text of each example of the page."""
    page = explain(code)
    assert page is not None
    return FENCE.findall(page)


@pytest.mark.parametrize("code", CODES)
def test_page(code: str) -> None:
    page = explain(code)
    assert page is not None
    assert page.startswith(f"# {code}: {CODES[code]}\n")
    assert 15 <= len(page.splitlines()) <= 40
    assert max(map(len, page.splitlines())) <= 110
    kinds = [info.split()[0] for _, info, _ in examples(code)]
    assert "error" in kinds
    assert "ok" in kinds


@pytest.mark.parametrize("code", CODES)
def test_examples_parse(code: str) -> None:
    for language, info, text in examples(code):
        if language == "arch":
            found = [d.code for d in parse(SourceFile("example.arch", text)).diagnostics]
            is_syntax_error = info.split()[0] == "error" and code.startswith("A00")
            assert set(found) == ({code} if is_syntax_error else set())


def test_no_page_without_code() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(CODES)


def test_code_in_any_case() -> None:
    assert explain(" a0401\n") == explain("A0401")


@pytest.mark.parametrize("code", ["A9999", "", "../A0401", "A0401.md"])
def test_unknown_code(code: str) -> None:
    assert explain(code) is None
