"""The text of a module: what `ruff format` leaves unchanged and `ruff check` accepts."""

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
from archspec.pycode.layout import Doc, Group, render
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
    printer.top_level(module.body, after_imports=bool(imports))
    return "".join(f"{line}\n" for line in printer.lines)


def print_expr(expr: Expr) -> str:
    """The text of `expr` on one line."""
    from archspec.pycode.layout import flat_text

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

    def top_level(self, body: tuple[Stmt, ...], *, after_imports: bool) -> None:
        """Statements of the module: two empty lines around definitions."""
        if self.lines:
            self.blank_lines(1)
        self._statements(body, 0, 2, after_imports=after_imports)

    def body(self, body: tuple[Stmt, ...], indent: int, *, has_doc: bool = False) -> None:
        """An indented block: one empty line around definitions, `pass` where it would be empty."""
        self._statements(body, indent, 1)
        if not has_doc and all(isinstance(stmt, Comment | Blank) for stmt in body):
            self.line("pass", indent)

    def _statements(
        self, body: tuple[Stmt, ...], indent: int, gap: int, *, after_imports: bool = False
    ) -> None:
        first_line = len(self.lines)
        after_definition = False
        wants_blank = False
        for i, stmt in enumerate(body):
            if isinstance(stmt, Blank):
                wants_blank = True
                continue
            is_first = len(self.lines) == first_line and not after_imports
            leads_definition = _leads_to_definition(body, i)
            if after_definition or (leads_definition and not is_first):
                self.blank_lines(gap)
            elif wants_blank and len(self.lines) > first_line:
                self.blank_lines(1)
            self.statement(stmt, indent)
            wants_blank = False
            # The comments before a definition belong to it.
            after_definition = isinstance(stmt, _Definition)
            if isinstance(stmt, Comment) and leads_definition:
                after_imports = False
                first_line = len(self.lines)

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
            case For(target, iterable, body):
                self.line((for_header(target, iterable), ":"), indent)
                self.body(body, indent + 1)
            case If():
                self.conditional(stmt, indent)
            case With(context, body):
                self.line(("with ", maybe_parenthesized(parenthesized(context)), ":"), indent)
                self.body(body, indent + 1)
            case FunctionDef():
                self.function(stmt, indent)
            case ClassDef():
                self.class_(stmt, indent)

    def comment(self, text: str, indent: int) -> None:
        for part in text.splitlines() or [""]:
            self.lines.append(" " * (4 * indent) + f"# {part}".rstrip())

    def conditional(self, stmt: If, indent: int) -> None:
        keyword = "if "
        while True:
            self.line((keyword, maybe_parenthesized(parenthesized(stmt.test)), ":"), indent)
            self.body(stmt.body, indent + 1)
            match stmt.orelse:
                case (If() as nested,):
                    stmt, keyword = nested, "elif "
                case ():
                    return
                case orelse:
                    self.line("else:", indent)
                    self.body(orelse, indent + 1)
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
            if _starts_with_definition(stmt.body):
                self.blank_lines(1)
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
        if not isinstance(stmt, Comment):
            return isinstance(stmt, _Definition)
    return False


def _starts_with_definition(body: tuple[Stmt, ...]) -> bool:
    content = tuple(stmt for stmt in body if not isinstance(stmt, Blank))
    return bool(content) and _leads_to_definition(content, 0)


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
