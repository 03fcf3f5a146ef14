"""Functions that lay elements out differently: `flatten`, `reshape`, `permute`, `expand`."""

from archspec import pycode as py
from archspec.dims import Dim, DimError
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
    Axes,
    Dims,
    NoArgs,
    axes_of,
    axis_of,
    cancelled,
    count,
    method,
    positionals,
    product,
    quotient,
    shape_text,
    spread,
)


class FlattenArgs(Params):
    start_dim: int = 0
    end_dim: int = -1


class Flatten(FunctionDecl[FlattenArgs]):
    """The axes `start_dim` to `end_dim` as one: [B, C, H, W] -> [B, C * H * W] with 1."""

    name = "flatten"
    moves_elements = True
    Params = FlattenArgs

    def shape(
        self, p: FlattenArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        start = axis_of(p.start_dim, x[0].rank, "start_dim")
        end = axis_of(p.end_dim, x[0].rank, "end_dim")
        if start > end:
            raise RuleError(
                "A0503",
                f"`flatten` starts at axis {start}, after its end at axis {end}",
                Arg("start_dim"),
            )
        dims = x[0].shape
        shape = (*dims[:start], product(dims[start : end + 1]), *dims[end + 1 :])
        return (TensorType(shape, x[0].dtype),)

    def emit(self, p: FlattenArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "flatten", positionals(p, call, "start_dim", "end_dim"))


def with_wildcard(
    sizes: tuple[Dim, ...], have: tuple[Dim, ...], what: str, argument: str, need: Needs
) -> tuple[Dim, ...]:
    """`sizes` with the one -1 worked out from the elements of `have`.

    States that the elements fit; raises A0106 on more than one -1 or another number below 1, A0407
    where the missing size is no whole expression.
    """
    holes = [i for i, size in enumerate(sizes) if size.const == -1]
    if len(holes) > 1:
        raise RuleError("A0106", f"`{what}` takes one -1 at most", Arg(argument))
    for size in sizes:
        if size.const is not None and size.const < 1 and size.const != -1:
            raise RuleError("A0106", f"`{what}` cannot make a size of {size}", Arg(argument))
    given = tuple(size for size in sizes if size.const != -1)
    left, right = cancelled(have, given)
    headline = f"{shape_text(have)} has {product(have)} elements, {shape_text(sizes)}"
    if not holes:
        message = f"{headline} has {product(given)}"
        help = _as_many(sizes, left, right)
        need.equal(left, right, "A0407", message, Axis(0), Arg(argument), help=help)
        return sizes
    missing = quotient(
        left,
        right,
        need,
        "A0407",
        f"{headline} needs a multiple of {product(given)}",
        Axis(0),
        Arg(argument),
    )
    return tuple(missing if size.const == -1 else size for size in sizes)


def _as_many(sizes: tuple[Dim, ...], left: Dim, right: Dim) -> tuple[str, ...]:
    """A hint at the shape with one number changed so that its elements `right` become `left`."""
    for axis in reversed(range(len(sizes))):
        size = sizes[axis].const
        if size is None or left is right or right % size is not Dim.of(0):
            continue
        try:
            fitting = left // (right // size)
        except DimError:
            continue
        if fitting.const is not None and (right // size) * fitting is left and fitting.const > 0:
            shape = (*sizes[:axis], fitting, *sizes[axis + 1 :])
            return (f"{shape_text(shape)} has as many",)
    return ()


class ReshapeArgs(Params):
    """The new sizes, one of which may be -1."""

    shape: Dims


class Reshape(FunctionDecl[ReshapeArgs]):
    """The same elements in another shape, one size of which may be -1: [...] -> [*shape]."""

    name = "reshape"
    moves_elements = True
    Params = ReshapeArgs
    variadic_argument = "shape"

    def shape(
        self, p: ReshapeArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        shape = with_wildcard(p.shape, x[0].shape, self.name, "shape", need)
        return (TensorType(shape, x[0].dtype),)

    def emit(self, p: ReshapeArgs, call: EmitCall) -> "py.Expr":
        sizes = spread(call.arg("shape")) if p.shape else (py.Tuple(()),)
        # `view` is emitted as `reshape` too: it never fails on how the elements lie in memory
        return method(call.tensors[0], "reshape", sizes)


class View(Reshape):
    """The same as `reshape`: [...] -> [*shape]."""

    name = "view"


class UnflattenArgs(Params):
    dim: int
    sizes: Dims


class Unflatten(FunctionDecl[UnflattenArgs]):
    """One axis as several, one size of which may be -1: [..., a * b, ...] -> [..., a, b, ...]."""

    name = "unflatten"
    moves_elements = True
    Params = UnflattenArgs

    def shape(
        self, p: UnflattenArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axis = axis_of(p.dim, x[0].rank)
        if not p.sizes:
            raise RuleError("A0106", "`unflatten` needs a size or more", Arg("sizes"))
        dims = x[0].shape
        sizes = with_wildcard(p.sizes, (dims[axis],), self.name, "sizes", need)
        return (TensorType((*dims[:axis], *sizes, *dims[axis + 1 :]), x[0].dtype),)

    def emit(self, p: UnflattenArgs, call: EmitCall) -> "py.Expr":
        sizes = py.Tuple(spread(call.arg("sizes")))
        return method(call.tensors[0], "unflatten", (call.arg("dim"), sizes))


class PermuteArgs(Params):
    """The axes in their new order."""

    dims: Axes


class Permute(FunctionDecl[PermuteArgs]):
    """The axes in another order: [A, B, C] -> [C, A, B] with `dims` (2, 0, 1)."""

    name = "permute"
    moves_elements = True
    Params = PermuteArgs
    variadic_argument = "dims"

    def shape(
        self, p: PermuteArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        if len(p.dims) != x[0].rank:
            raise RuleError(
                "A0404",
                f"`permute` orders {count(len(p.dims), 'axis' if len(p.dims) == 1 else 'axe')},"
                f" but {x[0]} has {x[0].rank}",
                Axis(0),
                Arg("dims"),
            )
        axes = axes_of(p.dims, x[0].rank, "dims")
        return (TensorType(tuple(x[0].shape[axis] for axis in axes), x[0].dtype),)

    def emit(self, p: PermuteArgs, call: EmitCall) -> "py.Expr":
        axes = spread(call.arg("dims")) if p.dims else (py.Tuple(()),)
        return method(call.tensors[0], "permute", axes)


class TransposeArgs(Params):
    dim0: int
    dim1: int


class Transpose(FunctionDecl[TransposeArgs]):
    """Two axes exchanged: [A, B, C] -> [A, C, B] with 1, 2."""

    name = "transpose"
    moves_elements = True
    Params = TransposeArgs

    def shape(
        self, p: TransposeArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        a = axis_of(p.dim0, x[0].rank, "dim0")
        b = axis_of(p.dim1, x[0].rank, "dim1")
        dims = list(x[0].shape)
        dims[a], dims[b] = dims[b], dims[a]
        return (TensorType(tuple(dims), x[0].dtype),)

    def emit(self, p: TransposeArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "transpose", (call.arg("dim0"), call.arg("dim1")))


class SqueezeArgs(Params):
    """torch squeezes every axis of size 1 without `dim`; here the axes are always named."""

    dim: Axes


class Squeeze(FunctionDecl[SqueezeArgs]):
    """Without the axes `dim`, whose sizes must be 1: [A, 1, B] -> [A, B]."""

    name = "squeeze"
    moves_elements = True
    Params = SqueezeArgs

    def shape(
        self, p: SqueezeArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axes = axes_of(p.dim, x[0].rank)
        for axis in axes:
            size = x[0].shape[axis]
            need.equal(
                size,
                1,
                "A0401",
                f"axis {axis} of {x[0]} cannot be squeezed: its size is {size}, not 1",
                Axis(0, axis),
                Arg("dim"),
            )
        rest = tuple(size for i, size in enumerate(x[0].shape) if i not in axes)
        return (TensorType(rest, x[0].dtype),)

    def emit(self, p: SqueezeArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "squeeze", (call.arg("dim"),))


class UnsqueezeArgs(Params):
    dim: int


class Unsqueeze(FunctionDecl[UnsqueezeArgs]):
    """With a new axis of size 1 at `dim`: [A, B] -> [A, 1, B] with 1."""

    name = "unsqueeze"
    moves_elements = True
    Params = UnsqueezeArgs

    def shape(
        self, p: UnsqueezeArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axis = axis_of(p.dim, x[0].rank + 1)
        shape = (*x[0].shape[:axis], Dim.of(1), *x[0].shape[axis:])
        return (TensorType(shape, x[0].dtype),)

    def emit(self, p: UnsqueezeArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "unsqueeze", (call.arg("dim"),))


def expanded(
    x: TensorType, target: tuple[Dim, ...], what: str, need: Needs, *at: Arg | Axis
) -> TensorType:
    """`x` with its literal sizes of 1 repeated to `target`; every other size must be equal."""
    lead = len(target) - x.rank
    if lead < 0:
        raise RuleError(
            "A0404",
            f"`{what}` cannot shorten {x} to {count(len(target), 'dimension')}",
            Axis(0),
            *at,
        )
    for axis, (have, wanted) in enumerate(zip(x.shape, target[lead:], strict=True)):
        if have.const != 1:
            need.equal(
                have,
                wanted,
                "A0401",
                f"cannot expand {x} to {shape_text(target)}: axis {axis} is {have}, not {wanted}",
                Axis(0, axis),
                *at,
            )
    return TensorType(target, x.dtype)


class ExpandArgs(Params):
    """The new sizes; -1 keeps the one there is."""

    size: Dims


class Expand(FunctionDecl[ExpandArgs]):
    """Axes of size 1 repeated; -1 keeps a size: [1, 1, D] -> [B, 1, D] with B, -1, -1."""

    name = "expand"
    moves_elements = True
    Params = ExpandArgs
    variadic_argument = "size"

    def shape(
        self, p: ExpandArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        lead = len(p.size) - x[0].rank
        target: list[Dim] = []
        for i, size in enumerate(p.size):
            if size.const is not None and size.const < 1 and (size.const != -1 or i < lead):
                raise RuleError(
                    "A0106", f"`expand` cannot make a new axis of size {size}", Arg("size")
                )
            target.append(x[0].shape[i - lead] if size.const == -1 and lead >= 0 else size)
        return (expanded(x[0], tuple(target), self.name, need, Arg("size")),)

    def emit(self, p: ExpandArgs, call: EmitCall) -> "py.Expr":
        sizes = spread(call.arg("size")) if p.size else (py.Tuple(()),)
        return method(call.tensors[0], "expand", sizes)


class ExpandAs(FunctionDecl[NoArgs]):
    """Expanded to the shape of `other`: [1, 1, D], [B, T, D] -> [B, T, D]."""

    name = "expand_as"
    moves_elements = True
    Params = NoArgs
    ports = (Port("input"), Port("other"))

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        return (expanded(x[0], x[1].shape, self.name, need, Axis(1)),)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "expand_as", (call.tensors[1],))


class RepeatArgs(Params):
    """How often each axis is repeated; more numbers than axes make new ones in front."""

    repeats: Dims


class Repeat(FunctionDecl[RepeatArgs]):
    """Whole copies along each axis: [A, B] -> [2 * A, 3 * B] with 2, 3."""

    name = "repeat"
    moves_elements = True
    Params = RepeatArgs
    variadic_argument = "repeats"

    def shape(
        self, p: RepeatArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        lead = len(p.repeats) - x[0].rank
        if lead < 0:
            raise RuleError(
                "A0404",
                f"`repeat` needs a number for each axis of {x[0]}, not {len(p.repeats)}",
                Axis(0),
                Arg("repeats"),
            )
        for times in p.repeats:
            need.at_least(times, 1, "A0106", f"cannot repeat {times} times", Arg("repeats"))
        ones = (Dim.of(1),) * lead
        sizes = zip(p.repeats, (*ones, *x[0].shape), strict=True)
        return (TensorType(tuple(times * size for times, size in sizes), x[0].dtype),)

    def emit(self, p: RepeatArgs, call: EmitCall) -> "py.Expr":
        times = spread(call.arg("repeats")) if p.repeats else (py.Tuple(()),)
        return method(call.tensors[0], "repeat", times)


class RepeatInterleaveArgs(Params):
    repeats: int
    dim: int


class RepeatInterleave(FunctionDecl[RepeatInterleaveArgs]):
    """Each slice along `dim` several times in a row: [..., S] -> [..., repeats * S]."""

    name = "repeat_interleave"
    moves_elements = True
    Params = RepeatInterleaveArgs

    def shape(
        self, p: RepeatInterleaveArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axis = axis_of(p.dim, x[0].rank)
        if p.repeats < 1:
            raise RuleError("A0106", f"cannot repeat {p.repeats} times", Arg("repeats"))
        return (x[0].with_axis(axis, x[0].shape[axis] * p.repeats),)

    def emit(self, p: RepeatInterleaveArgs, call: EmitCall) -> "py.Expr":
        arguments = (call.arg("repeats"),)
        return method(call.tensors[0], "repeat_interleave", arguments, (("dim", call.arg("dim")),))
