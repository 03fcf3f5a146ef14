"""Which edges reuse features and how, which modules reuse weights; the text forms of a graph."""

import pytest

from archspec.ir import print_graph, print_shapes
from tests.support.checking import graph_from, net

IMAGE = "input x: float[B, 4, H, W]"


@pytest.mark.parametrize(
    ("body", "mechanisms"),
    [
        ("Linear(16)", []),
        ("residual { Linear(16) }", ["residual"]),
        ("residual { Linear(8) } align { Linear(8) }", ["residual"]),
        ("dense { Linear(16) }", ["dense"]),
        ("residual { residual { Linear(16) } }", ["residual", "residual"]),
        ("Linear(16)\nreuse x by add", ["residual"]),
        ("Linear(16)\nreuse x by concat", ["skip"]),
        ("Linear(16)\nreuse x by max", ["skip"]),
        ("Linear(16)\nreuse x by mean", ["skip"]),
        ("Linear(16)\nreuse x by mul", ["gate"]),
        ("fc: Linear(16)\nLinear(16)\nreuse x, fc by add", ["residual", "residual"]),
        ("shared fc: Linear(16)\nx -> fc -> fc", ["shared"]),
        ("Linear(16) -> detach", ["detach"]),
    ],
)
def test_edges(body: str, mechanisms: list[str]) -> None:
    graph = graph_from(net(body))
    assert [edge.mechanism for edge in graph.reuse_edges()] == mechanisms


def test_the_edge_is_that_of_the_reused_value() -> None:
    graph = graph_from(net("fc: Linear(16)\nact: ReLU\nreuse fc by add"))
    (edge,) = graph.reuse_edges()
    assert graph.node(edge.source).name == "Linear"
    assert graph.node(edge.target).name == "add"
    assert edge.slot == 1


@pytest.mark.parametrize(
    ("body", "relations"),
    [
        ("shared fc: Linear(16)\nx -> fc -> fc", [("shared", "fc", "fc")]),
        ("frozen fc: Linear(16)", [("frozen", "fc", "fc")]),
        ("a: Linear(16)\nb: Linear(16)\ntie b.weight to a.weight",
         [("tied", "a.weight", "b.weight")]),
        ("a: Linear(16)\nb: Linear(16)\nc: Linear(16)\n"
         "tie b.weight to a.weight\ntie c.weight to b.weight",
         [("tied", "a.weight", "b.weight"), ("tied", "a.weight", "c.weight")]),
        ("shared a: Linear(16)\nema t: a(momentum=0.9)\ny = x -> a\nz = x -> t\noutput y, z",
         [("shared", "a", "a"), ("ema", "a", "t")]),
    ],
)  # fmt: skip
def test_relations(body: str, relations: list[tuple[str, str, str]]) -> None:
    graph = graph_from(net(body))
    assert [(r.mechanism, r.source, r.target) for r in graph.relations] == relations


GRAPH = """\
model Net
  %0: input x () -> [B, 4, H, W]
  %1: layer Conv2d conv (%0) -> [B, 4, H, W]
  %2: function add (%1, %0 residual) -> [B, 4, H, W]
  %3: function chunk (%2) -> [B, 2, H, W], [B, 2, H, W]
  %4: function concat (%3:1, %3:0) -> [B, 4, H, W]
  output y = %4:0
"""

SHAPES = """\
model Net
  net.arch:2:5: x: [B, 4, H, W]
  net.arch:3:22: Conv2d conv: [B, 4, H, W]
      weight [4, 4, 3, 3]
      bias [4]
  net.arch:3:5: add: [B, 4, H, W]
  net.arch:4:12: chunk: [B, 2, H, W], [B, 2, H, W]
  net.arch:5:16: concat: [B, 4, H, W]
"""


def test_text_forms() -> None:
    body = """
residual { conv: Conv2d(4, 3, padding=1) }
a, b = chunk(2, dim=1)
output y = concat(b, a, dim=1)
"""
    graph = graph_from(net(body, IMAGE))
    assert print_graph(graph) == GRAPH
    assert print_shapes(graph) == SHAPES


def test_live_nodes_are_those_that_outputs_depend_on() -> None:
    block = "block Two {\n    a = Linear(3)\n    b = a -> Linear(4)\n    output a, b\n}\n\n"
    graph = graph_from(block + net("a, b = x -> Two\noutput a"))
    names = [graph.node(i).outputs[0] for i in sorted(graph.live_nodes())]
    assert [str(t) for t in names] == ["[B, 16]", "[B, 3]"]
