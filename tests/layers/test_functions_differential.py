"""Every tensor function against torch: validity, shapes, dtypes, values of the emitted code."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from archspec.layers.base import FunctionDecl, Needs, TensorType
from archspec.layers.functions_arith import Add, OperandArgs
from archspec.layers.functions_join import Concat, ConcatArgs
from archspec.layers.registry import functions
from tests.layers.functions_harness import check
from tests.layers.functions_reference import TRIALS

FUNCTIONS = functions()


def run(decl: FunctionDecl[Any], examples: int) -> tuple[int, int]:
    """Checks generated calls; how many were valid, and how many there were."""
    trial = TRIALS[decl.name]
    counts = [0, 0]

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(trial.cases)
    def each(case: Any) -> None:
        counts[0] += check(decl, trial.reference, case).valid
        counts[1] += 1

    each()
    return counts[0], counts[1]


def test_every_function_has_a_trial() -> None:
    assert sorted(FUNCTIONS) == sorted(TRIALS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_agrees_with_torch(name: str) -> None:
    valid, total = run(FUNCTIONS[name], 60)
    assert valid >= total * 0.1, "too few valid calls to mean anything"


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_agrees_with_torch_on_many_calls(name: str) -> None:
    run(FUNCTIONS[name], 1500)


def test_about_half_of_the_calls_are_invalid() -> None:
    totals = [run(FUNCTIONS[name], 40) for name in ("add", "concat", "matmul", "reshape", "index")]
    share = sum(v for v, _ in totals) / sum(n for _, n in totals)
    assert 0.25 <= share <= 0.75, totals


class WrongConcat(Concat):
    """Forgets that the other axes must agree."""

    name = "concat"

    def shape(
        self, p: ConcatArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        return super().shape(p, x, Needs())


class WrongAdd(Add):
    """Gives the first shape where the second is broadcast over."""

    name = "add"

    def shape(
        self, p: OperandArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        return (TensorType(x[0].shape, super().shape(p, x, need)[0].dtype),)


@pytest.mark.parametrize("wrong", [WrongConcat(), WrongAdd()])
def test_a_wrong_rule_is_caught(wrong: FunctionDecl[Any]) -> None:
    with pytest.raises(AssertionError):
        run(wrong, 200)
