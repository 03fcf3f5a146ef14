"""What a node of the graph is called in a figure, and how much room it deserves.

Roles follow the family that declares a layer; the words are those of papers.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from archspec.backends.diagram.scene import JoinKind, Role
from archspec.dims import Dim
from archspec.ir import Edge, Graph, Node
from archspec.layers.base import Declaration
from archspec.layers.index import FAMILIES

#: `main` stands alone, `light` joins a neighbour's box as a note, `silent` is not worth a word.
Weight = Literal["main", "light", "silent"]

_FAMILY: Final = {name: family for family, names in FAMILIES.items() for name in names.split()}

_ROLES: Final[dict[str, Role]] = {
    "attention": "attention",
    "functions_attention": "attention",
    "transformer": "attention",
    "conv": "conv",
    "norm": "norm",
    "activation": "norm",
    "functions_activation": "norm",
    "pool": "pool",
    "pool_special": "pool",
    "functions_reduce": "pool",
    "linear": "linear",
    "recurrent": "linear",
    "sparse": "embedding",
    "functions_create": "input",
    "functions_spatial": "up",
}
_LIGHT: Final = frozenset({"norm", "activation", "functions_activation", "dropout", "padding"})
_SILENT: Final = frozenset({"functions_shape", "functions_rearrange", "dropout"})
#: Layers that only move numbers, and what a figure need not mention.
_QUIET: Final = frozenset(
    {
        "Flatten", "Unflatten", "Identity", "contiguous", "to", "detach", "flip", "index", "narrow",
        "crop",
    }
)  # fmt: skip
_UP: Final = frozenset(
    {
        "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "Upsample", "PixelShuffle",
        "UpsamplingBilinear2d", "UpsamplingNearest2d", "interpolate", "pixel_shuffle",
        "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
    }
)  # fmt: skip
_JOINS: Final[dict[str, tuple[JoinKind, str]]] = {
    "add": ("add", "+"),
    "sub": ("other", "−"),
    "mul": ("mul", "×"),
    "concat": ("concat", ""),
    "stack": ("concat", ""),
}
_SHORT: Final = {
    "LayerNorm": "LN",
    "GroupNorm": "GN",
    "RMSNorm": "RMSNorm",
    "LocalResponseNorm": "LRN",
    "CrossMapLRN2d": "LRN",
    "SyncBatchNorm": "BN",
    "scaled_dot_product_attention": "Attention",
    "MultiheadAttention": "Multi-head attention",
    "interpolate": "Upsample",
    "arange": "positions",
    "matmul": "MatMul",
    "ConvTranspose": "Up-conv",
    "pixel_shuffle": "PixelShuffle",
}


@dataclass(frozen=True, slots=True)
class Called:
    """A node in a figure: `name` (`3×3 Conv`), `detail` (`64, /2`), and how much it matters."""

    name: str
    detail: str
    role: Role
    weight: Weight


def family_of(node: Node) -> str:
    """The family that declares a layer or function."""
    return _FAMILY.get(node.name, "")


def inputs_of(graph: Graph, id: int) -> tuple[Edge, ...]:
    """The edges by which values flow into a node, without those of which it reads the size only."""
    edges = graph.edges_into(id)
    ports = getattr(graph.node(id).decl, "ports", ())
    sizes = {i for i, port in enumerate(ports) if port.sizes_only}
    return tuple(e for e in edges if e.slot not in sizes) if sizes else edges


def join_of(graph: Graph, node: Node) -> tuple[JoinKind, str] | None:
    """How a function of several tensors joins them, and its symbol; None for all others."""
    if node.kind != "function" or len({_value(e) for e in inputs_of(graph, node.id)}) < 2:
        return None
    return _JOINS.get(node.name)


def _value(edge: Any) -> tuple[int, int]:
    return edge.source, edge.output


def called(graph: Graph, node: Node) -> Called:
    """The words for a node that is no join."""
    if node.kind == "input":
        return Called(node.name, "", "input", "main")
    if node.kind == "param":
        return Called(node.name, "", "embedding", "main")
    family = _FAMILY.get(node.name, "")
    role: Role = "up" if node.name in _UP else _ROLES.get(family, "op")
    weight: Weight = "main"
    if node.name in _QUIET or family in _SILENT or (node.name == "concat"):
        weight = "silent"
    elif family in _LIGHT or _is_scalar(graph, node):
        weight = "light"
    inputs = len(inputs_of(graph, node.id))
    if weight == "silent" and (inputs != 1 or len(node.outputs) != 1):
        weight = "light" if inputs == 1 and len(node.outputs) == 1 else "main"
    name, detail = _words(graph, node, family)
    return Called(name, detail, role, weight)


def _is_scalar(graph: Graph, node: Node) -> bool:
    """An operation of one tensor with numbers, or elementwise: `x * 2`, `sigmoid(x)`."""
    family = _FAMILY.get(node.name, "")
    one = len(inputs_of(graph, node.id)) == 1
    return one and family in ("functions_arith", "functions_elementwise")


def short(node: Node) -> str:
    """The word for a layer that shares another's box: `BN`, `ReLU`."""
    name = node.name
    if name.startswith("BatchNorm"):
        return "BN"
    if name.startswith("InstanceNorm"):
        return "IN"
    if name.startswith("Dropout"):
        return "Dropout"
    return _SHORT.get(name, name)


def _words(graph: Graph, node: Node, family: str) -> tuple[str, str]:
    params: Any = node.params
    name = node.name
    if family == "conv":
        return _conv(graph, node)
    if family in ("pool", "pool_special"):
        return _pool(node)
    if name == "Linear":
        return "Linear", _number(node.outputs[0].shape[-1])
    if name in ("Embedding", "EmbeddingBag"):
        return "Embedding", _number(node.outputs[0].shape[-1])
    if name == "LayerNorm":
        return "LayerNorm", ""
    if family == "norm" and name.startswith("BatchNorm"):
        return "BatchNorm", ""
    if name == "MultiheadAttention":
        return "Multi-head", f"attention, {params.num_heads}"
    if name == "mul":
        return "scale", ""
    if name == "mean":
        return "mean", ""
    if family == "recurrent":
        return name, _number(node.outputs[0].shape[-1])
    if name == "scaled_dot_product_attention":
        return "Attention", "causal" if getattr(params, "is_causal", False) is True else ""
    return _SHORT.get(name, name), ""


def _conv(graph: Graph, node: Node) -> tuple[str, str]:
    params: Any = node.params
    channels = node.outputs[0].shape[1]
    inputs = graph.input_types(node.id)[0].shape[1]
    up = node.name.startswith("ConvTranspose")
    kernel = _sizes(params.kernel_size)
    word = "Up-conv" if up else "Conv"
    details = [_number(channels)]
    if params.groups > 1:
        if inputs.const == params.groups:
            word = "DW-conv"
        else:
            details.append(f"g={params.groups}")
    stride = _sizes(params.stride)
    if stride != "1":
        details.append(f"×{stride}" if up else f"/{stride}")
    dilation = _sizes(params.dilation)
    if dilation != "1":
        details.append(f"rate {dilation}")
    one = "×" not in kernel
    axes = len(params.kernel_size) if isinstance(params.kernel_size, tuple) else 2
    shown = "×".join([kernel] * axes) if one else kernel
    return f"{shown} {word}", ", ".join(details)


def _pool(node: Node) -> tuple[str, str]:
    params: Any = node.params
    kind = "Max" if "Max" in node.name else "Avg" if "Avg" in node.name else "LP"
    if node.name.startswith("Adaptive"):
        size = _sizes(params.output_size)
        if size == "1":
            return f"Global {kind.lower()} pool", ""
        return f"{kind}Pool", f"to {size}"
    if not hasattr(params, "kernel_size"):
        return node.name, ""
    kernel = params.kernel_size
    size = _sizes(kernel)
    axes = len(kernel) if isinstance(kernel, tuple) else 1
    shown = size if "×" in size else "×".join([size] * axes)
    given = getattr(params, "stride", None)
    stride = size if given is None else _sizes(given)
    return f"{shown} {kind}Pool", f"/{stride}" if stride != "1" else ""


def _sizes(value: object) -> str:
    """`3` for 3 along all axes, else `3×1`."""
    if isinstance(value, tuple | list):
        if len(set(value)) == 1:
            return str(value[0])
        return "×".join(str(size) for size in value)
    return str(value)


def _number(dim: Dim) -> str:
    return str(dim.const if dim.const is not None else dim)


def declared_signature(node: Node) -> tuple[Any, ...]:
    """What tells two nodes apart but for their widths."""
    decl: Declaration[Any] | None = node.decl
    given: tuple[tuple[str, str], ...] = ()
    if decl is not None and node.params is not None:
        data = node.params.model_dump()
        given = tuple((k, str(v)) for k, v in data.items() if k not in _WIDTHS)
    return (node.kind, node.name if node.kind in ("layer", "function") else "", given)


_WIDTHS: Final = frozenset(
    {
        "out_channels", "out_features", "groups", "embedding_dim", "num_embeddings", "inplace",
        "hidden_size", "num_groups", "split_size", "size", "p",
    }
)  # fmt: skip
