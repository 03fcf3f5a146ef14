"""`archspec check --fix`, `--diff` and `--unsafe-fixes`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

#: A typo, and, hidden behind it, channels that do not fit.
HIDDEN = """\
model Net {
    input image: float[B, 3, H, W]
    stem: Covn2d(64, 3, padding=1)
    residual { wide: Conv2d(32, 3, padding=1) }
}
"""

TYPO = "model Net {\n    input x: [B, 4]\n    fc: Linaer(2)\n}\n"


def test_safe_fixes_are_written(run: Run) -> None:
    result = run("check", "--fix", "bad.arch")
    assert result.stdout == "checked 1 file: fixed 2 errors\n"
    assert (result.exit_code, result.stderr) == (0, "")
    text = Path("bad.arch").read_text()
    assert "Linear(2)\n" in text
    assert "bias=false" in text
    again = run("check", "--fix", "bad.arch")
    assert again.stdout == "checked 1 file: no errors\n"
    assert Path("bad.arch").read_text() == text


def test_what_shows_up_is_mended_as_well_where_it_is_safe(run: Run) -> None:
    Path("net.arch").write_text(HIDDEN)
    result = run("check", "--fix", "net.arch")
    assert result.exit_code == 1
    assert "error[A0401]" in result.stdout
    summary = "\n\nchecked 1 file: fixed 1 error, 1 error remains\n"
    assert result.stdout.endswith(f"{summary}1 fix available with --fix --unsafe-fixes\n")
    assert Path("net.arch").read_text() == HIDDEN.replace("Covn2d", "Conv2d")


def test_unsafe_fixes_write_an_align(run: Run) -> None:
    Path("net.arch").write_text(HIDDEN)
    result = run("check", "--fix", "--unsafe-fixes", "net.arch")
    assert result.stdout == "checked 1 file: fixed 2 errors\n"
    assert result.exit_code == 0
    fixed = HIDDEN.replace("Covn2d", "Conv2d").replace("}\n}", "} align { proj: Conv2d(32, 1) }\n}")
    assert Path("net.arch").read_text() == fixed


def test_without_fix_it_says_how_many_there_are(run: Run) -> None:
    Path("net.arch").write_text(HIDDEN.replace("Covn2d", "Conv2d") + TYPO.replace("Net", "Two"))
    lines = run("check", "net.arch").stdout.splitlines()
    assert lines[-2:] == [
        "checked 1 file: 2 errors",
        "1 fix available with --fix, 1 more with --fix --unsafe-fixes",
    ]


def test_a_diff_writes_nothing(run: Run) -> None:
    before = Path("bad.arch").read_text()
    result = run("check", "--diff", "bad.arch")
    assert result.exit_code == 1
    assert result.stdout == (
        "--- bad.arch\n+++ bad.arch (fixed)\n@@ -1,9 +1,9 @@\n"
        " model First {\n     input x: [B, 4]\n-    Linaer(2)\n+    Linear(2)\n }\n \n"
        " model Second {\n     input x: [B, 4]\n"
        "-    Linear(2, baias=false)\n+    Linear(2, bias=false)\n }\n"
    )
    assert result.stderr == "checked 1 file: would fix 2 errors\n"
    assert Path("bad.arch").read_text() == before


def test_a_diff_without_changes_is_fine(run: Run) -> None:
    result = run("check", "--diff", "good.arch")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "checked 1 file: no errors\n"


def test_fix_and_diff_together_write_nothing(run: Run) -> None:
    before = Path("bad.arch").read_text()
    assert run("check", "--fix", "--diff", "bad.arch").exit_code == 1
    assert Path("bad.arch").read_text() == before


def test_unsafe_fixes_alone_are_wrong_use(run: Run) -> None:
    result = run("check", "--unsafe-fixes", "bad.arch")
    assert result.exit_code == 2
    assert "--unsafe-fixes goes with --fix or --diff" in result.stderr


def test_line_ends_and_byte_order_mark_stay(run: Run) -> None:
    data = b"\xef\xbb\xbf" + HIDDEN.replace("\n", "\r\n").encode()
    Path("net.arch").write_bytes(data)
    run("check", "--fix", "net.arch")
    assert Path("net.arch").read_bytes() == data.replace(b"Covn2d", b"Conv2d")


def test_inserted_lines_end_as_the_others(run: Run) -> None:
    text = (
        "model Net {\n    input a: [B, 4]\n    input b: [B, 4]\n    p = a -> fc: Linear(2)\n"
        "    q = b -> fc\n    output y = p + q\n}\n"
    )
    Path("net.arch").write_bytes(text.replace("\n", "\r\n").encode())
    result = run("check", "--fix", "--unsafe-fixes", "net.arch")
    assert result.exit_code == 0, result.stdout
    fixed = text.replace("    p = a -> fc: Linear(2)", "    shared fc: Linear(2)\n    p = a -> fc")
    assert Path("net.arch").read_bytes() == fixed.replace("\n", "\r\n").encode()


def test_permissions_stay(run: Run) -> None:
    Path("bad.arch").chmod(0o640)
    run("check", "--fix", "bad.arch")
    assert Path("bad.arch").stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("net.arch").write_text(TYPO)
    before = Path("bad.arch").read_text()
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "bad.arch")
    result = run("check", "--fix", "net.arch", "bad.arch")
    assert result.exit_code == 1
    assert "error[A0802]: cannot write `bad.arch`: permission denied" in result.stdout
    assert "help: make it writable" in result.stdout
    assert "checked 2 files: fixed 1 error, 3 errors remain" in result.stdout
    assert Path("bad.arch").read_text() == before
    assert Path("net.arch").read_text() == TYPO.replace("Linaer", "Linear")


def test_a_directory_that_cannot_be_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    result = run("check", "--fix", "bad.arch")
    assert result.exit_code == 1
    assert result.stdout.count("A0802") == 1
    assert result.stdout.endswith("\nchecked 1 file: 3 errors\n")


def test_several_files(run: Run) -> None:
    Path("more").mkdir()
    for name in ("one", "two"):
        Path("more", f"{name}.arch").write_text(TYPO)
    result = run("check", "--fix", "more", "good.arch")
    assert result.stdout == "checked 3 files: fixed 2 errors\n"
    assert "Linear" in Path("more/two.arch").read_text()


PART = "block Part {\n    Linaer(2)\n}\n"
USER = 'use Part from "parts.arch"\n\nmodel Net {\n    input x: [B, 4]\n    Part\n}\n'


def test_imported_files_stay_unless_they_are_named(run: Run) -> None:
    Path("parts.arch").write_text(PART)
    Path("net.arch").write_text(USER)
    result = run("check", "--fix", "net.arch")
    assert result.exit_code == 1
    assert "fix[safe]: `Linaer` -> `Linear`" in result.stdout
    assert result.stdout.splitlines()[-2:] == [
        "checked 1 file: 1 error",
        "to mend imported files as well, name them: parts.arch",
    ]
    assert Path("parts.arch").read_text() == PART
    named = run("check", "--fix", "net.arch", "parts.arch")
    assert named.stdout == "checked 2 files: fixed 1 error\n"
    assert Path("parts.arch").read_text() == PART.replace("Linaer", "Linear")


def test_a_fix_for_one_that_breaks_another_is_not_applied(run: Run) -> None:
    """A block of a file that two others import: what one of them needs the other cannot take."""
    Path("parts.arch").write_text("block Part {\n    input x: [B, C]\n    Linear(2)\n}\n")
    model = 'use Part from "parts.arch"\n\nmodel Net {{\n    input x: [B, 4]\n    {}\n}}\n'
    Path("one.arch").write_text(model.format("residual { Part }"))
    Path("two.arch").write_text(model.format("Part\n    output y: [B, 2]"))
    result = run("check", "--fix", "--unsafe-fixes", "parts.arch", "one.arch", "two.arch")
    assert run("check", "two.arch").exit_code == 0
    assert run("check", "parts.arch").exit_code == 0
    assert result.stdout.count("A0401") <= 1


def test_fixes_that_meet_are_applied_one_after_the_other(run: Run) -> None:
    """Two faults in one place: each round applies those that leave each other alone."""
    text = "model Net {\n    input x: [B, 4]\n    fc: Linaer(2, baias=false) -> GELUU\n}\n"
    Path("net.arch").write_text(text)
    result = run("check", "--fix", "net.arch")
    assert result.stdout == "checked 1 file: fixed 3 errors\n"
    assert "    fc: Linear(2, bias=false) -> GELU\n" in Path("net.arch").read_text()


def test_standard_input_is_printed(run: Run) -> None:
    result = run("check", "--fix", "-", input=HIDDEN)
    assert result.stdout == HIDDEN.replace("Covn2d", "Conv2d")
    assert "error[A0401]" in result.stderr
    assert "checked 1 file: fixed 1 error, 1 error remains" in result.stderr
    assert result.exit_code == 1
    clean = run("check", "--fix", "-", input=HIDDEN.replace("32, 3", "64, 3"))
    assert (clean.exit_code, clean.stderr) == (0, "checked 1 file: fixed 1 error\n")
    good = Path("good.arch").read_text()
    assert run("check", "--fix", "-", input=good).stdout == good


def test_standard_input_as_a_diff(run: Run) -> None:
    result = run("check", "--diff", "-", input=TYPO)
    assert result.stdout.startswith("--- <stdin>\n+++ <stdin> (fixed)\n")
    assert result.exit_code == 1


def test_a_placeholder_is_never_applied(run: Run) -> None:
    text = "model Net {\n    input x: [B, 4, 6]\n    MultiheadAttention(2)\n}\n"
    Path("net.arch").write_text(text)
    assert run("check", "--fix", "--unsafe-fixes", "net.arch").exit_code == 1
    assert Path("net.arch").read_text() == text


def test_syntax_is_mended_first(run: Run) -> None:
    Path("net.arch").write_text("// a comment\n" + TYPO)
    result = run("check", "--fix", "net.arch")
    assert result.stdout == "checked 1 file: fixed 2 errors\n"
    assert Path("net.arch").read_text() == "# a comment\n" + TYPO.replace("Linaer", "Linear")


def test_formats_carry_the_fixes(run: Run) -> None:
    Path("net.arch").write_text(TYPO)
    start = TYPO.index("Linaer")
    data = json.loads(run("check", "net.arch", "--format", "json").stdout)
    ((fix,),) = (d["fixes"] for d in data["diagnostics"])
    assert (fix["level"], fix["title"]) == ("safe", "`Linaer` -> `Linear`")
    ((edit,),) = (fix["edits"],)
    assert (edit["start"], edit["end"], edit["replacement"]) == (start, start + 6, "Linear")

    sarif = json.loads(run("check", "net.arch", "--format", "sarif").stdout)
    (result,) = sarif["runs"][0]["results"]
    ((change,),) = (fix["artifactChanges"] for fix in result["fixes"])
    assert change["artifactLocation"]["uri"] == "net.arch"
    (replacement,) = change["replacements"]
    assert replacement["insertedContent"]["text"] == "Linear"
    region = {"startLine": 3, "startColumn": 9, "endLine": 3, "endColumn": 15}
    assert replacement["deletedRegion"] == region


def test_json_shows_what_remains(run: Run) -> None:
    Path("net.arch").write_text(HIDDEN)
    data = json.loads(run("check", "--fix", "net.arch", "--format", "json").stdout)
    assert [d["code"] for d in data["diagnostics"]] == ["A0401"]
