"""A summary as people read it: a table in a terminal, or in a notebook."""

from collections.abc import Iterator
from html import escape
from io import StringIO
from typing import TYPE_CHECKING

from archspec.passes.summary import Count, LayerSummary, Summary

if TYPE_CHECKING:
    from rich.table import Table

_HEADINGS = ("name", "layer", "output", "parameters", "MACs", "reuses")
_NUMBERS = ("parameters", "MACs")
#: Wider than any row: a table that does not go to a terminal is not wrapped.
_UNBOUNDED = 100_000


def as_text(summary: Summary, *, color: bool = False, width: int | None = None) -> str:
    """The table and the totals; cells wrap at `width` columns, if given. No line end at the end."""
    from rich.console import Console

    out = StringIO()
    console = Console(
        file=out,
        width=width or _UNBOUNDED,
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(_headline(summary), style="bold")
    console.print()
    console.print(_table(summary))
    console.print()
    for label, value in totals(summary):
        console.print(f"{label:<24}{value}")
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))


def as_html(summary: Summary) -> str:
    """The same as an HTML fragment for notebooks."""
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    body = "".join(_html_row(layer) for layer in summary.layers)
    foot = "".join(
        f"<tr><td>{escape(label.strip())}</td><td>{escape(value)}</td></tr>"
        for label, value in totals(summary)
    )
    return (
        f"<p><b>{escape(_headline(summary))}</b></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<table><tbody>{foot}</tbody></table>"
    )


def totals(summary: Summary) -> Iterator[tuple[str, str]]:
    """The totals below the table, as label and value."""
    yield "parameters", _number(summary.parameters)
    if summary.parameters_naive != summary.parameters:
        yield "  counted per use", _number(summary.parameters_naive)
    if summary.frozen or summary.ema:
        yield "  trainable", _number(summary.trainable)
    if summary.frozen:
        yield "  frozen", _number(summary.frozen)
    if summary.ema:
        yield "  slow copies (ema)", _number(summary.ema)
    yield "MACs", _number(summary.macs)
    if summary.uncounted:
        yield "  without those of", f"{', '.join(summary.uncounted)} (which state no `macs`)"
    if summary.open_sizes:
        example = ",".join(f"{name}=…" for name in summary.open_sizes)
        yield "", f"(set the open sizes with --input {example})"


def _headline(summary: Summary) -> str:
    inputs = ", ".join(map(str, summary.inputs))
    outputs = ", ".join(map(str, summary.outputs))
    return f"{summary.model}: {inputs} -> {outputs}"


def _table(summary: Summary) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="")
    for heading in _HEADINGS:
        justify = "right" if heading in _NUMBERS else "left"
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for layer in summary.layers:
        table.add_row(*_cells(layer))
    return table


def _cells(layer: LayerSummary) -> tuple[str, ...]:
    return (
        layer.name,
        layer.layer,
        ", ".join(map(str, layer.outputs)),
        _number(layer.parameters) if layer.parameters else "",
        _number(layer.macs) if layer.macs else "",
        ", ".join(f"{reuse.mechanism} {reuse.source}" for reuse in layer.reuses),
    )


def _html_row(layer: LayerSummary) -> str:
    cells = (
        f'<td style="text-align: right">{escape(cell)}</td>'
        if heading in _NUMBERS
        else f"<td>{escape(cell)}</td>"
        for heading, cell in zip(_HEADINGS, _cells(layer), strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _number(count: Count) -> str:
    """Thousands apart; a polynomial as it is."""
    return f"{count:,}" if isinstance(count, int) else count
