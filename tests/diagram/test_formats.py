"""TikZ, draw.io and Mermaid: what is written is well-formed, and shows what the scene has."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

import archspec
from archspec.backends.diagram.object import Diagram
from archspec.backends.diagram.options import ENDINGS
from archspec.backends.diagram.scene import Rect
from archspec.backends.diagram.tikz import escaped

SPECS = Path(__file__).parents[2] / "specs"
MODELS = [
    ("unet", "OriginalUNet"),
    ("densenet", "DenseNet121"),
    ("gpt2", "GPT2"),
    ("byol", "BYOL"),
    ("highway", "HighwayNetwork"),
    ("siamese", "Siamese"),
]
NUMBER = r"-?\d+(?:\.\d+)?"


@cache
def figure(file: str, model: str) -> Diagram:
    return archspec.load(str(SPECS / f"{file}.arch"))[model].diagram()


def text(made: Diagram, ending: str) -> str:
    data = made.data(ending)
    assert made.data(ending) == data
    return data.decode("utf-8")


def rects(made: Diagram) -> dict[str, Rect]:
    scene = made.scene
    found = {box.id: box.rect for box in scene.boxes} | {join.id: join.rect for join in scene.joins}
    return found | {frame.id: frame.rect for frame in scene.frames}


# --- draw.io -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "model"), MODELS)
def test_drawio_has_every_box_at_its_place_and_edges_attached(file: str, model: str) -> None:
    made = figure(file, model)
    root = ElementTree.fromstring(text(made, "drawio"))
    cells = {cell.get("id"): cell for cell in root.iter("mxCell")}
    assert len(cells) == len(list(root.iter("mxCell")))
    places = set()
    for cell in cells.values():
        geometry = cell.find("mxGeometry")
        if cell.get("vertex") == "1":
            assert geometry is not None
            places.add(tuple(float(geometry.get(k, "")) for k in ("x", "y", "width", "height")))
    for r in rects(made).values():
        assert tuple(float(f"{v:.2f}") for v in (r.x, r.y, r.width, r.height)) in places
    edges = [cell for cell in cells.values() if cell.get("edge") == "1"]
    samples = sum(hasattr(s.sample, "path") for s in made.scene.legend)
    assert len(edges) == len(made.scene.edges) + samples
    known = rects(made)
    for edge, cell in zip(made.scene.edges, edges, strict=False):
        for what, id in (("source", edge.source), ("target", edge.target)):
            if id in known:
                assert cell.get(what) in cells
            point = cell.find(f"mxGeometry/mxPoint[@as='{what}Point']")
            assert point is not None
    # each way of reuse has a dash or weight of its own
    looks = {
        edge.kind: re.sub(r"(exit|entry)[^;]*;|startArrow=[^;]*;", "", cell.get("style", ""))
        for edge, cell in zip(made.scene.edges, edges, strict=False)
    }
    plain = {re.sub(r"strokeColor=[^;]*;", "", look) for look in looks.values()}
    assert len(plain) >= len(looks) - 1  # dense and plain flow differ by colour and way


def test_drawio_labels_are_escaped() -> None:
    spec = archspec.loads("model Net {\n    input x: [B, 4]\n    fc: Linear(2)\n}\n")
    root = ElementTree.fromstring(spec["Net"].diagram().data("drawio"))
    labels = [cell.get("value", "") for cell in root.iter("mxCell")]
    assert "<b>Linear</b><br>2" in labels


# --- TikZ --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "model"), MODELS)
def test_tikz_paths_are_those_of_the_scene(file: str, model: str) -> None:
    made = figure(file, model)
    source = text(made, "tex")
    packages = re.findall(r"\\usepackage(?:\[\w+\])?\{(\w+)\}", source)
    assert packages == ["tikz"]
    body = source.split(r"\begin{tikzpicture}")[1].split(r"\end{tikzpicture}")[0]
    point = rf"\({NUMBER},{NUMBER}\)"
    known = re.compile(
        rf"\\path\[[^]]*\] {point}(?: rectangle {point}| circle \({NUMBER}bp\)"
        rf"|(?: \.\. controls {point} and {point} \.\. {point})+|(?: -- {point})+(?: -- cycle)?);"
        rf"|\\node\[anchor=base(?: west| east)?,text=c\d+,scale=[\d.]+\] at {point} \{{.*\}};"
        rf"|\\useasboundingbox \(0,0\) rectangle {point};|% .*"
    )
    lines = [line for line in body.splitlines()[1:] if line]
    for line in lines:
        assert known.fullmatch(line), line
    defined = set(re.findall(r"\\definecolor\{(c\d+)\}", source))
    assert set(re.findall(r"(?:draw|fill|text)=(c\d+)", body)) <= defined
    assert sum(line.startswith(r"\node") for line in lines) == len(list(made.scene.all_texts()))
    assert all(line.startswith("%") or line.isascii() for line in source.splitlines())


def test_special_characters_of_latex_are_escaped() -> None:
    assert escaped(r"a_b & 5% of {x}^2 ~ #1 $ \n") == (
        r"a\_b \& 5\% of \{x\}\textasciicircum{}2 \textasciitilde{} \#1 \$ \textbackslash{}n"
    )
    assert escaped("3×3, 64 → 128") == r"3\ensuremath{\times}3, 64 \ensuremath{\rightarrow} 128"


@pytest.mark.exhaustive
@pytest.mark.parametrize(("file", "model"), MODELS)
def test_latex_compiles_it(file: str, model: str, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        pytest.skip("no LaTeX")
    for needed in ("standalone.cls", "tikz.sty"):
        if subprocess.run(["kpsewhich", needed], capture_output=True).returncode:
            pytest.skip(f"no {needed}")
    (tmp_path / "figure.tex").write_text(text(figure(file, model), "tex"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "figure.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-2000:]


# --- Mermaid -----------------------------------------------------------------------------------

MERMAID = re.compile(
    r"flowchart (?:LR|TB)|\s+%% .*|\s+end|\s+subgraph f\d+\[\"[^\"]*\"\]"
    r"|\s+(?P<node>n\d+)(?:\[\"[^\"]*\"\]|\[\[\"[^\"]*\"\]\]|\(\[\"[^\"]*\"\]\)|\(\(\"[^\"]*\"\)\))"
    r"|\s+(?P<source>[nf]\d+) -(?:->|--)(?:\|[a-z ]+\|)? (?P<target>[nf]\d+)"
    r"|\s+linkStyle (?P<links>[\d,]+) stroke:#\w+,stroke-width:[\d.]+px"
    r"(?:,stroke-dasharray:[\d. ]+)?"
    r"|\s+classDef \w+ fill:#\w+,stroke:#\w+,color:#\w+|\s+class (?P<named>[n\d,]+) \w+"
)


@pytest.mark.parametrize(("file", "model"), MODELS)
def test_mermaid_has_every_box_and_edge(file: str, model: str) -> None:
    made = figure(file, model)
    lines = text(made, "mmd").splitlines()
    found = [MERMAID.fullmatch(line) for line in lines]
    for line, match in zip(lines, found, strict=True):
        assert match, line
    matches = [match for match in found if match is not None]
    nodes = {m["node"] for m in matches if m["node"]}
    edges = [(m["source"], m["target"]) for m in matches if m["source"]]
    assert len(nodes) >= len(made.scene.boxes) + len(made.scene.joins)
    assert len(edges) == len(made.scene.edges)
    frames = {f"f{i}" for i in range(len(made.scene.frames))}
    assert {end for edge in edges for end in edge} <= nodes | frames
    styled = [int(n) for m in matches if m["links"] for n in m["links"].split(",")]
    assert sorted(styled) == list(range(len(edges)))
    named = [n for m in matches if m["named"] for n in m["named"].split(",")]
    assert len(named) == len(set(named)) == len(made.scene.boxes)
    opened = sum(line.strip().startswith("subgraph") for line in lines)
    assert opened == sum(line.strip() == "end" for line in lines) == len(frames)


def test_the_option_lists_all_endings() -> None:
    from archspec.cli.diagram import diagram

    (output,) = (p for p in diagram.params if p.name == "output")
    shown = str(getattr(output, "help", ""))
    assert all(f".{ending}" in shown for ending in ENDINGS)
