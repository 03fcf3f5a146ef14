"""Every spec here, and every sample of the language's design, checks without a word."""

from pathlib import Path

import pytest

from archspec.diagnostics.render.text import render_text
from archspec.ir import verify
from archspec.pipeline import build_graph, check
from archspec.source import SourceFile
from archspec.syntax.format import format_source
from tests.support.zoo import DIGITS, LANGUAGE, SAMPLES, SPECS, graph_of, program

FILES = [
    path for folder in (SPECS, DIGITS, SAMPLES, LANGUAGE) for path in sorted(folder.glob("*.arch"))
]


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_checks_without_errors_or_warnings(path: Path) -> None:
    spec = program(path)
    assert spec.models, "a spec without a model that can be built"
    found = check(spec)
    assert not found, render_text(found)


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_graphs_keep_their_invariants(path: Path) -> None:
    spec = program(path)
    for name in spec.models:
        verify(build_graph(spec, name).graph)


def test_every_spec_names_its_source() -> None:
    for path in SPECS.rglob("*.arch"):
        lines = path.read_text(encoding="utf-8").splitlines()
        header = " ".join(line for line in lines[:12] if line.startswith("#"))
        assert any(str(year) in header for year in range(1980, 2027)), path.name


@pytest.mark.parametrize(("side", "left"), [(572, 388), (188, 4), (1020, 836)])
def test_original_unet_maps_572_to_388(side: int, left: int) -> None:
    graph = graph_of("unet", "OriginalUNet").graph
    ((_, value),) = graph.outputs
    sizes = {"B": 3, "H": side, "W": 572}
    assert [d.evaluate(sizes) for d in graph.type_of(value).shape] == [3, 2, left, 388]


@pytest.mark.parametrize("side", [172, 187, 573])
def test_original_unet_refuses_other_sizes(side: int) -> None:
    domain = graph_of("unet", "OriginalUNet").graph.domains["H"]
    assert 572 in domain
    assert side not in domain


def test_reuse_mechanisms_are_seen() -> None:
    expected = {
        ("densenet", "DenseNet121"): {"dense"},
        ("resnet", "ResNet18"): {"residual"},
        ("unet", "UNet"): {"skip"},
        ("siamese", "Siamese"): {"shared"},
    }
    for (spec, model), mechanisms in expected.items():
        graph = graph_of(spec, model).graph
        assert {edge.mechanism for edge in graph.reuse_edges()} == mechanisms
    relations = {
        ("gpt2", "GPT2"): {"tied"},
        ("byol", "BYOL"): {"shared", "ema"},
        ("finetune", "Finetune"): {"frozen"},
        ("digits/transfer", "Transfer"): {"frozen"},
        ("digits/tied", "PixelGPT"): {"tied"},
    }
    for (spec, model), kinds in relations.items():
        assert {r.mechanism for r in graph_of(spec, model).graph.relations} == kinds


def test_dense_layers_read_all_layers_before() -> None:
    graph = graph_of("densenet", "DenseNet121").graph
    assert sum(edge.mechanism == "dense" for edge in graph.edges) == 6 + 12 + 24 + 16


def test_the_smallest_image_of_densenet_is_inferred() -> None:
    """Four halvings, two of which (the last transitions') round down, must leave a pixel."""
    domains = graph_of("densenet", "DenseNet121").graph.domains
    assert (domains["H"].smallest, domains["W"].smallest) == (29, 29)


@pytest.mark.parametrize("path", sorted(SPECS.rglob("*.arch")), ids=lambda p: p.stem)
def test_specs_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_source(SourceFile(path.name, text)) == text
