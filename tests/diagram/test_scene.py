"""The geometry of figures: nothing overlaps, nothing crosses a box, what is counted is right."""

from functools import cache
from pathlib import Path

import pytest

from archspec import pipeline
from archspec.backends.diagram.figure import WIDTHS, Options, make_scene
from archspec.backends.diagram.scene import Edge, Point, Rect, Scene
from archspec.backends.diagram.svg import write_svg
from archspec.backends.diagram.theme import load_theme
from archspec.ir import Graph

SPECS = Path(__file__).parents[2] / "specs"
MODELS = [
    ("densenet", "DenseNet121"),
    ("resnet", "ResNet50"),
    ("resnet", "ResNet18"),
    ("unet", "UNet"),
    ("googlenet", "GoogLeNet"),
    ("gpt2", "GPT2"),
    ("vit", "ViT_B_16"),
    ("highway", "HighwayNetwork"),
    ("byol", "BYOL"),
    ("siamese", "Siamese"),
    ("multitask", "MultiTask"),
    ("digits/tied", "PixelGPT"),
    ("digits/byol", "BYOL"),
    ("digits/siamese", "Siamese"),
    ("digits/transfer", "Transfer"),
]


@cache
def graph_of(file: str, name: str) -> Graph:
    return pipeline.build_graph(pipeline.load_file(SPECS / f"{file}.arch"), name).graph


@cache
def scene_of(file: str, name: str, options: Options | None = None) -> Scene:
    return make_scene(graph_of(file, name), options)


@pytest.mark.parametrize(("file", "name"), MODELS)
def test_boxes_and_labels_do_not_overlap(file: str, name: str) -> None:
    scene = scene_of(file, name)
    solid = [(b.id, b.rect) for b in scene.boxes] + [(j.id, j.rect) for j in scene.joins]
    for i, (one, a) in enumerate(solid):
        for other, b in solid[i + 1 :]:
            assert not a.overlaps(b), f"{one} overlaps {other}"
    for box in scene.boxes:
        for text in box.texts:
            assert box.rect.contains(text.rect, 0.1), f"`{text.text}` sticks out of {box.id}"
    page = Rect(0, 0, scene.width, scene.height)
    for id, rect in solid:
        assert page.contains(rect), f"{id} is off the page"


@pytest.mark.parametrize(("file", "name"), MODELS)
def test_no_edge_passes_through_a_box(file: str, name: str) -> None:
    scene = scene_of(file, name)
    for edge in scene.edges:
        for box in scene.boxes:
            if box.id in (edge.source, edge.target):
                continue
            inner = Rect(box.rect.x + 1, box.rect.y + 1, box.rect.width - 2, box.rect.height - 2)
            for x, y in along(edge):
                inside = inner.x < x < inner.right and inner.y < y < inner.bottom
                assert not inside, f"{edge.source} to {edge.target} passes through {box.id}"


@pytest.mark.parametrize(("file", "name"), MODELS)
def test_figures_fit_a_page_and_can_be_read(file: str, name: str) -> None:
    scene = scene_of(file, name)
    assert scene.width <= WIDTHS["7in"]
    assert min(text.size for text in scene.all_texts()) >= 7.0


def along(edge: Edge) -> list[Point]:
    """Points of an edge, close to each other."""
    found: list[Point] = []
    for i in range(1, len(edge.path), 3):
        a, b, c, d = edge.path[i - 1 : i + 3]
        for n in range(21):
            t, s = n / 20, 1 - n / 20
            found.append(
                (
                    s**3 * a[0] + 3 * s * s * t * b[0] + 3 * s * t * t * c[0] + t**3 * d[0],
                    s**3 * a[1] + 3 * s * s * t * b[1] + 3 * s * t * t * c[1] + t**3 * d[1],
                )
            )
    return found


def test_a_dense_block_has_an_arc_for_each_pair() -> None:
    """L(L+1)/2 of them, each onto a stripe of its own."""
    scene = scene_of("densenet", "DenseNet121", Options("block", "denseblock1"))
    assert sum(1 for edge in scene.edges if edge.kind == "dense") == 6 * 7 // 2
    assert sorted(join.stripes for join in scene.joins) == [2, 3, 4, 5, 6, 7]
    tips = [edge.tip for edge in scene.edges if edge.kind == "dense"]
    assert len(set(tips)) == len(tips)


def test_skips_of_a_u_are_level() -> None:
    scene = scene_of("unet", "UNet")
    places = {b.id: b.rect for b in scene.boxes} | {j.id: j.rect for j in scene.joins}
    skips = [edge for edge in scene.edges if edge.kind == "skip"]
    assert len(skips) == 4
    for edge in skips:
        assert places[edge.source].cy == pytest.approx(places[edge.target].cy)
        assert len({round(y, 3) for _, y in edge.path}) == 1
    for i in range(4):
        assert places[f"enc{i}"].cy == pytest.approx(places[f"dec{i}"].cy)


def test_repeated_blocks_multiply_back() -> None:
    scene = scene_of("gpt2", "GPT2")
    frames = [frame for frame in scene.frames if frame.repeat > 1]
    assert [frame.repeat for frame in frames] == [12]
    assert sum(1 for edge in scene.edges if edge.kind == "residual") == 2
    assert sum(1 for edge in scene.edges if edge.kind == "tied") == 1


def test_copies_of_a_shared_encoder_have_badges_and_a_tie() -> None:
    scene = scene_of("digits/siamese", "Siamese")
    copies = [b for b in scene.boxes if any(s.sign == "shared" for s in b.badges)]
    assert len(copies) == 2
    assert all(box.double for box in copies)
    ties = [edge for edge in scene.edges if edge.kind == "shared"]
    assert [(t.source, t.target) for t in ties] == [(copies[0].id, copies[1].id)]
    assert ties[0].tip is None


def test_two_runs_give_the_same_bytes() -> None:
    graph = graph_of("byol", "BYOL")
    theme = load_theme("light")
    assert write_svg(make_scene(graph), theme) == write_svg(make_scene(graph), theme)
