"""Runs one call through a function's declaration and through torch, and compares all they say."""

import warnings
from math import prod
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import Declaration, FunctionDecl, Params, TensorType, dtype_kind
from tests.layers.case import Case, T
from tests.layers.functions_reference import DTYPES, Reference
from tests.layers.harness import Verdict, check_symbols, evaluated, ours, refuse, types_of


class FakeCall:
    """Stands in for a backend: tensors are `x0`, `x1`, …; sizes and arguments are literals."""

    def __init__(self, case: Case, types: tuple[TensorType, ...], p: Params) -> None:
        self._case = case
        self._p = p
        self.types = types
        self.tensors: tuple[py.Expr, ...] = tuple(py.name(f"x{i}") for i in range(len(types)))

    def given(self, argument: str) -> bool:
        return argument in self._case.arguments

    def arg(self, argument: str) -> py.Expr:
        if argument in self._case.arguments:
            return py.const(self._case.arguments[argument])
        value = getattr(self._p, argument)
        return self.size(value) if isinstance(value, Dim) else py.const(value)

    def size(self, dim: Dim) -> py.Expr:
        assert dim.const is not None
        return py.const(dim.const)

    def device(self) -> py.Expr:
        return py.dotted("x.device")


def make(x: T, device: str = "cpu") -> Tensor:
    """Distinct floats around 0, positive ints (so that each can divide), mixed bools."""
    n = prod(x.sizes)
    match dtype_kind(x.dtype):
        case "float":
            flat = torch.linspace(-1.7, 2.3, n)
        case "bool":
            flat = torch.arange(n) % 3 != 1
        case _:
            flat = torch.arange(n) % 3 + 1
    return flat.reshape(x.sizes).to(dtype=DTYPES[x.dtype], device=device)


def theirs(reference: Reference, case: Case) -> tuple[Tensor, ...] | None:
    """What torch computes, or None where it refuses on the CPU or the meta device."""
    results: Any = None
    for device in ("meta", "cpu") if case.tensors else ("cpu",):
        x = tuple(make(t, device) for t in case.tensors)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                results = reference(x, dict(case.arguments))
            except (RuntimeError, TypeError, ValueError, IndexError, KeyError, NotImplementedError,
                    ZeroDivisionError, AssertionError, AttributeError):  # fmt: skip
                return None
    return tuple(results) if isinstance(results, tuple | list) else (results,)


def source(decl: FunctionDecl[Any], case: Case) -> str:
    """The emitted expression."""
    p = decl.Params(**case.arguments)
    return py.print_expr(decl.emit(p, FakeCall(case, types_of(case), p)))


def run_emitted(decl: FunctionDecl[Any], case: Case) -> tuple[Tensor, ...]:
    scope: dict[str, Any] = {
        "torch": torch, "F": F, "Tensor": Tensor,
        "self": SimpleNamespace(training=False), "x": SimpleNamespace(device="cpu"),
    }  # fmt: skip
    if decl.helper is not None:
        exec(py.print_module(py.Module(None, (decl.helper,))), scope)
    scope.update({f"x{i}": make(t) for i, t in enumerate(case.tensors)})
    with warnings.catch_warnings():
        # the variance of one element is not a number: torch warns, of the reference too
        warnings.filterwarnings("ignore", message=".*degrees of freedom")
        result = eval(source(decl, case), scope)
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def kind_of(x: Tensor) -> str:
    if x.dtype == torch.bool:
        return "bool"
    return "float" if x.is_floating_point() else "complex" if x.is_complex() else "int"


def runs(reference: Reference, case: Case) -> bool:
    return theirs(reference, case) is not None


def check(reference: Reference, decl: Declaration[Any], case: Case) -> Verdict:
    """Asserts that declaration and torch agree on `case`."""
    assert isinstance(decl, FunctionDecl)
    mine, expected = ours(decl, case), theirs(reference, case)
    if mine is None:
        refuse(decl, case, expected is not None)
        check_symbols(decl, case, None, ones=False)
        return Verdict(False)
    assert expected is not None, "accepted, though torch refuses it"
    assert [evaluated(x, {}) for x in mine.outputs] == [list(x.shape) for x in expected]
    assert [x.kind for x in mine.outputs] == [kind_of(x) for x in expected]
    actual, text = run_emitted(decl, case), source(decl, case)
    assert len(actual) == len(expected), text
    for a, b in zip(actual, expected, strict=True):
        assert a.dtype == b.dtype, text
        torch.testing.assert_close(a, b, equal_nan=True, msg=lambda m: f"{text}: {m}")
    return Verdict(True, check_symbols(decl, case, mine, ones=False))
