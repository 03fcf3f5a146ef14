"""Functions that join tensors or take them apart: `concat`, `stack`, `chunk`, `split`, `unbind`."""

from typing import Annotated

from pydantic import BeforeValidator

from archspec import pycode as py
from archspec.dims import Dim, DimError
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
    axis_of,
    common_dtype,
    count,
    divisor_help,
    function,
    keywords,
    method,
    need_rank,
)

#: More tensors than that are made by no model, but by a mistake.
MAX_PARTS = 10_000


def _limit(parts: int, place: Arg | Axis) -> None:
    if parts > MAX_PARTS:
        raise RuleError("A0203", f"more than {MAX_PARTS:,} parts are too many", place)


class ConcatArgs(Params):
    dim: int = 1


class Concat(FunctionDecl[ConcatArgs]):
    """The tensors one after the other along `dim`, by default the channels: [B, C, ...], … -> [B, C + …, ...]."""  # noqa: E501

    name = "concat"
    joins = "concat"
    takes_lists = True
    Params = ConcatArgs
    ports = (Port("tensors", variadic=True),)

    def shape(
        self, p: ConcatArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        first = x[0]
        dtype = common_dtype(self.name, x)
        same_ranks("concatenate", x)
        axis = axis_of(p.dim, first.rank)
        total = first.shape[axis]
        for port, other in enumerate(x[1:], start=1):
            for i, (a, b) in enumerate(zip(first.shape, other.shape, strict=True)):
                if i != axis:
                    need.equal(
                        a,
                        b,
                        "A0401",
                        f"cannot concatenate {first} and {other} along axis {axis}:"
                        f" {a} and {b} differ on axis {i}",
                        Axis(0, i),
                        Axis(port, i),
                    )
            total = total + other.shape[axis]
        return (TensorType(first.with_axis(axis, total).shape, dtype),)

    def emit(self, p: ConcatArgs, call: EmitCall) -> "py.Expr":
        # torch's own default is 0, so the axis is always written
        return function("torch.cat", (py.Tuple(call.tensors),), (("dim", call.arg("dim")),))


def same_ranks(verb: str, x: tuple[TensorType, ...]) -> None:
    """Raises A0404 unless all tensors have one number of dimensions."""
    for port, other in enumerate(x[1:], start=1):
        if other.rank != x[0].rank:
            raise RuleError(
                "A0404",
                f"cannot {verb} {x[0]} and {other}: {count(x[0].rank, 'dimension')}"
                f" and {other.rank}",
                Axis(0),
                Axis(port),
            )


class StackArgs(Params):
    dim: int = 0


class Stack(FunctionDecl[StackArgs]):
    """The tensors side by side along a new axis `dim`: [...], … -> [n, ...]."""

    name = "stack"
    joins = "concat"
    takes_lists = True
    Params = StackArgs
    ports = (Port("tensors", variadic=True),)

    def shape(self, p: StackArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        first = x[0]
        dtype = common_dtype(self.name, x)
        same_ranks("stack", x)
        axis = axis_of(p.dim, first.rank + 1)
        for port, other in enumerate(x[1:], start=1):
            for i, (a, b) in enumerate(zip(first.shape, other.shape, strict=True)):
                need.equal(
                    a,
                    b,
                    "A0401",
                    f"cannot stack {first} and {other}: {a} and {b} differ on axis {i}",
                    Axis(0, i),
                    Axis(port, i),
                )
        shape = (*first.shape[:axis], Dim.of(len(x)), *first.shape[axis:])
        return (TensorType(shape, dtype),)

    def emit(self, p: StackArgs, call: EmitCall) -> "py.Expr":
        return function("torch.stack", (py.Tuple(call.tensors),), keywords(p, call, "dim"))


class ChunkArgs(Params):
    chunks: Positive
    dim: int = 0


class Chunk(FunctionDecl[ChunkArgs]):
    """`chunks` equal parts along `dim`: [n * S, ...] -> [S, ...], …."""

    name = "chunk"
    Params = ChunkArgs

    def shape(self, p: ChunkArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        axis = axis_of(p.dim, x[0].rank)
        size = x[0].shape[axis]
        parts = Dim.of(p.chunks)
        need.divisible(
            size,
            parts,
            "A0501",
            f"axis {axis} of {x[0]} is not divisible into {count(p.chunks, 'equal chunk')}",
            Arg("chunks"),
            Axis(0, axis),
            help=("parts of different sizes: `split([a, b, …])`", *divisor_help(size, parts)),
        )
        _limit(p.chunks, Arg("chunks"))
        return (x[0].with_axis(axis, size // parts),) * p.chunks

    def emit(self, p: ChunkArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "chunk", (call.arg("chunks"),), keywords(p, call, "dim"))


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class SplitArgs(Params):
    """One size for all parts (the last may be smaller), or the size of each part."""

    split_size_or_sections: Annotated[
        DimArg | Annotated[tuple[DimArg, ...], BeforeValidator(_tuple)], BeforeValidator(_tuple)
    ]
    dim: int = 0


class Split(FunctionDecl[SplitArgs]):
    """Parts of the given sizes along `dim`: [a + b, ...] -> [a, ...], [b, ...]."""

    name = "split"
    Params = SplitArgs

    def shape(self, p: SplitArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        axis = axis_of(p.dim, x[0].rank)
        size = x[0].shape[axis]
        match p.split_size_or_sections:
            case tuple() as sections:
                self._check_sections(sections, size, axis, x[0], need)
            case each:
                sections = self._equal_sections(each, size, need)
        return tuple(x[0].with_axis(axis, section) for section in sections)

    def _check_sections(
        self, sections: tuple[Dim, ...], size: Dim, axis: int, x: TensorType, need: Needs
    ) -> None:
        if not sections:
            raise RuleError("A0106", "`split` needs a size or more", Arg("split_size_or_sections"))
        for section in sections:
            need.at_least(
                section,
                1,
                "A0503",
                f"a part of size {section} would be empty",
                Arg("split_size_or_sections"),
            )
        total = sum(sections, Dim.of(0))
        need.equal(
            total,
            size,
            "A0401",
            f"the parts make {total}, but axis {axis} of {x} is {size}",
            Arg("split_size_or_sections"),
            Axis(0, axis),
        )

    def _equal_sections(self, each: Dim, size: Dim, need: Needs) -> tuple[Dim, ...]:
        """As many parts as the size has; how many must be known at compile time."""
        need.at_least(
            each, 1, "A0106", "the size of a part must be at least 1", Arg("split_size_or_sections")
        )
        if each.const is not None and each.const < 1:
            return (size,)
        if size.const is not None and each.const is not None:
            full, rest = divmod(size.const, each.const)
            _limit(full, Arg("split_size_or_sections"))
            return (each,) * full + ((Dim.of(rest),) if rest else ())
        try:
            parts = (size // each).const
        except DimError:
            parts = None
        if parts is None or parts < 1:
            raise RuleError(
                "A0204",
                f"`split` would give a number of parts that varies: {size} // {each}",
                Arg("split_size_or_sections"),
                help=("give the size of each part: `split([a, b, …])`",),
            )
        need.equal(
            each * parts,
            size,
            "A0501",
            f"{size} is not divisible into parts of {each}",
            Arg("split_size_or_sections"),
        )
        _limit(parts, Arg("split_size_or_sections"))
        return (each,) * parts

    def emit(self, p: SplitArgs, call: EmitCall) -> "py.Expr":
        sizes = call.arg("split_size_or_sections")
        return method(call.tensors[0], "split", (sizes,), keywords(p, call, "dim"))


class UnbindArgs(Params):
    dim: int = 0


class Unbind(FunctionDecl[UnbindArgs]):
    """The slices along `dim`, without that axis: [n, ...] -> n times [...]."""

    name = "unbind"
    Params = UnbindArgs

    def shape(
        self, p: UnbindArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axis = axis_of(p.dim, x[0].rank)
        n = x[0].shape[axis].const
        if n is None:
            raise RuleError(
                "A0204",
                f"`unbind` needs a size known at compile time: axis {axis} of {x[0]} is left open",
                Axis(0, axis),
                Arg("dim"),
            )
        rest = TensorType(x[0].shape[:axis] + x[0].shape[axis + 1 :], x[0].dtype)
        _limit(n, Axis(0, axis))
        return (rest,) * n

    def emit(self, p: UnbindArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "unbind", keywords_as_args(p, call))


def keywords_as_args(p: UnbindArgs, call: EmitCall) -> "tuple[py.Expr, ...]":
    return tuple(value for _, value in keywords(p, call, "dim"))


class UnfoldArgs(Params):
    dimension: int
    size: Positive
    step: Positive


class Unfold(FunctionDecl[UnfoldArgs]):
    """All windows of `size` along an axis, `step` apart, as a new last axis: [..., S, ...] -> [..., n, ..., size]."""  # noqa: E501

    name = "unfold"
    Params = UnfoldArgs

    def shape(
        self, p: UnfoldArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axis = axis_of(p.dimension, x[0].rank, "dimension")
        length = x[0].shape[axis]
        need.at_least(
            length,
            p.size,
            "A0502",
            f"the window of {p.size} is larger than axis {axis} of {x[0]}",
            Arg("size"),
            Axis(0, axis),
        )
        windows = (length - p.size) // p.step + 1
        shape = (*x[0].with_axis(axis, windows).shape, Dim.of(p.size))
        return (TensorType(shape, x[0].dtype),)

    def emit(self, p: UnfoldArgs, call: EmitCall) -> "py.Expr":
        arguments = (call.arg("dimension"), call.arg("size"), call.arg("step"))
        return method(call.tensors[0], "unfold", arguments)


class PixelShuffleArgs(Params):
    upscale_factor: Positive


class PixelShuffle(FunctionDecl[PixelShuffleArgs]):
    """Channels laid out as finer pixels: [B, C * r * r, H, W] -> [B, C, H * r, W * r]."""

    name = "pixel_shuffle"
    Params = PixelShuffleArgs

    def shape(
        self, p: PixelShuffleArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_rank(self.name, x[0], 3, None)
        r = p.upscale_factor
        *batch, c, h, w = x[0].shape
        need.divisible(
            c,
            r * r,
            "A0501",
            f"{c} channels are not divisible by {r * r}, the square of the factor {r}",
            Arg("upscale_factor"),
            Axis(0, x[0].rank - 3),
        )
        return (TensorType((*batch, c // (r * r), h * r, w * r), x[0].dtype),)

    def emit(self, p: PixelShuffleArgs, call: EmitCall) -> "py.Expr":
        return function("F.pixel_shuffle", (*call.tensors, call.arg("upscale_factor")))


class PixelUnshuffleArgs(Params):
    downscale_factor: Positive


class PixelUnshuffle(FunctionDecl[PixelUnshuffleArgs]):
    """Pixels laid out as channels: [B, C, H * r, W * r] -> [B, C * r * r, H, W]."""

    name = "pixel_unshuffle"
    Params = PixelUnshuffleArgs

    def shape(
        self, p: PixelUnshuffleArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_rank(self.name, x[0], 3, None)
        r = p.downscale_factor
        *batch, c, h, w = x[0].shape
        for back, size in ((2, h), (1, w)):
            need.divisible(
                size,
                r,
                "A0501",
                f"the size {size} is not divisible by the factor {r}",
                Arg("downscale_factor"),
                Axis(0, x[0].rank - back),
                help=divisor_help(size, Dim.of(r)),
            )
        return (TensorType((*batch, c * r * r, h // r, w // r), x[0].dtype),)

    def emit(self, p: PixelUnshuffleArgs, call: EmitCall) -> "py.Expr":
        return function("F.pixel_unshuffle", (*call.tensors, call.arg("downscale_factor")))
