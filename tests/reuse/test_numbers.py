"""The published numbers of models: what they hold in memory, move, see, and how paths go."""

from fractions import Fraction
from math import comb

import pytest

from archspec.reuse.backward import saved
from archspec.reuse.fields import Field, fields
from archspec.reuse.live import live
from archspec.reuse.paths import Paths, paths
from archspec.reuse.sized import Sized, sized
from archspec.reuse.traffic import traffic
from tests.support.checking import graph_from, net
from tests.support.zoo import graph_of


def at(spec: str, model: str, side: int = 224, **overrides: object) -> Sized:
    return sized(graph_of(spec, model, **overrides).graph, {"H": side, "W": side})


# --- traffic -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "model", "millions"),
    [
        ("resnet", "ResNet18", 4.666),
        ("resnet", "ResNet50", 21.776),
        ("densenet", "DenseNet121", 21.864),
        ("mobilenetv2", "MobileNetV2", 13.444),
    ],
)
def test_inputs_and_outputs_of_convolutions(spec: str, model: str, millions: float) -> None:
    assert round(traffic(at(spec, model)).cio / 1e6, 3) == millions


@pytest.mark.parametrize(
    ("spec", "model", "millions"),
    [
        ("resnet", "ResNet50", 11.114),
        ("densenet", "DenseNet121", 6.899),
        ("mobilenetv2", "MobileNetV2", 6.678),
    ],
)
def test_activations(spec: str, model: str, millions: float) -> None:
    """Published are those of convolutions; the classifier has a thousand more."""
    found = traffic(at(spec, model))
    assert round(found.activations_of_convolutions / 1e6, 3) == millions
    assert found.activations == found.activations_of_convolutions + 1000


@pytest.mark.parametrize(
    ("model", "naive", "shared", "ratio", "connections"),
    [
        ("DenseNet121", 10_549_504, 1_455_104, 7.25, 535),
        ("DenseNet169", None, None, 8.85, 1_155),
        ("DenseNet201", None, None, 11.45, 1_803),
    ],
)
def test_concatenations_of_densenets(
    model: str, naive: int | None, shared: int | None, ratio: float, connections: int
) -> None:
    found = traffic(at("densenet", model)).concats
    total = sum(c.naive for c in found), sum(c.shared for c in found)
    assert naive is None or total == (naive, shared)
    assert round(total[0] / total[1], 2) == ratio
    assert sum(c.connections for c in found) == connections


def test_a_concatenation_that_nothing_grows_by_is_written_once() -> None:
    found = traffic(sized(graph_of("unet", "UNet").graph, {"H": 64, "W": 64})).concats
    assert len(found) == 4
    assert all(c.emitted == c.naive == c.shared for c in found)


# --- receptive fields --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "model", "pixels"),
    [
        ("alexnet", "AlexNet", 195),
        ("vgg", "VGG16", 212),
        ("resnet", "ResNet18", 435),
        ("resnet", "ResNet50", 427),
        ("resnet", "ResNet101", 971),
    ],
)
def test_receptive_fields(spec: str, model: str, pixels: int) -> None:
    """Of the last feature map, before its sides are pooled or flattened."""
    maps = [tuple(seen.values()) for seen in fields(at(spec, model)).values()]
    last = [seen for seen in maps if all(axis.reach is not None for axis in seen)][-1]
    assert last == (Field(pixels, Fraction(32)),) * 2


# --- paths -------------------------------------------------------------------------------------


def paths_of(model: Sized) -> Paths:
    found = paths(model)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("model", "layers"), [("DenseNet121", 58), ("DenseNet169", 82), ("DenseNet201", 98)]
)
def test_each_dense_layer_doubles_the_paths(model: str, layers: int) -> None:
    assert paths_of(at("densenet", model)).count == 2**layers


@pytest.mark.parametrize("n", [1, 5, 54])
def test_lengths_of_residual_networks_are_binomial(n: int) -> None:
    body = f"for i in 0..<{n} {{ residual {{ Linear(16) }} }}"
    found = paths_of(sized(graph_from(net(body))))
    assert found.count == 2**n
    assert found.exact
    assert found.shares == {k: Fraction(comb(n, k), 2**n) for k in range(n + 1)}
    assert (found.shortest, found.longest, found.mean) == (0, n, Fraction(n, 2))


def test_most_paths_of_a_deep_network_are_of_medium_length() -> None:
    """Veit et al., 2016, arXiv:1605.06431: those that train it are short, and few."""
    body = "for i in 0..<54 { residual { Linear(16) } }"
    found = paths_of(sized(graph_from(net(body))))
    assert round(float(found.share(5, 17)) * 100, 4) == 0.4537
    resnet = paths_of(at("resnet_cifar", "ResNet110", 32))  # two convolutions a block, and two more
    assert resnet.count == 2**54
    assert resnet.share(2 * 5 + 2, 2 * 17 + 2) == found.share(5, 17)


# --- memory ------------------------------------------------------------------------------------


def test_peak_memory_of_a_quantised_network() -> None:
    graph = graph_of("mobilenetv2", "MobileNetV2").graph
    model = sized(graph, {"H": 224, "W": 224}, stored="int8")
    assert live(model, inplace=True).peak.live == 1470 * 1024
    assert live(model, inplace=True, depthwise=True).peak.live == 1372 * 1024


@pytest.mark.parametrize(
    ("depth", "plain", "recomputed"), [(100, 2125.5, 771.6), (196, 6777.3, 1522.4)]
)
def test_what_densenets_keep_for_backward(depth: int, plain: float, recomputed: float) -> None:
    graph = graph_of("densenet_cifar", "DenseNet_BC_L100_k12", depth=depth).graph
    model = sized(graph, {"B": 64, "H": 32, "W": 32})
    assert round(saved(model).bytes / 2**20, 1) == plain
    assert round(saved(model, recompute=True).bytes / 2**20, 1) == recomputed
