"""The Python that is emitted, as data: expressions and statements, free of layout.

Only what emitted modules need. `print_module` (in `printer`) lays them out as `ruff format` does.
"""

from dataclasses import dataclass

# --- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    id: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, string, bool or None."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Attr:
    value: "Expr"
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    func: "Expr"
    args: tuple["Expr", ...] = ()
    keywords: tuple[tuple[str, "Expr"], ...] = ()


@dataclass(frozen=True, slots=True)
class Tuple:
    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class List:
    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Dict:
    items: tuple[tuple["Expr", "Expr"], ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`op` is `-`, `+` or `not`."""

    op: str
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class Binary:
    """`op` is an arithmetic operator, `@`, `|`, `and` or `or`; the printer adds parentheses."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Compare:
    first: "Expr"
    rest: tuple[tuple[str, "Expr"], ...]


@dataclass(frozen=True, slots=True)
class Conditional:
    then: "Expr"
    test: "Expr"
    other: "Expr"


@dataclass(frozen=True, slots=True)
class Slice:
    start: "Expr | None" = None
    stop: "Expr | None" = None
    step: "Expr | None" = None


@dataclass(frozen=True, slots=True)
class Subscript:
    """`value[items]`."""

    value: "Expr"
    items: tuple["Expr | Slice", ...]


@dataclass(frozen=True, slots=True)
class FString:
    """`f"layer{i + 1}"`: text parts and expressions in order."""

    parts: tuple["str | Expr", ...]


@dataclass(frozen=True, slots=True)
class Starred:
    value: "Expr"


@dataclass(frozen=True, slots=True)
class Lambda:
    """A lambda without parameters."""

    body: "Expr"


@dataclass(frozen=True, slots=True)
class Comprehension:
    """A list comprehension, or a generator where `generator` is set."""

    element: "Expr"
    target: "Expr"
    iterable: "Expr"
    condition: "Expr | None" = None
    generator: bool = False


@dataclass(frozen=True, slots=True)
class Paren:
    """Parentheses around `value`. Those that precedence needs, the printer adds by itself."""

    value: "Expr"


Expr = (
    Name
    | Constant
    | Attr
    | Call
    | Tuple
    | List
    | Dict
    | Unary
    | Binary
    | Compare
    | Conditional
    | Subscript
    | FString
    | Starred
    | Lambda
    | Comprehension
    | Paren
)

# --- statements --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assign:
    """`target = value`, or `target: annotation = value`."""

    target: Expr
    value: Expr
    annotation: Expr | None = None


@dataclass(frozen=True, slots=True)
class AugAssign:
    """`target op= value`; `op` without the equals sign."""

    target: Expr
    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class ExprStmt:
    value: Expr


@dataclass(frozen=True, slots=True)
class Return:
    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Raise:
    value: Expr


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment line; `text` without the `#`."""

    text: str


@dataclass(frozen=True, slots=True)
class Blank:
    """An empty line inside a body."""


@dataclass(frozen=True, slots=True)
class For:
    target: Expr
    iterable: Expr
    body: tuple["Stmt", ...]


@dataclass(frozen=True, slots=True)
class If:
    test: Expr
    body: tuple["Stmt", ...]
    orelse: tuple["Stmt", ...] = ()


@dataclass(frozen=True, slots=True)
class With:
    """`with context:`; `context` is not a tuple."""

    context: Expr
    body: tuple["Stmt", ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    annotation: Expr | None = None
    default: Expr | None = None


@dataclass(frozen=True, slots=True)
class FunctionDef:
    name: str
    params: tuple[Parameter, ...]
    body: tuple["Stmt", ...]
    returns: Expr | None = None
    doc: str | None = None
    decorators: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassDef:
    name: str
    bases: tuple[Expr, ...]
    body: tuple["Stmt", ...]
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """`from module import name`: in a function, or of what the import manager does not know."""

    module: str
    name: str


Stmt = (
    Assign
    | AugAssign
    | ExprStmt
    | Return
    | Raise
    | Comment
    | Blank
    | For
    | If
    | With
    | FunctionDef
    | ClassDef
    | Import
)


@dataclass(frozen=True, slots=True)
class Module:
    """A file. Of `imports`, only those used are printed; names of torch and the standard library
    need no entry there: they are derived from the names used (see `imports.IMPORTS`)."""

    doc: str | None
    body: tuple[Stmt, ...]
    imports: tuple[Import, ...] = ()
