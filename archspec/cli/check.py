"""`archspec check`."""

from pathlib import Path

import click

from archspec.cli.options import format_option
from archspec.cli.output import FAULTY, count, echo, show
from archspec.diagnostics import ArchSpecError
from archspec.diagnostics.model import FixLevel
from archspec.diagnostics.render import Format


@click.command(short_help="Check specs: syntax, names, and every size for all inputs.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--fix", is_flag=True, help="Apply safe fixes to the files that PATHS name.")
@click.option("--diff", is_flag=True, help="Write nothing, and print what --fix would change.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: `maybe` fixes as well.")
@format_option("How diagnostics are shown.")
@click.pass_context
def check(
    ctx: click.Context,
    paths: tuple[Path, ...],
    fix: bool,
    diff: bool,
    unsafe_fixes: bool,
    format: Format,
) -> None:
    """Check specs: syntax, names, and every size, for all inputs at once.

    PATHS are files, directories (searched for *.arch) or `-` for standard input, of which --fix
    prints the fixed text.

    \b
    Examples:
      archspec check specs/
      archspec check --fix net.arch
      archspec check --diff --unsafe-fixes net.arch
      archspec check --format github net.arch
    """
    from archspec import pipeline
    from archspec.cli.files import STDIN, find_specs
    from archspec.cli.fixing import apply_fixes, fixes_for, totals
    from archspec.cli.options import load

    if unsafe_fixes and not (fix or diff):
        raise click.UsageError("--unsafe-fixes goes with --fix or --diff")
    files, found = find_specs(paths)
    programs = {}
    for file in files:
        try:
            programs[file] = load(file)
        except ArchSpecError as error:
            found.extend(error.diagnostics)
    changed = False
    if fix or diff:
        fixed = apply_fixes(programs, diff=diff, unsafe=unsafe_fixes)
        changed, total = bool(fixed.changed), fixed.summary(found)
        found.extend(fixed.remain)
    else:
        found.extend(pipeline.check_all([*programs.values()]))
        total = totals(found)
    # Standard output is for the diff or the fixed text, if one is asked for.
    err = diff or (fix and STDIN in files)
    show(found, format, err=err)
    if format not in ("json", "sarif"):
        gap = "\n" if found and format == "text" else ""
        echo(f"{gap}checked {count(len(files), 'file')}: {total}", err=err)
        applied: FixLevel | None = "maybe" if unsafe_fixes else "safe" if fix or diff else None
        for line in fixes_for(found, programs, applied=applied):
            echo(line, err=err)
    if any(d.severity == "error" for d in found) or (diff and changed):
        ctx.exit(FAULTY)
