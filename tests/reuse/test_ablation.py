"""Models without some of their reuse: what is left out, what follows, and what is said."""

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from archspec.cli.app import app
from archspec.cli.app import run as run_all
from archspec.diagnostics import ArchSpecError
from archspec.elaborate import Elaborated
from archspec.passes.costs import costs
from archspec.pipeline import Program, build_graph, emit_python, load_file, load_text
from archspec.reuse.ablation import Ablated, ablated, choose
from archspec.reuse.ablation.written import written
from archspec.reuse.sized import Sized, sized
from tests.support.random_specs import RandomSpec
from tests.support.zoo import import_source

SPECS = Path(__file__).parents[2] / "specs"


def size_of(model: Elaborated) -> Sized:
    """`model` at the smallest allowed sizes from 32 on."""
    from archspec.passes.sizes import open_sizes

    domains = model.graph.domains
    sizes = {n: domains.with_lower(n, 32).values(n, 1)[0] for n in open_sizes(model.graph)}
    return sized(model.graph, sizes, model.frame.constants)


def rows(
    program: Program, name: str, *without: str, each: bool = False, **options: object
) -> list[Ablated]:
    model = build_graph(program, name)
    mechanisms = [w for w in without if w.isalpha()]
    edges = [w for w in without if not w.isalpha()]
    size = size_of(model)
    chosen = choose(size, edges, mechanisms, each)
    return list(
        ablated(
            model,
            size,
            chosen,
            lambda texts, given: build_graph(program.changed(texts), name, given, fixes=False),
            **options,  # type: ignore[arg-type]
        )
    )


def parameters(found: Ablated) -> int:
    assert found.row.measures is not None, found.row.fault
    return found.row.measures.parameters


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["ablate", *arguments])


def outcome(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status, and all that is printed."""
    status = run_all(["ablate", *arguments])
    captured = capfd.readouterr()
    return status, captured.out + captured.err


# --- published and counted by hand -------------------------------------------------------------


def test_a_plain_network_is_the_residual_one_without_its_projections() -> None:
    (found,) = rows(load_file(SPECS / "resnet.arch"), "ResNet18")
    assert parameters(found) == 11_689_512 - (64 * 128 + 256) - (128 * 256 + 512) - (
        256 * 512 + 1024
    )
    assert {name.split(".")[-2] for name in found.row.gone} == {"downsample"}
    assert found.row.measures is not None
    assert int(found.row.measures.paths, 16) == 1


def test_an_untied_head_has_weights_of_its_own() -> None:
    residual, tied = rows(load_file(SPECS / "gpt2.arch"), "GPT2")
    assert parameters(residual) == 124_439_808
    assert parameters(tied) == 124_439_808 + 50257 * 768


def test_without_dense_edges_each_layer_sees_the_one_before() -> None:
    (found,) = rows(load_file(SPECS / "densenet.arch"), "DenseNet121")
    expected, width = 3 * 64 * 49 + 128, 64
    for block, layers in enumerate((6, 12, 24, 16)):
        for _ in range(layers):
            expected += 2 * width + width * 128 + 2 * 128 + 128 * 32 * 9
            width = 32
        if block < 3:
            expected += 2 * width + width * (width // 2)
            width //= 2
    expected += 2 * width + width * 1000 + 1000
    assert parameters(found) == expected


def test_without_gates_squeeze_and_excitation_goes() -> None:
    program = load_file(SPECS / "efficientnet.arch")
    whole = build_graph(program, "EfficientNetB0")
    gate, _ = rows(program, "EfficientNetB0")
    gone = sum(
        weight.count.const or 0
        for module in whole.graph.modules()
        if module.path in gate.row.gone
        for weight in module.weights
    )
    assert gone == 16 * 0 + (costs(whole.graph).parameters - parameters(gate))
    assert len(gate.row.gone) == 32  # two convolutions of each of sixteen


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("unet.arch", "OriginalUNet"),
        ("unet_resnet34.arch", "UNetResNet34"),
        ("byol.arch", "BYOL"),
        ("simsiam.arch", "SimSiam"),
        ("hardnet.arch", "HarDNet68"),
        ("logdensenet.arch", "LogDenseNet121"),
        ("vovnet.arch", "VoVNet39a"),
        ("highway.arch", "HighwayNetwork"),
        ("swin.arch", "Swin_T"),
        ("maxvit.arch", "MaxViT_T"),
        ("regnet.arch", "RegNetY400MF"),
        ("lraspp.arch", "LRASPP"),
        ("bert.arch", "BERT"),
    ],
)
def test_the_zoo_without_each_mechanism(file: str, model: str) -> None:
    program = load_file(SPECS / file)
    whole = costs(build_graph(program, model).graph).parameters
    for found in rows(program, model):
        assert found.row.fault == ""
        assert found.model is not None
        if found.row.mechanism != "tied":
            assert parameters(found) <= whole
        left = {e.mechanism for e in size_of(found.model).reused}
        assert found.row.mechanism not in left
        emit_python([found.model])


# --- what is computed --------------------------------------------------------------------------

NET = """
block Unit(width) {
    residual {
        conv: Conv2d(width, 3, padding=1)
        ReLU
    } align { proj: Conv2d(width, 1) }
}

model Net {
    input x: [B, 4, H, W]
    first: Unit(8)
    for i in 0..<3 { dense { grow{i}: Conv2d(4, 3, padding=1) } }
    last: Unit(20)
    gate = _ -> AdaptiveAvgPool2d(1) -> squeeze: Conv2d(20, 1) -> sigmoid
    output y = last * gate
}
"""


def emitted(found: Ablated) -> Any:
    assert found.model is not None, found.row.fault
    net = import_source("ablated", emit_python([found.model])).Net()
    return net.eval()


def copied(net: Any, whole: Any) -> Any:
    """`net` with the weights of `whole` that have their shape here."""
    known = whole.state_dict()
    mine = net.state_dict()
    net.load_state_dict({k: known[k] if known[k].shape == v.shape else v for k, v in mine.items()})
    return net


def test_what_is_left_computes_the_rest() -> None:
    torch.manual_seed(0)
    program = load_text(NET)
    whole = import_source("whole", emit_python([build_graph(program, "Net")])).Net().eval()
    x = torch.randn(2, 4, 5, 6)
    relu = torch.nn.functional.relu

    gate = copied(emitted(rows(program, "Net", "gate")[0]), whole)
    first = relu(whole.first.conv(x)) + whole.first.proj(x)
    for i in range(3):
        first = torch.cat([first, getattr(whole, f"grow{i}")(first)], 1)
    torch.testing.assert_close(gate(x), relu(whole.last.conv(first)) + first)

    residual = copied(emitted(rows(program, "Net", "residual")[0]), whole)
    y = relu(whole.first.conv(x))
    for i in range(3):
        y = torch.cat([y, getattr(whole, f"grow{i}")(y)], 1)
    y = relu(whole.last.conv(y))
    torch.testing.assert_close(
        residual(x), y * whole.squeeze(y.mean((2, 3), keepdim=True)).sigmoid()
    )

    dense = emitted(rows(program, "Net", "dense")[0])
    y = relu(dense.first.conv(x)) + dense.first.proj(x)
    for i in range(3):
        y = getattr(dense, f"grow{i}")(y)
    assert y.shape[1] == 4
    y = relu(dense.last.conv(y)) + dense.last.proj(y)
    torch.testing.assert_close(dense(x), y * dense.squeeze(y.mean((2, 3), keepdim=True)).sigmoid())


def test_one_iteration_of_a_loop_alone() -> None:
    program = load_text(NET)
    found = rows(program, "Net", "dense", each=True)
    assert [f.row.name for f in found] == [
        "first:add -> concat", "concat -> concat#2", "concat#2 -> concat#3"
    ]  # fmt: skip
    widths = [8, 12, 16]
    for i, row in enumerate(found):
        net = emitted(row)
        seen = [getattr(net, f"grow{k}").in_channels for k in range(3)]
        assert seen == [w if k <= i else w - widths[i] for k, w in enumerate(widths)]


def test_one_use_of_a_block_gets_a_block_of_its_own() -> None:
    program = load_text(NET)
    one, two = rows(program, "Net", "residual", each=True)
    assert one.row.gone == ("first.proj",)
    assert two.row.gone == ()
    (text,) = written(program.scope.source, two.texts or {}, Path(), "two").values()
    assert "block UnitWithoutResidual(width) {" in text
    assert "    last: UnitWithoutResidual(20)\n" in text
    assert "    first: Unit(8)\n" in text


def test_an_edge_goes_from_all_applications_of_a_shared_layer() -> None:
    spec = """
block Encoder { residual { fc: Linear(8) } -> out: Linear(4) }

model Pair {
    input a: [B, 8]
    input b: [B, 8]
    shared encoder: Encoder
    x = a -> encoder
    y = b -> encoder
    output d = x - y
}
"""
    found = rows(load_text(spec), "Pair", each=True)
    assert len(found) == 1
    assert found[0].model is not None
    assert [n.name for n in found[0].model.graph.nodes].count("add") == 0


def test_what_does_not_align_any_more_is_said() -> None:
    spec = """
model Halves {
    input x: [B, 8, H, W] where H % 2 == 0, W % 2 == 0
    a: Conv2d(8, 3, padding=1)
    MaxPool2d(2) -> up: ConvTranspose2d(8, 2, stride=2)
    reuse a by concat
    output y: [B, 16, H, W]
}
"""
    program = load_text(spec, "halves.arch")
    (found,) = rows(program, "Halves")
    assert found.row.measures is None
    assert found.row.fault.startswith("A0408: ")
    assert "halves.arch:6:" in found.row.fault  # where it is in the changed text


def test_branches_are_not_left_out() -> None:
    spec = """
model Fork {
    input x: [B, 8]
    a = x -> one: Linear(4)
    b = x -> two: Linear(4)
    output y = a - b
}
"""
    with pytest.raises(ArchSpecError) as error:
        rows(load_text(spec), "Fork")
    assert "reuses nothing that could be left out" in str(error.value)


@pytest.mark.parametrize(
    "seed",
    [pytest.param(n, marks=pytest.mark.exhaustive if n >= 20 else ()) for n in range(400)],
)
def test_random_specs_without_each_edge(seed: int) -> None:
    """Each can be built or says why, and the written spec is the model that was measured."""
    program = load_text(RandomSpec(Random(seed)).text(), "net.arch")
    before = Counter[str](e.mechanism for e in size_of(build_graph(program, "Net")).reused)
    for each in (False, True):
        found: list[Ablated] = []
        with suppress(ArchSpecError):  # it may have branches only
            found = rows(program, "Net", each=each)
        assert found or set(before) <= {"branch"}
        for row in found:
            if row.model is None:
                assert row.row.fault
                continue
            assert row.texts is not None
            (text,) = written(program.scope.source, row.texts, Path(), "net").values()
            again = build_graph(load_text(text), "Net")
            assert [n.name for n in again.graph.nodes] == [n.name for n in row.model.graph.nodes]
            assert costs(again.graph).parameters == parameters(row)
            after = Counter[str](e.mechanism for e in size_of(again).reused)
            if not each:
                assert after[row.row.mechanism] < before[row.row.mechanism]


# --- the control -------------------------------------------------------------------------------


def test_widened_models_are_as_large_as_can_be() -> None:
    program = load_file(SPECS / "densenet.arch")
    plain, wide = rows(program, "DenseNet121", match=True, by="growth")
    (growth,) = wide.row.widened.values()
    assert parameters(plain) < 7_978_856
    near = [
        costs(
            build_graph(
                program.changed(plain.texts or {}), "DenseNet121", {"growth": growth + step}
            ).graph
        ).parameters
        for step in (-1, 0, 1)
    ]
    assert near[1] == parameters(wide)
    assert min(near, key=lambda n: abs(n - 7_978_856)) == near[1]


@pytest.mark.parametrize(
    ("by", "message"),
    [(None, "several parameters widen `DenseNet121`: `growth`, `stem`"),
     ("drop", "`drop` does not change the width of `DenseNet121` alone"),
     ("layers", "`layers` does not change the width of `DenseNet121` alone")],
)  # fmt: skip
def test_what_widens_must_be_clear(by: str | None, message: str) -> None:
    with pytest.raises(ArchSpecError) as error:
        rows(load_file(SPECS / "densenet.arch"), "DenseNet121", match=True, by=by)
    assert message in str(error.value)


# --- the command -------------------------------------------------------------------------------


def test_formats(tmp_path: Path) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(NET, encoding="utf-8")
    arguments = [str(spec), "--input", "H=8,W=8"]
    for ending, begins in (
        ("tex", "% \\usepackage{booktabs}\n"),
        ("md", "**Net without some of its reuse"),
        ("csv", "model,edges,parameters,"),
        ("html", "<style>\n"),
        ("txt", "Net without some of its reuse at H=8, W=8, B=1."),
        ("json", "{"),
    ):
        out = tmp_path / f"table.{ending}"
        result = run(*arguments, "-o", str(out))
        assert (result.exit_code, result.stdout) == (0, "")
        assert out.read_text(encoding="utf-8").startswith(begins)
    data = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert [row["mechanism"] for row in data["rows"]] == ["residual", "dense", "gate"]


def test_written_models_stand_alone(tmp_path: Path) -> None:
    """Also where what is changed stands in the library, and elsewhere what is not."""
    result = run(
        str(SPECS / "efficientnet.arch"), "-m", "EfficientNetB0", "--input", "H=64,W=64",
        "--mechanism", "gate", "--write", str(tmp_path / "out"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "EfficientNetB0-without-gate.arch", "EfficientNetB0-without-gate.attention.arch",
        "EfficientNetB0-without-gate.svg", "EfficientNetB0_without_gate.py",
    ]  # fmt: skip
    again = load_file(tmp_path / "out" / names[0])
    assert costs(build_graph(again, "EfficientNetB0").graph).parameters == 4_652_008


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--without", "frist:add -> concat"], 1, "there is `first:add -> concat`"),
        (["--mechanism", "tied"], 1, "its edges are: residual, dense, gate"),
        (["--by", "width"], 2, "--by is for --match parameters"),
        (["--match", "parameters"], 1, "no parameter changes the width"),
        (["-o", "table.xyz"], 2, "does not tell the format"),
        (["--input", "H=0,W=8"], 1, "A0106"),
        (["--input", "H=8"], 1, "need a number for `W`"),
    ],
)
def test_wrong_use(
    arguments: list[str], code: int, words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(NET, encoding="utf-8")
    sizes = () if "--input" in arguments else ("--input", "H=8,W=8")
    status, output = outcome(capfd, str(spec), *sizes, *arguments)
    assert status == code, output
    assert words in output


def test_a_file_of_several_models_asks_for_one() -> None:
    result = run(str(SPECS / "resnet.arch"), "--input", "H=64,W=64")
    assert result.exit_code == 2
    assert "name one model with -m: ResNet18, " in result.output
