"""`archspec requirements`."""

from pathlib import Path

import click

from archspec.cli.build import chosen_models, overrides_of
from archspec.cli.options import file_argument, format_option, load, model_option, set_option
from archspec.cli.output import echo, reporting
from archspec.diagnostics.render import Format


@click.command(short_help="Show what the inputs must satisfy, and what needs it.")
@file_argument
@model_option("Show this model or variant; may be repeated. Default: all.")
@set_option
@format_option("`json` prints them as JSON; the others tell how diagnostics are shown.")
@reporting
def requirements(
    file: Path, models: tuple[str, ...], settings: tuple[str, ...], format: Format
) -> None:
    """Show what the sizes of a model's inputs must satisfy, and which layers and joins need it.

    Conditions that a `where` states come first, then the bounds that the checker inferred. The
    emitted module refuses other sizes.

    \b
    Examples:
      archspec requirements unet.arch -m UNet
      archspec requirements unet.arch --set depth=5 --format json
    """
    from archspec import pipeline

    program = load(file)
    found = [
        pipeline.requirements(program, entry.name, overrides_of(entry, settings))
        for entry in chosen_models(program, models)
    ]
    if format == "json":
        texts = [one.to_json() for one in found]
        echo(texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]")
        return
    echo("\n\n".join(str(one) for one in found))
