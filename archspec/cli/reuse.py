"""`archspec reuse`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli.build import STDOUT, elaborate_models, refuse_spec
from archspec.cli.options import file_argument, load, model_option, set_option
from archspec.cli.output import echo, format_of_diagnostics, reporting
from archspec.cli.summary import parse_sizes
from archspec.cli.table import by_ending

if TYPE_CHECKING:
    from archspec.backends.report import ReportFormat

#: Those of `archspec.backends.report`, which is imported when it is needed.
_FORMATS = ("text", "json", "latex", "html")


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
@click.option(
    "--format",
    type=click.Choice(_FORMATS),
    help="Default: by the ending of OUT (.html, .tex, .json, .txt); text on the terminal.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT",
    help="Where to write. Default: standard output.",
)
@reporting
def reuse(
    file: Path,
    models: tuple[str, ...],
    sizes: tuple[str, ...],
    settings: tuple[str, ...],
    stored: str,
    format: "ReportFormat | None",
    output: Path | None,
) -> None:
    """Show what reuse gives and costs: memory, gradient paths, concatenation, each edge.

    A batch that is left open is one example; other open sizes must be given.
    HTML is one page with plots, LaTeX is tables for the booktabs package.

    \b
    Examples:
      archspec reuse densenet.arch -m DenseNet121 --input H=224,W=224
      archspec reuse gpt2.arch -m GPT2 --input T=1024 --format json
      archspec reuse resnet.arch -m ResNet50 --input H=224,W=224 -o reuse.html
    """
    from archspec.backends.report import ENDINGS, write_reports
    from archspec.files import write_atomically
    from archspec.reuse.report import report
    from archspec.reuse.sized import sized

    told = format_of_diagnostics(format)
    format = format or by_ending(output, ENDINGS) or "text"
    given = parse_sizes(sizes)
    built = elaborate_models(load(file), models, settings, told)
    reports = [
        report(sized(m.graph, given, m.frame.constants, stored))  # type: ignore[arg-type]
        for m in built
    ]
    text = write_reports(reports, format)
    if output is None or output == STDOUT:
        echo(text, end="")
    else:
        refuse_spec(output, file)
        write_atomically(output, text)
        echo(f"wrote {output}", err=True)
