"""The syntax tree of an `.arch` file: frozen, every node with its span.

Spans take no part in equality, so two trees are equal when they mean the same.
"""

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

from archspec.source import Span

C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Node:
    """What all nodes have. Fields that are compared are also printed, all others are places."""

    span: Span = field(compare=False, repr=False)

    def _meaning(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in _compared(type(self))])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node) or type(other) is not type(self):
            return NotImplemented
        return self._meaning() == other._meaning()

    def __hash__(self) -> int:
        return hash(self._meaning())

    def __repr__(self) -> str:
        parts = (f"{name}={getattr(self, name)!r}" for name in _compared(type(self)))
        return f"{type(self).__name__}({', '.join(parts)})"


_COMPARED: dict[type[Node], tuple[str, ...]] = {}


def _compared(cls: type[Node]) -> tuple[str, ...]:
    """The names of the fields that are compared."""
    names = _COMPARED.get(cls)
    if names is None:
        names = _COMPARED[cls] = tuple(f.name for f in fields(cls) if f.compare)
    return names


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def _node(cls: type[C]) -> type[C]:
    """A frozen, slotted dataclass that compares and prints itself as `Node` says.

    Methods made for each class anew would take a tenth of the start-up.
    """
    return dataclass(frozen=True, slots=True, eq=False, repr=False)(cls)


# --- expressions -------------------------------------------------------------------------------


@_node
class Name(Node):
    """`growth`, `_`, `BatchNorm2d`."""

    id: str


@_node
class Template(Node):
    """A name with interpolation, `enc{i}` or `layer{i + 1}_b`: text and expressions in order."""

    parts: tuple["str | Expr", ...]


@_node
class Number(Node):
    """`64`, `1e-6`."""

    value: int | float


@_node
class String(Node):
    """`"b t (h d) -> b h t d"`, without its quotes."""

    value: str


@_node
class Bool(Node):
    """`true` or `false`."""

    value: bool


@_node
class NoneValue(Node):
    """`none`."""


@_node
class ListExpr(Node):
    """`[6, 12, 24, 16]`."""

    items: tuple["Expr", ...]


@_node
class TupleExpr(Node):
    """`(x, memory)`."""

    items: tuple["Expr", ...]


@_node
class Range(Node):
    """`low..<high` (half-open) or `low..high` (inclusive)."""

    low: "Expr"
    high: "Expr"
    inclusive: bool


@_node
class Unary(Node):
    """`op` is `-`, `+` or `not`."""

    op: str
    operand: "Expr"


@_node
class Binary(Node):
    """`op` is one of `+ - * / // % ** @ and or`."""

    op: str
    left: "Expr"
    right: "Expr"


@_node
class Compare(Node):
    """`first op rest op rest`, chained as in Python.

    `op` is one of `== != < <= > >= in`, `not in`.
    """

    first: "Expr"
    rest: tuple[tuple[str, "Expr"], ...]


@_node
class Conditional(Node):
    """`then if test else other`."""

    then: "Expr"
    test: "Expr"
    other: "Expr"


@_node
class Slice(Node):
    """`start:stop:step` inside an index."""

    start: "Expr | None"
    stop: "Expr | None"
    step: "Expr | None"


@_node
class Ellipsis(Node):
    """`...` inside an index or a shape."""


@_node
class Index(Node):
    """`value[items]`; items are expressions, slices or `...`."""

    value: "Expr"
    items: tuple["Expr | Slice | Ellipsis", ...]


@_node
class Attribute(Node):
    """`value.name`; `name` may be a template."""

    value: "Expr"
    name: "Name | Template"


@_node
class Keyword(Node):
    """`name=value` in a call."""

    name: str
    value: "Expr"


@_node
class Call(Node):
    """`func(args, name=value)`."""

    func: "Expr"
    args: tuple["Expr", ...]
    keywords: tuple[Keyword, ...]


@_node
class Comprehension(Node):
    """`[element for targets in iterable if condition]` (one `for`, optional `if`)."""

    element: "Expr"
    targets: tuple[str, ...]
    iterable: "Expr"
    condition: "Expr | None"


Expr = (
    Name
    | Template
    | Number
    | String
    | Bool
    | NoneValue
    | ListExpr
    | TupleExpr
    | Range
    | Unary
    | Binary
    | Compare
    | Conditional
    | Index
    | Attribute
    | Call
    | Comprehension
)


@_node
class ShapeExpr(Node):
    """`float[B, 3, H, W]`; `dtype` is None where the author left it out."""

    dtype: str | None
    dims: tuple["Expr | Ellipsis", ...]


# --- statements --------------------------------------------------------------------------------


@_node
class Body(Node):
    """`{ … }`: an optional doc string and statements. The span covers the braces."""

    doc: str | None
    statements: tuple["Statement", ...]


@_node
class Group(Node):
    """`{ … }` in stage position: nests names, a module of its own."""

    body: Body


@_node
class Residual(Node):
    """`residual { … } align …`: the body's value plus what flowed in.

    `align` is a group applied to the reused features, or a name (`crop`, `pad`).
    """

    body: Body
    align: "Group | Name | None"


@_node
class Dense(Node):
    """`dense { … }`: what flowed in and the body's value, concatenated on the channel dim."""

    body: Body


@_node
class Reuse(Node):
    """`reuse a, b by concat(dim=1) align …`: the flowing value combined with named ones."""

    sources: tuple[Expr, ...]
    combiner: Expr
    align: "Group | Name | None"


@_node
class Inline(Node):
    """`inline Block(…)`: the block's statements and names in the enclosing scope."""

    call: Expr


Core = Expr | Group | Residual | Dense | Reuse | Inline


@_node
class Stage(Node):
    """One step of a flow: `shared label: core from "weights.safetensors"`.

    `modifiers` is a subset of shared, frozen, ema, checkpoint, in the order written. The file's
    name is a template where it has braces.
    """

    modifiers: tuple[str, ...]
    label: Name | Template | None
    core: Core
    weights: str | Template | None


@_node
class Flow(Node):
    """`a, b = stage -> stage -> stage`; `targets` is empty where nothing is named."""

    targets: tuple[Name | Template, ...]
    stages: tuple[Stage, ...]


@_node
class Input(Node):
    """`input image: float[B, 3, H, W] where H % 32 == 0`."""

    name: str
    name_span: Span = field(compare=False, repr=False)
    shape: ShapeExpr
    where: tuple[Expr, ...]


@_node
class OutputItem(Node):
    """`name`, `name: [B, classes]` or `name = expr`, or any combination of the two."""

    name: Name | Template
    shape: ShapeExpr | None
    value: Expr | None


@_node
class Output(Node):
    """`output a, b = expr: [B, classes]`."""

    items: tuple[OutputItem, ...]


@_node
class Require(Node):
    """`require condition, "message"`."""

    condition: Expr
    message: str | None


@_node
class For(Node):
    """`for i, n in iterable { … }`."""

    targets: tuple[str, ...]
    iterable: Expr
    body: Body


@_node
class If(Node):
    """`orelse` is a body, another `If` (`else if`), or None."""

    test: Expr
    body: Body
    orelse: "Body | If | None"


@_node
class Tie(Node):
    """`tie lm_head.weight to wte.weight`."""

    target: Expr
    source: Expr


@_node
class Init(Node):
    """`init h.*.attn.proj.weight by normal(std=0.02)`; `selector` is kept as written."""

    selector: str
    selector_span: Span = field(compare=False, repr=False)
    initializer: Expr


@_node
class Tensor(Node):
    """`param cls: [1, 1, dim] = zeros` or `buffer mask: [T, T] = …`."""

    kind: str
    name: Name | Template
    shape: ShapeExpr
    value: Expr | None


@_node
class Weight(Node):
    """`param "proj.weight": [dim, D]`: a weight inside an own layer; `kind` as for `Tensor`."""

    kind: str
    name: String
    shape: ShapeExpr


Statement = Flow | Input | Output | Require | For | If | Tie | Init | Tensor | Weight


# --- files -------------------------------------------------------------------------------------


@_node
class Param(Node):
    """`growth`, `growth = 32`, `block: layer`, `act: layer = ReLU`."""

    name: str
    kind: str | None
    default: Expr | None


@_node
class Use(Node):
    """`use A, B from "resnet.arch"`; `path` may be a dotted library name (`std.attention`)."""

    names: tuple[Name, ...]
    path: str
    library: bool
    path_span: Span = field(compare=False, repr=False)


@_node
class Function(Node):
    """`fn make_divisible(v, by = 8) = …`."""

    name: Name
    params: tuple[Param, ...]
    value: Expr


@_node
class Block(Node):
    """`block Name(params) { … }` or `model Name(params) { … }`; `kind` says which."""

    kind: str
    name: Name
    params: tuple[Param, ...]
    body: Body


@_node
class Variant(Node):
    """`variant DenseNet121 = DenseNet(layers=[6, 12, 24, 16])`."""

    name: Name
    call: Call


@_node
class Extern(Node):
    """`extern layer Name(params) from "package.module:Class" { input … output … }`."""

    name: Name
    params: tuple[Param, ...]
    target: str
    body: Body | None


@_node
class KeyRule(Node):
    """`"ours" from "theirs"`; of several they are joined, `change` is `transposed` or None."""

    ours: String
    change: Name | None
    theirs: tuple[String, ...]


@_node
class Keys(Node):
    """`keys timm { … }`: how another library names the weights of the file's models."""

    name: Name
    rules: tuple[KeyRule, ...]


Definition = Use | Function | Block | Variant | Extern | Keys


@_node
class Comment(Node):
    """A comment, `#` included; `own_line` where nothing stands before it on its line."""

    text: str
    own_line: bool


@_node
class File(Node):
    """One `.arch` file. Comments are trivia: kept, but no part of the meaning."""

    doc: str | None
    definitions: tuple[Definition, ...]
    comments: tuple[Comment, ...] = field(compare=False)
