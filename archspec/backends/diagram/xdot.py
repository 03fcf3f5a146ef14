"""A scene as Graphviz draws it: the shapes as a background, every text a node at its place.

Graphviz has no dashes but its own, so that dashed lines are cut into their dashes here.
"""

from collections.abc import Iterator, Sequence
from math import hypot
from typing import assert_never

from archspec.backends.diagram.draw import Block, Curve, Disc, Pen, Poly, Shape, Words, groups
from archspec.backends.diagram.font import FAMILY
from archspec.backends.diagram.scene import Point, Rect, Scene, Text
from archspec.backends.diagram.svg import number
from archspec.backends.diagram.theme import Theme

#: Straight pieces that a dashed curve is made of.
PIECES = 12
#: Characters of one string.
LONGEST = 8_000
#: How far above the middle of a line Graphviz sets its baseline, for a size of 1.
BASELINE = 0.3


def write_xdot(scene: Scene, theme: Theme) -> str:
    """DOT that any engine with fixed positions (`neato -n2`) draws as the SVG is drawn."""
    height = scene.height
    texts: list[Words] = []
    parts: list[str] = []
    for group in groups(scene, theme):
        for shape in group.shapes:
            if isinstance(shape, Words):
                texts.append(shape)
            else:
                parts.extend(_shape(shape, height))
    box = f"0,0,{number(scene.width)},{number(height)}"
    page = "" if theme.page == "none" else f' bgcolor="{theme.page}"'
    lines = [
        "digraph figure {",
        f'graph [bb="{box}" margin=0 pad=0{page} _background={_long(parts)}]',
        "node [shape=plaintext margin=0 width=0 height=0 fixedsize=shape]",
        # the corners keep the page as large as the scene
        'a [label="" pos="0,0"]',
        f'b [label="" pos="{number(scene.width)},{number(height)}"]',
    ]
    lines.extend(_text(f"t{i}", words, height) for i, words in enumerate(texts))
    return "\n".join([*lines, "}", ""])


def _long(parts: Sequence[str]) -> str:
    """A long string in several: some readers of DOT take no more than 16,384 characters at once."""
    strings, size = [[""]], 0
    for part in parts:
        size += len(part) + 1
        if size > LONGEST:
            strings.append([""])
            size = len(part) + 1
        strings[-1].append(part)
    return " + ".join(f'"{" ".join(words)}"' for words in strings)


def quoted(text: str) -> str:
    """A DOT string that shows `text` as it is."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _text(name: str, words: Words, height: float) -> str:
    text: Text = words.text
    rect = text.rect
    y = height - text.y + BASELINE * text.size
    font = FAMILY + (" Bold" if text.bold else "")
    return (
        f'{name} [label={quoted(text.text)} pos="{number(rect.cx)},{number(y)}" '
        f'fontname="{font}" fontsize={number(text.size)} fontcolor="{words.colour}"]'
    )


def _shape(shape: Shape, height: float) -> Iterator[str]:
    match shape:
        case Curve(points, pen):
            if pen.dash:
                yield from _dashes(_flat(points), pen, height)
            else:
                yield _set(pen) + f"B {_points(points, height)}"
        case Poly(points, fill, pen):
            if fill is not None:
                yield _fill(fill, pen) + f"P {_points(points, height)}"
            elif pen is not None:
                yield _set(pen) + f"L {_points(points, height)}"
        case Block(rect, radius, fill, pen):
            outline = _outline(rect, radius)
            if fill is not None:
                plain = pen is None or bool(pen.dash)
                yield _fill(fill, None if plain else pen) + f"b {_points(outline, height)}"
            elif pen is not None and not pen.dash:
                yield _set(pen) + f"B {_points(outline, height)}"
            if pen is not None and pen.dash:
                yield from _dashes(_flat(outline), pen, height)
        case Disc(x, y, radius, fill, pen):
            place = f"{number(x)} {number(height - y)} {number(radius)} {number(radius)}"
            if fill is not None:
                yield _fill(fill, pen) + f"E {place}"
            elif pen is not None:
                yield _set(pen) + f"e {place}"
        case Words():
            return
        case _:
            assert_never(shape)


def _set(pen: Pen) -> str:
    style = f"setlinewidth({number(pen.width)})"
    return f"S {len(style)} -{style} c {len(pen.colour)} -{pen.colour} "


def _fill(fill: str, pen: Pen | None) -> str:
    line = _set(pen) if pen is not None else _set(Pen(fill, 0.1))
    return f"{line}C {len(fill)} -{fill} "


def _points(points: Sequence[Point], height: float) -> str:
    flat = " ".join(f"{number(x)} {number(height - y)}" for x, y in points)
    return f"{len(points)} {flat}"


def _outline(rect: Rect, radius: float) -> tuple[Point, ...]:
    r = max(min(radius, rect.width / 2, rect.height / 2), 0.01)
    k = 0.4477 * r
    x0, y0, x1, y1 = rect.x, rect.y, rect.right, rect.bottom
    path: list[Point] = [(x0 + r, y0)]
    for start, one, two, end in (
        ((x1 - r, y0), (x1 - k, y0), (x1, y0 + k), (x1, y0 + r)),
        ((x1, y1 - r), (x1, y1 - k), (x1 - k, y1), (x1 - r, y1)),
        ((x0 + r, y1), (x0 + k, y1), (x0, y1 - k), (x0, y1 - r)),
        ((x0, y0 + r), (x0, y0 + k), (x0 + k, y0), (x0 + r, y0)),
    ):
        path += [path[-1], start, start, one, two, end]
    return tuple(path)


def _flat(points: Sequence[Point]) -> list[Point]:
    """A chain of Bézier curves as straight pieces."""
    found = [points[0]]
    for i in range(1, len(points), 3):
        a, b, c, d = points[i - 1 : i + 3]
        for n in range(1, PIECES + 1):
            t = n / PIECES
            s = 1 - t
            found.append(
                (
                    s**3 * a[0] + 3 * s * s * t * b[0] + 3 * s * t * t * c[0] + t**3 * d[0],
                    s**3 * a[1] + 3 * s * s * t * b[1] + 3 * s * t * t * c[1] + t**3 * d[1],
                )
            )
    return found


def _dashes(points: Sequence[Point], pen: Pen, height: float) -> Iterator[str]:
    start = _set(Pen(pen.colour, pen.width))
    for dash in cut(points, pen.dash):
        yield start + f"L {_points(dash, height)}"
        start = ""


def cut(points: Sequence[Point], lengths: Sequence[float]) -> Iterator[list[Point]]:
    """The dashes of a line: `lengths` are those of dashes and gaps in turn."""
    turn, left = 0, lengths[0]
    dash: list[Point] = [points[0]]
    gap_end = points[0]
    for end in points[1:]:
        at = dash[-1] if turn % 2 == 0 else gap_end
        way = hypot(end[0] - at[0], end[1] - at[1])
        while way > left:
            at = (at[0] + (end[0] - at[0]) * left / way, at[1] + (end[1] - at[1]) * left / way)
            way -= left
            if turn % 2 == 0:
                yield [*dash, at]
            turn += 1
            left = lengths[turn % len(lengths)]
            dash = [at]
        left -= way
        if turn % 2 == 0:
            dash.append(end)
        gap_end = end
    if turn % 2 == 0 and len(dash) > 1:
        yield dash
