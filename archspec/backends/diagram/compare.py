"""Several figures on one page: each with its model's name above it, one legend for all."""

from collections.abc import Sequence
from dataclasses import replace

from archspec.backends.diagram.font import text_width
from archspec.backends.diagram.legend import legend
from archspec.backends.diagram.page import MARGIN, Sheet, moved, moved_sample
from archspec.backends.diagram.scene import Rect, Sample, Scene, Text

#: Between figures, and from a name to the figure below it.
BETWEEN = 16.0
TITLE = 8.5
ROOM = TITLE + 5.0


def compose(
    scenes: Sequence[tuple[str, Scene]], width: float, *, legend_shown: bool = True
) -> Scene:
    """The figures in rows of at most `width`, in their order; theirs are made without legends."""
    whole = Sheet()
    x = y = 0.0
    lowest = 0.0
    for n, (name, scene) in enumerate(scenes):
        wide = max(scene.width, text_width(name, TITLE, bold=True))
        if x > 0.0 and x + wide > width:
            x, y = 0.0, lowest + BETWEEN
        sheet = moved(_sheet(scene, f"m{n + 1}:"), x + (wide - scene.width) / 2, y + ROOM)
        whole.boxes += sheet.boxes
        whole.joins += sheet.joins
        whole.edges += sheet.edges
        whole.frames += sheet.frames
        whole.texts += sheet.texts
        long = text_width(name, TITLE, bold=True)
        whole.texts.append(Text(x + wide / 2, y + TITLE, name, TITLE, long, True))
        lowest = max(lowest, y + ROOM + scene.height)
        x += wide + BETWEEN
    return _page(whole, " and ".join(name for name, _ in scenes), legend_shown)


def _sheet(scene: Scene, prefix: str) -> Sheet:
    """A scene with the ids of its items made its own."""
    sheet = Sheet()
    sheet.boxes = [replace(box, id=prefix + box.id) for box in scene.boxes]
    sheet.joins = [replace(join, id=prefix + join.id) for join in scene.joins]
    sheet.frames = [replace(frame, id=prefix + frame.id) for frame in scene.frames]
    sheet.edges = [
        replace(edge, source=prefix + edge.source, target=prefix + edge.target)
        for edge in scene.edges
    ]
    sheet.texts = list(scene.texts)
    return sheet


def _page(sheet: Sheet, title: str, legend_shown: bool) -> Scene:
    room = sheet.bounds
    width, height = room.width, room.height
    samples: list[Sample] = []
    if legend_shown:
        found, wide, high = legend(
            sheet.boxes, sheet.joins, sheet.edges, sheet.frames, max(room.width, 300.0)
        )
        if found:
            width, height = max(width, wide), height + high + 4.0
            by = Rect(MARGIN + (width - wide) / 2, MARGIN + room.height + 12.0, 0.0, 0.0)
            samples = [
                Sample(
                    moved_sample(s.sample, by.x, by.y),
                    replace(s.text, x=s.text.x + by.x, y=s.text.y + by.y),
                )
                for s in found
            ]
    placed = moved(sheet, MARGIN - room.x + (width - room.width) / 2, MARGIN - room.y)
    return Scene(
        width + 2 * MARGIN, height + 2 * MARGIN, title, "",
        tuple(placed.boxes), tuple(placed.joins), tuple(placed.edges), tuple(placed.frames),
        tuple(placed.texts), tuple(samples),
    )  # fmt: skip
