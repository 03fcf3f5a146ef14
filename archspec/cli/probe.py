"""`archspec probe`."""

from pathlib import Path

import click

from archspec.cli.options import file_argument, format_option, load
from archspec.cli.output import echo, print_diff, reporting
from archspec.diagnostics.render import Format


@click.command(short_help="Find the shape rules of own layers by running their classes.")
@file_argument
@click.option("--renew", is_flag=True, help="Replace the rules that are written already.")
@click.option("--diff", is_flag=True, help="Print what would change, and write nothing.")
@format_option("How diagnostics are shown, on standard error.")
@reporting
def probe(file: Path, renew: bool, diff: bool, format: Format) -> None:
    """Write the rules of each `extern layer` of FILE that has none.

    Its class is imported and run, on the meta device where it can, with changed sizes and
    arguments. A rule is written only if it held at all of them.

    \b
    Examples:
      archspec probe net.arch
      archspec probe net.arch --renew --diff
    """
    from archspec.cli.files import STDIN
    from archspec.files import write_atomically
    from archspec.runtime.probe import probe as probe_program

    program = load(file)
    found = probe_program(program, renew)
    source = program.scope.source
    if diff:
        print_diff(source.name, source.text, found.text, "probed")
    elif file == STDIN:
        echo(found.text, end="")
    elif found.text != source.text:
        write_atomically(file, found.text)
    names = ", ".join(f"`{name}`" for name in found.layers)
    echo(f"found the rules of {names}" if names else "every own layer has a rule", err=True)
