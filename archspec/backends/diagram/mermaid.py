"""Mermaid: the same boxes and edges for pages that lay them out themselves, as GitHub's do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from archspec.backends.diagram.scene import Box, Edge, Frame, Join, Point, Rect, Scene
from archspec.backends.diagram.svg import number
from archspec.backends.diagram.theme import Theme

_WORDS: Final = {
    "residual": "residual", "dense": "dense", "skip": "skip", "gate": "gate",
    "shared": "same weights", "tied": "tied", "ema": "slow copy",
}  # fmt: skip
_SIGNS: Final = {
    "shared": "θ",
    "tied": "θ",
    "frozen": "frozen",
    "ema": "~",
    "detach": "detached",
    "added": "+",
    "removed": "−",
    "changed": "≠",
}
#: Mermaid's own signs in labels.
_ESCAPES: Final = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;"}


@dataclass(frozen=True, slots=True)
class _Port:
    """Where an edge passes the border of a frame."""

    id: str
    rect: Rect


def write_mermaid(scene: Scene, theme: Theme) -> str:
    """The scene as a flowchart: its nesting, kinds of edges and colours, not its places."""
    items: list[Box | Join | _Port] = [*scene.boxes, *scene.joins]
    known = {item.id for item in items} | {frame.id for frame in scene.frames}
    for edge in scene.edges:
        for id, point in ((edge.source, edge.path[0]), (edge.target, _end(edge))):
            if id not in known:
                known.add(id)
                items.append(_Port(id, Rect(*point, 0.0, 0.0)))
    ids = {item.id: f"n{i}" for i, item in enumerate(items)}
    ids |= {frame.id: f"f{i}" for i, frame in enumerate(scene.frames)}
    ports = {_place(i.rect.x, i.rect.y): i.id for i in items if isinstance(i, _Port)}
    lines = [f"flowchart {_direction(scene)}"]
    lines += [f"  %% {' '.join(scene.title.split())}"]
    lines += _inside(scene, items, None, ids, 1)
    styles: dict[str, list[int]] = {}
    for i, edge in enumerate(scene.edges):
        source, target = edge.source, edge.target
        # what leads to a frame leads on from the port at the same place
        if ids[source].startswith("f"):
            source = ports.get(_place(*edge.path[0]), source)
        if ids[target].startswith("f"):
            target = ports.get(_place(*_end(edge)), target)
        arrow = "-->" if edge.tip is not None else "---"
        words = _WORDS.get(edge.kind, "")
        label = f"|{words}|" if words else ""
        lines.append(f"  {ids[source]} {arrow}{label} {ids[target]}")
        styles.setdefault(edge.kind, []).append(i)
    for kind, numbers in styles.items():
        line = theme.lines[kind]  # type: ignore[index]
        dash = f",stroke-dasharray:{' '.join(map(number, line.dash))}" if line.dash else ""
        width = number(max(1.0, 1.4 * line.width))
        listed = ",".join(map(str, numbers))
        lines.append(f"  linkStyle {listed} stroke:{line.colour},stroke-width:{width}px{dash}")
    roles: dict[str, list[str]] = {}
    for box in scene.boxes:
        roles.setdefault(box.role, []).append(ids[box.id])
    for role, names in roles.items():
        fill = theme.fills[role]  # type: ignore[index]
        lines.append(f"  classDef {role}Role fill:{fill},stroke:{theme.border},color:{theme.ink}")
        lines.append(f"  class {','.join(names)} {role}Role")
    return "\n".join([*lines, ""])


def _direction(scene: Scene) -> str:
    """Left to right, or top down: where most of the plain flow goes."""
    right = down = 0.0
    for edge in scene.edges:
        if edge.kind == "data":
            right += abs(edge.path[-1][0] - edge.path[0][0])
            down += abs(edge.path[-1][1] - edge.path[0][1])
    return "LR" if right >= down else "TB"


def _end(edge: Edge) -> Point:
    return edge.tip or edge.path[-1]


def _place(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)


def _inside(
    scene: Scene,
    items: Sequence[Box | Join | _Port],
    frame: Frame | None,
    ids: dict[str, str],
    depth: int,
) -> Iterator[str]:
    """What stands in a frame and in no smaller one; in none, if `frame` is None."""
    indent = "  " * depth
    for item in items:
        if _around(scene, item.rect) is frame:
            yield f"{indent}{ids[item.id]}{_shape(item)}"
    for inner in scene.frames:
        if _around(scene, inner.rect) is frame:
            title = " ".join(text.text for text in inner.texts) or " "
            yield f'{indent}subgraph {ids[inner.id]}["{_escaped(title)}"]'
            yield from _inside(scene, items, inner, ids, depth + 1)
            yield f"{indent}end"


def _around(scene: Scene, rect: Rect) -> Frame | None:
    """The smallest frame around a place."""
    frames = [f for f in scene.frames if f.rect is not rect and f.rect.contains(rect)]
    return min(frames, key=lambda f: f.rect.width * f.rect.height, default=None)


def _shape(item: Box | Join | _Port) -> str:
    if isinstance(item, _Port):
        return '((" "))'
    if isinstance(item, Join):
        words = {"add": "+", "mul": "×", "concat": "concat"}.get(item.kind, item.symbol)
        return f'["{words}"]' if item.kind == "concat" else f'(("{_escaped(words)}"))'
    words = "<br/>".join(_escaped(text.text) for text in item.texts)
    signs = "".join(f" {_SIGNS[badge.sign]}" for badge in item.badges)
    if item.repeat > 1 and f"×{item.repeat}" not in words:
        signs += f" ×{item.repeat}"
    label = f'"{words}{signs}"'
    if item.role in ("input", "output"):
        return f"([{label}])"
    return f"[[{label}]]" if item.double else f"[{label}]"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in text)
