"""The nodes of a graph that a table shows, in words: `3×3, 64` or `2×2 max pool, stride 2`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archspec.dims import Dim
from archspec.ir import Graph, Node
from archspec.layers.base import LayerDecl, TensorType
from archspec.layers.describe import as_written

_SHORT = {"avg": "average", "lp": "LP", "rms": "RMS"}
#: How many output channels, features or entries a layer has; the first of these that it has.
_WIDTHS = ("out_channels", "out_features", "embedding_dim", "hidden_size")
_HEADS = ("num_heads", "nhead")


@dataclass(frozen=True, slots=True)
class Words:
    """One layer as a table shows it. `stride` is apart, as it may differ where all else repeats."""

    what: str
    width: str = ""
    details: tuple[str, ...] = ()
    stride: str = ""

    def text(self, *, stride: bool = True) -> str:
        parts = [self.what, self.width, *self.details, self.stride if stride else ""]
        return ", ".join(part for part in parts if part)


def is_shown(graph: Graph, node: Node) -> bool:
    """Whether a node multiplies, looks up, or changes how many elements there are by a window.

    Norms, activations, dropout, joins and whatever only moves elements are left out.
    """
    decl, params = node.decl, node.params
    if decl is None or params is None:
        return False
    inputs = graph.input_types(node.id)
    if decl.macs(params, inputs, node.outputs) is not Dim.of(0):
        return True
    if not inputs:
        return False
    before, after = inputs[0], node.outputs[0]
    if decl.channels == 1 and before.shape[2:] != after.shape[2:]:
        return True
    if isinstance(decl, LayerDecl):
        return (
            hasattr(params, "kernel_size")
            or not decl.states_macs
            or decl.module is not None
            or _elements(before) is not _elements(after)
        )
    return _reduces(node) and _elements(before) is not _elements(after)


def words_for(graph: Graph, node: Node, sizes: Mapping[str, int]) -> Words:
    """A node that is shown, in words."""
    decl, p = node.decl, node.params
    assert decl is not None
    assert p is not None
    inputs = graph.input_types(node.id)
    name = decl.noun or _spoken(decl.name)
    kernel = getattr(p, "kernel_size", None)
    what, details = name, []
    if isinstance(kernel, tuple):
        what = _windowed(name, kernel)
    elif name.startswith("adaptive "):
        to = node.outputs[0].shape[2:]
        rest = name.removeprefix("adaptive ")
        size = "×".join(str(dim.substitute(sizes)) for dim in to)
        what = f"global {rest}" if set(to) == {Dim.of(1)} else f"{rest} to {size}"
    elif _is_global(graph, node):
        what = f"global {name} pool"
    elif (entries := getattr(p, "num_embeddings", None)) is not None:
        what = f"{name} of {entries}"
    elif decl.channels == 1 and (mode := getattr(p, "mode", None)) is not None:
        what = f"{mode} {name}"
    groups = getattr(p, "groups", 1)
    if isinstance(groups, int) and groups > 1:
        if inputs[0].shape[1] is Dim.of(groups):
            what += " depthwise"
        else:
            details.append(f"{groups} groups")
    if (dilation := _unless_one(p, "dilation")) is not None:
        details.append(f"dilation {dilation}")
    if (heads := _heads(p, decl.noun, inputs)) is not None:
        details.append(f"{heads} heads")
    if (layers := getattr(p, "num_layers", 1)) > 1:
        details.append(f"{layers} layers")
    if getattr(p, "bidirectional", False):
        details.append("both directions")
    if (factor := getattr(p, "scale_factor", None)) is not None:
        details.append(f"×{_times(factor)}")
    if isinstance(decl, LayerDecl) and decl.module is not None:
        given = p.model_dump(exclude_unset=True)
        what = decl.name
        details = [f"{key} {as_written(value)}" for key, value in given.items()]
    stride = _unless_one(p, "stride", default=kernel)
    return Words(
        what,
        _width(node, inputs, sizes),
        tuple(details),
        f"stride {stride}" if stride is not None else "",
    )


def _windowed(name: str, kernel: tuple[Any, ...]) -> str:
    """`3×3` alone is a convolution over two or three axes."""
    window = "×".join(map(str, kernel))
    if name == "conv" and len(kernel) > 1:
        return window
    return f"{window} {name}" if len(kernel) > 1 else f"{name} {window}"


def _width(node: Node, inputs: Sequence[TensorType], sizes: Mapping[str, int]) -> str:
    """The channels or features of the output, where the layer chooses them."""
    for field in _WIDTHS:
        if (width := getattr(node.params, field, None)) is not None:
            return str(width)
    assert node.decl is not None
    product = node.kind == "function" and node.decl.channels is None and not _reduces(node)
    if product and node.decl.noun != "attention" and inputs[-1].rank == 2:
        return str(node.outputs[0].shape[-1].substitute(sizes))
    return ""


def _heads(p: object, noun: str, inputs: tuple[TensorType, ...]) -> int | None:
    for field in _HEADS:
        heads = getattr(p, field, None)
        if isinstance(heads, int):
            return heads
    if noun == "attention" and inputs[0].rank >= 4:
        return inputs[0].shape[-3].const
    return None


def _is_global(graph: Graph, node: Node) -> bool:
    """Whether a reduction is over the spatial axes of an image."""
    dims = getattr(node.params, "dim", None)
    if dims is None or not _reduces(node):
        return False
    (rank,) = {t.rank for t in graph.input_types(node.id)[:1]}
    axes = {axis % rank for axis in (dims if isinstance(dims, tuple) else (dims,))}
    return rank == 4 and axes in ({2, 3}, {1, 2})


def _reduces(node: Node) -> bool:
    """Whether it is a function that makes one element of many along an axis."""
    return node.params is not None and "keepdim" in type(node.params).model_fields


def _unless_one(p: object, field: str, default: object = None) -> str | None:
    """A stride or dilation, unless it is 1 along all axes; a pool's stride is its kernel."""
    if not hasattr(p, field):
        return None
    value = getattr(p, field)
    value = default if value is None else value
    values = set(value) if isinstance(value, tuple) else {value}
    return None if values <= {1, None} else _times(value)


def _times(value: object) -> str:
    """`2` for (2, 2), `2×1` for (2, 1); `2` for 2.0."""
    if isinstance(value, tuple):
        parts = [_times(item) for item in value]
        return parts[0] if len(set(parts)) == 1 else "×".join(parts)
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _elements(type_: TensorType) -> Dim:
    total = Dim.of(1)
    for dim in type_.shape:
        total = total * dim
    return total


def _spoken(name: str) -> str:
    """`max pool` for MaxPool2d, `LSTM` for LSTM, `log softmax` for log_softmax."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", re.sub(r"\dd$", "", name))
    words = [part if part.isupper() and len(part) > 1 else part.lower() for part in parts]
    return " ".join(_SHORT.get(word, word) for word in words)


def names_hidden(graph: Graph) -> tuple[str, ...]:
    """The layers that a table leaves out, each kind once, in order of their first use."""
    hidden = (
        node.decl.name
        for node in graph.nodes
        if node.kind == "layer" and node.decl is not None and not is_shown(graph, node)
    )
    return tuple(dict.fromkeys(hidden))


__all__ = ["Words", "is_shown", "names_hidden", "words_for"]
