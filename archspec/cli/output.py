"""Diagnostics on the terminal, and the exit status they give."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from shutil import get_terminal_size
from typing import Any, TextIO, get_args

import click

from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.diagnostics.render import Format, render

FAULTY = 1
_DIFF_COLORS = {"+": "32", "-": "31", "@": "36"}


def color_of(stream: TextIO | None) -> bool:
    """Whether to colour `stream`: if it is a terminal, unless NO_COLOR or FORCE_COLOR is set."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO | None) -> int | None:
    """The columns of the terminal that `stream` is, or None."""
    return get_terminal_size().columns if stream is not None and stream.isatty() else None


def show(diagnostics: Sequence[Diagnostic], format: Format, *, err: bool) -> None:
    """Print diagnostics on stderr (`err`) or stdout; nothing where there are none to be read."""
    if not diagnostics and format not in ("json", "sarif"):
        return
    stream = sys.stderr if err else sys.stdout
    color, width = color_of(stream), width_of(stream) or 120
    echo(render(diagnostics, format, color=color, width=width), err=err)


def echo(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Print `text` as it is: escape codes in it are wanted."""
    click.echo(f"{text}{end}", err=err, nl=False, color=True)


def print_diff(name: str, before: str, after: str, how: str) -> None:
    """Print on stdout what changes in the file called `name`; `how`, in a word, it was changed."""
    from difflib import unified_diff

    color = color_of(sys.stdout)
    lines = before.splitlines(), after.splitlines()
    for line in unified_diff(*lines, name, f"{name} ({how})", lineterm=""):
        code = _DIFF_COLORS.get(line[:1]) if color else None
        echo(f"\x1b[{code}m{line}\x1b[0m" if code else line)


def reporting(command: Callable[..., None]) -> Callable[..., None]:
    """A command that shows the diagnostics of an `ArchSpecError` on stderr and exits with 1.

    The command has the option `format`; diagnostics are in that where they have it, else in text.
    """

    @wraps(command)
    def run(*args: Any, format: Any, **kwargs: Any) -> None:
        try:
            command(*args, format=format, **kwargs)
        except ArchSpecError as error:
            show(error.diagnostics, format_of_diagnostics(format), err=True)
            raise click.exceptions.Exit(FAULTY) from None

    return run


def format_of_diagnostics(format: str | None) -> Format:
    """That of diagnostics beside an output in `format`."""
    found: Format = next((known for known in get_args(Format) if known == format), "text")
    return found


def count(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
