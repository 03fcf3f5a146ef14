"""Layers that share a box: a convolution with the norm and activation before or after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archspec.backends.diagram.words import called, inputs_of, join_of

if TYPE_CHECKING:
    from archspec.backends.diagram.build import Model


@dataclass(slots=True, eq=False)
class _Open:
    nodes: list[int] = field(default_factory=list)
    main: int | None = None
    #: Notes before the main layer and after it.
    before: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fused:
    """The nodes of one box; `main` gives it its name, None where all are notes."""

    nodes: tuple[int, ...]
    main: int | None
    before: tuple[int, ...]
    after: tuple[int, ...]


def fuse(model: "Model", leaves: Sequence[int]) -> dict[int, Fused]:
    """The box of each of the nodes of one level; nodes that are not drawn have none."""
    graph = model.graph
    own = set(leaves)
    boxes: dict[int, _Open] = {}
    hidden: dict[int, int] = {}
    for node_id in leaves:
        node = graph.node(node_id)
        if join_of(graph, node) is not None:
            continue
        words = called(graph, node)
        edges = inputs_of(graph, node_id)
        source = edges[0].source if len(edges) == 1 else None
        while source in hidden:
            source = hidden[source]
        if words.weight == "silent" and source is not None:
            box = boxes.get(source)
            alone = box is not None and box.nodes[-1] == source and _alone(model, source)
            if box is not None and alone and node.name != "detach":
                box.nodes.append(node_id)
                boxes[node_id] = box
            else:
                hidden[node_id] = source
            continue
        box = boxes.get(source) if source in own and source is not None else None
        if box is not None and (box.nodes[-1] != source or not _alone(model, source)):
            box = None
        if words.weight == "main":
            if box is None or box.main is not None or words.role != "conv":
                box = _Open()
            box.main = node_id
        else:
            if box is None or (box.main is not None and box.before) or _input(model, box):
                box = _Open()
            (box.before if box.main is None else box.after).append(node_id)
        box.nodes.append(node_id)
        boxes[node_id] = box
    made: dict[int, Fused] = {}
    for box in boxes.values():
        if id(box) not in made:
            made[id(box)] = Fused(tuple(box.nodes), box.main, tuple(box.before), tuple(box.after))
    return {node_id: made[id(box)] for node_id, box in boxes.items()}


def _alone(model: "Model", node: int | None) -> bool:
    """Whether the value of a node goes to one place only."""
    return node is not None and len(model.consumers[node]) == 1 and node not in model.given_out


def _input(model: "Model", box: _Open) -> bool:
    return box.main is not None and model.graph.node(box.main).kind in ("input", "param")
