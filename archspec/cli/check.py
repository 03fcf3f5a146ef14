"""`archspec check`."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click

from archspec.cli.options import format_option
from archspec.cli.output import FAULTY, count, echo, show
from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.diagnostics.render import Format


@click.command(short_help="Check specs: syntax, names, and every size for all inputs.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@format_option("How diagnostics are shown.")
@click.pass_context
def check(ctx: click.Context, paths: tuple[Path, ...], format: Format) -> None:
    """Check specs: syntax, names, and every size, for all inputs at once.

    PATHS are files, directories (searched for *.arch) or `-` for standard input.

    \b
    Examples:
      archspec check specs/
      archspec check --format github net.arch
    """
    from archspec.cli.files import find_specs

    files, found = find_specs(paths)
    for file in files:
        found.extend(_check(file))
    diagnostics = _distinct(found)
    show(diagnostics, format, err=False)
    if format not in ("json", "sarif"):
        gap = "\n" if diagnostics and format == "text" else ""
        echo(f"{gap}checked {count(len(files), 'file')}: {_totals(diagnostics)}")
    if any(d.severity == "error" for d in diagnostics):
        ctx.exit(FAULTY)


def _check(file: Path) -> tuple[Diagnostic, ...]:
    from archspec import pipeline
    from archspec.cli.options import load

    try:
        return pipeline.check(load(file))
    except ArchSpecError as error:
        return error.diagnostics


def _distinct(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """A fault of an imported file is found by each file that imports it, and shown once."""
    seen: dict[object, Diagnostic] = {}
    for diagnostic in diagnostics:
        place = diagnostic.place
        where = (Path(place.span.source.name).resolve(), place.span.start) if place else None
        seen.setdefault((diagnostic.code, diagnostic.message, where), diagnostic)
    return list(seen.values())


def _totals(diagnostics: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    numbers = Counter(d.severity for d in diagnostics)
    parts = [count(numbers[kind], kind) for kind in ("error", "warning") if numbers[kind]]
    return ", ".join(parts) or "no errors"
