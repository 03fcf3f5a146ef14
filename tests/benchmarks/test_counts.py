"""docs/comparison-reuse.md shows what the tools say; archspec is asked, and torch measured, again.

`UPDATE_DOCS=1 pytest tests/benchmarks tests/docs` writes the page anew.
"""

import os
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.counts import page, stored
from benchmarks.counts.asked import CASES, TOOLS

TOLD = stored.load()


def test_the_page_is_what_the_results_say() -> None:
    text = page.rendered()
    if os.environ.get("UPDATE_DOCS"):
        page.PAGE.write_text(text, encoding="utf-8")
    assert page.PAGE.read_text(encoding="utf-8") == text, "run `python -m benchmarks.counts`"


@pytest.mark.parametrize("case", CASES)
def test_archspec_says_what_is_measured(case: str) -> None:
    ours = page.numbers_of(page.report_of(CASES[case]))
    measured = TOLD["torch"].answers[case].numbers
    assert {question: ours[question] for question in measured} == measured


@pytest.mark.parametrize("case", CASES)
def test_activations_are_those_of_fvcore(case: str) -> None:
    ours = page.numbers_of(page.report_of(CASES[case]))
    assert ours["activations"] == TOLD["fvcore"].answers[case].numbers["activations"]


def test_torch_measures_it_again() -> None:
    told = TOLD["torch"]
    if version("torch").partition("+")[0] != told.versions["torch"].partition("+")[0]:
        pytest.skip("another torch than the page's")
    assert stored.as_tool(stored.run("torch", told.date)).answers == told.answers


def test_the_page_is_of_the_versions_that_are_pinned() -> None:
    pins = dict(
        re.findall(
            r"^([a-z]+)==(\S+)$",
            (stored.ROOT / "constraints.txt").read_text()
            + Path(stored.__file__).with_name("requirements.txt").read_text(),
            re.MULTILINE,
        )
    )
    for tool in TOOLS:
        for package, used in TOLD[tool].versions.items():
            assert used.partition("+")[0] == pins[package]


def test_what_the_page_says_of_the_tools() -> None:
    """Its sentences are written by hand: each stands on a number or words of a tool."""
    tied, shared, concat = (
        {tool: TOLD[tool].answers[case] for tool in TOOLS} for case in ("tied", "shared", "concat")
    )
    assert tied["torchinfo"].numbers["parameters"] == 97_344 + 64_000
    assert tied["torchinfo"].numbers["macs"] == tied["torchinfo"].numbers["parameters"]
    assert tied["fvcore"].numbers["macs"] - tied["torch"].numbers["macs"] == 2 * 5 * 32 * 64
    assert re.search(r"^\| head +\| +\|", tied["fvcore"].text, re.MULTILINE)
    assert "97,344 declared unique (161,344 by module path; tied:" in tied["torchlens"].text
    assert "Forward/backward pass size (MB): 0.79" in shared["torchinfo"].text
    assert round(2 * 4 * shared["fvcore"].numbers["activations"] / 1e6, 2) == 0.79
    for answers in (shared, concat):
        biases = answers["torchinfo"].numbers["macs"] - answers["torch"].numbers["macs"]
        assert 0 < biases < 100_000
    assert "(recursive)" in shared["torchinfo"].text
    assert "x2 passes" in shared["torchlens"].text
    assert "process RSS growth (NOT a tensor peak)" in shared["torchlens"].text
    assert "cat_1_5" in concat["torchlens"].text
    assert "cat" not in concat["torchinfo"].text.lower().replace("concat", "")
    assert "cat" not in concat["fvcore"].text
