"""Padding of the spatial axes: zeros, a constant, reflected, replicated, circular."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from archspec.dims import Dim
from archspec.layers.base import Arg, Axis, LayerDecl, Needs, NonNegative, Params, TensorType
from archspec.layers.checks import SPATIAL, need_float, need_rank


def _sides(count: int) -> BeforeValidator:
    """An integer stands for all `count` sides."""

    def spread(value: object) -> object:
        if isinstance(value, list):
            return tuple(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return (value,) * count
        return value

    return BeforeValidator(spread)


# As in torch: (left, right, top, bottom, front, back), the last axis first. Negative ones crop.
Sides1 = Annotated[tuple[int, int], _sides(2)]
Sides2 = Annotated[tuple[int, int, int, int], _sides(4)]
Sides3 = Annotated[tuple[int, int, int, int, int, int], _sides(6)]
_N = NonNegative
Border1 = Annotated[tuple[_N, _N], _sides(2)]
Border2 = Annotated[tuple[_N, _N, _N, _N], _sides(4)]
Border3 = Annotated[tuple[_N, _N, _N, _N, _N, _N], _sides(6)]


class PadParams(Params):
    """The arguments whatever the number of axes; the subclasses give the tuple its length."""

    padding: tuple[int, ...]


class ZeroPad1dParams(PadParams):
    padding: Sides1


class ZeroPad2dParams(PadParams):
    padding: Sides2


class ZeroPad3dParams(PadParams):
    padding: Sides3


class ConstantPad1dParams(ZeroPad1dParams):
    value: float


class ConstantPad2dParams(ZeroPad2dParams):
    value: float


class ConstantPad3dParams(ZeroPad3dParams):
    value: float


class BorderPad1dParams(PadParams):
    padding: Border1


class BorderPad2dParams(PadParams):
    padding: Border2


class BorderPad3dParams(PadParams):
    padding: Border3


class _Pad(LayerDecl[PadParams]):
    spatial: ClassVar[int]
    #: Elements that the input must have beside `padding` times `taken` many.
    taken: ClassVar[int] = 0
    beside: ClassVar[int] = 0

    def shape(self, p: PadParams, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        (image,) = x
        need_float(self.name, image)
        need_rank(self.name, image, ("B", "C", *SPATIAL[self.spatial]))
        out = list(image.shape)
        for i in range(self.spatial):
            axis = image.rank - 1 - i
            before, after = p.padding[2 * i : 2 * i + 2]
            self._need_border(need, out[axis], max(before, after), axis)
            self._need_rest(need, out[axis], min(before, 0) + min(after, 0), axis)
            out[axis] = out[axis] + (before + after)
        return (image.with_shape(*out),)

    def _need_border(self, need: Needs, size: Dim, padding: int, axis: int) -> None:
        least = self.taken * padding + self.beside
        if least > 1 and padding > 0:
            need.at_least(
                size,
                least,
                "A0502",
                f"the padding of {padding} is larger than the input of {self.name} allows",
                Arg("padding"),
                Axis(0, axis),
                help=("use less padding, or pad with zeros",),
            )

    def _need_rest(self, need: Needs, size: Dim, cropped: int, axis: int) -> None:
        if cropped < 0:
            need.at_least(
                size,
                1 - cropped,
                "A0502",
                f"the negative padding removes {-cropped} elements, all that there are",
                Arg("padding"),
                Axis(0, axis),
            )


class ZeroPad1d(_Pad):
    """Pads with zeros: `[B, C, L] -> [B, C, L']`; `padding` is (left, right), negative crops."""

    Params = ZeroPad1dParams
    spatial = 1


class ZeroPad2d(_Pad):
    """Pads with zeros: `[B, C, H, W] -> [B, C, H', W']`; negative crops."""

    Params = ZeroPad2dParams
    spatial = 2


class ZeroPad3d(_Pad):
    """Pads with zeros: `[B, C, D, H, W] -> [B, C, D', H', W']`; last axis first, negative crops."""

    Params = ZeroPad3dParams
    spatial = 3


class ConstantPad1d(_Pad):
    """Pads with `value`: `[B, C, L] -> [B, C, L']`; `padding` is (left, right), negative crops."""

    Params = ConstantPad1dParams
    spatial = 1


class ConstantPad2d(_Pad):
    """Pads with `value`: `[B, C, H, W] -> [B, C, H', W']`; (left, right, top, bottom)."""

    Params = ConstantPad2dParams
    spatial = 2


class ConstantPad3d(_Pad):
    """Pads with `value`: `[B, C, D, H, W] -> [B, C, D', H', W']`; the last axis comes first."""

    Params = ConstantPad3dParams
    spatial = 3


class ReflectionPad1d(_Pad):
    """Pads by mirroring at the border: `[B, C, L] -> [B, C, L']`; `padding` is (left, right)."""

    Params = BorderPad1dParams
    spatial = 1
    taken, beside = 1, 1


class ReflectionPad2d(_Pad):
    """Pads by mirroring at the border: `[B, C, H, W] -> [B, C, H', W']`."""

    Params = BorderPad2dParams
    spatial = 2
    taken, beside = 1, 1


class ReflectionPad3d(_Pad):
    """Pads by mirroring at the border: `[B, C, D, H, W]`; the last axis comes first."""

    Params = BorderPad3dParams
    spatial = 3
    taken, beside = 1, 1


class ReplicationPad1d(_Pad):
    """Pads with the border's values: `[B, C, L] -> [B, C, L']`; `padding` is (left, right)."""

    Params = BorderPad1dParams
    spatial = 1


class ReplicationPad2d(_Pad):
    """Pads with the border's values: `[B, C, H, W] -> [B, C, H', W']`."""

    Params = BorderPad2dParams
    spatial = 2


class ReplicationPad3d(_Pad):
    """Pads with the border's values: `[B, C, D, H, W]`; the last axis comes first."""

    Params = BorderPad3dParams
    spatial = 3


class CircularPad1d(_Pad):
    """Pads with the opposite side's values: `[B, C, L] -> [B, C, L']`."""

    Params = BorderPad1dParams
    spatial = 1
    taken = 1


class CircularPad2d(_Pad):
    """Pads with the opposite side's values: `[B, C, H, W] -> [B, C, H', W']`."""

    Params = BorderPad2dParams
    spatial = 2
    taken = 1


class CircularPad3d(_Pad):
    """Pads with the opposite side's values: `[B, C, D, H, W] -> [B, C, D', H', W']`."""

    Params = BorderPad3dParams
    spatial = 3
    taken = 1
