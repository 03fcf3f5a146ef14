"""DOT to go on with by hand: a node for each box and join, edges between them, all pinned.

Every engine of Graphviz draws it as it stands (`layout=nop2`). Frames lie in the background;
badges are left to the labels.
"""

from archspec.backends.diagram.font import FAMILY
from archspec.backends.diagram.scene import Box, Edge, Join, Rect, Scene
from archspec.backends.diagram.svg import number
from archspec.backends.diagram.theme import Theme
from archspec.backends.diagram.xdot import quoted

_BADGES = {
    "shared": "θ",
    "tied": "θ",
    "frozen": "*",
    "ema": "~",
    "detach": "||",
    "added": "+",
    "removed": "-",
    "changed": "!=",
}


def write_dot(scene: Scene, theme: Theme) -> str:
    """The scene as DOT."""
    height = scene.height
    box = f"0,0,{number(scene.width)},{number(height)}"
    lines = [
        f"digraph {quoted(scene.title)} {{",
        f'  graph [layout=nop2 bb="{box}" margin=0 pad=0.04 splines=true outputorder=edgesfirst'
        + (f' bgcolor="{theme.page}"' if theme.page != "none" else "")
        + "]",
        f'  node [shape=box style="rounded,filled" fixedsize=true fontname="{FAMILY}" '
        f'fontsize=7.2 fontcolor="{theme.ink}" color="{theme.border}" penwidth=0.8 margin=0]',
        f'  edge [arrowsize=0.45 fontname="{FAMILY}" fontsize=7]',
    ]
    for frame in scene.frames:
        label = "  ".join(text.text for text in frame.texts)
        lines.append(
            f"  {quoted(frame.id)} [{_place(frame.rect, height)} label={quoted(label)} "
            f'labelloc=t fillcolor="{theme.frame_fill}" color="{theme.frame}"]'
        )
    lines.extend(_box(item, theme, height) for item in scene.boxes)
    lines.extend(_join(item, theme, height) for item in scene.joins)
    known = {b.id for b in scene.boxes} | {j.id for j in scene.joins}
    known |= {f.id for f in scene.frames}
    lines.extend(_edge(edge, theme, height, known, i) for i, edge in enumerate(scene.edges))
    return "\n".join([*lines, "}", ""])


def _place(rect: Rect, height: float) -> str:
    return (
        f'pos="{number(rect.cx)},{number(height - rect.cy)}" '
        f'width="{rect.width / 72:.4f}" height="{rect.height / 72:.4f}"'
    )


def _box(box: Box, theme: Theme, height: float) -> str:
    label = "\\n".join(quoted(text.text)[1:-1] for text in box.texts)
    signs = " ".join(_BADGES[badge.sign] for badge in box.badges)
    extra = f" xlabel={quoted(signs)}" if signs else ""
    extra += " peripheries=2" if box.double else ""
    return (
        f'  {quoted(box.id)} [{_place(box.rect, height)} label="{label}" '
        f'fillcolor="{theme.fills[box.role]}" tooltip={quoted(box.title)}{extra}]'
    )


def _join(join: Join, theme: Theme, height: float) -> str:
    if join.kind == "concat":
        colour = theme.lines["dense"].colour
        fields = "|" * max(join.stripes - 1, 0)
        look = f'shape=record style=filled label="{fields}" color="{colour}"'
    else:
        colour = theme.lines["residual" if join.kind == "add" else "gate"].colour
        look = f'shape=circle style=filled label={quoted(join.symbol)} color="{colour}"'
    return f'  {quoted(join.id)} [{_place(join.rect, height)} {look} fillcolor="{theme.paper}"]'


def _edge(edge: Edge, theme: Theme, height: float, known: set[str], index: int) -> str:
    line = theme.lines[edge.kind]
    path = " ".join(f"{number(x)},{number(height - y)}" for x, y in edge.path)
    tip = ""
    if edge.tip is not None:
        tip = f"e,{number(edge.tip[0])},{number(height - edge.tip[1])} "
    style = "solid" if not line.dash else "dotted" if line.dash[0] < 3 else "dashed"
    arrow = "" if edge.tip is not None else " arrowhead=none"
    ends = [end if end in known else f"{end}#{index}" for end in (edge.source, edge.target)]
    points = [
        f'  {quoted(end)} [shape=point width=0 label="" style=invis '
        f'pos="{number(x)},{number(height - y)}"]\n'
        for end, (x, y) in zip(ends, (edge.path[0], edge.path[-1]), strict=True)
        if end not in known
    ]
    return "".join(points) + (
        f'  {quoted(ends[0])} -> {quoted(ends[1])} [pos="{tip}{path}" class={edge.kind} '
        f'color="{line.colour}" penwidth={number(line.width)} style={style}{arrow}]'
    )
