"""The syntax tree of an `.arch` file: frozen, every node with its span.

Spans take no part in equality, so two trees are equal when they mean the same.
"""

from dataclasses import dataclass, field

from archspec.source import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    span: Span = field(compare=False, repr=False)


# --- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name(Node):
    """`growth`, `_`, `BatchNorm2d`."""

    id: str


@dataclass(frozen=True, slots=True)
class Template(Node):
    """A name with interpolation, `enc{i}` or `layer{i + 1}_b`: text and expressions in order."""

    parts: tuple["str | Expr", ...]


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: int | float


@dataclass(frozen=True, slots=True)
class String(Node):
    value: str


@dataclass(frozen=True, slots=True)
class Bool(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class NoneValue(Node):
    pass


@dataclass(frozen=True, slots=True)
class ListExpr(Node):
    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class TupleExpr(Node):
    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`low..<high` (half-open) or `low..high` (inclusive)."""

    low: "Expr"
    high: "Expr"
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`op` is `-`, `+` or `not`."""

    op: str
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`op` is one of `+ - * / // % ** @ and or`."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`first op rest op rest`, chained as in Python.

    `op` is one of `== != < <= > >= in`, `not in`.
    """

    first: "Expr"
    rest: tuple[tuple[str, "Expr"], ...]


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`then if test else other`."""

    then: "Expr"
    test: "Expr"
    other: "Expr"


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`start:stop:step` inside an index."""

    start: "Expr | None"
    stop: "Expr | None"
    step: "Expr | None"


@dataclass(frozen=True, slots=True)
class Ellipsis(Node):
    """`...` inside an index or a shape."""


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`value[items]`; items are expressions, slices or `...`."""

    value: "Expr"
    items: tuple["Expr | Slice | Ellipsis", ...]


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """`value.name`; `name` may be a template."""

    value: "Expr"
    name: "Name | Template"


@dataclass(frozen=True, slots=True)
class Keyword(Node):
    """`name=value` in a call."""

    name: str
    value: "Expr"


@dataclass(frozen=True, slots=True)
class Call(Node):
    func: "Expr"
    args: tuple["Expr", ...]
    keywords: tuple[Keyword, ...]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class ShapeExpr(Node):
    """`float[B, 3, H, W]`; `dtype` is None where the author left it out."""

    dtype: str | None
    dims: tuple["Expr | Ellipsis", ...]


# --- statements --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Body(Node):
    """`{ … }`: an optional doc string and statements. The span covers the braces."""

    doc: str | None
    statements: tuple["Statement", ...]


@dataclass(frozen=True, slots=True)
class Group(Node):
    """`{ … }` in stage position: nests names, a module of its own."""

    body: Body


@dataclass(frozen=True, slots=True)
class Residual(Node):
    """`residual { … } align …`: the body's value plus what flowed in.

    `align` is a group applied to the reused features, or a name (`crop`, `pad`).
    """

    body: Body
    align: "Group | Name | None"


@dataclass(frozen=True, slots=True)
class Dense(Node):
    """`dense { … }`: what flowed in and the body's value, concatenated on the channel dim."""

    body: Body


@dataclass(frozen=True, slots=True)
class Reuse(Node):
    """`reuse a, b by concat(dim=1) align …`: the flowing value combined with named ones."""

    sources: tuple[Expr, ...]
    combiner: Expr
    align: "Group | Name | None"


@dataclass(frozen=True, slots=True)
class Inline(Node):
    """`inline Block(…)`: the block's statements and names in the enclosing scope."""

    call: Expr


Core = Expr | Group | Residual | Dense | Reuse | Inline


@dataclass(frozen=True, slots=True)
class Stage(Node):
    """One step of a flow: `shared label: core from "weights.safetensors"`.

    `modifiers` is a subset of shared, frozen, ema, checkpoint, in the order written.
    """

    modifiers: tuple[str, ...]
    label: Name | Template | None
    core: Core
    weights: str | None


@dataclass(frozen=True, slots=True)
class Flow(Node):
    """`a, b = stage -> stage -> stage`; `targets` is empty where nothing is named."""

    targets: tuple[Name | Template, ...]
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Input(Node):
    """`input image: float[B, 3, H, W] where H % 32 == 0`."""

    name: str
    name_span: Span = field(compare=False, repr=False)
    shape: ShapeExpr
    where: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class OutputItem(Node):
    """`name`, `name: [B, classes]` or `name = expr`, or any combination of the two."""

    name: Name | Template
    shape: ShapeExpr | None
    value: Expr | None


@dataclass(frozen=True, slots=True)
class Output(Node):
    items: tuple[OutputItem, ...]


@dataclass(frozen=True, slots=True)
class Require(Node):
    condition: Expr
    message: str | None


@dataclass(frozen=True, slots=True)
class For(Node):
    targets: tuple[str, ...]
    iterable: Expr
    body: Body


@dataclass(frozen=True, slots=True)
class If(Node):
    """`orelse` is a body, another `If` (`else if`), or None."""

    test: Expr
    body: Body
    orelse: "Body | If | None"


@dataclass(frozen=True, slots=True)
class Tie(Node):
    """`tie lm_head.weight to wte.weight`."""

    target: Expr
    source: Expr


@dataclass(frozen=True, slots=True)
class Init(Node):
    """`init h.*.attn.proj.weight by normal(std=0.02)`; `selector` is kept as written."""

    selector: str
    selector_span: Span = field(compare=False, repr=False)
    initializer: Expr


@dataclass(frozen=True, slots=True)
class Tensor(Node):
    """`param cls: [1, 1, dim] = zeros` or `buffer mask: [T, T] = …`."""

    kind: str
    name: Name | Template
    shape: ShapeExpr
    value: Expr | None


Statement = Flow | Input | Output | Require | For | If | Tie | Init | Tensor


# --- files -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Param(Node):
    """`growth`, `growth = 32`, `block: layer`, `act: layer = ReLU`."""

    name: str
    kind: str | None
    default: Expr | None


@dataclass(frozen=True, slots=True)
class Use(Node):
    """`use A, B from "resnet.arch"`; `path` may be a dotted library name (`std.attention`)."""

    names: tuple[Name, ...]
    path: str
    library: bool
    path_span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Function(Node):
    """`fn make_divisible(v, by = 8) = …`."""

    name: Name
    params: tuple[Param, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class Block(Node):
    """`block Name(params) { … }` or `model Name(params) { … }`; `kind` says which."""

    kind: str
    name: Name
    params: tuple[Param, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Variant(Node):
    """`variant DenseNet121 = DenseNet(layers=[6, 12, 24, 16])`."""

    name: Name
    call: Call


@dataclass(frozen=True, slots=True)
class Extern(Node):
    """`extern layer Name(params) from "package.module:Class" { input … output … }`."""

    name: Name
    params: tuple[Param, ...]
    target: str
    body: Body | None


Definition = Use | Function | Block | Variant | Extern


@dataclass(frozen=True, slots=True)
class Comment(Node):
    """A comment, `#` included; `own_line` where nothing stands before it on its line."""

    text: str
    own_line: bool


@dataclass(frozen=True, slots=True)
class File(Node):
    """One `.arch` file. Comments are trivia: kept, but no part of the meaning."""

    doc: str | None
    definitions: tuple[Definition, ...]
    comments: tuple[Comment, ...] = field(compare=False)
