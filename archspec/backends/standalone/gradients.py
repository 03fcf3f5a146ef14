"""The trainable weights of a model that no output depends on."""

from archspec.ir import Graph
from archspec.passes.costs import owners
from archspec.reuse.paths import copied

_CARRIES = ("float", "complex")


def without_gradient(graph: Graph) -> list[str]:
    """The names of trainable weights that get no gradient from any output, in order."""
    live = _reached(graph)
    used = {id(node.module) for node in graph.nodes if node.id in live and node.kind == "layer"}
    read = {
        (id(node.module), node.name)
        for node in graph.nodes
        if node.id in live and node.kind == "param"
    }
    ties = {tie.target: tie.source for tie in graph.ties}
    reached: set[str] = set()
    trainable: list[str] = []
    for module, owner in owners(graph.root):
        own = {t.name for t in module.tensors.values()}
        for name, weight in module.all_weights():
            if weight.buffer:
                continue
            if (id(module), weight.name) in read if weight.name in own else id(module) in used:
                reached.add(ties.get(name, name))
            if owner == "trainable" and name not in ties:
                trainable.append(name)
    return [name for name in trainable if name not in reached]


def _reached(graph: Graph) -> set[int]:
    """The nodes that a gradient of some output comes to."""
    outputs = [value for _, value in graph.outputs]
    stack = [v.node for v in outputs if graph.type_of(v).kind in _CARRIES]
    found: set[int] = set()
    while stack:
        node = graph.node(stack.pop())
        if node.id in found or (node.kind == "layer" and copied(node.module)):
            continue
        found.add(node.id)
        for edge in graph.edges_into(node.id):
            type_ = graph.node(edge.source).outputs[edge.output]
            read = node.decl is None or not node.decl.port(edge.slot).sizes_only
            if read and edge.mechanism != "detach" and type_.kind in _CARRIES:
                stack.append(edge.source)
    return found
