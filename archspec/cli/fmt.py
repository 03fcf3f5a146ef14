"""`archspec fmt`."""

from pathlib import Path

import click

from archspec.cli.options import format_option
from archspec.cli.output import FAULTY, count, echo, print_diff, show
from archspec.diagnostics import ArchSpecError
from archspec.diagnostics.render import Format
from archspec.source import SourceFile


@click.command(short_help="Format specs.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="As --check, and print what would change.")
@format_option("How diagnostics are shown, on standard error.")
@click.pass_context
def fmt(
    ctx: click.Context, paths: tuple[Path, ...], check: bool, diff: bool, format: Format
) -> None:
    """Format specs in one style; no comment is lost and no meaning changed.

    PATHS are files, directories (searched for *.arch) or `-`, which formats standard input to
    standard output. A file with syntax errors is left as it is.

    \b
    Examples:
      archspec fmt specs/
      archspec fmt --check --diff net.arch
      archspec fmt - < net.arch
    """
    from archspec.cli.files import STDIN, find_specs
    from archspec.files import write_atomically

    files, faults = find_specs(paths)
    changed = []
    for file in files:
        try:
            source = _read(file)
            text = _formatted(source)
            if text != source.text:
                changed.append(file)
            if diff:
                print_diff(source.name, source.text, text, "formatted")
            elif file == STDIN and not check:
                echo(text, end="")
            elif text != source.text and not check:
                write_atomically(file, text, "make it writable")
        except ArchSpecError as error:
            faults.extend(error.diagnostics)
    if faults:
        show(faults, format, err=True)
    writes = not (check or diff)
    if not writes or files != [STDIN]:
        verb = "formatted" if writes else "would format"
        for file in changed:
            echo(f"{verb} {file}", err=True)
        same = len(files) - len(changed)
        echo(f"{count(len(changed), 'file')} changed, {same} unchanged", err=True)
    if faults or (changed and not writes):
        ctx.exit(FAULTY)


def _read(file: Path) -> SourceFile:
    from archspec.cli.files import STDIN, read_stdin
    from archspec.elaborate.files import read_source

    return read_stdin() if file == STDIN else read_source(file)


def _formatted(source: SourceFile) -> str:
    from archspec.syntax.format import format_source

    try:
        return format_source(source)
    except ArchSpecError as error:
        from archspec.repair import verified_syntax

        raise ArchSpecError(verified_syntax(error.diagnostics)) from None
