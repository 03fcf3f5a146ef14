"""Options and arguments that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from archspec.diagnostics.render import FORMATS

if TYPE_CHECKING:
    from archspec.pipeline import Program

Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(help: str) -> Callable[[Command], Command]:
    return click.option(
        "--format", type=click.Choice(FORMATS), default="text", show_default=True, help=help
    )


def file_argument(command: Command) -> Command:
    return click.argument("file", type=click.Path(path_type=Path, readable=False))(command)


def model_option(help: str) -> Callable[[Command], Command]:
    return click.option(
        "-m",
        "--model",
        "models",
        metavar="NAME",
        multiple=True,
        shell_complete=_complete_model,
        help=help,
    )


set_option = click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Give a parameter a value, written as in a spec: --set classes=10 --set 'layers=[2, 2]'.",
)


def split_setting(setting: str) -> tuple[str, str]:
    """`name=value` in its two parts; wrong use if it has none."""
    name, equals, value = setting.partition("=")
    if not equals or not name.strip().isidentifier():
        raise click.UsageError(f"--set takes NAME=VALUE, as in `--set classes=10`, not `{setting}`")
    return name.strip(), value


def _complete_model(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The models of the file that the command line names already."""
    from archspec.diagnostics import ArchSpecError

    # While `-m` has no value yet, click has not told options from arguments.
    file = ctx.params.get("file") or next(iter(ctx.args), None)
    if file is None:
        return []
    try:
        program = load(Path(file))
    except ArchSpecError:
        return []
    return [CompletionItem(name) for name in program.models if name.startswith(incomplete)]


def load(file: Path) -> "Program":
    """The program of a file, `-` for standard input; raises `ArchSpecError` if it can't be read."""
    from archspec import pipeline
    from archspec.cli.files import STDIN, read_stdin

    if file == STDIN:
        source = read_stdin()
        return pipeline.load_text(source.text, source.name)
    return pipeline.load_file(file)
