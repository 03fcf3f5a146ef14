"""Architecture tables: what they say of the models in `specs/`, and what each format makes of it.

`ARCHSPEC_RENEW=1 pytest tests/backends/test_tables.py` writes `tests/golden/tables` anew.
"""

import csv
import io
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from archspec.backends.tables import FORMATS, write_table
from archspec.backends.tables.latex import escape as escape_latex
from archspec.backends.tables.markdown import escape as escape_markdown
from archspec.backends.tables.numbers import macs, parameters
from archspec.dims import Dim
from archspec.elaborate import Elaborated
from archspec.ir import Module
from archspec.passes.architecture import Group, Table, stages_of, table_of
from archspec.passes.costs import costs
from archspec.pipeline import build_graph, load_text
from tests.support.sizes import usual_sizes
from tests.support.zoo import DIGITS, ROOT, SPECS, graph_of, program

GOLDEN: Final = ROOT / "tests" / "golden" / "tables"
#: File name, spec and models of the tables that are kept.
KEPT: Final = {
    "densenet": ("densenet", ("DenseNet121", "DenseNet169", "DenseNet201", "DenseNet264")),
    "resnet": ("resnet", ("ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152")),
    "unet": ("unet", ("OriginalUNet",)),
    "unet_resnet34": ("unet_resnet34", ("UNetResNet34",)),
    "gpt2": ("gpt2", ("GPT2", "GPT2Medium")),
    "bert": ("bert", ("BERT",)),
    "swin": ("swin", ("Swin_T",)),
    "efficientnet": ("efficientnet", ("EfficientNetB0",)),
    "inception": ("inception", ("InceptionV3",)),
    "highway": ("highway", ("HighwayNetwork", "HighwayNetwork100")),
    "mlp": ("mlp", ("MLP",)),
    "siamese": ("siamese", ("Siamese",)),
    "byol": ("byol", ("BYOL",)),
    "autoencoder": ("autoencoder", ("TiedAutoencoder",)),
    "hardnet": ("hardnet", ("HarDNet68",)),
    "segmentation": ("segmentation", ("DeepLabV3_ResNet50",)),
}
#: One model of each spec, and all of some: between them all constructs.
MODELS: Final = [
    (path, name)
    for path in (*sorted(SPECS.glob("*.arch")), *sorted(DIGITS.glob("*.arch")))
    for name in list(program(path).models)[: None if path.stem in ("resnet", "gpt2") else 2]
]


def of(models: Sequence[Elaborated], caption: str = "") -> Table:
    graphs = [model.graph for model in models]
    return table_of(graphs, [usual_sizes(graph) for graph in graphs], caption)


def small(text: str, *names: str) -> Table:
    program = load_text(text, "net.arch")
    return of([build_graph(program, name) for name in names or program.models])


@pytest.fixture(scope="module", params=MODELS, ids=lambda pair: f"{pair[0].stem}-{pair[1]}")
def model(request: pytest.FixtureRequest) -> Elaborated:
    path, name = request.param
    return build_graph(program(path), name)


# --- what the table says ------------------------------------------------------------------------


def layers_in(group: Group) -> int:
    """How many layers `group` stands for, read off its text."""
    count = 0
    for text in group.texts:
        times = re.search(r" \((?:× (\d+)|(\d+) in parallel)\)$", text)
        text = text.removesuffix(times[0]) if times else text
        own = sum(_listed(part) for part in re.split(r" → | ∥ ", text.removeprefix("∥ ")))
        count += own * (int(times[1] or times[2]) if times else 1)
    return count * group.times


def _listed(text: str) -> int:
    """`3×3, 14, 24, 14` is three layers."""
    widths = re.fullmatch(r"\(?[^,]+((?:, \d+)+)(?:, .*)?", text)
    return widths[1].count(",") if widths else 1


def is_copy(module: Module | None) -> bool:
    """Whether it is, or is in, a slow copy of another module."""
    return module is not None and (module.ema_of is not None or is_copy(module.parent))


def test_what_repeats_multiplies_back_to_the_layers_of_the_graph(model: Elaborated) -> None:
    for stage in stages_of(model.graph, usual_sizes(model.graph)):
        for group in stage.groups:
            if not str(group).startswith("slow copy"):
                assert layers_in(group) == sum(len(unit.shown) for unit in group.units), str(group)


def test_every_layer_that_multiplies_stands_somewhere(model: Elaborated) -> None:
    graph, sizes = model.graph, usual_sizes(model.graph)
    units = [u for s in stages_of(graph, sizes) for group in s.groups for u in group.units]
    ids = [id for unit in units for id in (*unit.shown, *unit.around)]
    assert len(ids) == len(set(ids))
    there = {graph.node(id).module for id in ids}
    for node in graph.nodes:
        if node.kind == "layer" and not is_copy(node.module):
            assert node.decl is not None
            assert node.params is not None
            inputs = graph.input_types(node.id)
            if node.decl.macs(node.params, inputs, node.outputs) is not Dim.of(0):
                assert node.module in there


def test_counts_are_those_of_the_summary(model: Elaborated) -> None:
    (column,) = of([model]).columns
    found = costs(model.graph, usual_sizes(model.graph))
    assert (column.parameters, column.macs) == (found.parameters, found.macs)


def test_names_of_stages_are_labels_of_the_spec(model: Elaborated) -> None:
    graph = model.graph
    paths = {module.path for module in graph.modules()}
    outputs = {name for name, _ in graph.outputs}
    stages = stages_of(graph, usual_sizes(graph))
    assert len({stage.name for stage in stages}) == len(stages)
    for stage in stages:
        ends = stage.name.split("–")
        if stage.modules:
            assert set(stage.modules) <= paths
            assert all(p == e or p.endswith(f".{e}") for p, e in zip(stage.modules, ends))  # noqa: B905
        else:
            assert stage.name in {*outputs, graph.name}


def test_a_published_table() -> None:
    """Table 1 of arXiv:1608.06993, and its numbers of layers: 121 = 2 * 58 + 4 + 1, …"""
    for name, repeats, depth in (
        ("DenseNet121", (6, 12, 24, 16), 121),
        ("DenseNet169", (6, 12, 32, 32), 169),
        ("DenseNet201", (6, 12, 48, 32), 201),
        ("DenseNet264", (6, 12, 64, 48), 265),  # what the paper calls 264 has 265 layers
    ):
        table = of([graph_of("densenet", name)])
        rows = {row.stage: row for row in table.rows if row.stage}
        blocks = [rows[f"denseblock{i}"] for i in range(1, 5)]
        assert [row.size for row in blocks] == ["56×56", "28×28", "14×14", "7×7"]
        assert [str(row.cells[0][0]) for row in blocks] == [
            f"[1×1, 128; 3×3, 32] × {times}" for times in repeats
        ]
        groups = [group for row in table.rows for group in row.cells[0]]
        pools = sum(text.count("pool") for group in groups for text in group.texts)
        assert sum(map(layers_in, groups)) - pools == depth


@pytest.mark.parametrize(
    ("name", "lines", "repeats"),
    [
        ("ResNet18", 2, (2, 2, 2, 2)),
        ("ResNet34", 2, (3, 4, 6, 3)),
        ("ResNet50", 3, (3, 4, 6, 3)),
        ("ResNet101", 3, (3, 4, 23, 3)),
        ("ResNet152", 3, (3, 8, 36, 3)),
    ],
)
def test_another_published_table(name: str, lines: int, repeats: tuple[int, ...]) -> None:
    """Table 1 of arXiv:1512.03385."""
    rows = {row.stage: row for row in of([graph_of("resnet", name)]).rows}
    for i, times in enumerate(repeats):
        width = 64 * 2**i
        expected: tuple[str, ...] = (f"3×3, {width}",) * 2
        if lines == 3:
            expected = (f"1×1, {width}", f"3×3, {width}", f"1×1, {4 * width}")
        (group,) = rows[f"layer{i + 1}"].cells[0]
        assert (group.texts, group.times) == (expected, times)


# --- what it says where models are harder ------------------------------------------------------


def texts(table: Table) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (row.stage, row.size, tuple(" | ".join(map(str, cell)) for cell in row.cells))
        for row in table.rows
    ]


def test_a_shared_encoder_is_shown_once_with_its_uses() -> None:
    table = of([graph_of("siamese", "Siamese")])
    assert "encoder is applied 2 times with the same weights." in table.notes
    assert sum(stage == "encoder" for stage, _, _ in texts(table)) == 1


def test_ties_and_frozen_layers_are_told() -> None:
    assert "lm_head.weight is transformer.wte.weight." in of([graph_of("gpt2", "GPT2")]).notes
    assert "backbone is frozen." in of([graph_of("finetune", "Finetune")]).notes


def test_branches_and_what_follows_them() -> None:
    table = small(
        """
        model Net {
            input x: float[B, 3, 8, 8]
            body: {
                a = _ -> one: Conv2d(4, 1)
                x -> two: Conv2d(8, 1) -> three: Conv2d(8, 3, padding=1)
                concat(a, three) -> last: Conv2d(5, 1)
            }
        }
        """
    )
    assert texts(table) == [
        ("body", "8×8", ("[∥ 1×1, 4; ∥ 1×1, 8 → 3×3, 8; 1×1, 5]",)),
    ]


def test_projections_of_shortcuts_are_told_below() -> None:
    table = small(
        """
        block Unit(width, stride = 1) {
            residual { Conv2d(width, 3, stride=stride, padding=1) -> ReLU }
            align { Conv2d(width, 1, stride=stride) }
        }
        model Net {
            input x: float[B, 3, 8, 8]
            stage: { Unit(8, 2) -> Unit(8) -> Unit(8) }
        }
        """
    )
    assert texts(table) == [("stage", "4×4", ("[3×3, 8] × 3",))]
    assert table.notes[:2] == (
        "The first unit of stage has stride 2.",
        "Shortcuts are projected (1×1) where shapes change, in stage.",
    )


def test_units_of_other_strides_are_not_one_repetition() -> None:
    table = small(
        """
        model Net {
            input x: float[B, 3, 32, 32]
            body: { for i in 0..<3 { Conv2d(8, 3, stride=2, padding=1) -> ReLU } }
        }
        """
    )
    assert texts(table) == [
        ("body", "16×16", ("3×3, 8, stride 2",)),
        ("", "8×8", ("3×3, 8, stride 2",)),
        ("", "4×4", ("3×3, 8, stride 2",)),
    ]


def test_models_of_other_stages_side_by_side() -> None:
    table = small(
        """
        model A {
            input x: float[B, 4]
            first: Linear(8) -> last: Linear(2)
        }
        model B {
            input x: float[B, 4]
            first: Linear(8) -> middle: Linear(6) -> last: Linear(3)
        }
        """
    )
    assert texts(table) == [
        ("first", "8", ("linear, 8", "linear, 8")),
        ("middle", "6", ("", "linear, 6")),
        ("last", "2/3", ("linear, 2", "linear, 3")),
    ]
    assert [row.same for row in table.rows] == [True, False, False]


def test_sizes_that_stay_open_are_expressions() -> None:
    model = graph_of("unet", "UNet")
    rows = table_of([model.graph], [{}]).rows
    assert (rows[0].size, rows[1].size) == (
        "H×W",
        "(H//2)×(W//2)".replace("(", "").replace(")", ""),
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"), (999, "999"), (1000, "1.00 k"), (9_994, "9.99 k"), (9_996, "10.0 k"),
        (99_960, "100 k"), (999_499, "999 k"), (999_500, "1.00 M"), (25_557_032, "25.6 M"),
        (1_558_000_000, "1.56 B"), (3 * 10**12, "3.00 T"), (4 * 10**15, "4000 T"),
    ],
)  # fmt: skip
def test_rounding(count: int, text: str) -> None:
    assert parameters(count) == text
    assert macs(Dim.of(count)) == text.replace("B", "G")


# --- formats -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEPT)
def test_kept_tables(name: str) -> None:
    spec, models = KEPT[name]
    built = [graph_of(spec, model) for model in models]
    table = of(built, (built[0].entry.block.body.doc or "").partition("\n")[0])
    for format, ending in (("text", "txt"), ("latex", "tex")):
        text = write_table(table, format)  # type: ignore[arg-type]
        path = GOLDEN / f"{name}.{ending}"
        if os.environ.get("ARCHSPEC_RENEW"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")


def test_two_runs_give_the_same_bytes(model: Elaborated) -> None:
    table = of([model])
    again = of([build_graph_again(model)])
    for format in FORMATS:
        assert write_table(table, format) == write_table(again, format)


def build_graph_again(model: Elaborated) -> Elaborated:
    path = model.entry.scope.source.path
    assert path is not None
    from archspec.pipeline import load_file

    return build_graph(load_file(path), model.entry.name)


#: Every ASCII character and more, in the places where users write text.
HOSTILE: Final = "".join(map(chr, range(32, 127))) + " λΩΔο × – → ∥ … é “x”"


def hostile() -> Table:
    source = "".join(
        f"model {name} {{ input x: float[B, 4]\n a_b: Linear({width}) }}\n"
        for name, width in (("A_1", 2), ("B", 3))
    )
    table = small(source)
    return Table(HOSTILE, table.columns, table.rows, (HOSTILE, *table.notes))


def test_csv_reads_back_and_is_exact(model: Elaborated) -> None:
    table = of([model])
    rows = list(csv.reader(io.StringIO(write_table(table, "csv"))))
    assert {len(row) for row in rows} == {2 + len(table.columns)}
    assert rows[0] == ["stage", "output", model.graph.name]
    assert all(row[0] for row in rows)
    found = costs(model.graph, usual_sizes(model.graph))
    assert rows[-2:] == [["parameters", "", str(found.parameters)], ["MACs", "", str(found.macs)]]


class _Cells(HTMLParser):
    """The texts of an HTML fragment's cells, and whether its elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_well_formed_and_keeps_text() -> None:
    reader = _Cells()
    reader.feed(write_table(hostile(), "html"))
    assert reader.open == []
    assert reader.text.count(HOSTILE) == 2


def test_markdown_has_as_many_cells_in_each_row() -> None:
    table = hostile()
    rows = [line for line in write_table(table, "markdown").split("\n") if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    unescaped = re.sub(r"\\(.)", r"\1", escape_markdown(HOSTILE))
    assert unescaped == " ".join(HOSTILE.split())


def test_text_is_aligned() -> None:
    lines = write_table(of([graph_of("resnet", "ResNet50")]), "text").split("\n")
    opening = [line.index(char) for line in lines for char in "⎡⎢⎣" if char in line]
    closing = [line.index(char) for line in lines for char in "⎤⎥⎦" if char in line]
    assert len(opening) == len(closing) == 12
    assert len(set(opening)) == 1


# --- LaTeX -------------------------------------------------------------------------------------

DOCUMENT: Final = r"""\documentclass{article}
\usepackage[margin=1in]{geometry}
\usepackage{booktabs}
\begin{document}
%s
\end{document}
"""


def compile_latex(body: str, folder: Path) -> str:
    """The log of pdflatex on a document with `body`; what was wrong is raised."""
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex")
    (folder / "t.tex").write_text(DOCUMENT.replace("%s", body), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    assert result.returncode == 0, result.stdout[-3000:]
    return result.stdout


def test_latex_of_all_models_compiles_with_booktabs_alone(tmp_path: Path) -> None:
    tables = [of([build_graph(program(path), name)]) for path, name in MODELS]
    body = "\n\\clearpage\n".join(write_table(table, "latex") for table in tables)
    log = compile_latex(body, tmp_path)
    assert "multiply defined" not in log
    wide = [float(points) for points in re.findall(r"Overfull .hbox .([0-9.]+)pt", log)]
    assert not wide


def test_latex_of_several_models_compiles(tmp_path: Path) -> None:
    body = "\n".join((GOLDEN / f"{name}.tex").read_text(encoding="utf-8") for name in KEPT)
    log = compile_latex(body, tmp_path)
    assert "Overfull" not in log


def test_latex_escapes_everything(tmp_path: Path) -> None:
    compile_latex(write_table(hostile(), "latex"), tmp_path)
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext")
    text = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", "t.pdf", "-"], cwd=tmp_path, capture_output=True, text=True
    ).stdout
    for char in "#$%&{}\\<>|λ×→∥–":  # others are drawn, or made of two
        assert char in text, char


def test_latex_of_letters() -> None:
    assert escape_latex("50% of λ_1 & -- Ω") == r"50\% of $\lambda$\_1 \& -{}- $\Omega$"
