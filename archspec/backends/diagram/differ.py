"""Two models side by side, with what one has and the other has not marked in both."""

from collections.abc import Iterator

from archspec.backends.diagram.build import Marks
from archspec.backends.diagram.compare import compose
from archspec.backends.diagram.figure import Options, make_scene
from archspec.backends.diagram.scene import Scene, Sign
from archspec.ir import Graph
from archspec.passes.costs import node_names
from archspec.passes.difference import Difference


def difference_scene(
    old: tuple[str, Graph], new: tuple[str, Graph], found: Difference, width: float
) -> Scene:
    """The old model with what is removed, the new one with what is added; `width` in points.

    Each is given with the title that stands above it.
    """
    scenes = []
    for title, graph, is_new in ((*old, False), (*new, True)):
        options = Options(width=width, legend=False)
        scenes.append((title, make_scene(graph, options, "", marks(graph, found, is_new))))
    return compose(scenes, width)


def marks(graph: Graph, found: Difference, is_new: bool) -> Marks:
    """What is to be marked in the old or the new model."""
    own: Sign = "added" if is_new else "removed"
    paths: dict[str, Sign] = {}
    for row in found.layers:
        if row.change == own:
            paths[row.new if is_new else row.old] = own
        elif row.change == "changed":
            paths[row.new if is_new else row.old] = "changed"
    names = node_names(graph)
    reused = [(r.mechanism, r.source, r.target) for r in found.reuse if r.change == own]
    # in the rows, layers of the old model have the names that they have in the new one
    renamed = {} if is_new else {r.old: r.new for r in found.layers if r.old and r.new}
    edges: dict[tuple[int, int], Sign] = {}
    for edge in graph.reuse_edges():
        ends = (_renamed(names[end], renamed) for end in (edge.source, edge.target))
        if (str(edge.mechanism), *ends) in reused:
            edges[edge.target, edge.slot] = own
    for mechanism, source, target in reused:
        if mechanism in ("shared", "tied", "ema", "frozen"):
            for path in (source, target):
                # a tie is between weights: of the module that holds it
                holder = path.rpartition(".")[0] if mechanism == "tied" else path
                paths.setdefault(_original(holder, renamed), "changed")
    nodes: dict[int, Sign] = {}
    for node in graph.nodes:
        for path in _around(node.module.path if node.module is not None else ""):
            if path in paths:
                nodes[node.id] = paths[path]
                break
    return Marks(nodes, edges)


def _around(path: str) -> Iterator[str]:
    """A module and those around it, innermost first."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _renamed(name: str, renamed: dict[str, str]) -> str:
    module, colon, rest = name.partition(":")
    return renamed.get(module, module) + colon + rest


def _original(path: str, renamed: dict[str, str]) -> str:
    return next((old for old, new in renamed.items() if new == path), path)
