"""What PyTorch holds in memory for a call: views, results that may replace their input, and what
autograd keeps until backward.

This is PyTorch's doing rather than the layers': a table by name, as its autograd and its storage
are, which the tests compare with PyTorch for every declaration. What is in no row of a table is new
memory, and keeps nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from archspec.dims import Dim
from archspec.layers.base import Declaration, LayerDecl, Params, TensorType
from archspec.layers.functions_rearrange import Rearrange, RearrangeArgs, split_axes

#: How a result relates to the memory of the first input: it has its own; it is a view of it in the
#: same order, or in another; or a view where that is in order, and else a copy.
View = Literal["none", "same", "reordered", "reshaped"]

_VIEWS: Final[Mapping[View, str]] = {
    "same": (
        "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout "  # in evaluation
        "Identity contiguous detach squeeze unsqueeze"
    ),
    "reordered": (
        "chunk conj crop expand expand_as imag index narrow permute real split transpose unbind "
        "unfold view_as_complex view_as_real"
    ),
    "reshaped": "Flatten Unflatten flatten reshape unflatten view",
}

#: Each element of the result depends on the one in its place, so that it can be written over it.
_IN_PLACE: Final = (
    "AlphaDropout BatchNorm1d BatchNorm2d BatchNorm3d CELU Dropout Dropout1d Dropout2d Dropout3d "
    "ELU FeatureAlphaDropout GELU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid "
    "Mish PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softplus Softshrink Softsign SyncBatchNorm Tanh "
    "Tanhshrink Threshold "
    "abs acos add asin atan ceil celu clamp cos cosh div elu erf erfc exp exp2 expm1 floor gelu "
    "hardshrink hardsigmoid hardswish hardtanh leaky_relu log log10 log1p log2 logsigmoid "
    "masked_fill mish mul neg pow reciprocal relu relu6 remainder round rsqrt selu sigmoid sign "
    "silu sin sinh softplus softshrink softsign sqrt square sub tan tanh tanhshrink threshold trunc"
)

#: What autograd keeps of a call: its inputs or one of them, its result; `weighed` is an input of a
#: map whose weights get a gradient, `factor` one that is multiplied with what gets one.
Kept = Literal["input", "first", "second", "result", "weighed", "factor"]

_KEPT: Final[Mapping[Kept, str]] = {
    "input": (
        "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d "
        "BatchNorm1d BatchNorm2d BatchNorm3d CELU CosineSimilarity CrossMapLRN2d ELU "
        "FractionalMaxPool2d FractionalMaxPool3d GELU GLU GroupNorm Hardshrink Hardsigmoid "
        "Hardswish Hardtanh InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm LeakyReLU "
        "LogSigmoid LPPool1d LPPool2d LPPool3d LocalResponseNorm MaxPool1d MaxPool2d MaxPool3d "
        "Mish PReLU RMSNorm RReLU ReLU6 ReflectionPad1d ReflectionPad2d ReflectionPad3d "
        "ReplicationPad1d ReplicationPad2d ReplicationPad3d SELU SiLU Softplus Softshrink Softsign "
        "SyncBatchNorm Threshold "
        "abs acos amax amin angle asin atan celu clamp cos cosh cosine_similarity cumprod elu erf "
        "erfc gelu glu grid_sample hardshrink hardsigmoid hardswish hardtanh leaky_relu log log10 "
        "log1p log2 logsigmoid logsumexp mish norm normalize pow relu6 "
        "scaled_dot_product_attention selu silu sin sinh softplus softshrink softsign square std "
        "threshold var"
    ),
    "result": (
        "CrossMapLRN2d LogSoftmax PairwiseDistance ReLU Sigmoid Softmax Softmax2d Softmin Tanh "
        "amax amin cumprod exp exp2 expm1 log_softmax logsumexp norm polar reciprocal relu rsqrt "
        "scaled_dot_product_attention sigmoid softmax sqrt std tan tanh"
    ),
    "weighed": (
        "Bilinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d Linear "
        "MultiheadAttention"
    ),
    "factor": "complex div einsum matmul maximum minimum mul outer remainder",
    "first": "Embedding where",
    "second": "MaxUnpool1d MaxUnpool2d MaxUnpool3d index_select masked_fill",
}

#: Whole networks in one call, and own layers: what they keep is not known.
_UNKNOWN: Final = (
    "GRU GRUCell LSTM LSTMCell RNN RNNCell Transformer TransformerDecoderLayer "
    "TransformerEncoderLayer"
)


def _each(groups: Mapping[Any, str]) -> Mapping[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for kind, names in groups.items():
        for name in names.split():
            found[name] = (*found.get(name, ()), kind)
    return MappingProxyType(found)


_VIEW_OF: Final = _each(_VIEWS)
_KEPT_BY: Final = _each(_KEPT)
_OVER: Final = frozenset(_IN_PLACE.split())
_DROPPING: Final = frozenset(name for name in _VIEWS["same"].split() if "Dropout" in name)
_OPAQUE: Final = frozenset(_UNKNOWN.split())


def view_of(
    decl: Declaration[Any], p: Any, x: tuple[TensorType, ...], *, training: bool = False
) -> View:
    """How the results of a call relate to the memory of its first input."""
    if training and decl.name in _DROPPING and p.p > 0:
        return "none"
    if decl.name == "to":
        return "same" if p.dtype == x[0].dtype else "none"
    if isinstance(decl, Rearrange):
        assert isinstance(p, RearrangeArgs)
        return _rearranged(p, x[0])
    return next(iter(_VIEW_OF.get(decl.name, ("none",))))


def _rearranged(p: RearrangeArgs, x: TensorType) -> View:
    before, after, merged = split_axes(p, x)
    if before == after:
        return "reshaped"
    # Axes that come together in another order than they had are copied.
    places = {name: i for i, name in enumerate(before)}
    for group in merged:
        ordered = [places[name] for name in group]
        if ordered != list(range(ordered[0], ordered[0] + len(ordered))):
            return "none"
    return "reordered"


def in_place(decl: Declaration[Any]) -> bool:
    """Whether the result may be written over the first input."""
    return decl.name in _OVER


def keeps(decl: Declaration[Any], p: Any, inputs: int = 1) -> tuple[Kept, ...] | None:
    """What autograd keeps of a call, beside `statistics`; None where that is not known."""
    if decl.name in _OPAQUE or (isinstance(decl, LayerDecl) and decl.module is not None):
        return None
    match decl.name:
        case "AdaptiveAvgPool1d" | "AdaptiveAvgPool2d" | "AdaptiveAvgPool3d":
            return () if all(n == 1 for n in _sizes(p.output_size)) else ("input",)
        case "max" | "min":
            return ("input", "result") if inputs == 1 else ("factor",)
        case "pad":
            return () if p.mode in ("constant", "circular") else ("input",)
        case "interpolate":
            return ("input",) if p.mode == "area" else ()
        case "pow" if inputs == 2:
            return ("input", "result")
        case name:
            return _KEPT_BY.get(name, ())


def _sizes(size: Any) -> tuple[Any, ...]:
    return size if isinstance(size, tuple) else (size,)


@dataclass(frozen=True, slots=True)
class Statistics:
    """A tensor that autograd keeps beside inputs and results: its elements, and bytes of each."""

    elements: Dim
    itemsize: int = 4


_Rule = Callable[[Any, tuple[TensorType, ...], tuple[TensorType, ...]], Iterator[Statistics]]


def _count(dims: tuple[Dim, ...]) -> Dim:
    total = Dim.of(1)
    for dim in dims:
        total = total * dim
    return total


def _per_channel(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    yield Statistics(2 * x[0].shape[1])


def _per_row(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    yield Statistics(2 * _count(x[0].shape[:-1]))


def _per_row_and_element(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    yield Statistics(_count(x[0].shape[:-1]))
    if p.elementwise_affine:
        yield Statistics(_count(x[0].shape))


def _per_group(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    yield Statistics(2 * x[0].shape[0] * p.num_groups)


def _per_example_and_channel(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    repeated = 2 * p.track_running_stats + p.affine  # each example has its copy of these
    yield Statistics((2 + repeated) * _count(x[0].shape[:2]))


def _indices(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    yield Statistics(_count(out[0].shape), 8)


def _noise(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    if 0 < p.p < 1:
        yield Statistics(_count(x[0].shape))


def _noise_of_channels(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    if 0 < p.p < 1:
        yield Statistics(_count(x[0].shape[:2]))


def _element(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    yield Statistics(_count(x[0].shape))


def _rows_of_attention(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    yield Statistics(_count(x[0].shape[:-1]))


def _whole_attention(p: Any, x: Any, out: Any) -> Iterator[Statistics]:
    """The projected queries, keys and values, what they give, and a number for each row."""
    query, *others = x
    key = others[0] if others else query
    width = query.shape[-1]
    yield Statistics(_count(query.shape[:-1]) * width)
    yield Statistics(2 * _count(key.shape[:-1]) * width)
    yield Statistics(_count(query.shape[:-1]) * width)
    yield Statistics(_count(query.shape[:-1]) * p.num_heads)


_STATISTICS: Final[Mapping[str, _Rule]] = {
    **dict.fromkeys(
        ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"), _per_channel
    ),
    "LayerNorm": _per_row,
    "RMSNorm": _per_row_and_element,
    "GroupNorm": _per_group,
    **dict.fromkeys(
        ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), _per_example_and_channel
    ),
    **dict.fromkeys(
        (
            *("MaxPool1d", "MaxPool2d", "MaxPool3d"),
            *("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d"),
            *("FractionalMaxPool2d", "FractionalMaxPool3d"),
        ),
        _indices,
    ),
    **dict.fromkeys(("Dropout", "AlphaDropout"), _noise),
    **dict.fromkeys(
        ("Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"), _noise_of_channels
    ),
    **dict.fromkeys(
        ("LogSigmoid", "RReLU", "Softsign", "Tanhshrink", "logsigmoid", "softsign", "tanhshrink"),
        _element,
    ),
    "scaled_dot_product_attention": _rows_of_attention,
    "MultiheadAttention": _whole_attention,
}  # fmt: skip


def statistics(
    decl: Declaration[Any], p: Params, x: tuple[TensorType, ...], out: tuple[TensorType, ...]
) -> tuple[Statistics, ...]:
    """What autograd keeps of a call in training mode that is neither its input nor its result."""
    rule = _STATISTICS.get(decl.name)
    return tuple(rule(p, x, out)) if rule is not None else ()
