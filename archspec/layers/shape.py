"""Layers that only move elements: flatten, unflatten, shuffle, upsample."""

import math
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import BeforeValidator, Field

from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    LayerDecl,
    Needs,
    Params,
    Positive,
    RuleError,
    TensorType,
    per_axis,
)
from archspec.layers.checks import (
    axis_index,
    need_divisible,
    need_float,
    need_groups,
    need_min_rank,
    need_rank,
    product,
)


class FlattenParams(Params):
    start_dim: int = 1
    end_dim: int = -1


class Flatten(LayerDecl[FlattenParams]):
    """Joins the axes `start_dim` to `end_dim` into one: `[B, ...] -> [B, N]`."""

    Params = FlattenParams

    def shape(
        self, p: FlattenParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        shape = x[0].shape
        start = axis_index(self.name, p.start_dim, len(shape), "start_dim")
        end = axis_index(self.name, p.end_dim, len(shape), "end_dim")
        if start > end:
            raise RuleError(
                "A0106",
                f"`start_dim` {p.start_dim} comes after `end_dim` {p.end_dim}",
                Arg("start_dim"),
                Arg("end_dim"),
                help=("the first axis to join comes first",),
            )
        joined = product(shape[start : end + 1])
        return (x[0].with_shape(*shape[:start], joined, *shape[end + 1 :]),)


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class UnflattenParams(Params):
    dim: int
    unflattened_size: Annotated[
        tuple[Annotated[int, Field(ge=-1)], ...], Field(min_length=1), BeforeValidator(_as_tuple)
    ]


class Unflatten(LayerDecl[UnflattenParams]):
    """Splits the axis `dim` into several: `[B, N] -> [B, *unflattened_size]`; one may be -1."""

    Params = UnflattenParams

    def shape(
        self, p: UnflattenParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axis = axis_index(self.name, p.dim, x[0].rank)
        total, sizes = x[0].shape[axis], p.unflattened_size
        open_sizes = sum(1 for size in sizes if size == -1)
        if open_sizes > 1 or 0 in sizes:
            raise RuleError(
                "A0106",
                "`unflattened_size` needs positive sizes, of which at most one is -1",
                Arg("unflattened_size"),
            )
        known = math.prod(size for size in sizes if size != -1)
        message = f"Unflatten changes the number of elements: {total} is not {list(sizes)}"
        places = (Arg("unflattened_size"), Axis(0, axis))
        if open_sizes:
            need.divisible(total, known, "A0407", message, *places)
        else:
            need.equal(total, known, "A0407", message, *places)
        split = [total // known if size == -1 else Dim.of(size) for size in sizes]
        return (x[0].with_shape(*x[0].shape[:axis], *split, *x[0].shape[axis + 1 :]),)


class PixelShuffleParams(Params):
    upscale_factor: Positive


class PixelShuffle(LayerDecl[PixelShuffleParams]):
    """Channels become pixels: `[..., C*r*r, H, W] -> [..., C, H*r, W*r]` (arXiv:1609.05158)."""

    channels = 1
    Params = PixelShuffleParams

    def shape(
        self, p: PixelShuffleParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_min_rank(self.name, x[0], ("...", "C", "H", "W"))
        *lead, channels, height, width = x[0].shape
        r = p.upscale_factor
        need_divisible(
            need,
            channels,
            r * r,
            f"{channels} channels are not divisible by {r * r}, the square of `upscale_factor`",
            Arg("upscale_factor"),
            Axis(0, x[0].rank - 3),
        )
        return (x[0].with_shape(*lead, channels // (r * r), height * r, width * r),)


class PixelUnshuffleParams(Params):
    downscale_factor: Positive


class PixelUnshuffle(LayerDecl[PixelUnshuffleParams]):
    """Pixels become channels: `[..., C, H*r, W*r] -> [..., C*r*r, H, W]`."""

    channels = 1
    Params = PixelUnshuffleParams

    def shape(
        self, p: PixelUnshuffleParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_min_rank(self.name, x[0], ("...", "C", "H", "W"))
        *lead, channels, height, width = x[0].shape
        r = p.downscale_factor
        for size, what, offset in ((height, "height", 2), (width, "width", 1)):
            need_divisible(
                need,
                size,
                r,
                f"the {what} {size} is not divisible by `downscale_factor` {r}",
                Arg("downscale_factor"),
                Axis(0, x[0].rank - offset),
            )
        return (x[0].with_shape(*lead, channels * (r * r), height // r, width // r),)


class ChannelShuffleParams(Params):
    groups: Positive


class ChannelShuffle(LayerDecl[ChannelShuffleParams]):
    """Interleaves groups of channels: `[B, C, ...] -> [B, C, ...]` (arXiv:1707.01083)."""

    channels = 1
    Params = ChannelShuffleParams

    def shape(
        self, p: ChannelShuffleParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_min_rank(self.name, x[0], ("B", "C", "L", "..."))
        places = (Arg("groups"), Axis(0, 1))
        need_groups(need, "the number of channels", x[0].shape[1], p.groups, "groups", *places)
        return (x[0],)


N = TypeVar("N", int, float)
UpsampleMode = Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear"]
#: The number of spatial axes that each mode takes.
_MODE_AXES: dict[UpsampleMode, tuple[int, ...]] = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
Factor = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class UpsampleParams(Params):
    size: Positive | Annotated[tuple[Positive, ...], BeforeValidator(_as_tuple)] | None = None
    scale_factor: Factor | Annotated[tuple[Factor, ...], BeforeValidator(_as_tuple)] | None = None
    mode: UpsampleMode = "nearest"
    align_corners: bool | None = None
    recompute_scale_factor: bool | None = None


class Upsample(LayerDecl[UpsampleParams]):
    """Resizes the spatial axes to `size` or by `scale_factor`: `[B, C, H, W] -> [B, C, H', W']`."""

    channels = 1
    Params = UpsampleParams

    def shape(
        self, p: UpsampleParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        axes = _MODE_AXES[p.mode]
        if image.rank - 2 not in axes:
            ranks = " or ".join(str(n + 2) for n in axes)
            raise RuleError(
                "A0404",
                f"Upsample with mode `{p.mode}` needs {ranks} dimensions, not {image.rank}",
                Axis(0),
                Arg("mode"),
                help=("3 dimensions take `linear`, 4 `bilinear` or `bicubic`, 5 `trilinear`",),
            )
        self._need_options(p)
        spatial = image.shape[2:]
        if p.size is not None:
            sizes = _per_axis("size", p.size, len(spatial))
            return (image.with_shape(*image.shape[:2], *sizes),)
        assert p.scale_factor is not None  # `_need_options` has seen that one is given
        factors = _per_axis("scale_factor", p.scale_factor, len(spatial))
        out: list[Dim] = []
        for i, (size, factor) in enumerate(zip(spatial, factors, strict=True)):
            out.append(scaled(size, factor, axis=2 + i))
            need.at_least(
                out[-1],
                1,
                "A0502",
                f"scaling by {factor:g} leaves nothing of its input",
                Arg("scale_factor"),
                Axis(0, 2 + i),
            )
        return (image.with_shape(*image.shape[:2], *out),)

    def _need_options(self, p: UpsampleParams) -> None:
        if (p.size is None) == (p.scale_factor is None):
            raise RuleError(
                "A0106",
                "Upsample takes `size` or `scale_factor`, not both"
                if p.size is not None
                else "Upsample needs `size` or `scale_factor`",
                Arg("scale_factor"),
                Arg("size"),
                help=("`size` is that of the output, `scale_factor` what the input's is times",),
            )
        if p.align_corners is not None and p.mode in ("nearest", "nearest-exact"):
            raise RuleError(
                "A0106",
                f"`align_corners` does not exist for mode `{p.mode}`",
                Arg("align_corners"),
                help=("leave it out, or use an interpolating mode such as `bilinear`",),
            )
        if p.recompute_scale_factor and p.size is not None:
            raise RuleError(
                "A0106",
                "`recompute_scale_factor` needs `scale_factor`, not `size`",
                Arg("recompute_scale_factor"),
            )


def _per_axis(name: str, value: "N | tuple[N, ...]", axes: int) -> "tuple[N, ...]":
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        raise RuleError(
            "A0106",
            f"`{name}` has {len(value)} entries, but the input has {axes} spatial dimensions",
            Arg(name),
        )
    return value


def scaled(size: Dim, factor: float, *, axis: int, argument: str = "scale_factor") -> Dim:
    """floor(size * factor) as floating-point arithmetic gives it."""
    if size.const is not None:
        return Dim.of(math.floor(size.const * factor))
    numerator, denominator = factor.as_integer_ratio()
    if denominator > 64:  # rounding would decide, differently for each size
        raise RuleError(
            "A0204",
            f"the size after scaling by {factor:g} depends on rounding",
            Arg(argument),
            Axis(0, axis),
            help=("use a factor such as 2, 1.5 or 0.25, give `size`, or fix the input's size",),
        )
    return size * numerator // denominator


class UpsamplingParams(Params):
    size: Annotated[tuple[Positive, Positive], per_axis(2)] | None = None
    scale_factor: Annotated[tuple[Factor, Factor], per_axis(2)] | None = None


class _Upsampling(LayerDecl[UpsamplingParams]):
    """`Upsample` of images with a fixed mode."""

    channels = 1
    mode: ClassVar[UpsampleMode]

    def shape(
        self, p: UpsamplingParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_rank(self.name, x[0], ("B", "C", "H", "W"))
        same = UpsampleParams(size=p.size, scale_factor=p.scale_factor, mode=self.mode)
        return _UPSAMPLE.shape(same, x, need)


_UPSAMPLE = Upsample()


class UpsamplingNearest2d(_Upsampling):
    """Pixels repeated to `size` or by `scale_factor`: `[B, C, H, W] -> [B, C, H', W']`."""

    Params = UpsamplingParams
    mode = "nearest"


class UpsamplingBilinear2d(_Upsampling):
    """Interpolates, corners aligned, to `size` or by `scale_factor`: `[B, C, H, W] -> [B, C, H', W']`."""  # noqa: E501

    Params = UpsamplingParams
    mode = "bilinear"
