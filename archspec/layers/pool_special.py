"""Further poolings: power averages, random windows, and maxima put back where they were."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

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
    Port,
    Positive,
    Positive1,
    Positive2,
    Positive3,
    RuleError,
    TensorType,
    per_axis,
)
from archspec.layers.checks import SPATIAL, need_float, need_rank
from archspec.layers.pool import window, with_indices
from archspec.layers.shape import scaled


def _not_zero(value: float) -> float:
    if value == 0:
        raise ValueError("must not be 0")
    return value


Power = Annotated[float, AfterValidator(_not_zero)]


class LPPoolParams(Params):
    """The arguments whatever the number of axes."""

    norm_type: Power
    kernel_size: int | tuple[int, ...]
    stride: int | tuple[int, ...] | None = None
    ceil_mode: bool = False


class LPPool1dParams(LPPoolParams):
    kernel_size: Positive  # torch multiplies by it, so that a tuple does not do
    stride: Positive1 | None = None


class LPPool2dParams(LPPoolParams):
    kernel_size: Positive2
    stride: Positive2 | None = None


class LPPool3dParams(LPPoolParams):
    kernel_size: Positive3
    stride: Positive3 | None = None


class _LPPool(LayerDecl[LPPoolParams]):
    channels = 1
    spatial: ClassVar[int]

    def shape(
        self, p: LPPoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        need_rank(self.name, image, ("B", "C", *SPATIAL[self.spatial]))
        kernels = _spread(p.kernel_size, self.spatial)
        strides = kernels if p.stride is None else _spread(p.stride, self.spatial)
        out = list(image.shape[:2])
        for i, size in enumerate(image.shape[2:]):
            out.append(
                window(
                    need,
                    size,
                    kernels[i],
                    strides[i],
                    0,
                    1,
                    ceil_mode=p.ceil_mode,
                    axis=2 + i,
                    padding_counts=self.spatial < 3,  # as in AvgPool3d
                )
            )
        return (image.with_shape(*out),)


def _spread(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    return (value,) * axes if isinstance(value, int) else value


class LPPool1d(_LPPool):
    """The sum of powers over windows, and its root: `[B, C, L] -> [B, C, L']`."""

    Params = LPPool1dParams
    spatial = 1


class LPPool2d(_LPPool):
    """The sum of powers over windows, and its root: `[B, C, H, W] -> [B, C, H', W']`."""

    Params = LPPool2dParams
    spatial = 2


class LPPool3d(_LPPool):
    """The sum of powers over windows, and its root: `[B, C, D, H, W] -> [B, C, D', H', W']`."""

    Params = LPPool3dParams
    spatial = 3


Ratio = Annotated[float, Field(gt=0.0, lt=1.0)]


class FractionalMaxPoolParams(Params):
    """The arguments whatever the number of axes."""

    kernel_size: tuple[int, ...]
    output_size: tuple[int, ...] | None = None
    output_ratio: tuple[float, ...] | None = None
    return_indices: bool = False


class FractionalMaxPool2dParams(FractionalMaxPoolParams):
    kernel_size: Positive2
    output_size: Positive2 | None = None
    output_ratio: Annotated[tuple[Ratio, Ratio], per_axis(2)] | None = None


class FractionalMaxPool3dParams(FractionalMaxPoolParams):
    kernel_size: Positive3
    output_size: Positive3 | None = None
    output_ratio: Annotated[tuple[Ratio, Ratio, Ratio], per_axis(3)] | None = None


class _FractionalMaxPool(LayerDecl[FractionalMaxPoolParams]):
    channels = 1
    spatial: ClassVar[int]

    def shape(
        self, p: FractionalMaxPoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        need_rank(self.name, image, ("B", "C", *SPATIAL[self.spatial]))
        if (p.output_size is None) == (p.output_ratio is None):
            raise RuleError(
                "A0106",
                f"{self.name} needs either `output_size` or `output_ratio`",
                Arg("output_size"),
                Arg("output_ratio"),
            )
        out: list[Dim] = []
        for i, size in enumerate(image.shape[2:]):
            if p.output_size is not None:
                wanted, argument = Dim.of(p.output_size[i]), "output_size"
            else:
                assert p.output_ratio is not None
                argument = "output_ratio"
                wanted = scaled(size, p.output_ratio[i], axis=2 + i, argument=argument)
                message = f"a ratio of {p.output_ratio[i]:g} leaves nothing of its input"
                need.at_least(wanted, 1, "A0502", message, Arg(argument), Axis(0, 2 + i))
            # torch wants one more in three axes
            need.at_least(
                size,
                wanted + (p.kernel_size[i] - 1) + (1 if self.spatial == 3 else 0),
                "A0502",
                f"{wanted} windows of {p.kernel_size[i]} do not fit into {size}",
                Arg(argument),
                Axis(0, 2 + i),
            )
            out.append(wanted)
        pooled = image.with_shape(*image.shape[:2], *out)
        return with_indices(pooled, p.return_indices)

    def outputs(self, p: FractionalMaxPoolParams) -> tuple[str, ...]:
        return ("output", "indices") if p.return_indices else ()


class FractionalMaxPool2d(_FractionalMaxPool):
    """Maximum over windows at random places: `[B, C, H, W] -> [B, C, *output_size]` (arXiv:1412.6071)."""  # noqa: E501

    Params = FractionalMaxPool2dParams
    spatial = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """Maximum over windows at random places: `[B, C, D, H, W] -> [B, C, *output_size]`."""

    Params = FractionalMaxPool3dParams
    spatial = 3


class MaxUnpoolParams(Params):
    """The arguments whatever the number of axes."""

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...] | None = None
    padding: tuple[int, ...]


class MaxUnpool1dParams(MaxUnpoolParams):
    kernel_size: Positive1
    stride: Positive1 | None = None
    padding: NonNegative1 = (0,)


class MaxUnpool2dParams(MaxUnpoolParams):
    kernel_size: Positive2
    stride: Positive2 | None = None
    padding: NonNegative2 = (0, 0)


class MaxUnpool3dParams(MaxUnpoolParams):
    kernel_size: Positive3
    stride: Positive3 | None = None
    padding: NonNegative3 = (0, 0, 0)


class _MaxUnpool(LayerDecl[MaxUnpoolParams]):
    channels = 1
    spatial: ClassVar[int]
    ports = (Port("input"), Port("indices"))

    def shape(
        self, p: MaxUnpoolParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        image, indices = x
        need_float(self.name, image)
        names = ("B", "C", *SPATIAL[self.spatial])
        need_rank(self.name, image, names)
        if indices.kind != "int" or indices.dtype not in ("int", "int64"):
            raise RuleError(
                "A0701",
                f"`indices` of {self.name} are ints, not `{indices.dtype}`",
                Axis(1),
                help=("a pooling gives them with `return_indices=true`",),
            )
        need_rank(f"`indices` of {self.name}", indices, names, 1)
        for axis, (have, wanted) in enumerate(zip(indices.shape, image.shape, strict=True)):
            message = f"`indices` of {self.name} are {indices}, not {image}"
            need.equal(have, wanted, "A0401", message, Axis(1, axis), Axis(0, axis))
        stride = p.kernel_size if p.stride is None else p.stride
        out = list(image.shape[:2])
        for i, size in enumerate(image.shape[2:]):
            out.append((size - 1) * stride[i] + (p.kernel_size[i] - 2 * p.padding[i]))
            message = f"a padding of {p.padding[i]} leaves nothing of the output"
            need.at_least(out[-1], 1, "A0502", message, Arg("padding"), Axis(0, 2 + i))
        return (image.with_shape(*out),)


class MaxUnpool1d(_MaxUnpool):
    """Maxima at their old places, zeros elsewhere: `[B, C, L], indices -> [B, C, L']`."""

    Params = MaxUnpool1dParams
    spatial = 1


class MaxUnpool2d(_MaxUnpool):
    """Maxima at their old places, zeros elsewhere: `[B, C, H, W], indices -> [B, C, H', W']`."""

    Params = MaxUnpool2dParams
    spatial = 2


class MaxUnpool3d(_MaxUnpool):
    """Maxima at their old places: `[B, C, D, H, W], indices -> [B, C, D', H', W']`."""

    Params = MaxUnpool3dParams
    spatial = 3
