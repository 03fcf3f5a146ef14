"""Complex numbers and Fourier transforms; the latter have torch.fft's names, as `rfft2`."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from archspec import pycode as py
from archspec.layers.base import (
    Axis,
    EmitCall,
    FunctionDecl,
    Kind,
    Needs,
    Params,
    Port,
    Positive,
    RuleError,
    TensorType,
)
from archspec.layers.functions_arith import elementwise
from archspec.layers.functions_shared import (
    NoArgs,
    axes_of,
    axis_of,
    function,
    keywords,
    method,
    need_kind,
    need_rank,
)

_COMPLEX = {"float": "complex64", "float32": "complex64", "float64": "complex128"}
_REAL = {"complex64": "float", "complex128": "float64"}


def complex_of(name: str, x: TensorType, port: int = 0) -> str:
    """The complex dtype of a float; raises A0701 for floats that have none on every device."""
    found = x.dtype if x.kind == "complex" else _COMPLEX.get(x.dtype)
    if found is None:
        raise RuleError("A0701", f"`{name}` needs float32 or float64, not {x.dtype}", Axis(port))
    return found


# --- complex numbers -----------------------------------------------------------------------------


class ViewAsComplex(FunctionDecl[NoArgs]):
    """Pairs on the last axis as complex numbers: [..., 2] -> complex[...]."""

    name = "view_as_complex"
    Params = NoArgs

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "float")
        need_rank(self.name, x[0], 1, None)
        last = x[0].rank - 1
        message = f"the last axis of {x[0]} does not hold pairs"
        need.equal(x[0].shape[last], 2, "A0401", message, Axis(0, last))
        return (TensorType(x[0].shape[:-1], complex_of(self.name, x[0])),)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return function("torch.view_as_complex", call.tensors)


class _Part(FunctionDecl[NoArgs]):
    """A real number of each complex one."""

    Params = NoArgs

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "complex")
        return (TensorType(x[0].shape, _REAL[x[0].dtype]),)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return py.attr(call.tensors[0], self.name)


class ViewAsReal(_Part):
    """Complex numbers as pairs on a new last axis: complex[...] -> [..., 2]."""

    name = "view_as_real"

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        (real,) = super().shape(p, x, need)
        return (real.with_shape(*real.shape, 2),)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return function("torch.view_as_real", call.tensors)


class Real(_Part):
    """The real part: complex[...] -> [...]."""

    name = "real"


class Imag(_Part):
    """The imaginary part: complex[...] -> [...]."""

    name = "imag"


class Angle(_Part):
    """The angle in the complex plane: complex[...] -> [...]."""

    name = "angle"

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "angle")


class Conj(FunctionDecl[NoArgs]):
    """The conjugate: complex[...] -> complex[...]."""

    name = "conj"
    Params = NoArgs

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        need_kind(self.name, x[0], "complex")
        return (x[0],)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "conj")


class _OfTwo(FunctionDecl[NoArgs]):
    """Complex numbers of two real ones."""

    Params = NoArgs

    def shape(self, p: NoArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        for port, tensor in enumerate(x):
            need_kind(self.name, tensor, "float", port=port)
        both = elementwise(self.name, x, need)
        return (TensorType(both.shape, complex_of(self.name, both)),)

    def emit(self, p: NoArgs, call: EmitCall) -> "py.Expr":
        return function(f"torch.{self.name}", call.tensors)


class Complex(_OfTwo):
    """Complex numbers of their real and imaginary parts: [...], [...] -> complex[...]."""

    name = "complex"
    ports = (Port("real"), Port("imag"))


class Polar(_OfTwo):
    """Complex numbers of their lengths and angles: [...], [...] -> complex[...]."""

    name = "polar"
    ports = (Port("abs"), Port("angle"))


# --- transforms ----------------------------------------------------------------------------------

Normalisation = Literal["forward", "backward", "ortho"]


class FourierArgs(Params):
    """`n` cuts or fills the axis first; for `irfft` it is the length of the result."""

    n: Positive | None = None
    dim: int = -1
    norm: Normalisation | None = None


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class Fourier2Args(Params):
    """`s` cuts or fills the axes first; for `irfft2` it is the size of the result."""

    s: Annotated[tuple[Positive, Positive] | None, BeforeValidator(_tuple)] = None
    dim: Annotated[tuple[int, int], BeforeValidator(_tuple)] = (-2, -1)
    norm: Normalisation | None = None


class _Transform:
    """What a transform takes and gives; its last axis is halved where one side is real."""

    name: ClassVar[str]
    takes: ClassVar[tuple[Kind, ...]] = ("float", "complex")
    real: ClassVar[Literal["input", "output"] | None] = None

    def transformed(
        self, x: TensorType, axes: tuple[int, ...], sizes: tuple[int | None, ...], need: Needs
    ) -> TensorType:
        need_kind(self.name, x, *self.takes)
        dtype = complex_of(self.name, x)
        out = x
        for axis, size in zip(axes, sizes, strict=True):
            out = out.with_axis(axis, x.shape[axis] if size is None else size)
        last, given = axes[-1], sizes[-1]
        if self.real == "input":
            out = out.with_axis(last, out.shape[last] // 2 + 1)
        elif self.real == "output" and given is None:
            length = (x.shape[last] - 1) * 2
            message = f"`{self.name}` gives nothing for a single frequency"
            need.at_least(length, 1, "A0502", message, Axis(0, last))
            out = out.with_axis(last, length)
        return TensorType(out.shape, _REAL[dtype] if self.real == "output" else dtype)


class _Fourier(_Transform, FunctionDecl[FourierArgs]):
    Params = FourierArgs

    def shape(
        self, p: FourierArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        return (self.transformed(x[0], (axis_of(p.dim, x[0].rank),), (p.n,), need),)

    def emit(self, p: FourierArgs, call: EmitCall) -> "py.Expr":
        rest = keywords(p, call, "n", "dim", "norm")
        return function(f"torch.fft.{self.name}", call.tensors, rest)


class _Fourier2(_Transform, FunctionDecl[Fourier2Args]):
    Params = Fourier2Args

    def shape(
        self, p: Fourier2Args, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        need_rank(self.name, x[0], 2, None)
        axes = axes_of(p.dim, x[0].rank)
        return (self.transformed(x[0], axes, p.s or (None, None), need),)

    def emit(self, p: Fourier2Args, call: EmitCall) -> "py.Expr":
        rest = keywords(p, call, "s", "dim", "norm")
        return function(f"torch.fft.{self.name}", call.tensors, rest)


class Fft(_Fourier):
    """The Fourier transform along `dim`: [..., N] -> complex[..., N]."""

    name = "fft"


class Ifft(_Fourier):
    """The inverse Fourier transform along `dim`: complex[..., N] -> complex[..., N]."""

    name = "ifft"


class Rfft(_Fourier):
    """The half spectrum of real numbers along `dim`: [..., N] -> complex[..., N//2 + 1]."""

    name = "rfft"
    takes = ("float",)
    real = "input"


class Irfft(_Fourier):
    """Real numbers of a half spectrum: complex[..., N] -> [..., 2 * (N - 1)], or `n`."""

    name = "irfft"
    real = "output"


class Fft2(_Fourier2):
    """The Fourier transform of images: [..., H, W] -> complex[..., H, W]."""

    name = "fft2"


class Ifft2(_Fourier2):
    """The inverse Fourier transform of images: complex[..., H, W] -> complex[..., H, W]."""

    name = "ifft2"


class Rfft2(_Fourier2):
    """The half spectrum of real images: [..., H, W] -> complex[..., H, W//2 + 1]."""

    name = "rfft2"
    takes = ("float",)
    real = "input"


class Irfft2(_Fourier2):
    """Real images of a half spectrum: complex[..., H, W] -> [..., H, 2 * (W - 1)], or `s`."""

    name = "irfft2"
    real = "output"
