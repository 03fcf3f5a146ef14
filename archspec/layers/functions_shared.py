"""What the tensor functions have in common: axes, broadcasting, dtypes, and pieces of emission."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainValidator

from archspec import pycode as py
from archspec.dims import Dim, DimError
from archspec.layers.base import (
    DTYPES,
    Arg,
    Axis,
    DimArg,
    EmitCall,
    Kind,
    Needs,
    Params,
    Place,
    RuleError,
    TensorType,
)

# --- arguments ---------------------------------------------------------------------------------


class NoArgs(Params):
    """A function without arguments beside its tensors."""


def one_tuple(value: object) -> object:
    """`5`, `[1, 2]`, `(1, 2)` and the varargs form `([1, 2],)` as one flat tuple."""
    if isinstance(value, list | tuple):
        if len(value) == 1 and isinstance(value[0], list | tuple):
            return tuple(value[0])
        return tuple(value)
    if isinstance(value, Dim) or (isinstance(value, int) and not isinstance(value, bool)):
        return (value,)
    return value


def _number(value: object) -> "int | float | Dim":
    if isinstance(value, bool) or not isinstance(value, int | float | Dim):
        raise ValueError("must be a number")
    return value


#: Sizes, in any of the forms `one_tuple` takes.
Dims = Annotated[tuple[DimArg, ...], BeforeValidator(one_tuple)]
#: Axes, in any of the forms `one_tuple` takes.
Axes = Annotated[tuple[int, ...], BeforeValidator(one_tuple)]
#: A number, or a size used as one.
Number = Annotated[int | float | Dim, PlainValidator(_number)]


def _dtype(value: str) -> str:
    if value not in DTYPES:
        raise ValueError(f"must be a dtype: one of {', '.join(DTYPES)}")
    return value


#: The name of a dtype, e.g. "float16".
Dtype = Annotated[str, AfterValidator(_dtype)]


def is_whole(value: int | float | Dim) -> bool:
    return not isinstance(value, float)


# --- axes and sizes ----------------------------------------------------------------------------


def axis_of(value: int, rank: int, argument: str = "dim") -> int:
    """The axis counted from 0; raises A0503 where a tensor of `rank` dimensions lacks it."""
    if not -rank <= value < rank:
        raise RuleError(
            "A0503",
            f"axis {value} does not exist: the tensor has {count(rank, 'dimension')}",
            Arg(argument),
            help=(f"axes run from {-rank} to {rank - 1}",) if rank else (),
        )
    return value % rank


def axes_of(values: Iterable[int], rank: int, argument: str = "dim") -> tuple[int, ...]:
    """The axes counted from 0; raises A0503 on one out of range or given twice."""
    found: list[int] = []
    for value in values:
        axis = axis_of(value, rank, argument)
        if axis in found:
            raise RuleError("A0503", f"axis {value} is given twice", Arg(argument))
        found.append(axis)
    return tuple(found)


def product(dims: Iterable[Dim]) -> Dim:
    total = Dim.of(1)
    for dim in dims:
        total = total * dim
    return total


def cancelled(left: Iterable[Dim], right: Iterable[Dim]) -> tuple[Dim, Dim]:
    """The products of both sides after the removal of sizes that stand on both."""
    rest = list(right)
    kept = []
    for dim in left:
        if dim in rest:
            rest.remove(dim)
        else:
            kept.append(dim)
    return product(kept), product(rest)


def count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def need_rank(name: str, x: TensorType, at_least: int, at_most: int | None, port: int = 0) -> None:
    """Raises A0404 unless `at_least <= x.rank <= at_most`."""
    if x.rank >= at_least and (at_most is None or x.rank <= at_most):
        return
    if at_most is None:
        wanted = f"at least {count(at_least, 'dimension')}"
    elif at_least == at_most:
        wanted = count(at_least, "dimension")
    else:
        wanted = f"{at_least} to {at_most} dimensions"
    raise RuleError("A0404", f"`{name}` needs {wanted}, not {x.rank}: {x}", Axis(port))


def divisors(n: int) -> tuple[int, ...]:
    """All divisors, ascending. Only for messages: linear in the square root of `n`."""
    small = [d for d in range(1, int(n**0.5) + 1) if n % d == 0]
    return (*small, *(n // d for d in reversed(small) if d * d != n))


def divisor_help(size: Dim, by: Dim) -> tuple[str, ...]:
    """Which numbers would do, where `size` is a number that `by` does not divide."""
    n, d = size.const, by.const
    if n is None or d is None or n < 1 or n > 10**6 or (d > 0 and n % d == 0):
        return ()
    return (f"numbers that divide {n}: {' '.join(map(str, divisors(n)))}",)


def quotient(whole: Dim, part: Dim, need: Needs, code: str, message: str, *at: Place) -> Dim:
    """`whole / part`, with the obligation that it is exact.

    Raises `RuleError(code, …)` where `part` is symbolic and no polynomial divisor of `whole`.
    """
    if part.const is not None:
        need.divisible(whole, part, code, message, *at, help=divisor_help(whole, part))
        return whole // part
    try:
        return whole // part
    except DimError:
        raise RuleError(
            code, message, *at, notes=(f"{whole} / {part} is not whole for every size",)
        ) from None


# --- broadcasting ------------------------------------------------------------------------------


def broadcast_shapes(
    a: tuple[Dim, ...], b: tuple[Dim, ...], need: Needs, what: str, ports: tuple[int, int] = (0, 1)
) -> tuple[Dim, ...]:
    """The common shape: leading dims that one side lacks, and literal 1s, are broadcast.

    A symbolic size never broadcasts, though it may be 1: it must equal the other side's. Nor do
    both sides where one open size would stand twice in the result, as [B] beside [B, 1].
    `what` begins the headline, as in "cannot add".
    """
    _refuse_pairing(a, b, what, ports)
    rank = max(len(a), len(b))
    out: list[Dim] = []
    for back in range(rank, 0, -1):
        if back > len(a):
            out.append(b[-back])
        elif back > len(b):
            out.append(a[-back])
        else:
            left, right = a[-back], b[-back]
            if left.const == 1:
                out.append(right)
            elif right.const == 1:
                out.append(left)
            else:
                need.equal(
                    left,
                    right,
                    "A0401",
                    f"{what} {shape_text(a)} and {shape_text(b)}: {left} and {right} differ",
                    Axis(ports[0], len(a) - back),
                    Axis(ports[1], len(b) - back),
                )
                out.append(left)
    return tuple(out)


def _refuse_pairing(
    a: tuple[Dim, ...], b: tuple[Dim, ...], what: str, ports: tuple[int, int]
) -> None:
    """Raises A0406 where the shorter shape lacks an axis, and has its size beside a literal 1.

    So a prediction [B, 1] meets a target [B]: torch pairs each with each, [B, B].
    """
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    lacking = len(longer) - len(shorter)
    stretched = longer[:lacking] + tuple(
        small if large.const == 1 else large
        for large, small in zip(longer[lacking:], shorter, strict=True)
    )
    for axis, dim in enumerate(shorter):
        beside = lacking + axis
        if dim.const is None and longer[beside].const == 1 and dim in longer[:lacking]:
            raise RuleError(
                "A0406",
                f"{what} {shape_text(a)} and {shape_text(b)}: torch would stretch both, "
                f"to {shape_text(stretched)}",
                Axis(ports[0]),
                Axis(ports[1]),
                help=(
                    f"to pair equal places, `squeeze` {shape_text(longer)} or `unsqueeze` "
                    f"{shape_text(shorter)} to the same number of dimensions",
                    "to pair each with each, write the missing axis: `unsqueeze(0)`",
                ),
            )


def shape_text(dims: Iterable[Dim]) -> str:
    return f"[{', '.join(map(str, dims))}]"


# --- dtypes ------------------------------------------------------------------------------------

_WIDTHS = {"float": "float32", "int": "int64"}


def need_kind(name: str, x: TensorType, *kinds: Kind, port: int = 0) -> None:
    """Raises A0701 unless the dtype is one of `kinds`."""
    if x.kind not in kinds:
        raise RuleError(
            "A0701",
            f"`{name}` needs {' or '.join(kinds)} tensors, not {x.dtype}",
            Axis(port),
            help=(f'cast it first: `to(_, "{kinds[0]}")`',),
        )


def common_dtype(name: str, x: Iterable[TensorType]) -> str:
    """The one dtype of all tensors; raises A0701 where torch would promote or refuse."""
    first, *rest = x
    dtype = first.dtype
    for port, other in enumerate(rest, start=1):
        if _WIDTHS.get(dtype, dtype) != _WIDTHS.get(other.dtype, other.dtype):
            raise RuleError(
                "A0701",
                f"`{name}` takes tensors of one dtype, not {first.dtype} and {other.dtype}",
                Axis(0),
                Axis(port),
                help=(f'cast one of them: `to(_, "{first.dtype}")`',),
            )
        if other.dtype in _WIDTHS:
            dtype = other.dtype
    return dtype


def as_float(dtype: str, kind: Kind) -> str:
    """The dtype after an operation that turns ints and bools into floats."""
    return "float" if kind in ("int", "bool") else dtype


# --- emission ----------------------------------------------------------------------------------


def is_literal(expr: "py.Expr") -> bool:
    """Whether the expression is a constant of the source, not a size or attribute of the model."""
    match expr:
        case py.Constant():
            return True
        case py.Unary(_, operand):
            return is_literal(operand)
        case py.Tuple(items) | py.List(items):
            return all(is_literal(item) for item in items)
        case _:
            return False


def at_default(p: Params, call: EmitCall, argument: str) -> bool:
    """Whether the argument need not be written, as torch's default is the same."""
    if not call.given(argument):
        return True
    default = type(p).model_fields[argument].default
    return bool(getattr(p, argument) == default) and is_literal(call.arg(argument))


def keywords(p: Params, call: EmitCall, *arguments: str) -> "tuple[tuple[str, py.Expr], ...]":
    """`name=value` of each argument that is not at its default."""
    return tuple((name, call.arg(name)) for name in arguments if not at_default(p, call, name))


def positionals(p: Params, call: EmitCall, *arguments: str) -> "tuple[py.Expr, ...]":
    """The arguments by position, without those at their default at the end."""
    last = max(
        (i for i, name in enumerate(arguments, 1) if not at_default(p, call, name)), default=0
    )
    return tuple(call.arg(name) for name in arguments[:last])


def spread(expr: "py.Expr") -> "tuple[py.Expr, ...]":
    """The arguments of a torch method that takes varargs or one sequence."""
    match expr:
        case py.Tuple((py.Tuple() | py.List() as inner,)) | py.List(
            (py.Tuple() | py.List() as inner,)
        ):
            return inner.items
        case py.Tuple(items) | py.List(items):
            return items
        case _:
            return (expr,)


def method(
    receiver: "py.Expr",
    name: str,
    args: "Iterable[py.Expr]" = (),
    kw: "Iterable[tuple[str, py.Expr]]" = (),
) -> "py.Expr":
    """`receiver.name(*args, **kw)`."""
    return py.Call(py.Attr(receiver, name), tuple(args), tuple(kw))


def dtype_expr(dtype: str) -> "py.Expr":
    """`torch.float16`; `float` and `int` are torch's `float32` and `int64`."""
    return py.dotted(f"torch.{_WIDTHS.get(dtype, dtype)}")


def function(
    path: str, args: "Iterable[py.Expr]", kw: "Iterable[tuple[str, py.Expr]]" = ()
) -> "py.Expr":
    """`path(*args, **kw)`, e.g. with `F.relu`."""
    return py.Call(py.dotted(path), tuple(args), tuple(kw))
