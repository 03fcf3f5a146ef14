"""Counts as papers round them."""

from archspec.dims import Dim

_SIZES = (10**12, 10**9, 10**6, 10**3)
#: Parameters are counted in billions, and operations in giga.
_PARAMETERS = ("T", "B", "M", "k")
_MACS = ("T", "G", "M", "k")


def _rounded(count: int | Dim, units: tuple[str, ...]) -> str:
    """Three digits and a unit, `25.6 M`; a polynomial as it is."""
    if isinstance(count, Dim):
        if count.const is None:
            return str(count)
        count = count.const
    for size, unit in zip(_SIZES, units, strict=True):
        # 999,950 is 1.00 M: rounding may reach the next unit.
        if count >= size * 0.9995:
            value = count / size
            digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:.{digits}f} {unit}"
    return str(count)


def parameters(count: int) -> str:
    return _rounded(count, _PARAMETERS)


def macs(count: Dim) -> str:
    return _rounded(count, _MACS)


def exact(count: int | Dim) -> str:
    return str(count)


__all__ = ["exact", "macs", "parameters"]
