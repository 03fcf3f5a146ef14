"""`verify` passes on what elaboration gives, and names each fault that is planted."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from archspec.dims import Dim
from archspec.ir import (
    Edge,
    Graph,
    Initializer,
    Module,
    Relation,
    Tie,
    Value,
    VerificationError,
    verify,
)
from archspec.layers.base import Weight
from archspec.pipeline import build_graph, load_file
from tests.support.checking import graph_from, net

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").glob("*.arch"), *(ROOT / "tests/specs").rglob("*.arch")])


TEXT = net("""
shared fc: Linear(16)
x -> fc -> ReLU -> fc
a, b = chunk(2, dim=1)
param w: [8] = ones
output y = a + b * w
""")


@pytest.mark.parametrize("path", SPECS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_specs_verify(path: Path) -> None:
    program = load_file(path)
    assert program.models
    for name in program.models:
        verify(build_graph(program, name).graph)


def replace_edge(graph: Graph, node: int, **changes: int) -> None:
    edges = graph._edges[node]
    first = edges[0]
    values = {"source": first.source, "slot": first.slot, "output": first.output} | changes
    changed = Edge(target=node, mechanism=first.mechanism, **values)
    graph._edges[node] = (changed, *edges[1:])
    graph._networkx = None


def last(graph: Graph) -> int:
    return len(graph.nodes) - 1


def stale_networkx(graph: Graph) -> None:
    graph.networkx.add_node(99)


def stale_edges(graph: Graph) -> None:
    graph.networkx.remove_edge(0, 1)


def wrong_slot(graph: Graph) -> None:
    replace_edge(graph, last(graph), slot=5)


def backward_edge(graph: Graph) -> None:
    replace_edge(graph, 1, source=last(graph))


def missing_output(graph: Graph) -> None:
    replace_edge(graph, last(graph), output=7)


def fed_input(graph: Graph) -> None:
    graph._edges[0] = ()
    graph._edges[4] = graph._edges[4]
    param = next(n for n in graph.nodes if n.kind == "param")
    graph._edges[param.id] = (Edge(0, param.id, 0),)
    graph._networkx = None


def foreign_declaration(graph: Graph) -> None:
    module = graph.root.children["fc"]
    module.decl = graph.root.children["1"].decl


def detached_module(graph: Graph) -> None:
    graph.root.children.pop("1")


def wrong_key(graph: Graph) -> None:
    graph.root.children["1"].key = "2"


def doubled_weight(graph: Graph) -> None:
    module = graph.root.children["fc"]
    module.weights = (*module.weights, module.weights[0])


def missing_tie(graph: Graph) -> None:
    graph.ties.append(Tie("fc.weight", "nothing.weight", graph.root.span))


def uneven_tie(graph: Graph) -> None:
    graph.ties.append(Tie("fc.weight", "fc.bias", graph.root.span))


def missing_result(graph: Graph) -> None:
    graph.outputs.append(("z", Value(99)))


def missing_module(graph: Graph) -> None:
    graph.relations.append(Relation("shared", "fc", "nothing", graph.root.span))


def missing_initialised(graph: Graph) -> None:
    init = Initializer("fc.w", "zeros", (), ("fc.w",), graph.root.span)
    graph.initializers.append(init)


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (stale_networkx, "different nodes"),
        (stale_edges, "different edges"),
        (wrong_slot, "slots are not"),
        (backward_edge, "stands before its input"),
        (missing_output, "reads a missing output"),
        (fed_input, "param w has inputs"),
        (foreign_declaration, "no module of its kind"),
        (detached_module, "module outside the tree"),
        (wrong_key, "not where its parent says"),
        (doubled_weight, "two weights are called fc.weight"),
        (missing_tie, "tie of a missing weight"),
        (uneven_tie, "tie of different shapes"),
        (missing_module, "shared relates what does not exist"),
        (missing_initialised, "init fc.w sets a missing weight"),
        (missing_result, "output z does not exist"),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_planted_faults(plant: Callable[[Graph], None], message: str) -> None:
    graph = graph_from(TEXT)
    plant(graph)
    with pytest.raises(VerificationError, match=re.escape(message)):
        verify(graph)


def test_two_weights_of_one_path() -> None:
    graph = graph_from(TEXT)
    twin = Module("fc", graph.root, graph.root.span)
    twin.weights = (Weight("weight", (Dim.of(3),)),)
    graph.root.children["twin"] = twin
    with pytest.raises(VerificationError):
        verify(graph)
