"""Fenced blocks of Markdown documents, and what running them means.

The blocks of one document run in order in one folder, so that later ones may use the files of
earlier ones. A block's info string says what is done with it:

    arch              checked: no error, no warning, formatted (`arch ok` means the same)
    arch error        checked: at least one error
    arch fragment     statements of a body: only their form is checked
    arch name.arch    as the above, and written to that file; any of them may carry a name
    python            run by itself with warnings as errors
    python name.py    written to that file, run by a later console block
    console           each line after `$ ` is run by the shell, what it prints is compared
    sh                not run: what installs something, or needs a network

In what is expected, `...` stands for any text, on a line of its own for any lines.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archspec.diagnostics.render.text import render_text
from archspec.pipeline import check, load_text
from archspec.source import SourceFile
from archspec.syntax.format import format_source
from tests.support.zoo import ROOT

#: Languages that are shown and not run; any other unknown one is a mistake.
SHOWN: Final = {
    "sh",
    "text",
    "json",
    "toml",
    "yaml",
    "ini",
    "makefile",
    "html",
    "mermaid",
    "lark",
    "",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: `info` after the fence, `text` inside, the 1-based lines of its fences."""

    document: Path
    first: int
    last: int
    info: tuple[str, ...]
    text: str

    @property
    def place(self) -> str:
        return f"{self.document.name}:{self.first}"

    @property
    def language(self) -> str:
        return self.info[0] if self.info else ""

    @property
    def file(self) -> str | None:
        """The name of the file that the block is written to."""
        return next((word for word in self.info[1:] if "." in word), None)


class BlockError(AssertionError):
    """A block does not do what its document says."""

    def __init__(self, block: Block, message: str) -> None:
        super().__init__(f"{block.place}: {message}")


def blocks(document: Path) -> Iterator[Block]:
    """The fenced blocks of a document, in order; raises `ValueError` where a fence stays open."""
    start: int | None = None
    fence, info, body = "", "", list[str]()
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), start=1):
        if start is None:
            opening = re.fullmatch(r"(`{3,})([^`]*)", line)
            if opening is not None:
                start, fence, info, body = number, opening[1], opening[2], []
        elif line == fence:
            yield Block(document, start, number, tuple(info.split()), "\n".join(body) + "\n")
            start = None
        else:
            body.append(line)
    if start is not None:
        raise ValueError(f"{document}:{start}: the block is not closed")


def run_document(document: Path, folder: Path) -> int:
    """Run all blocks in `folder`; gives how many ran, `BlockError` for the first that fails."""
    shell = Shell(folder)
    ran = 0
    for block in blocks(document):
        if block.file is not None:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        match block.language:
            case "arch":
                run_arch(block)
            case "python" if block.file is None:
                run_python(block, shell)
            case "python":
                pass
            case "console":
                run_console(block, shell)
            case shown if shown in SHOWN:
                continue
            case other:
                raise BlockError(block, f"`{other}` is no known language of blocks")
        ran += 1
    return ran


# --- what each kind does -----------------------------------------------------------------------


def run_arch(block: Block) -> None:
    flags = {word for word in block.info[1:] if "." not in word}
    if unknown := flags - {"ok", "error", "fragment"}:
        raise BlockError(block, f"unknown flag {', '.join(sorted(unknown))}")
    text = block.text
    if "fragment" in flags:
        text = f"block Fragment {{\n{text}}}\n"
        found = load_text(text, block.place).diagnostics
    else:
        found = check(load_text(text, block.place))
    failed = any(d.severity == "error" for d in found)
    if "error" in flags and not failed:
        raise BlockError(block, "is said to be wrong, but checks")
    if "error" not in flags and found:
        raise BlockError(block, render_text(found))
    if not flags & {"error", "fragment"}:
        formatted = format_source(SourceFile(block.place, text))
        if formatted != text:
            raise BlockError(block, f"`archspec fmt` would write\n{formatted}")


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands in `folder`, with `archspec` and `python` those of this checkout."""

    folder: Path

    def environment(self) -> dict[str, str]:
        tools = self.folder / ".bin"
        if not tools.exists():
            tools.mkdir()
            for name, arguments in {"archspec": "-m archspec", "python": ""}.items():
                tool = tools / name
                tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
                tool.chmod(0o755)
        kept = {k: v for k, v in os.environ.items() if k in ("HOME", "LANG", "TMPDIR")}
        return {
            **kept,
            "PATH": f"{tools}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "NO_COLOR": "1",
            "COLUMNS": "88",
        }

    def run(self, *command: str) -> tuple[str, int]:
        """What the command prints on both outputs, and its status."""
        result = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return result.stdout, result.returncode


def run_python(block: Block, shell: Shell) -> None:
    output, status = shell.run("python", "-W", "error", "-c", block.text)
    if status != 0:
        raise BlockError(block, output)


def run_console(block: Block, shell: Shell) -> None:
    for command, expected in commands(block):
        output, status = shell.run("/bin/sh", "-c", command)
        if not matches(expected, output):
            raise BlockError(
                block, f"`{command}` (status {status}) prints\n{output}\nnot\n{expected}"
            )
        if "Traceback" in output:
            raise BlockError(block, f"`{command}` ends with a traceback")


def commands(block: Block) -> list[tuple[str, str]]:
    """Each command of a console block with what it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
        else:
            raise BlockError(block, "a console block begins with `$ `")
    return [(command, "\n".join(lines)) for command, lines in found]


def matches(expected: str, output: str) -> bool:
    """Whether `output` is as expected, trailing blanks apart."""

    def lines(text: str) -> list[str]:
        return [line.rstrip() for line in text.strip("\n").splitlines()]

    pattern = ""
    for line in lines(expected):
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.split("...")) + r"\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines(output))) is not None


# --- renewal -----------------------------------------------------------------------------------


def renew(document: Path, folder: Path) -> None:
    """Rewrite the console blocks of a document with what their commands print now."""
    shell = Shell(folder)
    text = document.read_text(encoding="utf-8").splitlines()
    changed: list[tuple[Block, list[str]]] = []
    for block in blocks(document):
        if block.file is not None:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        if block.language != "console":
            continue
        lines: list[str] = []
        for command, expected in commands(block):
            output, _ = shell.run("/bin/sh", "-c", command)
            fresh = expected if matches(expected, output) else output.strip("\n")
            lines += [f"$ {command}", *(line.rstrip() for line in fresh.splitlines())]
        changed.append((block, lines))
    for block, lines in reversed(changed):
        text[block.first : block.last - 1] = lines
    document.write_text("\n".join(text) + "\n", encoding="utf-8")
