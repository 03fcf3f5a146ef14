"""Dropout: elements or whole channels are set to zero while training."""

from typing import ClassVar

from archspec.layers.base import LayerDecl, Needs, Params, Probability, TensorType
from archspec.layers.checks import SPATIAL, need_float, need_min_rank, need_rank


class DropoutParams(Params):
    p: Probability = 0.5
    inplace: bool = False


class _Dropout(LayerDecl[DropoutParams]):
    #: The number of spatial axes; 0 for a tensor of any rank.
    spatial: ClassVar[int] = 0
    mode_dependent = True

    def shape(
        self, p: DropoutParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        if self.spatial:
            need_rank(self.name, x[0], ("B", "C", *SPATIAL[self.spatial]))
        return (x[0],)


class Dropout(_Dropout):
    """Zeroes elements with probability `p`: `[...] -> [...]` (arXiv:1207.0580)."""

    Params = DropoutParams


class Dropout1d(_Dropout):
    """Zeroes channels with probability `p`: `[B, C, L] -> [B, C, L]` (arXiv:1411.4280)."""

    Params = DropoutParams
    spatial = 1


class Dropout2d(_Dropout):
    """Zeroes channels with probability `p`: `[B, C, H, W]`, unchanged (arXiv:1411.4280)."""

    Params = DropoutParams
    spatial = 2


class Dropout3d(_Dropout):
    """Zeroes channels with probability `p`: `[B, C, D, H, W]`, unchanged (arXiv:1411.4280)."""

    Params = DropoutParams
    spatial = 3


class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance, for SELU: `[...] -> [...]` (arXiv:1706.02515)."""

    Params = DropoutParams


class FeatureAlphaDropout(_Dropout):
    """Alpha dropout of whole channels: `[B, C, ...] -> [B, C, ...]` (arXiv:1706.02515)."""

    Params = DropoutParams

    def shape(
        self, p: DropoutParams, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_float(self.name, x[0])
        need_min_rank(self.name, x[0], ("B", "C", "..."))
        return (x[0],)
