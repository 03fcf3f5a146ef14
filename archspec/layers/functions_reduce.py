"""Functions that fold axes away or run along one: `mean`, `max`, `norm`, `softmax`, `cumsum`."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    EmitCall,
    FunctionDecl,
    Joining,
    Kind,
    Needs,
    NonNegative,
    Params,
    Port,
    RuleError,
    TensorType,
)
from archspec.layers.functions_arith import chain, elementwise, fold
from archspec.layers.functions_shared import (
    axes_of,
    axis_of,
    function,
    keywords,
    method,
    need_kind,
)


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


#: One axis, several, or None for all.
ReducedAxes = Annotated[int | tuple[int, ...] | None, BeforeValidator(_tuple)]


def reduced(
    x: TensorType, dim: int | tuple[int, ...] | None, keepdim: bool, dtype: str
) -> TensorType:
    """`x` without the axes `dim` (all, if None), or with size 1 there; raises A0503."""
    match dim:
        case None:
            axes = tuple(range(x.rank))
        case int():
            axes = (axis_of(dim, x.rank),)
        case ():
            # torch takes an empty tuple for all axes in some functions and for none in others
            raise RuleError("A0106", "`dim` names no axis", Arg("dim"))
        case _:
            axes = axes_of(dim, x.rank)
    if keepdim:
        return TensorType(
            tuple(Dim.of(1) if i in axes else d for i, d in enumerate(x.shape)), dtype
        )
    return TensorType(tuple(d for i, d in enumerate(x.shape) if i not in axes), dtype)


class ReduceArgs(Params):
    dim: ReducedAxes = None
    keepdim: bool = False


class _Reduction(FunctionDecl[ReduceArgs]):
    """Folds the axes `dim` into one value; all axes without `dim`."""

    Params = ReduceArgs
    takes: ClassVar[tuple[Kind, ...]] = ("float", "int")

    def shape(
        self, p: ReduceArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], *self.takes)
        return (reduced(x[0], p.dim, p.keepdim, self._result(x[0])),)

    def _result(self, x: TensorType) -> str:
        return x.dtype

    def emit(self, p: ReduceArgs, call: EmitCall) -> "py.Expr":
        return reduction(call.tensors[0], self.name, p, call)


def reduction(tensor: "py.Expr", name: str, p: Params, call: EmitCall) -> "py.Expr":
    """`x.mean((2, 3), keepdim=True)`: the axes by position, the rest by keyword."""
    written = keywords(p, call, "dim", "keepdim")
    dims = [value for argument, value in written if argument == "dim"]
    rest = [item for item in written if item[0] != "dim"]
    if rest and not dims:
        # torch's overloads take `keepdim` only together with `dim`
        everything = py.const(tuple(range(call.types[0].rank)))
        dims = [everything]
    return method(tensor, name, dims, rest)


class Amax(_Reduction):
    """The largest value over axes: [...] -> [...] without the axes `dim`."""

    name = "amax"


class Amin(_Reduction):
    """The smallest value over axes: [...] -> [...] without the axes `dim`."""

    name = "amin"


class _Combiner(_Reduction):
    """A reduction over axes of one tensor, or a combination of several, element by element."""

    joins: ClassVar[Joining | None] = "choice"
    ports = (Port("input"), Port("other", optional=True, variadic=True))
    takes_several: ClassVar[tuple[Kind, ...]] = ("float", "int")

    def shape(
        self, p: ReduceArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        if len(x) == 1:
            return super().shape(p, x, need)
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, *self.takes_several, port=port)
        if p.dim is not None or p.keepdim:
            raise RuleError(
                "A0106", f"`{self.name}` of several tensors takes no `dim`: it combines elements"
                , Arg("dim" if p.dim is not None else "keepdim"),
            )  # fmt: skip
        return (elementwise(self.name, x, need),)


class Sum(_Combiner):
    """The sum over axes, which counts bools, or of two or more tensors by element."""

    name = "sum"
    joins = "sum"
    takes = ("float", "int", "bool")
    over_stack = "sum"

    def _result(self, x: TensorType) -> str:
        return "int" if x.kind in ("int", "bool") else x.dtype

    def emit(self, p: ReduceArgs, call: EmitCall) -> "py.Expr":
        if len(call.tensors) > 1:
            return chain("+", call.tensors)
        return reduction(call.tensors[0], "sum", p, call)


class Max(_Combiner):
    """The largest value over axes (values only), or of two or more tensors by element."""

    name = "max"
    over_stack = "amax"

    def emit(self, p: ReduceArgs, call: EmitCall) -> "py.Expr":
        if len(call.tensors) > 1:
            return fold("torch.maximum", call.tensors)
        return reduction(call.tensors[0], "amax", p, call)


class Min(_Combiner):
    """The smallest value over axes (values only), or of two or more tensors by element."""

    name = "min"
    over_stack = "amin"

    def emit(self, p: ReduceArgs, call: EmitCall) -> "py.Expr":
        if len(call.tensors) > 1:
            return fold("torch.minimum", call.tensors)
        return reduction(call.tensors[0], "amin", p, call)


class Mean(_Combiner):
    """The mean over axes, or of two or more tensors by element: [...] -> [...]."""

    name = "mean"
    joins = "sum"
    noun = "average"
    takes = takes_several = ("float",)
    over_stack = "mean"

    def emit(self, p: ReduceArgs, call: EmitCall) -> "py.Expr":
        if len(call.tensors) > 1:
            return py.Binary("/", chain("+", call.tensors), py.const(len(call.tensors)))
        return reduction(call.tensors[0], "mean", p, call)


class _AnyAll(_Reduction):
    """A reduction of bools."""

    takes = ("bool",)


class Any(_AnyAll):
    """Whether one or more are true over axes: bool[...] -> bool[...] without the axes `dim`."""

    name = "any"


class All(_AnyAll):
    """Whether all are true over axes: bool[...] -> bool[...] without the axes `dim`."""

    name = "all"


class Logsumexp(_Reduction):
    """The logarithm of the sum of exponentials over axes: [...] -> [...] without `dim`."""

    name = "logsumexp"
    takes = ("float",)

    def shape(
        self, p: ReduceArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        if p.dim is None:
            raise RuleError("A0104", "`logsumexp` needs `dim`, the axis it runs over")
        return super().shape(p, x, need)


class VarArgs(Params):
    """`correction=0` divides by the number of elements, the default 1 by one less."""

    dim: ReducedAxes = None
    correction: NonNegative = 1
    keepdim: bool = False


class _Spread(FunctionDecl[VarArgs]):
    """The variance or standard deviation over axes."""

    Params = VarArgs

    def shape(self, p: VarArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float")
        return (reduced(x[0], p.dim, p.keepdim, x[0].dtype),)

    def emit(self, p: VarArgs, call: EmitCall) -> "py.Expr":
        written = keywords(p, call, "dim", "correction", "keepdim")
        dims = [value for argument, value in written if argument == "dim"]
        return method(
            call.tensors[0], self.name, dims, [item for item in written if item[0] != "dim"]
        )


class Var(_Spread):
    """The variance over axes: [...] -> [...] without the axes `dim`."""

    name = "var"


class Std(_Spread):
    """The standard deviation over axes: [...] -> [...] without the axes `dim`."""

    name = "std"


class NormArgs(Params):
    """`p` is the order of the vector norm; 2 is the length."""

    p: float = 2.0
    dim: ReducedAxes = None
    keepdim: bool = False


class Norm(FunctionDecl[NormArgs]):
    """The vector norm over axes: [...] -> [...] without the axes `dim`."""

    name = "norm"
    Params = NormArgs

    def shape(self, p: NormArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float")
        return (reduced(x[0], p.dim, p.keepdim, x[0].dtype),)

    def emit(self, p: NormArgs, call: EmitCall) -> "py.Expr":
        # `Tensor.norm` is deprecated; its successor calls the order `ord`
        written = keywords(p, call, "p", "dim", "keepdim")
        renamed = [("ord" if name == "p" else name, value) for name, value in written]
        return function("torch.linalg.vector_norm", call.tensors, renamed)


class NormalizeArgs(Params):
    p: float = 2.0
    dim: int = 1
    eps: float = 1e-12


class Normalize(FunctionDecl[NormalizeArgs]):
    """The tensor divided by its norm along `dim`: [...] -> [...]."""

    name = "normalize"
    Params = NormalizeArgs

    def shape(
        self, p: NormalizeArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float")
        axis_of(p.dim, x[0].rank)
        return (x[0],)

    def emit(self, p: NormalizeArgs, call: EmitCall) -> "py.Expr":
        return function("F.normalize", call.tensors, keywords(p, call, "p", "dim", "eps"))


class CosineSimilarityArgs(Params):
    dim: int = 1
    eps: Annotated[float, Field(ge=0.0)] = 1e-8


class CosineSimilarity(FunctionDecl[CosineSimilarityArgs]):
    """The cosine of the angle between vectors along `dim`: [...], [...] -> [...] without `dim`."""

    name = "cosine_similarity"
    Params = CosineSimilarityArgs
    ports = (Port("x1"), Port("x2"))

    def shape(
        self, p: CosineSimilarityArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, "float", port=port)
        both = elementwise(self.name, x, need)
        return (reduced(both, axis_of(p.dim, both.rank), False, both.dtype),)

    def emit(self, p: CosineSimilarityArgs, call: EmitCall) -> "py.Expr":
        return function("F.cosine_similarity", call.tensors, keywords(p, call, "dim", "eps"))


class ArgArgs(Params):
    dim: int
    keepdim: bool = False


class _ArgExtremum(FunctionDecl[ArgArgs]):
    """The position of the extremum along `dim`."""

    Params = ArgArgs

    def shape(self, p: ArgArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float", "int")
        return (reduced(x[0], p.dim, p.keepdim, "int"),)

    def emit(self, p: ArgArgs, call: EmitCall) -> "py.Expr":
        return reduction(call.tensors[0], self.name, p, call)


class Argmax(_ArgExtremum):
    """Where along `dim` the largest value stands: [...] -> int[...] without the axis `dim`."""

    name = "argmax"


class Argmin(_ArgExtremum):
    """Where along `dim` the smallest value stands: [...] -> int[...] without the axis `dim`."""

    name = "argmin"


class AlongArgs(Params):
    dim: int


class _Along(FunctionDecl[AlongArgs]):
    """Same shape; each value depends on the others along `dim`."""

    Params = AlongArgs
    takes: ClassVar[tuple[Kind, ...]] = ("float",)

    def shape(self, p: AlongArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], *self.takes)
        axis_of(p.dim, x[0].rank)
        return (TensorType(x[0].shape, self._result(x[0])),)

    def _result(self, x: TensorType) -> str:
        return x.dtype

    def emit(self, p: AlongArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], self.name, kw=(("dim", call.arg("dim")),))


class Softmax(_Along):
    """Exponentials that sum to 1 along `dim`: [...] -> [...]."""

    name = "softmax"


class LogSoftmax(_Along):
    """The logarithm of `softmax`: [...] -> [...]."""

    name = "log_softmax"


class Cumsum(_Along):
    """The running sum along `dim`: [...] -> [...]."""

    name = "cumsum"
    takes = ("float", "int")

    def _result(self, x: TensorType) -> str:
        return "int" if x.kind == "int" else x.dtype


class Cumprod(Cumsum):
    """The running product along `dim`: [...] -> [...]."""

    name = "cumprod"
