"""Pooling: maximum and average over windows, and to a fixed output size."""

from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator

from archspec.dims import Dim, ceil_div
from archspec.layers.base import (
    Arg,
    LayerDecl,
    Needs,
    NonNegative1,
    NonNegative2,
    NonNegative3,
    Params,
    Positive,
    Positive1,
    Positive2,
    Positive3,
    RuleError,
    TensorType,
    Window,
)
from archspec.layers.checks import SPATIAL, need_float, need_kernel_fits, need_rank


def window(
    need: Needs,
    size: Dim,
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    *,
    ceil_mode: bool,
    axis: int,
    padding_counts: bool = True,
) -> Dim:
    """The number of windows along `axis`; states that there is one.

    In `ceil_mode` a last window may hang over the end, but must begin inside the input or the
    padding before it: it hangs over by less than a stride, and by less than the part of it that
    the padding does not cover. With both bounds in `slack` the count stays a single division.
    """
    if 2 * padding > kernel:
        raise RuleError(
            "A0106",
            f"`padding` {padding} is more than half of the kernel of {kernel}",
            Arg("padding"),
            Arg("kernel_size"),
            help=(f"at most {kernel // 2} is possible here",),
        )
    reach = dilation * (kernel - 1) + 1
    slack = min(reach - padding, stride) - 1 if ceil_mode else 0
    extra, padded = (2 * padding + slack, padding > 0) if padding_counts else (0, False)
    need_kernel_fits(need, size, kernel, dilation, extra, axis=axis, padded=padded)
    if ceil_mode:
        return ceil_div(size + (2 * padding - reach + slack + 1), stride)
    return (size + (2 * padding - reach)) // stride + 1


class MaxPoolParams(Params):
    """The arguments whatever the number of axes; the subclasses give the tuples their length."""

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...] | None = None
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    return_indices: bool = False
    ceil_mode: bool = False


class MaxPool1dParams(MaxPoolParams):
    kernel_size: Positive1
    stride: Positive1 | None = None
    padding: NonNegative1 = (0,)
    dilation: Positive1 = (1,)
    return_indices: bool = False
    ceil_mode: bool = False


class MaxPool2dParams(MaxPoolParams):
    kernel_size: Positive2
    stride: Positive2 | None = None
    padding: NonNegative2 = (0, 0)
    dilation: Positive2 = (1, 1)
    return_indices: bool = False
    ceil_mode: bool = False


class MaxPool3dParams(MaxPoolParams):
    kernel_size: Positive3
    stride: Positive3 | None = None
    padding: NonNegative3 = (0, 0, 0)
    dilation: Positive3 = (1, 1, 1)
    return_indices: bool = False
    ceil_mode: bool = False


class _MaxPool(LayerDecl[MaxPoolParams]):
    channels = 1
    spatial: ClassVar[int]

    def shape(
        self, p: MaxPoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        need_rank(self.name, image, ("B", "C", *SPATIAL[self.spatial]))
        out = list(image.shape[:2])
        stride = p.kernel_size if p.stride is None else p.stride
        for i, size in enumerate(image.shape[2:]):
            out.append(
                window(
                    need,
                    size,
                    p.kernel_size[i],
                    stride[i],
                    p.padding[i],
                    p.dilation[i],
                    ceil_mode=p.ceil_mode,
                    axis=2 + i,
                )
            )
        return with_indices(image.with_shape(*out), p.return_indices)

    def outputs(self, p: MaxPoolParams) -> tuple[str, ...]:
        return ("output", "indices") if p.return_indices else ()

    def windows(self, p: MaxPoolParams) -> tuple[Window, ...]:
        sides = zip(p.kernel_size, p.dilation, p.stride or p.kernel_size, strict=True)
        return tuple(Window(d * (k - 1) + 1, Fraction(step)) for k, d, step in sides)


def with_indices(pooled: TensorType, indices: bool) -> tuple[TensorType, ...]:
    """The maxima, and on request where they were: what `MaxUnpool` takes."""
    return (pooled, TensorType(pooled.shape, "int")) if indices else (pooled,)


class MaxPool1d(_MaxPool):
    """Maximum over windows: `[B, C, L] -> [B, C, L']`."""

    Params = MaxPool1dParams
    spatial = 1


class MaxPool2d(_MaxPool):
    """Maximum over windows: `[B, C, H, W] -> [B, C, H', W']`."""

    Params = MaxPool2dParams
    spatial = 2


class MaxPool3d(_MaxPool):
    """Maximum over windows: `[B, C, D, H, W] -> [B, C, D', H', W']`."""

    Params = MaxPool3dParams
    spatial = 3


class AvgPoolParams(Params):
    """The arguments whatever the number of axes; the subclasses give the tuples their length."""

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...] | None = None
    padding: tuple[int, ...]
    ceil_mode: bool = False
    count_include_pad: bool = True


def _not_zero(value: int) -> int:
    if value == 0:
        raise ValueError("must not be 0")
    return value


Divisor = Annotated[int, AfterValidator(_not_zero)]


class AvgPool1dParams(AvgPoolParams):
    kernel_size: Positive1
    stride: Positive1 | None = None
    padding: NonNegative1 = (0,)


class AvgPool2dParams(AvgPoolParams):
    kernel_size: Positive2
    stride: Positive2 | None = None
    padding: NonNegative2 = (0, 0)
    divisor_override: Divisor | None = None


class AvgPool3dParams(AvgPoolParams):
    kernel_size: Positive3
    stride: Positive3 | None = None
    padding: NonNegative3 = (0, 0, 0)
    divisor_override: Divisor | None = None


class _AvgPool(LayerDecl[AvgPoolParams]):
    channels = 1
    spatial: ClassVar[int]
    #: Whether the padding may help the kernel to fit.
    padding_counts: ClassVar[bool] = True

    def shape(
        self, p: AvgPoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        need_rank(self.name, image, ("B", "C", *SPATIAL[self.spatial]))
        out = list(image.shape[:2])
        stride = p.kernel_size if p.stride is None else p.stride
        for i, size in enumerate(image.shape[2:]):
            out.append(
                window(
                    need,
                    size,
                    p.kernel_size[i],
                    stride[i],
                    p.padding[i],
                    1,
                    ceil_mode=p.ceil_mode,
                    axis=2 + i,
                    padding_counts=self.padding_counts,
                )
            )
        return (image.with_shape(*out),)

    def windows(self, p: AvgPoolParams) -> tuple[Window, ...]:
        sides = zip(p.kernel_size, p.stride or p.kernel_size, strict=True)
        return tuple(Window(k, Fraction(step)) for k, step in sides)


class AvgPool1d(_AvgPool):
    """Average over windows: `[B, C, L] -> [B, C, L']`."""

    Params = AvgPool1dParams
    spatial = 1


class AvgPool2d(_AvgPool):
    """Average over windows: `[B, C, H, W] -> [B, C, H', W']`."""

    Params = AvgPool2dParams
    spatial = 2


class AvgPool3d(_AvgPool):
    """Average over windows: `[B, C, D, H, W] -> [B, C, D', H', W']`."""

    Params = AvgPool3dParams
    spatial = 3
    padding_counts = False  # torch compares the kernel to the bare input, in three axes only


def _spread(count: int) -> BeforeValidator:
    """An integer stands for all `count` axes; torch does not take a bare none."""

    def spread(value: object) -> object:
        if isinstance(value, list):
            return tuple(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return (value,) * count
        return value

    return BeforeValidator(spread)


Kept = Positive | None


class AdaptivePoolParams(Params):
    """The sizes of the output; none keeps the input's."""

    output_size: tuple[int | None, ...]


class AdaptivePool1dParams(AdaptivePoolParams):
    output_size: Positive1


class AdaptivePool2dParams(AdaptivePoolParams):
    output_size: Annotated[tuple[Kept, Kept], _spread(2)]


class AdaptivePool3dParams(AdaptivePoolParams):
    output_size: Annotated[tuple[Kept, Kept, Kept], _spread(3)]


class _AdaptivePool(LayerDecl[AdaptivePoolParams]):
    channels = 1
    spatial: ClassVar[int]

    def shape(
        self, p: AdaptivePoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        need_rank(self.name, image, ("B", "C", *SPATIAL[self.spatial]))
        sizes = [
            size if wanted is None else Dim.of(wanted)
            for wanted, size in zip(p.output_size, image.shape[2:], strict=True)
        ]
        return (image.with_shape(*image.shape[:2], *sizes),)


class AdaptiveAvgPool1d(_AdaptivePool):
    """Average to a fixed output size: `[B, C, L] -> [B, C, output_size]`."""

    Params = AdaptivePool1dParams
    spatial = 1


class AdaptiveAvgPool2d(_AdaptivePool):
    """Average to a fixed output size: `[B, C, H, W] -> [B, C, *output_size]`; none keeps a size."""

    Params = AdaptivePool2dParams
    spatial = 2


class AdaptiveAvgPool3d(_AdaptivePool):
    """Average to a fixed output size: `[B, C, D, H, W] -> [B, C, *output_size]`."""

    Params = AdaptivePool3dParams
    spatial = 3


class AdaptiveMaxPoolParams(AdaptivePoolParams):
    return_indices: bool = False


class AdaptiveMaxPool1dParams(AdaptiveMaxPoolParams):
    output_size: Positive1


class AdaptiveMaxPool2dParams(AdaptiveMaxPoolParams):
    output_size: Annotated[tuple[Kept, Kept], _spread(2)]


class AdaptiveMaxPool3dParams(AdaptiveMaxPoolParams):
    output_size: Annotated[tuple[Kept, Kept, Kept], _spread(3)]


class _AdaptiveMaxPool(_AdaptivePool):
    def shape(
        self, p: AdaptivePoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (pooled,) = super().shape(p, x, need)
        return with_indices(pooled, bool(self.outputs(p)))

    def outputs(self, p: AdaptivePoolParams) -> tuple[str, ...]:
        wanted = isinstance(p, AdaptiveMaxPoolParams) and p.return_indices
        return ("output", "indices") if wanted else ()


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Maximum to a fixed output size: `[B, C, L] -> [B, C, output_size]`."""

    Params = AdaptiveMaxPool1dParams
    spatial = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Maximum to a fixed output size: `[B, C, H, W] -> [B, C, *output_size]`; none keeps a size."""

    Params = AdaptiveMaxPool2dParams
    spatial = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Maximum to a fixed output size: `[B, C, D, H, W] -> [B, C, *output_size]`."""

    Params = AdaptiveMaxPool3dParams
    spatial = 3
