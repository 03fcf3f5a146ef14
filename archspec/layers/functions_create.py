"""Tensors made from sizes and numbers alone, and masks of triangles: `arange`, `zeros`, `tril`."""

from typing import ClassVar

from archspec import pycode as py
from archspec.dims import Dim, ceil_div
from archspec.layers.base import (
    Arg,
    Axis,
    DimArg,
    EmitCall,
    FunctionDecl,
    Needs,
    Params,
    Port,
    Positive,
    RuleError,
    TensorType,
)
from archspec.layers.functions_shared import (
    Dims,
    Dtype,
    NoArgs,
    Number,
    dtype_expr,
    function,
    keywords,
    method,
    need_kind,
    need_rank,
    positionals,
    spread,
)


def _dtype(
    p: Params, call: EmitCall, dtype: str, default: str
) -> "tuple[tuple[str, py.Expr], ...]":
    """`dtype=torch.float16`, if it is not what torch makes anyway."""
    return () if dtype == default else (("dtype", dtype_expr(dtype)),)


class ArangeArgs(Params):
    """As torch's: one number is the end, two are start and end."""

    start: DimArg | None = None
    end: DimArg | None = None
    step: DimArg = Dim.of(1)
    dtype: Dtype = "int"


class Arange(FunctionDecl[ArangeArgs]):
    """The integers from `start` (0) to `end`, without it, in steps of `step`: -> int[n]."""

    name = "arange"
    Params = ArangeArgs
    ports = ()

    def shape(
        self, p: ArangeArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        start, end = (p.start, p.end) if p.end is not None else (None, p.start)
        if end is None:
            raise RuleError("A0104", "`arange` needs the number to stop at", Arg("end"))
        step = p.step.const
        if step is None or step < 1:
            raise RuleError(
                "A0106",
                f"the step of `arange` must be a number from 1 on, not {p.step}",
                Arg("step"),
            )
        length = end - (Dim.of(0) if start is None else start)
        need.at_least(
            length,
            1,
            "A0106",
            "`arange` would be empty",
            Arg("end" if p.end is not None else "start"),
        )
        return (TensorType((ceil_div(length, step),), p.dtype),)

    def elements(self, p: ArangeArgs) -> tuple[Dim, Dim] | None:
        start, end = (p.start, p.end) if p.end is not None else (None, p.start)
        first = Dim.of(0) if start is None else start
        return None if end is None or p.step.const != 1 else (first, end - 1)

    def emit(self, p: ArangeArgs, call: EmitCall) -> "py.Expr":
        bounds = [call.arg(name) for name in ("start", "end") if getattr(p, name) is not None]
        if call.given("step") and p.step.const != 1:
            bounds = bounds if len(bounds) == 2 else [py.const(0), *bounds]
            bounds.append(call.arg("step"))
        device = ("device", call.device())
        return function("torch.arange", bounds, (*_dtype(p, call, p.dtype, "int"), device))


class FilledArgs(Params):
    size: Dims
    dtype: Dtype = "float"


class _Filled(FunctionDecl[FilledArgs]):
    """A new tensor of one value."""

    Params = FilledArgs
    ports = ()
    variadic_argument = "size"

    def shape(
        self, p: FilledArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        return (new_tensor(self.name, p.size, p.dtype, need),)

    def emit(self, p: FilledArgs, call: EmitCall) -> "py.Expr":
        sizes = spread(call.arg("size")) if p.size else (py.Tuple(()),)
        device = ("device", call.device())
        return function(f"torch.{self.name}", sizes, (*_dtype(p, call, p.dtype, "float"), device))


def new_tensor(name: str, size: tuple[Dim, ...], dtype: str, need: Needs) -> TensorType:
    for dim in size:
        need.at_least(dim, 1, "A0106", f"`{name}` cannot make a size of {dim}", Arg("size"))
    return TensorType(size, dtype)


class Zeros(_Filled):
    """A tensor of zeros: -> [*size]."""

    name = "zeros"


class Ones(_Filled):
    """A tensor of ones: -> [*size]."""

    name = "ones"


class FullArgs(Params):
    size: Dims
    fill_value: Number
    dtype: Dtype | None = None


class Full(FunctionDecl[FullArgs]):
    """A tensor of `fill_value`; a whole number makes ints: -> [*size]."""

    name = "full"
    Params = FullArgs
    ports = ()

    def shape(self, p: FullArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        dtype = p.dtype or ("float" if isinstance(p.fill_value, float) else "int")
        return (new_tensor(self.name, p.size, dtype, need),)

    def emit(self, p: FullArgs, call: EmitCall) -> "py.Expr":
        dtype = () if p.dtype is None else (("dtype", dtype_expr(p.dtype)),)
        size = py.Tuple(spread(call.arg("size")))
        device = ("device", call.device())
        return function("torch.full", (size, call.arg("fill_value")), (*dtype, device))


class EyeArgs(Params):
    n: DimArg


class Eye(FunctionDecl[EyeArgs]):
    """The unit matrix: -> [n, n]."""

    name = "eye"
    Params = EyeArgs
    ports = ()

    def shape(self, p: EyeArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need.at_least(p.n, 1, "A0106", f"`eye` cannot make a size of {p.n}", Arg("n"))
        return (TensorType((p.n, p.n), "float"),)

    def emit(self, p: EyeArgs, call: EmitCall) -> "py.Expr":
        return function("torch.eye", (call.arg("n"),), (("device", call.device()),))


class LinspaceArgs(Params):
    start: float
    end: float
    steps: DimArg


class Linspace(FunctionDecl[LinspaceArgs]):
    """`steps` numbers from `start` to `end`, both included, evenly spaced: -> [steps]."""

    name = "linspace"
    Params = LinspaceArgs
    ports = ()

    def shape(
        self, p: LinspaceArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need.at_least(p.steps, 1, "A0106", "`linspace` would be empty", Arg("steps"))
        return (TensorType((p.steps,), "float"),)

    def emit(self, p: LinspaceArgs, call: EmitCall) -> "py.Expr":
        arguments = (call.arg("start"), call.arg("end"), call.arg("steps"))
        return function("torch.linspace", arguments, (("device", call.device()),))


class _Like(FunctionDecl[NoArgs]):
    """A new tensor of the shape and dtype of another."""

    Params = NoArgs
    ports = (Port("input", sizes_only=True),)

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        return (x[0],)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return function(f"torch.{self.name}", call.tensors)


class ZerosLike(_Like):
    """Zeros in the shape of the tensor: [...] -> [...]."""

    name = "zeros_like"


class OnesLike(_Like):
    """Ones in the shape of the tensor: [...] -> [...]."""

    name = "ones_like"


class TriangleArgs(Params):
    """`diagonal` is the last one kept (`tril`) or the first one (`triu`)."""

    diagonal: int = 0


class _Triangle(FunctionDecl[TriangleArgs]):
    """One triangle of the last two axes, the rest zero."""

    Params = TriangleArgs

    def shape(
        self, p: TriangleArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_rank(self.name, x[0], 2, None)
        return (x[0],)

    def emit(self, p: TriangleArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], self.name, positionals(p, call, "diagonal"))


class Tril(_Triangle):
    """The lower triangle of the last two axes, the rest zero: [..., N, M] -> [..., N, M]."""

    name = "tril"


class Triu(_Triangle):
    """The upper triangle of the last two axes, the rest zero: [..., N, M] -> [..., N, M]."""

    name = "triu"


class OneHotArgs(Params):
    num_classes: Positive


class OneHot(FunctionDecl[OneHotArgs]):
    """A 1 at the position each int names, else 0: int[...] -> int[..., num_classes]."""

    name = "one_hot"
    Params = OneHotArgs
    #: torch takes no other width.
    _WIDTHS: ClassVar[tuple[str, ...]] = ("int", "int64")

    def shape(
        self, p: OneHotArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "int")
        if x[0].dtype not in self._WIDTHS:
            raise RuleError("A0701", f"`one_hot` needs int64, not {x[0].dtype}", Axis(0))
        return (TensorType((*x[0].shape, Dim.of(p.num_classes)), "int"),)

    def emit(self, p: OneHotArgs, call: EmitCall) -> "py.Expr":
        return function("F.one_hot", call.tensors, keywords(p, call, "num_classes"))
