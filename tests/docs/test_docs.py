"""What the documents show is so: every block of README.md and docs/*.md is run.

`UPDATE_DOCS=1 pytest tests/docs` rewrites the output shown in console blocks; read the diff.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.documents import BlockError, blocks, matches, renew, run_document
from tests.support.zoo import ROOT

DOCUMENTS = [p for p in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if p.exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.stem)
def test_blocks_do_what_the_document_says(document: Path, tmp_path: Path) -> None:
    if os.environ.get("UPDATE_DOCS"):
        renew(document, checkout(tmp_path / "renew"))
    run_document(document, checkout(tmp_path / "run"))


def checkout(folder: Path) -> Path:
    """A folder where documents find `specs/…`; a copy, for a block may write beside them."""
    shutil.copytree(ROOT / "specs", folder / "specs")
    return folder


def test_the_tutorial_runs_code() -> None:
    languages = [block.language for block in blocks(ROOT / "docs" / "tutorial.md")]
    assert {"arch", "python", "console"} <= set(languages)
    assert "sh" not in languages


# --- the runner itself -------------------------------------------------------------------------


def write(tmp_path: Path, text: str) -> Path:
    document = tmp_path / "document.md"
    document.write_text(text, encoding="utf-8")
    return document


GOOD = """\
```arch net.arch
model Net {
    input x: [B, 4]
    fc: Linear(2)
}
```
```arch error
model Net {
    input x: [B, 4]
    fc: Linaer(2)
}
```
```arch fragment
conv: Conv2d(8, 3) -> ReLU
```
```python hello.py
print("hello", 0.25)
```
```console
$ python hello.py; cat net.arch | head -1
hello 0...
model Net {
```
```python
assert 1 + 1 == 2
```
"""


def test_good_blocks_run(tmp_path: Path) -> None:
    document = write(tmp_path, GOOD)
    assert run_document(document, tmp_path) == 6


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("fc: Linear(2)", "fc: Linear()", 1),
        ("Linaer", "Linear", 7),
        ("Conv2d(8, 3) ->", "Conv2d(8, 3 ->", 13),
        ("hello 0...", "hullo 0...", 19),
        ("model Net {\n```\n```python", "```\n```python", 19),
        ("== 2", "== 3", 24),
        ("arch fragment", "rach", 13),
    ],
)
def test_wrong_blocks_fail(tmp_path: Path, old: str, new: str, line: int) -> None:
    assert old in GOOD
    document = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(BlockError, match=f"^document.md:{line}: "):
        run_document(document, tmp_path)


def test_an_open_block_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not closed"):
        list(blocks(write(tmp_path, "```arch\n")))


def test_renewal_keeps_what_matches(tmp_path: Path) -> None:
    document = write(tmp_path, "```console\n$ echo one\ntwo\n$ echo 3.14\n3...\n```\n")
    renew(document, tmp_path)
    assert document.read_text() == "```console\n$ echo one\none\n$ echo 3.14\n3...\n```\n"


@pytest.mark.parametrize(
    ("expected", "output", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\n", False),
        ("a...c", "abc\n", True),
        ("a...c", "a\nc\n", False),
        ("a\n...\nc", "a\nc\n", True),
        ("a\n...\nc", "a\n1\n2\nc\n", True),
        ("a\n...", "b\n", False),
        ("1.5", "175\n", False),
    ],
)
def test_expected_output(expected: str, output: str, same: bool) -> None:
    assert matches(expected, output) is same
