"""What users read: each `*.md` here shows specs and, under each, every message in full.

A block `arch` is checked and followed by a block `text` with what the checker prints; a block
`arch ok` gives no message. A block `arch name.arch` only writes a file that later blocks import.
`ARCHSPEC_RENEW=1 pytest tests/errors` rewrites the `text` blocks; read the diff as a user would.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from archspec.diagnostics.codes import CODES
from archspec.diagnostics.render.text import render_text
from archspec.pipeline import check, load_file
from tests.support.documents import Shell, blocks, commands

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "errors"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOCUMENTS = sorted(HERE.glob("*.md"))

#: Codes that only other commands and the parser give; their tests are beside those.
#: What no spec alone shows: commands do.
COMMANDS = {"A0115", "A0117", "A0120", "A0801", "A0802"}
ELSEWHERE = {"A0003", "A0115", "A0120", "A0116", "A0117", "A0801", "A0802"}


@dataclass(frozen=True, slots=True)
class Example:
    """A checked spec: its place in the document, its text, the `text` block under it if any."""

    line: int
    info: str
    spec: str
    expected: str | None
    #: Where the `text` block stands in the document.
    start: int
    end: int
    #: The files written before it, by name.
    files: tuple[tuple[str, str], ...]


def examples(document: Path) -> list[Example]:
    text = document.read_text(encoding="utf-8")
    found: list[Example] = []
    files: list[tuple[str, str]] = []
    fences = list(FENCE.finditer(text))
    for index, fence in enumerate(fences):
        language, info, body = fence[1], fence[2].strip(), fence[3]
        if language != "arch":
            continue
        if info.endswith(".arch"):
            files.append((info, body))
            continue
        below = fences[index + 1] if index + 1 < len(fences) else None
        shown = below if below is not None and below[1] == "text" else None
        line = text.count("\n", 0, fence.start()) + 1
        start, end = shown.span(3) if shown is not None else (-1, -1)
        expected = shown[3] if shown is not None else None
        found.append(Example(line, info, body, expected, start, end, tuple(files)))
    return found


def messages(example: Example, folder: Path) -> str:
    """All that `archspec check` would print of the example."""
    for name, text in example.files:
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "net.arch").write_text(example.spec, encoding="utf-8")
    found = check(load_file(folder / "net.arch"))
    return render_text(found).replace(f"{folder}{os.sep}", "").strip("\n")


CASES = [(document, example) for document in DOCUMENTS for example in examples(document)]


def renew(document: Path, folder: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for example in reversed(examples(document)):
        if example.expected is not None:
            shown = messages(example, folder) + "\n"
            text = text[: example.start] + shown + text[example.end :]
    document.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("document", "example"), CASES, ids=lambda v: getattr(v, "stem", None))
def test_messages(document: Path, example: Example, tmp_path: Path) -> None:
    if os.environ.get("ARCHSPEC_RENEW"):
        renew(document, tmp_path)
        return
    place = f"{document.name}:{example.line}"
    shown = messages(example, tmp_path)
    if example.info == "ok":
        assert shown == "", f"{place}: is said to be right"
    else:
        assert example.expected is not None, f"{place}: no `text` block follows"
        assert shown == example.expected.strip("\n"), place


def test_every_code_has_an_example() -> None:
    seen = {c for _, e in CASES for c in re.findall(r"\[([AW]\d{4})\]", e.expected or "")}
    assert set(CODES) - seen - ELSEWHERE == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.stem)
def test_wrong_examples_stand_beside_right_ones(document: Path) -> None:
    kinds = {example.info for example in examples(document)}
    assert kinds == {"", "ok"}, document.name


# --- the pages behind `archspec explain` ---------------------------------------------------------


@pytest.mark.parametrize("code", sorted(set(CODES) - COMMANDS))
def test_pages_show_what_they_explain(code: str, tmp_path: Path) -> None:
    """Each `arch error` of a page gives its code and no other, each `arch ok` nothing."""
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    ran = set()
    for language, info, text in FENCE.findall(page):
        if language != "arch":
            continue
        kind, *options = info.split()
        if kind.startswith("file="):
            (tmp_path / kind.removeprefix("file=")).write_text(text, encoding="utf-8")
            continue
        assert options in ([], ["file=net.arch"])
        (tmp_path / "net.arch").write_text(text, encoding="utf-8")
        found = check(load_file(tmp_path / "net.arch"))
        wanted = [code] if kind == "error" else []
        assert [d.code for d in found] == wanted, render_text(found)
        ran.add(kind)
    assert {"error", "ok"} <= ran


#: Commands of pages run beside this file, or the first that is right on the page itself.
NET = "model Net(width = 32) {\n    input x: float[B, 16]\n    fc: Linear(width)\n}\n"
CONSOLE = [page.stem for page in sorted(PAGES.glob("*.md")) if "```console" in page.read_text()]


@pytest.mark.parametrize("code", CONSOLE)
def test_commands_of_pages_print_what_is_shown(code: str, tmp_path: Path) -> None:
    """`console error` fails with the code of the page and nothing else, `console ok` runs."""
    page = list(blocks(PAGES / f"{code}.md"))
    own = [b.text for b in page if b.language == "arch" and "ok" in b.info]
    (tmp_path / "net.arch").write_text(own[0] if own else NET, encoding="utf-8")
    shell = Shell(tmp_path)
    ran = set()
    for block in page:
        if block.language != "console":
            continue
        for command, expected in commands(block):
            output, status = shell.run("/bin/sh", "-c", command)
            assert output.strip("\n") == expected, command
            assert (status != 0) == (block.info[1] == "error"), command
            assert set(re.findall(r"\[([AW]\d{4})\]", output)) <= {code}
        ran.add(block.info[1])
    assert ran == {"error", "ok"}


def test_pages_without_specs_have_commands() -> None:
    assert set(CONSOLE) >= COMMANDS - {"A0117"}
