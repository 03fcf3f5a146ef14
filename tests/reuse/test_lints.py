"""Warnings about reuse: which of the published models have some, and how they are allowed.

What each warns of, and what it does not, is in `tests/errors/reuse.md` and `docs/errors`.
"""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from archspec.cli.app import app
from archspec.diagnostics import Diagnostic
from archspec.pipeline import build_graph, check, load_file, load_text
from archspec.reuse.lints import lints, ordinary

SPECS = Path(__file__).parents[2] / "specs"

#: By file, what its models are warned of, allowed or not. Each is true of the published model: sums
#: followed by an activation (ResNet, RegNet) or a norm (BERT), and dense blocks that copy.
KNOWN = {
    "bert.arch": {"W0902"},
    "byol.arch": {"W0902"},
    "finetune.arch": {"W0902"},
    "multitask.arch": {"W0902"},
    "densenet.arch": {"W0904", "W0906"},
    "densenet_cifar.arch": {"W0904", "W0906"},
    "logdensenet.arch": {"W0904"},
    "regnet.arch": {"W0902"},
    "resnet.arch": {"W0902"},
    "resnet_cifar.arch": {"W0902"},
    "segmentation.arch": {"W0902"},
    "simsiam.arch": {"W0902"},
    "unet_resnet34.arch": {"W0902"},
}


def codes(found: tuple[Diagnostic, ...]) -> list[str]:
    return [d.code for d in found]


@pytest.mark.parametrize("file", sorted(p.name for p in SPECS.glob("*.arch")))
def test_published_models_have_the_warnings_that_are_known(file: str) -> None:
    program = load_file(SPECS / file)
    found: set[str] = set()
    for name in program.models:
        model = build_graph(program, name)
        assert ordinary(model) is not None
        found |= {d.code for d in lints(model)}
    assert found == KNOWN.get(file, set())


NET = """
block Unit {{
    input x: [B, D]
    residual {{ fc: Linear(D) -> ReLU }}
    {0}
}}

{1}
model Net {{
    input x: float[B, 16]
    a: Unit
    b: Unit  {2}
}}
"""
ALLOW = "# archspec: allow W0902: as published"


@pytest.mark.parametrize(
    ("comments", "found"),
    [
        (("ReLU", "", ""), ["W0902"]),
        (("ReLU  " + ALLOW, "", ""), []),
        ((ALLOW + "\n    ReLU", "", ""), []),
        ((ALLOW + "\n\n    # It is ours.\n    ReLU", "", ""), []),
        (("ReLU", ALLOW, ""), ["W0902", "W0102"]),  # the block is another definition
        (("ReLU", "", ALLOW), ["W0902", "W0102"]),
        (("ReLU  # archspec: allow W0901: other", "", ""), ["W0902", "W0102"]),
        (("ReLU  # archspec: allow W0902:", "", ""), ["W0902", "W0102"]),
        (("ReLU  # archspec: allow", "", ""), ["W0902", "W0102"]),
    ],
)
def test_where_a_comment_allows(comments: tuple[str, str, str], found: list[str]) -> None:
    assert codes(check(load_text(NET.format(*comments)))) == found


def test_a_comment_before_a_definition_allows_in_all_of_it() -> None:
    text = NET.format("ReLU", "", "").replace("block Unit", f"{ALLOW}\nblock Unit")
    assert check(load_text(text)) == ()


def test_comments_that_allow_nothing_are_removed(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(NET.format(ALLOW, "", ALLOW), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--fix", str(spec)])
    assert result.exit_code == 0, result.output
    assert spec.read_text(encoding="utf-8") == NET.format("", "", "").replace("    \n", "").replace(
        "b: Unit  \n", "b: Unit\n"
    )


def test_other_warnings_are_allowed_too() -> None:
    head = "model Net(a = 1) {  # archspec: allow W0101: callers pass it\n"
    text = f"{head}    input x: [B, 4]\n    relu\n}}\n"
    assert check(load_text(text)) == ()
    assert build_graph(load_text(text), "Net").warnings == ()


def test_a_deep_graph_is_looked_at_in_steps_that_grow_with_it() -> None:
    """Warnings are found in work that is linear in the graph: counted, not timed."""

    def calls(depth: int) -> int:
        text = (
            f"model Net {{\n    input x: float[B, 8]\n    for i in 0..<{depth} {{\n"
            "        residual { norm{i}: LayerNorm -> fc{i}: Linear(8) }\n    }\n}\n"
        )
        model = build_graph(load_text(text), "Net")
        count = 0

        def tracer(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(tracer)
        try:
            assert list(lints(model)) == []
        finally:
            sys.setprofile(None)
        return count

    assert calls(400) < 2.5 * calls(200)
