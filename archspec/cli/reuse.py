"""`archspec reuse`."""

from pathlib import Path

import click

from archspec.cli.build import elaborate_models
from archspec.cli.options import file_argument, load, model_option, set_option
from archspec.cli.output import echo, reporting
from archspec.cli.summary import parse_sizes
from archspec.diagnostics.render import Format


@click.command(short_help="Show what each reuse of features gives and costs.")
@file_argument
@model_option("The model to report on (repeat for several); by default all of the file.")
@click.option("--input", "sizes", metavar="SIZES", multiple=True, help="Sizes, as in H=224,W=224.")
@set_option
@click.option(
    "--stored",
    type=click.Choice(("float64", "float32", "float16", "bfloat16", "int8")),
    default="float32",
    show_default=True,
    help="What features are stored as.",
)
@click.option("--format", type=click.Choice(("text", "json")), default="text", show_default=True)
@reporting
def reuse(
    file: Path,
    models: tuple[str, ...],
    sizes: tuple[str, ...],
    settings: tuple[str, ...],
    stored: str,
    format: Format,
) -> None:
    """Show what reuse gives and costs: memory, gradient paths, concatenation, each edge.

    A batch that is left open is one example; other open sizes must be given.

    \b
    Examples:
      archspec reuse densenet.arch -m DenseNet121 --input H=224,W=224
      archspec reuse gpt2.arch -m GPT2 --input T=1024 --format json
    """
    from archspec.reuse.report import report
    from archspec.reuse.sized import sized
    from archspec.reuse.text import as_text

    given = parse_sizes(sizes)
    built = elaborate_models(load(file), models, settings, format)
    reports = [
        report(sized(m.graph, given, m.frame.constants, stored))  # type: ignore[arg-type]
        for m in built
    ]
    if format == "json":
        texts = [found.to_json() for found in reports]
        echo(texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]")
    else:
        echo("\n\n".join(as_text(found) for found in reports))
