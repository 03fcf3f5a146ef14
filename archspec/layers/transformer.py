"""Transformer layers of torch: encoder layer, decoder layer, and the whole of both."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.attention import need_mask
from archspec.layers.base import (
    ABSENT,
    Arg,
    Axis,
    LayerDecl,
    Needs,
    Params,
    Port,
    Positive,
    Probability,
    Size,
    TensorType,
    Weight,
)
from archspec.layers.checks import need_float, need_groups, need_rank

# Required, as torch's default, time first, is seldom what is meant.
BatchFirst = Annotated[
    bool,
    Field(description="write `batch_first=true` for [B, T, D], `batch_first=false` for [T, B, D]"),
]
Activation = Literal["relu", "gelu"]


class TransformerLayerParams(Params):
    nhead: Positive
    dim_feedforward: Size = 2048
    dropout: Probability = 0.1
    activation: Activation = "relu"
    layer_norm_eps: Annotated[float, Field(ge=0.0)] = 1e-5
    batch_first: BatchFirst
    norm_first: bool = False
    bias: bool = True


class TransformerParams(Params):
    nhead: Positive = 8
    num_encoder_layers: Positive = 6
    num_decoder_layers: Positive = 6
    dim_feedforward: Size = 2048
    dropout: Probability = 0.1
    activation: Activation = "relu"
    layer_norm_eps: Annotated[float, Field(ge=0.0)] = 1e-5
    batch_first: BatchFirst
    norm_first: bool = False
    bias: bool = True


Both = TransformerLayerParams | TransformerParams


# --- parts ---------------------------------------------------------------------------------------


def _need_tokens(
    layer: LayerDecl[TransformerLayerParams] | LayerDecl[TransformerParams],
    p: Both,
    x: tuple[TensorType, ...],
    need: Needs,
) -> None:
    """Check the sequences, `[B, T, D]` each: of one width that the heads divide."""
    names = ("B", "T", "D") if p.batch_first else ("T", "B", "D")
    for port, tensor in enumerate(x):
        need_float(layer.name, tensor, port)
        need_rank(layer.name, tensor, names, port)
    width = x[0].shape[2]
    need_groups(need, "d_model", width, p.nhead, "heads", Arg("nhead"), Axis(0, 2))
    batch = 0 if p.batch_first else 1
    for port, tensor in enumerate(x[1:], start=1):
        for axis, what in ((2, "width"), (batch, "batch size")):
            need.equal(
                x[0].shape[axis],
                tensor.shape[axis],
                "A0401",
                f"`{layer.ports[0].name}` and `{layer.ports[port].name}` of {layer.name}"
                f" differ in the {what}",
                Axis(0, axis),
                Axis(port, axis),
            )


def _sizes(p: Both, queries: TensorType, keys: TensorType) -> tuple[Dim, Dim, Dim]:
    """Batch, number of queries, number of keys: what masks are made for."""
    batch, time = (0, 1) if p.batch_first else (1, 0)
    return queries.shape[batch], queries.shape[time], keys.shape[time]


def _pair(prefix: str, p: Both, weight: tuple[Dim, ...], bias: Dim) -> Iterator[Weight]:
    yield Weight(f"{prefix}weight", weight)
    if p.bias:
        yield Weight(f"{prefix}bias", (bias,))


def _attention(prefix: str, p: Both, width: Dim) -> Iterator[Weight]:
    yield Weight(f"{prefix}in_proj_weight", (width * 3, width))
    if p.bias:
        yield Weight(f"{prefix}in_proj_bias", (width * 3,))
    yield from _pair(f"{prefix}out_proj.", p, (width, width), width)


def _layer(prefix: str, p: Both, width: Dim, *, decoder: bool) -> Iterator[Weight]:
    """The weights of one layer, in torch's order."""
    hidden = Dim.of(p.dim_feedforward)
    yield from _attention(f"{prefix}self_attn.", p, width)
    if decoder:
        yield from _attention(f"{prefix}multihead_attn.", p, width)
    yield from _pair(f"{prefix}linear1.", p, (hidden, width), hidden)
    yield from _pair(f"{prefix}linear2.", p, (width, hidden), width)
    for i in range(1, 4 if decoder else 3):
        yield from _pair(f"{prefix}norm{i}.", p, (width,), width)


def _attention_macs(queries: Dim, keys: Dim, width: Dim) -> Dim:
    """Of one sample: three projections and that of the result, scores, and their use."""
    return (queries * 2 + keys * 2) * width * width + queries * keys * width * 2


def _layer_macs(p: Both, sizes: tuple[Dim, Dim], width: Dim, *, decoder: bool) -> Dim:
    """Of one sample, for so many tokens here and in the memory."""
    tokens, memory = sizes
    total = _attention_macs(tokens, tokens, width)
    if decoder:
        total = total + _attention_macs(tokens, memory, width)
    return total + tokens * width * Dim.of(p.dim_feedforward) * 2


# --- layers --------------------------------------------------------------------------------------


class TransformerEncoderLayer(LayerDecl[TransformerLayerParams]):
    """Self-attention and two linear maps, each residual: `[B, T, D] -> [B, T, D]` (arXiv:1706.03762).

    `batch_first=false` means `[T, B, D]`; it has to be written, as torch's default is that.
    `src_mask` is `[T, T]` or `[B * nhead, T, T]`, `src_key_padding_mask` is `[B, T]`: true, or
    -inf, where attention is not allowed. Repeat it with a loop.
    """  # noqa: E501

    channels = -1
    Params = TransformerLayerParams
    ports = (
        Port("src"),
        Port("src_mask", optional=True),
        Port("src_key_padding_mask", optional=True),
    )
    mode_dependent = True
    inferred_names = ("d_model",)

    def shape(
        self, p: TransformerLayerParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        _need_tokens(self, p, x[:1], need)
        for port in range(1, len(x)):
            if x[port] is not ABSENT:
                need_mask(self, port, x[port], _sizes(p, x[0], x[0]), p.nhead, need)
        return (x[0],)

    def inferred(
        self, p: TransformerLayerParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"d_model": x[0].shape[2]}

    def weights(self, p: TransformerLayerParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return tuple(_layer("", p, x[0].shape[2], decoder=False))

    def macs(
        self, p: TransformerLayerParams, x: tuple[TensorType, ...], out: tuple[TensorType, ...]
    ) -> Dim:
        batch, tokens, _ = _sizes(p, x[0], x[0])
        return batch * _layer_macs(p, (tokens, tokens), x[0].shape[2], decoder=False)


class TransformerDecoderLayer(LayerDecl[TransformerLayerParams]):
    """Self-attention, attention to a memory, two linear maps: `[B, T, D], [B, S, D] -> [B, T, D]`.

    `batch_first=false` means `[T, B, D]`; it has to be written, as torch's default is that.
    `tgt_mask` is `[T, T]`, `memory_mask` is `[T, S]`, key padding masks are `[B, T]` and `[B, S]`:
    true, or -inf, where attention is not allowed. Repeat it with a loop (arXiv:1706.03762).
    """

    channels = -1
    Params = TransformerLayerParams
    ports = (
        Port("tgt"),
        Port("memory"),
        Port("tgt_mask", optional=True),
        Port("memory_mask", optional=True),
        Port("tgt_key_padding_mask", optional=True),
        Port("memory_key_padding_mask", optional=True),
    )
    mode_dependent = True
    inferred_names = ("d_model",)

    def shape(
        self, p: TransformerLayerParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        _need_tokens(self, p, x[:2], need)
        for port in range(2, len(x)):
            if x[port] is not ABSENT:
                keys = x[1] if self.ports[port].name.startswith("memory") else x[0]
                need_mask(self, port, x[port], _sizes(p, x[0], keys), p.nhead, need)
        return (x[0],)

    def inferred(
        self, p: TransformerLayerParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"d_model": x[0].shape[2]}

    def weights(self, p: TransformerLayerParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return tuple(_layer("", p, x[0].shape[2], decoder=True))

    def macs(
        self, p: TransformerLayerParams, x: tuple[TensorType, ...], out: tuple[TensorType, ...]
    ) -> Dim:
        batch, tokens, memory = _sizes(p, x[0], x[1])
        return batch * _layer_macs(p, (tokens, memory), x[0].shape[2], decoder=True)


class Transformer(LayerDecl[TransformerParams]):
    """Encoder and decoder as published: `[B, S, D], [B, T, D] -> [B, T, D]` (arXiv:1706.03762).

    `batch_first=false` means `[T, B, D]`; it has to be written, as torch's default is that. Masks
    are true, or -inf, where attention is not allowed.
    """

    channels = -1
    Params = TransformerParams
    ports = (
        Port("src"),
        Port("tgt"),
        Port("src_mask", optional=True),
        Port("tgt_mask", optional=True),
        Port("memory_mask", optional=True),
        Port("src_key_padding_mask", optional=True),
        Port("tgt_key_padding_mask", optional=True),
        Port("memory_key_padding_mask", optional=True),
    )
    torch_order = (
        "d_model",
        "nhead",
        "num_encoder_layers",
        "num_decoder_layers",
        "dim_feedforward",
        "dropout",
        "activation",
        "custom_encoder",
        "custom_decoder",
        "layer_norm_eps",
        "batch_first",
        "norm_first",
        "bias",
    )
    mode_dependent = True
    inferred_names = ("d_model",)

    def shape(
        self, p: TransformerParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        _need_tokens(self, p, x[:2], need)
        source, target = x[:2]
        for port in range(2, len(x)):
            if x[port] is not ABSENT:
                name = self.ports[port].name
                queries = source if name.startswith("src") else target
                keys = target if name.startswith("tgt") else source
                need_mask(self, port, x[port], _sizes(p, queries, keys), p.nhead, need)
        return (target,)

    def inferred(
        self, p: TransformerParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"d_model": x[0].shape[2]}

    def weights(self, p: TransformerParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        width = x[0].shape[2]
        found: list[Weight] = []
        for part, layers in (("encoder", p.num_encoder_layers), ("decoder", p.num_decoder_layers)):
            for i in range(layers):
                prefix = f"{part}.layers.{i}."
                found += _layer(prefix, p, width, decoder=part == "decoder")
            found += _pair(f"{part}.norm.", p, (width,), width)
        return tuple(found)

    def macs(
        self, p: TransformerParams, x: tuple[TensorType, ...], out: tuple[TensorType, ...]
    ) -> Dim:
        batch, source, target = _sizes(p, x[0], x[1])
        width = x[0].shape[2]
        encoder = _layer_macs(p, (source, source), width, decoder=False) * p.num_encoder_layers
        decoder = _layer_macs(p, (target, source), width, decoder=True) * p.num_decoder_layers
        return batch * (encoder + decoder)

    def emit_call(
        self, p: TransformerParams, callee: "py.Expr", tensors: "tuple[py.Expr, ...]"
    ) -> "py.Expr":
        # Otherwise torch looks at the values of a mask, which cannot be compiled or exported.
        told = {
            f"{self.ports[port].name.removesuffix('_mask')}_is_causal": py.const(False)
            for port in (2, 3)
            if port < len(tensors) and tensors[port] != py.const(None)
        }
        return py.call(callee, *tensors, **told)
