"""Activations, all of `torch.nn`'s: element by element, or along one axis."""

from typing import Annotated, Literal

from pydantic import Field

from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    LayerDecl,
    Needs,
    P,
    Params,
    RuleError,
    Size,
    TensorType,
    Weight,
)
from archspec.layers.checks import axis_index, need_divisible, need_float, need_rank


class NoParams(Params):
    pass


class InplaceParams(Params):
    inplace: bool = False


class _Elementwise(LayerDecl[P]):
    """The same shape; floats only, as most activations refuse integers or turn them into floats."""

    def shape(self, p: P, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        return (x[0],)


class ReLU(_Elementwise[InplaceParams]):
    """max(0, x): `[...] -> [...]`."""

    Params = InplaceParams


class ReLU6(_Elementwise[InplaceParams]):
    """min(max(0, x), 6): `[...] -> [...]`."""

    Params = InplaceParams


class Sigmoid(_Elementwise[NoParams]):
    """1 / (1 + exp(-x)): `[...] -> [...]`."""

    Params = NoParams


class Hardsigmoid(_Elementwise[InplaceParams]):
    """Piecewise linear sigmoid: `[...] -> [...]`."""

    Params = InplaceParams


class LogSigmoid(_Elementwise[NoParams]):
    """log(1 / (1 + exp(-x))): `[...] -> [...]`."""

    Params = NoParams


class Tanh(_Elementwise[NoParams]):
    """Hyperbolic tangent: `[...] -> [...]`."""

    Params = NoParams


class Tanhshrink(_Elementwise[NoParams]):
    """x - tanh(x): `[...] -> [...]`."""

    Params = NoParams


class Softsign(_Elementwise[NoParams]):
    """x / (1 + |x|): `[...] -> [...]`."""

    Params = NoParams


class SiLU(_Elementwise[InplaceParams]):
    """x * sigmoid(x), also called swish: `[...] -> [...]` (arXiv:1702.03118)."""

    Params = InplaceParams


class Mish(_Elementwise[InplaceParams]):
    """x * tanh(softplus(x)): `[...] -> [...]` (arXiv:1908.08681)."""

    Params = InplaceParams


class Hardswish(_Elementwise[InplaceParams]):
    """x * hardsigmoid(x): `[...] -> [...]` (arXiv:1905.02244)."""

    Params = InplaceParams


class SELU(_Elementwise[InplaceParams]):
    """Scaled exponential linear unit: `[...] -> [...]` (arXiv:1706.02515)."""

    Params = InplaceParams


class GELUParams(Params):
    approximate: Literal["none", "tanh"] = "none"


class GELU(_Elementwise[GELUParams]):
    """x times the normal distribution function of x: `[...] -> [...]` (arXiv:1606.08415)."""

    Params = GELUParams


class ELUParams(Params):
    alpha: float = 1.0
    inplace: bool = False


class ELU(_Elementwise[ELUParams]):
    """x, or alpha * (exp(x) - 1) below 0: `[...] -> [...]` (arXiv:1511.07289)."""

    Params = ELUParams


class CELU(_Elementwise[ELUParams]):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)): `[...] -> [...]` (arXiv:1704.07483)."""

    Params = ELUParams

    def shape(self, p: ELUParams, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        if p.alpha == 0:
            raise RuleError("A0106", "`alpha` of CELU must not be 0: it divides", Arg("alpha"))
        return super().shape(p, x, need)


class LeakyReLUParams(Params):
    negative_slope: float = 0.01
    inplace: bool = False


class LeakyReLU(_Elementwise[LeakyReLUParams]):
    """x, or negative_slope * x below 0: `[...] -> [...]`."""

    Params = LeakyReLUParams


class RReLUParams(Params):
    lower: float = 1.0 / 8
    upper: float = 1.0 / 3
    inplace: bool = False


class RReLU(_Elementwise[RReLUParams]):
    """Leaky ReLU, its slope random while training: `[...] -> [...]` (arXiv:1505.00853)."""

    Params = RReLUParams
    mode_dependent = True

    def shape(
        self, p: RReLUParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        if p.lower > p.upper:
            raise RuleError(
                "A0106",
                f"`lower` {p.lower:g} is larger than `upper` {p.upper:g}",
                Arg("lower"),
                Arg("upper"),
            )
        return super().shape(p, x, need)


class HardtanhParams(Params):
    min_val: float = -1.0
    max_val: float = 1.0
    inplace: bool = False


class Hardtanh(_Elementwise[HardtanhParams]):
    """Clamps to `min_val` and `max_val`: `[...] -> [...]`."""

    Params = HardtanhParams

    def shape(
        self, p: HardtanhParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        if p.min_val >= p.max_val:
            raise RuleError(
                "A0106",
                f"`min_val` {p.min_val:g} is not smaller than `max_val` {p.max_val:g}",
                Arg("min_val"),
                Arg("max_val"),
            )
        return super().shape(p, x, need)


class ThresholdParams(Params):
    threshold: float
    value: float
    inplace: bool = False


class Threshold(_Elementwise[ThresholdParams]):
    """x where x > threshold, else `value`: `[...] -> [...]`."""

    Params = ThresholdParams


class SoftplusParams(Params):
    beta: float = 1.0
    threshold: float = 20.0


class Softplus(_Elementwise[SoftplusParams]):
    """log(1 + exp(beta * x)) / beta, linear above `threshold`: `[...] -> [...]`."""

    Params = SoftplusParams


class HardshrinkParams(Params):
    lambd: float = 0.5


class Hardshrink(_Elementwise[HardshrinkParams]):
    """x where |x| > lambd, else 0: `[...] -> [...]`."""

    Params = HardshrinkParams


class SoftshrinkParams(Params):
    lambd: Annotated[float, Field(ge=0.0)] = 0.5


class Softshrink(_Elementwise[SoftshrinkParams]):
    """Moves x towards 0 by lambd: `[...] -> [...]`."""

    Params = SoftshrinkParams


class PReLUParams(Params):
    num_parameters: Size = 1
    init: float = 0.25


class PReLU(LayerDecl[PReLUParams]):
    """Leaky ReLU with a learnt slope, or one per channel: `[B, C, ...]` (arXiv:1502.01852)."""

    Params = PReLUParams

    def shape(
        self, p: PReLUParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        slopes = Dim.of(p.num_parameters)
        if slopes.const != 1:
            places = (Arg("num_parameters"), *((Axis(0, 1),) if x[0].rank > 1 else ()))
            channels = x[0].shape[1] if x[0].rank > 1 else 1
            need.equal(
                slopes,
                channels,
                "A0401",
                f"PReLU has {slopes} slopes for an input of {channels} channels",
                *places,
                help=("use one slope for all channels, or as many as there are channels",),
            )
        return (x[0],)

    def weights(self, p: PReLUParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return (Weight("weight", (Dim.of(p.num_parameters),)),)


class SoftmaxParams(Params):
    # Required, as torch's default depends on the rank and is deprecated.
    dim: int = Field(description="write the dimension that sums to 1, e.g. `dim=-1` for the last")


class _AlongAxis(LayerDecl[SoftmaxParams]):
    def shape(
        self, p: SoftmaxParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        axis_index(self.name, p.dim, x[0].rank)
        return (x[0],)


class Softmax(_AlongAxis):
    """exp(x), scaled so that the axis `dim` sums to 1: `[...] -> [...]`."""

    Params = SoftmaxParams


class Softmin(_AlongAxis):
    """Softmax of -x along `dim`: `[...] -> [...]`."""

    Params = SoftmaxParams


class LogSoftmax(_AlongAxis):
    """Logarithm of the softmax along `dim`: `[...] -> [...]`."""

    Params = SoftmaxParams


class Softmax2d(LayerDecl[NoParams]):
    """Softmax over the channels at each position: `[B, C, H, W] -> [B, C, H, W]`."""

    Params = NoParams

    def shape(self, p: NoParams, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_rank(self.name, x[0], ("B", "C", "H", "W"))
        return (x[0],)


class GLUParams(Params):
    dim: int = -1


class GLU(LayerDecl[GLUParams]):
    """One half of the axis `dim` gates the other: `[..., 2*D] -> [..., D]` (arXiv:1612.08083)."""

    Params = GLUParams

    def shape(self, p: GLUParams, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        axis = axis_index(self.name, p.dim, x[0].rank)
        size = x[0].shape[axis]
        message = f"GLU cannot halve a dimension of {size}"
        need_divisible(need, size, 2, message, Arg("dim"), Axis(0, axis))
        return (x[0].with_axis(axis, size // 2),)
