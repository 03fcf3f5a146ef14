"""Does what an author does with a program, step by step, and keeps what the tool says.

`python -m benchmarks.mistakes.outcomes TOOL` prints the results of one tool as JSON.
"""

import inspect
import json
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

TOOLS: Final = {
    "keras": "Keras",
    "torch": "torch.export",
    "jax": "JAX",
    "onnx": "ONNX",
}
MISTAKES: Final = ("residual", "skip", "heads", "shared", "broadcast")

Shape = tuple[int, ...]
Kind = Literal["fine", "warning", "error"]

#: Marks the line of a program at which the mistake shows.
HERE: Final = "# here"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that an author does: define, export, run on some size."""

    name: str
    work: Callable[[], object]


def run_on(shapes: Iterable[Shape]) -> str:
    """The name of a run: `run on 8x16 and 8`."""
    return "run on " + " and ".join("x".join(map(str, shape)) for shape in shapes)


@dataclass(frozen=True, slots=True)
class Case:
    """One mistake in one tool; `mended` is None where the tool has no way to say what is meant."""

    program: Callable[..., object]
    wrong: Sequence[Action]
    mended: Sequence[Action] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an action: the message as shown, the lines it had, whether it names `# here`."""

    action: str
    kind: Kind
    message: str = ""
    lines: int = 0
    names_line: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """All about one mistake in one tool."""

    file: str
    #: The line of `program` in the file, and the one at which the mistake shows.
    line: int
    here: int
    program: str
    wrong: list[Outcome]
    mended: list[Outcome] | None


def results(tool: str) -> dict[str, object]:
    """The versions of a tool's packages and its results by mistake, as JSON has them."""
    module = import_module(f"benchmarks.mistakes.asked.of_{tool}")
    return {
        "python": ".".join(map(str, sys.version_info[:2])),
        "versions": {package: version(package) for package in module.PACKAGES},
        "results": {name: asdict(result_of(module.CASES[name])) for name in MISTAKES},
    }


def result_of(case: Case) -> Result:
    source, line = inspect.getsourcelines(case.program)
    file = inspect.getsourcefile(case.program)
    assert file is not None
    (here,) = (i for i, text in enumerate(source, start=line) if text.rstrip().endswith(HERE))
    return Result(
        Path(file).name,
        line,
        here,
        "".join(source),
        _outcomes(case.wrong, file, here),
        None if case.mended is None else _outcomes(case.mended, file, here),
    )


def _outcomes(actions: Sequence[Action], file: str, here: int) -> list[Outcome]:
    """The outcome of each; what cannot be defined can be asked nothing else."""
    found: list[Outcome] = []
    for action in actions:
        found.append(_outcome(action, file, here))
        if action.name == "definition" and found[-1].kind == "error":
            break
    return found


def _outcome(action: Action, file: str, here: int) -> Outcome:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            action.work()
        except Exception as error:  # noqa: BLE001 - whatever a tool raises is what is shown
            frames = traceback.TracebackException.from_exception(error)
            text = "".join(frames.format())
            return _said(action, "error", text, file, here)
    said = [w for w in caught if w.category is UserWarning]
    if said:
        text = "\n".join(f"{w.filename}:{w.lineno}: UserWarning: {w.message}" for w in said)
        return _said(action, "warning", text, file, here)
    return Outcome(action.name, "fine")


def _said(action: Action, kind: Kind, text: str, file: str, here: int) -> Outcome:
    text = _plain(text)
    named = f'"{file}", line {here},' in text or f"{file}:{here}:" in text
    lines = text.splitlines()
    return Outcome(action.name, kind, "\n".join(_trimmed(lines, file)), len(lines), named)


def _plain(text: str) -> str:
    """Without colours, and without the lines that only underline, which differ between Pythons."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    kept = [line.rstrip() for line in text.splitlines() if not re.fullmatch(r"[\s~^]+", line)]
    return "\n".join(kept).strip("\n")


def _trimmed(lines: list[str], file: str) -> list[str]:
    """The author's own frames and the last exception; what is left out is counted."""
    start = 0
    for number, line in enumerate(lines):
        if line.startswith("Traceback (most recent call last):"):
            start = number
    out: list[str] = []
    left_out = start
    frame: str | None = None
    for line in lines[start:]:
        found = re.match(r'  File "(.*)", line \d+, in ', line)
        if found:
            frame = found[1]
        elif not line.startswith("    "):
            frame = None
        if frame is None or frame == file:
            out += _left_out(left_out)
            left_out = 0
            out.append(line.replace(file, Path(file).name))
        else:
            left_out += 1
    out += _left_out(left_out)
    return [re.sub(r"\S*/site-packages/", "…/", line) for line in out]


def _left_out(number: int) -> list[str]:
    return [f"  [… {number} lines …]"] if number else []


if __name__ == "__main__":
    json.dump(results(sys.argv[1]), sys.stdout)
