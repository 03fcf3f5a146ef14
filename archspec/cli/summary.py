"""`archspec summary`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli.build import elaborate_models
from archspec.cli.options import file_argument, format_option, load, model_option, set_option
from archspec.cli.output import color_of, echo, reporting, width_of
from archspec.diagnostics.render import Format

if TYPE_CHECKING:
    from archspec.elaborate import Elaborated
    from archspec.passes.summary import Summary


@click.command(short_help="Show layers, shapes, parameters, MACs and reuse.")
@file_argument
@model_option("Summarise this model or variant; may be repeated. Default: all.")
@click.option(
    "--input",
    "sizes",
    metavar="H=224,W=224",
    multiple=True,
    help="Sizes that the inputs leave open.",
)
@set_option
@format_option("`json` prints the summary as JSON; the others tell how diagnostics are shown.")
@reporting
def summary(
    file: Path,
    models: tuple[str, ...],
    sizes: tuple[str, ...],
    settings: tuple[str, ...],
    format: Format,
) -> None:
    """Show a model's layers, shapes, parameters and multiply-adds, and what each layer reuses.

    Parameters are counted once, however often a layer is applied or a weight is tied. MACs are
    those of one example: of sizes that stay open they are a polynomial.

    \b
    Examples:
      archspec summary resnet.arch -m ResNet50 --input H=224,W=224
      archspec summary gpt.arch -m GPT --input T=1024 --format json
    """
    given = parse_sizes(sizes)
    built = elaborate_models(load(file), models, settings, format)
    summaries = _summaries(built, given)
    if format == "json":
        texts = [summary.to_json() for summary in summaries]
        echo(texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]")
        return
    from archspec.passes.tables import as_text

    color, width = color_of(sys.stdout), width_of(sys.stdout)
    echo("\n\n".join(as_text(summary, color=color, width=width) for summary in summaries))


def _summaries(built: list["Elaborated"], given: dict[str, int]) -> list["Summary"]:
    from archspec.passes.summary import summarize

    own = sizes_of_each(built, given)
    return [
        summarize(model.graph, sizes, model.frame.constants)
        for model, sizes in zip(built, own, strict=True)
    ]


def sizes_of_each(built: list["Elaborated"], given: dict[str, int]) -> list[dict[str, int]]:
    """Of several models, each takes of `given` what it knows; what none knows is for all."""
    from archspec.passes.sizes import size_names

    known = [size_names(model.graph, model.frame.constants) for model in built]
    unknown = [name for name in given if not any(name in names for names in known)]
    return [
        {name: size for name, size in given.items() if name in names or name in unknown}
        for names in known
    ]


def parse_sizes(texts: tuple[str, ...]) -> dict[str, int]:
    """The sizes of `--input H=224,W=224`."""
    sizes: dict[str, int] = {}
    for text in texts:
        for part in text.split(","):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            digits = value.isascii() and value.isdecimal() and len(value) < 20
            if not equals or not name.isidentifier() or not digits:
                raise click.UsageError(f"--input takes sizes as in `H=224,W=224`, not `{part}`")
            if sizes.setdefault(name, int(value)) != int(value):
                raise click.UsageError(f"--input gives `{name}` two values")
    return sizes
