"""The invariants of a graph; tests run this after every stage."""

from archspec.ir.graph import Graph


class VerificationError(AssertionError):
    """A stage of the compiler left the graph in a state that later stages don't allow."""


def verify(graph: Graph) -> None:
    """Raise `VerificationError` unless all of this holds:

    - networkx holds the same nodes and edges, and is acyclic (each node stands after its inputs);
    - every edge reads an output that exists, and slots are 0..n-1;
    - a layer node has a leaf module of the tree with the same declaration, an input node no inputs;
    - paths in the module tree are unique; ties name existing weights of equal shape;
    - relations and initialisers name existing modules and weights;
    - every output value exists.
    """
    nodes = graph.nodes
    if sorted(graph.networkx.nodes) != list(range(len(nodes))):
        raise VerificationError("networkx and the node list hold different nodes")
    if graph.networkx.number_of_edges() != sum(1 for _ in graph.edges):
        raise VerificationError("networkx and the edge list hold different edges")
    modules = {id(module) for module in graph.modules()}
    for node in nodes:
        edges = graph.edges_into(node.id)
        if [edge.slot for edge in edges] != list(range(len(edges))):
            raise VerificationError(f"node {node.id} ({node.name}): slots are not 0..n-1")
        for edge in edges:
            if edge.source >= node.id:
                raise VerificationError(f"node {node.id} ({node.name}) stands before its input")
            if edge.output >= len(nodes[edge.source].outputs):
                raise VerificationError(f"node {node.id} ({node.name}) reads a missing output")
        if node.kind in ("input", "param") and edges:
            raise VerificationError(f"{node.kind} {node.name} has inputs")
        if node.kind == "layer" and (node.module is None or node.module.decl is not node.decl):
            raise VerificationError(f"layer node {node.id} ({node.name}) has no module of its kind")
        if node.module is not None and id(node.module) not in modules:
            raise VerificationError(f"node {node.id} ({node.name}): module outside the tree")
    weights = {}
    for module in graph.modules():
        for key, child in module.children.items():
            if child.key != key or child.parent is not module:
                raise VerificationError(f"module {child.path} is not where its parent says")
        for name, weight in module.all_weights():
            if name in weights:
                raise VerificationError(f"two weights are called {name}")
            weights[name] = weight
    for tie in graph.ties:
        if tie.source not in weights or tie.target not in weights:
            raise VerificationError(f"tie of a missing weight: {tie.target} to {tie.source}")
        if weights[tie.source].shape != weights[tie.target].shape:
            raise VerificationError(f"tie of different shapes: {tie.target} to {tie.source}")
    paths = {module.path for module in graph.modules()}
    for relation in graph.relations:
        if not {relation.source, relation.target} <= paths | weights.keys():
            raise VerificationError(f"{relation.mechanism} relates what does not exist")
    for initializer in graph.initializers:
        if not set(initializer.weights) <= weights.keys():
            raise VerificationError(f"init {initializer.selector} sets a missing weight")
    for name, value in graph.outputs:
        if value.node >= len(nodes) or value.index >= len(nodes[value.node].outputs):
            raise VerificationError(f"output {name} does not exist")
