"""Images sampled at places that a network computes: `affine_grid`, `grid_sample`."""

from typing import Literal

from pydantic import Field

from archspec import pycode as py
from archspec.dims import Dim
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
    Dims,
    common_dtype,
    function,
    keywords,
    need_kind,
    need_rank,
)

_CORNERS = "write `align_corners=false` or `align_corners=true`, the same in both functions"


class AffineGridArgs(Params):
    """`size` is that of the image to be made, channels included."""

    size: Dims
    # Required, as torch's default has changed, and it warns.
    align_corners: bool = Field(description=_CORNERS)


class AffineGrid(FunctionDecl[AffineGridArgs]):
    """The places that an affine map gives each pixel: [B, 2, 3] -> [B, H, W, 2] with B, C, H, W."""

    name = "affine_grid"
    Params = AffineGridArgs
    ports = (Port("theta"),)

    def shape(
        self, p: AffineGridArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float")
        need_rank(self.name, x[0], 3, 3)
        axes = len(p.size) - 2
        if axes not in (2, 3):
            raise RuleError(
                "A0106", f"`size` is [B, C, H, W] or [B, C, D, H, W], not {len(p.size)} numbers",
                Arg("size"),
            )  # fmt: skip
        for size in p.size:
            need.at_least(size, 1, "A0106", f"`size` holds {size}", Arg("size"))
        for axis, wanted in enumerate((p.size[0], Dim.of(axes), Dim.of(axes + 1))):
            message = f"the maps are {x[0]}, not [{p.size[0]}, {axes}, {axes + 1}]"
            need.equal(x[0].shape[axis], wanted, "A0401", message, Axis(0, axis), Arg("size"))
        return (x[0].with_shape(p.size[0], *p.size[2:], axes),)

    def emit(self, p: AffineGridArgs, call: EmitCall) -> "py.Expr":
        corners = (("align_corners", call.arg("align_corners")),)
        size = call.arg("size")  # torch's annotation asks for a list
        size = py.List(size.items) if isinstance(size, py.Tuple) else py.call("list", size)
        return function("F.affine_grid", (call.tensors[0], size), corners)


class GridSampleArgs(Params):
    mode: Literal["bilinear", "nearest", "bicubic"] = "bilinear"
    padding_mode: Literal["zeros", "border", "reflection"] = "zeros"
    align_corners: bool = Field(description=_CORNERS)


class GridSample(FunctionDecl[GridSampleArgs]):
    """The image at the places of a grid, -1 to 1: [B, C, H, W], [B, h, w, 2] -> [B, C, h, w]."""

    channels = 1
    name = "grid_sample"
    Params = GridSampleArgs
    ports = (Port("input"), Port("grid"))

    def shape(
        self, p: GridSampleArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        image, grid = x
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, "float", port=port)
        need_rank(self.name, image, 4, 5)
        need_rank(f"grid of {self.name}", grid, image.rank, image.rank, 1)
        common_dtype(self.name, x)
        if p.mode == "bicubic" and image.rank == 5:
            raise RuleError("A0106", '`mode="bicubic"` works in two dimensions only', Arg("mode"))
        message = f"image and grid differ in the batch size: {image} and {grid}"
        need.equal(image.shape[0], grid.shape[0], "A0401", message, Axis(0, 0), Axis(1, 0))
        last, axes = grid.rank - 1, image.rank - 2
        message = f"a place in {image} has {axes} coordinates, not {grid.shape[last]}"
        need.equal(grid.shape[last], axes, "A0401", message, Axis(1, last))
        return (image.with_shape(*image.shape[:2], *grid.shape[1:-1]),)

    def emit(self, p: GridSampleArgs, call: EmitCall) -> "py.Expr":
        rest = (
            *keywords(p, call, "mode", "padding_mode"),
            ("align_corners", call.arg("align_corners")),
        )
        return function("F.grid_sample", call.tensors, rest)
