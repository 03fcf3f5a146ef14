"""What a declaration of a layer or tensor function consists of.

A declaration is the only place that knows a layer: its arguments, shape rule, weights, cost and how
it is written in PyTorch. Rules are pure: input types and arguments in, output types and obligations
out.

Sizes may be symbolic. Everything a rule computes from shapes is a `Dim`; arguments annotated `Size`
may be a `Dim` too when a backend asks how a size follows from others, so rules write
`Dim.of(p.out_features)` and never compare such an argument with a number themselves: they state an
obligation instead.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from archspec import pycode as py
from archspec.dims import Dim

# --- types of values ---------------------------------------------------------------------------

Kind = Literal["float", "int", "bool", "complex"]


@dataclass(frozen=True, slots=True)
class TensorType:
    """The static type of a tensor: its dims and its dtype (`float`, `float16`, `int`, …)."""

    shape: tuple[Dim, ...]
    dtype: str = "float"

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> Kind:
        return dtype_kind(self.dtype)

    def with_shape(self, *dims: "Dim | int") -> "TensorType":
        return TensorType(tuple(Dim.of(d) for d in dims), self.dtype)

    def with_axis(self, axis: int, dim: "Dim | int") -> "TensorType":
        shape = list(self.shape)
        shape[axis] = Dim.of(dim)
        return TensorType(tuple(shape), self.dtype)

    def __str__(self) -> str:
        dims = ", ".join(str(d) for d in self.shape)
        return f"[{dims}]" if self.dtype == "float" else f"{self.dtype}[{dims}]"


#: Stands for an optional tensor that is left out before one that is given; `None` in emitted calls.
ABSENT = TensorType((), "none")


DTYPES: dict[str, Kind] = {
    "float": "float", "float16": "float", "bfloat16": "float",
    "float32": "float", "float64": "float",
    "int": "int", "int8": "int", "int16": "int", "int32": "int", "int64": "int", "uint8": "int",
    "bool": "bool",
    "complex64": "complex", "complex128": "complex",
}  # fmt: skip


def dtype_kind(dtype: str) -> Kind:
    return DTYPES[dtype]


# --- obligations -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arg:
    """The argument `name` of the call, as the place of a fault."""

    name: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Axis `axis` (or the whole shape, if None) of input number `port`, as the place of a fault."""

    port: int = 0
    axis: int | None = None


Place = Arg | Axis


@dataclass(frozen=True, slots=True)
class Obligation:
    """A fact that must hold for every allowed size, with what to say where it does not.

    equal: left == right; divisible: left % right == 0; at_least: left >= right.
    `message` is the headline of the diagnostic `code`; the checker adds values and derivations.
    """

    kind: Literal["equal", "divisible", "at_least"]
    left: Dim
    right: Dim
    code: str
    message: str
    at: tuple[Place, ...] = ()
    help: tuple[str, ...] = ()


class RuleError(Exception):
    """The call is wrong whatever the sizes are: rank, dtype, an argument out of range."""

    def __init__(
        self,
        code: str,
        message: str,
        *at: Place,
        help: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.at = at
        self.help = help
        self.notes = notes


@dataclass(slots=True)
class Needs:
    """Collects the obligations of one call."""

    obligations: list[Obligation] = field(default_factory=list)

    def equal(
        self,
        left: Dim | int,
        right: Dim | int,
        code: str,
        message: str,
        *at: Place,
        help: tuple[str, ...] = (),
    ) -> None:
        self._add("equal", left, right, code, message, at, help)

    def divisible(
        self,
        left: Dim | int,
        right: Dim | int,
        code: str,
        message: str,
        *at: Place,
        help: tuple[str, ...] = (),
    ) -> None:
        self._add("divisible", left, right, code, message, at, help)

    def at_least(
        self,
        left: Dim | int,
        right: Dim | int,
        code: str,
        message: str,
        *at: Place,
        help: tuple[str, ...] = (),
    ) -> None:
        self._add("at_least", left, right, code, message, at, help)

    def _add(
        self,
        kind: Literal["equal", "divisible", "at_least"],
        left: Dim | int,
        right: Dim | int,
        code: str,
        message: str,
        at: tuple[Place, ...],
        help: tuple[str, ...],
    ) -> None:
        a, b = Dim.of(left), Dim.of(right)
        if kind != "divisible" and a is b:  # dims are hash-consed: provably equal
            return
        self.obligations.append(Obligation(kind, a, b, code, message, at, help))


# --- arguments ---------------------------------------------------------------------------------


class Params(BaseModel):
    """Arguments of a call, in torch's order; sizes that follow from inputs are left out."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, defer_build=True, arbitrary_types_allowed=True
    )


class _SizeMark:
    """Marks the fields that a backend may replace by a `Dim` (see the module's doc)."""


SIZE = _SizeMark()

#: A number of channels, features or entries: at least 1.
Size = Annotated[int, Field(gt=0), SIZE]


def _dim(value: object) -> Dim:
    if isinstance(value, Dim) or (isinstance(value, int) and not isinstance(value, bool)):
        return Dim.of(value)
    raise ValueError("must be a size: an integer or a dim of an input")


#: A size that may be symbolic in a spec, as in `reshape(x, [B, T, D])`; -1 where torch allows it.
DimArg = Annotated[Dim, PlainValidator(_dim)]


def _pair(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def per_axis(n: int) -> BeforeValidator:
    """One number stands for all `n` axes."""

    def spread(value: object) -> object:
        if isinstance(value, list):
            value = tuple(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return (value,) * n
        return value

    return BeforeValidator(spread)


Positive = Annotated[int, Field(gt=0)]
NonNegative = Annotated[int, Field(ge=0)]
#: An integer for all spatial axes, or one per axis; kept as the tuple.
Positive1 = Annotated[tuple[Positive], per_axis(1)]
Positive2 = Annotated[tuple[Positive, Positive], per_axis(2)]
Positive3 = Annotated[tuple[Positive, Positive, Positive], per_axis(3)]
NonNegative1 = Annotated[tuple[NonNegative], per_axis(1)]
NonNegative2 = Annotated[tuple[NonNegative, NonNegative], per_axis(2)]
NonNegative3 = Annotated[tuple[NonNegative, NonNegative, NonNegative], per_axis(3)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Ints = Annotated[tuple[int, ...], BeforeValidator(_pair)]


# --- declarations ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Port:
    """A tensor input. `variadic` takes one or more tensors; `optional` may be left out.

    Of a tensor given as `sizes_only` no element is read.
    """

    name: str
    optional: bool = False
    variadic: bool = False
    sizes_only: bool = False


@dataclass(frozen=True, slots=True)
class Weight:
    """A parameter, or a buffer of the `state_dict`, under torch's own name."""

    name: str
    shape: tuple[Dim, ...]
    buffer: bool = False
    dtype: str = "float"

    @property
    def count(self) -> Dim:
        total = Dim.of(1)
        for dim in self.shape:
            total = total * dim
        return total


@dataclass(frozen=True, slots=True)
class Window:
    """Along one spatial axis: an element of the output sees `reach` neighbours of the input.

    From one element to the next it moves by `stride` of them, which is below 1 where the output is
    the larger one.
    """

    reach: int
    stride: Fraction = Fraction(1)


P = TypeVar("P", bound=Params)


class Declaration(ABC, Generic[P]):
    """What layers and functions have in common. The class's docstring is its documentation."""

    #: The name in specs; by default the class's.
    name: ClassVar[str]
    Params: ClassVar[type[Params]]
    ports: ClassVar[tuple[Port, ...]] = (Port("input"),)
    #: Arguments that are not worth a keyword, e.g. `permute(0, 2, 1)`: the field that takes all
    #: positional arguments as one tuple.
    variadic_argument: ClassVar[str | None] = None
    #: True where every element of the output is one of the first input, moved or repeated.
    moves_elements: ClassVar[bool] = False
    #: The axis that holds the channels, in the first input and in the output: 1 where they come
    #: before the spatial axes, -1 where they are last; None where it does not matter.
    channels: ClassVar[int | None] = None
    #: What it is called in running text, where that is not the words of its name, as `max pool` is.
    noun: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    def port(self, slot: int) -> Port:
        """What the tensor at `slot` of a call is given as."""
        return self.ports[min(slot, len(self.ports) - 1)]

    @abstractmethod
    def shape(self, p: P, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        """The types of the outputs; states obligations on `need`, raises `RuleError`."""

    def macs(self, p: P, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        """Multiply-adds of convolutions, linear maps, products and attention; 0 for all else."""
        return Dim.of(0)

    def windows(self, p: P) -> tuple[Window, ...]:
        """What is seen along each spatial axis, the last ones; empty where that is no window."""
        return ()


class LayerDecl(Declaration[P]):
    """A `torch.nn` module."""

    #: The constructor in the emitted module; by default `nn.` and the class's name.
    torch_name: ClassVar[str]
    #: Where that is imported from; None for torch's own, which are written `nn.Conv2d`.
    module: ClassVar[str | None] = None
    #: False where nothing is known of its multiply-adds: `macs` then gives 0.
    states_macs: ClassVar[bool] = True
    #: True where training and evaluation compute different things (dropout, batch norm).
    mode_dependent: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "torch_name" not in cls.__dict__:
            cls.torch_name = f"nn.{cls.name}"

    #: The constructor arguments that `inferred` gives.
    inferred_names: ClassVar[tuple[str, ...]] = ()

    def inferred(self, p: P, x: tuple[TensorType, ...]) -> Mapping[str, Dim | tuple[Dim, ...]]:
        """Constructor arguments that follow from the inputs, e.g. `{"in_channels": C}`."""
        return {}

    #: The constructor's parameters in torch's order, where that is not "inferred, then Params".
    torch_order: ClassVar[tuple[str, ...] | None] = None

    def defaults(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Arguments that the emitted call states though the author left them out."""
        return {}

    def weights(self, p: P, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        """Parameters and buffers in `state_dict` order, with torch's names and shapes."""
        return ()

    #: Where each output stands in what the module returns, if not side by side: `LSTM` returns
    #: `output, (h_n, c_n)`, which is `((0,), (1, 0), (1, 1))`.
    nesting: ClassVar[tuple[tuple[int, ...], ...]] = ()

    def outputs(self, p: P) -> tuple[str, ...]:
        """The names of the outputs where there are several: a spec reads `lstm.h_n`."""
        return ()

    def entries(self, p: P) -> Dim | None:
        """How many entries an integer input selects from: it must be less, and not negative."""
        return None

    def emit_call(self, p: P, callee: "py.Expr", tensors: "tuple[py.Expr, ...]") -> "py.Expr":
        """The call in `forward`."""
        return py.call(callee, *tensors)


class EmitCall(Protocol):
    """What a function's emission is given: everything as Python expressions."""

    #: One expression per given tensor, in port order (variadic ones in sequence).
    tensors: "tuple[py.Expr, ...]"
    #: Their types, for rules that depend on the rank.
    types: tuple[TensorType, ...]

    def given(self, argument: str) -> bool:
        """Whether the author wrote this argument."""

    def arg(self, argument: str) -> "py.Expr":
        """The argument as the author wrote it, or its default as a literal."""

    def size(self, dim: Dim) -> "py.Expr":
        """A size in `forward`: a literal, or read from the shape of a tensor at hand."""

    def device(self) -> "py.Expr":
        """The device on which tensors without an input are made."""


#: How a function brings several tensors together: as terms, as factors, side by side, or by choice.
Joining = Literal["sum", "product", "concat", "choice"]


class FunctionDecl(Declaration[P]):
    """A function of tensors, under torch's name, in lower case."""

    #: How it brings several tensors together, if that is what it does.
    joins: ClassVar[Joining | None] = None

    #: Whether the tensors are written as one tuple, which may hold a list of them: `(x, *rest)`.
    takes_lists: ClassVar[bool] = False
    #: The reduction that does the same to several tensors of one shape, stacked.
    over_stack: ClassVar[str | None] = None
    #: A function that the emitted module needs beside torch, or None.
    helper: "ClassVar[py.FunctionDef | None]" = None

    def elements(self, p: P) -> tuple[Dim, Dim] | None:
        """The smallest and the largest integer in the output, where the arguments tell."""
        return None

    @abstractmethod
    def emit(self, p: P, call: EmitCall) -> "py.Expr":
        """The expression that computes it in `forward`."""


def size_fields(params: type[Params]) -> frozenset[str]:
    """The fields annotated `Size`."""
    return frozenset(name for name, info in params.model_fields.items() if SIZE in info.metadata)


__all__ = [
    "ABSENT", "DTYPES", "Any", "Arg", "Axis", "Declaration", "DimArg", "EmitCall", "FunctionDecl",
    "Ints", "Joining", "LayerDecl", "Needs", "NonNegative", "NonNegative1", "NonNegative2",
    "NonNegative3", "Obligation", "Params", "Place", "Port", "Positive", "Positive1", "Positive2",
    "Positive3", "Probability", "RuleError", "Size", "TensorType", "Weight", "Window", "dtype_kind",
    "per_axis", "size_fields",
]  # fmt: skip
