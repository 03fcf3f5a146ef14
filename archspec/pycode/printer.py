"""The text of a module: what `ruff format` leaves unchanged and `ruff check` accepts."""

from archspec.diagnostics.visible import visible
from archspec.pycode.docstrings import docstring
from archspec.pycode.expressions import (
    BARE,
    PARENTHESIZED,
    arguments,
    comma_separated,
    expression,
    soft_block,
)
from archspec.pycode.imports import import_lines
from archspec.pycode.layout import Doc, Group, flat_text, render
from archspec.pycode.nodes import (
    Assign,
    AugAssign,
    Blank,
    ClassDef,
    Comment,
    Expr,
    ExprStmt,
    For,
    FunctionDef,
    If,
    Import,
    Module,
    Parameter,
    Raise,
    Return,
    Stmt,
    With,
)
from archspec.pycode.precedence import parenthesized
from archspec.pycode.simple import (
    assign,
    aug_assign,
    decorator,
    expr_stmt,
    for_header,
    maybe_parenthesized,
    raise_stmt,
    return_stmt,
    returns,
)


def print_module(module: Module, line_length: int = 88) -> str:
    """The source of `module`, ending in a line end; its lines have at most `line_length` cells
    wherever they can be broken."""
    printer = _Printer(line_length)
    if module.doc is not None:
        printer.lines += docstring(module.doc, 0)
    imports = import_lines(module)
    if imports:
        printer.blank_lines(1)
        printer.lines += imports
    if any(not isinstance(stmt, Blank) for stmt in module.body):
        printer.blank_lines(1)
    printer.statements(module.body, 0, first_gap=2)
    return "".join(f"{line}\n" for line in printer.lines)


def print_expr(expr: Expr) -> str:
    """The text of `expr` on one line."""
    return flat_text(expression(parenthesized(expr), BARE))


_Definition = ClassDef | FunctionDef


class _Printer:
    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []

    def blank_lines(self, count: int) -> None:
        """Makes the text end in `count` empty lines, unless it is empty."""
        if not self.lines:
            return
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        self.lines += [""] * count

    def line(self, doc: Doc, indent: int) -> None:
        self.lines += render(doc, self.width, indent).split("\n")

    def body(self, body: tuple[Stmt, ...], indent: int, *, has_doc: bool = False) -> None:
        """The indented body of a class or function; `pass` where it would be empty."""
        self.statements(body, indent, first_gap=1 if has_doc else 0)
        if not has_doc and all(isinstance(stmt, Comment | Blank) for stmt in body):
            self.line("pass", indent)

    def block(self, body: tuple[Stmt, ...], indent: int) -> None:
        """The indented body of any other statement."""
        self.statements(body, indent, first_gap=1 if _starts_with_definition(body) else 0)
        if all(isinstance(stmt, Comment | Blank) for stmt in body):
            self.line("pass", indent)

    def statements(self, body: tuple[Stmt, ...], indent: int, first_gap: int) -> None:
        """Statements with empty lines around definitions: two in the module, one elsewhere.

        Before a definition that comes first there are `first_gap`.
        """
        gap = 1 if indent else 2
        previous: Stmt | None = None
        wants_blank = False
        for i, stmt in enumerate(body):
            if isinstance(stmt, Blank):
                wants_blank = True
                continue
            leads_definition = _leads_to_definition(body, i)
            if previous is None:
                if leads_definition:
                    self.blank_lines(first_gap)
            elif isinstance(previous, Comment) and leads_definition:
                pass  # the comments before a definition belong to it
            elif leads_definition or _ends_in_definition(previous):
                self.blank_lines(gap)
            elif wants_blank:
                self.blank_lines(1)
            self.statement(stmt, indent)
            previous, wants_blank = stmt, False

    def statement(self, stmt: Stmt, indent: int) -> None:
        match stmt:
            case Assign():
                self.line(assign(stmt), indent)
            case AugAssign():
                self.line(aug_assign(stmt), indent)
            case ExprStmt(value):
                self.line(expr_stmt(value), indent)
            case Return(value):
                self.line(return_stmt(value), indent)
            case Raise(value):
                self.line(raise_stmt(value), indent)
            case Comment(text):
                self.comment(text, indent)
            case Blank():
                pass
            case Import(module, name):
                self.lines.append(" " * (4 * indent) + f"from {module} import {name}")
            case For(target, iterable, body):
                self.line((for_header(target, iterable), ":"), indent)
                self.block(body, indent + 1)
            case If():
                self.conditional(stmt, indent)
            case With(context, body):
                self.line(("with ", maybe_parenthesized(parenthesized(context)), ":"), indent)
                self.block(body, indent + 1)
            case FunctionDef():
                self.function(stmt, indent)
            case ClassDef():
                self.class_(stmt, indent)

    def comment(self, text: str, indent: int) -> None:
        for part in text.splitlines() or [""]:
            self.lines.append(" " * (4 * indent) + f"# {visible(part)}".rstrip())

    def conditional(self, stmt: If, indent: int) -> None:
        keyword = "if "
        while True:
            self.line((keyword, maybe_parenthesized(parenthesized(stmt.test)), ":"), indent)
            self.block(stmt.body, indent + 1)
            match stmt.orelse:
                case (If() as nested,):
                    stmt, keyword = nested, "elif "
                case ():
                    return
                case orelse:
                    self.line("else:", indent)
                    self.block(orelse, indent + 1)
                    return

    def function(self, stmt: FunctionDef, indent: int) -> None:
        for expr in stmt.decorators:
            self.line(decorator(expr), indent)
        result: Doc = ()
        if stmt.returns is not None:
            result = (" -> ", returns(parenthesized(stmt.returns), has_params=bool(stmt.params)))
        header = Group((_parameters(stmt.params), result))
        self.line((f"def {stmt.name}", header, ":"), indent)
        if stmt.doc is not None:
            self.lines += docstring(stmt.doc, indent + 1)
        self.body(stmt.body, indent + 1, has_doc=stmt.doc is not None)

    def class_(self, stmt: ClassDef, indent: int) -> None:
        bases: Doc = ()
        if stmt.bases:
            bases = arguments(tuple(parenthesized(base) for base in stmt.bases), (), BARE)
        self.line((f"class {stmt.name}", bases, ":"), indent)
        if stmt.doc is not None:
            self.lines += docstring(stmt.doc, indent + 1)
            if any(not isinstance(part, Blank) for part in stmt.body):
                self.blank_lines(1)
        self.body(stmt.body, indent + 1, has_doc=stmt.doc is not None)


def _leads_to_definition(body: tuple[Stmt, ...], index: int) -> bool:
    """Whether `body[index]` is a definition or a comment right before one."""
    for stmt in body[index:]:
        if not isinstance(stmt, Comment | Blank):
            return isinstance(stmt, _Definition)
    return False


def _starts_with_definition(body: tuple[Stmt, ...]) -> bool:
    first = next((stmt for stmt in body if not isinstance(stmt, Blank)), None)
    return isinstance(first, _Definition)


def _ends_in_definition(stmt: Stmt) -> bool:
    """Whether the last thing of `stmt` is a definition, comments after it aside."""
    match stmt:
        case ClassDef() | FunctionDef():
            return True
        case For(_, _, body) | With(_, body) | If(_, body, ()) | If(_, _, body):
            content = [inner for inner in body if not isinstance(inner, Comment | Blank)]
            return bool(content) and _ends_in_definition(content[-1])
        case _:
            return False


def _parameters(params: tuple[Parameter, ...]) -> Doc:
    if not params:
        return "()"
    items = comma_separated(map(_parameter, params), always_comma=True)
    return ("(", soft_block(items if len(params) == 1 else Group(items)), ")")


def _parameter(param: Parameter) -> Doc:
    docs: list[Doc] = [param.name]
    equals = "="
    if param.annotation is not None:
        docs += [": ", expression(parenthesized(param.annotation), PARENTHESIZED)]
        equals = " = "
    if param.default is not None:
        docs += [equals, expression(parenthesized(param.default), PARENTHESIZED)]
    return tuple(docs)
