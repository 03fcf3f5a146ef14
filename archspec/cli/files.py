"""Files that commands read."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.source import SourceFile

STDIN = Path("-")


def find_specs(paths: Sequence[Path]) -> tuple[list[Path], list[Diagnostic]]:
    """The files that `paths` name, each once, in order; of directories all `*.arch` below.

    Hidden directories are left out. A directory without specs is reported (A0801).
    """
    found: dict[Path, Path] = {}
    faults: list[Diagnostic] = []
    for path in paths:
        if path == STDIN or not path.is_dir():
            found.setdefault(path if path == STDIN else path.resolve(), path)
            continue
        specs = list(_specs_below(path))
        if not specs:
            message = f"there is no `.arch` file in `{path}`"
            faults.append(Diagnostic("A0801", "error", message))
        for spec in specs:
            found.setdefault(spec.resolve(), spec)
    return list(found.values()), faults


def _specs_below(directory: Path) -> Iterator[Path]:
    for root, directories, files in os.walk(directory):
        directories[:] = sorted(d for d in directories if not d.startswith("."))
        for file in sorted(files):
            if file.endswith(".arch"):
                yield Path(root, file)


def read_stdin() -> SourceFile:
    """Standard input as a source; raises `ArchSpecError` A0801 if it is not UTF-8."""
    data = sys.stdin.buffer.read() if sys.stdin is not None else b""
    try:
        return SourceFile("<stdin>", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = (
            f"standard input is not UTF-8 text: byte {error.start} is 0x{data[error.start]:02x}"
        )
        raise ArchSpecError((Diagnostic("A0801", "error", message),)) from None
