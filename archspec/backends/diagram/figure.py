"""A model's figure: the picture that fits, its details, ties and legend, on one page."""

from dataclasses import dataclass, replace
from typing import Literal

from archspec.backends.diagram.build import Choice, Marks, Model, build_level
from archspec.backends.diagram.font import text_width
from archspec.backends.diagram.geometry import Direction
from archspec.backends.diagram.layout import lay_out
from archspec.backends.diagram.legend import legend
from archspec.backends.diagram.page import MARGIN, Sheet, moved, moved_sample
from archspec.backends.diagram.parts import Part
from archspec.backends.diagram.scene import Frame, Kind, Rect, Sample, Scene, Text
from archspec.backends.diagram.shapes import shapes_of
from archspec.backends.diagram.ties import ties
from archspec.backends.diagram.view import (
    Picture,
    block_names,
    find_block,
    full,
    overviews,
    scattered,
    to_depth,
)
from archspec.diagnostics.suggest import closest
from archspec.ir import Graph
from archspec.passes.sizes import resolve_sizes

#: Widths of columns and slides, in points.
WIDTHS = {"3.5in": 252.0, "7in": 504.0, "slide": 864.0}
#: A picture from top to bottom is no higher than that, and one column wide, or the next is tried.
TALL = 560.0
COLUMN = 252.0
#: With details below it, a picture is no higher than a page; what is left over is left out.
PAGE = 680.0
MOST = 44
_DIRECTIONS: tuple[Direction, ...] = ("LR", "TB")
#: Around panels and between them.
GUTTER = 10.0
PANEL = 7.0


class FigureError(ValueError):
    """A figure that cannot be drawn as it was asked for, with the reason."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to draw: see `archspec diagram --help`."""

    view: Literal["overview", "full", "block"] = "overview"
    block: str = ""
    depth: int | None = None
    direction: Direction | None = None
    width: float | None = None
    legend: bool = True
    #: Whether boxes say the shape of what they give, where it changes, with `sizes` for open ones.
    shapes: bool = False
    sizes: tuple[tuple[str, int], ...] = ()
    #: Calls of a block with weights: a box for each, or one for all where that can be.
    shared: Literal["copies", "merge"] = "copies"


def make_scene(
    graph: Graph,
    options: Options | None = None,
    description: str = "",
    marks: Marks | None = None,
) -> Scene:
    """The figure of a model; `marks` are what it differs in from another one.

    Raises `FigureError`, and `ArchSpecError` for sizes that the model has not or excludes.
    """
    chosen = options or Options()
    shapes = None
    if chosen.shapes:
        shapes = shapes_of(graph, resolve_sizes(graph, dict(chosen.sizes)))
    model = Model(graph, marks or Marks(), shapes, chosen.shared == "merge")
    part = model.root
    if chosen.view == "block":
        found = find_block(model, chosen.block)
        if found is None:
            message = f"the model `{graph.name}` has no block `{chosen.block}`"
            raise FigureError(f"{message}; {_nearest(chosen.block, block_names(model))}")
        part = found
    sheet, sideways = _fitting(model, part, chosen)
    title = graph.name if part is model.root else f"{graph.name}: {chosen.block}"
    return _finish(model, sheet, chosen, sideways, title, description)


def _nearest(asked: str, known: list[str]) -> str:
    near = closest(asked, [*known, *(name.rpartition(".")[2] for name in known)])
    if near:
        return f"did you mean `{near[0]}`?"
    return f"it has {', '.join(f'`{name}`' for name in known[:8]) or 'none'}"


def _fitting(model: Model, part: Part, chosen: Options) -> tuple[Sheet, bool]:
    """The first picture that fits the page, else the one that is the least too large."""
    width = chosen.width or WIDTHS["7in"]
    tried: list[tuple[float, Sheet, bool]] = []
    for picture, direction in _attempts(model, part, chosen, width):
        sheet = _main(model, part, picture.choice, direction)
        room = sheet.bounds
        limit = width - 2 * MARGIN
        tall = direction == "TB"
        fits = room.width <= limit and len(sheet.boxes) + len(sheet.joins) <= MOST
        if tall and chosen.direction is None and chosen.view == "overview":
            fits = fits and room.height <= TALL
        if picture.panels:
            sheet = _with_panels(model, sheet, picture.panels, limit, tall)
        tried.append((max(room.width / limit, room.height / (TALL * 4)), sheet, tall))
        if fits:
            return sheet, tall
    _, sheet, tall = min(tried, key=lambda one: one[0])
    return sheet, tall


def _attempts(
    model: Model, part: Part, chosen: Options, width: float
) -> list[tuple[Picture, Direction]]:
    directions: list[Direction] = ["LR", "TB"] if chosen.direction is None else [chosen.direction]
    if part is not model.root:
        pictures = [_of_block(model, part, chosen)]
    elif chosen.view == "full":
        pictures = [full(model)]
    elif chosen.depth is not None:
        pictures = [to_depth(model, chosen.depth)]
    else:
        pictures = overviews(model)
    return [(picture, direction) for picture in pictures for direction in directions]


def _of_block(model: Model, part: Part, chosen: Options) -> Picture:
    depth = chosen.depth or 0
    picture = to_depth(model, depth + 50) if depth else Picture(Choice(frozenset(), frozenset()))
    if not depth:
        return picture
    opened: set[Part] = set()
    stack = [(p, 1) for p in part.parts]
    while stack:
        inner, level = stack.pop()
        if level <= depth:
            opened.add(inner)
            stack.extend((p, level + 1) for p in inner.parts)
    return Picture(Choice(frozenset(opened), frozenset()))


def _main(model: Model, part: Part, choice: Choice, direction: Direction) -> Sheet:
    whole = part is model.root
    if not whole:
        choice = replace(choice, repeats=False)
    level = build_level(model, part, choice, whole=whole)
    sheet = Sheet()
    laid = lay_out(level, direction)
    sheet.add(laid, direction, 0.0, 0.0)
    sheet.pairs = _pairs(model, sheet)
    sheet.edges += ties(
        sheet.pairs, sheet.boxes, sheet.joins, sheet.frames, sheet.bounds, direction == "TB"
    )
    return sheet


def _pairs(model: Model, sheet: Sheet) -> list[tuple[str, str, Kind]]:
    """The boxes that share weights: applications of one module, ties, and slow copies."""
    ids = [b.id for b in sheet.boxes] + [f.id for f in sheet.frames]
    found: list[tuple[str, str, Kind]] = []
    for id in ids:
        base, at, count = id.partition("@")
        if at and count.isdecimal():
            before = base if count == "2" else f"{base}@{int(count) - 1}"
            if before in ids and any(
                r.mechanism == "shared" and r.source == base for r in model.graph.relations
            ):
                found.append((before, id, "shared"))
    for relation in model.graph.relations:
        kind = relation.mechanism
        if kind not in ("tied", "ema"):
            continue
        source, target = relation.source, relation.target
        if kind == "tied":
            source, target = (name.rpartition(".")[0] for name in (source, target))
        a, b = _holder(source, ids), _holder(target, ids)
        if a is not None and b is not None and a != b and (a, b, kind) not in found:
            found.append((a, b, kind))
    return found


def _holder(path: str, ids: list[str]) -> str | None:
    """The drawn item that shows the module at `path`, itself or a block around it."""
    while path:
        if path in ids:
            return path
        path = path.rpartition(".")[0]
    return None


# --- panels ------------------------------------------------------------------------------------


def _with_panels(
    model: Model, main: Sheet, parts: tuple[Part, ...], width: float, tall: bool
) -> Sheet:
    """The main picture with details of blocks: beside it if it is tall, else below it."""
    panels: list[tuple[Sheet, Rect, str]] = []
    box = main.bounds
    limit = width - (box.width + GUTTER if tall else 0.0) - 2 * PANEL
    for n, part in enumerate(parts):
        choice = Choice(frozenset(), scattered(model, part), False)
        level = build_level(model, part, choice, whole=False)
        for direction in _DIRECTIONS:
            sheet = Sheet()
            sheet.add(lay_out(level, direction), direction, 0.0, 0.0, f"panel{n + 1}:")
            if sheet.bounds.width <= limit:
                panels.append((sheet, sheet.bounds, _panel_title(part)))
                break
    if tall and parts and not panels:  # all are too wide to stand beside
        return _with_panels(model, main, parts, width, False)
    if tall:
        _beside(main, panels)
    else:
        _below(main, panels, width)
    return main


def _beside(main: Sheet, panels: list[tuple[Sheet, Rect, str]]) -> None:
    """Panels in a column at the right, both columns centred."""
    box = main.bounds
    total = sum(_height(room) for _, room, _ in panels) + GUTTER * (len(panels) - 1)
    wide = max((_width(room, title) for _, room, title in panels), default=0.0)
    x, y = box.right + GUTTER + 4.0, box.cy - total / 2
    for sheet, room, title in panels:
        rect = Rect(x, y, wide, _height(room))
        _put(main, sheet, room, rect, title)
        y += rect.height + GUTTER


def _below(main: Sheet, panels: list[tuple[Sheet, Rect, str]], width: float) -> None:
    """Panels in rows, each row centred."""
    box = main.bounds
    rows: list[list[tuple[Sheet, Rect, str]]] = []
    used = 0.0
    for panel in panels:
        wide = _width(panel[1], panel[2])
        if not rows or used + GUTTER + wide > width:
            rows.append([])
            used = -GUTTER
        rows[-1].append(panel)
        used += GUTTER + wide
    y = box.bottom + GUTTER + 2.0
    for row in rows:
        if row is not rows[0] and y + max(_height(room) for _, room, _ in row) - box.y > PAGE:
            break
        total = sum(_width(room, title) for _, room, title in row) + GUTTER * (len(row) - 1)
        height = max(_height(room) for _, room, _ in row)
        x = box.cx - total / 2
        for sheet, room, title in row:
            own = _height(room)
            rect = Rect(x, y, _width(room, title), height if height <= 1.6 * own else own)
            _put(main, sheet, room, rect, title)
            x += rect.width + GUTTER
        y += height + GUTTER


def _width(room: Rect, title: str) -> float:
    return max(room.width, text_width(title, 7.5, bold=True)) + 2 * PANEL


def _height(room: Rect) -> float:
    return room.height + 2 * PANEL + 10.0


def _put(main: Sheet, sheet: Sheet, room: Rect, rect: Rect, title: str) -> None:
    """A panel's frame with its title, and the picture in the middle of it."""
    dx = rect.cx - room.cx
    dy = rect.y + 10.0 + (rect.height - 10.0) / 2 - room.cy
    placed = moved(sheet, dx, dy)
    wide = text_width(title, 7.5, bold=True)
    text = Text(rect.x + 5.0, rect.y + 9.5, title, 7.5, wide, True, "start")
    main.frames.append(Frame(f"panel {len(main.frames)}", rect, (text,), panel=True))
    main.boxes += placed.boxes
    main.joins += placed.joins
    main.edges += placed.edges
    main.frames += placed.frames
    main.texts += placed.texts


def _panel_title(part: Part) -> str:
    module = part.module
    if module is None:
        return ""
    if module.block is None or module.key.isdecimal():
        return module.block or module.key
    return f"{module.key}: {module.block}"


# --- the page ----------------------------------------------------------------------------------


def _finish(
    model: Model, sheet: Sheet, chosen: Options, tall: bool, title: str, description: str
) -> Scene:
    room = sheet.bounds
    samples: list[Sample] = []
    width, height = room.width, room.height
    if chosen.legend:
        limit = max(room.width, 200.0 if tall else 300.0)
        samples, wide, high = legend(sheet.boxes, sheet.joins, sheet.edges, sheet.frames, limit)
        if samples:
            width = max(width, wide)
            height += high + 4.0
            dx = MARGIN + (width - wide) / 2
            dy = MARGIN + room.height + 4.0 + 8.0
            samples = [_placed(sample, dx, dy) for sample in samples]
    placed = moved(sheet, MARGIN - room.x + (width - room.width) / 2, MARGIN - room.y)
    return Scene(
        width + 2 * MARGIN, height + 2 * MARGIN, title, description,
        tuple(placed.boxes), tuple(placed.joins), tuple(placed.edges), tuple(placed.frames),
        tuple(placed.texts), tuple(samples),
    )  # fmt: skip


def _placed(sample: Sample, dx: float, dy: float) -> Sample:
    text = replace(sample.text, x=sample.text.x + dx, y=sample.text.y + dy)
    return Sample(moved_sample(sample.sample, dx, dy), text)
