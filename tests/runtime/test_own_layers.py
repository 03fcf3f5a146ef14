"""Own layers: declared, checked, emitted, and compared with their classes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import archspec
from archspec.diagnostics import Diagnostic
from tests.support.zoo import ROOT

MODULE = "tests.support.own_layers"
ATTEND = f"""
extern layer Attend(dim = D, heads = 4, context = 64) from "{MODULE}:Attend" {{
    input x: [B, T, D]
    require D % heads == 0, "heads must divide the width"
    require T <= context
    param pos: [context, dim]
    buffer scale: []
    param "qkv.weight": [3 * dim, dim]
    macs = B * T * 3 * D * D
    output y: [B, T, dim]
}}
"""
MODEL = """
block Layer(heads) { residual { norm: LayerNorm -> attn: Attend(heads=heads) } }

model Net(dim = 16, depth = 2) {
    input x: [B, T, 8] where T <= 64
    embed: Linear(dim)
    for i in 0..<depth { layer{i}: Layer(2) }
}
"""


def faults(text: str) -> tuple[Diagnostic, ...]:
    return archspec.loads(text).check()


def refused(text: str) -> Diagnostic:
    """The one fault that building the model of `text` gives."""
    with pytest.raises(archspec.ArchSpecError) as raised:
        archspec.loads(text)["Net"].module()
    (found,) = raised.value.diagnostics
    return found


def test_it_is_a_layer_like_any_other() -> None:
    spec = archspec.loads(ATTEND + MODEL)
    assert spec.check() == ()
    model = spec["Net"].module()
    assert model(torch.zeros(2, 5, 8)).shape == (2, 5, 16)
    names = {name for name, _ in spec["Net"].graph.root.walk()[3].all_weights()}
    assert names <= set(model.state_dict())
    assert "layer1.attn.qkv.weight" in model.state_dict()
    summary = spec["Net"].summary(T=4)
    assert summary.parameters == sum(p.numel() for p in model.parameters())
    assert summary.macs == 4 * (8 * 16 + 2 * 3 * 16 * 16)
    assert summary.uncounted == ()


def test_the_emitted_module_names_arguments_and_imports_the_class() -> None:
    source = archspec.loads(ATTEND + MODEL)["Net"].source()
    assert f"from {MODULE} import Attend" in source
    assert "Attend(heads=heads, context=64, dim=features)" in source.replace(
        "in_features", "features"
    )
    larger = archspec.loads(ATTEND + MODEL)["Net"].module(dim=32, depth=1)
    assert larger.state_dict()["layer0.attn.pos"].shape == (64, 32)


def test_conditions_are_obligations_for_all_sizes() -> None:
    (promised,) = faults(ATTEND + MODEL.replace("where T <= 64", "where T <= 65"))
    assert promised.code == "A0205"
    assert "T=65" in promised.notes[0]
    (divided,) = faults(ATTEND + MODEL.replace("Layer(2)", "Layer(3)"))
    assert divided.message == "heads must divide the width"


def test_a_wrong_rank_dtype_or_width() -> None:
    body = "model Net { input x: %s; Attend(heads=2) }"
    assert faults(ATTEND + body % "[B, 8]")[0].code == "A0404"
    assert faults(ATTEND + body % "int[B, T, 8]")[0].code == "A0701"
    given = "model Net { input x: [B, 4, 8]; Attend(dim=16, heads=2) }"
    wide = ATTEND.replace("[B, T, D]", "[B, T, dim]").replace("dim = D", "dim")
    wide = wide.replace("D % heads", "dim % heads").replace("3 * D * D", "1")
    (fault,) = faults(wide + given)
    assert fault.code == "A0408"
    assert "has 8 where dim = 16 is declared" in fault.message


def test_macs_that_nobody_states_are_said_to_be_missing() -> None:
    silent = "\n".join(line for line in ATTEND.splitlines() if "macs" not in line)
    summary = archspec.loads(silent + MODEL)["Net"].summary(T=4)
    assert summary.uncounted == ("Attend",)
    assert "Attend" in str(summary).split("MACs")[-1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("output y: [B, T, dim]", "output y: [B, T, 2 * dim]", "gives [3, 5, 16], but"),
        ("output y: [B, T, dim]", "output y: int[B, T, dim]", "gives float, but"),
        ("param pos: [context, dim]", "param pos: [dim, context]", "other weights"),
        ("buffer scale: []", "param scale: []", "other weights"),
        ("buffer scale: []", "", "other weights"),
        ("buffer scale: []", "buffer scale: []; param more: [1]", "other weights"),
        (":Attend", ":Atend", "has no class `Atend`"),
        (":Attend", ":NOT_A_CLASS", "is not a class of `torch.nn.Module`"),
        (MODULE, "tests.support.nowhere", "there is no module `tests.support.nowhere`"),
        ("dim = D, heads = 4", "width = D, dim = 16, heads = 4", "cannot be made as"),
    ],
)
def test_a_wrong_declaration_is_caught_when_the_model_is_built(
    old: str, new: str, said: str
) -> None:
    text = ATTEND.replace(old, new)
    if "Net" not in text:
        text += "model Net { input x: [B, T, 16] where T <= 64; Attend(heads=2) }"
    found = refused(text)
    assert found.code == "A0116"
    assert said in found.message


def test_a_class_that_cannot_be_run_says_why() -> None:
    text = f'extern layer Fails from "{MODULE}:Fails" {{ input x: [B, D]; output y: [B, D] }}\n'
    found = refused(text + "model Net { input x: [B, 4]; Fails -> Linear(2) }")
    assert "cannot be applied" in found.message
    assert "nothing will do" in found.notes[0]


def test_a_class_that_looks_at_values_is_run_on_tensors() -> None:
    text = f'extern layer N from "{MODULE}:NeedsData" {{ input x: [..., D]; output y: [..., D] }}\n'
    model = archspec.loads(text + "model Net { input x: [B, 4]; N -> Linear(2) }")["Net"].module()
    assert model(torch.zeros(2, 4)).shape == (2, 2)


def test_several_inputs_and_outputs() -> None:
    text = f"""
extern layer Compare from "{MODULE}:Compare" {{
    input left: [B, T, D]
    input right: [B, S, D]
    output joined: [B, T + S, D]
    output fit: [B, T, S]
}}
model Net {{
    input a: [B, N, 8]
    input b: [B, M, 8]
    joined, fit = (a, b) -> Compare
    output joined, fit: [B, N, M]
}}
"""
    model = archspec.loads(text)["Net"].module()
    joined, fit = model(torch.zeros(2, 3, 8), torch.zeros(2, 5, 8))
    assert (joined.shape, fit.shape) == ((2, 8, 8), (2, 3, 5))
    (fault,) = faults(text.replace("input b: [B, M, 8]", "input b: [B, M, 9]"))
    assert fault.code == "A0408"


def test_leading_sizes() -> None:
    text = f"""
extern layer N from "{MODULE}:NeedsData" {{ input x: [..., D]; output y: [..., D] }}
model Net {{ input x: [B, S, T, 4]; N; output y: [B, S, T, 4] }}
"""
    assert faults(text) == ()


def test_two_models_may_use_it_with_other_arguments() -> None:
    text = ATTEND + MODEL + "variant Wide = Net(dim=32)\n"
    source = archspec.loads(text).source()
    assert source.count("import Attend") == 1


def test_a_name_that_the_emitted_file_needs_is_refused() -> None:
    text = f"""
extern layer Shared from "{MODULE}:NeedsData" {{ input x: [B, D]; output y: [B, D] }}
model NeedsData {{ input x: [B, 4]; Shared -> Linear(2) }}
"""
    with pytest.raises(archspec.ArchSpecError, match="has a name that is taken"):
        archspec.loads(text)["NeedsData"].source()


def test_checking_imports_neither_torch_nor_the_class(tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text(ATTEND + MODEL, encoding="utf-8")
    code = (
        "import sys; from archspec.cli.app import run; status = run(['check', 'net.arch']);"
        f"assert not {{'torch', '{MODULE}'}} & set(sys.modules); sys.exit(status)"
    )
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        check=True,
    )


# --- declarations that are no good -------------------------------------------------------------

HEAD = f'extern layer L(n = 4) from "{MODULE}:NeedsData"'
USE = "\nmodel Net { input x: [B, 4]; L -> Linear(2) }\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('extern layer L from "nowhere" { input x: [B]; output y: [B] }', "A0116"),
        (f"{HEAD}", "A0116"),
        (f"{HEAD} {{ input x: [B, D] }}", "A0116"),
        (f"{HEAD} {{ output y: [4] }}", "A0307"),
        (f"{HEAD} {{ input x: [B, D]; output y }}", "A0116"),
        (f"{HEAD} {{ input x: [B, D]; Linear(3); output y: [B, 3] }}", "A0308"),
        (f"{HEAD} {{ input x: [B, D]; for i in 0..<2 {{ }}; output y: [B, D] }}", "A0308"),
        (f"{HEAD} {{ input x: [B, D]; output y: [..., D] }}", "A0404"),
        (f"{HEAD} {{ input x: float9[B, D]; output y: [B, D] }}", "A0701"),
        (f"{HEAD} {{ input x: [B, D]; param w: [D] = zeros; output y: [B, D] }}", "A0308"),
        (f"{HEAD} {{ input x: [B, D]; output y: [B, missing] }}", "A0101"),
        (f"{HEAD} {{ input x: [B, D]; output y: [B, D / 2] }}", "A0201"),
        (f"{HEAD} {{ input x: [B, D]; param w: [B]; output y: [B, D] }}", "A0204"),
        ('extern layer L(n: layer) from "a:B" { input x: [B]; output y: [B] }', "A0101"),
        ('extern layer L(n, n) from "a:B" { input x: [B]; output y: [B] }', "A0108"),
    ],
)
def test_a_declaration_that_is_no_good(text: str, code: str) -> None:
    try:
        found = faults(text + USE)
    except archspec.ArchSpecError as error:
        found = error.diagnostics
    assert [d.code for d in found] == [code], [d.message for d in found]


def test_a_weight_in_quotes_belongs_into_a_declaration() -> None:
    (found,) = faults('model Net { input x: [B, 4]; param "a.b": [4]; Linear(2) }')
    assert found.code == "A0308"


# --- packages of layers ------------------------------------------------------------------------

Plugin = Callable[[str], None]
DECLARED = """
from archspec.layers.base import LayerDecl, Params
class HalveParams(Params):
    pass
class Halve(LayerDecl[HalveParams]):
    "Halves."
    Params = HalveParams
    module = "tests.support.own_layers"
    def shape(self, p, x, need):
        b, c, h, w = x[0].shape
        return (x[0].with_shape(b, 2 * c, (h + 1) // 2, (w + 1) // 2),)
    def inferred(self, p, x):
        return {"width": x[0].shape[1]}
    def weights(self, p, x):
        from archspec.dims import Dim
        from archspec.layers.base import Weight
        c, three = x[0].shape[1], Dim.of(3)
        return (Weight("conv.weight", (2 * c, c, three, three)), Weight("conv.bias", (2 * c,)))
Halve.torch_name = "Halve"
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """Install a package that declares what the text says."""
    from archspec.layers import plugins, registry

    def install(text: str) -> None:
        (tmp_path / "declared_layers.py").write_text(text, encoding="utf-8")
        info = tmp_path / "declared-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: declared\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[archspec.layers]\nd = declared_layers\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "declared_layers", raising=False)
        for cached in (plugins.plugin_layers, registry.layer, registry.function):
            cached.cache_clear()

    return install


@pytest.fixture(autouse=True)
def _forget_plugins() -> object:
    yield
    from archspec.layers import plugins, registry

    for cached in (plugins.plugin_layers, registry.layer, registry.function):
        cached.cache_clear()


NET = "model Net { input x: [B, 3, H, W]; down: Halve -> Halve -> Conv2d(1, 1) }"


def test_a_package_declares_layers(plugin: Plugin) -> None:
    plugin(DECLARED)
    model = archspec.loads(NET)["Net"].module()
    assert model(torch.zeros(1, 3, 9, 9)).shape == (1, 1, 3, 3)
    assert "down.conv.weight" in model.state_dict()


def test_its_declarations_are_compared_too(plugin: Plugin) -> None:
    plugin(DECLARED.replace("(h + 1) // 2", "h // 2"))
    found = refused(NET)
    assert found.code == "A0116"
    assert "gives [6, 6, 6, 5], but its declaration says [6, 6, 5, 5]" in found.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DECLARED.replace("Halve", "Conv2d"), "one of archspec's own"),
        (DECLARED.replace("module =", "other ="), "does not say what it is imported from"),
        ("import nowhere_at_all", "importing `declared_layers` failed"),
        (DECLARED.replace("def shape", "def other"), "abstract"),
    ],
)
def test_a_package_that_cannot_be_used(plugin: Plugin, text: str, said: str) -> None:
    plugin(text)
    (found,) = faults(NET)
    assert found.code == "A0117"
    assert said in found.message
