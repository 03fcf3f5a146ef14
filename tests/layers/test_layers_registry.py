"""What every declaration has to have, and that the registry is cheap to import."""

import inspect
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, get_overloads

import pytest
from pydantic import ValidationError
from torch import nn

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers import registry
from archspec.layers.base import (
    Declaration,
    LayerDecl,
    Needs,
    Params,
    RuleError,
    TensorType,
    size_fields,
)
from archspec.layers.describe import describe

LAYERS = registry.layers()
ALL: dict[str, Declaration[Any]] = {**LAYERS, **registry.functions()}


def test_names_are_sorted_and_found() -> None:
    assert list(LAYERS) == sorted(LAYERS)
    assert registry.layer("Conv2d") is LAYERS["Conv2d"]
    assert registry.layer("Covn2d") is None
    assert registry.function("Conv2d") is None
    assert registry.function("softmax") is registry.functions()["softmax"]


@pytest.mark.parametrize("name", sorted(ALL))
def test_is_documented(name: str) -> None:
    doc = type(ALL[name]).__doc__
    assert doc is not None
    assert doc is not Declaration.__doc__
    assert doc.split("\n")[0].endswith(".")
    if name in LAYERS:
        assert "[" in doc, "shapes belong into the first line"


@pytest.mark.parametrize("name", sorted(ALL))
def test_arguments_are_frozen_and_closed(name: str) -> None:
    params = ALL[name].Params
    assert params.model_config["frozen"]
    with pytest.raises(ValidationError):
        params.model_validate({"no_such_argument": 1})


def parameters(name: str) -> Mapping[str, inspect.Parameter]:
    """Those of the constructor; recurrent layers state theirs in an overload."""
    layer = getattr(nn, name)
    stated = get_overloads(layer.__init__)
    found = dict(inspect.signature(stated[0] if stated else layer).parameters)
    found.pop("self", None)
    return found


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_arguments_are_torchs_in_its_order(name: str) -> None:
    """The constructor's parameters, as the backend passes them, are those of torch."""
    layer = LAYERS[name]
    torchs = list(parameters(name))
    ours = list(layer.Params.model_fields)
    known = set(ours) | LEFT_OUT | NEWER.get(name, set())
    if "kwargs" in torchs:  # Identity takes anything
        assert ours == []
        return
    inferred = [parameter for parameter in torchs if parameter not in known]
    assert set(inferred) <= INFERRED, "neither an argument nor inferred"
    assert [n for n in torchs if n in ours] == ours
    assert set(layer.inferred_names) == set(inferred)
    order = layer.torch_order or (*inferred, *ours)
    assert [n for n in torchs if n in order] == list(order)
    assert set(ours) | set(inferred) <= set(order)


INFERRED = {
    "in_features", "in1_features", "in2_features", "in_channels", "num_features", "num_channels",
    "normalized_shape", "embed_dim", "kdim", "vdim", "input_size", "d_model",
}  # fmt: skip
#: Parameters of torch that are left out: deprecated, private, or newer than the oldest torch that
#: is supported (the norms' keyword `bias`).
LEFT_OUT = {
    "device", "dtype", "min_value", "max_value", "_weight", "_freeze", "_random_samples",
    "process_group", "custom_encoder", "custom_decoder",
}  # fmt: skip
NEWER = {f"{kind}Norm{n}d": {"bias"} for kind in ("Batch", "Instance") for n in (1, 2, 3)}
NEWER["GroupNorm"] = NEWER["SyncBatchNorm"] = {"bias"}


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_defaults_are_torchs(name: str) -> None:
    torchs = parameters(name)
    for field, info in LAYERS[name].Params.model_fields.items():
        if info.is_required():
            continue
        default = torchs[field].default
        if field == "activation":  # which a spec names
            default = default.__name__
        spread = info.default if not isinstance(info.default, tuple) else info.default[0]
        assert spread == default or info.default == default, field


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_describes_itself_with_an_example(name: str) -> None:
    found = describe(LAYERS[name])
    assert found.kind == "layer"
    assert found.example is not None
    assert found.signature in str(found)


def test_description() -> None:
    assert str(describe(LAYERS["BatchNorm1d"])).splitlines() == [
        "BatchNorm1d(eps=1e-05, momentum=0.1, affine=true, track_running_stats=true)",
        "",
        "    Batch normalisation per channel: `[B, C]` or `[B, C, L]`, unchanged (arXiv:1502.03167).",  # noqa: E501
        "",
        "for [B, C, L] it gives [B, C, L]",
        "inferred: num_features = C",
        "weight: weight [C]",
        "weight: bias [C]",
        "buffer: running_mean [C]",
        "buffer: running_var [C]",
        "buffer: num_batches_tracked []",
    ]


def test_importing_the_registry_does_not_import_torch() -> None:
    code = (
        "import sys; from archspec.layers import registry; registry.layers(); "
        "sys.exit(any(m in sys.modules for m in ('torch', 'networkx', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- sizes that a backend replaces by symbols --------------------------------------------------

IMAGE = TensorType((Dim.symbol("B"), Dim.symbol("C"), Dim.symbol("H"), Dim.symbol("W")))


@pytest.mark.parametrize(
    ("name", "arguments", "x"),
    [
        ("Linear", {"out_features": 4}, IMAGE),
        ("Conv2d", {"out_channels": 4, "kernel_size": 3, "groups": 2}, IMAGE),
        ("ConvTranspose2d", {"out_channels": 4, "kernel_size": 3, "groups": 2}, IMAGE),
        ("PReLU", {"num_parameters": 4}, IMAGE),
        (
            "Embedding",
            {"num_embeddings": 4, "embedding_dim": 5, "padding_idx": 1},
            TensorType(IMAGE.shape, "int"),
        ),
    ],
)
def test_sizes_may_be_symbols(name: str, arguments: dict[str, int], x: TensorType) -> None:
    """Rules take a `Dim` for each `Size`, and agree with the rule on the number."""
    layer = LAYERS[name]
    numbers = layer.Params(**arguments)
    fields = size_fields(layer.Params) & set(arguments)
    assert fields
    symbols = numbers.model_copy(update={field: Dim.symbol(field) for field in fields})
    values = {field: Dim.of(arguments[field]) for field in fields}
    outs = (layer.shape(symbols, (x,), Needs()), layer.shape(numbers, (x,), Needs()))
    assert [d.substitute(values) for d in outs[0][0].shape] == list(outs[1][0].shape)
    weights = (layer.weights(symbols, (x,)), layer.weights(numbers, (x,)))
    for symbolic, number in zip(*weights, strict=True):
        assert tuple(d.substitute(values) for d in symbolic.shape) == number.shape
    macs = (layer.macs(symbols, (x,), outs[0]), layer.macs(numbers, (x,), outs[1]))
    assert macs[0].substitute(values) == macs[1]


# --- what users read ---------------------------------------------------------------------------


def params(layer: LayerDecl[Any], **arguments: object) -> Params:
    return layer.Params(**arguments)


def refused(name: str, x: TensorType, **arguments: object) -> RuleError:
    layer: LayerDecl[Any] = LAYERS[name]
    with pytest.raises(RuleError) as caught:
        layer.shape(params(layer, **arguments), (x,), Needs())
    return caught.value


def test_wrong_rank() -> None:
    error = refused("Conv2d", TensorType(IMAGE.shape[:2]), out_channels=1, kernel_size=1)
    assert (error.code, error.message) == (
        "A0404",
        "Conv2d needs 4 dimensions [B, C, H, W], not 2",
    )
    error = refused("Conv2d", TensorType(IMAGE.shape[:3]), out_channels=1, kernel_size=1)
    assert error.help == (
        "for a single sample, add the batch dimension with `unsqueeze(0)`",
        "`Conv1d` takes 3 dimensions",
    )


def test_wrong_dtype() -> None:
    assert refused("Embedding", IMAGE, num_embeddings=3, embedding_dim=2).message == (
        "Embedding needs indices of dtype `int`, not `float`"
    )
    assert refused("ReLU", TensorType(IMAGE.shape, "int")).code == "A0701"


def test_heads_that_do_not_divide() -> None:
    layer, need = LAYERS["MultiheadAttention"], Needs()
    x = TensorType((Dim.symbol("B"), Dim.symbol("T"), Dim.of(100)))
    layer.shape(params(layer, num_heads=12, batch_first=True), (x,), need)
    (o,) = need.obligations
    assert (o.kind, o.code) == ("divisible", "A0501")
    assert o.message == "embed_dim 100 is not divisible by 12 heads"
    assert o.help == (
        "heads that divide 100: 1 2 4 5 10 20 25 50 100; nearest widths for 12 heads: 96, 108",
    )


def test_a_kernel_that_is_larger_than_its_input() -> None:
    layer, need = LAYERS["Conv2d"], Needs()
    layer.shape(params(layer, out_channels=1, kernel_size=7, padding=1), (IMAGE,), need)
    assert {o.message for o in need.obligations} == {
        "the kernel of 7 is larger than its padded input"
    }


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("MultiheadAttention", {"num_heads": 2}),  # `batch_first` has no default on purpose
        ("Softmax", {}),
        ("Linear", {"out_features": True}),
        ("Linear", {"out_features": 2.0}),
        ("Linear", {"out_features": 0}),
        ("Linear", {"out_features": 2, "bias": 0}),
        ("Conv2d", {"out_channels": 1, "kernel_size": (1, 1, 1)}),
        ("Conv2d", {"out_channels": 1, "kernel_size": 1, "padding": "full"}),
        ("Conv2d", {"out_channels": 1, "kernel_size": 1, "padding": -1}),
        ("Dropout", {"p": 1.5}),
        ("Dropout", {"p": True}),
        ("BatchNorm2d", {"in_channels": 3}),
    ],
)
def test_arguments_that_are_refused(name: str, arguments: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LAYERS[name].Params(**arguments)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Dropout", {"p": 1}),
        ("Conv2d", {"out_channels": 1, "kernel_size": [1, 2], "padding": "same"}),
        ("AdaptiveAvgPool2d", {"output_size": [None, 7]}),
        ("BatchNorm2d", {"momentum": None}),
        ("Upsample", {"scale_factor": 2}),
        ("Upsample", {"size": [4, 5]}),
    ],
)
def test_arguments_that_are_taken(name: str, arguments: dict[str, object]) -> None:
    LAYERS[name].Params(**arguments)


@pytest.mark.parametrize("name", ["Dropout", "BatchNorm2d", "AlphaDropout", "RReLU"])
def test_depends_on_the_mode(name: str) -> None:
    assert LAYERS[name].mode_dependent


@pytest.mark.parametrize("name", ["Conv2d", "LayerNorm", "ReLU", "Embedding"])
def test_does_not_depend_on_the_mode(name: str) -> None:
    assert not LAYERS[name].mode_dependent


NONE, X, Y, MASK = py.const(None), py.name("x"), py.name("y"), py.name("mask")
NORMED = py.call("norm", X)


@pytest.mark.parametrize(
    ("tensors", "source"),
    [
        ((X,), "attn(x, x, x, need_weights=False)[0]"),
        ((X, Y), "attn(x, y, y, need_weights=False)[0]"),
        ((X, Y, X), "attn(x, y, x, need_weights=False)[0]"),
        # What is not a name yet is computed only once.
        ((NORMED,), "attn(*[norm(x)] * 3, need_weights=False)[0]"),
        ((X, NORMED), "attn(x, *[norm(x)] * 2, need_weights=False)[0]"),
        ((X, NONE, NONE, MASK), "attn(x, x, x, key_padding_mask=mask, need_weights=False)[0]"),
        ((X, Y, NONE, NONE, MASK), "attn(x, y, y, attn_mask=mask, need_weights=False)[0]"),
    ],
)
def test_attention_is_called_with_three_tensors(tensors: tuple[py.Expr, ...], source: str) -> None:
    layer = LAYERS["MultiheadAttention"]
    call = layer.emit_call(params(layer, num_heads=1, batch_first=True), py.name("attn"), tensors)
    assert py.print_expr(call) == source
