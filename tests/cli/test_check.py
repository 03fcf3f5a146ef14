"""`archspec check`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


def test_a_good_file(run: Run) -> None:
    result = run("check", "good.arch")
    assert result.exit_code == 0
    assert result.stdout == "checked 1 file: no errors\n"
    assert result.stderr == ""


def test_every_fault_of_a_file(run: Run) -> None:
    result = run("check", "bad.arch")
    assert result.exit_code == 1
    assert "error[A0102]: unknown layer `Linaer`" in result.stdout
    assert "error[A0105]: `Linear` has no argument `baias`" in result.stdout
    totals = "checked 1 file: 2 errors\n2 fixes available with --fix\n"
    assert result.stdout.endswith(f"\n\n{totals}")


def test_directories_are_searched(run: Run) -> None:
    Path("deep/er").mkdir(parents=True)
    Path("deep/er/third.arch").write_text(Path("good.arch").read_text())
    Path("deep/notes.txt").write_text("not a spec")
    Path(".hidden").mkdir()
    Path(".hidden/bad.arch").write_text("?")
    result = run("check", ".", "good.arch", "--format", "concise")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("bad.arch:3:5: error[A0102]")
    assert lines[-2] == "checked 3 files: 2 errors"


def test_a_directory_without_specs_is_no_success(run: Run) -> None:
    Path("empty").mkdir()
    result = run("check", "empty")
    assert result.exit_code == 1
    assert "there is no `.arch` file in `empty`" in result.stdout
    assert "checked 0 files: 1 error" in result.stdout


def test_a_fault_of_an_imported_file_is_shown_once(run: Run) -> None:
    Path("parts.arch").write_text("block Part {\n    Linaer(2)\n}\n")
    for name in ("one", "two"):
        model = f"model {name.title()} {{\n    input x: [B, 4]\n    Part\n}}\n"
        Path(f"{name}.arch").write_text(f'use Part from "parts.arch"\n{model}')
    result = run("check", "one.arch", "two.arch", "--format", "concise")
    assert result.stdout.count("A0102") == 1
    assert result.exit_code == 1


def test_warnings_alone_are_fine(run: Run) -> None:
    Path("warn.arch").write_text("model Net(unused = 1) {\n    input x: [B, 4]\n    Linear(2)\n}\n")
    result = run("check", "warn.arch")
    assert result.exit_code == 0
    assert "warning[W0101]" in result.stdout
    assert result.stdout.endswith("checked 1 file: 1 warning\n")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("missing.arch", None, "cannot read `missing.arch`: no such file or directory"),
        ("latin.arch", b"# caf\xe9\n", "is not UTF-8 text: byte 5 is 0xe9"),
        ("nul.arch", b"model \x00\n", "error[A0"),
    ],
)
def test_files_that_cannot_be_read(run: Run, name: str, data: bytes | None, words: str) -> None:
    if data is not None:
        Path(name).write_bytes(data)
    result = run("check", name)
    assert result.exit_code == 1
    assert words in result.stdout


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"# only a comment", b"\r\n\r\n"])
def test_files_without_definitions_are_fine(run: Run, data: bytes) -> None:
    Path("empty.arch").write_bytes(data)
    assert run("check", "empty.arch").exit_code == 0


def test_standard_input(run: Run) -> None:
    result = run("check", "-", "--format", "concise", input="model Net {\n    Linaer(2)\n}\n")
    assert result.stdout.startswith("<stdin>:1:7: error[A0307]")
    assert result.exit_code == 1
    assert run("check", "-", input=b"\xff").exit_code == 1


# --- formats -----------------------------------------------------------------------------------


def test_concise(run: Run) -> None:
    lines = run("check", "bad.arch", "--format", "concise").stdout.splitlines()
    assert lines[0] == "bad.arch:3:5: error[A0102] unknown layer `Linaer`"
    assert len(lines) == 4


def test_json_is_one_document(run: Run) -> None:
    data = json.loads(run("check", "bad.arch", "--format", "json").stdout)
    assert [d["code"] for d in data["diagnostics"]] == ["A0102", "A0105"]
    clean = json.loads(run("check", "good.arch", "--format", "json").stdout)
    assert clean["diagnostics"] == []


def test_sarif_is_one_document(run: Run) -> None:
    data = json.loads(run("check", "bad.arch", "--format", "sarif").stdout)
    assert len(data["runs"][0]["results"]) == 2
    assert json.loads(run("check", "good.arch", "--format", "sarif").stdout)["runs"]


def test_github(run: Run) -> None:
    lines = run("check", "bad.arch", "--format", "github").stdout.splitlines()
    assert lines[0].startswith("::error file=bad.arch,line=3")


def test_an_unknown_format_is_wrong_use(run: Run) -> None:
    result = run("check", "bad.arch", "--format", "xml")
    assert result.exit_code == 2
    assert "'xml' is not one of 'text', 'concise'" in result.stderr


def test_nothing_to_check_is_wrong_use(run: Run) -> None:
    assert run("check").exit_code == 2


def test_colour_is_for_terminals(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in run("check", "bad.arch").stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31merror[A0102]" in run("check", "bad.arch").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("check", "bad.arch").stdout
