"""The reuse report as people read it."""

from collections.abc import Iterator, Sequence

from archspec.reuse.report import ReuseReport


def as_text(report: ReuseReport) -> str:
    """Conventions, totals, edges, paths and concatenation; no line end at the end."""
    return "\n".join(_lines(report))


def _lines(report: ReuseReport) -> Iterator[str]:
    t = report.totals
    sizes = ", ".join(f"{name}={size}" for name, size in report.sizes.items())
    yield f"{report.model} at {sizes or 'fixed sizes'}, features stored as {report.stored}"
    yield "A MAC is one multiply-add of a convolution, linear map, product or attention. Nodes run"
    yield "in the order of the graph; memory is given up after its last reader, without weights."
    yield ""
    yield f"parameters              {t.parameters:,}"
    if t.parameters_saved:
        yield f"  counted per use       {t.parameters_per_use:,}"
        yield f"  saved by reuse        {t.parameters_saved:,}"
    yield f"MACs                    {t.macs:,}"
    if t.uncounted:
        yield f"  without those of      {', '.join(t.uncounted)}"
    yield f"element operations      {t.element_ops:,}"
    yield f"activations             {t.activations:,}"
    if t.cio:
        yield f"CIO of convolutions     {t.cio:,}"
    yield f"peak live memory        {_size(t.peak_bytes)} at {t.peak_at}"
    yield f"  elementwise in place  {_size(t.peak_bytes_in_place)}"
    yield f"kept for backward       {_size(t.saved_bytes)}"
    if t.saved_bytes_recomputed != t.saved_bytes:
        yield f"  dense layers again    {_size(t.saved_bytes_recomputed)}"
    if t.not_followed:
        yield f"  without that of       {', '.join(t.not_followed)}"
    if report.concat.emitted:
        c = report.concat
        yield f"concatenated elements   {c.emitted:,}"
        yield f"  with lists            {c.naive:,}"
        yield f"  in one buffer         {c.shared:,} ({c.naive / c.shared:.2f}x)"
    if report.paths is not None:
        p = report.paths
        count = int(p.count, 16)
        shown = f"2^{count.bit_length() - 1}" if count & (count - 1) == 0 and count > 1024 else ""
        shown = shown or (f"{count:,}" if count < 10**12 else f"about 2^{count.bit_length() - 1}")
        steps = f"of {p.shortest} to {p.longest} steps, mean {p.mean:.1f}"
        yield f"gradient paths          {shown}, {steps}"
    yield ""
    rows = [
        (
            edge.mechanism,
            " -> ".join((edge.source, *edge.via, edge.target)),
            str(edge.span),
            f"{edge.parameters:,}" if edge.parameters else "",
            f"{edge.macs:,}" if edge.macs else "",
            _size(edge.held_bytes) if edge.held_bytes else "",
        )
        for edge in report.edges
    ]
    yield from _table(("reuse", "edge", "span", "parameters", "MACs", "held"), rows)
    yield ""
    yield "Not shown: accuracy, robustness, calibration."


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        yield "no reuse edges"
        return
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        cells = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count >= 2**20 else f"{count / 2**10:,.1f} KiB"
