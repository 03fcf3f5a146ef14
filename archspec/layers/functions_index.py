"""Parts of a tensor by position, as `x[:, 0]` and `narrow`, and other places: `flip`, `roll`."""

from dataclasses import dataclass
from types import EllipsisType
from typing import Annotated

from pydantic import BeforeValidator, PlainValidator

from archspec import pycode as py
from archspec.dims import Dim, ceil_div
from archspec.layers.base import (
    Arg,
    Axis,
    DimArg,
    EmitCall,
    FunctionDecl,
    Needs,
    Params,
    Port,
    RuleError,
    TensorType,
)
from archspec.layers.functions_shared import axes_of, axis_of, count, method, need_kind


@dataclass(frozen=True, slots=True)
class IndexSlice:
    """`start:stop:step` inside an index. A bound is a size, or a negative number from the end."""

    start: Dim | None = None
    stop: Dim | None = None
    step: int | None = None


IndexItem = Dim | IndexSlice | EllipsisType | None


def _bound(value: object) -> Dim | None:
    if value is None or isinstance(value, Dim):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Dim.of(value)
    raise ValueError("an index is made of integers, sizes, slices, `...` and `none`")


def _item(value: object) -> IndexItem:
    if isinstance(value, slice):
        step = value.step
        if step is not None and (isinstance(step, bool) or not isinstance(step, int)):
            raise ValueError("the step of a slice must be an integer")
        return IndexSlice(_bound(value.start), _bound(value.stop), step)
    if value is Ellipsis or isinstance(value, IndexSlice):
        return value
    return _bound(value)


def _items(value: object) -> tuple[IndexItem, ...]:
    return tuple(map(_item, value if isinstance(value, list | tuple) else (value,)))


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


#: One axis (or shift), or several.
ShiftedAxes = Annotated[int | tuple[int, ...], BeforeValidator(_tuple)]


class IndexArgs(Params):
    """The items of `x[…]`: integers or sizes, Python slices or `IndexSlice`s, `...`, none."""

    items: Annotated[tuple[IndexItem, ...], PlainValidator(_items)]


class Index(FunctionDecl[IndexArgs]):
    """`x[:, 0]`: a number takes an axis away, a slice shortens it, none adds one of size 1."""

    name = "index"
    moves_elements = True
    Params = IndexArgs
    variadic_argument = "items"

    def shape(self, p: IndexArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        used = sum(isinstance(item, Dim | IndexSlice) for item in p.items)
        dots = sum(item is Ellipsis for item in p.items)
        if dots > 1:
            raise RuleError("A0106", "an index takes one `...` at most", Arg("items"))
        if used > x[0].rank:
            raise RuleError(
                "A0404",
                f"the index names {count(used, 'dimension')}, but {x[0]} has {x[0].rank}",
                Axis(0),
                Arg("items"),
            )
        sizes: list[Dim] = []
        axis = 0
        for item in p.items:
            match item:
                case None:
                    sizes.append(Dim.of(1))
                    continue
                case Dim():
                    self._check_position(item, x[0].shape[axis], axis, need)
                case IndexSlice():
                    sizes.append(sliced(item, x[0].shape[axis], axis, need))
                case _:
                    skipped = x[0].rank - used
                    sizes.extend(x[0].shape[axis : axis + skipped])
                    axis += skipped
                    continue
            axis += 1
        return (TensorType((*sizes, *x[0].shape[axis:]), x[0].dtype),)

    def _check_position(self, item: Dim, size: Dim, axis: int, need: Needs) -> None:
        """States that `item` is a position on an axis of `size`."""
        from_end = item.const is not None and item.const < 0
        message = f"index {item} is out of range: axis {axis} has size {size}"
        need.at_least(size, -item if from_end else item + 1, "A0503", message, Axis(0, axis))
        if item.const is None:
            need.at_least(item, 0, "A0503", message, Axis(0, axis))

    def emit(self, p: IndexArgs, call: EmitCall) -> "py.Expr":
        items = tuple(self._item(item, call) for item in p.items)
        return py.Subscript(call.tensors[0], items)

    def _item(self, item: IndexItem, call: EmitCall) -> "py.Expr | py.Slice":
        match item:
            case None:
                return py.const(None)
            case Dim():
                return call.size(item)
            case IndexSlice(start, stop, step):
                return py.Slice(
                    None if start is None else call.size(start),
                    None if stop is None else call.size(stop),
                    None if step is None else py.const(step),
                )
            case _:
                return py.name("...")


def sliced(item: IndexSlice, size: Dim, axis: int, need: Needs) -> Dim:
    """How many elements the slice takes from an axis of `size`.

    torch moves bounds out of range to the end without a word; here they are a fault, and so is a
    slice that takes nothing.
    """
    step = 1 if item.step is None else item.step
    if step < 1:
        raise RuleError(
            "A0106",
            f"the step of a slice must be at least 1, not {step}",
            Arg("items"),
            help=("to reverse an axis: `flip(dims=…)`",),
        )
    start = Dim.of(0) if item.start is None else from_start(item.start, size)
    stop = size if item.stop is None else from_start(item.stop, size)
    message = f"slice {slice_text(item)} does not fit axis {axis} of size {size}"
    need.at_least(start, 0, "A0503", message, Arg("items"), Axis(0, axis))
    need.at_least(size, stop, "A0503", message, Arg("items"), Axis(0, axis))
    need.at_least(
        stop - start,
        1,
        "A0503",
        f"slice {slice_text(item)} takes nothing from axis {axis} of size {size}",
        Arg("items"),
        Axis(0, axis),
    )
    return ceil_div(stop - start, step)


def from_start(bound: Dim, size: Dim) -> Dim:
    """A bound counted from the start; only a number can be negative, counted from the end."""
    return size + bound if bound.const is not None and bound.const < 0 else bound


def slice_text(item: IndexSlice) -> str:
    bounds = ":".join("" if b is None else str(b) for b in (item.start, item.stop))
    return f"`{bounds}`" if item.step is None else f"`{bounds}:{item.step}`"


class NarrowArgs(Params):
    dim: int
    start: DimArg
    length: DimArg


class Narrow(FunctionDecl[NarrowArgs]):
    """`length` elements along `dim` from `start` on: [..., S, ...] -> [..., length, ...]."""

    name = "narrow"
    moves_elements = True
    Params = NarrowArgs

    def shape(
        self, p: NarrowArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axis = axis_of(p.dim, x[0].rank)
        size = x[0].shape[axis]
        start = from_start(p.start, size)
        message = f"{p.length} elements from {p.start} on do not fit axis {axis} of size {size}"
        need.at_least(start, 0, "A0503", message, Arg("start"), Axis(0, axis))
        need.at_least(size, start + p.length, "A0503", message, Arg("length"), Axis(0, axis))
        need.at_least(p.length, 1, "A0106", "`narrow` must keep at least 1 element", Arg("length"))
        return (x[0].with_axis(axis, p.length),)

    def emit(self, p: NarrowArgs, call: EmitCall) -> "py.Expr":
        arguments = (call.arg("dim"), call.arg("start"), call.arg("length"))
        return method(call.tensors[0], "narrow", arguments)


class IndexSelectArgs(Params):
    dim: int


class IndexSelect(FunctionDecl[IndexSelectArgs]):
    """The slices along `dim` that `index` numbers: [..., S, ...], int[n] -> [..., n, ...]."""

    name = "index_select"
    Params = IndexSelectArgs
    ports = (Port("input"), Port("index"))

    def shape(
        self, p: IndexSelectArgs, x: tuple[TensorType, ...], need: Needs
    ) -> tuple[TensorType, ...]:
        axis = axis_of(p.dim, x[0].rank)
        need_kind(self.name, x[1], "int", port=1)
        if x[1].dtype not in ("int", "int32", "int64"):
            raise RuleError(
                "A0701", f"`index_select` takes no indices of type {x[1].dtype}", Axis(1)
            )
        if x[1].rank > 1:
            raise RuleError(
                "A0404", f"`index` of index_select is one list of numbers, not {x[1]}", Axis(1)
            )
        return (x[0].with_axis(axis, x[1].shape[0] if x[1].rank else 1),)

    def emit(self, p: IndexSelectArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "index_select", (call.arg("dim"), call.tensors[1]))


class FlipArgs(Params):
    dims: ShiftedAxes


class Flip(FunctionDecl[FlipArgs]):
    """The elements in reverse order along `dims`: [...] -> [...]."""

    name = "flip"
    moves_elements = True
    Params = FlipArgs

    def shape(self, p: FlipArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        dims = (p.dims,) if isinstance(p.dims, int) else p.dims
        axes_of(dims, x[0].rank, "dims")
        return (x[0],)

    def emit(self, p: FlipArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "flip", (call.arg("dims"),))


class RollArgs(Params):
    shifts: ShiftedAxes
    dims: ShiftedAxes


class Roll(FunctionDecl[RollArgs]):
    """The elements shifted in a circle by `shifts` along `dims`: [...] -> [...]."""

    name = "roll"
    moves_elements = True
    Params = RollArgs

    def shape(self, p: RollArgs, x: tuple[TensorType, ...], need: Needs) -> tuple[TensorType, ...]:
        shifts = (p.shifts,) if isinstance(p.shifts, int) else p.shifts
        dims = (p.dims,) if isinstance(p.dims, int) else p.dims
        if len(shifts) != len(dims):
            raise RuleError(
                "A0106",
                f"`roll` needs one shift for each axis: {count(len(shifts), 'shift')}"
                f" for {len(dims)}",
                Arg("shifts"),
            )
        axes_of(dims, x[0].rank, "dims")
        return (x[0],)

    def emit(self, p: RollArgs, call: EmitCall) -> "py.Expr":
        return method(call.tensors[0], "roll", (call.arg("shifts"), call.arg("dims")))
