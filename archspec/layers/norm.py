"""Normalisation: batch, layer, group, instance, RMS, local response."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from archspec.dims import Dim
from archspec.layers.base import Arg, Axis, LayerDecl, Needs, Params, Positive, TensorType, Weight
from archspec.layers.checks import (
    SPATIAL,
    need_float,
    need_groups,
    need_min_rank,
    need_rank,
    product,
)

Eps = Annotated[float, Field(ge=0.0)]


def _need_several(need: Needs, layer: str, values: Dim) -> None:
    """State (A0502) that statistics are taken over two values or more."""
    need.at_least(
        values,
        2,
        "A0502",
        f"{layer} needs more than one value per channel to take statistics over",
        Axis(0),
        help=("normalise before the sizes are reduced to 1, or state larger sizes in a `where`",),
    )


def _affine(shape: tuple[Dim, ...], *, bias: bool = True) -> tuple[Weight, ...]:
    weight = Weight("weight", shape)
    return (weight, Weight("bias", shape)) if bias else (weight,)


class BatchNormParams(Params):
    eps: Annotated[float, Field(gt=0.0)] = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True


class InstanceNormParams(Params):
    eps: Eps = 1e-5
    momentum: float | None = 0.1
    affine: bool = False
    track_running_stats: bool = False


def _statistics(p: BatchNormParams | InstanceNormParams, channels: Dim) -> tuple[Weight, ...]:
    """Weights and buffers of the norms that keep running statistics, in `state_dict` order."""
    shape = (channels,)
    weights = _affine(shape) if p.affine else ()
    if not p.track_running_stats:
        return weights
    return (
        *weights,
        Weight("running_mean", shape, buffer=True),
        Weight("running_var", shape, buffer=True),
        Weight("num_batches_tracked", (), buffer=True, dtype="int64"),
    )


class _BatchNorm(LayerDecl[BatchNormParams]):
    channels = 1
    spatial: ClassVar[int]
    mode_dependent = True
    inferred_names = ("num_features",)

    def shape(
        self, p: BatchNormParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        # BatchNorm1d also takes [B, C]: every position of L is optional.
        if not (self.spatial == 1 and x[0].rank == 2):
            need_rank(self.name, x[0], ("B", "C", *SPATIAL[self.spatial]))
        if not p.track_running_stats:  # then evaluation takes statistics too, even of one sample
            _need_several(need, self.name, product((x[0].shape[0], *x[0].shape[2:])))
        return (x[0],)

    def inferred(
        self, p: BatchNormParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"num_features": x[0].shape[1]}

    def weights(self, p: BatchNormParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return _statistics(p, x[0].shape[1])


class BatchNorm1d(_BatchNorm):
    """Batch normalisation per channel: `[B, C]` or `[B, C, L]`, unchanged (arXiv:1502.03167)."""

    Params = BatchNormParams
    spatial = 1


class BatchNorm2d(_BatchNorm):
    """Batch normalisation per channel: `[B, C, H, W] -> [B, C, H, W]` (arXiv:1502.03167)."""

    Params = BatchNormParams
    spatial = 2


class BatchNorm3d(_BatchNorm):
    """Batch normalisation per channel: `[B, C, D, H, W] -> [B, C, D, H, W]` (arXiv:1502.03167)."""

    Params = BatchNormParams
    spatial = 3


class SyncBatchNorm(LayerDecl[BatchNormParams]):
    """Batch normalisation over all processes of a group: `[B, C, ...]`, unchanged."""

    channels = 1
    Params = BatchNormParams
    inferred_names = ("num_features",)
    mode_dependent = True

    def shape(
        self, p: BatchNormParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_min_rank(self.name, x[0], ("B", "C", "..."))
        if not p.track_running_stats:
            _need_several(need, self.name, product((x[0].shape[0], *x[0].shape[2:])))
        return (x[0],)

    def inferred(
        self, p: BatchNormParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"num_features": x[0].shape[1]}

    def weights(self, p: BatchNormParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return _statistics(p, x[0].shape[1])


class _InstanceNorm(LayerDecl[InstanceNormParams]):
    channels = 1
    spatial: ClassVar[int]
    # Only with `track_running_stats`, but that is decided per call, not per class.
    mode_dependent = True
    inferred_names = ("num_features",)

    def shape(
        self, p: InstanceNormParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_rank(self.name, x[0], ("B", "C", *SPATIAL[self.spatial]))
        _need_several(need, self.name, product(x[0].shape[2:]))
        return (x[0],)

    def inferred(
        self, p: InstanceNormParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"num_features": x[0].shape[1]}

    def weights(self, p: InstanceNormParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return _statistics(p, x[0].shape[1])


class InstanceNorm1d(_InstanceNorm):
    """Normalisation per sample and channel: `[B, C, L] -> [B, C, L]` (arXiv:1607.08022)."""

    Params = InstanceNormParams
    spatial = 1


class InstanceNorm2d(_InstanceNorm):
    """Normalisation per sample and channel: `[B, C, H, W] -> [B, C, H, W]` (arXiv:1607.08022)."""

    Params = InstanceNormParams
    spatial = 2


class InstanceNorm3d(_InstanceNorm):
    """Normalisation per sample and channel: `[B, C, D, H, W]`, unchanged (arXiv:1607.08022)."""

    Params = InstanceNormParams
    spatial = 3


class LayerNormParams(Params):
    eps: Eps = 1e-5
    elementwise_affine: bool = True
    bias: bool = True


class LayerNorm(LayerDecl[LayerNormParams]):
    """Normalisation over the last axis: `[..., D] -> [..., D]` (arXiv:1607.06450)."""

    channels = -1
    Params = LayerNormParams
    inferred_names = ("normalized_shape",)

    def shape(
        self, p: LayerNormParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_min_rank(self.name, x[0], ("...", "D"))
        return (x[0],)

    def inferred(
        self, p: LayerNormParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"normalized_shape": x[0].shape[-1]}

    def weights(self, p: LayerNormParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return _affine((x[0].shape[-1],), bias=p.bias) if p.elementwise_affine else ()


class RMSNormParams(Params):
    eps: Eps | None = None
    elementwise_affine: bool = True


class RMSNorm(LayerDecl[RMSNormParams]):
    """Scales the last axis to a root mean square of 1: `[..., D]`, unchanged (arXiv:1910.07467)."""

    channels = -1
    Params = RMSNormParams
    inferred_names = ("normalized_shape",)

    def shape(
        self, p: RMSNormParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_min_rank(self.name, x[0], ("...", "D"))
        return (x[0],)

    def inferred(
        self, p: RMSNormParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"normalized_shape": x[0].shape[-1]}

    def weights(self, p: RMSNormParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return _affine((x[0].shape[-1],), bias=False) if p.elementwise_affine else ()


class GroupNormParams(Params):
    num_groups: Positive
    eps: Eps = 1e-5
    affine: bool = True


class GroupNorm(LayerDecl[GroupNormParams]):
    """Normalisation per sample and channel group: `[B, C, ...]`, unchanged (arXiv:1803.08494)."""

    channels = 1
    Params = GroupNormParams
    torch_order = ("num_groups", "num_channels", "eps", "affine")
    inferred_names = ("num_channels",)

    def shape(
        self, p: GroupNormParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_min_rank(self.name, x[0], ("B", "C", "..."))
        batch, channels, *rest = x[0].shape
        places = (Arg("num_groups"), Axis(0, 1))
        need_groups(need, "num_channels", channels, p.num_groups, "groups", *places)
        _need_several(need, self.name, product((batch, channels // p.num_groups, *rest)))
        return (x[0],)

    def inferred(
        self, p: GroupNormParams, x: tuple[TensorType, ...]
    ) -> Mapping[str, Dim | tuple[Dim, ...]]:
        return {"num_channels": x[0].shape[1]}

    def weights(self, p: GroupNormParams, x: tuple[TensorType, ...]) -> tuple[Weight, ...]:
        return _affine((x[0].shape[1],)) if p.affine else ()


class LocalResponseNormParams(Params):
    size: Positive
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0


class LocalResponseNorm(LayerDecl[LocalResponseNormParams]):
    """Scales by nearby channels: `[B, C, L, ...]` (Krizhevsky, 2012)."""

    channels = 1
    Params = LocalResponseNormParams

    def shape(
        self, p: LocalResponseNormParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_min_rank(self.name, x[0], ("B", "C", "L", "..."))
        return (x[0],)


class CrossMapLRN2d(LayerDecl[LocalResponseNormParams]):
    """Scales by nearby channels, as Caffe does: `[B, C, H, W]`, unchanged (Krizhevsky, 2012)."""

    channels = 1
    Params = LocalResponseNormParams

    def shape(
        self, p: LocalResponseNormParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_rank(self.name, x[0], ("B", "C", "H", "W"))
        return (x[0],)
