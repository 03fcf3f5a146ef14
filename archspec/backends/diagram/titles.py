"""The lines of boxes: fused layers, collapsed blocks, and the titles of frames."""

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from archspec.backends.diagram.fuse import Fused
from archspec.backends.diagram.parts import Part
from archspec.backends.diagram.plan import Line
from archspec.backends.diagram.scene import Role
from archspec.backends.diagram.words import called, family_of, inputs_of, join_of, short
from archspec.ir import Graph

if TYPE_CHECKING:
    from archspec.backends.diagram.build import Model


#: How many nodes back a layer is looked for that tells which axis the channels are.
_FAR: Final = 30


def box_lines(graph: Graph, fused: Fused) -> tuple[Line, ...]:
    """`BN · ReLU` above, the layer with its width, `BN · ReLU` below."""
    lines: list[Line] = []
    if fused.main is None:
        names = [called(graph, graph.node(n)).name for n in fused.before]
        if len(names) > 1:
            names = [short(graph.node(n)) for n in fused.before]
        return (Line(" · ".join(names), "title" if len(names) == 1 else "plain"),)
    if fused.before:
        lines.append(Line(" · ".join(short(graph.node(n)) for n in fused.before), "soft"))
    node = graph.node(fused.main)
    words = called(graph, node)
    lines.append(Line(words.name, "plain" if node.kind in ("input", "param") else "title"))
    if words.detail:
        lines.append(Line(words.detail))
    if fused.after:
        lines.append(Line(" · ".join(short(graph.node(n)) for n in fused.after), "soft"))
    return tuple(lines)


def frame_title(part: Part, repeat: int) -> tuple[Line, ...]:
    """`12 × Block`, or the label with the block's name."""
    module = part.module
    name = ""
    if module is not None:
        name = _label(part) or module.block or ""
        if module.block and not _alike(name, module.block):
            name = f"{name}: {module.block}" if repeat == 1 else module.block
    if repeat > 1:
        return (Line(f"{name} ×{repeat}" if name else f"×{repeat}", "title"),)
    return (Line(name, "title"),) if name else ()


def collapsed_lines(
    model: "Model", part: Part, repeat: int, last: Part | None = None
) -> tuple[Line, ...]:
    """The label, what is in the block, and how the channels grow."""
    module = part.module
    label = _label(part)
    block = module.block if module is not None else None
    head = (label if repeat == 1 else "") or block or label
    inside: list[str] = []
    if not head:  # what has no name is called by what is in it
        inside = contents(model, part)
        head = inside.pop(0) if inside and repeat == 1 else "unit"
    if repeat > 1:
        head = f"{head} ×{repeat}"
    lines = [Line(head, "title"), *(Line(text) for text in inside)]
    if inside or not (block or label):
        pass
    elif block is not None and not _alike(head, block) and block not in head:
        lines.append(Line(block))
    elif block is None or not any(True for _ in part.parts):
        lines.extend(Line(text) for text in contents(model, part))
    channels = _channels(model, part, last or part)
    if channels:
        lines.append(Line(channels))
    return tuple(lines)


def contents(model: "Model", part: Part) -> list[str]:
    """What a block is made of, in a line or two: `6 × DenseLayer`, `3×3 Conv ×2`."""
    blocks = [p.module.block for p in _units(part) if p.module is not None]
    counted = Counter(b for b in blocks if b is not None)
    if counted:
        most, count = counted.most_common(1)[0]
        if count > 1 and len(counted) <= 2:
            return [f"{most} ×{count}"]
    graph = model.graph
    mains = []
    for node_id in part.nodes:
        node = graph.node(node_id)
        words = called(graph, node)
        if join_of(graph, node) is None and words.weight == "main" and node.kind == "layer":
            mains.append(words.name)
    groups = [(name, len(list(items))) for name, items in groupby(mains)]
    if 0 < len(groups) <= 3:
        return [name if count == 1 else f"{name} ×{count}" for name, count in groups]
    return []


def _units(part: Part) -> list[Part]:
    """The blocks in a part, through groups without a name of their own."""
    found: list[Part] = []
    for child in part.parts:
        if child.module is not None and child.module.block is None and child.parts:
            found.extend(_units(child))
        else:
            found.append(child)
    return found


def collapsed_role(model: "Model", part: Part) -> Role:
    """The role that all its layers have, `block` for mixed ones."""
    roles: set[Role] = set()
    for node_id in part.nodes:
        node = model.graph.node(node_id)
        words = called(model.graph, node)
        if join_of(model.graph, node) is None and words.weight == "main":
            roles.add(words.role)
    if "attention" in roles and len(part.nodes) < 40:
        return "attention"
    roles -= {"op", "norm", "input"}
    return roles.pop() if len(roles) == 1 else "block"


def _channels(model: "Model", part: Part, last: Part) -> str:
    """`64 → 256`: the channels that enter and leave."""
    inside = set(part.nodes)
    graph = model.graph
    entry: int | None = None
    for node_id in part.nodes:
        for edge in inputs_of(graph, node_id):
            if edge.source not in inside and entry is None:
                entry = edge.source
    sizes = [_channel(graph, node) for node in (entry, last.last) if node is not None]
    if len(sizes) == 2 and None not in sizes and sizes[0] != sizes[1]:
        return f"{sizes[0]} → {sizes[1]}"
    return sizes[-1] or "" if sizes else ""


def _channel(graph: Graph, id: int) -> str | None:
    """The channels of what a node gives, None where there is no such number."""
    shape = graph.node(id).outputs[0].shape
    if len(shape) < 2:
        return None
    first = len(shape) > 3 and not _channels_last(graph, id)
    number = (shape[1] if first else shape[-1]).const
    return None if number is None else str(number)


def _channels_last(graph: Graph, id: int) -> bool:
    """Whether a map was made by a layer that works on the last axis, as attention does."""
    for _ in range(_FAR):
        node = graph.node(id)
        family = family_of(node)
        if family in ("conv", "pool") or node.name.startswith("BatchNorm"):
            return False
        if node.name in ("Linear", "LayerNorm", "Embedding"):
            return True
        edges = inputs_of(graph, id)
        if not edges or node.name in ("permute", "transpose"):
            return False
        id = edges[0].source
    return False


def _label(part: Part) -> str:
    module = part.module
    if module is None or not module.labelled or module.key.isdecimal():
        return ""
    return module.key


def _alike(label: str, block: str) -> bool:
    """Whether a label says what the block's name says: `transition1` and `Transition`."""

    def plain(text: str) -> str:
        return "".join(c for c in text.casefold() if c.isalpha())

    return plain(label) == plain(block)
