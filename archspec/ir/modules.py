"""The module tree of a model, and the relations between the weights in it.

A module exists once, however often it is applied: its weights are counted here, its applications
are nodes of the graph.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from archspec.dims import Dim, Domain, Kind
from archspec.layers.base import LayerDecl, Params, TensorType, Weight
from archspec.source import Span

#: How an edge or a relation reuses features or weights.
Mechanism = Literal[
    "residual", "dense", "skip", "gate", "shared", "tied", "frozen", "ema", "detach"
]


@dataclass(slots=True)
class TensorDecl:
    """A `param` or `buffer` of a module: its name there, type, and how it starts."""

    name: str
    kind: Literal["param", "buffer"]
    type: TensorType
    span: Span


@dataclass(slots=True, eq=False)
class Module:
    """A node of the module tree: a layer (`decl` set), or a block or group (`children`).

    `key` is the attribute name in the parent; joined with dots from the root they are the
    `state_dict` keys. `labelled` is False where the key is the position.
    """

    key: str
    parent: "Module | None"
    span: Span
    labelled: bool = True
    #: The block's name for a block, None for a group or layer.
    block: str | None = None
    decl: LayerDecl[Any] | None = None
    params: Params | None = None
    inferred: dict[str, Dim | tuple[Dim, ...]] = field(default_factory=dict)
    weights: tuple[Weight, ...] = ()
    children: dict[str, "Module"] = field(default_factory=dict)
    tensors: dict[str, TensorDecl] = field(default_factory=dict)
    shared: bool = False
    frozen: bool = False
    checkpoint: bool = False
    #: The module that this one slowly copies, and the momentum.
    ema_of: "Module | None" = None
    momentum: float = 0.0
    #: A file of weights to start from.
    pretrained: str | None = None

    @property
    def path(self) -> str:
        """`features.denseblock1.conv`; the root's is empty."""
        keys: list[str] = []
        module: Module | None = self
        while module is not None and module.parent is not None:
            keys.append(module.key)
            module = module.parent
        return ".".join(reversed(keys))

    def walk(self) -> "list[Module]":
        """This module and all below it, parents first, in the order of the `state_dict`."""
        found: list[Module] = []
        stack = [self]
        while stack:
            module = stack.pop()
            found.append(module)
            stack.extend(reversed(module.children.values()))
        return found

    def all_weights(self) -> "list[tuple[str, Weight]]":
        """Full names and weights, params and buffers of own declaration included."""
        prefix = f"{self.path}." if self.path else ""
        own = [
            Weight(t.name, t.type.shape, t.kind == "buffer", t.type.dtype)
            for t in self.tensors.values()
        ]
        return [(prefix + weight.name, weight) for weight in (*own, *self.weights)]


@dataclass(frozen=True, slots=True)
class Tie:
    """`tie target to source`: one weight under two names (full `state_dict` names)."""

    target: str
    source: str
    span: Span


@dataclass(frozen=True, slots=True)
class Relation:
    """Weights reused between modules, by path: `shared`, `tied`, `ema` copies, `frozen`."""

    mechanism: Mechanism
    source: str
    target: str
    span: Span


@dataclass(frozen=True, slots=True)
class Initializer:
    """`init selector by function(arguments)` with the full names of the weights it sets."""

    selector: str
    function: str
    arguments: tuple[tuple[str, Any], ...]
    weights: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Promise:
    """A condition that a `where` states: `symbol` is in `domain`; None where two sizes are one.

    `bounds` where it is a lower bound: then none is inferred, and the model must work from it on.
    """

    symbol: str
    domain: Domain | None
    text: str
    span: Span
    bounds: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """A fact about open sizes that something in the model rests on.

    `by` is what rests on it, `otherwise` what would be wrong without, `span` where that stands.
    """

    kind: Kind
    left: Dim
    right: Dim
    by: str
    otherwise: str
    span: Span


@dataclass(frozen=True, slots=True)
class Requirement:
    """A bound that the inputs must satisfy though no `where` says so: `symbol >= lower`."""

    symbol: str
    lower: int
    reason: str
    span: Span
