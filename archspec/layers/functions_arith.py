"""Arithmetic of tensors with tensors and numbers, comparisons, matrix products."""

from abc import abstractmethod
from typing import ClassVar

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    EmitCall,
    FunctionDecl,
    Needs,
    Params,
    Port,
    RuleError,
    TensorType,
)
from archspec.layers.functions_shared import (
    NoArgs,
    Number,
    broadcast_shapes,
    common_dtype,
    function,
    is_whole,
    method,
    need_kind,
    need_rank,
    product,
)


class OperandArgs(Params):
    """`other` is a number in place of the second tensor; `reflected` puts it on the left."""

    other: Number | None = None
    reflected: bool = False


class _Operator(FunctionDecl[OperandArgs]):
    """Two tensors, broadcast as the spec shows it, or a tensor and a number."""

    Params = OperandArgs
    ports = (Port("input"), Port("other", optional=True))
    #: Python's operator.
    symbol: ClassVar[str]
    #: The headline's beginning.
    verb: ClassVar[str]

    def shape(
        self, p: OperandArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, "float", "int", "complex", port=port)
        self._check_operands(p, x)
        if p.other is not None:
            whole = is_whole(p.other) and x[0].kind == "int"
            dtype = x[0].dtype if whole or x[0].kind != "int" else "float"
            return (TensorType(x[0].shape, self._result(dtype)),)
        dtype = self._result(common_dtype(self.name, x))
        shape = x[0].shape
        for port, tensor in enumerate(x[1:], start=1):
            shape = broadcast_shapes(shape, tensor.shape, need, self.verb, (0, port))
        return (TensorType(shape, dtype),)

    def _check_operands(self, p: OperandArgs, x: tuple[TensorType, ...]) -> None:
        """Raises A0104 without a second operand, A0106 with both a tensor and a number."""
        if len(x) == 1 and p.other is None:
            raise RuleError("A0104", f"`{self.name}` needs a second tensor or a number")
        if len(x) > 1 and p.other is not None:
            raise RuleError(
                "A0106", f"`{self.name}` takes a tensor or a number, not both", Arg("other")
            )

    def _result(self, dtype: str) -> str:
        """The dtype of the result, given the one of the operands."""
        return dtype

    def emit(self, p: OperandArgs, call: EmitCall) -> "py.Expr":
        first = call.tensors[0]
        if p.other is not None:
            number = call.arg("other")
            if p.reflected:
                return py.Binary(self.symbol, number, first)
            return py.Binary(self.symbol, first, number)
        return chain(self.symbol, call.tensors)


class Add(_Operator):
    """The sum of two or more tensors, or of a tensor and a number: [...] -> [...]."""

    name = "add"
    joins = "sum"
    ports = (Port("input"), Port("other", optional=True, variadic=True))
    symbol = "+"
    over_stack = "sum"
    verb = "cannot add"


class Sub(_Operator):
    """The difference of two tensors, or of a tensor and a number: [...] -> [...]."""

    name = "sub"
    joins = "sum"
    symbol = "-"
    verb = "cannot subtract"


class Mul(_Operator):
    """The product, element by element, of two or more tensors, or a multiple of one."""

    name = "mul"
    joins = "product"
    ports = (Port("input"), Port("other", optional=True, variadic=True))
    symbol = "*"
    over_stack = "prod"
    verb = "cannot multiply"


class Div(_Operator):
    """The true quotient of two tensors, or of a tensor and a number; floats, also of ints."""

    name = "div"
    joins = "product"
    symbol = "/"
    verb = "cannot divide"

    def _result(self, dtype: str) -> str:
        return "float" if dtype.startswith(("int", "uint")) else dtype


class FloorDivide(_Operator):
    """The quotient rounded down to a whole number: [...] -> [...]."""

    name = "floor_divide"
    symbol = "//"
    verb = "cannot divide"

    def _check_operands(self, p: OperandArgs, x: tuple[TensorType, ...]) -> None:
        super()._check_operands(p, x)
        need_real(self.name, x)


class Remainder(_Operator):
    """The remainder of a division, with the sign of the divisor: [...] -> [...]."""

    name = "remainder"
    symbol = "%"
    verb = "cannot divide"

    def _check_operands(self, p: OperandArgs, x: tuple[TensorType, ...]) -> None:
        super()._check_operands(p, x)
        need_real(self.name, x)


class Pow(_Operator):
    """A tensor raised to a tensor or number, or a number raised to a tensor."""

    name = "pow"
    symbol = "**"
    verb = "cannot raise"

    def _check_operands(self, p: OperandArgs, x: tuple[TensorType, ...]) -> None:
        super()._check_operands(p, x)
        if x[0].kind == "int" and not p.reflected and isinstance(p.other, int) and p.other < 0:
            raise RuleError(
                "A0106",
                f"an int tensor cannot be raised to {p.other}: the result is no whole number",
                Arg("other"),
                help=('cast it first: `to(_, "float")`',),
            )


def need_real(name: str, x: tuple[TensorType, ...]) -> None:
    for port, tensor in enumerate(x):
        need_kind(name, tensor, "float", "int", port=port)


class _Extremum(FunctionDecl[NoArgs]):
    """The larger or smaller element of two or more tensors."""

    joins = "choice"
    Params = NoArgs
    ports = (Port("input"), Port("other", variadic=True))

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_real(self.name, x)
        return (elementwise(self.name, x, need),)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return fold(f"torch.{self.name}", call.tensors)


class Maximum(_Extremum):
    """The larger of the elements of two or more tensors: [...], [...] -> [...]."""

    name = "maximum"
    over_stack = "amax"


class Minimum(_Extremum):
    """The smaller of the elements of two or more tensors: [...], [...] -> [...]."""

    name = "minimum"
    over_stack = "amin"


def elementwise(name: str, x: tuple[TensorType, ...], need: Needs) -> TensorType:
    """The type of an operation on all of `x`, element by element."""
    dtype = common_dtype(name, x)
    shape = x[0].shape
    for port, tensor in enumerate(x[1:], start=1):
        shape = broadcast_shapes(shape, tensor.shape, need, f"cannot take the {name} of", (0, port))
    return TensorType(shape, dtype)


def chain(symbol: str, tensors: "tuple[py.Expr, ...]") -> "py.Expr":
    """`a + b + c`."""
    first, *rest = tensors
    for other in rest:
        first = py.Binary(symbol, first, other)
    return first


def fold(path: str, tensors: "tuple[py.Expr, ...]") -> "py.Expr":
    """`path(path(a, b), c)`."""
    first, *rest = tensors
    for other in rest:
        first = function(path, (first, other))
    return first


class _Comparison(_Operator):
    """Compares two tensors, or a tensor and a number: bools."""

    verb = "cannot compare"

    def _check_operands(self, p: OperandArgs, x: tuple[TensorType, ...]) -> None:
        super()._check_operands(p, x)
        need_real(self.name, x)

    def _result(self, dtype: str) -> str:
        return "bool"

    def emit(self, p: OperandArgs, call: EmitCall) -> "py.Expr":
        left = call.tensors[0]
        right = call.tensors[1] if p.other is None else call.arg("other")
        if p.reflected and p.other is not None:
            left, right = right, left
        return py.Compare(left, ((self.symbol, right),))


class Eq(_Comparison):
    """Where two tensors, or a tensor and a number, are equal: bool[...]."""

    name = "eq"
    symbol = "=="


class Ne(_Comparison):
    """Where two tensors, or a tensor and a number, differ: bool[...]."""

    name = "ne"
    symbol = "!="


class Lt(_Comparison):
    """Where the first is less than the second: bool[...]."""

    name = "lt"
    symbol = "<"


class Le(_Comparison):
    """Where the first is at most the second: bool[...]."""

    name = "le"
    symbol = "<="


class Gt(_Comparison):
    """Where the first is greater than the second: bool[...]."""

    name = "gt"
    symbol = ">"


class Ge(_Comparison):
    """Where the first is at least the second: bool[...]."""

    name = "ge"
    symbol = ">="


class _Logical(FunctionDecl[NoArgs]):
    """A logical operation on bools, element by element."""

    Params = NoArgs

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, "bool", port=port)
        return (elementwise(self.name, x, need),)

    @abstractmethod
    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr": ...


class LogicalAnd(_Logical):
    """Where both are true: bool[...], bool[...] -> bool[...]."""

    name = "logical_and"
    ports = (Port("input"), Port("other"))

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return function("torch.logical_and", call.tensors)


class LogicalOr(_Logical):
    """Where one or both are true: bool[...], bool[...] -> bool[...]."""

    name = "logical_or"
    ports = (Port("input"), Port("other"))

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return function("torch.logical_or", call.tensors)


class LogicalNot(_Logical):
    """Where it is false: bool[...] -> bool[...]."""

    name = "logical_not"

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "logical_not")


class Matmul(FunctionDecl[NoArgs]):
    """The matrix product over the last two axes: [..., N, K], [..., K, M] -> [..., N, M]."""

    name = "matmul"
    noun = "matrix product"
    Params = NoArgs
    ports = (Port("input"), Port("other"))

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        a, b = x
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, "float", "complex", port=port)
            need_rank(self.name, tensor, 1, None, port)
        dtype = common_dtype(self.name, x)
        inner = b.rank - 2 if b.rank > 1 else 0
        need.equal(
            a.shape[-1],
            b.shape[inner],
            "A0401",
            f"cannot multiply the matrices {a} and {b}: {a.shape[-1]} and {b.shape[inner]} differ",
            Axis(0, a.rank - 1),
            Axis(1, inner),
            help=("the last axis of the left side meets the last but one of the right",),
        )
        batch = broadcast_shapes(
            a.shape[:-2], b.shape[:-2], need, "cannot multiply matrices in batches of"
        )
        rows = a.shape[-2:-1]
        columns = b.shape[-1:] if b.rank > 1 else ()
        return (TensorType((*batch, *rows, *columns), dtype),)

    def macs(self, p: NoArgs, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        return product(out[0].shape) * x[0].shape[-1]

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return py.Binary("@", *call.tensors)


class Outer(FunctionDecl[NoArgs]):
    """All products of the elements of two vectors: [N], [M] -> [N, M]."""

    name = "outer"
    Params = NoArgs
    ports = (Port("input"), Port("vec2"))

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, "float", "int", "complex", port=port)
            need_rank(self.name, tensor, 1, 1, port)
        return (TensorType(x[0].shape + x[1].shape, common_dtype(self.name, x)),)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return function("torch.outer", call.tensors)
