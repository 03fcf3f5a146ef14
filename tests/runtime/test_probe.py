"""Rules found by running classes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import archspec
from archspec.cli.app import app
from archspec.pipeline import load_text
from archspec.runtime.probe import probe
from tests.support.zoo import ROOT

MODULE = "tests.support.own_layers"


def probed(declaration: str, model: str, renew: bool = False) -> str:
    text = f"extern layer {declaration}\n\nmodel Net {{\n    {model}\n}}\n"
    found = probe(load_text(text), renew).text
    archspec.loads(found)["Net"].module()  # compares the rule with the class
    return found.partition("model")[0].strip()


def test_tied_sizes_bounds_and_weights() -> None:
    declaration = f'Attend(dim, heads = 4, context = 64) from "{MODULE}:Attend"'
    model = "input x: [B, T, 32] where T <= 60; Attend(32)"
    assert (
        probed(declaration, model)
        == f"""\
extern layer {declaration} {{
    input x: [B, T, dim]
    require T <= context
    require dim % heads == 0
    param pos: [context, dim]
    buffer scale: []
    param "qkv.weight": [3 * dim, dim]
    output y: [B, T, dim]
}}"""
    )


def test_strides_and_patches() -> None:
    found = probed(
        f'Patches(width, patch = 4) from "{MODULE}:Patches"',
        "input image: [B, 3, H, W]; a, b = image -> Patches(64); output a, b",
    )
    assert "output y0: [B, (H // patch) * (W // patch), width]\n    output y1: [B, 3]" in found
    assert "require H >= patch" in found
    found = probed(
        f'Halve(width) from "{MODULE}:Halve"', "input x: [B, 8, H, W]; Halve(8) -> Halve(16)"
    )
    assert "input x: [B, width, H, W]" in found
    assert "output y: [B, 2 * width, (H + 1) // 2, (W + 1) // 2]" in found


def test_several_inputs_that_share_sizes() -> None:
    found = probed(
        f'Compare from "{MODULE}:Compare"',
        "input a: [B, T, 8]; input b: [B, S, 8]; c, d = (a, b) -> Compare; output c, d",
    )
    assert "input left: [B, T, D]\n    input right: [B, T2, D]" in found
    assert "output y0: [B, T + T2, D]\n    output y1: [B, T, T2]" in found


def test_dtypes() -> None:
    found = probed(f'Lookup from "{MODULE}:Lookup"',
                   "input t: int[B, T]; a, b = t -> Lookup; output a, b")  # fmt: skip
    assert "input tokens: int[B, T]\n    output y0: bool[B, T]\n    output y1: int[B]" in found


def test_rules_that_exist_are_kept_or_renewed() -> None:
    wrong = f'NeedsData from "{MODULE}:NeedsData" {{ input x: [B, D]; output y: [B, 2 * D] }}'
    model = "input x: [B, 4]; NeedsData -> Linear(2)"
    text = f"extern layer {wrong}\nmodel Net {{ {model} }}\n"
    assert probe(load_text(text)).text == text
    assert "output y: [B, D]" in probed(wrong, model, renew=True)


@pytest.mark.parametrize(
    ("declaration", "model", "said"),
    [
        ("Crooked", "input x: [B, 8]; Crooked", "follows no simple rule"),
        ("Stack(depth)", "input x: [B, 8]; Stack(3)", "which weights it has depends on `depth`"),
        ("Fails", "input x: [B, 8]; Fails", "cannot be applied to"),
        ("Halve(width)", "input x: [B, 8]; Linear(2)", "no model applies `Halve`"),
    ],
)
def test_where_no_rule_is_found_that_is_said(declaration: str, model: str, said: str) -> None:
    name = declaration.partition("(")[0]
    text = f'extern layer {declaration} from "{MODULE}:{name}"\nmodel Net {{ {model} }}\n'
    with pytest.raises(archspec.ArchSpecError) as raised:
        probe(load_text(text))
    (found,) = raised.value.diagnostics
    assert found.code == "A0116"
    assert said in found.message


def test_other_faults_of_the_file_come_first() -> None:
    text = f'extern layer Fails from "{MODULE}:Fails"\n'
    text += "model Net { input x: [B, 8]; Linaer(2) -> Fails }"
    with pytest.raises(archspec.ArchSpecError, match="Linaer"):
        probe(load_text(text))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT))
    text = (
        "# A comment that stays.\n"
        f'extern layer Halve(width) from "{MODULE}:Halve"\n\n'
        "model Net {\n    input x: [B, 8, H, W]\n    Halve(8)\n}\n"
    )
    Path("net.arch").write_text(text, encoding="utf-8")
    shown = CliRunner().invoke(app, ["probe", "net.arch", "--diff"])
    assert shown.exit_code == 0
    assert "+    input x: [B, width, H, W]" in shown.stdout
    assert Path("net.arch").read_text(encoding="utf-8") == text
    assert CliRunner().invoke(app, ["probe", "net.arch"]).exit_code == 0
    written = Path("net.arch").read_text(encoding="utf-8")
    assert written.startswith("# A comment that stays.\nextern layer Halve(width)")
    assert CliRunner().invoke(app, ["check", "net.arch"]).exit_code == 0
    again = CliRunner().invoke(app, ["probe", "net.arch"])
    assert "every own layer has a rule" in again.output
