"""Receptive fields: how many pixels of the image an element of a feature map can see.

Along each spatial axis of an image (axes 2 and on of a float input of four dimensions or more), by
the windows of convolutions and pools; where paths join, the largest. Statistics of norms are not
counted as seeing. Global pooling sees the whole side; what takes the axes apart, as attention does
with its tokens, is not followed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from archspec.ir import Node, Value
from archspec.layers.base import Window
from archspec.layers.functions_shared import axes_of, axis_of
from archspec.passes.reuse_edges import ReuseEdge
from archspec.reuse.sized import Sized


@dataclass(frozen=True, slots=True)
class Field:
    """Along one axis: pixels that an element sees, and pixels from one element to the next.

    `reach` is None where it is the whole side.
    """

    reach: int | None
    stride: Fraction

    def seen_by(self, window: Window) -> "Field":
        if self.reach is None:
            return Field(None, self.stride * window.stride)
        reach = self.reach + (window.reach - 1) * self.stride
        return Field(ceil(reach), self.stride * window.stride)

    def __str__(self) -> str:
        return "whole" if self.reach is None else str(self.reach)


#: The fields of a value by its own axes; axes that are not there are not of space.
Fields = dict[int, Field]

_WHOLE: Final = Field(None, Fraction(1))


def fields(model: Sized) -> dict[Value, Fields]:
    """The receptive fields of the values that have any."""
    found: dict[Value, Fields] = {}
    for node in model.graph.nodes:
        if node.kind == "input":
            type_ = node.outputs[0]
            if type_.rank >= 4 and type_.kind == "float":
                found[Value(node.id)] = dict.fromkeys(range(2, type_.rank), Field(1, Fraction(1)))
        elif node.decl is not None:
            for index in range(len(node.outputs)):
                seen = _of(model, node, index, found)
                if seen:
                    found[Value(node.id, index)] = seen
    return found


def met(model: Sized, edge: ReuseEdge, found: Mapping[Value, Fields]) -> Fields:
    """What the target of `edge` is given beside its source: the largest along each axis."""
    last = edge.via[-1] if edge.via else edge.source.node
    largest: Fields = {}
    for other in model.graph.edges_into(edge.target):
        if other.source == last:
            continue
        for axis, field in found.get(Value(other.source, other.output), {}).items():
            largest[axis] = _larger(largest[axis], field) if axis in largest else field
    return largest


def windows_of(model: Sized, node: Node) -> tuple[Window, ...]:
    return node.decl.windows(node.params) if node.decl is not None else ()


def _of(model: Sized, node: Node, index: int, found: dict[Value, Fields]) -> Fields:
    """The fields of one output of a node."""
    assert node.decl is not None
    inputs = []
    for edge in model.graph.edges_into(node.id):
        value = Value(edge.source, edge.output)
        if value in found and not node.decl.port(edge.slot).sizes_only:
            inputs.append((model.graph.type_of(value), found[value]))
    if not inputs:
        return {}
    out = model.shape(node.outputs[index])
    first = inputs[0][0]
    windows = windows_of(model, node)
    order = _order(node, first.rank)
    if windows:
        start = len(out) - len(windows)
        given = inputs[0][1]
        return {
            start + i: given[start + i].seen_by(window)
            for i, window in enumerate(windows)
            if start + i in given
        }
    if order is not None:
        return {order.index(a): field for a, field in inputs[0][1].items() if a in order}
    joined: Fields = {}
    for type_, given in inputs:
        if type_.rank != len(out):
            return {}
        sizes = model.shape(type_)
        for axis, field in given.items():
            seen = field.seen_by(_resampled(node, sizes[axis], out[axis]))
            if sizes[axis] > 1 and out[axis] == 1:
                seen = _WHOLE
            joined[axis] = _larger(joined[axis], seen) if axis in joined else seen
    return joined


def _larger(a: Field, b: Field) -> Field:
    reach = None if a.reach is None or b.reach is None else max(a.reach, b.reach)
    return Field(reach, max(a.stride, b.stride))


def _resampled(node: Node, before: int, after: int) -> Window:
    """The window of what resamples a side by a whole factor, or crops or pads it."""
    small, large = sorted((before, after))
    if small == large or small == 0 or large % small:
        return Window(1)
    if after < before:
        return Window(
            large // small if not node.decl or not node.decl.moves_elements else 1,
            Fraction(large // small),
        )
    between = getattr(node.params, "mode", "nearest") not in ("nearest", "nearest-exact")
    return Window(2 if between else 1, Fraction(small, large))


def _order(node: Node, rank: int) -> list[int] | None:
    """Where each axis of the result was, for what moves axes; -1 for one that was not there."""
    params = node.params
    match node.name:
        case "permute":
            return [axis % rank for axis in getattr(params, "dims", ())]
        case "transpose":
            a, b = getattr(params, "dim0", 0) % rank, getattr(params, "dim1", 1) % rank
            order = list(range(rank))
            order[a], order[b] = b, a
            return order
        case "squeeze":
            gone = axes_of(getattr(params, "dim", ()), rank)
            return [axis for axis in range(rank) if axis not in gone]
        case "unsqueeze":
            order = list(range(rank))
            order.insert(axis_of(getattr(params, "dim", 0), rank + 1), -1)
            return order
    return None
