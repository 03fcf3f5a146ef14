"""Every layer against torch: validity, shapes, dtypes, weights, MACs, symbols, emission."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from archspec.layers import registry
from archspec.layers.base import LayerDecl, Needs, TensorType, Weight
from archspec.layers.conv import Conv2d, Conv2dParams, ConvParams
from archspec.layers.pool import MaxPool2d, MaxPool2dParams, MaxPoolParams
from tests.layers.layer_cases import LAYERS, Case, case_of
from tests.layers.layer_harness import check

TAKE_ANYTHING = frozenset({"Identity"})
NAMES = sorted(registry.layers())


def run(decl: LayerDecl[Any], examples: int) -> tuple[int, int]:
    """Checks generated calls; how many were valid, and how many there were."""
    counts = [0, 0]

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case_of(LAYERS[decl.name]))
    def each(case: Case) -> None:
        counts[0] += check(decl, case)
        counts[1] += 1

    each()
    return counts[0], counts[1]


def test_every_layer_has_a_strategy() -> None:
    assert sorted(LAYERS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_torch(name: str) -> None:
    valid, total = run(registry.layers()[name], 60)
    # Nothing but the dtype can be wrong for some layers, so the upper bound is loose.
    assert valid >= 0.2 * total, f"{valid} of {total} calls are valid"
    assert valid < total or name in TAKE_ANYTHING


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_torch_on_many_calls(name: str) -> None:
    run(registry.layers()[name], 1000)


def test_many_calls_are_invalid() -> None:
    """A harness that saw only valid calls would not notice a missing obligation."""
    counts = [run(registry.layers()[name], 60) for name in NAMES[::7]]
    share = 1 - sum(valid for valid, _ in counts) / sum(total for _, total in counts)
    assert 0.25 <= share <= 0.75


# --- canaries: a wrong rule planted on purpose -------------------------------------------------


class _ForgetsDilation(Conv2d):
    name = "Conv2d"
    torch_name = "nn.Conv2d"

    def shape(
        self, p: ConvParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        assert isinstance(p, Conv2dParams)
        return super().shape(p.model_copy(update={"dilation": (1, 1)}), x, need)


class _SwapsBias(Conv2d):
    name = "Conv2d"
    torch_name = "nn.Conv2d"

    def weights(self, p: ConvParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return super().weights(p, x)[::-1]


class _CountsBias(Conv2d):
    name = "Conv2d"
    torch_name = "nn.Conv2d"

    def macs(self, p: ConvParams, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Any:
        return super().macs(p, x, out) + 1


class _ForgetsObligations(MaxPool2d):
    name = "MaxPool2d"
    torch_name = "nn.MaxPool2d"

    def shape(
        self, p: MaxPoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        return super().shape(p, x, Needs())


class _RoundsDown(MaxPool2d):
    name = "MaxPool2d"
    torch_name = "nn.MaxPool2d"

    def shape(
        self, p: MaxPoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        assert isinstance(p, MaxPool2dParams)
        return super().shape(p.model_copy(update={"ceil_mode": False}), x, need)


@pytest.mark.parametrize(
    "wrong", [_ForgetsDilation, _SwapsBias, _CountsBias, _ForgetsObligations, _RoundsDown]
)
def test_a_wrong_rule_is_caught(wrong: type[LayerDecl[Any]]) -> None:
    with pytest.raises(AssertionError):
        run(wrong(), 200)
