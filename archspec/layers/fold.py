"""Images as columns of patches, and back: Unfold, Fold."""

from archspec.dims import Dim
from archspec.layers.base import (
    Arg,
    Axis,
    LayerDecl,
    Needs,
    NonNegative2,
    Params,
    Positive2,
    TensorType,
)
from archspec.layers.checks import need_divisible, need_float, need_kernel_fits, need_rank


class UnfoldParams(Params):
    kernel_size: Positive2
    dilation: Positive2 = (1, 1)
    padding: NonNegative2 = (0, 0)
    stride: Positive2 = (1, 1)


class FoldParams(Params):
    output_size: Positive2
    kernel_size: Positive2
    dilation: Positive2 = (1, 1)
    padding: NonNegative2 = (0, 0)
    stride: Positive2 = (1, 1)


def _windows(p: UnfoldParams | FoldParams, axis: int, size: Dim) -> Dim:
    """How many patches lie along an axis of `size`."""
    reach = p.dilation[axis] * (p.kernel_size[axis] - 1) + 1
    return (size + (2 * p.padding[axis] - reach)) // p.stride[axis] + 1


class Unfold(LayerDecl[UnfoldParams]):
    """Every patch as a column: `[B, C, H, W] -> [B, C * kernel_size, patches]`."""

    Params = UnfoldParams

    def shape(
        self, p: UnfoldParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_rank(self.name, x[0], ("B", "C", "H", "W"))
        batch, channels, *spatial = x[0].shape
        count = Dim.of(1)
        for i, size in enumerate(spatial):
            padding = p.padding[i]
            need_kernel_fits(
                need,
                size,
                p.kernel_size[i],
                p.dilation[i],
                2 * padding,
                axis=2 + i,
                padded=padding > 0,
            )
            count = count * _windows(p, i, size)
        return (x[0].with_shape(batch, channels * (p.kernel_size[0] * p.kernel_size[1]), count),)


class Fold(LayerDecl[FoldParams]):
    """Sums of overlapping patches: `[B, C * kernel_size, patches] -> [B, C, *output_size]`."""

    Params = FoldParams

    def shape(
        self, p: FoldParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_rank(self.name, x[0], ("B", "C * kernel_size", "patches"))
        batch, rows, columns = x[0].shape
        elements = p.kernel_size[0] * p.kernel_size[1]
        message = f"the columns of {rows} are not divisible into patches of {elements}"
        need_divisible(need, rows, elements, message, Arg("kernel_size"), Axis(0, 1))
        counts = [_windows(p, i, Dim.of(size)) for i, size in enumerate(p.output_size)]
        for i, count in enumerate(counts):
            message = (
                f"the kernel of {p.kernel_size[i]} is larger than the output of {p.output_size[i]}"
            )
            need.at_least(count, 1, "A0502", message, Arg("kernel_size"), Arg("output_size"))
        height, width = p.output_size
        wanted = counts[0] * counts[1]
        need.equal(
            columns,
            wanted,
            "A0401",
            f"an output of {height} x {width} has {wanted} patches, not {columns}",
            Arg("output_size"),
            Axis(0, 2),
        )
        return (x[0].with_shape(batch, rows // elements, *p.output_size),)
