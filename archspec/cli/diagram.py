"""`archspec diagram`."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli.build import chosen_models, overrides_of
from archspec.cli.options import file_argument, format_option, load, model_option, set_option
from archspec.cli.output import echo, reporting, show
from archspec.diagnostics.render import Format

if TYPE_CHECKING:
    from archspec.backends.diagram.scene import Scene

STDOUT = Path("-")


class _Command(click.Command):
    """Takes `--view block NAME` as `--view block=NAME`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for i, (option, value) in enumerate(pairwise(args)):
            if option == "--view" and value == "block" and i + 2 < len(args):
                args[i + 1 : i + 3] = [f"block={args[i + 2]}"]
                break
        return super().parse_args(ctx, args)


@click.command(cls=_Command, short_help="Draw a model: what flows where, and what is reused.")
@file_argument
@model_option(
    "Draw this model or variant; may be repeated. Default: all, each to a file of its own."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT.svg",
    help="Where to write: .svg, .pdf, .png, .dot, .tex, .drawio or .mmd; `-` for standard output. "
    "Default: the model's name with .svg.",
)
@click.option(
    "--view",
    metavar="overview|full|block NAME",
    default="overview",
    help="The stages with details of what repeats (the default), every layer, or one block, "
    "which is named by its label, path or block.",
)
@click.option("--depth", type=click.IntRange(0), help="Open blocks down to this depth.")
@click.option(
    "--direction",
    type=click.Choice(["LR", "TB"]),
    help="Left to right, or top to bottom. Default: what fits.",
)
@click.option(
    "--width",
    type=click.Choice(["3.5in", "7in", "slide"]),
    help="The width to fit: a column, a page, a slide. Default: 7in.",
)
@click.option(
    "--theme",
    default="light",
    show_default=True,
    metavar="light|dark|grey|FILE",
    help="The colours and lines: one that comes along, or a TOML file.",
)
@click.option(
    "--shared",
    type=click.Choice(["copies", "merge"]),
    default="copies",
    show_default=True,
    help="A box for each call of a shared block, or one for all calls where none needs another.",
)
@click.option("--shapes", is_flag=True, help="Say the shape of features where it changes.")
@click.option(
    "--input",
    "sizes",
    metavar="H=224,W=224",
    multiple=True,
    help="Sizes that the inputs leave open, for --shapes, which it implies.",
)
@click.option(
    "--compare", is_flag=True, help="One figure with all the models, their names above them."
)
@click.option("--legend/--no-legend", default=True, help="Whether the signs are explained.")
@set_option
@format_option("How diagnostics are shown, on standard error.")
@reporting
def diagram(
    file: Path,
    models: tuple[str, ...],
    output: Path | None,
    view: str,
    depth: int | None,
    direction: str | None,
    width: str | None,
    theme: str,
    shared: str,
    shapes: bool,
    sizes: tuple[str, ...],
    compare: bool,
    legend: bool,
    settings: tuple[str, ...],
    format: Format,
) -> None:
    """Draw a model for a paper: its stages, and each way in which features or weights are reused.

    Text is never smaller than 7 points, and the figure fits the width of a page. What repeats is
    drawn once, with a count, and in detail below.

    \b
    Examples:
      archspec diagram resnet.arch -m ResNet50
      archspec diagram densenet.arch -m DenseNet121 --view block=denseblock1 -o block.pdf
      archspec diagram gpt.arch --width 3.5in --theme grey -o gpt.svg
      archspec diagram resnet.arch -m ResNet18 -m ResNet50 --compare -o resnets.pdf
    """
    from archspec import pipeline
    from archspec.backends.diagram.compare import compose
    from archspec.backends.diagram.figure import WIDTHS, FigureError, make_scene
    from archspec.backends.diagram.object import Diagram
    from archspec.backends.diagram.options import ending_of, make_options
    from archspec.backends.diagram.theme import ThemeError, load_theme
    from archspec.cli.summary import parse_sizes

    try:
        options = make_options(
            view, depth, direction, width,
            legend=legend, shapes=shapes, sizes=parse_sizes(sizes), shared=shared,
        )  # fmt: skip
        ending = "svg" if output is None or output == STDOUT else ending_of(output)
        look = load_theme(theme)
    except (FigureError, ThemeError) as error:
        raise click.UsageError(str(error)) from None
    program = load(file)
    entries = chosen_models(program, models)
    if output is not None and len(entries) > 1 and not compare:
        known = ", ".join(f"`{entry.name}`" for entry in entries)
        raise click.UsageError(
            f"-o is one file: choose one of {known} with -m, or draw all with --compare"
        )
    scenes: list[tuple[str, Scene]] = []
    for entry in entries:
        built = pipeline.build_graph(program, entry.name, overrides_of(entry, settings))
        show(built.warnings, format, err=True)
        shown = replace(options, legend=legend and not compare)
        try:
            scene = make_scene(built.graph, shown, entry.block.body.doc or "")
        except FigureError as error:
            raise click.UsageError(str(error)) from None
        scenes.append((entry.name, scene))
    if compare:
        name = f"{file.stem}-compared"
        scenes = [(name, compose(scenes, options.width or WIDTHS["7in"], legend_shown=legend))]
    for name, scene in scenes:
        target = output if output is not None else Path(f"{name}.svg")
        try:
            data = Diagram(scene, look).data(ending)
        except FigureError as error:
            raise click.ClickException(str(error)) from None
        _write(target, data)


def _write(target: Path, data: bytes) -> None:
    from archspec.files import write_bytes_atomically

    if target == STDOUT:
        echo(data.decode("utf-8"), end="")
    else:
        write_bytes_atomically(target, data)
