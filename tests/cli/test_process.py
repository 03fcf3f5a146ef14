"""The command as a process: streams, signals, what it imports."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, "-m", "archspec")


def process(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([*COMMAND, *arguments], capture_output=True, check=False, **options)


@pytest.mark.usefixtures("folder")
def test_exit_codes() -> None:
    assert process("check", "good.arch").returncode == 0
    assert process("check", "bad.arch").returncode == 1
    assert process("check").returncode == 2


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "good.arch"],
        ["build", "good.arch", "-o", "-"],
        ["summary", "good.arch"],
        ["fmt", "--check", "good.arch"],
        ["layers"],
    ],
)
def test_torch_is_never_imported(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from archspec.cli import main\n"
        f"sys.argv = ['archspec', *{arguments}]\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules, file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert run.stderr.decode().splitlines()[-1] == "False"


def test_help_imports_no_compiler() -> None:
    script = (
        "import sys\n"
        "from archspec.cli import main\n"
        "sys.argv = ['archspec', '--help']\n"
        "try: main()\n"
        "finally: print(*sys.modules, file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    loaded = set(run.stderr.decode().split())
    assert "archspec.cli.app" in loaded
    heavy = {"lark", "networkx", "pydantic", "rich", "archspec.pipeline", "archspec.elaborate"}
    assert loaded & heavy == set()


@pytest.mark.usefixtures("folder")
def test_output_is_utf8_in_any_locale() -> None:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHON"))}
    paths = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    strict = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    run = process("summary", "good.arch", env={**plain, **paths, **strict})
    assert run.returncode == 0
    assert "─" in run.stdout.decode("utf-8")
    Path("umlaut.arch").write_text("# ä\nmodel Ü {\n    input x: [B]\n}\n", encoding="utf-8")
    run = process("check", "umlaut.arch", env={**plain, **paths, **strict})
    assert run.returncode == 1
    assert "Ü" in run.stdout.decode("utf-8")


def test_file_names_that_are_no_text(folder: Path) -> None:
    name = b"caf\xe9.arch"
    (folder / os.fsdecode(name)).write_bytes(b"model\n")
    run = subprocess.run([*COMMAND, "check", name], capture_output=True, check=False)
    assert run.returncode == 1
    assert b"Traceback" not in run.stderr
    assert b"caf" in run.stdout


def test_a_reader_that_goes_away() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        run = subprocess.run(
            [*COMMAND, "layers"], stdout=write, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(write)
    assert run.returncode == 141
    assert run.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output() -> None:
    with open("/dev/full", "wb") as full:
        run = subprocess.run([*COMMAND, "layers"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert run.returncode == 1
    assert run.stderr == b"Error: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("stream", [0, 1, 2])
@pytest.mark.usefixtures("folder")
def test_closed_streams(stream: int) -> None:
    script = f"import os, sys; os.close({stream}); os.execv(sys.argv[1], sys.argv[1:])"
    run = subprocess.run(
        [sys.executable, "-c", script, *COMMAND, "check", "-", "good.arch"],
        capture_output=True,
        input=b"",
        check=False,
    )
    assert run.returncode == 0
    assert b"Traceback" not in run.stderr


@pytest.mark.usefixtures("folder")
def test_an_interrupt_is_quiet() -> None:
    script = (
        "import os, signal, sys\n"
        "from archspec import cli, pipeline\n"
        "pipeline.load_file = lambda path: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.argv = ['archspec', 'check', 'good.arch']\n"
        "cli.main()\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert run.returncode == 130
    assert (run.stdout, run.stderr.strip()) == (b"", b"")


@pytest.mark.usefixtures("folder")
def test_models_are_completed() -> None:
    environment = {
        **os.environ,
        "_ARCHSPEC_COMPLETE": "bash_complete",
        "COMP_WORDS": "archspec build good.arch -m W",
        "COMP_CWORD": "4",
    }
    assert process(env=environment).stdout.decode().split() == ["plain,Wide"]
    environment["COMP_WORDS"] = "archspec explain a040"
    environment["COMP_CWORD"] = "2"
    found = process(env=environment).stdout.decode().split()
    assert "plain,A0401" in found
    assert "plain,A0501" not in found
