"""Multi-head attention as one layer."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from archspec import pycode as py
from archspec.dims import Dim
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
    RuleError,
    TensorType,
    Weight,
)
from archspec.layers.checks import need_float, need_groups, need_rank, product


class MultiheadAttentionParams(Params):
    num_heads: Positive
    dropout: Probability = 0.0
    bias: bool = True
    add_bias_kv: bool = False
    add_zero_attn: bool = False
    # Required, as torch's default, time first, is seldom what is meant.
    batch_first: bool = Field(
        description="write `batch_first=true` for [B, T, D], `batch_first=false` for [T, B, D]"
    )


class MultiheadAttention(LayerDecl[MultiheadAttentionParams]):
    """Attention (arXiv:1706.03762): `[B, T, D], [B, S, K], [B, S, V] -> [B, T, D]`.

    With one tensor it is self-attention; with two, the key is the value too. `batch_first=true`
    means `[B, T, D]`, `batch_first=false` means `[T, B, D]`; it has to be written, as torch's
    default is the latter. `attn_mask` is `[T, S]` or `[B * num_heads, T, S]`, `key_padding_mask`
    is `[B, S]`: true, or -inf, where attention is not allowed. Without the attention weights.
    """

    noun = "attention"
    channels = -1
    Params = MultiheadAttentionParams
    ports = (
        Port("query"),
        Port("key", optional=True),
        Port("value", optional=True),
        Port("key_padding_mask", optional=True),
        Port("attn_mask", optional=True),
    )
    torch_order = (
        "embed_dim",
        "num_heads",
        "dropout",
        "bias",
        "add_bias_kv",
        "add_zero_attn",
        "kdim",
        "vdim",
        "batch_first",
    )
    # Only where `dropout` is not 0, but that is decided per call, not per class.
    mode_dependent = True
    inferred_names = ("embed_dim", "kdim", "vdim")

    def shape(
        self, p: MultiheadAttentionParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        names = ("B", "T", "D") if p.batch_first else ("T", "B", "D")
        query, key, value = _sources(x)
        for port, tensor in enumerate(x[:3]):
            if tensor is not ABSENT:
                need_float(self.name, tensor, port)
                need_rank(self.name, tensor, names, port)
        places = (Arg("num_heads"), Axis(0, 2))
        need_groups(need, "embed_dim", query.shape[2], p.num_heads, "heads", *places)
        batch, time = (0, 1) if p.batch_first else (1, 0)
        if key is not query:
            need.equal(
                query.shape[batch],
                key.shape[batch],
                "A0401",
                "query and key of MultiheadAttention differ in the batch size",
                Axis(0, batch),
                Axis(1, batch),
            )
        if value is not key:
            for axis, what in ((batch, "batch size"), (time, "length")):
                need.equal(
                    key.shape[axis],
                    value.shape[axis],
                    "A0401",
                    f"key and value of MultiheadAttention differ in the {what}",
                    Axis(1, axis),
                    Axis(2, axis),
                )
        sizes = (query.shape[batch], query.shape[time], key.shape[time])
        for port in range(3, len(x)):
            if x[port] is not ABSENT:
                need_mask(self, port, x[port], sizes, p.num_heads, need)
        return (query,)

    def inferred(
        self, p: MultiheadAttentionParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        query, key, value = (tensor.shape[2] for tensor in _sources(x))
        sizes: dict[str, Dim | tuple[Dim, ...]] = {"embed_dim": query}
        if key is not query:
            sizes["kdim"] = key
        if value is not query:
            sizes["vdim"] = value
        return sizes

    def weights(self, p: MultiheadAttentionParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        embed, key, value = (tensor.shape[2] for tensor in _sources(x))
        if embed is key and embed is value:
            weights = [Weight("in_proj_weight", (embed * 3, embed))]
        else:
            weights = [
                Weight("q_proj_weight", (embed, embed)),
                Weight("k_proj_weight", (embed, key)),
                Weight("v_proj_weight", (embed, value)),
            ]
        if p.bias:
            weights.append(Weight("in_proj_bias", (embed * 3,)))
        if p.add_bias_kv:
            one = Dim.of(1)
            weights += [Weight("bias_k", (one, one, embed)), Weight("bias_v", (one, one, embed))]
        weights.append(Weight("out_proj.weight", (embed, embed)))
        if p.bias:
            weights.append(Weight("out_proj.bias", (embed,)))
        return tuple(weights)

    def macs(
        self,
        p: MultiheadAttentionParams,
        x: tuple[TensorType, ...],
        out: tuple[TensorType, ...],
    ) -> Dim:
        query, key, value = _sources(x)
        embed = query.shape[2]
        batch, time = (0, 1) if p.batch_first else (1, 0)
        projections = product(query.shape) * 2 + product(key.shape) + product(value.shape)
        attended = key.shape[time] + (int(p.add_bias_kv) + int(p.add_zero_attn))
        products = query.shape[batch] * query.shape[time] * attended * 2
        return (projections + products) * embed

    def emit_call(
        self, p: MultiheadAttentionParams, callee: "py.Expr", tensors: "tuple[py.Expr, ...]"
    ) -> "py.Expr":
        absent = py.const(None)
        given = tensors + (absent,) * (len(self.ports) - len(tensors))
        query, key, value = given[:3]
        arguments: tuple[py.Expr, ...]
        if value != absent:
            sources = _repeated(query, 2) if key == absent else (query, key)
            arguments = (*sources, value)
        elif key != absent:
            arguments = (query, *_repeated(key, 2))
        else:
            arguments = _repeated(query, 3)
        options = {
            port.name: mask
            for port, mask in zip(self.ports[3:], given[3:], strict=True)
            if mask != absent
        }
        call = py.call(callee, *arguments, **options, need_weights=py.const(False))
        return py.Subscript(call, (py.const(0),))


def need_mask(
    layer: LayerDecl[Any],
    port: int,
    mask: TensorType,
    sizes: tuple[Dim, Dim, Dim],
    heads: int,
    need: Needs,
) -> None:
    """Check a mask of attention; `sizes` are those of the batch, the queries and the keys."""
    batch, queries, keys = sizes
    name = layer.ports[port].name
    if mask.kind not in ("bool", "float"):
        raise RuleError(
            "A0701",
            f"`{name}` needs bools or floats, not `{mask.dtype}`",
            Axis(port),
            help=("compare to make it boolean, e.g. `mask != 0`",),
        )
    wanted: tuple[Dim, ...]
    if name.endswith("key_padding_mask"):
        wanted, shown = (batch, keys), "[B, S]"
    elif mask.rank == 3:
        wanted, shown = (batch * heads, queries, keys), "[B * num_heads, T, S]"
    else:
        wanted, shown = (queries, keys), "[T, S]"
    if mask.rank != len(wanted):
        raise RuleError(
            "A0404",
            f"`{name}` needs {len(wanted)} dimensions {shown}, not {mask.rank}",
            Axis(port),
        )
    for axis, (size, expected) in enumerate(zip(mask.shape, wanted, strict=True)):
        need.equal(size, expected, "A0401", f"`{name}` is not {shown}", Axis(port, axis))


def _sources(x: tuple[TensorType, ...]) -> tuple[TensorType, TensorType, TensorType]:
    """Query, key and value; a key left out is the query, a value left out the key."""
    query = x[0]
    key = query if len(x) < 2 or x[1] is ABSENT else x[1]
    value = key if len(x) < 3 or x[2] is ABSENT else x[2]
    return query, key, value


def _repeated(tensor: "py.Expr", times: int) -> "tuple[py.Expr, ...]":
    """The tensor `times` times as arguments, without computing it more than once."""
    if isinstance(tensor, py.Name):
        return (tensor,) * times
    return (py.Starred(py.Binary("*", py.List((tensor,)), py.const(times))),)
