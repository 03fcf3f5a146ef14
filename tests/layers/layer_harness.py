"""Runs one call through a layer's declaration and through torch, and compares all they say."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import Declaration, LayerDecl, Params, TensorType, Weight
from tests.layers.case import Case, T
from tests.layers.harness import Ours, Verdict, check_symbols, evaluated, one_in, ours, refuse
from tests.layers.ledger import empty, macs_not_counted, trains_only_with_more

DTYPES = {
    "float": torch.float32, "int": torch.int64, "int64": torch.int64, "int32": torch.int32,
    "int16": torch.int16, "bool": torch.bool,
}  # fmt: skip
REFUSALS = (
    RuntimeError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError,
    ZeroDivisionError, AttributeError,
)  # fmt: skip


#: Layers to which a literal size of 1 means something else than an open size.
BROADCAST = frozenset({"CosineSimilarity", "PairwiseDistance"})


@dataclass(frozen=True, slots=True)
class Theirs:
    """What torch did."""

    module: nn.Module
    outputs: tuple[Tensor, ...]
    #: As torch counts them, where they were counted.
    flops: int | None


# --- torch -------------------------------------------------------------------------------------


def inferred(name: str, case: Case) -> dict[str, int]:
    """The constructor arguments that follow from the inputs, worked out without the declaration."""
    shapes = [x.shape for x in case.tensors]
    first = shapes[0]
    assert first is not None
    match name:
        case "Linear":
            return {"in_features": first[-1]}
        case "Bilinear":
            assert shapes[1] is not None
            return {"in1_features": first[-1], "in2_features": shapes[1][-1]}
        case "LayerNorm" | "RMSNorm":
            return {"normalized_shape": first[-1]}
        case "GroupNorm":
            return {"num_channels": first[1]}
        case "MultiheadAttention":
            key = shapes[1] if len(shapes) > 1 and shapes[1] else first
            value = shapes[2] if len(shapes) > 2 and shapes[2] else key
            return {"embed_dim": first[-1], "kdim": key[-1], "vdim": value[-1]}
        case "RNN" | "LSTM" | "GRU" | "RNNCell" | "LSTMCell" | "GRUCell":
            return {"input_size": first[-1]}
        case _ if name.startswith("Transformer"):
            return {"d_model": first[-1]}
        case _ if name.startswith(("BatchNorm", "InstanceNorm", "SyncBatchNorm")):
            return {"num_features": first[1]}
        case _ if name.startswith("Conv"):
            return {"in_channels": first[1]}
        case _:
            return {}


def make(x: T, device: str) -> Tensor | None:
    if x.shape is None:
        return None
    return torch.zeros(x.shape, dtype=DTYPES[x.dtype], device=device)


def call(name: str, module: nn.Module, tensors: list[Tensor | None]) -> tuple[Tensor, ...]:
    """All outputs, without the tuples that they come in."""
    if name in ("LSTM", "LSTMCell"):
        return flat(module(tensors[0], tuple(tensors[1:]) or None))
    if name == "Transformer":  # else it looks at values, which there are none of on meta
        return flat(module(*tensors, src_is_causal=False, tgt_is_causal=False))
    if name == "MultiheadAttention":
        query, key, value, padding, mask = tensors + [None] * (5 - len(tensors))
        key = query if key is None else key
        value = key if value is None else value
        result = module(
            query, key, value, key_padding_mask=padding, attn_mask=mask, need_weights=False
        )[0]
    else:
        result = module(*tensors)
    return flat(result)


def flat(results: Any) -> tuple[Tensor, ...]:
    if isinstance(results, tuple):
        return tuple(tensor for result in results for tensor in flat(result))
    assert isinstance(results, Tensor)
    return (results,)


@contextmanager
def own_kernels(name: str) -> Iterator[None]:
    """Without oneDNN for LSTM: without biases it now and then ends the process (torch 2.13)."""
    enabled = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(enabled and name != "LSTM")
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(enabled)


def theirs(name: str, case: Case, count: bool) -> Theirs | None:
    """What torch does on the CPU and on the meta device, or None where either refuses."""
    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in case.arguments.items()}
    flops = None
    with warnings.catch_warnings(), own_kernels(name):
        warnings.simplefilter("ignore")
        try:
            arguments |= inferred(name, case)
            module = getattr(nn, name)(**arguments)
            # first on the meta device: on the CPU, torch crashes in some of the calls it refuses
            weights = {"device": "meta"} if module.state_dict() else {}
            meta = getattr(nn, name)(**arguments, **weights)
            meta.train(not trains_only_with_more(name))
            tensors = [make(x, "meta") for x in case.tensors]
            if count:
                with FlopCounterMode(display=False) as counter:
                    again = call(name, meta, tensors)
                flops = counter.get_total_flops()
            else:
                again = call(name, meta, tensors)
            if any(empty(tuple(output.shape)) for output in again):
                return None
            for mode in (False, True):
                if mode and trains_only_with_more(name):
                    continue
                module.train(mode)
                with torch.set_grad_enabled(mode):
                    outputs = call(name, module, [make(x, "cpu") for x in case.tensors])
            assert [x.shape for x in again] == [x.shape for x in outputs]
        except REFUSALS:
            return None
    return Theirs(module, outputs, flops)


def runs(name: str, case: Case) -> bool:
    return theirs(name, case, False) is not None


# --- comparing ---------------------------------------------------------------------------------


def check(decl: Declaration[Any], case: Case) -> Verdict:
    """Asserts that declaration and torch agree on `case`."""
    assert isinstance(decl, LayerDecl)
    # Counting takes as long as all else; where the rule says that there is nothing, now and then.
    count = type(decl).macs is not Declaration.macs or one_in(16, case)
    mine, expected = ours(decl, case), theirs(decl.name, case, count)
    if mine is None:
        check_symbols(decl, case, None, ones=decl.name not in BROADCAST)
        refuse(decl, case, expected is not None)
        return Verdict(False)
    assert expected is not None, "accepted, though torch refuses it"
    sizes = [evaluated(out, {}) for out in mine.outputs]
    assert sizes == [list(x.shape) for x in expected.outputs]
    assert [DTYPES[x.dtype] for x in mine.outputs] == [x.dtype for x in expected.outputs]
    assert len(decl.outputs(mine.params)) == (len(sizes) if len(sizes) > 1 else 0)
    weights = decl.weights(mine.params, mine.inputs)
    check_weights(weights, expected.module)
    macs = decl.macs(mine.params, mine.inputs, mine.outputs).const
    assert macs is not None
    if macs_not_counted(decl.name):
        assert macs > 0
        assert expected.flops == 0
    elif expected.flops is not None:
        assert 2 * macs == expected.flops
    check_emitted(decl, case, mine, expected)

    def more(
        p: Params,
        x: tuple[TensorType, ...],
        out: tuple[TensorType, ...],
        values: Mapping[str, int],
        one_per_size: bool,
    ) -> None:
        assert decl.macs(p, x, out).evaluate(values) == macs
        if not one_per_size:  # equal sizes may share weights, different symbols may not
            return
        symbolic = [(w.name, [d.evaluate(values) for d in w.shape]) for w in decl.weights(p, x)]
        assert symbolic == [(w.name, [d.const for d in w.shape]) for w in weights]

    return Verdict(
        True, check_symbols(decl, case, mine, ones=decl.name not in BROADCAST, more=more)
    )


def check_weights(weights: tuple[Weight, ...], module: nn.Module) -> None:
    """Names, shapes and dtypes in `state_dict` order, what is a buffer, and the counts."""
    declared = [(w.name, [d.const for d in w.shape], DTYPES[w.dtype]) for w in weights]
    actual = [(k, list(v.shape), v.dtype) for k, v in module.state_dict().items()]
    assert declared == actual
    assert {w.name for w in weights if w.buffer} == {name for name, _ in module.named_buffers()}
    counted = sum(w.count.const or 0 for w in weights if not w.buffer)
    assert counted == sum(p.numel() for p in module.parameters())


def check_emitted(decl: LayerDecl[Any], case: Case, mine: Ours, expected: Theirs) -> None:
    """The constructor and the call, as a backend writes them, give a module that does the same."""
    sizes = decl.inferred(mine.params, mine.inputs)
    assert set(sizes) <= set(decl.inferred_names)
    values = {name: _number(size) for name, size in sizes.items()}
    values |= {k: tuple(v) if isinstance(v, list) else v for k, v in case.arguments.items()}
    constructor = py.call(decl.torch_name, **{k: py.const(v) for k, v in values.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's on norms that keep it from a faster path
        module = eval(py.print_expr(constructor), {"nn": nn})
    names = tuple(
        py.const(None) if x.shape is None else py.name(f"x{i}") for i, x in enumerate(case.tensors)
    )
    scope: dict[str, Any] = {f"x{i}": make(x, "cpu") for i, x in enumerate(case.tensors)}
    scope["layer"] = module.eval()
    source = py.print_expr(decl.emit_call(mine.params, py.name("layer"), names))
    with warnings.catch_warnings(), own_kernels(decl.name):
        warnings.simplefilter("ignore")  # torch's on padding="same" with an even kernel, and such
        results = eval(source, scope)
    paths = decl.nesting or tuple((i,) for i in range(len(expected.outputs)))
    for path, output in zip(paths, expected.outputs, strict=True):
        single = len(expected.outputs) == 1
        found = results if single else reduce(lambda tree, position: tree[position], path, results)
        assert found.shape == output.shape, source
    assert list(module.state_dict()) == list(expected.module.state_dict())


def _number(size: Dim | tuple[Dim, ...]) -> Any:
    return size.const if isinstance(size, Dim) else tuple(d.const for d in size)
