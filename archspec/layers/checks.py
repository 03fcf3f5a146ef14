"""Small checks that several shape rules share, with the wording of their faults."""

from collections.abc import Iterable
from math import isqrt

from archspec.dims import Dim
from archspec.layers.base import Arg, Axis, Needs, Place, RuleError, TensorType

#: The names of the spatial axes in messages, by their number.
SPATIAL = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


def product(dims: Iterable[Dim | int]) -> Dim:
    total = Dim.of(1)
    for dim in dims:
        total = total * dim
    return total


def need_rank(layer: str, x: TensorType, axes: tuple[str, ...], port: int = 0) -> None:
    """Refuse (A0404) a tensor that does not have exactly the named axes."""
    if x.rank == len(axes):
        return
    help: tuple[str, ...]
    if x.rank == len(axes) - 1 and axes[0] == "B":
        help = ("for a single sample, add the batch dimension with `unsqueeze(0)`",)
    elif x.rank < len(axes):
        help = (f"apply `{layer}` before the dimensions are flattened or reduced",)
    else:
        help = ("flatten or reshape the extra dimensions first",)
    stem, spatial = layer[:-2], x.rank - 2
    if layer.endswith("d") and layer[-2:-1].isdigit() and spatial in SPATIAL:
        help = (*help, f"`{stem}{spatial}d` takes {x.rank} dimensions")
    raise RuleError(
        "A0404",
        f"{layer} needs {len(axes)} dimensions [{', '.join(axes)}], not {x.rank}",
        Axis(port),
        help=help,
    )


def need_min_rank(layer: str, x: TensorType, axes: tuple[str, ...], port: int = 0) -> None:
    """Refuse (A0404) a tensor with fewer axes than named; `...` stands for any number."""
    least = sum(1 for axis in axes if axis != "...")
    if x.rank < least:
        plural = "" if least == 1 else "s"
        raise RuleError(
            "A0404",
            f"{layer} needs at least {least} dimension{plural} [{', '.join(axes)}], not {x.rank}",
            Axis(port),
            help=(f"apply `{layer}` before the dimensions are flattened or reduced",),
        )


def need_float(layer: str, x: TensorType, port: int = 0) -> None:
    """Refuse (A0701) a tensor that does not hold floating-point numbers."""
    if x.kind != "float":
        raise RuleError(
            "A0701",
            f"{layer} needs floats, not `{x.dtype}`",
            Axis(port),
            help=(
                "declare the input as `float[…]`, or convert the value with `to(float)`; "
                "indices are turned into features by `Embedding`",
            ),
        )


def axis_index(layer: str, value: int, rank: int, argument: str = "dim") -> int:
    """The non-negative axis that `value` names, else A0503."""
    if -rank <= value < rank:
        return value % rank
    allowed = f"{-rank} to {rank - 1}" if rank else "none: the value has no dimensions"
    raise RuleError(
        "A0503",
        f"{layer} has no dimension {value}: its input has {rank}",
        Arg(argument),
        help=(f"allowed values of `{argument}`: {allowed}",),
    )


def need_divisible(
    need: Needs, total: Dim, parts: int, message: str, *at: Place, unit: str | None = None
) -> None:
    """State (A0501) that `parts` divides `total`; `unit`, what the parts are, adds alternatives."""
    if parts != 1:
        help = () if unit is None else _alternatives(total.const, parts, unit)
        need.divisible(total, parts, "A0501", message, *at, help=help)


def need_groups(need: Needs, what: str, total: Dim, parts: int, unit: str, *at: Place) -> None:
    """State (A0501) that the channels or features `total`, called `what`, split into `parts`."""
    message = f"{what} {total} is not divisible by {parts} {unit}"
    need_divisible(need, total, parts, message, *at, unit=unit)


def _alternatives(total: int | None, parts: int, unit: str) -> tuple[str, ...]:
    if total is None or not 1 <= total <= 1_000_000 or total % parts == 0:
        return ()
    low = [n for n in range(1, isqrt(total) + 1) if total % n == 0]
    divisors = sorted({*low, *(total // n for n in low)})
    below, above = total // parts * parts, (total // parts + 1) * parts
    nearest = ", ".join(str(n) for n in (below, above) if n > 0)
    shown = " ".join(str(n) for n in divisors)
    return (f"{unit} that divide {total}: {shown}; nearest widths for {parts} {unit}: {nearest}",)


def need_kernel_fits(
    need: Needs, size: Dim, kernel: int, dilation: int, extra: int, *, axis: int, padded: bool
) -> None:
    """State (A0502) that a window of `kernel` fits into `size`, enlarged by `extra` elements."""
    reach = dilation * (kernel - 1) + 1
    if size.const is not None and size.const + extra >= reach:
        return
    dilated = f", dilated to {reach}," if reach > kernel else ""
    need.at_least(
        size + extra,
        reach,
        "A0502",
        f"the kernel of {kernel}{dilated} is larger than its {'padded ' if padded else ''}input",
        Arg("kernel_size"),
        Axis(0, axis),
        help=("use a smaller kernel, more padding, or fewer downsamplings before it",),
    )
