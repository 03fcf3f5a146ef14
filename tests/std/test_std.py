"""The blocks of `std`, each beside the same thing of another library: values and gradients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import archspec
from archspec.source import SourceFile
from archspec.syntax import ast, parse
from archspec.syntax.format import format_source
from tests.std.page import PAGE, page
from tests.support.torchvision_cpu import torchvision_models
from tests.support.zoo import ROOT

STD = ROOT / "archspec" / "std"
FILES = sorted(STD.glob("*.arch"))


def blocks_of(file: Path) -> list[ast.Block]:
    parsed = parse(SourceFile(file.name, file.read_text(encoding="utf-8"))).file
    assert parsed is not None
    return [d for d in parsed.definitions if isinstance(d, ast.Block)]


@dataclass(frozen=True, slots=True)
class Pair:
    """A block in use, and what it is compared with.

    `strict`: the names of the weights are equal. Else they are equal in order, after those of
    `renamed`, which are theirs by ours.
    """

    use: str
    reference: Callable[[], Any]
    inputs: tuple[str, ...] = ("[B, 8, H, W]",)
    shapes: tuple[tuple[int, ...], ...] = ((3, 8, 9, 11),)
    strict: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def block(self) -> str:
        return self.use.partition("(")[0]


def module_of(pair: Pair) -> nn.Module:
    home = next(f.stem for f in FILES if pair.block in {b.name.id for b in blocks_of(f)})
    names = [f"x{i}" for i in range(len(pair.inputs))]
    declared = "; ".join(f"input {n}: {s}" for n, s in zip(names, pair.inputs, strict=True))
    given = names[0] if len(names) == 1 else f"({', '.join(names)})"
    outputs = "p3, p4, p5" if pair.block == "FPN" else "y"
    text = f"use {pair.block} from std.{home}\n"
    text += f"model M {{ {declared}; {outputs} = {given} -> it: {pair.use}; output {outputs} }}"
    spec = archspec.loads(text)
    assert spec.check() == ()
    made = spec["M"].module().it
    assert isinstance(made, nn.Module)
    return made


class Several(nn.Module):
    """A reference whose call differs: `forward` is given."""

    def __init__(self, module: nn.Module, call: Callable[..., object]) -> None:
        super().__init__()
        self.module = module
        self.call = call

    def forward(self, *x: Tensor) -> object:
        return self.call(self.module, *x)


def library(name: str) -> Any:
    """A module of another library, which may import torchvision."""
    torchvision_models()
    return import_module(name)


def conv_norm_act() -> Any:
    return library("torchvision.ops").Conv2dNormActivation(8, 6, 3, 2)


def separable() -> Any:
    ops = library("torchvision.ops")
    first = ops.Conv2dNormActivation(8, 8, 3, groups=8)
    return nn.Sequential(first, ops.Conv2dNormActivation(8, 6, 1))


def squeeze_excite() -> Any:
    return library("torchvision.ops").SqueezeExcitation(8, 2)


def basic_block() -> Any:
    resnet = library("torchvision.models.resnet")
    down = nn.Sequential(nn.Conv2d(8, 6, 1, 2, bias=False), nn.BatchNorm2d(6))
    return resnet.BasicBlock(8, 6, 2, down)


def bottleneck() -> Any:
    resnet = library("torchvision.models.resnet")
    down = nn.Sequential(nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16))
    return resnet.Bottleneck(8, 4, 1, down)


def inverted() -> Any:
    mobilenet = library("torchvision.models.mobilenetv2")
    return mobilenet.InvertedResidual(8, 8, 1, 4)


def gated_inverted() -> Any:
    efficientnet = library("torchvision.models.efficientnet")
    config = efficientnet.MBConvConfig(4, 3, 2, 8, 16, 1)
    return efficientnet.MBConv(config, 0.0, nn.BatchNorm2d)


def convnext() -> Any:
    return library("torchvision.models.convnext").CNBlock(8, 1.0, 0.0)


def fpn() -> Any:
    pyramid = library("torchvision.ops").FeaturePyramidNetwork([4, 6, 8], 5)
    wanted = [f"inner_blocks.{i}" for i in (2, 1, 0)] + [f"layer_blocks.{i}" for i in (0, 1, 2)]
    modules = dict(pyramid.named_modules())
    ordered = nn.ModuleList(modules[name][0] for name in wanted)

    def call(_: nn.Module, *x: Tensor) -> object:
        found = pyramid({"a": x[0], "b": x[1], "c": x[2]})
        return tuple(found.values())

    return Several(ordered, call)


def aspp() -> Any:
    return library("torchvision.models.segmentation.deeplabv3").ASPP(8, [2, 3], 6)


def timm_attention() -> Any:
    return library("timm.layers.attention").Attention(16, num_heads=4, qkv_bias=True)


def timm_block() -> Any:
    return library("timm.models.vision_transformer").Block(
        16, num_heads=4, qkv_bias=True, norm_layer=nn.LayerNorm
    )


def timm_mlp() -> Any:
    return library("timm.layers.mlp").Mlp(16, 24)


def timm_patches() -> Any:
    return library("timm.layers.patch_embed").PatchEmbed(
        img_size=None, patch_size=4, in_chans=8, embed_dim=12
    )


def timm_scale() -> Any:
    return library("timm.layers").LayerScale(16, 1e-5)


def cross_attention() -> Any:
    class Reordered(nn.Module):
        """torch's attention over other features, its weights in four linear maps."""

        def __init__(self) -> None:
            super().__init__()
            self.q, self.k = nn.Linear(16, 16), nn.Linear(12, 16)
            self.v, self.o = nn.Linear(12, 16), nn.Linear(16, 16)

        def forward(self, x: Tensor, memory: Tensor) -> Tensor:
            out, _ = F.multi_head_attention_forward(
                x.transpose(0, 1), memory.transpose(0, 1), memory.transpose(0, 1), 16, 4, None,
                torch.cat([self.q.bias, self.k.bias, self.v.bias]), None, None, False, 0.0,
                self.o.weight, self.o.bias, use_separate_proj_weight=True,
                q_proj_weight=self.q.weight, k_proj_weight=self.k.weight,
                v_proj_weight=self.v.weight,
            )  # fmt: skip
            return out.transpose(0, 1)

    return Reordered()


def llama(part: str) -> Any:
    theirs = library("transformers.models.llama.modeling_llama")
    config = theirs.LlamaConfig(
        hidden_size=16, intermediate_size=24, num_attention_heads=4, num_key_value_heads=2,
        num_hidden_layers=1, vocab_size=8, rms_norm_eps=1e-6, attn_implementation="sdpa",
    )  # fmt: skip
    rotary = theirs.LlamaRotaryEmbedding(config)

    def positions(x: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = rotary(x, torch.arange(x.shape[1])[None])
        return found

    match part:
        case "attention":
            attention = theirs.LlamaAttention(config, 0)
            return Several(attention, lambda m, x: m(x, positions(x), attention_mask=None)[0])
        case "layer":
            layer = theirs.LlamaDecoderLayer(config, 0)
            return Several(layer, lambda m, x: m(x, position_embeddings=positions(x)))
        case _:
            return theirs.LlamaMLP(config)


def windows() -> Any:
    def call(attend: nn.Module, x: Tensor) -> Tensor:
        out = torch.empty_like(x)
        for i in range(0, x.shape[1], 2):
            for j in range(0, x.shape[2], 2):
                window = x[:, i : i + 2, j : j + 2]
                flat = attend(window.flatten(1, 2))
                out[:, i : i + 2, j : j + 2] = flat.view_as(window)
        return out

    return Several(timm_attention(), call)


TOKENS = (("[B, T, 16]",), ((3, 5, 16),))
PAIRS = (
    Pair("ConvNormAct(6, stride=2)", conv_norm_act),
    Pair("DepthwiseSeparable(6)", separable),
    Pair("BasicBlock(6, stride=2)", basic_block),
    Pair("Bottleneck(4)", bottleneck),
    Pair("InvertedResidual(8, act=ReLU6)", inverted),
    Pair("InvertedResidual(16, stride=2, squeeze=0.25)", gated_inverted),
    Pair(
        "ConvNeXtBlock(scale=1.0)", convnext, renamed={"layer_scale.gamma": "layer_scale"}
    ),
    Pair("SqueezeExcite(2)", squeeze_excite, strict=True),
    Pair("SelfAttention(4)", timm_attention, *TOKENS, strict=True),
    Pair(
        "CrossAttention(4)", cross_attention,
        ("[B, T, 16]", "[B, S, 12]"), ((3, 5, 16), (3, 7, 12)),
    ),
    Pair("RotaryAttention(4, groups=2)", lambda: llama("attention"), *TOKENS, strict=True),
    Pair("WindowAttention(4, 2)", windows, ("[B, 4, 6, 16]",), ((3, 4, 6, 16),)),
    Pair("Mlp(24)", timm_mlp, *TOKENS, strict=True),
    Pair("GatedMlp(24)", lambda: llama("mlp"), *TOKENS, strict=True),
    Pair("PatchEmbed(12, 4)", timm_patches, ("[B, 8, 8, 12]",), ((3, 8, 8, 12),), strict=True),
    Pair("EncoderLayer(4)", timm_block, *TOKENS, strict=True),
    Pair("DecoderLayer(4, 24, groups=2)", lambda: llama("layer"), *TOKENS, strict=True),
    Pair("LayerScale(1e-5)", timm_scale, *TOKENS, strict=True),
    Pair(
        "FPN(5)", fpn, ("[B, 4, H, W]", "[B, 6, H2, W2]", "[B, 8, H3, W3]"),
        ((2, 4, 13, 12), (2, 6, 7, 6), (2, 8, 4, 3)),
    ),
    Pair("ASPP(6, [2, 3], drop=0.0)", aspp),
)  # fmt: skip


def tensors(value: object) -> tuple[Tensor, ...]:
    return (value,) if isinstance(value, Tensor) else tuple(value)  # type: ignore[arg-type]


def without_dropout(module: nn.Module) -> nn.Module:
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return module


def renamed(
    own: Mapping[str, Tensor], state: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Any]:
    """`state` under our names."""
    rest = iter([v for name, v in state.items() if name not in names.values()])
    found = {n: state[names[n]] if n in names else next(rest) for n in own}
    assert next(rest, None) is None
    return {n: v.reshape(own[n].shape) for n, v in found.items()}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p.use)
def test_block(pair: Pair) -> None:
    torch.manual_seed(0)
    ours = without_dropout(module_of(pair)).double()
    theirs = without_dropout(pair.reference()).double()
    state = {name.removeprefix("module."): v for name, v in theirs.state_dict().items()}
    if not pair.strict:
        state = renamed(ours.state_dict(), state, pair.renamed)
    ours.load_state_dict(state, strict=True)
    tol = 1e-6 if "RMSNorm" in repr(theirs) else 1e-9  # transformers' computes in float32
    inputs = [torch.randn(shape, dtype=torch.float64) for shape in pair.shapes]
    for train in (False, True):
        ours.train(train)
        theirs.train(train)
        results: list[Any] = []
        for module in (ours, theirs):
            given = [x.clone().requires_grad_() for x in inputs]
            out = tensors(module(*given))
            loss = torch.stack([(y**2).mean() for y in out]).sum()
            module.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            grads = {n.removeprefix("module."): p.grad for n, p in module.named_parameters()}
            if module is theirs and not pair.strict:
                grads = renamed(dict(ours.named_parameters()), grads, pair.renamed)
            results.append((out, [x.grad for x in given], [grads[n] for n in sorted(grads)]))
        for a, b in zip(*results, strict=True):
            for left, right in zip(a, b, strict=True):
                assert left is not None
                assert right is not None
                torch.testing.assert_close(left.flatten(), right.flatten(), rtol=tol, atol=tol)


def test_stochastic_depth_drops_whole_examples() -> None:
    depth = module_of(Pair("StochasticDepth(0.25)", nn.Identity))
    x = torch.ones(4000, 2, 3, 3)
    torch.manual_seed(0)
    y = depth.train()(x)
    kept = y[:, 0, 0, 0] > 0
    assert torch.equal(y, torch.where(kept[:, None, None, None], x / 0.75, 0 * x))
    assert abs(float(kept.float().mean()) - 0.75) < 0.03
    assert torch.equal(depth.eval()(x), x)


def test_rotary_positions_are_relative() -> None:
    rotary = module_of(
        Pair("Rotary(100.0)", nn.Identity, ("[B, 2, T, 8]",), ((1, 2, 6, 8),))
    ).double()
    q, k = (torch.randn(8, dtype=torch.float64).expand(1, 2, 6, 8) for _ in range(2))
    products = rotary(q) @ rotary(k).transpose(-1, -2)
    for distance in range(1, 5):
        along = products[0, 0].diagonal(-distance)
        torch.testing.assert_close(along, along[:1].expand_as(along))
    assert not torch.allclose(products[0, 0].diagonal(-1)[0], products[0, 0].diagonal(-2)[0])


def test_every_block_is_compared() -> None:
    compared = {pair.block for pair in PAIRS} | {"StochasticDepth", "Rotary"}
    assert compared == {block.name.id for file in FILES for block in blocks_of(file)}


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_files_are_formatted_and_documented(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert format_source(SourceFile(file.name, text)) == text
    assert all(block.body.doc for block in blocks_of(file))
    assert max(map(len, text.splitlines())) <= 100


def test_a_module_that_does_not_exist() -> None:
    with pytest.raises(archspec.ArchSpecError) as raised:
        archspec.loads("use SqueezeExcite from std.atention\nmodel M { input x: [B]; ReLU }")
    (found,) = raised.value.diagnostics
    assert found.code == "A0111"
    assert found.fixes[0].edits[0].replacement == "std.attention"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.std.page renews it"
