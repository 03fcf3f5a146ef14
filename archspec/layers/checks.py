"""Small checks that several shape rules share, with the wording of their faults."""

from collections.abc import Iterable

from archspec.dims import Dim
from archspec.layers.base import Arg, Axis, Needs, RuleError, TensorType

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
    """Refuse (A0404) a tensor with fewer axes than named; `...` among them stands for any number."""
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
    need: Needs, total: Dim, parts: int, *, what: str, unit: str, argument: str, axis: Axis | None
) -> None:
    """State (A0501) that `total`, called `what`, splits evenly into `parts` pieces called `unit`."""
    if parts == 1:
        return
    need.divisible(
        total,
        parts,
        "A0501",
        f"{what} {total} is not divisible by {parts} {unit}",
        Arg(argument),
        *(() if axis is None else (axis,)),
        help=_alternatives(total.const, parts, what, unit),
    )


def _alternatives(total: int | None, parts: int, what: str, unit: str) -> tuple[str, ...]:
    if total is None or total < 1:
        return ()
    divisors = [n for n in range(1, total + 1) if total % n == 0]
    shown = " ".join(str(n) for n in divisors)
    below, above = total // parts * parts, -(-total // parts) * parts
    nearest = ", ".join(str(n) for n in (below, above) if n > 0)
    return (f"{unit} that divide {total}: {shown}; nearest {what} for {parts} {unit}: {nearest}",)


def need_kernel_fits(
    need: Needs, size: Dim, kernel: int, dilation: int, padding: int, *, axis: int, slack: int = 0
) -> None:
    """State (A0502) that a window of `kernel` fits into `size` with `padding` on both sides.

    `slack` is by how much the window may hang over the end, as it may with `ceil_mode`.
    """
    reach = dilation * (kernel - 1) + 1
    dilated = f", dilated to {reach}," if dilation > 1 and kernel > 1 else ""
    padded = "padded input" if padding else "input"
    need.at_least(
        size + (2 * padding + slack),
        reach,
        "A0502",
        f"the kernel of {kernel}{dilated} is larger than its {padded}",
        Arg("kernel_size"),
        Axis(0, axis),
        help=("use a smaller kernel, more padding, or fewer downsamplings before it",),
    )
