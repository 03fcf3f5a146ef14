"""The summary as data, JSON and tables."""

import json

from archspec.passes.summary import Summary, summarize
from archspec.passes.tables import as_html, as_text
from archspec.pipeline import build_graph, load_text

TEXT = """
model Net {
    input x: [B, 3, H, W]
    residual { conv: Conv2d(3, 1) }
    output y: [B, 3, H, W]
}
"""


def summary(**sizes: int) -> Summary:
    program = load_text(TEXT, "net.arch")
    model = build_graph(program, "Net")
    return summarize(model.graph, sizes, model.frame.constants)


def test_json_holds_everything_and_reads_back() -> None:
    found = summary(H=4, W=5)
    data = json.loads(found.to_json())
    assert data == {
        "version": 1,
        "model": "Net",
        "inputs": [{"name": "x", "shape": ["B", 3, 4, 5], "dtype": "float"}],
        "outputs": [{"name": "y", "shape": ["B", 3, 4, 5], "dtype": "float"}],
        "sizes": {"H": 4, "W": 5},
        "open_sizes": [],
        "batch": "B",
        "parameters": 12,
        "parameters_naive": 12,
        "trainable": 12,
        "frozen": 0,
        "ema": 0,
        "buffers": 0,
        "macs": 180,
        "uncounted": [],
        "layers": [
            {
                "name": "conv",
                "layer": "Conv2d",
                "kind": "layer",
                "outputs": [{"shape": ["B", 3, 4, 5], "dtype": "float"}],
                "parameters": 12,
                "parameters_naive": 12,
                "macs": 180,
                "reuses": [],
            },
            {
                "name": "add",
                "layer": "add",
                "kind": "function",
                "outputs": [{"shape": ["B", 3, 4, 5], "dtype": "float"}],
                "parameters": 0,
                "parameters_naive": 0,
                "macs": 0,
                "reuses": [{"mechanism": "residual", "source": "x"}],
            },
        ],
    }
    assert Summary.model_validate_json(found.to_json()) == found


def test_open_sizes_are_text() -> None:
    found = summary()
    assert found.macs == "9*H*W"
    assert found.open_sizes == ("H", "W")
    assert found.layers[0].outputs[0].shape == ("B", 3, "H", "W")


def test_the_table() -> None:
    assert [line for line in str(summary(H=4, W=5)).split("\n") if set(line) != {"─"}] == [
        "Net: x [B, 3, 4, 5] -> y [B, 3, 4, 5]",
        "",
        "name   layer    output         parameters   MACs   reuses",
        "conv   Conv2d   [B, 3, 4, 5]           12    180",
        "add    add      [B, 3, 4, 5]                       residual x",
        "",
        "parameters              12",
        "MACs                    180",
    ]


def test_open_sizes_are_asked_for() -> None:
    text = str(summary(H=4))
    assert text.endswith("(set the open sizes with --input W=…)")
    assert "36*W" in text


def test_colour_only_where_asked() -> None:
    found = summary()
    assert "\x1b[" in as_text(found, color=True)
    assert "\x1b[" not in as_text(found)


def test_a_narrow_terminal_wraps_and_loses_nothing() -> None:
    text = as_text(summary(), width=50)
    assert max(map(len, text.split("\n"))) <= 50
    assert "Conv2d" in text.replace("\n", "")


def test_a_notebook_shows_a_table() -> None:
    html = summary()._repr_html_()
    assert html == as_html(summary())
    assert html.count("<tr>") == 1 + 2 + 2 + 1
    assert "9*H*W" in html
    assert "-&gt;" in html
