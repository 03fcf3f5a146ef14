"""`archspec diff`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archspec.cli.options import format_option, load
from archspec.cli.output import FAULTY, echo, reporting
from archspec.diagnostics.render import Format

if TYPE_CHECKING:
    from archspec.elaborate import Elaborated
    from archspec.ir import Graph
    from archspec.passes.difference import Difference, LayerChange

#: Rows of one kind that the text shows; JSON has all.
_MOST = 40


@click.command(short_help="What differs between two models, and which weights carry over.")
@click.argument("old", metavar="OLD[:MODEL]")
@click.argument("new", metavar="NEW[:MODEL]")
@click.option(
    "--input",
    "sizes",
    metavar="H=224,W=224",
    multiple=True,
    help="Sizes that the inputs leave open, for the multiply-adds.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="OUT.svg",
    help="Also draw both models there, with what was added, removed and changed marked; the ending "
    "says what is written, as for `archspec diagram`.",
)
@format_option("`json` prints the difference as JSON; the others tell how diagnostics are shown.")
@click.pass_context
@reporting
def diff(
    ctx: click.Context,
    old: str,
    new: str,
    sizes: tuple[str, ...],
    output: Path | None,
    format: Format,
) -> None:
    """Show what differs between two models: layers, reuse, shapes, parameters, weights.

    OLD and NEW are specs; a model is named after a colon, and may be left out where there is one
    only, or one of the same name in both. Exits with 1 if the models differ.

    \b
    Examples:
      archspec diff old.arch new.arch
      archspec diff net.arch:Small net.arch:Large
      archspec diff old.arch new.arch -o difference.pdf
    """
    from archspec.cli.summary import parse_sizes
    from archspec.passes.difference import compare

    ending = _ending(output)
    a, b = models_of(old, new)
    found = compare(a.graph, b.graph, parse_sizes(sizes))
    names = [f"{split(file)[0]}:{m.entry.name}" for file, m in ((old, a), (new, b))]
    if output is not None:
        titles = [f"{Path(split(file)[0]).name}:{m.entry.name}" for file, m in ((old, a), (new, b))]
        _draw(output, ending, (titles[0], a.graph), (titles[1], b.graph), found)
    if format == "json":
        echo(found.to_json())
    else:
        echo(" -> ".join(names))
        echo("\n".join(_lines(found)))
    if not found.same:
        ctx.exit(FAULTY)


def _ending(output: Path | None) -> str:
    from archspec.backends.diagram.figure import FigureError
    from archspec.backends.diagram.options import ending_of

    try:
        return "svg" if output is None else ending_of(output)
    except FigureError as error:
        raise click.UsageError(str(error)) from None


def _draw(
    output: Path,
    ending: str,
    old: tuple[str, "Graph"],
    new: tuple[str, "Graph"],
    found: "Difference",
) -> None:
    from archspec.backends.diagram.differ import difference_scene
    from archspec.backends.diagram.figure import WIDTHS, FigureError
    from archspec.backends.diagram.object import Diagram
    from archspec.backends.diagram.theme import load_theme
    from archspec.files import write_bytes_atomically

    scene = difference_scene(old, new, found, WIDTHS["7in"])
    try:
        data = Diagram(scene, load_theme("light")).data(ending)
    except FigureError as error:
        raise click.ClickException(str(error)) from None
    write_bytes_atomically(output, data)


def models_of(old: str, new: str) -> tuple["Elaborated", "Elaborated"]:
    """The two models that the arguments name. Raises `ArchSpecError`."""
    from archspec import pipeline

    programs = [load(Path(file)) for file in (split(old)[0], split(new)[0])]
    chosen = [split(old)[1], split(new)[1]]
    for program in programs:
        pipeline.refuse(program)
    known = [list(program.models) for program in programs]
    common = [name for name in known[0] if name in known[1]]
    built = []
    for i, (program, name) in enumerate(zip(programs, chosen, strict=True)):
        if name is None and chosen[1 - i] in known[i]:
            name = chosen[1 - i]
        if name is None and len(known[i]) == 1:
            name = known[i][0]
        if name is None and len(common) == 1:
            name = common[0]
        if name is None:
            listed = ", ".join(known[i]) or "none that can be built as it is"
            file = (old, new)[i]
            raise click.UsageError(f"name a model, as in `{file}:NAME`; there are {listed}")
        built.append(pipeline.build_graph(program, name))
    return built[0], built[1]


def split(argument: str) -> tuple[str, str | None]:
    """`net.arch:Small` as file and model."""
    file, colon, model = argument.rpartition(":")
    if colon and model.isidentifier() and not Path(argument).exists():
        return file, model
    return argument, None


def _lines(found: "Difference") -> Iterator[str]:
    if found.same:
        yield ""
        yield "the same layers, reuse and shapes"
    for change in ("removed", "added", "renamed", "changed"):
        rows = [_layer(layer) for layer in found.layers if layer.change == change]
        yield from _section(f"layers {change}", rows)
    edges = [
        f"{'+' if row.change == 'added' else '-'} {row.mechanism}: {row.source} -> {row.target}"
        for row in found.reuse
    ]
    yield from _section("reuse", edges)
    shapes = [f"~ {r.name}: {r.was or 'nothing'} -> {r.now or 'nothing'}" for r in found.shapes]
    yield from _section("shapes", shapes)
    yield ""
    before, after = found.parameters
    yield f"parameters  {before:,} -> {after:,} ({after - before:+,})"
    yield f"MACs        {_number(found.macs[0])} -> {_number(found.macs[1])}"
    yield (
        f"weights     {len(found.carried)} carry over, {len(found.fresh)} are new, "
        f"{len(found.left)} are left behind"
    )


def _layer(row: "LayerChange") -> str:
    match row.change:
        case "removed":
            return f"- {row.old}: {row.was}"
        case "added":
            return f"+ {row.new}: {row.now}"
        case "renamed":
            return f"= {row.old} -> {row.new}"
        case "changed":
            return f"~ {row.new}: {row.was} -> {row.now}"


def _section(title: str, rows: list[str]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"{title}:"
        yield from (f"  {row}" for row in rows[:_MOST])
        if len(rows) > _MOST:
            yield f"  and {len(rows) - _MOST} more (--format json shows all)"


def _number(count: int | str) -> str:
    return f"{count:,}" if isinstance(count, int) else count
