"""`archspec table`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from archspec.cli.build import STDOUT, elaborate_models, refuse_spec
from archspec.cli.options import file_argument, load, model_option, set_option
from archspec.cli.output import echo
from archspec.cli.summary import parse_sizes, sizes_of_each

if TYPE_CHECKING:
    from archspec.backends.tables import TableFormat
    from archspec.elaborate import Elaborated

F = TypeVar("F")

#: Those of `archspec.backends.tables`, which is imported when it is needed.
_FORMATS = ("text", "latex", "markdown", "csv", "html")


@click.command(short_help="Write the table of architectures that a paper has.")
@file_argument
@model_option("A column of the table; repeat it for several. Default: all models.")
@click.option(
    "--input",
    "sizes",
    metavar="H=224,W=224",
    multiple=True,
    help="Sizes that the inputs leave open.",
)
@set_option
@click.option(
    "--format",
    type=click.Choice(_FORMATS),
    help="Default: by the ending of OUT (.tex, .md, .csv, .html, .txt); text on the terminal.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT",
    help="Where to write. Default: standard output.",
)
def table(
    file: Path,
    models: tuple[str, ...],
    sizes: tuple[str, ...],
    settings: tuple[str, ...],
    format: "TableFormat | None",
    output: Path | None,
) -> None:
    """Write a table of stages, output sizes, layers, parameters and MACs; a column per model.

    Stages are what the spec labels. Layers that repeat are in brackets, with how often. The LaTeX
    is for the booktabs package.

    \b
    Examples:
      archspec table densenet.arch -m DenseNet121 -m DenseNet169 --input H=224,W=224
      archspec table resnet.arch --input H=224,W=224 -o table1.tex
    """
    from archspec.backends.tables import write_table
    from archspec.files import write_atomically
    from archspec.passes.architecture import table_of
    from archspec.passes.sizes import resolve_sizes

    format = format or format_of(output)
    given = parse_sizes(sizes)
    built = elaborate_models(load(file), models, settings, "text")
    resolved = [
        resolve_sizes(model.graph, own, model.frame.constants)
        for model, own in zip(built, sizes_of_each(built, given), strict=True)
    ]
    found = table_of([model.graph for model in built], resolved, _caption(built))
    text = write_table(found, format)
    if output is None or output == STDOUT:
        echo(text, end="")
    else:
        refuse_spec(output, file)
        write_atomically(output, text)
        echo(f"wrote {output}", err=True)
    open_ = dict.fromkeys(name for column in found.columns for name in column.macs.symbols())
    if open_:
        example = ",".join(f"{name}=…" for name in sorted(open_))
        echo(f"set the open sizes with --input {example}", err=True)


def format_of(output: Path | None) -> "TableFormat":
    """What the ending of the file says; text on the terminal."""
    from archspec.backends.tables import ENDINGS

    return by_ending(output, ENDINGS) or "text"


def by_ending(output: Path | None, endings: Mapping[str, F]) -> F | None:
    """The format of `endings` that the file's ending says; None for standard output."""
    if output is None or output == STDOUT:
        return None
    format = endings.get(output.suffix.lower())
    if format is None:
        known = ", ".join(endings)
        raise click.UsageError(
            f"`{output}` does not tell the format: end it with one of {known}, or give --format"
        )
    return format


def _caption(built: list["Elaborated"]) -> str:
    """The first line of the models' doc string, where they have one and the same."""
    docs = {model.entry.block.body.doc or "" for model in built}
    return docs.pop().strip().partition("\n")[0] if len(docs) == 1 else ""
