"""Checkpoints moved between libraries, and from one spec to another."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from torch import Tensor, nn

import archspec
from archspec.cli.app import app
from archspec.elaborate.keys import KeyMap, Origin
from archspec.pipeline import load_text
from archspec.runtime.weights import Misfit, origins, read, write
from tests.support.torchvision_cpu import torchvision_models
from tests.support.zoo import SPECS, graph_of

TINY = {"dim": 32, "depth": 2, "heads": 4, "vocab": 50, "context": 16}


def keys(rules: str) -> KeyMap:
    text = f"keys there {{\n{rules}\n}}\nmodel M {{ input x: [B, 4]; Linear(2) }}"
    program = load_text(text)
    assert program.diagnostics == ()
    return program.scope.keys["there"]


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "name", "origin"),
    [
        ('"fc.{w}" from "head.{w}"', "fc.weight", Origin(("head.weight",))),
        ('"fc.{w}" from "head.{w}"', "other.fc.weight", Origin(("other.fc.weight",))),
        ('"fc.{w}" from "head.{w}"', "fc.a.weight", Origin(("fc.a.weight",))),
        ('"fc.{w...}" from "head.{w...}"', "fc.a.weight", Origin(("head.a.weight",))),
        ('"l{i}.{w}" from "ls.{i}.{w}"', "l12.bias", Origin(("ls.12.bias",))),
        ('"l{i + 1}.{w}" from "ls.{i}.{w}"', "l3.bias", Origin(("ls.2.bias",))),
        ('"l{i + 1}.{w}" from "ls.{i}.{w}"', "l0.bias", Origin(("l0.bias",))),
        ('"l{i + 1}.{w}" from "ls.{i}.{w}"', "lx.bias", Origin(("lx.bias",))),
        ('"f.w" from transposed "f.w"', "f.w", Origin(("f.w",), transposed=True)),
        ('"qkv" from "q", "k", "v"', "qkv", Origin(("q", "k", "v"))),
        ('"{a}.w" from "one.{a}"\n"b.{x}" from "two.{x}"', "b.w", Origin(("two.w",))),
        ('"a.b" from "c"', "axb", Origin(("axb",))),
    ],
)
def test_names(rules: str, name: str, origin: Origin) -> None:
    assert keys(rules).origin(name) == origin


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ('"a{i}" from "b"', "A0119"),
        ('"a" from "b{i}"', "A0119"),
        ('"a{i}.{i}" from "b{i}"', "A0119"),
        ('"a{i}" from "b{i + 1}"', "A0119"),
        ('"a" from reversed "b"', "A0119"),
        ('"" from "b"', "A0119"),
        ('"a b" from "b"', "A0119"),
        ('"a{" from "b"', "A0119"),
        ('"nothing.like.it" from "b"', "A0306"),
    ],
)
def test_rules_that_are_no_good(rules: str, code: str) -> None:
    text = f"keys there {{\n{rules}\n}}\nmodel M {{ input x: [B, 4]; fc: Linear(2) }}"
    try:
        found = archspec.loads(text).check()
    except archspec.ArchSpecError as error:
        found = error.diagnostics
    assert [d.code for d in found] == [code]


def test_a_library_has_one_map() -> None:
    with pytest.raises(archspec.ArchSpecError, match="defined already"):
        archspec.loads("keys a {}\nkeys a {}\nmodel M { input x: [B, 4]; Linear(2) }")


# --- tensors -----------------------------------------------------------------------------------

TIED = """
keys there {
    "attn.qkv.weight" from "q", "k", "v"
    "out.weight" from transposed "o"
}
model M {
    input tokens: int[B, T]
    embed: Embedding(6, 4)
    attn: { qkv: Linear(12, bias=false) }
    out: Linear(4, bias=false)
    head: Linear(6, bias=false)
    tie head.weight to embed.weight
}
"""


def tied() -> tuple[Any, KeyMap, dict[str, Tensor]]:
    spec = archspec.loads(TIED)
    state = {n: torch.randn(4, 4) for n in "qkv"} | {"o": torch.randn(12, 4)}
    state["embed.weight"] = torch.randn(6, 4)
    return spec["M"], load_text(TIED).scope.keys["there"], state


def test_parts_are_joined_and_transposed_and_ties_filled_in() -> None:
    model, map_, state = tied()
    found = read(model.graph, state, origins(model.graph, map_), partial=False).state
    assert torch.equal(found["attn.qkv.weight"], torch.cat([state["q"], state["k"], state["v"]]))
    assert torch.equal(found["out.weight"], state["o"].t())
    assert torch.equal(found["head.weight"], state["embed.weight"])
    model.module().load_state_dict(found, strict=True)
    back = write(found, origins(model.graph, map_))
    assert back.pop("head.weight") is not None
    assert back.keys() == state.keys()
    assert all(torch.equal(back[n], state[n]) for n in state)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda s: s.pop("k"), "missing"),
        (lambda s: s.update(k=torch.randn(3, 4)), "shape"),
        (lambda s: s.update(k=torch.randn(4)), "shape"),
        (lambda s: s.update(o=torch.randn(4, 12)), "shape"),
        (lambda s: s.update(o=torch.randn(4, 12, 1)), "shape"),
        (lambda s: s.update(more=torch.randn(1)), "unexpected"),
        (lambda s: s.update({"head.weight": torch.randn(6, 4)}), "tied"),
        (lambda s: s.pop("embed.weight"), "missing"),
    ],
)
def test_what_does_not_fit_is_refused(
    change: Callable[[dict[str, Tensor]], object], kind: str
) -> None:
    model, map_, state = tied()
    change(state)
    with pytest.raises(Misfit) as raised:
        read(model.graph, state, origins(model.graph, map_), partial=False)
    assert kind in {row.kind for row in raised.value.rows}


def test_partial_leaves_out_but_never_bends() -> None:
    model, map_, state = tied()
    del state["q"]
    state["more"] = torch.randn(1)
    found = read(model.graph, state, origins(model.graph, map_), partial=True)
    assert set(found.state) == {"embed.weight", "out.weight", "head.weight"}
    assert {row.kind for row in found.rows} == {"missing", "unexpected"}
    state["o"] = torch.randn(4, 12)
    with pytest.raises(Misfit):
        read(model.graph, state, origins(model.graph, map_), partial=True)


# --- published models --------------------------------------------------------------------------


def library(name: str) -> Any:
    torchvision_models()  # transformers and timm import it
    return import_module(name)


def randomised(model: Any) -> nn.Module:
    torch.manual_seed(0)
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape) * 0.2 - 0.1 + (value.dim() < 2) * 0.5)
    return model.eval()  # type: ignore[no-any-return]


def test_resnet_of_hugging_face() -> None:
    theirs = library("transformers")
    config = theirs.ResNetConfig(
        num_labels=1000, depths=[2, 2, 2, 2], layer_type="basic", hidden_sizes=[64, 128, 256, 512]
    )
    reference = randomised(theirs.ResNetForImageClassification(config))
    map_ = archspec.load(SPECS / "resnet.arch")._program.scope.keys["huggingface"]
    graph = graph_of("resnet", "ResNet18").graph
    state = read(graph, reference.state_dict(), origins(graph, map_), partial=False).state
    ours = archspec.load(SPECS / "resnet.arch")["ResNet18"].module().eval()
    ours.load_state_dict(state, strict=True)
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(image), reference(image).logits, rtol=1e-4, atol=1e-4)
    back = write(state, origins(graph, map_))
    assert back.keys() == reference.state_dict().keys()
    assert all(torch.equal(v, back[n]) for n, v in reference.state_dict().items())


@pytest.mark.parametrize("source", ["timm", "huggingface"])
def test_vit_of_two_libraries(source: str) -> None:
    """The same checkpoint reaches one model from both, and goes from one to the other."""
    spec = archspec.load(SPECS / "vit.arch")
    model = spec["ViT_B_16"].with_(dim=32, depth=2, heads=4, side=32, classes=7)
    maps = spec._program.scope.keys
    if source == "timm":
        made = library("timm.models.vision_transformer").VisionTransformer(
            img_size=32, embed_dim=32, depth=2, num_heads=4, num_classes=7
        )
        reference = randomised(made)
        call: Callable[[Tensor], Tensor] = reference
    else:
        theirs = library("transformers")
        config = theirs.ViTConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
            image_size=32, num_labels=7, layer_norm_eps=1e-6,
        )  # fmt: skip
        reference = randomised(theirs.ViTForImageClassification(config))
        call = lambda x: reference(x).logits  # noqa: E731
    found = origins(model.graph, maps[source])
    state = read(model.graph, reference.state_dict(), found, partial=False).state
    ours = model.module().eval()
    ours.load_state_dict(state, strict=True)
    image = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(ours(image), call(image), rtol=1e-4, atol=1e-4)
    there = {"timm": "huggingface", "huggingface": "timm"}[source]
    moved = write(state, origins(model.graph, maps[there]))
    again = read(model.graph, moved, origins(model.graph, maps[there]), partial=False).state
    assert all(torch.equal(again[n], state[n]) for n in state)


def test_gpt2_of_hugging_face() -> None:
    theirs = library("transformers")
    config = theirs.GPT2Config(n_layer=2, n_embd=32, n_head=4, vocab_size=50, n_positions=16)
    reference = randomised(theirs.GPT2LMHeadModel(config))
    spec = archspec.load(SPECS / "gpt2.arch")
    model = spec["GPT2"].with_(**TINY)
    map_ = spec._program.scope.keys["huggingface"]
    state = read(model.graph, reference.state_dict(), origins(model.graph, map_), False).state
    ours = model.module().eval()
    ours.load_state_dict(state, strict=True)
    tokens = torch.randint(0, 50, (2, 9))
    with torch.no_grad():
        torch.testing.assert_close(ours(tokens), reference(tokens).logits, rtol=1e-4, atol=1e-4)


# --- the commands ------------------------------------------------------------------------------

OLD = """\
keys there {
    "body.{w}" from "trunk.{w}"
}

model Net {
    input x: [B, 4]
    body: Linear(8) -> ReLU
    head: Linear(3)
}
"""
NEW = OLD.replace("body", "base").replace("Linear(3)", "Linear(5)").replace("trunk", "stem")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    Path("old.arch").write_text(OLD, encoding="utf-8")
    Path("new.arch").write_text(NEW, encoding="utf-8")
    state = {"trunk.weight": torch.randn(8, 4), "trunk.bias": torch.randn(8),
             "head.weight": torch.randn(3, 8), "head.bias": torch.randn(3)}  # fmt: skip
    torch.save(state, "there.pt")
    torch.save({"model": state, "epoch": 3}, "whole.pt")

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(app, ["weights", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.mark.parametrize("name", ["own.pt", "own.safetensors"])
def test_convert_from_a_library(run: Callable[..., Result], name: str) -> None:
    done = run("convert", "old.arch", "there.pt", "--from", "there", "-o", name)
    assert done.exit_code == 0, done.output
    assert run("convert", "old.arch", name).exit_code == 0
    back = run("convert", "old.arch", name, "--to", "there", "-o", "back.pt")
    assert back.exit_code == 0
    before, after = torch.load("there.pt"), torch.load("back.pt")
    assert all(torch.equal(before[n], after[n]) for n in before)


def test_convert_from_another_spec(run: Callable[..., Result]) -> None:
    run("convert", "old.arch", "there.pt", "--from", "there", "-o", "own.pt")
    refused = run("convert", "new.arch", "own.pt", "--from", "old.arch", "-o", "new.pt")
    assert refused.exit_code == 1
    assert not Path("new.pt").exists()
    assert "missing" in refused.output
    done = run("convert", "new.arch", "own.pt", "--from", "old.arch", "--partial", "-o", "new.pt")
    assert done.exit_code == 0
    state = torch.load("new.pt")
    assert set(state) == {"base.weight", "base.bias"}
    assert torch.equal(state["base.weight"], torch.load("own.pt")["body.weight"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("old.arch", "there.pt"), "does not fit"),
        (("old.arch", "there.pt", "--from", "ther"), "did you mean `there`?"),
        (("old.arch", "there.pt", "--from", "there", "--to", "timm"), "no `keys timm`"),
        (("old.arch", "nowhere.pt"), "no such file"),
        (("old.arch", "old.arch"), "cannot read `old.arch`"),
        (("old.arch", "whole.pt", "--from", "there"), "--entry model"),
        (("old.arch", "whole.pt", "--from", "there", "--entry", "state"), "no entry `state`"),
    ],
)
def test_convert_says_what_is_wrong(
    run: Callable[..., Result], arguments: tuple[str, ...], said: str
) -> None:
    result = run("convert", *arguments, "-o", "out.pt")
    assert result.exit_code == 1
    assert said in result.output
    assert not Path("out.pt").exists()


def test_an_entry_of_a_larger_checkpoint(run: Callable[..., Result]) -> None:
    result = run("convert", "old.arch", "whole.pt", "--from", "there", "--entry", "model")
    assert result.exit_code == 0
    assert "whole.pt fits `Net`: 4 tensors" in result.output


def test_keys_lists_the_names(run: Callable[..., Result]) -> None:
    assert run("keys", "old.arch").output.splitlines()[0] == "body.weight  [8, 4]"
    beside = run("keys", "old.arch", "--of", "there").output.splitlines()
    assert beside[0].split() == ["body.weight", "[8,", "4]", "trunk.weight"]
