"""Every layer and function against torch: validity, sizes, dtypes, weights, MACs, symbols, code."""

from typing import Any

import pytest

from archspec.layers.base import Declaration, Needs, TensorType, Weight
from archspec.layers.conv import Conv2d, Conv2dParams, ConvParams
from archspec.layers.functions_arith import Add, OperandArgs
from archspec.layers.functions_join import Concat, ConcatArgs
from archspec.layers.pool import MaxPool2d, MaxPool2dParams, MaxPoolParams
from tests.layers.harness import Disagreement, run
from tests.layers.trials import DECLARATIONS, TRIALS

#: Declarations that take every tensor, and no arguments.
TAKE_ANYTHING = frozenset({"Identity", "contiguous", "detach", "ones_like", "zeros_like"})
#: Those that ask for numbers where a size is open, and why.
ASK_FOR_NUMBERS = {
    **dict.fromkeys(
        (
            *("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d", "interpolate"),
            *("FractionalMaxPool2d", "FractionalMaxPool3d"),
        ),
        "a factor that is no fraction of small numbers has no polynomial for its result",
    ),
    "split": "how many parts there are",
    "unbind": "how many parts there are",
}


def agrees(name: str, examples: int) -> None:
    tally = run(DECLARATIONS[name], TRIALS[name], examples)
    # twenty times as many were drawn, if there are not so many different ones
    assert tally.calls >= examples or tally.drawn >= 10 * examples, tally
    if name in TAKE_ANYTHING:
        assert tally.valid == tally.calls
    else:
        assert 0.25 <= tally.invalid_share <= 0.75, tally
    assert (tally.open > 0) == (name in ASK_FOR_NUMBERS), tally


def test_every_declaration_has_a_trial() -> None:
    assert sorted(TRIALS) == sorted(DECLARATIONS)


@pytest.mark.parametrize("name", sorted(DECLARATIONS))
def test_agrees_with_torch(name: str) -> None:
    agrees(name, 500)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted(DECLARATIONS))
def test_agrees_with_torch_on_many_calls(name: str) -> None:
    agrees(name, 20_000)


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


class _RefusesWhatTorchRuns(MaxPool2d):
    name = "MaxPool2d"
    torch_name = "nn.MaxPool2d"

    def shape(
        self, p: MaxPoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need.at_least(p.kernel_size[0], p.stride[0] if p.stride else 1, "A0502", "windows overlap")
        return super().shape(p, x, need)


class _HoldsForNumbersOnly(MaxPool2d):
    name = "MaxPool2d"
    torch_name = "nn.MaxPool2d"

    def shape(
        self, p: MaxPoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (out,) = super().shape(p, x, need)
        known = x[0].rank == 4 and x[0].shape[2].const is not None
        return (out if known else out.with_axis(0, 2 * out.shape[0]),)


class _ForgetsTheOtherAxes(Concat):
    name = "concat"

    def shape(
        self, p: ConcatArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        return super().shape(p, x, Needs())


class _ForgetsBroadcasting(Add):
    name = "add"

    def shape(
        self, p: OperandArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        return (TensorType(x[0].shape, super().shape(p, x, need)[0].dtype),)


CANARIES = [
    _ForgetsDilation, _SwapsBias, _CountsBias, _ForgetsObligations, _RoundsDown,
    _RefusesWhatTorchRuns, _HoldsForNumbersOnly, _ForgetsTheOtherAxes, _ForgetsBroadcasting,
]  # fmt: skip


@pytest.mark.parametrize("wrong", CANARIES)
def test_a_wrong_rule_is_caught(wrong: type[Declaration[Any]]) -> None:
    with pytest.raises(Disagreement):
        run(wrong(), TRIALS[wrong.name], 500, shrink=False)


def test_what_is_caught_is_shown_small() -> None:
    """Hypothesis shrinks the call, so that the reader need not."""
    with pytest.raises(Disagreement, match=r"shape=\(1, 1, 1, 1\).*'kernel_size': \[?1,"):
        run(_RefusesWhatTorchRuns(), TRIALS["MaxPool2d"], 500)
