"""Linear maps: Linear, Bilinear, Identity."""

from collections.abc import Mapping

from archspec.dims import Dim
from archspec.layers.base import (
    Axis,
    LayerDecl,
    Needs,
    Params,
    Port,
    RuleError,
    Size,
    TensorType,
    Weight,
)
from archspec.layers.checks import need_float, need_min_rank, product


class LinearParams(Params):
    out_features: Size
    bias: bool = True


class Linear(LayerDecl[LinearParams]):
    """Affine map of the last axis: `[..., in_features] -> [..., out_features]`."""

    channels = -1
    Params = LinearParams
    inferred_names = ("in_features",)

    def shape(
        self, p: LinearParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_min_rank(self.name, x[0], ("...", "in_features"))
        return (x[0].with_axis(-1, p.out_features),)

    def inferred(
        self, p: LinearParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"in_features": x[0].shape[-1]}

    def weights(self, p: LinearParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        out = Dim.of(p.out_features)
        weight = Weight("weight", (out, x[0].shape[-1]))
        return (weight, Weight("bias", (out,))) if p.bias else (weight,)

    def macs(self, p: LinearParams, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        return product(x[0].shape) * Dim.of(p.out_features)


class Bilinear(LayerDecl[LinearParams]):
    """Bilinear map of two inputs: `[..., in1], [..., in2] -> [..., out_features]`."""

    channels = -1
    Params = LinearParams
    ports = (Port("input1"), Port("input2"))
    inferred_names = ("in1_features", "in2_features")

    def shape(
        self, p: LinearParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_float(self.name, tensor, port)
            need_min_rank(self.name, tensor, ("...", "features"), port)
        left, right = x
        if left.rank != right.rank:
            raise RuleError(
                "A0404",
                f"Bilinear needs inputs of the same rank, not {left.rank} and {right.rank}",
                Axis(0),
                Axis(1),
                help=("reshape one input so that all dimensions but the last agree",),
            )
        for axis in range(left.rank - 1):
            need.equal(
                left.shape[axis],
                right.shape[axis],
                "A0401",
                "the inputs of Bilinear differ in a dimension before the last",
                Axis(0, axis),
                Axis(1, axis),
            )
        return (left.with_axis(-1, p.out_features),)

    def inferred(
        self, p: LinearParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"in1_features": x[0].shape[-1], "in2_features": x[1].shape[-1]}

    def weights(self, p: LinearParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        out = Dim.of(p.out_features)
        weight = Weight("weight", (out, x[0].shape[-1], x[1].shape[-1]))
        return (weight, Weight("bias", (out,))) if p.bias else (weight,)

    def macs(self, p: LinearParams, x: tuple[TensorType, ...], out: tuple[TensorType, ...]) -> Dim:
        # x1 · W for each output, then the product with x2.
        pairs = x[0].shape[-1] * x[1].shape[-1] + x[1].shape[-1]
        return product(out[0].shape) * pairs


class NoParams(Params):
    pass


class Identity(LayerDecl[NoParams]):
    """Passes its input on unchanged: `[...] -> [...]`."""

    Params = NoParams

    def shape(self, p: NoParams, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        return (x[0],)
