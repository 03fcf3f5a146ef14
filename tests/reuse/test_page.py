"""`archspec reuse` as a page and as LaTeX: its numbers are those of the JSON."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from archspec.backends.report import ENDINGS, write_reports
from archspec.backends.report.flow import ARCS, STEPS
from archspec.backends.report.spread import BARS
from archspec.cli.app import app
from archspec.reuse.report import ReuseReport, report
from archspec.reuse.sized import sized
from tests.support.checking import graph_from, net

SPECS = Path(__file__).parents[2] / "specs"
MODELS = {
    "ResNet50": ("resnet", "H=224,W=224"),
    "DenseNet121": ("densenet", "H=224,W=224"),
    "GPT2": ("gpt2", "T=1024"),
}
ODD = "<b>&\"'x</b>"


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["reuse", *arguments])


def run(model: str, *arguments: str) -> str:
    spec, sizes = MODELS[model]
    result = invoke(str(SPECS / f"{spec}.arch"), "-m", model, "--input", sizes, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def tree(page: str) -> ET.Element:
    """The page read as XML, which each well-formed page is."""
    assert page.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(page)


def svg(page: ET.Element, id: str) -> ET.Element:
    (found,) = [svg for svg in page.iter("svg") if svg.get("id") == id]
    return found


def text(element: ET.Element) -> str:
    return "".join(element.itertext())


def with_class(element: ET.Element, name: str) -> Iterator[ET.Element]:
    return (e for e in element.iter() if name in (e.get("class") or "").split())


def of_body(body: str) -> ReuseReport:
    return report(sized(graph_from(net(body))))


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_totals_are_those_of_the_json(model: str) -> None:
    page = tree(run(model, "--format", "html"))
    found = json.loads(run(model, "--format", "json"))
    (table,) = with_class(page, "totals")
    shown = {}
    for row in table.iter("tr"):
        name, value = row
        data = value.find("data")
        shown[text(name)] = int(data.get("value", "")) if data is not None else text(value)
    totals, concat = found["totals"], found["concat"]
    named = {
        "parameters": totals["parameters"],
        "counted per use": totals["parameters_per_use"],
        "saved by reuse": totals["parameters_saved"],
        "MACs": totals["macs"],
        "element operations": totals["element_ops"],
        "activations": totals["activations"],
        "CIO of convolutions": totals["cio"],
        "peak live memory": totals["peak_bytes"],
        "elementwise in place": totals["peak_bytes_in_place"],
        "kept for backward": totals["saved_bytes"],
        "dense layers again": totals["saved_bytes_recomputed"],
        "concatenated elements": concat["emitted"],
        "with lists": concat["naive"],
        "in one buffer": concat["shared"],
    }
    paths = shown.pop("gradient paths")
    assert {name: value for name, value in named.items() if name in shown} == shown
    p, power = found["paths"], int(found["paths"]["count"], 16).bit_length() - 1
    expected = f"2^{power}, of {p['shortest']} to {p['longest']} steps, mean {p['mean']:.1f}"
    assert paths == expected


@pytest.mark.parametrize("model", MODELS)
def test_each_edge_has_its_row_and_its_arc(model: str) -> None:
    page = tree(run(model, "--format", "html"))
    edges = json.loads(run(model, "--format", "json"))["edges"]
    (table,) = with_class(page, "edges")
    head, *rows = table.iter("tr")
    for row, edge in zip(rows, edges, strict=True):
        cells = {text(name): cell for name, cell in zip(head, row, strict=True)}
        shown = {name: text(cell) for name, cell in cells.items()}
        assert shown["reuse"] == edge["mechanism"]
        assert shown["edge"].split(" → ") == [edge["source"], *edge["via"], edge["target"]]
        assert int(shown["span"]) == edge["span"]
        assert int(shown["parameters"].replace(",", "") or 0) == edge["parameters"]
        assert int(shown["MACs"].replace(",", "") or 0) == edge["macs"]
        for side in ("sees", "meets"):
            reaches = {str(axis["reach"]) for axis in edge[side]}
            assert ({shown[side].replace(",", "")} if side in shown else set()) == reaches
        data = cells["held"].find("data")
        assert (int(data.get("value", "")) if data is not None else 0) == edge["held_bytes"]
    hints = sorted(text(arc).partition(",")[0] for arc in with_class(svg(page, "m1-edges"), "arc"))
    assert hints == sorted(f"{e['mechanism']}: {e['source']} to {e['target']}" for e in edges)


def test_reused_weights_have_a_table() -> None:
    page = tree(run("GPT2", "--format", "html"))
    (found,) = json.loads(run("GPT2", "--format", "json"))["weights"]
    (table,) = with_class(page, "weights")
    head, row = table.iter("tr")
    assert [text(cell) for cell in head] == ["reuse", "weights", "uses", "saved"]
    names = "transformer.wte.weight = lm_head.weight"
    assert [text(cell) for cell in row] == ["tied", names, "2", f"{found['saved']:,}"]
    assert not list(with_class(tree(run("ResNet50", "--format", "html")), "weights"))
    latex = run("GPT2", "--format", "latex")
    assert r"\label{tab:reuse-GPT2-weights}" in latex
    assert rf"tied & transformer.wte.weight = lm\_head.weight & 2 & {found['saved']:,} \\" in latex


def test_an_arc_that_holds_more_is_stronger() -> None:
    page = tree(run("ResNet50", "--format", "html"))
    edges = json.loads(run("ResNet50", "--format", "json"))["edges"]
    held = {f"{e['source']} to {e['target']}": e["held_bytes"] for e in edges}
    bands = []
    for arc in with_class(svg(page, "m1-edges"), "arc"):
        way = text(arc).partition(": ")[2].partition(",")[0]
        (band,) = re.findall(r"\bb(\d)\b", arc.get("class", ""))
        bands.append((held[way], int(band)))
    bands.sort()
    assert [band for _, band in bands] == sorted(band for _, band in bands)
    assert (bands[0][1], bands[-1][1]) == (1, 5)


@pytest.mark.parametrize("model", MODELS)
def test_the_histogram_has_the_shares(model: str) -> None:
    page = tree(run(model, "--format", "html"))
    shares = json.loads(run(model, "--format", "json"))["paths"]["shares"]
    bars = list(with_class(svg(page, "m1-paths"), "bar"))
    assert 10 < len(bars) <= BARS
    shown = dict(text(bar).removesuffix(" %").split(" steps: ") for bar in bars)
    for length, share in shown.items():
        assert float(share) == pytest.approx(100 * shares.get(length, 0), rel=5e-3)
    total = sum(map(float, shown.values()))
    assert total == pytest.approx(100, abs=0.2)
    # The areas are as the shares: the highest bar is that of the largest.
    highest = max(bars, key=lambda bar: float(bar.get("height", "")))
    assert text(highest).partition(" ")[0] == max(shares, key=shares.get)


def test_the_timeline_follows_live_and_held_bytes() -> None:
    nodes = json.loads(run("ResNet50", "--format", "json"))["nodes"]
    plot = svg(tree(run("ResNet50", "--format", "html")), "m1-memory")
    for class_, column in (("live", "live_bytes"), ("reuse", "held_bytes")):
        (area,) = with_class(plot, class_)
        heights = [float(y) for y in re.findall(r"V([\d.]+)", area.get("d", ""))]
        zero, at = heights[-1], 0
        values = nodes[column]
        changes = [v for before, v in zip([0, *values], values, strict=False) if v != before]
        scale = (zero - min(heights)) / max(values)
        for height, value in zip(heights[:-1], changes, strict=True):
            assert zero - height == pytest.approx(value * scale, abs=0.2)
            at += 1
        assert at > 10


def test_work_is_that_of_the_nodes() -> None:
    nodes = json.loads(run("ResNet50", "--format", "json"))["nodes"]
    work = {
        name: (macs, moved)
        for name, macs, moved in zip(
            nodes["names"], nodes["macs"], nodes["moved_bytes"], strict=True
        )
    }
    plot = svg(tree(run("ResNet50", "--format", "html")), "m1-work")
    dots = [text(dot) for dot in with_class(plot, "dot")]
    alone = [dot for dot in dots if " and " not in dot and dot.split(": ")[0] in work]
    assert len(alone) > 5
    for dot in alone:
        name, numbers = dot.split(": ")
        macs, moved = re.findall(r"[\d,]*\d", numbers)
        assert (int(macs.replace(",", "")), int(moved.replace(",", ""))) == work[name]


def test_the_columns_of_nodes_sum_to_the_totals() -> None:
    found = json.loads(run("DenseNet121", "--format", "json"))
    assert sum(found["nodes"]["macs"]) == found["totals"]["macs"]
    assert max(found["nodes"]["live_bytes"]) == found["totals"]["peak_bytes"]
    for edge in found["edges"]:
        assert found["nodes"]["names"][edge["source_node"]] == edge["source"]
        assert found["nodes"]["names"][edge["target_node"]] == edge["target"]
        assert edge["target_node"] - edge["source_node"] > 0


# --- the page stands alone ---------------------------------------------------------------------


class _Balanced(HTMLParser):
    """Fails where an element that HTML requires to be closed is not."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_loaded_and_nothing_runs(model: str) -> None:
    page = run(model, "--format", "html")
    reader = _Balanced()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    for tag, attributes in reader.seen:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "use", "image"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"src", "srcset", "data"}
            assert name != "href" or (value or "").startswith("#")
            assert value is None or "url(" not in value or "url(#" in value
    assert "//" not in page
    assert "@import" not in page
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert "url(" not in style
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


@pytest.mark.parametrize("model", MODELS)
def test_plots_are_told_to_those_who_do_not_see_them(model: str) -> None:
    page = tree(run(model, "--format", "html"))
    assert page.get("lang") == "en"
    ids = [e.get("id") for e in page.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    plots = list(with_class(page, "plot"))
    assert len(plots) == 4
    for plot in plots:
        assert plot.get("role") == "img"
        title, description = (plot.get("aria-labelledby") or "").split()
        assert plot[0].tag == "title"
        assert (plot[0].get("id"), plot[1].get("id")) == (title, description)
        assert text(plot[0])
        assert len(text(plot[1])) > 20
    headings = [e.tag for e in page.iter() if e.tag in {"h1", "h2", "h3"}]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    for cell in page.iter("th"):
        assert cell.get("scope") in {"row", "col"}


def test_every_class_of_the_drawing_has_a_style() -> None:
    page = run("GPT2", "--format", "html") + run("DenseNet121", "--format", "html")
    style = page.partition("</style>")[0]
    # What is told apart by its dashes or by nothing but its place needs no rule of its own.
    free = {"dense", "skip", "branch", "tick"}
    used = {name for names in re.findall(r' class="([^"]+)"', page) for name in names.split()}
    assert {name for name in used - free if f".{name}" not in style} == set()


def test_names_are_escaped() -> None:
    found = of_body("residual { Linear(16) }\nresidual { Linear(16) }")
    plain = found.to_json()
    edges = tuple(
        edge.model_copy(update={"source": ODD, "target": f"{ODD}2", "via": (f"{ODD}3",)})
        for edge in found.edges
    )
    odd = found.model_copy(
        update={
            "model": ODD,
            "sizes": {ODD: 3},
            "edges": edges,
            "nodes": found.nodes.model_copy(update={"names": (ODD,) * len(found.nodes.names)}),
            "totals": found.totals.model_copy(update={"peak_at": ODD, "uncounted": (ODD,)}),
        }
    )
    markup = write_reports([odd, odd], "html")
    assert "<b>" not in markup
    page = tree(markup)
    assert text(page.findall(".//h1")[0]).endswith(ODD)
    (table, _) = with_class(page, "edges")
    assert text(next(with_class(table, "way"))) == f"{ODD} → {ODD}3 → {ODD}2"
    assert found.to_json() == plain
    latex = write_reports([odd], "latex")
    assert r"\textless{}b\textgreater{}\&''" in latex
    assert ODD not in latex


def test_pages_are_the_same_each_time() -> None:
    for format in ("html", "latex"):
        assert run("GPT2", "--format", format) == run("GPT2", "--format", format)


# --- unusual models ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "Linear(16)",
        "ReLU",
        "Identity",
        "residual { Linear(16) }",
        "residual { ReLU }",
        "for i in 0..<3 { dense { Linear(4) } }",
    ],
)
def test_any_model_has_a_page(body: str) -> None:
    found = of_body(body)
    page = tree(write_reports([found], "html"))
    numbers = [
        value
        for e in page.iter()
        for name, value in e.attrib.items()
        if name in {"x", "y", "cx", "cy", "width", "height", "d", "r"}
    ]
    assert not any("nan" in value or "inf" in value or "e+" in value for value in numbers)
    ids = {plot.get("id") for plot in with_class(page, "plot")}
    assert ("m1-edges" in ids) == bool(found.edges)
    assert "m1-memory" in ids
    write_reports([found], "latex")


def test_deep_models_are_drawn_in_part_and_say_so() -> None:
    found = of_body("for i in 0..<600 { residual { Linear(16) } }")
    markup = write_reports([found], "html")
    page = tree(markup)
    arcs = list(with_class(svg(page, "m1-edges"), "arc"))
    assert 100 < len(arcs) < ARCS
    assert f"600 edges are {len(arcs):,} arcs" in markup
    hidden = sum(int(n) for arc in arcs for n in re.findall(r"; and (\d+) more", text(arc)))
    assert len(arcs) + hidden == 600
    assert f"{len(found.nodes.names):,} nodes are drawn in steps of" in markup
    assert len(found.nodes.names) > STEPS
    (table,) = with_class(page, "edges")
    assert len(list(table.iter("tr"))) == 601
    assert len(list(with_class(svg(page, "m1-paths"), "bar"))) <= BARS
    assert len(markup) < 400_000


def test_several_models_are_one_page() -> None:
    path = str(SPECS / "resnet.arch")
    models = ["-m", "ResNet18", "-m", "ResNet34"]
    result = invoke(path, *models, "--input", "H=64,W=64", "--format", "html")
    page = tree(result.stdout)
    assert [text(h) for h in page.iter("h1")] == [
        "What reuse gives and costs: ResNet18",
        "What reuse gives and costs: ResNet34",
    ]
    targets = [link.get("href", "") for link in page.iter("a")]
    assert targets == ["#m1", "#m2"]
    assert {"m1", "m2"} <= {e.get("id") for e in page.iter("article")}
    ids = [e.get("id") for e in page.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for fill in (e.get("fill") for e in page.iter("path")):
        assert fill is None or fill[5:-1] in ids


# --- LaTeX -------------------------------------------------------------------------------------


def test_the_latex_has_the_numbers_and_only_booktabs() -> None:
    found: dict[str, Any] = json.loads(run("ResNet50", "--format", "json"))
    latex = run("ResNet50", "--format", "latex")
    assert latex.startswith("% \\usepackage{booktabs}\n")
    assert rf"parameters & {found['totals']['parameters']:,} \\" in latex
    assert rf"MACs & {found['totals']['macs']:,} \\" in latex
    rows = [line for line in latex.splitlines() if line.startswith("residual & ")]
    assert len(rows) == len(found["edges"])
    for row, edge in zip(rows, found["edges"], strict=True):
        cells = row.removesuffix(r" \\").split(" & ")
        assert cells[1] == rf"{edge['source']} $\to$ {edge['target']}"
        assert cells[3] == str(edge["sees"][0]["reach"])
        assert cells[5] == (f"{edge['parameters']:,}" if edge["parameters"] else "")
    for kind in ("table*", "tabular"):
        assert latex.count(rf"\begin{{{kind}}}") == latex.count(rf"\end{{{kind}}}") == 2


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")
@pytest.mark.parametrize("model", MODELS)
def test_the_latex_compiles_as_it_stands(model: str, tmp_path: Path) -> None:
    (tmp_path / "t.tex").write_text(
        "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
        + run(model, "--format", "latex")
        + "\\end{document}\n"
    )
    result = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:]
    assert "Overfull" not in result.stdout
    assert "too large" not in result.stdout


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_ending_tells_the_format(ending: str, tmp_path: Path) -> None:
    out = tmp_path / f"out{ending.upper()}"
    expected = run("GPT2", "--format", ENDINGS[ending])
    assert run("GPT2", "-o", str(out)) == ""
    assert out.read_text(encoding="utf-8") == expected
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_the_format_stands_above_the_ending(tmp_path: Path) -> None:
    out = tmp_path / "out.data"
    run("GPT2", "--format", "json", "-o", str(out))
    assert json.loads(out.read_text(encoding="utf-8"))["model"] == "GPT2"


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out.pdf"
    result = invoke(str(SPECS / "gpt2.arch"), "-m", "GPT2", "--input", "T=8", "-o", str(out))
    assert result.exit_code == 2
    assert "end it with one of .txt, .json, .tex, .html, or give --format" in result.output
    assert not out.exists()


def test_a_spec_is_not_overwritten(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(net("Linear(16)"), encoding="utf-8")
    before = spec.read_text(encoding="utf-8")
    result = invoke(str(spec), "--format", "html", "-o", str(spec))
    assert result.exit_code != 0
    assert spec.read_text(encoding="utf-8") == before


def test_a_file_that_cannot_be_written_is_one_diagnostic(tmp_path: Path) -> None:
    out = tmp_path / "missing" / "out.html"
    result = invoke(str(SPECS / "gpt2.arch"), "-m", "GPT2", "--input", "T=8", "-o", str(out))
    assert result.exit_code == 1
    assert result.stderr.count("error") == 1
    assert "A0802" in result.stderr


def test_diagnostics_of_pages_are_text() -> None:
    result = invoke(str(SPECS / "resnet.arch"), "-m", "ResNet18", "--format", "html")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "`H`, `W`" in result.stderr
