"""Activations as functions, under the names of `torch.nn.functional`."""

from typing import Annotated, Literal

from pydantic import Field

from archspec import pycode as py
from archspec.layers.base import (
    Arg,
    Axis,
    EmitCall,
    FunctionDecl,
    Needs,
    P,
    Params,
    RuleError,
    TensorType,
)
from archspec.layers.functions_shared import (
    NoArgs,
    axis_of,
    function,
    keywords,
    need_kind,
    positionals,
)


class _Activation(FunctionDecl[P]):
    """The same shape and dtype; floats only, written as `F.name(x, …)`."""

    def shape(self, p: P, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float")
        return (x[0],)

    def emit(self, p: P, call: EmitCall) -> "py.Expr":
        return function(f"F.{self.name}", call.tensors, keywords(p, call, *type(p).model_fields))


class Relu(_Activation[NoArgs]):
    """Zero for negative elements: [...] -> [...]."""

    name = "relu"
    Params = NoArgs


class Relu6(_Activation[NoArgs]):
    """Limited to between 0 and 6: [...] -> [...]."""

    name = "relu6"
    Params = NoArgs


class Silu(_Activation[NoArgs]):
    """x times sigmoid(x) (Elfwing et al., 2017, arXiv:1702.03118): [...] -> [...]."""

    name = "silu"
    Params = NoArgs


class Mish(_Activation[NoArgs]):
    """x times tanh(softplus(x)) (Misra, 2019, arXiv:1908.08681): [...] -> [...]."""

    name = "mish"
    Params = NoArgs


class Selu(_Activation[NoArgs]):
    """The self-normalising unit (Klambauer et al., 2017, arXiv:1706.02515): [...] -> [...]."""

    name = "selu"
    Params = NoArgs


class Hardswish(_Activation[NoArgs]):
    """x times relu6(x + 3) / 6 (Howard et al., 2019, arXiv:1905.02244): [...] -> [...]."""

    name = "hardswish"
    Params = NoArgs


class Hardsigmoid(_Activation[NoArgs]):
    """relu6(x + 3) / 6: [...] -> [...]."""

    name = "hardsigmoid"
    Params = NoArgs


class Logsigmoid(_Activation[NoArgs]):
    """The logarithm of the logistic function: [...] -> [...]."""

    name = "logsigmoid"
    Params = NoArgs


class Softsign(_Activation[NoArgs]):
    """x / (1 + |x|): [...] -> [...]."""

    name = "softsign"
    Params = NoArgs


class Tanhshrink(_Activation[NoArgs]):
    """x - tanh(x): [...] -> [...]."""

    name = "tanhshrink"
    Params = NoArgs


class GeluArgs(Params):
    approximate: Literal["none", "tanh"] = "none"


class Gelu(_Activation[GeluArgs]):
    """x times the normal distribution's CDF (Hendrycks, 2016, arXiv:1606.08415): [...] -> [...]."""

    name = "gelu"
    Params = GeluArgs


class AlphaArgs(Params):
    alpha: float = 1.0


class Elu(_Activation[AlphaArgs]):
    """alpha * (exp(x) - 1) below zero (Clevert, 2015, arXiv:1511.07289): [...] -> [...]."""

    name = "elu"
    Params = AlphaArgs


class Celu(_Activation[AlphaArgs]):
    """elu, smooth for any alpha (Barron, 2017, arXiv:1704.07483): [...] -> [...]."""

    name = "celu"
    Params = AlphaArgs

    def shape(self, p: AlphaArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        if p.alpha == 0:
            raise RuleError(
                "A0106", "`alpha` of `celu` cannot be 0: it divides by it", Arg("alpha")
            )
        return super().shape(p, x, need)


class LeakyReluArgs(Params):
    negative_slope: float = 0.01


class LeakyRelu(_Activation[LeakyReluArgs]):
    """negative_slope * x for negative elements: [...] -> [...]."""

    name = "leaky_relu"
    Params = LeakyReluArgs

    def emit(self, p: LeakyReluArgs, call: EmitCall) -> "py.Expr":
        slope = positionals(p, call, "negative_slope")
        return function("F.leaky_relu", (*call.tensors, *slope))


class HardtanhArgs(Params):
    min_val: float = -1.0
    max_val: float = 1.0


class Hardtanh(_Activation[HardtanhArgs]):
    """Limited to between `min_val` and `max_val`: [...] -> [...]."""

    name = "hardtanh"
    Params = HardtanhArgs

    def shape(
        self, p: HardtanhArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        if p.min_val > p.max_val:
            raise RuleError("A0106", "`min_val` is larger than `max_val`", Arg("min_val"))
        return super().shape(p, x, need)


class SoftplusArgs(Params):
    beta: float = 1.0
    threshold: float = 20.0


class Softplus(_Activation[SoftplusArgs]):
    """A smooth relu, log(1 + exp(beta * x)) / beta: [...] -> [...]."""

    name = "softplus"
    Params = SoftplusArgs


class LambdaArgs(Params):
    lambd: Annotated[float, Field(ge=0.0)] = 0.5


class Softshrink(_Activation[LambdaArgs]):
    """Moved by `lambd` towards zero, and zero within it: [...] -> [...]."""

    name = "softshrink"
    Params = LambdaArgs


class Hardshrink(_Activation[LambdaArgs]):
    """Zero within `lambd` of zero: [...] -> [...]."""

    name = "hardshrink"
    Params = LambdaArgs


class ThresholdArgs(Params):
    threshold: float
    value: float


class Threshold(_Activation[ThresholdArgs]):
    """`value` for elements not above `threshold`: [...] -> [...]."""

    name = "threshold"
    Params = ThresholdArgs

    def emit(self, p: ThresholdArgs, call: EmitCall) -> "py.Expr":
        return function("F.threshold", (*call.tensors, call.arg("threshold"), call.arg("value")))


class GluArgs(Params):
    dim: int = -1


class Glu(_Activation[GluArgs]):
    """One half along `dim` times the sigmoid of the other: [..., 2 * N] -> [..., N]."""

    name = "glu"
    Params = GluArgs

    def shape(self, p: GluArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float")
        axis = axis_of(p.dim, x[0].rank)
        size = x[0].shape[axis]
        need.divisible(
            size,
            2,
            "A0501",
            f"axis {axis} of {x[0]} cannot be halved: {size} is odd",
            Axis(0, axis),
            Arg("dim"),
        )
        return (x[0].with_axis(axis, size // 2),)
