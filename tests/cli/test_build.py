"""`archspec build`: what is written, and that nothing is written by halves."""

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]


def test_all_models_beside_the_spec(run: Run) -> None:
    Path("sub").mkdir()
    Path("good.arch").rename("sub/good.arch")
    result = run("build", "sub/good.arch")
    assert result.exit_code == 0
    assert result.stderr == "wrote sub/good.py: Net, Wide\n"
    assert result.stdout == ""
    namespace: dict[str, Any] = {}
    exec(compile(Path("sub/good.py").read_text(), "good.py", "exec"), namespace)
    assert {"Net", "Wide"} <= set(namespace)


def test_one_model_to_a_file(run: Run) -> None:
    assert run("build", "good.arch", "-m", "Wide", "-o", "out.py").exit_code == 0
    text = Path("out.py").read_text()
    assert "class Wide(" in text
    assert "class Net(" not in text


def test_several_models_in_order(run: Run) -> None:
    text = run("build", "good.arch", "-m", "Wide", "-m", "Net", "-m", "Wide", "-o", "-").stdout
    assert "Wide, Net" in text.partition("import")[0]


def test_standard_output_and_input(run: Run) -> None:
    by_file = run("build", "good.arch", "-o", "-")
    by_stdin = run("build", "-", input=Path("good.arch").read_text())
    assert by_file.stdout.replace("good.arch", "<stdin>") == by_stdin.stdout
    assert by_file.stderr == by_stdin.stderr == ""
    assert not Path("good.py").exists()


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("ast", "Conv2d"),
        ("ir", "layer Conv2d conv (%0) -> [B, 8, H, W]"),
        ("shapes", "weight [8, 3, 3, 3]"),
        ("python", "nn.Conv2d"),
    ],
)
def test_stages(run: Run, stage: str, words: str) -> None:
    result = run("build", "good.arch", "--emit", stage, "-o", "-")
    assert words in result.stdout
    if stage != "python":
        assert run("build", "good.arch", "--emit", stage).stdout == result.stdout
        assert run("build", "good.arch", "--emit", stage, "-o", "stage.txt").exit_code == 0
        assert Path("stage.txt").read_text() == result.stdout


@pytest.mark.parametrize("stage", ["ast", "ir", "python"])
def test_faults_go_to_standard_error(run: Run, stage: str) -> None:
    Path("bad.arch").write_text("model Net {\n    input x [B]\n}\n")
    result = run("build", "bad.arch", "--emit", stage)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "error[A0001]" in result.stderr
    assert not Path("bad.py").exists()


def test_warnings_do_not_stop_a_build(run: Run) -> None:
    Path("warn.arch").write_text("model Net(unused = 1) {\n    input x: [B, 4]\n    Linear(2)\n}\n")
    result = run("build", "warn.arch", "-o", "-", "--format", "concise")
    assert result.exit_code == 0
    assert "warning[W0101]" in result.stderr
    assert "class Net" in result.stdout


# --- models and parameters ---------------------------------------------------------------------


def test_parameters_are_expressions_of_the_language(run: Run) -> None:
    Path("set.arch").write_text(
        "fn twice(n) = 2 * n\n"
        "model Net(widths, act: layer = ReLU, label = none, flag = false) {\n"
        "    input x: [B, 4]\n"
        "    for i, w in enumerate(widths) { fc{i}: Linear(w, bias=flag) -> act }\n"
        '    if label == "deep" { last: Linear(1) }\n'
        "}\n"
    )
    settings = ("widths=[twice(3), 2 ** 3]", "act=LeakyReLU(0.2)", 'label="deep"', "flag=true")
    options = [part for setting in settings for part in ("--set", setting)]
    result = run("build", "set.arch", "-m", "Net", "-o", "-", "--emit", "shapes", *options)
    assert result.stderr == ""
    assert "weight [6, 4]" in result.stdout
    assert "weight [8, 6]" in result.stdout
    assert "LeakyReLU" in result.stdout
    assert "last" in result.stdout
    assert "bias [8]" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-m", "Wied"], ["A0114", "has no model `Wied`", "did you mean `Wide`?"]),
        (["--set", "widht=3"], ["A0115", "no parameter `widht`", "did you mean `width`?"]),
        (["--set", "width=three"], ["A0101", "unknown name `three`", "width=three", "quotes"]),
        (["--set", "width="], ["A0001", "--set:1:6"]),
        (["--set", "width=3 4"], ["A0001", "--set:1:9"]),
        (["--set", "width=[1, 2"], ["A0002", "--set:1:7"]),
        (["--set", "width=1 // 0"], ["A0202"]),
        (["--set", "width=2 ** 9999"], ["A0203"]),
        (["--set", "width=1\nmodel Evil { input x: [B] }"], ["A0001"]),
        (["--set", "width=-3"], ["A0106", "good.arch:3"]),
        (["--set", f"width={'(' * 3000}1{')' * 3000}"], ["A0203"]),
    ],
)
def test_faulty_choices(run: Run, arguments: list[str], words: list[str]) -> None:
    result = run("build", "good.arch", "-o", "-", *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize("setting", ["width", "=3", "my-width=3", ""])
def test_settings_that_are_none(run: Run, setting: str) -> None:
    result = run("build", "good.arch", "--set", setting)
    assert result.exit_code == 2
    assert "--set takes NAME=VALUE" in result.stderr


def test_a_model_that_needs_parameters(run: Run) -> None:
    Path("open.arch").write_text("model Net(width) {\n    input x: [B, 4]\n    Linear(width)\n}\n")
    result = run("build", "open.arch")
    assert result.exit_code == 1
    assert "choose one and set its parameters: `-m Net --set width=…`" in result.stderr
    assert run("build", "open.arch", "-m", "Net").exit_code == 1
    assert run("build", "open.arch", "-m", "Net", "--set", "width=3").exit_code == 0


def test_a_file_without_models(run: Run) -> None:
    Path("none.arch").write_text("block Part {\n    ReLU\n}\n")
    result = run("build", "none.arch")
    assert result.exit_code == 1
    assert "`none.arch` defines no model" in result.stderr


# --- writing -----------------------------------------------------------------------------------


def fails(run: Run, output: str, words: str) -> None:
    result = run("build", "good.arch", "-o", output)
    assert result.exit_code == 1
    assert f"error[A0802]: cannot write `{output}`: {words}" in result.stderr


def test_a_failing_build_leaves_the_old_file(run: Run) -> None:
    Path("out.py").write_text("old")
    assert run("build", "bad.arch", "-o", "out.py").exit_code == 1
    assert Path("out.py").read_text() == "old"


def test_a_write_that_fails_leaves_the_old_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out.py").write_text("old")
    before = sorted(os.listdir())

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    fails(run, "out.py", "no space left on device")
    assert Path("out.py").read_text() == "old"
    assert sorted(os.listdir()) == before


def test_a_read_only_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: Any) -> Any:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refused)
    fails(run, "out.py", "read-only file system")
    assert not Path("out.py").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(run: Run) -> None:
    Path("locked").mkdir(mode=0o555)
    fails(run, "locked/out.py", "permission denied")


def test_a_file_without_write_permission_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out.py").write_text("old")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    fails(run, "out.py", "permission denied")
    assert Path("out.py").read_text() == "old"


def test_targets_that_are_no_files(run: Run) -> None:
    Path("folder").mkdir()
    fails(run, "folder", "it is a directory")
    fails(run, "nowhere/out.py", "no such file or directory")
    fails(run, "good.arch", "it is the spec itself")
    fails(run, "good.arch/out.py", "not a directory")


def test_permissions_and_links_are_kept(run: Run) -> None:
    Path("real.py").write_text("old")
    Path("real.py").chmod(0o640)
    Path("link.py").symlink_to("real.py")
    assert run("build", "good.arch", "-o", "link.py").exit_code == 0
    assert Path("link.py").is_symlink()
    assert "class Net" in Path("real.py").read_text()
    assert stat.S_IMODE(Path("real.py").stat().st_mode) == 0o640


def test_new_files_have_usual_permissions(run: Run) -> None:
    mask = os.umask(0o027)
    try:
        run("build", "good.arch", "-o", "out.py")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(Path("out.py").stat().st_mode) == 0o640


def test_a_device_is_written_to_and_not_replaced(run: Run) -> None:
    assert run("build", "good.arch", "-o", "/dev/null").exit_code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_only_built_files_are_replaced_unasked(run: Run) -> None:
    Path("good.py").write_text("# written by hand\n")
    result = run("build", "good.arch")
    assert result.exit_code == 1
    assert "was not written by archspec" in result.stderr
    assert Path("good.py").read_text() == "# written by hand\n"
    assert run("build", "good.arch", "-o", "good.py").exit_code == 0
    assert run("build", "good.arch", "-m", "Net").exit_code == 0
    assert "class Wide" not in Path("good.py").read_text()
