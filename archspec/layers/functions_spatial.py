"""Functions of the spatial axes: `interpolate`, `pad`, `crop`, `pad_to`."""

from fractions import Fraction
from math import floor
from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field

from archspec import pycode as py
from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    DimArg,
    EmitCall,
    FunctionDecl,
    Needs,
    Params,
    Port,
    RuleError,
    TensorType,
)
from archspec.layers.functions_join import same_ranks
from archspec.layers.functions_shared import (
    Dims,
    NoArgs,
    count,
    function,
    keywords,
    need_kind,
    need_rank,
)

T = TypeVar("T", Dim, float)


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


_Scale = Annotated[float, Field(gt=0.0)]
#: Modes by the number of spatial axes they work on.
_MODES = {
    "nearest": (1, 2, 3), "nearest-exact": (1, 2, 3), "area": (1, 2, 3),
    "linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,),
}  # fmt: skip
_ALIGNING = ("linear", "bilinear", "bicubic", "trilinear")


class InterpolateArgs(Params):
    """`size` or `scale_factor`: one number for all spatial axes, or one per axis."""

    size: Annotated[
        DimArg | Annotated[tuple[DimArg, ...], BeforeValidator(_tuple)] | None,
        BeforeValidator(_tuple),
    ] = None
    scale_factor: Annotated[_Scale | tuple[_Scale, ...] | None, BeforeValidator(_tuple)] = None
    mode: Literal[
        "nearest", "nearest-exact", "area", "linear", "bilinear", "bicubic", "trilinear"
    ] = "nearest"
    align_corners: bool | None = None
    antialias: bool = False


class Interpolate(FunctionDecl[InterpolateArgs]):
    """The spatial axes resampled to `size`, or by `scale_factor`: [B, C, H, W] -> [B, C, *size]."""

    channels = 1
    name = "interpolate"
    noun = "resize"
    Params = InterpolateArgs

    def shape(
        self, p: InterpolateArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float")
        need_rank(self.name, x[0], 3, 5)
        self._check_mode(p, x[0].rank - 2)
        spatial = x[0].shape[2:]
        if p.size is not None and p.scale_factor is not None:
            raise RuleError(
                "A0106", "`interpolate` takes `size` or `scale_factor`, not both", Arg("size")
            )
        if p.scale_factor is not None:
            factors = self._one_per_axis(p.scale_factor, len(spatial), "scale_factor")
            sizes = tuple(scaled(d, f) for d, f in zip(spatial, factors, strict=True))
            argument = "scale_factor"
        elif p.size is None:
            raise RuleError("A0104", "`interpolate` needs `size` or `scale_factor`")
        else:
            sizes = self._one_per_axis(p.size, len(spatial), "size")
            argument = "size"
        for axis, size in enumerate(sizes, start=2):
            need.at_least(
                size,
                1,
                "A0502",
                f"nothing would be left of axis {axis}",
                Arg(argument),
                Axis(0, axis),
            )
        return (x[0].with_shape(*x[0].shape[:2], *sizes),)

    def _check_mode(self, p: InterpolateArgs, spatial: int) -> None:
        """Raises A0404 or A0106 where the mode does not go with the axes or arguments."""
        if spatial not in _MODES[p.mode]:
            fitting = [mode for mode, ranks in _MODES.items() if spatial in ranks]
            raise RuleError(
                "A0404",
                f'mode "{p.mode}" does not work on {count(spatial, "spatial dimension")}',
                Arg("mode"),
                help=(f"modes that do: {', '.join(fitting)}",),
            )
        if p.align_corners is not None and p.mode not in _ALIGNING:
            raise RuleError(
                "A0106", f'mode "{p.mode}" takes no `align_corners`', Arg("align_corners")
            )
        if p.antialias and p.mode not in ("bilinear", "bicubic"):
            raise RuleError("A0106", f'mode "{p.mode}" takes no `antialias`', Arg("antialias"))

    def _one_per_axis(self, value: T | tuple[T, ...], axes: int, argument: str) -> tuple[T, ...]:
        if not isinstance(value, tuple):
            return (value,) * axes
        if len(value) != axes:
            raise RuleError(
                "A0106",
                f"`{argument}` has {count(len(value), 'number')}"
                f" for {count(axes, 'spatial dimension')}",
                Arg(argument),
            )
        return value

    def emit(self, p: InterpolateArgs, call: EmitCall) -> "py.Expr":
        return function("F.interpolate", call.tensors, keywords(p, call, *type(p).model_fields))


#: The largest denominator of a factor that is followed for symbolic sizes, as in `17/16`.
_MAX_DENOMINATOR = 1 << 12


def scaled(size: Dim, factor: float) -> Dim:
    """`floor(size * factor)`, as torch computes it in floating point.

    Raises A0204 for a symbolic size and a factor such as 0.1, which has no short binary fraction:
    what rounding gives then depends on the size.
    """
    exact = Fraction(factor)
    if exact.denominator <= _MAX_DENOMINATOR:
        return size * exact.numerator // exact.denominator
    if size.const is None:
        raise RuleError(
            "A0204",
            f"the size {size} times {factor} cannot be followed: {factor} is no binary fraction",
            Arg("scale_factor"),
            help=("give the new size instead: `interpolate(size=…)`",),
        )
    return Dim.of(floor(size.const * factor))


class PadArgs(Params):
    """`pad` holds two numbers per axis, for its begin and end, from the last axis on."""

    pad: Dims
    mode: Literal["constant", "reflect", "replicate", "circular"] = "constant"
    value: float | None = None


class Pad(FunctionDecl[PadArgs]):
    """The last axes made longer, or shorter by negative numbers: [..., W] -> [..., l + W + r]."""

    name = "pad"
    Params = PadArgs

    def shape(self, p: PadArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        axes = len(p.pad) // 2
        if len(p.pad) % 2 or not axes:
            raise RuleError(
                "A0106",
                f"`pad` needs two numbers for each axis, not {len(p.pad)} in all",
                Arg("pad"),
            )
        if axes > x[0].rank:
            raise RuleError(
                "A0404", f"`pad` names {count(axes, 'dimension')}, but {x[0]} has {x[0].rank}",
                Axis(0), Arg("pad"),
            )  # fmt: skip
        if p.mode != "constant":
            self._check_mode(p, axes, x[0])
        out = list(x[0].shape)
        for i in range(axes):
            axis = x[0].rank - 1 - i
            begin, end = p.pad[2 * i : 2 * i + 2]
            for width in (begin, end):
                self._check_width(p, width, out[axis], axis, need)
            size = begin + out[axis] + end
            need.at_least(
                size, 1, "A0502", f"nothing would be left of axis {axis}", Arg("pad"), Axis(0, axis)
            )
            out[axis] = size
        return (x[0].with_shape(*out),)

    def _check_mode(self, p: PadArgs, axes: int, x: TensorType) -> None:
        """Raises A0404, A0106 or A0701 for the modes that copy elements."""
        need_kind(f'pad(mode="{p.mode}")', x, "float")
        if p.value is not None:
            raise RuleError("A0106", f'mode "{p.mode}" takes no `value`', Arg("value"))
        if x.rank != axes + 2 or axes > 3:
            raise RuleError(
                "A0404",
                f'mode "{p.mode}" pads all axes but the first two, and at most 3:'
                f" {count(2 * axes, 'number')} for {x}",
                Axis(0),
                Arg("pad"),
            )

    def _check_width(self, p: PadArgs, width: Dim, size: Dim, axis: int, need: Needs) -> None:
        """A mirror shows all but the edge, a circle one round; a cut takes at most all."""
        at = (Arg("pad"), Axis(0, axis))
        match p.mode:
            case "reflect":
                message = f"a reflection of {width} is not smaller than axis {axis} of size {size}"
                need.at_least(size, width + 1, "A0502", message, *at)
            case "circular":
                message = f"a circular padding of {width} is larger than axis {axis} of size {size}"
                need.at_least(size, width, "A0502", message, *at)
                # torch leaves parts of such a result unwritten
                need.at_least(width, 0, "A0502", "a circular padding cannot cut", *at)
            case "constant" | "replicate":
                pass
        if width.const is None or width.const < 0:
            message = f"a padding of {width} cuts more than axis {axis} of size {size} has"
            need.at_least(size + width, 0, "A0502", message, *at)

    def emit(self, p: PadArgs, call: EmitCall) -> "py.Expr":
        return function(
            "F.pad", (*call.tensors, call.arg("pad")), keywords(p, call, "mode", "value")
        )


class _FitTo(FunctionDecl[NoArgs]):
    """The spatial axes made those of `like`."""

    Params = NoArgs
    ports = (Port("input"), Port("like", sizes_only=True))

    def _check(self, x: tuple[TensorType, ...]) -> None:
        need_rank(self.name, x[0], 3, None)
        same_ranks(self.name.replace("_", " "), x)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        assert self.helper is not None
        return function(self.helper.name, call.tensors)


class Crop(_FitTo):
    """The middle of the spatial axes, as large as `like`'s: [B, C, H, W], [.., .., h, w] -> [B, C, h, w]."""  # noqa: E501

    name = "crop"

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        self._check(x)
        for axis in range(2, x[0].rank):
            have, wanted = x[0].shape[axis], x[1].shape[axis]
            need.at_least(
                have,
                wanted,
                "A0401",
                f"cannot crop {x[0]} to {x[1]}: {have} is smaller than {wanted}",
                Axis(0, axis),
                Axis(1, axis),
            )
        return (x[0].with_shape(*x[0].shape[:2], *x[1].shape[2:]),)

    helper = py.FunctionDef(
        name="center_crop",
        params=(
            py.Parameter("x", py.name("Tensor")),
            py.Parameter("like", py.name("Tensor")),
        ),
        returns=py.name("Tensor"),
        doc="The middle of the spatial axes of `x`, as large as those of `like`.",
        body=(
            py.For(
                py.name("axis"),
                py.call("range", py.const(2), py.call("x.dim")),
                (
                    py.Assign(py.name("size"), py.call("like.size", py.name("axis"))),
                    py.Assign(
                        py.name("start"),
                        py.Binary(
                            "//",
                            py.Binary("-", py.call("x.size", py.name("axis")), py.name("size")),
                            py.const(2),
                        ),
                    ),
                    py.Assign(
                        py.name("x"),
                        py.call("x.narrow", py.name("axis"), py.name("start"), py.name("size")),
                    ),
                ),
            ),
            py.Return(py.name("x")),
        ),
    )


class PadTo(_FitTo):
    """Zeros around the spatial axes up to those of `like`: [B, C, h, w], [.., .., H, W] -> [B, C, H, W]."""  # noqa: E501

    name = "pad_to"

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        self._check(x)
        for axis in range(2, x[0].rank):
            have, wanted = x[0].shape[axis], x[1].shape[axis]
            need.at_least(
                wanted,
                have,
                "A0401",
                f"cannot pad {x[0]} to {x[1]}: {have} is larger than {wanted}",
                Axis(0, axis),
                Axis(1, axis),
            )
        return (x[0].with_shape(*x[0].shape[:2], *x[1].shape[2:]),)

    helper = py.FunctionDef(
        name="pad_to",
        params=(
            py.Parameter("x", py.name("Tensor")),
            py.Parameter("like", py.name("Tensor")),
        ),
        returns=py.name("Tensor"),
        doc="`x` with zeros around its spatial axes, as large as those of `like`.",
        body=(
            py.Assign(
                py.name("widths"),
                py.List(()),
                py.Subscript(py.name("list"), (py.name("int"),)),
            ),
            py.For(
                py.name("axis"),
                py.call("reversed", py.call("range", py.const(2), py.call("x.dim"))),
                (
                    py.Assign(
                        py.name("missing"),
                        py.Binary(
                            "-",
                            py.call("like.size", py.name("axis")),
                            py.call("x.size", py.name("axis")),
                        ),
                    ),
                    py.AugAssign(
                        py.name("widths"),
                        "+",
                        py.List(
                            (
                                py.Binary("//", py.name("missing"), py.const(2)),
                                py.Binary(
                                    "-",
                                    py.name("missing"),
                                    py.Binary("//", py.name("missing"), py.const(2)),
                                ),
                            )
                        ),
                    ),
                ),
            ),
            py.Return(py.call("F.pad", py.name("x"), py.name("widths"))),
        ),
    )
