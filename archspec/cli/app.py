"""The group of all subcommands, and how the process ends."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from archspec import __version__
from archspec.cli.ablate import ablate
from archspec.cli.build import build
from archspec.cli.check import check
from archspec.cli.diagram import diagram
from archspec.cli.diff import diff
from archspec.cli.explain import explain
from archspec.cli.fmt import fmt
from archspec.cli.layers import layers
from archspec.cli.new import new
from archspec.cli.output import FAULTY, show
from archspec.cli.probe import probe
from archspec.cli.requirements import requirements
from archspec.cli.reuse import reuse
from archspec.cli.summary import summary
from archspec.cli.table import table
from archspec.cli.weights import weights
from archspec.diagnostics import ArchSpecError

INTERRUPTED = 130
READER_GONE = 141


class _Group(click.Group):
    """Lists its commands in the order they were added; a reader that goes away ends it quietly."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            _drop_output()
            ctx.exit(READER_GONE)
        except OSError as error:  # files are the commands' own concern: only the terminal is left
            _drop_output()
            raise click.ClickException(f"cannot write the output: {error.strerror}") from None
        return result


def _drop_output() -> None:
    """Python flushes once more at exit, which must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 fine, 1 diagnostics, 2 wrong use.",
)
@click.version_option(__version__, "-V", "--version", message="archspec %(version)s")
def app() -> None:
    """Check, build and summarise neural architectures written as .arch specs.

    \b
    Begin with:
      archspec new my-net
      archspec check my-net.arch
      archspec build my-net.arch
    """


for command in (
    new, check, build, summary, table, reuse, ablate, diagram, requirements, diff, weights, fmt,
    explain, layers, probe,
):  # fmt: skip
    app.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        # Specs and messages are UTF-8, whatever the locale; a file name that is not stays readable.
        getattr(stream, "reconfigure", lambda **_: None)(
            encoding="utf-8", errors="backslashreplace"
        )
    try:
        status = app.main(list(arguments), prog_name="archspec", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Abort:
        return INTERRUPTED
    except ArchSpecError as error:  # of a command that has no format to choose
        show(error.diagnostics, "text", err=True)
        return FAULTY
    return status if isinstance(status, int) else 0
