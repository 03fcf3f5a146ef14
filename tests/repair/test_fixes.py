"""Every fix that is shown mends what it is shown for: in documents, and for random faults."""

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.diagnostics import Diagnostic, Edit
from archspec.pipeline import Program, check, load_file, load_text, mend
from archspec.source import SourceFile
from tests.support.random_specs import RandomSpec

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```arch([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = sorted([*(ROOT / "tests/errors").glob("*.md"), *(ROOT / "docs/errors").glob("*.md")])


def applied(edits: tuple[Edit, ...]) -> dict[Path, str]:
    """The texts of the files after `edits`, put together by hand, from the last to the first."""
    texts: dict[Path, str] = {}
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end), reverse=True):
        source: SourceFile = edit.span.source
        text = texts.get(source.key, source.text)
        texts[source.key] = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return texts


def faults(program: Program) -> list[Diagnostic]:
    return [d for d in check(program, fixes=False) if d.severity == "error"]


def line(diagnostic: Diagnostic) -> str:
    """Its code and the text of its line: what a change of other lines leaves alone."""
    place = diagnostic.place
    text = place.span.source.line_text(place.span.position.line) if place else diagnostic.message
    return f"{diagnostic.code} {text.strip()}"


def place(diagnostic: Diagnostic) -> tuple[str, str]:
    """Its code and its file and line."""
    at = diagnostic.place
    where = f"{at.span.source.key}:{at.span.position.line}" if at else diagnostic.message
    return diagnostic.code, where


def refute(program: Program, found: tuple[Diagnostic, ...]) -> int:
    """Assert that each fix of `found` mends what it is for; how many there were."""
    count = 0
    known = {place(d) for d in found}
    for diagnostic in found:
        for fix in diagnostic.fixes:
            count += 1
            after = faults(program.changed(applied(fix.edits)))
            # Another fault of the same code may stand in the line, but no more than before.
            same = sum(d.code == diagnostic.code for d in found)
            assert sum(d.code == diagnostic.code for d in after) < same, (fix, after)
            texts = [text for e in fix.edits for text in (e.span.text, e.replacement)]
            if diagnostic.code.startswith(("A00", "A01")) or any("\n" in t for t in texts):
                continue  # what was hidden may show up; lines have moved
            assert {place(d) for d in after} <= known, (fix, after)
    return count


EXPECTED = {"alignment": 50, "names": 20, "values": 10, "A0403": 1}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.stem)
def test_fixes_of_the_documents_hold(document: Path, tmp_path: Path) -> None:
    count = 0
    for info, text in FENCE.findall(document.read_text(encoding="utf-8")):
        name = info.strip().removeprefix("file=")
        if name.endswith(".arch"):
            (tmp_path / name).write_text(text, encoding="utf-8")
            continue
        (tmp_path / "net.arch").write_text(text, encoding="utf-8")
        program = load_file(tmp_path / "net.arch")
        count += refute(program, check(program))
    assert count >= EXPECTED.get(document.stem, 0)


def spoilt(text: str, random: Random) -> str:
    """`text` with one number, word or argument changed."""
    found = list(re.finditer(r"\d+|[A-Za-z_]\w*|, \w+=[\w*() ]+", text))
    token = random.choice(found)
    word = token[0]
    if word.startswith(","):
        new = ""
    elif word.isdigit():
        new = str(max(0, int(word) + random.choice([-1, 1, 2])))
    else:
        at = random.randrange(len(word))
        new = word[:at] + word[at + 1 :] if len(word) > 2 else word + "z"
    return text[: token.start()] + new + text[token.end() :]


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_fixes_of_random_faults_hold(seed: int) -> None:
    """Fixes mend what they are offered for, are all applied, and leave nothing to apply again."""
    random = Random(seed)
    program = load_text(spoilt(RandomSpec(random).text(), random))
    refute(program, check(program))
    mended = mend([program], ("safe", "maybe"))
    after = program.changed(mended.texts)
    remain = [line(d) for d in mended.remain if d.severity == "error"]
    assert [line(d) for d in faults(after)] == remain
    assert not mend([after], ("safe", "maybe")).texts
