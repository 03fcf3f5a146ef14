"""`archspec check` on a terminal: colour and width follow it, and what the user asks for."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("folder")

ESCAPE = re.compile(rb"\x1b\[[0-9;]*m")


def on_terminal(*arguments: str, **environment: str) -> bytes:
    """What the command writes where standard output is a terminal of 60 columns."""
    leader, follower = pty.openpty()
    try:
        os.set_blocking(leader, True)
        subprocess.run(["stty", "columns", "60"], stdin=follower, check=True)
        plain = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "TERM")}
        process = subprocess.Popen(
            [sys.executable, "-m", "archspec", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=follower,
            stderr=subprocess.STDOUT,
            env={**plain, "TERM": "xterm", **environment},
        )
    finally:
        os.close(follower)
    written = b""
    try:
        while part := os.read(leader, 65536):
            written += part
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(leader)
    assert process.wait() in (0, 1)
    return written.replace(b"\r\n", b"\n")


def piped(*arguments: str, **environment: str) -> bytes:
    run = subprocess.run(
        [sys.executable, "-m", "archspec", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )
    return run.stdout


def test_a_terminal_gets_colours_and_the_same_words() -> None:
    shown = on_terminal("check", "bad.arch")
    assert b"\x1b[1;31merror[A0102]\x1b[0m" in shown
    assert ESCAPE.sub(b"", shown) == piped("check", "bad.arch")


@pytest.mark.parametrize(
    "environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}]
)
def test_a_terminal_without_colours(environment: dict[str, str]) -> None:
    assert b"\x1b" not in on_terminal("check", "bad.arch", **environment)


@pytest.mark.parametrize("environment", [{"NO_COLOR": ""}, {"TERM": "dumb", "FORCE_COLOR": "1"}])
def test_a_terminal_with_colours_in_spite_of(environment: dict[str, str]) -> None:
    assert b"\x1b" in on_terminal("check", "bad.arch", **environment)


def test_a_pipe_gets_colours_only_when_forced() -> None:
    assert b"\x1b" not in piped("check", "bad.arch")
    assert b"\x1b[1;31m" in piped("check", "bad.arch", FORCE_COLOR="1")


@pytest.mark.parametrize("format", ["concise", "json", "sarif", "github"])
def test_formats_for_programs_have_no_colours(format: str) -> None:
    assert b"\x1b" not in on_terminal("check", "bad.arch", "--format", format)
    assert b"\x1b" not in piped("check", "bad.arch", "--format", format, FORCE_COLOR="1")


def test_long_lines_are_cut_to_the_terminal() -> None:
    Path("long.arch").write_text(
        f"model Net {{\n    input x: [B, 4]\n    Linaer({' + '.join(['1'] * 60)})\n}}\n"
    )
    lines = on_terminal("check", "long.arch", NO_COLOR="1").decode().splitlines()
    (line,) = (line for line in lines if "Linaer(" in line)
    assert len(line) <= 60
    assert line.endswith("…")
    assert max(map(len, piped("check", "long.arch").decode().splitlines())) > 60
