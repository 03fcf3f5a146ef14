"""draw.io XML to go on with by hand: a cell for each box, join, frame and sign, edges attached."""

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from archspec.backends.diagram.draw import line_of
from archspec.backends.diagram.font import FAMILY
from archspec.backends.diagram.scene import Badge, Box, Edge, Frame, Join, Point, Rect, Scene, Text
from archspec.backends.diagram.svg import number
from archspec.backends.diagram.theme import Theme

_SIGNS: Final = {
    "shared": "θ",
    "tied": "θ",
    "frozen": "✳",
    "ema": "~",
    "detach": "‖",
    "added": "+",
    "removed": "−",
    "changed": "≠",
}
_ALIGN: Final = {"start": "left", "middle": "center", "end": "right"}


def write_drawio(scene: Scene, theme: Theme) -> str:
    """The scene as a draw.io file of one page."""
    return "\n".join([*_Writer(scene, theme).lines(), ""])


class _Writer:
    def __init__(self, scene: Scene, theme: Theme) -> None:
        self.scene = scene
        self.theme = theme
        self.places: dict[str, tuple[str, Rect]] = {}
        self.count = 0

    def lines(self) -> Iterator[str]:
        scene = self.scene
        page = f'pageWidth="{number(scene.width)}" pageHeight="{number(scene.height)}"'
        background = "" if self.theme.page == "none" else f' background="{self.theme.page}"'
        yield '<mxfile host="archspec">'
        yield f'<diagram id="figure" name={quoteattr(scene.title)}>'
        yield f'<mxGraphModel grid="0" page="1" {page}{background}>'
        yield '<root><mxCell id="0"/><mxCell id="1" parent="0"/>'
        for frame in scene.frames:
            yield from self.frame(frame)
        for box in scene.boxes:
            yield from self.box(box)
        for join in scene.joins:
            yield self.join(join)
        for edge in scene.edges:
            yield from self.edge(edge)
        for text in scene.texts:
            yield self.text(text)
        for sample in scene.legend:
            match sample.sample:
                case Edge():
                    yield from self.edge(sample.sample)
                case Join():
                    yield self.join(sample.sample)
                case Badge():
                    yield self.badge(sample.sample)
                case Box():
                    yield from self.box(sample.sample)
            yield self.text(sample.text)
        yield "</root></mxGraphModel></diagram></mxfile>"

    def id(self) -> str:
        self.count += 1
        return f"c{self.count}"

    def vertex(self, rect: Rect, style: str, label: str = "", name: str | None = None) -> str:
        id = self.id()
        if name:
            self.places[name] = (id, rect)
        return (
            f'<mxCell id="{id}" value={quoteattr(label)} style={quoteattr(style)} vertex="1" '
            f'parent="1"><mxGeometry x="{number(rect.x)}" y="{number(rect.y)}" '
            f'width="{number(rect.width)}" height="{number(rect.height)}" as="geometry"/></mxCell>'
        )

    def words(self, size: float) -> str:
        return f"fontFamily={FAMILY};fontSize={number(size)};fontColor={self.theme.ink};"

    def frame(self, frame: Frame) -> Iterator[str]:
        fill = self.theme.panel_fill if frame.panel else self.theme.frame_fill
        style = (
            f"rounded=1;absoluteArcSize=1;arcSize=8;html=1;fillColor={fill};"
            f"strokeColor={self.theme.frame};strokeWidth=0.7;dashed={int(frame.panel)};"
        )
        yield self.vertex(frame.rect, style, name=frame.id)
        for text in frame.texts:
            yield self.text(text)
        for badge in frame.badges:
            yield self.badge(badge)

    def box(self, box: Box) -> Iterator[str]:
        theme = self.theme
        stroke = theme.lines["shared"].colour if box.double else theme.border
        shape = "shape=ext;double=1;" if box.double else ""
        arc = 12.0 if box.role in ("input", "output") else 5.0
        style = (
            f"{shape}rounded=1;absoluteArcSize=1;arcSize={number(arc)};html=1;whiteSpace=nowrap;"
            f"fillColor={theme.fills[box.role]};strokeColor={stroke};"
            f"strokeWidth={number(theme.border_width)};{self.words(7.2)}"
        )
        if any(badge.sign == "removed" for badge in box.badges):
            style += "dashed=1;dashPattern=2 2;"
        for i in range(box.stack, 0, -1):  # the sheets behind a repeated block
            rect = box.rect
            moved = Rect(rect.x + 2.2 * i, rect.y + 2.2 * i, rect.width, rect.height)
            yield self.vertex(moved, style)
        label = "<br>".join(
            f"<b>{escape(text.text)}</b>" if text.bold else escape(text.text) for text in box.texts
        )
        yield self.vertex(box.rect, style, label, box.id)
        for badge in box.badges:
            yield self.badge(badge)

    def join(self, join: Join) -> str:
        lines = self.theme.lines
        if join.kind == "concat":
            colour = lines["dense"].colour
            style = f"html=1;fillColor={self.theme.paper};strokeColor={colour};strokeWidth=0.8;"
            return self.vertex(join.rect, style, "", join.id)
        colour = lines["residual" if join.kind == "add" else "gate"].colour
        if join.kind == "other":
            colour = lines["data"].colour
        style = (
            f"ellipse;html=1;fillColor={self.theme.paper};strokeColor={colour};strokeWidth=1;"
            f"fontFamily={FAMILY};fontSize=9;fontColor={colour};"
        )
        return self.vertex(join.rect, style, _symbol(join), join.id)

    def badge(self, badge: Badge) -> str:
        kind = self.theme.lines[line_of(badge.sign)]
        style = (
            f"ellipse;html=1;fillColor={self.theme.paper};strokeColor={kind.colour};"
            f"strokeWidth=0.8;fontFamily={FAMILY};fontSize=7;fontColor={kind.colour};"
        )
        return self.vertex(badge.rect, style, _SIGNS[badge.sign])

    def text(self, text: Text) -> str:
        style = (
            f"text;html=1;whiteSpace=nowrap;spacing=0;align={_ALIGN[text.anchor]};"
            f"verticalAlign=middle;{self.words(text.size)}"
        )
        label = escape(text.text)
        return self.vertex(text.rect, style, f"<b>{label}</b>" if text.bold else label)

    def edge(self, edge: Edge) -> Iterator[str]:
        line = self.theme.lines[edge.kind]
        style = (
            f"html=1;rounded=1;arcSize=8;strokeColor={line.colour};strokeWidth={number(line.width)};"
            f"startArrow={'oval' if edge.dot else 'none'};startSize=3;startFill=1;"
            f"endArrow={'block' if edge.tip else 'none'};endSize=4;endFill=1;"
        )
        if line.dash:
            pattern = " ".join(number(length / line.width) for length in line.dash)
            style += f"dashed=1;dashPattern={pattern};"
        start, end = edge.path[0], edge.tip or edge.path[-1]
        ends, points = "", ""
        for what, name, point in (("source", edge.source, start), ("target", edge.target, end)):
            place = self.places.get(name) or self.border(point)
            if place is not None:
                id, rect = place
                ends += f' {what}="{id}"'
                style += _anchor("exit" if what == "source" else "entry", rect, point)
            points += f'<mxPoint x="{number(point[0])}" y="{number(point[1])}" as="{what}Point"/>'
        way = "".join(f'<mxPoint x="{number(x)}" y="{number(y)}"/>' for x, y in _way(edge.path))
        if way:
            points += f'<Array as="points">{way}</Array>'
        yield (
            f'<mxCell id="{self.id()}" style={quoteattr(style)} edge="1" parent="1"{ends}>'
            f'<mxGeometry relative="1" as="geometry">{points}</mxGeometry></mxCell>'
        )
        for text in edge.texts:
            yield self.text(text)
        for badge in edge.badges:
            yield self.badge(badge)

    def border(self, point: Point) -> tuple[str, Rect] | None:
        """The frame whose border an edge passes at `point`."""
        for frame in reversed(self.scene.frames):
            r = frame.rect
            inside = r.x - 0.5 < point[0] < r.right + 0.5 and r.y - 0.5 < point[1] < r.bottom + 0.5
            sides = (point[0] - r.x, point[0] - r.right, point[1] - r.y, point[1] - r.bottom)
            if inside and min(map(abs, sides)) < 0.5:
                return self.places[frame.id]
        return None


def _symbol(join: Join) -> str:
    return {"add": "+", "mul": "×"}.get(join.kind, join.symbol)


def _anchor(what: str, rect: Rect, point: Point) -> str:
    """Where an edge meets a cell, as parts of the cell's width and height."""
    x = (point[0] - rect.x) / max(rect.width, 0.01)
    y = (point[1] - rect.y) / max(rect.height, 0.01)
    return f"{what}X={x:.4f};{what}Y={y:.4f};{what}Perimeter=0;"


def _way(path: tuple[Point, ...]) -> list[Point]:
    """The corners of a path, where its straight pieces would meet: draw.io rounds them itself."""
    found: list[Point] = []
    for i in range(1, len(path), 3):
        before, one, two, after = path[i - 1 : i + 3]
        straight = abs(
            (after[0] - before[0]) * (two[1] - before[1])
            - (after[1] - before[1]) * (two[0] - before[0])
        )
        if straight > 1e-6:  # a round corner between a vertical and a horizontal piece
            vertical = abs(one[0] - before[0]) < abs(one[1] - before[1])
            found.append((before[0], after[1]) if vertical else (after[0], before[1]))
    return found
