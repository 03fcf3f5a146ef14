"""Runs one call through a declaration and through torch, and compares everything they say."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    FunctionDecl,
    Needs,
    Obligation,
    Params,
    RuleError,
    TensorType,
    dtype_kind,
)
from tests.layers.functions_cases import Case, T
from tests.layers.functions_ledger import excused
from tests.layers.functions_reference import DTYPES, Reference

Outcome = tuple[TensorType, ...] | None

#: What a rule may say of symbolic sizes that it does not say of numbers: a size must be known,
#: no polynomial quotient exists, or an open size would be paired with itself.
OPEN_SIZE_CODES = frozenset({"A0204", "A0406", "A0407", "A0501"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether both accept the call."""

    valid: bool


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


def fails(o: Obligation, values: Mapping[str, int]) -> bool:
    left, right = o.left.evaluate(values), o.right.evaluate(values)
    match o.kind:
        case "equal":
            return left != right
        case "divisible":
            return left % right != 0
        case "at_least":
            return left < right


def evaluated(x: TensorType, values: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(dim.evaluate(values) for dim in x.shape)


def ours(decl: FunctionDecl[Any], case: Case) -> Outcome:
    """The types of the outputs, or None where the declaration refuses the call."""
    types = tuple(TensorType(tuple(map(Dim.of, x.shape)), x.dtype) for x in case.tensors)
    need = Needs()
    try:
        p = decl.Params(**case.arguments)
        out = decl.shape(p, types, need)
    except (RuleError, ValidationError):
        return None
    return None if any(fails(o, {}) for o in need.obligations) else out


def make(x: T, device: str = "cpu") -> Tensor:
    """Distinct floats around 0, positive ints (so that each can divide), mixed bools."""
    n = 1
    for size in x.shape:
        n *= size
    match dtype_kind(x.dtype):
        case "float":
            flat = torch.linspace(-1.7, 2.3, n)
        case "bool":
            flat = torch.arange(n) % 3 != 1
        case _:
            flat = torch.arange(n) % 3 + 1
    return flat.reshape(x.shape).to(dtype=DTYPES[x.dtype], device=device)


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
    types = tuple(TensorType(tuple(map(Dim.of, x.shape)), x.dtype) for x in case.tensors)
    p = decl.Params(**case.arguments)
    return py.print_expr(decl.emit(p, FakeCall(case, types, p)))


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


def check(decl: FunctionDecl[Any], reference: Reference, case: Case) -> Verdict:
    """Asserts that declaration and torch agree on `case`; says whether the call is valid."""
    outcome = ours(decl, case)
    expected = theirs(reference, case)
    if outcome is None:
        assert expected is None or excused(decl.name, case), f"refused what torch runs: {case}"
        check_symbols(decl, case, None)
        return Verdict(False)
    assert expected is not None, f"accepted what torch refuses: {case}"
    assert [evaluated(x, {}) for x in outcome] == [tuple(x.shape) for x in expected], case
    assert [x.kind for x in outcome] == [kind_of(x) for x in expected], case
    actual = run_emitted(decl, case)
    assert len(actual) == len(expected), case
    for a, b in zip(actual, expected, strict=True):
        assert a.dtype == b.dtype, source(decl, case)
        torch.testing.assert_close(a, b, equal_nan=True, msg=lambda m: f"{source(decl, case)}: {m}")
    check_symbols(decl, case, outcome)
    return Verdict(True)


def check_symbols(decl: FunctionDecl[Any], case: Case, concrete: Outcome) -> None:
    """The rule on symbols, with numbers put in, agrees with the rule on numbers.

    Twice: with one symbol per axis, and with one symbol per size. A 1 stays a literal, as it means
    something else than a symbol does.
    """
    for shared in (False, True):
        values: dict[str, int] = {}
        types = []
        for port, x in enumerate(case.tensors):
            dims = []
            for axis, size in enumerate(x.shape):
                name = f"n{size}" if shared else f"a{port}_{axis}"
                values[name] = size
                dims.append(Dim.of(1) if size == 1 else Dim.symbol(name))
            types.append(TensorType(tuple(dims), x.dtype))
        need = Needs()
        refused: RuleError | None
        try:
            out = decl.shape(decl.Params(**case.arguments), tuple(types), need)
        except ValidationError:
            assert concrete is None, case
            continue
        except RuleError as error:
            refused = error
        else:
            refused = None
        if refused is not None:
            assert concrete is None or refused.code in OPEN_SIZE_CODES, (case, refused.message)
            continue
        holds = not any(fails(o, values) for o in need.obligations)
        assert holds == (concrete is not None), (case, need.obligations)
        if concrete is not None:
            assert [evaluated(x, values) for x in out] == [evaluated(x, {}) for x in concrete], case
            assert [x.dtype for x in out] == [x.dtype for x in concrete], case
