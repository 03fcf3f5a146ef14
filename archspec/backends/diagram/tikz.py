"""TikZ: a standalone LaTeX document that draws the same shapes as the SVG, in the same places.

It needs `tikz` alone. Text is in the document's own sans-serif, set at 10 pt and scaled, so
that every size exists; LaTeX's own is narrower than the font that boxes are sized for, and fits.
"""

from collections.abc import Iterator
from typing import Final, assert_never

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
from archspec.backends.diagram.scene import Point, Scene
from archspec.backends.diagram.svg import number
from archspec.backends.diagram.theme import Theme

#: Of 10 pt (72.27 to the inch), for a size in points of the page (72 to the inch).
_SCALE: Final = 72.27 / 72 / 10
_ANCHORS: Final = {"start": "base west", "middle": "base", "end": "base east"}
_ESCAPES: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "×": r"\ensuremath{\times}", "→": r"\ensuremath{\rightarrow}", "−": r"\ensuremath{-}",
    "·": r"\ensuremath{\cdot}", "θ": r"\ensuremath{\theta}", "…": r"\ldots{}",
}  # fmt: skip


def write_tikz(scene: Scene, theme: Theme) -> str:
    """The scene as a LaTeX document for the class `standalone`."""
    found = list(groups(scene, theme))
    colours = {name: f"c{i}" for i, name in enumerate(_colours(found, theme))}
    page = ""
    size = f"({number(scene.width)},{number(scene.height)})"
    if theme.page != "none":
        page = f"\\fill[{colours[theme.page]}] (0,0) rectangle {size};"
    lines = [
        f"% {_comment(scene.title)}",
        r"\documentclass[border=0pt]{standalone}",
        r"\usepackage{tikz}",
        *(
            f"\\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}"
            for colour, name in colours.items()
        ),
        r"\begin{document}\sffamily",
        r"\begin{tikzpicture}[x=1bp,y=-1bp,every node/.style={inner sep=0,outer sep=0}]",
        f"\\useasboundingbox (0,0) rectangle {size};",
        *([page] if page else []),
    ]
    for group in found:
        lines.append(f"% {_comment(f'{group.kind} {group.title or group.id}')}")
        lines.extend(_shape(shape, colours) for shape in group.shapes)
    return "\n".join([*lines, r"\end{tikzpicture}", r"\end{document}", ""])


def escaped(text: str) -> str:
    """Text as LaTeX sets it."""
    return "".join(_ESCAPES.get(char, char) for char in text)


def _comment(text: str) -> str:
    return " ".join(text.split())


def _colours(found: list[Group], theme: Theme) -> Iterator[str]:
    """Every colour that occurs, in the order of use, perhaps more than once."""
    if theme.page != "none":
        yield theme.page
    for group in found:
        for shape in group.shapes:
            match shape:
                case Words(_, colour):
                    yield colour
                case Curve(_, pen):
                    yield pen.colour
                case (
                    Poly(fill=fill, pen=line)
                    | Block(fill=fill, pen=line)
                    | Disc(fill=fill, pen=line)
                ):
                    yield from ([fill] if fill is not None else [])
                    yield from ([line.colour] if line is not None else [])
                case _:
                    assert_never(shape)


def _shape(shape: Shape, colours: dict[str, str]) -> str:
    match shape:
        case Curve(points, pen):
            return f"{_look(None, pen, colours)} {_curve(points)};"
        case Poly(points, fill, pen):
            path = " -- ".join(_point(point) for point in points)
            return f"{_look(fill, pen, colours)} {path}{' -- cycle' if fill else ''};"
        case Block(rect, radius, fill, pen):
            corners = f"{_point((rect.x, rect.y))} rectangle {_point((rect.right, rect.bottom))}"
            round_ = f"rounded corners={number(radius)}bp"
            return f"{_look(fill, pen, colours, round_)} {corners};"
        case Disc(x, y, radius, fill, pen):
            return f"{_look(fill, pen, colours)} {_point((x, y))} circle ({number(radius)}bp);"
        case Words(text, colour):
            words = escaped(text.text)
            if text.bold:
                words = f"\\bfseries {words}"
            return (
                f"\\node[anchor={_ANCHORS[text.anchor]},text={colours[colour]},"
                f"scale={text.size * _SCALE:.4f}] at {_point((text.x, text.y))} {{{words}}};"
            )
        case _:
            assert_never(shape)


def _look(fill: str | None, pen: Pen | None, colours: dict[str, str], *more: str) -> str:
    options = list(more)
    if fill is not None:
        options.append(f"fill={colours[fill]}")
    if pen is not None:
        options += [f"draw={colours[pen.colour]}", f"line width={number(pen.width)}bp"]
        if pen.dash:
            pairs = zip(pen.dash[::2], pen.dash[1::2], strict=True)
            pattern = " ".join(f"on {number(on)}bp off {number(off)}bp" for on, off in pairs)
            options.append(f"dash pattern={pattern}")
        if pen.round:
            options.append("line cap=round")
    return f"\\path[{','.join(options)}]"


def _point(point: Point) -> str:
    return f"({number(point[0])},{number(point[1])})"


def _curve(points: tuple[Point, ...]) -> str:
    parts = [_point(points[0])]
    for i in range(1, len(points), 3):
        one, two, end = (_point(point) for point in points[i : i + 3])
        parts.append(f".. controls {one} and {two} .. {end}")
    return " ".join(parts)
