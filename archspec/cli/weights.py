"""`archspec weights`."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli.build import elaborate_models
from archspec.cli.options import file_argument, format_option, load, model_option, set_option
from archspec.cli.output import FAULTY, color_of, echo, reporting, width_of
from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.diagnostics.render import Format
from archspec.diagnostics.suggest import closest

if TYPE_CHECKING:
    from archspec.elaborate import Elaborated
    from archspec.elaborate.keys import KeyMap, Origin
    from archspec.pipeline import Program
    from archspec.runtime.weights import Row


#: Rows of the table that are shown.
_MOST = 40


@click.group(short_help="Checkpoints: the names of weights, and moving files between them.")
def weights() -> None:
    """Names of weights in other libraries, and checkpoints moved between them.

    \b
    Examples:
      archspec weights keys specs/vit.arch -m ViT_B_16 --of timm
      archspec weights convert specs/gpt2.arch hf.safetensors --from huggingface -o gpt2.pt
    """


@weights.command(short_help="List the weights of a model, and what they are called elsewhere.")
@file_argument
@model_option("The model or variant.")
@click.option("--of", "library", metavar="LIBRARY", help="Beside their names in this library.")
@set_option
@format_option("How diagnostics are shown, on standard error.")
@reporting
def keys(
    file: Path,
    models: tuple[str, ...],
    library: str | None,
    settings: tuple[str, ...],
    format: Format,
) -> None:
    """List the weights of a model with their shapes, by the names of its `state_dict`.

    \b
    Example:
      archspec weights keys specs/vit.arch -m ViT_B_16 --of timm
    """
    from archspec.runtime.weights import origins, weights_of

    program = load(file)
    model = _one(program, models, settings, format)
    found = origins(model.graph, key_map(program, library) if library else None)
    rows = []
    for name, weight in weights_of(model.graph).items():
        shape = f"[{', '.join(map(str, weight.shape))}]"
        there = ", ".join(found[name].names) + (" (transposed)" if found[name].transposed else "")
        rows.append((name, shape, there) if library else (name, shape))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@weights.command(short_help="Move a checkpoint to a model's names, or to another library's.")
@file_argument
@click.argument("checkpoint", type=click.Path(path_type=Path, readable=False))
@model_option("The model or variant that the weights are for.")
@click.option(
    "--from",
    "source",
    metavar="LIBRARY|OLD.arch[:MODEL]",
    help="Whose names the checkpoint has: a `keys` of the spec, or another spec. "
    "Default: the model's own.",
)
@click.option(
    "--to", "target", metavar="LIBRARY", help="Whose names it gets. Default: the model's."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT",
    help="Where to write, .safetensors or .pt. Without it, only whether it fits is told.",
)
@click.option("--entry", metavar="KEY", help="The entry of the checkpoint that is the state dict.")
@click.option(
    "--partial",
    is_flag=True,
    help="Leave out weights that are missing or too much, and say which.",
)
@set_option
@format_option("How diagnostics are shown, on standard error.")
@click.pass_context
@reporting
def convert(
    ctx: click.Context,
    file: Path,
    checkpoint: Path,
    models: tuple[str, ...],
    source: str | None,
    target: str | None,
    output: Path | None,
    entry: str | None,
    partial: bool,
    settings: tuple[str, ...],
    format: Format,
) -> None:
    """Move the weights of CHECKPOINT to the names of a model of FILE.

    Every weight must be there with its shape, and every tensor used; what does not fit is shown in
    a table, and nothing is written. From another spec, the weights that `archspec diff` says carry
    over are taken.

    \b
    Examples:
      archspec weights convert specs/gpt2.arch hf.safetensors -m GPT2 --from huggingface -o gpt2.pt
      archspec weights convert new.arch old.pt --from old.arch --partial -o new.pt
    """
    from archspec.runtime.weights import Misfit, origins, read, save, write
    from archspec.runtime.weights import load as load_state

    program = load(file)
    model = _one(program, models, settings, format)
    there = key_map(program, target) if target else None
    found = _origins(program, model, source)
    state = load_state(checkpoint, entry)
    try:
        converted = read(model.graph, state, found, partial)
        result = write(converted.state, origins(model.graph, there)) if there else converted.state
    except Misfit as misfit:
        _show(misfit.rows)
        echo(f"\n{checkpoint} does not fit `{model.entry.name}`: nothing is written", err=True)
        ctx.exit(FAULTY)
    if converted.rows:
        _show(converted.rows)
    if output is None:
        echo(f"{checkpoint} fits `{model.entry.name}`: {len(result)} tensors", err=True)
        return
    save(result, output)
    echo(f"wrote {output}: {len(result)} tensors", err=True)


def _origins(program: "Program", model: "Elaborated", source: str | None) -> "Mapping[str, Origin]":
    from archspec.cli.diff import split
    from archspec.runtime.weights import origins

    if source is None:
        return origins(model.graph, None)
    if split(source)[0].endswith(".arch"):
        from archspec.cli.diff import models_of
        from archspec.passes.difference import compare

        old, _ = models_of(source, f"{program.scope.source.name}:{model.entry.name}")
        return origins(model.graph, compare(old.graph, model.graph).carried)
    return origins(model.graph, key_map(program, source))


def key_map(program: "Program", library: str) -> "KeyMap":
    """The `keys` of the file for a library. Raises `ArchSpecError`."""
    known = program.scope.keys
    if library not in known:
        near = closest(library, known)
        listed = ", ".join(f"`{name}`" for name in known) or "none"
        help = f"did you mean `{near[0]}`?" if near else f"it has the keys of {listed}"
        message = f"`{program.scope.source.name}` has no `keys {library}`"
        raise ArchSpecError((Diagnostic("A0119", "error", message, help=(help,)),))
    return known[library]


def _one(
    program: "Program", models: tuple[str, ...], settings: tuple[str, ...], format: Format
) -> "Elaborated":
    names = models or tuple(program.models)
    if len(names) != 1:
        listed = ", ".join(names) or "no model"
        raise click.UsageError(f"name one model with -m; the spec has {listed}")
    return elaborate_models(program, names, settings, format)[0]


def _show(rows: "tuple[Row, ...]") -> None:
    """The weights that do not fit, as a table on stderr."""
    import sys
    from io import StringIO

    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="")
    for heading in ("", "in the model", "in the checkpoint", "wanted", "found"):
        table.add_column(heading, overflow="fold")
    for row in rows[:_MOST]:
        table.add_row(row.kind, row.model, row.checkpoint, row.wanted, row.found)
    out = StringIO()
    console = Console(file=out, width=width_of(sys.stderr) or 100_000, markup=False, emoji=False,
                      highlight=False, force_terminal=color_of(sys.stderr))  # fmt: skip
    console.print(table)
    echo("\n".join(line.rstrip() for line in out.getvalue().rstrip().split("\n")), err=True)
    if len(rows) > _MOST:
        kinds = Counter(row.kind for row in rows)
        counts = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
        echo(f"and {len(rows) - _MOST} more; in all {counts}", err=True)
