"""Reuse reports as one HTML page that stands alone: it has no script, and loads nothing.

The page is well-formed XML too. Rounded numbers have the exact one in their `data` element.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from archspec.backends.report.charts import WIDTH, Figure, element
from archspec.backends.report.flow import arcs, timeline
from archspec.backends.report.spread import histogram, scatter
from archspec.backends.report.style import STYLE
from archspec.reuse.report import Edge, ReuseReport
from archspec.reuse.words import (
    CONVENTIONS,
    NOT_SHOWN,
    WEIGHTS_HEAD,
    edge_table,
    size,
    sizes,
    totals,
    weight_cells,
)

#: Nothing is loaded, and nothing runs.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_html(reports: Sequence[ReuseReport]) -> str:
    """A page with a section for each of `reports`."""
    return "\n".join(_page(reports)) + "\n"


def _page(reports: Sequence[ReuseReport]) -> Iterator[str]:
    title = f"Reuse in {', '.join(report.model for report in reports)}"
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8"/>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}"/>'
    yield f"<title>{escape(title)}</title>"
    yield f"<style>\n{STYLE}</style>"
    yield "</head>"
    yield "<body>"
    if len(reports) > 1:
        links = (
            element("li", element("a", escape(report.model), href=f"#m{i}"))
            for i, report in enumerate(reports, start=1)
        )
        yield f'<nav aria-label="Models"><ul>{"".join(links)}</ul></nav>'
    for i, report in enumerate(reports, start=1):
        yield from _report(report, f"m{i}")
    yield "</body>"
    yield "</html>"


def _report(report: ReuseReport, id: str) -> Iterator[str]:
    yield f'<article id="{id}">'
    yield f"<h1>What reuse gives and costs: {escape(report.model)}</h1>"
    at = f"At {sizes(report)}, features stored as {report.stored}."
    yield f'<p class="soft">{escape(at)}</p>'
    yield f'<p class="limits">{escape(NOT_SHOWN)}</p>'
    yield "<h2>Totals</h2>"
    yield '<div class="scroll"><table class="totals"><tbody>'
    for total in totals(report):
        kind = ' class="part"' if total.part else ""
        text = escape(total.text)
        if total.count is not None:
            text = f'<data value="{total.count}">{text}</data>'
        yield f'<tr{kind}><th scope="row">{escape(total.name)}</th><td>{text}</td></tr>'
    yield "</tbody></table></div>"
    for figure in _figures(report, f"{id}-"):
        yield from _figure(figure, f"{id}-{figure.id}")
    yield f"<h2>All {len(report.edges):,} reuse edges</h2>" if report.edges else "<h2>Edges</h2>"
    yield from _edges(report.edges)
    if report.weights:
        yield "<h2>Reused weights</h2>"
        rows = (weight_cells(reused) for reused in report.weights)
        yield from _table("weights", WEIGHTS_HEAD, (list(map(escape, row)) for row in rows))
    yield "<h2>Conventions</h2>"
    yield "<ul>"
    for told in (
        *CONVENTIONS,
        "Held is memory that waits for an edge alone. Parameters and MACs of an edge are those of "
        "the layers that align it; its span is counted in nodes.",
        "Its source sees so many pixels of the image along an axis, and meets features that see so "
        "many; these are receptive fields by windows, without statistics of norms.",
        "Gradient paths go from an output to where features begin; a step is a layer with weights, "
        "norms aside.",
        "Bytes moved are what a node reads and writes, its weights included, each once.",
        NOT_SHOWN,
    ):
        yield f"<li>{escape(told)}</li>"
    yield "</ul>"
    yield "</article>"


def _figures(report: ReuseReport, prefix: str) -> Iterator[Figure]:
    if report.edges:
        yield arcs(report)
    yield timeline(report, prefix)
    if report.paths is not None:
        yield histogram(report.paths)
    work = scatter(report)
    if work is not None:
        yield work


def _figure(figure: Figure, id: str) -> Iterator[str]:
    yield "<figure>"
    yield f"<figcaption><h2>{escape(figure.title)}</h2><p>{escape(figure.caption)}</p></figcaption>"
    if figure.legend:
        samples = "".join(
            f"<li>{_sample(class_)}{escape(label)}</li>" for label, class_ in figure.legend
        )
        yield f'<ul class="legend">{samples}</ul>'
    yield '<div class="scroll">'
    yield (
        f'<svg class="plot" id="{id}" viewBox="0 0 {WIDTH} {figure.height:g}" role="img" '
        f'aria-labelledby="{id}-title {id}-text">'
    )
    yield f'<title id="{id}-title">{escape(figure.title)}</title>'
    yield f'<desc id="{id}-text">{escape(figure.description)}</desc>'
    yield from figure.drawing
    yield "</svg>"
    yield "</div>"
    yield f"<p>{escape(figure.description)}</p>"
    yield "</figure>"


def _sample(class_: str) -> str:
    """A line or an area as the plot has it."""
    if class_.startswith("arc"):
        shape = element("path", d="M1 6H31", class_=class_)
    elif class_ == "reuse":
        shape = element("rect", x=1, y=1, width=30, height=10, class_="held")
        shape += element("path", d="M3 11L11 1M11 11L19 1M19 11L27 1", class_="hatch")
    else:
        shape = element("rect", x=1, y=1, width=30, height=10, class_=class_)
    return f'<svg viewBox="0 0 32 12" aria-hidden="true">{shape}</svg>'


def _edges(edges: Sequence[Edge]) -> Iterator[str]:
    if not edges:
        yield "<p>No reuse edges.</p>"
        return
    head, rows = edge_table(edges)
    yield from _table("edges", head, map(_edge, edges, rows))


def _edge(edge: Edge, row: tuple[str, ...]) -> list[str]:
    kind, way, *counts, _ = map(escape, row)
    held = f'<data value="{edge.held_bytes}">{size(edge.held_bytes)}</data>'
    return [kind, way.replace("-&gt;", "→"), *counts, held if edge.held_bytes else ""]


def _table(class_: str, head: Sequence[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """A table whose second column is names; `rows` are markup."""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    yield f'<div class="scroll"><table class="{class_}">'
    yield f"<thead><tr>{names}</tr></thead>"
    yield "<tbody>"
    for kind, name, *counts in rows:
        cells = "".join(f"<td>{count}</td>" for count in counts)
        yield f'<tr><td>{kind}</td><td class="way">{name}</td>{cells}</tr>'
    yield "</tbody></table></div>"


__all__ = ["as_html"]
