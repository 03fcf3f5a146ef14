"""Runs one call through a layer's declaration and through torch, and compares all they say."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    ABSENT,
    LayerDecl,
    Needs,
    Obligation,
    Params,
    RuleError,
    TensorType,
    Weight,
)
from tests.layers.layer_cases import Case, T
from tests.layers.ledger import empty, excused, macs_not_counted, trains_only_with_more

DTYPES = {
    "float": torch.float32, "int": torch.int64, "int64": torch.int64, "int32": torch.int32,
    "int16": torch.int16, "bool": torch.bool,
}  # fmt: skip
REFUSALS = (
    RuntimeError, ValueError, TypeError, IndexError, AssertionError, NotImplementedError,
    ZeroDivisionError, AttributeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ours:
    """What the declaration says of an accepted call."""

    params: Params
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]


@dataclass(frozen=True, slots=True)
class Theirs:
    """What torch did."""

    module: nn.Module
    output: Tensor
    flops: int


def types_of(case: Case) -> tuple[TensorType, ...]:
    return tuple(
        ABSENT if x.shape is None else TensorType(tuple(map(Dim.of, x.shape)), x.dtype)
        for x in case.inputs
    )


def fails(o: Obligation, values: Mapping[str, int]) -> bool:
    left, right = o.left.evaluate(values), o.right.evaluate(values)
    match o.kind:
        case "equal":
            return left != right
        case "divisible":
            return left % right != 0
        case "at_least":
            return left < right


def ours(decl: LayerDecl[Any], case: Case) -> Ours | None:
    inputs, need = types_of(case), Needs()
    try:
        params = decl.Params(**case.arguments)
        outputs = decl.shape(params, inputs, need)
    except (RuleError, ValidationError):
        return None
    if any(fails(o, {}) for o in need.obligations):
        return None
    return Ours(params, inputs, outputs)


# --- torch -------------------------------------------------------------------------------------


def inferred(name: str, case: Case) -> dict[str, int]:
    """The constructor arguments that follow from the inputs, worked out without the declaration."""
    shapes = [x.shape for x in case.inputs]
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
        case _ if name.startswith(("BatchNorm", "InstanceNorm")):
            return {"num_features": first[1]}
        case _ if name.startswith("Conv"):
            return {"in_channels": first[1]}
        case _:
            return {}


def make(x: T, device: str) -> Tensor | None:
    if x.shape is None:
        return None
    return torch.zeros(x.shape, dtype=DTYPES[x.dtype], device=device)


def call(name: str, module: nn.Module, tensors: list[Tensor | None]) -> Tensor:
    if name == "MultiheadAttention":
        query, key, value, padding, mask = tensors + [None] * (5 - len(tensors))
        key = query if key is None else key
        value = key if value is None else value
        result = module(
            query, key, value, key_padding_mask=padding, attn_mask=mask, need_weights=False
        )[0]
    else:
        result = module(*tensors)
    assert isinstance(result, Tensor)
    return result


def theirs(name: str, case: Case) -> Theirs | None:
    """What torch does on the CPU and on the meta device, or None where either refuses."""
    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in case.arguments.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            arguments |= inferred(name, case)
            module = getattr(nn, name)(**arguments)
            for mode in (False, True):
                if mode and trains_only_with_more(name):
                    continue
                module.train(mode)
                with torch.set_grad_enabled(mode):
                    output = call(name, module, [make(x, "cpu") for x in case.inputs])
            meta = getattr(nn, name)(**arguments, **_on_meta(module))
            meta.train(not trains_only_with_more(name))
            with FlopCounterMode(display=False) as counter:
                again = call(name, meta, [make(x, "meta") for x in case.inputs])
            assert again.shape == output.shape
        except REFUSALS:
            return None
    return Theirs(module, output, counter.get_total_flops())


def _on_meta(module: nn.Module) -> dict[str, str]:
    return {"device": "meta"} if module.state_dict() else {}


# --- comparing ---------------------------------------------------------------------------------


def check(decl: LayerDecl[Any], case: Case) -> bool:
    """Asserts that declaration and torch agree on `case`; says whether the call is valid."""
    mine, expected = ours(decl, case), theirs(decl.name, case)
    if expected is not None and empty(tuple(expected.output.shape)):
        expected = None
    check_symbols(decl, case, mine)
    if mine is None:
        assert expected is None or excused(decl.name, case), f"refused what torch runs: {case}"
        return False
    assert expected is not None, f"accepted what torch refuses: {case}"
    (out,) = mine.outputs
    assert [d.const for d in out.shape] == list(expected.output.shape), case
    assert DTYPES[out.dtype] == expected.output.dtype, case
    check_weights(decl.weights(mine.params, mine.inputs), expected.module)
    macs = decl.macs(mine.params, mine.inputs, mine.outputs).const
    if macs_not_counted(decl.name):
        assert macs is not None
        assert macs > 0
        assert expected.flops == 0
    else:
        assert macs is not None
        assert 2 * macs == expected.flops, case
    check_emitted(decl, case, mine, expected)
    return True


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
    values = {name: _number(size) for name, size in sizes.items()}
    values |= {k: tuple(v) if isinstance(v, list) else v for k, v in case.arguments.items()}
    constructor = py.call(decl.torch_name, **{k: py.const(v) for k, v in values.items()})
    module = eval(py.print_expr(constructor), {"nn": nn})
    names = tuple(
        py.const(None) if x.shape is None else py.name(f"x{i}") for i, x in enumerate(case.inputs)
    )
    scope: dict[str, Any] = {f"x{i}": make(x, "cpu") for i, x in enumerate(case.inputs)}
    scope["layer"] = module.eval()
    source = py.print_expr(decl.emit_call(mine.params, py.name("layer"), names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's on padding="same" with an even kernel, and such
        assert eval(source, scope).shape == expected.output.shape, source
    assert list(module.state_dict()) == list(expected.module.state_dict())


def _number(size: Dim | tuple[Dim, ...]) -> Any:
    return size.const if isinstance(size, Dim) else tuple(d.const for d in size)


# --- symbols -----------------------------------------------------------------------------------


def check_symbols(decl: LayerDecl[Any], case: Case, mine: Ours | None) -> None:
    """The rule on symbols, with numbers put in, agrees with the rule on numbers.

    Twice: with one symbol per axis, and with one symbol per size.
    """
    for shared in (False, True):
        values: dict[str, int] = {}
        types = []
        for port, x in enumerate(case.inputs):
            if x.shape is None:
                types.append(ABSENT)
                continue
            names = [f"n{n}" if shared else f"a{port}_{axis}" for axis, n in enumerate(x.shape)]
            values |= dict(zip(names, x.shape, strict=True))
            types.append(TensorType(tuple(map(Dim.symbol, names)), x.dtype))
        inputs, need = tuple(types), Needs()
        code: str | None = None
        try:
            params = decl.Params(**case.arguments)
            out = decl.shape(params, inputs, need)
        except ValidationError:
            assert mine is None, case
            continue
        except RuleError as error:
            code = error.code
        if code is not None:  # a size that only a number decides may be refused as such
            assert mine is None or code == "A0204", (case, code)
            continue
        assert any(fails(o, values) for o in need.obligations) == (mine is None), case
        if mine is None:
            continue
        assert [[d.evaluate(values) for d in t.shape] for t in out] == [
            [d.const for d in t.shape] for t in mine.outputs
        ], case
        assert [t.dtype for t in out] == [t.dtype for t in mine.outputs]
        macs = decl.macs(params, inputs, out).evaluate(values)
        assert macs == decl.macs(mine.params, mine.inputs, mine.outputs).const, case
        if shared:  # equal sizes may share weights, different symbols may not
            _check_symbolic_weights(decl, params, inputs, mine, values)


def _check_symbolic_weights(
    decl: LayerDecl[Any],
    params: Params,
    inputs: tuple[TensorType, ...],
    mine: Ours,
    values: Mapping[str, int],
) -> None:
    symbolic = [
        (w.name, [d.evaluate(values) for d in w.shape]) for w in decl.weights(params, inputs)
    ]
    concrete = [
        (w.name, [d.const for d in w.shape]) for w in decl.weights(mine.params, mine.inputs)
    ]
    assert symbolic == concrete
