"""SVG: one group an element, numbers to a hundredth of a point, the same bytes in every run."""

from collections.abc import Iterator
from typing import assert_never
from xml.sax.saxutils import escape, quoteattr

from archspec.backends.diagram.draw import (
    Block,
    Curve,
    Disc,
    Group,
    Pen,
    Poly,
    Shape,
    Words,
    groups,
)
from archspec.backends.diagram.font import FAMILY
from archspec.backends.diagram.scene import Point, Scene
from archspec.backends.diagram.theme import Theme

#: Fonts of the same widths, wherever the figure is opened.
FAMILIES = f"'{FAMILY}', Arimo, Arial, Helvetica, sans-serif"


def write_svg(scene: Scene, theme: Theme) -> str:
    """The scene as an SVG document, sized in points."""
    width, height = number(scene.width), number(scene.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" role="img" font-family="{FAMILIES}">',
        f"<title>{escape(scene.title)}</title>",
    ]
    if scene.description:
        lines.append(f"<desc>{escape(scene.description)}</desc>")
    if theme.page != "none":
        lines.append(f'<rect width="{width}" height="{height}" fill="{theme.page}"/>')
    for group in groups(scene, theme):
        lines.extend(_group(group))
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """To a hundredth, without what says nothing: `12`, `3.5`, `0`."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _group(group: Group) -> Iterator[str]:
    id = quoteattr(group.id)
    yield f'<g id={id} class="{group.kind}">'
    if group.title:
        yield f"<title>{escape(group.title)}</title>"
    for shape in group.shapes:
        yield _shape(shape)
    yield "</g>"


def _shape(shape: Shape) -> str:
    match shape:
        case Curve(points, pen):
            return f'<path d="{_curve(points)}" fill="none"{_pen(pen)}/>'
        case Poly(points, fill, pen):
            path = " ".join(_point(point) for point in points)
            name = "polyline" if fill is None else "polygon"
            return f'<{name} points="{path}" fill="{fill or "none"}"{_pen(pen)}/>'
        case Block(rect, radius, fill, pen):
            return (
                f'<rect x="{number(rect.x)}" y="{number(rect.y)}" width="{number(rect.width)}" '
                f'height="{number(rect.height)}" rx="{number(radius)}" '
                f'fill="{fill or "none"}"{_pen(pen)}/>'
            )
        case Disc(x, y, radius, fill, pen):
            return (
                f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" '
                f'fill="{fill or "none"}"{_pen(pen)}/>'
            )
        case Words(text, colour):
            anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
            bold = ' font-weight="bold"' if text.bold else ""
            return (
                f'<text x="{number(text.x)}" y="{number(text.y)}" '
                f'font-size="{number(text.size)}"{bold}{anchor} fill="{colour}">'
                f"{escape(text.text)}</text>"
            )
        case _:
            assert_never(shape)


def _point(point: Point) -> str:
    return f"{number(point[0])},{number(point[1])}"


def _curve(points: tuple[Point, ...]) -> str:
    parts = [f"M{_point(points[0])}"]
    for i in range(1, len(points), 3):
        before, one, two, end = points[i - 1 : i + 3]
        if _straight(before, one, two, end):
            parts.append(f"L{_point(end)}")
        else:
            parts.append(f"C{_point(one)} {_point(two)} {_point(end)}")
    return "".join(parts)


def _straight(a: Point, b: Point, c: Point, d: Point) -> bool:
    def off(point: Point) -> float:
        return abs((d[0] - a[0]) * (point[1] - a[1]) - (d[1] - a[1]) * (point[0] - a[0]))

    return off(b) < 1e-6 and off(c) < 1e-6


def _pen(pen: Pen | None) -> str:
    if pen is None:
        return ""
    dash = ""
    if pen.dash:
        dash = f' stroke-dasharray="{" ".join(number(length) for length in pen.dash)}"'
    cap = ' stroke-linecap="round"' if pen.round else ""
    return f' stroke="{pen.colour}" stroke-width="{number(pen.width)}"{dash}{cap}'
