"""What a name can stand for while a model is elaborated, and the record kept of what was done.

The record (`Frame`, `Pass`, `Step`) is how a backend finds, for each stage of the syntax tree,
every execution of it with its environment: that is what lets it emit one class per block and
keep loops.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from archspec.dims import Dim
from archspec.ir import Module, Value
from archspec.layers.base import FunctionDecl, LayerDecl, Params, TensorType
from archspec.source import Span
from archspec.syntax import ast

if TYPE_CHECKING:
    from archspec.elaborate.files import FileScope


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value of the graph."""

    value: Value
    type: TensorType


@dataclass(frozen=True, slots=True)
class Outputs:
    """Several tensors flowing together; `names` where the block names its outputs."""

    items: tuple[Tensor, ...]
    names: tuple[str, ...] = ()


class Poison:
    """The result of a failed statement: whatever uses it stays silent."""

    def __repr__(self) -> str:
        return "POISON"


POISON: Final = Poison()


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument as given: `name` is None where positional; `node` is where it stands."""

    name: str | None
    value: "Any"
    node: "ast.Expr | None"


@dataclass(frozen=True, slots=True)
class LayerValue:
    """A layer of the registry, perhaps with arguments: `ReLU`, `LayerNorm(eps=1e-6)`."""

    decl: LayerDecl[Any]
    args: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class BlockValue:
    """A block, perhaps with arguments."""

    block: ast.Block
    scope: "FileScope"
    args: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionValue:
    decl: FunctionDecl[Any]


@dataclass(frozen=True, slots=True, eq=False)
class FnValue:
    """A one-line function of the spec."""

    fn: ast.Function
    scope: "FileScope"


@dataclass(frozen=True, slots=True)
class Builtin:
    name: str
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Application:
    """One application of a shared module by its label: where, and to what."""

    label: "Label"
    span: Span
    inputs: tuple[Tensor, ...]


@dataclass(slots=True, eq=False)
class Label:
    """A labelled module: the module itself, and the value it gave last."""

    name: str
    span: Span
    module: Module
    stage: ast.Stage
    value: "Tensor | Outputs | Poison | None" = None
    #: True where the author allows several applications, or the module is only declared so far.
    reusable: bool = False
    #: What applying the label applies: a layer, a block, or a group.
    target: "LayerValue | BlockValue | ast.Group | None" = None
    #: The block's named outputs, also where it is only one.
    outputs: "dict[str, Tensor]" = field(default_factory=dict)
    #: The label whose structure this one has (`ema target: online`).
    copy_of: "Label | None" = None
    #: Its first application.
    first: "Application | None" = None


@dataclass(slots=True, eq=False)
class Step:
    """One execution of a stage or of an operation in an expression."""

    kind: Literal[
        "layer", "block", "group", "function", "value", "apply", "residual", "dense", "reuse",
        "inline", "declare",
    ]  # fmt: skip
    inputs: tuple[Tensor, ...] = ()
    output: "Tensor | Outputs | Poison | None" = None
    module: Module | None = None
    params: Params | None = None
    decl: "LayerDecl[Any] | FunctionDecl[Any] | None" = None
    #: The arguments that were given, by name.
    given: dict[str, Argument] = field(default_factory=dict)
    #: The callee's record, for blocks (also inlined ones).
    frame: "Frame | None" = None
    #: Whether the `align` was applied, per reused value.
    aligned: tuple[bool, ...] = ()
    label: "Label | None" = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One execution of an `if`: the branch taken (None where none was), what flowed in and out."""

    index: int | None
    start: Any
    end: Any


@dataclass(slots=True, eq=False)
class Pass:
    """One run through a body: the block's own, or one iteration of a loop in it."""

    frame: "Frame"
    parent: "Pass | None" = None
    #: Compile-time values bound in this pass: loop variables and assignments.
    names: dict[str, Any] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)
    loops: dict[int, list["Pass"]] = field(default_factory=dict)
    branches: dict[int, "Branch"] = field(default_factory=dict)
    #: What flowed into and out of an iteration.
    start: Any = None
    end: Any = None

    def visible(self) -> dict[str, Any]:
        """The compile-time values bound here and in the passes around it."""
        outer = self.parent.visible() if self.parent is not None else {}
        return outer | self.names

    def lookup(self, name: str) -> Any:
        """The compile-time value of `name` at the end of this pass; KeyError if it has none."""
        scope: Pass | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return self.frame.constants[name]


@dataclass(slots=True, eq=False)
class Frame:
    """One instance of a block (or model): arguments, names, dims."""

    block: ast.Block
    scope: "FileScope"
    module: Module
    #: Compile-time values: parameters, then dims bound by inputs.
    constants: dict[str, Any]
    #: All names, tensors and labels included; blocks are one scope, loops and groups add none.
    names: dict[str, Any]
    inputs: list[tuple[str, Tensor]] = field(default_factory=list)
    outputs: "Tensor | Outputs | Poison | None" = None
    output_names: tuple[str, ...] = ()
    #: Where it was called: one span per level, innermost last.
    calls: tuple[Span, ...] = ()
    given: dict[str, Argument] = field(default_factory=dict)
    #: The block that called it.
    caller: "Frame | None" = None
    #: A statement failed whose names are not known: an unknown name may be one of them.
    incomplete: bool = False
    #: The names that an interpolated one stood for where it was read, by its node.
    read_as: dict[int, set[str]] = field(default_factory=dict)
    root: Pass = field(init=False)

    def __post_init__(self) -> None:
        self.root = Pass(self)


@dataclass(slots=True, eq=False)
class Cursor:
    """Where in the module tree new layers go, in one application of their container."""

    module: Module
    #: The number of layers so far: the key of an unlabelled one.
    position: int = 0
    #: True while a shared container is applied again: its modules exist.
    again: bool = False
    used: set[str] = field(default_factory=set)


def tensors_in(value: object) -> Iterator[Tensor]:
    """The tensors of a flowing value."""
    match value:
        case Tensor():
            yield value
        case Outputs(items):
            yield from items
        case tuple() | list():
            for item in value:
                yield from tensors_in(item)
        case _:
            return


def is_tensor_like(value: object) -> bool:
    """Whether `value` flows at run time (a tensor, several, or a failed one)."""
    if isinstance(value, Tensor | Outputs | Poison):
        return True
    return isinstance(value, tuple | list) and any(is_tensor_like(item) for item in value)


def tensors(count: int) -> str:
    """`1 tensor`, `2 tensors`."""
    return f"{count} tensor{'' if count == 1 else 's'}"


def describe(value: object) -> str:
    """What kind of thing `value` is, in the author's words."""
    match value:
        case Tensor():
            return f"a tensor {value.type}"
        case Outputs(items):
            return f"{len(items)} tensors"
        case bool():
            return f"the bool {'true' if value else 'false'}"
        case None:
            return "none"
        case int() | float():
            return f"the number {value}"
        case str():
            return f'the string "{value}"'
        case Dim():
            return f"the open size {value}"
        case list() | tuple():
            return f"a list of {len(value)}"
        case LayerValue():
            return f"the layer `{value.decl.name}`"
        case BlockValue():
            return f"the block `{value.block.name.id}`"
        case FunctionValue():
            return f"the function `{value.decl.name}`"
        case FnValue():
            return f"the function `{value.fn.name.id}`"
        case Builtin():
            return f"the function `{value.name}`"
        case Label():
            return f"the layer labelled `{value.name}`"
        case _:
            return f"a {type(value).__name__}"


def names_in(node: object) -> Iterator[ast.Name]:
    """Every name in a syntax tree, in the order written."""
    match node:
        case ast.Name():
            yield node
        case tuple():
            for item in node:
                yield from names_in(item)
        case ast.Node():
            for field_name in node.__dataclass_fields__:
                yield from names_in(getattr(node, field_name))
        case _:
            return
