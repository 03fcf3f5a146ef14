"""`archspec fmt`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

UGLY = "model Net{\n  input x:[B,4] # four\n  fc:Linear(  2 )\n}\n"
PRETTY = "model Net {\n    input x: [B, 4]  # four\n    fc: Linear(2)\n}\n"


@pytest.fixture
def ugly(folder: Path) -> Path:
    path = folder / "ugly.arch"
    path.write_text(UGLY)
    return path


def test_files_are_rewritten(run: Run, ugly: Path) -> None:
    result = run("fmt", "ugly.arch", "good.arch")
    assert result.exit_code == 0
    assert result.stderr == "formatted ugly.arch\n1 file changed, 1 unchanged\n"
    assert ugly.read_text() == PRETTY
    assert run("fmt", "--check", "ugly.arch").exit_code == 0


def test_check_writes_nothing(run: Run, ugly: Path) -> None:
    result = run("fmt", "--check", ".")
    assert result.exit_code == 1
    assert "would format ugly.arch" in result.stderr
    assert ugly.read_text() == UGLY


def test_diff_shows_what_would_change(run: Run, ugly: Path) -> None:
    result = run("fmt", "--diff", "ugly.arch")
    assert result.exit_code == 1
    assert result.stdout.startswith("--- ugly.arch\n+++ ugly.arch (formatted)\n@@")
    assert "\n-  fc:Linear(  2 )\n" in result.stdout
    assert "\n+    fc: Linear(2)\n" in result.stdout
    assert ugly.read_text() == UGLY
    assert run("fmt", "--diff", "good.arch").stdout == ""


def test_standard_input(run: Run) -> None:
    result = run("fmt", "-", input=UGLY)
    assert (result.exit_code, result.stdout, result.stderr) == (0, PRETTY, "")
    assert run("fmt", "-", input=PRETTY).stdout == PRETTY
    assert run("fmt", "--check", "-", input=UGLY).exit_code == 1
    assert run("fmt", "--check", "-", input=PRETTY).exit_code == 0


def test_a_faulty_file_stays_and_the_others_are_formatted(run: Run, ugly: Path) -> None:
    text = "model  Net {\n    input x [B]\n}\n"
    Path("faulty.arch").write_text(text)
    result = run("fmt", "faulty.arch", "ugly.arch", "missing.arch")
    assert result.exit_code == 1
    assert "error[A0001]" in result.stderr
    assert "error[A0801]" in result.stderr
    assert Path("faulty.arch").read_text() == text
    assert ugly.read_text() == PRETTY


def test_faulty_standard_input_gives_no_output(run: Run) -> None:
    result = run("fmt", "-", input="model {")
    assert result.exit_code == 1
    assert result.stdout == ""


def test_permissions_are_kept(run: Run, ugly: Path) -> None:
    ugly.chmod(0o600)
    run("fmt", "ugly.arch")
    assert ugly.stat().st_mode & 0o777 == 0o600
