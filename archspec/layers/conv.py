"""Convolutions and transposed convolutions over one, two or three spatial axes."""

from collections.abc import Mapping
from fractions import Fraction
from typing import ClassVar, Literal

from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
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
    Size,
    TensorType,
    Weight,
    Window,
)
from archspec.layers.checks import (
    SPATIAL,
    need_float,
    need_groups,
    need_kernel_fits,
    need_rank,
    product,
)

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
NamedPadding = Literal["same", "valid"]


class ConvParams(Params):
    """The arguments whatever the number of axes; the subclasses give the tuples their length."""

    out_channels: Size
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: NamedPadding | tuple[int, ...]
    dilation: tuple[int, ...]
    groups: Positive = 1
    bias: bool = True
    padding_mode: PaddingMode = "zeros"


class Conv1dParams(ConvParams):
    kernel_size: Positive1
    stride: Positive1 = (1,)
    padding: NamedPadding | NonNegative1 = (0,)
    dilation: Positive1 = (1,)


class Conv2dParams(ConvParams):
    kernel_size: Positive2
    stride: Positive2 = (1, 1)
    padding: NamedPadding | NonNegative2 = (0, 0)
    dilation: Positive2 = (1, 1)


class Conv3dParams(ConvParams):
    kernel_size: Positive3
    stride: Positive3 = (1, 1, 1)
    padding: NamedPadding | NonNegative3 = (0, 0, 0)
    dilation: Positive3 = (1, 1, 1)


class _Conv(LayerDecl[ConvParams]):
    noun = "conv"
    channels = 1
    spatial: ClassVar[int]
    inferred_names = ("in_channels",)

    def shape(
        self, p: ConvParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        need_rank(self.name, image, ("B", "C", *SPATIAL[self.spatial]))
        if p.padding == "same" and any(step != 1 for step in p.stride):
            raise RuleError(
                "A0106",
                '`padding="same"` needs `stride` 1',
                Arg("padding"),
                Arg("stride"),
                help=("give the padding as a number, e.g. half the kernel size, rounded down",),
            )
        _need_groups(need, p.groups, image.shape[1], Dim.of(p.out_channels))
        out = [image.shape[0], Dim.of(p.out_channels)]
        for i in range(self.spatial):
            out.append(self._axis(p, image.shape[2 + i], i, need))
        return (image.with_shape(*out),)

    def _axis(self, p: ConvParams, size: Dim, i: int, need: Needs) -> Dim:
        """The output size of spatial axis `i`."""
        kernel, dilation = p.kernel_size[i], p.dilation[i]
        reach = dilation * (kernel - 1) + 1
        match p.padding:
            case "same":
                # An odd total puts the larger half at the end.
                largest, total = -(-(reach - 1) // 2), reach - 1
            case "valid":
                largest, total = 0, 0
            case padding:
                largest, total = padding[i], 2 * padding[i]
        _need_border(need, p.padding_mode, size, largest, axis=2 + i)
        need_kernel_fits(need, size, kernel, dilation, total, axis=2 + i, padded=total > 0)
        return (size + (total - reach)) // p.stride[i] + 1

    def inferred(
        self, p: ConvParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"in_channels": x[0].shape[1]}

    def weights(self, p: ConvParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        out = Dim.of(p.out_channels)
        kernel = tuple(Dim.of(k) for k in p.kernel_size)
        weight = Weight("weight", (out, x[0].shape[1] // p.groups, *kernel))
        return (weight, Weight("bias", (out,))) if p.bias else (weight,)

    def windows(self, p: ConvParams) -> tuple[Window, ...]:
        sides = zip(p.kernel_size, p.dilation, p.stride, strict=True)
        return tuple(Window(d * (k - 1) + 1, Fraction(step)) for k, d, step in sides)

    def macs(self, p: ConvParams, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        return product(out[0].shape) * (x[0].shape[1] // p.groups) * product(p.kernel_size)


class Conv1d(_Conv):
    """Convolution over one axis: `[B, C, L] -> [B, out_channels, L']`."""

    Params = Conv1dParams
    spatial = 1


class Conv2d(_Conv):
    """Convolution over two axes: `[B, C, H, W] -> [B, out_channels, H', W']`."""

    Params = Conv2dParams
    spatial = 2


class Conv3d(_Conv):
    """Convolution over three axes: `[B, C, D, H, W] -> [B, O, D', H', W']`, O = out_channels."""

    Params = Conv3dParams
    spatial = 3


class ConvTransposeParams(Params):
    """The arguments whatever the number of axes; the subclasses give the tuples their length."""

    out_channels: Size
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    output_padding: tuple[int, ...]
    groups: Positive = 1
    bias: bool = True
    dilation: tuple[int, ...]
    padding_mode: Literal["zeros"] = "zeros"


class ConvTranspose1dParams(ConvTransposeParams):
    kernel_size: Positive1
    stride: Positive1 = (1,)
    padding: NonNegative1 = (0,)
    output_padding: NonNegative1 = (0,)
    dilation: Positive1 = (1,)


class ConvTranspose2dParams(ConvTransposeParams):
    kernel_size: Positive2
    stride: Positive2 = (1, 1)
    padding: NonNegative2 = (0, 0)
    output_padding: NonNegative2 = (0, 0)
    dilation: Positive2 = (1, 1)


class ConvTranspose3dParams(ConvTransposeParams):
    kernel_size: Positive3
    stride: Positive3 = (1, 1, 1)
    padding: NonNegative3 = (0, 0, 0)
    output_padding: NonNegative3 = (0, 0, 0)
    dilation: Positive3 = (1, 1, 1)


class _ConvTranspose(LayerDecl[ConvTransposeParams]):
    noun = "transposed conv"
    channels = 1
    spatial: ClassVar[int]
    inferred_names = ("in_channels",)

    def shape(
        self, p: ConvTransposeParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        need_rank(self.name, image, ("B", "C", *SPATIAL[self.spatial]))
        _need_groups(need, p.groups, image.shape[1], Dim.of(p.out_channels))
        out = [image.shape[0], Dim.of(p.out_channels)]
        for i in range(self.spatial):
            out.append(self._axis(p, image.shape[2 + i], i, need))
        return (image.with_shape(*out),)

    def _axis(self, p: ConvTransposeParams, size: Dim, i: int, need: Needs) -> Dim:
        stride, dilation, extra = p.stride[i], p.dilation[i], p.output_padding[i]
        if extra >= max(stride, dilation):
            raise RuleError(
                "A0106",
                f"`output_padding` {extra} is not smaller than `stride` {stride} "
                f"or `dilation` {dilation}",
                Arg("output_padding"),
                help=(f"at most {max(stride, dilation) - 1} is possible here",),
            )
        reach = dilation * (p.kernel_size[i] - 1)
        out = (size - 1) * stride + (reach + extra + 1 - 2 * p.padding[i])
        need.at_least(
            out,
            1,
            "A0502",
            f"the padding of {p.padding[i]} removes the whole output",
            Arg("padding"),
            Axis(0, 2 + i),
            help=("use less padding or a larger kernel",),
        )
        return out

    def inferred(
        self, p: ConvTransposeParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"in_channels": x[0].shape[1]}

    def weights(self, p: ConvTransposeParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        out = Dim.of(p.out_channels)
        kernel = tuple(Dim.of(k) for k in p.kernel_size)
        weight = Weight("weight", (x[0].shape[1], out // p.groups, *kernel))
        return (weight, Weight("bias", (out,))) if p.bias else (weight,)

    def windows(self, p: ConvTransposeParams) -> tuple[Window, ...]:
        sides = zip(p.kernel_size, p.dilation, p.stride, strict=True)
        return tuple(
            Window(-(-(d * (k - 1) + 1) // step), Fraction(1, step)) for k, d, step in sides
        )

    def macs(
        self, p: ConvTransposeParams, x: tuple[TensorType, ...], out: tuple[TensorType, ...]
    ) -> Dim:
        per_input = (Dim.of(p.out_channels) // p.groups) * product(p.kernel_size)
        return product(x[0].shape) * per_input


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution over one axis: `[B, C, L] -> [B, out_channels, L']`."""

    Params = ConvTranspose1dParams
    spatial = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution over two axes: `[B, C, H, W] -> [B, out_channels, H', W']`."""

    Params = ConvTranspose2dParams
    spatial = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over three axes: `[B, C, D, H, W] -> [B, O, D', H', W']`."""

    Params = ConvTranspose3dParams
    spatial = 3


def _need_groups(need: Needs, groups: int, channels: Dim, out_channels: Dim) -> None:
    need_groups(need, "in_channels", channels, groups, "groups", Arg("groups"), Axis(0, 1))
    need_groups(need, "out_channels", out_channels, groups, "groups", Arg("groups"))


def _need_border(need: Needs, mode: PaddingMode, size: Dim, padding: int, *, axis: int) -> None:
    """What the input must hold so that `padding` elements can be taken from it."""
    if padding == 0 or mode in ("zeros", "replicate"):
        return
    least = padding + 1 if mode == "reflect" else padding
    need.at_least(
        size,
        least,
        "A0502",
        f"the {mode} padding of {padding} is larger than its input allows",
        Arg("padding"),
        Axis(0, axis),
        help=('use less padding, or `padding_mode="zeros"`',),
    )
