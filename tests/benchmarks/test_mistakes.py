"""docs/comparison.md shows what the tools say; archspec and torch are asked again.

`UPDATE_DOCS=1 pytest tests/benchmarks tests/docs` writes the page anew.
"""

import os
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.mistakes import outcomes, page, stored
from benchmarks.mistakes.outcomes import MISTAKES, TOOLS, Action, Case, Outcome

TORCH = stored.load()["torch"]
ROOT = stored.ROOT


def test_the_page_is_what_the_results_say() -> None:
    text = page.rendered()
    if os.environ.get("UPDATE_DOCS"):
        page.PAGE.write_text(text, encoding="utf-8")
    assert page.PAGE.read_text(encoding="utf-8") == text, "run `python -m benchmarks.mistakes`"


@pytest.fixture(scope="module")
def again() -> stored.Tool:
    if version("torch").partition("+")[0] != TORCH.versions["torch"].partition("+")[0]:
        pytest.skip("another torch than the page's")
    return stored.as_tool(stored.run("torch", TORCH.date))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_torch_says_it_again(mistake: str, again: stored.Tool) -> None:
    then, now = TORCH.results[mistake], again.results[mistake]
    if again.python == TORCH.python:
        assert now == then
    else:  # tracebacks have other numbers of lines
        for before, after in zip(then.wrong, now.wrong, strict=True):
            assert uncounted(after) == uncounted(before)


def uncounted(outcome: Outcome) -> Outcome:
    message = re.sub(r"\[… \d+ lines …\]", "[…]", outcome.message)
    return replace(outcome, lines=0, message=message)


def test_the_page_is_of_the_versions_that_are_pinned() -> None:
    pins = dict(
        re.findall(
            r"^([a-z]+)==(\S+)$",
            (ROOT / "constraints.txt").read_text()
            + Path(stored.__file__).with_name("requirements.txt").read_text(),
            re.MULTILINE,
        )
    )
    for tool in stored.load().values():
        for package, used in tool.versions.items():
            assert used.partition("+")[0] == pins[package]


@pytest.mark.parametrize("tool", TOOLS)
def test_stored_results_are_of_the_programs_as_they_are(tool: str) -> None:
    for result in stored.load()[tool].results.values():
        source = (ROOT / "benchmarks" / "mistakes" / "programs" / result.file).read_text()
        lines = source.splitlines()
        shown = result.program.splitlines()
        assert lines[result.line - 1 : result.line - 1 + len(shown)] == shown
        assert lines[result.here - 1].endswith(outcomes.HERE)


@pytest.mark.parametrize("tool", TOOLS)
def test_stored_results_are_whole(tool: str) -> None:
    results = stored.load()[tool].results
    assert tuple(sorted(results)) == tuple(sorted(MISTAKES))
    for result in results.values():
        for outcome in result.wrong:
            assert (outcome.kind == "fine") == (outcome.message == "")
            assert outcome.lines >= len(outcome.message.splitlines())
            assert str(ROOT) not in outcome.message
            assert "\x1b" not in outcome.message
        assert result.mended is None or {o.kind for o in result.mended} == {"fine"}


# --- how outcomes are kept -----------------------------------------------------------------------


def blunder() -> None:
    raise ValueError("line one\n\nline three")  # here


def library() -> None:
    re.compile("(")


def outcome(action: Action) -> Outcome:
    result = outcomes.result_of(Case(blunder, [action], None))
    return result.wrong[0]


def test_the_line_at_fault_is_seen_in_a_traceback() -> None:
    found = outcome(Action("run", blunder))
    assert (found.kind, found.names_line) == ("error", True)
    assert found.message.splitlines()[-3:] == ["ValueError: line one", "", "line three"]
    assert f'File "{Path(__file__).name}", line ' in found.message


def test_frames_of_others_are_counted() -> None:
    found = outcome(Action("run", library))
    assert not found.names_line
    shown = found.message.splitlines()
    counts = [int(n) for n in re.findall(r"^  \[… (\d+) lines …\]$", found.message, re.MULTILINE)]
    assert len(counts) == 2
    assert len(shown) - len(counts) + sum(counts) == found.lines


def test_nothing_is_asked_of_what_cannot_be_defined() -> None:
    actions = [Action("definition", blunder), Action("run", library)]
    result = outcomes.result_of(Case(blunder, actions, actions[1:]))
    assert [o.action for o in result.wrong] == ["definition"]
    assert result.mended is not None
    assert [o.action for o in result.mended] == ["run"]


def test_a_quotation_that_is_not_said_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(page.QUOTES["skip"], "torch", page.Quote(remedy="h = 5*_h"))
    with pytest.raises(ValueError, match="is not said"):
        page.rendered()
