"""Text forms of a graph, for `--emit=ir` and `--emit=shapes`."""

from archspec.ir.graph import Graph, Node


def _name(graph: Graph, node: Node) -> str:
    if node.kind == "layer" and node.module is not None:
        return f"{node.name} {node.module.path}"
    return node.name


def print_graph(graph: Graph) -> str:
    """One line a node: `%5: layer Conv2d conv1 (%4, %3:1 residual) -> [B, 64, H, W]`."""
    lines = [f"model {graph.name}"]
    for node in graph.nodes:
        inputs = ", ".join(
            f"%{edge.source}"
            + (f":{edge.output}" if len(graph.node(edge.source).outputs) > 1 else "")
            + (f" {edge.mechanism}" if edge.mechanism else "")
            for edge in graph.edges_into(node.id)
        )
        outputs = ", ".join(str(t) for t in node.outputs)
        lines.append(f"  %{node.id}: {node.kind} {_name(graph, node)} ({inputs}) -> {outputs}")
    for tie in graph.ties:
        lines.append(f"  tie {tie.target} to {tie.source}")
    for relation in graph.relations:
        lines.append(f"  {relation.mechanism} {relation.source} -> {relation.target}")
    for name, value in graph.outputs:
        lines.append(f"  output {name} = %{value.node}:{value.index}")
    return "\n".join(lines) + "\n"


def print_shapes(graph: Graph) -> str:
    """One line a node with its place in the spec, output types and weights."""
    lines = [f"model {graph.name}"]
    for node in graph.nodes:
        outputs = ", ".join(str(t) for t in node.outputs)
        line = f"  {node.span}: {_name(graph, node)}: {outputs}"
        if node.kind == "layer" and node.module is not None:
            for weight in node.module.weights:
                dims = ", ".join(str(d) for d in weight.shape)
                line += f"\n      {weight.name} [{dims}]" + (" buffer" if weight.buffer else "")
        lines.append(line)
    return "\n".join(lines) + "\n"
