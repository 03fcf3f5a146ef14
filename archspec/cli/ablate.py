"""`archspec ablate`."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli.build import STDOUT, elaborate_models, overrides_of, refuse_spec
from archspec.cli.options import file_argument, load, model_option, set_option
from archspec.cli.output import echo, show
from archspec.cli.summary import parse_sizes
from archspec.cli.table import format_of
from archspec.diagnostics import ArchSpecError

if TYPE_CHECKING:
    from archspec.backends.tables import TableFormat
    from archspec.elaborate import Elaborated
    from archspec.pipeline import Program
    from archspec.reuse.ablation import Ablated, AblationTable

_FORMATS = ("text", "json", "latex", "markdown", "csv", "html")


@click.command(short_help="Leave reuse edges out, and show what that changes.")
@file_argument
@model_option("The model; needed where the file has several.")
@click.option(
    "--without",
    metavar="EDGE",
    multiple=True,
    help="Leave out this edge, named as `archspec reuse` does: 'maxpool -> layer1.0:add', or by "
    "one end; * stands for anything. Repeat it for more rows.",
)
@click.option(
    "--mechanism",
    "mechanisms",
    metavar="NAME",
    multiple=True,
    help="Leave out all edges of this kind: residual, dense, skip, gate, detach or tied. Default: "
    "a row for each kind.",
)
@click.option("--each", is_flag=True, help="A row for each edge, left out alone.")
@click.option(
    "--match",
    type=click.Choice(["parameters"]),
    help="Add to each row the model widened to as many parameters as the whole one has.",
)
@click.option("--by", metavar="NAME", help="The parameter that --match changes.")
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
    help="Default: by the ending of OUT (.tex, .md, .csv, .html, .json, .txt); text on the "
    "terminal.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT",
    help="Where to write the table. Default: standard output.",
)
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Also write each model there: its spec, its PyTorch module, and its figure.",
)
def ablate(
    file: Path,
    models: tuple[str, ...],
    without: tuple[str, ...],
    mechanisms: tuple[str, ...],
    each: bool,
    match: str | None,
    by: str | None,
    sizes: tuple[str, ...],
    settings: tuple[str, ...],
    stored: str,
    format: str | None,
    output: Path | None,
    folder: Path | None,
) -> None:
    """Solve a model again without some of its reuse: parameters, MACs, memory, gradient paths.

    Widths follow; what does not align any more is said. What aligned the reused features goes along
    with them, and of a gate, what gates. Layers that nothing reads any more go as well.

    \b
    Examples:
      archspec ablate resnet.arch -m ResNet18 --input H=224,W=224
      archspec ablate densenet.arch -m DenseNet121 --each --input H=224,W=224 -o each.csv
      archspec ablate dense.arch -m Net --input H=32,W=32 --match parameters --by growth
      archspec ablate gpt2.arch -m GPT2 --mechanism tied --input T=1024 --write ablated/
    """
    from archspec.reuse.ablation import AblationTable, ablated, choose, measure
    from archspec.reuse.sized import sized

    format = format or _format_of(output)
    if by is not None and match is None:
        raise click.UsageError("--by is for --match parameters")
    program = load(file)
    model = _one(program, models, settings)
    overrides = overrides_of(model.entry, settings)
    size = sized(model.graph, parse_sizes(sizes), model.frame.constants, stored)  # type: ignore[arg-type]
    ablations = choose(size, without, mechanisms, each)

    def rebuild(texts: Mapping[Path, str], given: Mapping[str, Any]) -> "Elaborated":
        from archspec import pipeline

        changed = program.changed(texts)
        return pipeline.build_graph(changed, model.entry.name, {**overrides, **given}, fixes=False)

    rows = []
    for found in _progress(
        ablated(model, size, ablations, rebuild, match is not None, by), len(ablations)
    ):
        rows.append(found.row)
        if folder is not None and found.model is not None:
            _write(folder, program, found)
    table = AblationTable(
        model=model.entry.name,
        sizes=dict(size.sizes),
        stored=size.stored,
        whole=measure(size),
        rows=tuple(rows),
    )
    _print(table, format, output, file)


def _print(table: "AblationTable", format: Any, output: Path | None, file: Path) -> None:
    from archspec.backends.tables.ablation import write_ablation
    from archspec.files import write_atomically

    text = f"{table.to_json()}\n" if format == "json" else write_ablation(table, format)
    if output is None or output == STDOUT:
        echo(text, end="")
        return
    refuse_spec(output, file)
    write_atomically(output, text)
    echo(f"wrote {output}", err=True)


def _format_of(output: Path | None) -> "TableFormat | str":
    if output is not None and output.suffix.lower() == ".json":
        return "json"
    return format_of(output)


def _one(program: "Program", models: tuple[str, ...], settings: tuple[str, ...]) -> "Elaborated":
    from archspec import pipeline

    pipeline.refuse(program)
    names = tuple(dict.fromkeys(models)) or tuple(program.models)
    if len(names) > 1:
        raise click.UsageError(f"name one model with -m: {', '.join(names)}")
    (built,) = elaborate_models(program, names, settings, "text")
    return built


def _progress(rows: "Iterator[Ablated]", count: int) -> "Iterator[Ablated]":
    """On a terminal, how many rows are done."""
    shown = sys.stderr is not None and sys.stderr.isatty() and count > 1
    for number, row in enumerate(rows, start=1):
        if shown:
            click.echo(f"\r{number} of {count}", nl=False, err=True)
        yield row
    if shown:
        click.echo("\r\x1b[K", nl=False, err=True)


# --- files -------------------------------------------------------------------------------------


def _write(folder: Path, program: "Program", found: "Ablated") -> None:
    """The spec, module and figure of a row."""
    from archspec import pipeline
    from archspec.backends.diagram.figure import Options, make_scene
    from archspec.backends.diagram.svg import write_svg
    from archspec.backends.diagram.theme import load_theme
    from archspec.files import write_atomically
    from archspec.reuse.ablation.written import written

    assert found.model is not None
    model, row = found.model, found.row
    words = [row.name, *(f"{k}={v}" for k, v in row.widened.items())]
    name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{model.entry.name} without {' '.join(words)}").strip(
        "-"
    )
    folder.mkdir(parents=True, exist_ok=True)
    widened = (model.entry.name, row.widened) if row.widened else None
    specs = written(program.scope.source, found.texts or {}, folder, name, widened)
    scene = make_scene(model.graph, Options(), model.entry.block.body.doc or "")
    module = name.replace("-", "_").replace(".", "_")
    files = {**specs, folder / f"{name}.svg": write_svg(scene, load_theme("light"))}
    try:
        files[folder / f"{module}.py"] = pipeline.emit_python([model])
    except ArchSpecError as error:  # what is left of a list may have no Python
        show(error.diagnostics, "text", err=True)
    for path, text in files.items():
        write_atomically(path, text)
        echo(f"wrote {path}", err=True)
