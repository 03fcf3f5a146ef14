"""Functions of every element on its own, without arguments or with few: `exp`, `clamp`, `where`."""

from typing import ClassVar

from archspec import pycode as py
from archspec.layers.base import (
    DTYPES,
    Arg,
    EmitCall,
    FunctionDecl,
    Kind,
    Needs,
    Params,
    Port,
    RuleError,
    TensorType,
)
from archspec.layers.functions_shared import (
    Dtype,
    NoArgs,
    Number,
    as_float,
    broadcast_shapes,
    common_dtype,
    function,
    is_whole,
    keywords,
    method,
    need_kind,
)


class _Elementwise(FunctionDecl[NoArgs]):
    """One value out for each value in, written as a method of the tensor."""

    Params = NoArgs
    takes: ClassVar[tuple[Kind, ...]] = ("float", "int")

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], *self.takes)
        return (TensorType(x[0].shape, self._result(x[0])),)

    def _result(self, x: TensorType) -> str:
        return x.dtype

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], self.name)


class _Transcendental(_Elementwise):
    """An elementwise function whose results are floats, also for ints."""

    def _result(self, x: TensorType) -> str:
        return as_float(x.dtype, x.kind)


class Neg(_Elementwise):
    """The negative of every element: [...] -> [...]."""

    name = "neg"
    takes = ("float", "int", "complex")

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return py.Unary("-", call.tensors[0])


class Abs(_Elementwise):
    """The absolute value of every element: [...] -> [...]."""

    name = "abs"
    takes = ("float", "int", "complex")

    def _result(self, x: TensorType) -> str:
        return {"complex64": "float", "complex128": "float64"}.get(x.dtype, x.dtype)


class Trunc(_Elementwise):
    """Every element without what stands behind the point: [...] -> [...]."""

    name = "trunc"


class _Test(_Elementwise):
    """A question about every element."""

    def _result(self, x: TensorType) -> str:
        return "bool"

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], self.name)


class Isnan(_Test):
    """Where an element is not a number: [...] -> bool[...]."""

    name = "isnan"


class Isinf(_Test):
    """Where an element is infinite: [...] -> bool[...]."""

    name = "isinf"


class Isfinite(_Test):
    """Where an element is neither infinite nor not a number: [...] -> bool[...]."""

    name = "isfinite"


class Sign(_Elementwise):
    """-1, 0 or 1 for every element: [...] -> [...]."""

    name = "sign"


class Square(_Elementwise):
    """The square of every element: [...] -> [...]."""

    name = "square"


class Floor(_Elementwise):
    """The largest whole number not above each element: [...] -> [...]."""

    name = "floor"


class Ceil(_Elementwise):
    """The smallest whole number not below each element: [...] -> [...]."""

    name = "ceil"


class Round(_Elementwise):
    """The nearest whole number to each element: [...] -> [...]."""

    name = "round"


class Tan(_Transcendental):
    """The tangent of every element: [...] -> [...]."""

    name = "tan"


class Asin(_Transcendental):
    """The inverse sine of every element: [...] -> [...]."""

    name = "asin"


class Acos(_Transcendental):
    """The inverse cosine of every element: [...] -> [...]."""

    name = "acos"


class Atan(_Transcendental):
    """The inverse tangent of every element: [...] -> [...]."""

    name = "atan"


class Sinh(_Transcendental):
    """The hyperbolic sine of every element: [...] -> [...]."""

    name = "sinh"


class Cosh(_Transcendental):
    """The hyperbolic cosine of every element: [...] -> [...]."""

    name = "cosh"


class Erfc(_Transcendental):
    """One minus the error function of every element: [...] -> [...]."""

    name = "erfc"


class Exp2(_Transcendental):
    """2 to the power of every element: [...] -> [...]."""

    name = "exp2"


class Log10(_Transcendental):
    """The logarithm to base 10 of every element: [...] -> [...]."""

    name = "log10"


class Exp(_Transcendental):
    """e to the power of every element: [...] -> [...]."""

    name = "exp"


class Expm1(_Transcendental):
    """e to the power of every element, minus one, exact near zero: [...] -> [...]."""

    name = "expm1"


class Log(_Transcendental):
    """The natural logarithm of every element: [...] -> [...]."""

    name = "log"


class Log1p(_Transcendental):
    """The natural logarithm of one plus every element: [...] -> [...]."""

    name = "log1p"


class Log2(_Transcendental):
    """The logarithm to base 2 of every element: [...] -> [...]."""

    name = "log2"


class Sqrt(_Transcendental):
    """The square root of every element: [...] -> [...]."""

    name = "sqrt"


class Rsqrt(_Transcendental):
    """One over the square root of every element: [...] -> [...]."""

    name = "rsqrt"


class Reciprocal(_Transcendental):
    """One over every element: [...] -> [...]."""

    name = "reciprocal"


class Sin(_Transcendental):
    """The sine of every element: [...] -> [...]."""

    name = "sin"


class Cos(_Transcendental):
    """The cosine of every element: [...] -> [...]."""

    name = "cos"


class Erf(_Transcendental):
    """The error function of every element: [...] -> [...]."""

    name = "erf"


class Sigmoid(_Transcendental):
    """The logistic function of every element, between 0 and 1: [...] -> [...]."""

    name = "sigmoid"


class Tanh(_Transcendental):
    """The hyperbolic tangent of every element, between -1 and 1: [...] -> [...]."""

    name = "tanh"


class Detach(_Elementwise):
    """The same values, through which no gradient flows: [...] -> [...]."""

    name = "detach"
    takes = ("float", "int", "bool", "complex")


class Contiguous(_Elementwise):
    """The same values, laid out in memory in the order of the axes: [...] -> [...]."""

    name = "contiguous"
    takes = ("float", "int", "bool", "complex")


class ClampArgs(Params):
    min: Number | None = None
    max: Number | None = None


class Clamp(FunctionDecl[ClampArgs]):
    """Every element, limited to at least `min` and at most `max`: [...] -> [...]."""

    name = "clamp"
    Params = ClampArgs

    def shape(self, p: ClampArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float", "int")
        if p.min is None and p.max is None:
            raise RuleError("A0104", "`clamp` needs `min`, `max` or both")
        whole = all(is_whole(bound) for bound in (p.min, p.max) if bound is not None)
        dtype = x[0].dtype if whole else as_float(x[0].dtype, x[0].kind)
        return (TensorType(x[0].shape, dtype),)

    def emit(self, p: ClampArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "clamp", kw=keywords(p, call, "min", "max"))


class CastArgs(Params):
    dtype: Dtype


class To(FunctionDecl[CastArgs]):
    """The values in another dtype, such as "float16" or "int": [...] -> [...]."""

    name = "to"
    Params = CastArgs
    #: dtypes that a tensor has a method for.
    _METHODS: ClassVar[dict[str, str]] = {
        "float": "float", "float32": "float", "int": "long", "int64": "long", "bool": "bool",
    }  # fmt: skip

    def shape(self, p: CastArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        if x[0].kind == "complex" and DTYPES[p.dtype] != "complex":
            raise RuleError(
                "A0701", "`to` would drop the imaginary part of a complex tensor", Arg("dtype")
            )
        return (TensorType(x[0].shape, p.dtype),)

    def emit(self, p: CastArgs, call: EmitCall) -> "py.Expr":
        if p.dtype in self._METHODS:
            return method(call.tensors[0], self._METHODS[p.dtype])
        return method(call.tensors[0], "to", (py.dotted(f"torch.{p.dtype}"),))


class WhereArgs(Params):
    """`other` is a number in place of the third tensor."""

    other: Number | None = None


class Where(FunctionDecl[WhereArgs]):
    """`input` where `condition` is true, else `other`: bool[...], [...], [...] -> [...]."""

    name = "where"
    Params = WhereArgs
    ports = (Port("condition"), Port("input"), Port("other", optional=True))

    def shape(self, p: WhereArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        condition, *values = x
        need_kind(self.name, condition, "bool")
        if (len(values) == 1) == (p.other is None):
            raise RuleError("A0104", "`where` needs two values: two tensors, or one and a number")
        dtype = common_dtype(self.name, values)
        if isinstance(p.other, float):
            dtype = as_float(dtype, values[0].kind)
        if p.other is not None:
            need_kind(self.name, values[0], "float", "int", "complex", port=1)
        shape = condition.shape
        for port, value in enumerate(values, start=1):
            shape = broadcast_shapes(shape, value.shape, need, "cannot choose from", (0, port))
        return (TensorType(shape, dtype),)

    def emit(self, p: WhereArgs, call: EmitCall) -> "py.Expr":
        number = () if p.other is None else (call.arg("other"),)
        return function("torch.where", (*call.tensors, *number))


class MaskedFillArgs(Params):
    value: Number


class MaskedFill(FunctionDecl[MaskedFillArgs]):
    """`value` where `mask` is true, else the tensor: [...], bool[...] -> [...]."""

    name = "masked_fill"
    Params = MaskedFillArgs
    ports = (Port("input"), Port("mask"))

    def shape(
        self, p: MaskedFillArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        tensor, mask = x
        need_kind(self.name, tensor, "float", "int")
        need_kind(self.name, mask, "bool", port=1)
        if tensor.kind == "int" and isinstance(p.value, float):
            raise RuleError("A0701", "an int tensor cannot be filled with a float", Arg("value"))
        shape = broadcast_shapes(tensor.shape, mask.shape, need, "cannot mask")
        return (TensorType(shape, tensor.dtype),)

    def emit(self, p: MaskedFillArgs, call: EmitCall) -> "py.Expr":
        tensor, mask = call.tensors
        return method(tensor, "masked_fill", (mask, call.arg("value")))
