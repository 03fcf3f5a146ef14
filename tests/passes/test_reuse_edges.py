"""Which readings of a value are reuse edges, where they begin, and what their mechanism is."""

from collections import Counter

import pytest

from archspec.passes.costs import node_names
from archspec.passes.reuse_edges import ReuseEdge, reuse_edges
from tests.support.checking import graph_from, net
from tests.support.zoo import graph_of

IMAGE = "input x: float[B, 4, H, W] where H % 4 == 0, W % 4 == 0"


def shown(text: str) -> list[str]:
    """`residual x -> add`, with what aligns in brackets."""
    graph = graph_from(text)
    names = node_names(graph)

    def show(edge: ReuseEdge) -> str:
        via = f" [{' '.join(names[n] for n in edge.via)}]" if edge.via else ""
        return f"{edge.mechanism} {names[edge.source.node]} -> {names[edge.target]}{via}"

    return [show(edge) for edge in reuse_edges(graph)]


@pytest.mark.parametrize(
    ("body", "edges"),
    [
        ("Linear(16)", []),
        ("residual { fc: Linear(16) }", ["residual x -> add"]),
        ("dense { fc: Linear(16) }", ["dense x -> concat"]),
        ("fc: Linear(16)\nreuse x by mul", ["gate x -> mul"]),
        ("fc: Linear(16)\nreuse x by max", ["skip x -> max"]),
        ("fc: Linear(16) -> detach", ["detach fc -> detach"]),
        # Without a keyword the graph says the same.
        ("fc: Linear(16)\noutput y = fc + x", ["residual x -> add"]),
        ("fc: Linear(16)\noutput y = concat(x, fc)", ["dense x -> concat"]),
        ("fc: Linear(16)\noutput y = x * fc", ["gate x -> mul"]),
        ("fc: Linear(16)\nreuse x by concat", ["dense x -> concat"]),
        # The shortcut begins where its projection reads, whichever path is written first.
        ("residual { fc: Linear(8) } align { proj: Linear(8) }", ["residual x -> add [proj]"]),
        ("a = x -> proj: Linear(8)\nx -> fc: Linear(8)\nreuse a by add",
         ["residual x -> add [proj]"]),
        # Paths that both compute something are branches, as are heads.
        ("l: Linear(8)\nr = x -> right: Linear(8)\noutput y = l + r", ["branch x -> right"]),
        ("fc: Linear(8)\na = fc -> Linear(2)\nb = fc -> Linear(2)\noutput a, b",
         ["branch fc -> 2"]),
        # Of what flows on, nothing is reused, however many parts it has.
        ("a, b = x -> chunk(2, dim=-1)\noutput y = concat(b, a, dim=-1)", []),
        ("output y = x * x", []),
        ("shared fc: Linear(16)\nx -> fc -> fc", []),
    ],
)  # fmt: skip
def test_edges(body: str, edges: list[str]) -> None:
    assert shown(net(body)) == edges


@pytest.mark.parametrize(
    ("body", "edges"),
    [
        # All that is bypassed is coarser: an encoder's features for a decoder.
        ("down: MaxPool2d(2) -> up: ConvTranspose2d(4, 2, stride=2)\nreuse x by concat",
         ["skip x -> concat"]),
        ("down: MaxPool2d(2) -> up: ConvTranspose2d(4, 2, stride=2)\nreuse x by add",
         ["skip x -> add"]),
        # A shorter way beside it is not.
        ("residual { a: Conv2d(4, 1)\n"
         "g = a -> AdaptiveAvgPool2d(1) -> Conv2d(4, 1) -> Sigmoid\na -> mul(_, g) }",
         ["gate a -> mul", "residual x -> add"]),
        # A narrow body is no coarser one.
        ("residual { Conv2d(1, 1) -> Conv2d(4, 1) }", ["residual x -> add"]),
        # What a crop is made as large as is not read.
        ("up: Conv2d(4, 3)\nreuse x by concat align crop", ["dense x -> concat [crop]"]),
    ],
)  # fmt: skip
def test_edges_of_images(body: str, edges: list[str]) -> None:
    assert shown(net(body, IMAGE)) == edges


@pytest.mark.parametrize(
    ("spec", "model", "counts"),
    [
        ("alexnet", "AlexNet", {}),
        ("resnet", "ResNet50", {"residual": 16}),
        ("densenet", "DenseNet121", {"dense": 58}),
        ("unet", "OriginalUNet", {"skip": 4}),
        ("unet_resnet34", "UNetResNet34", {"residual": 16, "skip": 4}),
        ("mobilenetv3", "MobileNetV3Large", {"residual": 10, "gate": 8}),
        ("regnet", "RegNetX400MF", {"residual": 22}),
        ("googlenet", "GoogLeNet", {"branch": 27}),
        ("bert", "BERT", {"branch": 24, "residual": 24}),
        ("byol", "BYOL", {"residual": 32, "detach": 1}),
        ("multitask", "MultiTask", {"residual": 8, "branch": 1}),
        ("hardnet", "HarDNet68", {"dense": 85}),
    ],
)
def test_edges_of_the_zoo(spec: str, model: str, counts: dict[str, int]) -> None:
    found = Counter(edge.mechanism for edge in reuse_edges(graph_of(spec, model).graph))
    assert found == counts
