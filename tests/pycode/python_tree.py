"""Trees of `archspec.pycode` as trees of Python's own `ast`, independently of the printer."""

import ast
import inspect
import math

from archspec import pycode as py

_BINARY: dict[str, ast.operator] = {
    "+": ast.Add(),
    "-": ast.Sub(),
    "*": ast.Mult(),
    "/": ast.Div(),
    "//": ast.FloorDiv(),
    "%": ast.Mod(),
    "@": ast.MatMult(),
    "**": ast.Pow(),
    "|": ast.BitOr(),
    "&": ast.BitAnd(),
    "^": ast.BitXor(),
    "<<": ast.LShift(),
    ">>": ast.RShift(),
}
_COMPARE: dict[str, ast.cmpop] = {
    "==": ast.Eq(),
    "!=": ast.NotEq(),
    "<": ast.Lt(),
    "<=": ast.LtE(),
    ">": ast.Gt(),
    ">=": ast.GtE(),
    "is": ast.Is(),
    "is not": ast.IsNot(),
    "in": ast.In(),
    "not in": ast.NotIn(),
}
_UNARY: dict[str, ast.unaryop] = {"-": ast.USub(), "+": ast.UAdd(), "not": ast.Not()}
_LOAD = ast.Load()


def dump(tree: ast.AST) -> str:
    """The tree as text, without what carries no meaning: contexts, positions, margins of docs."""
    for node in ast.walk(tree):
        if hasattr(node, "ctx"):
            node.ctx = _LOAD
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            doc = ast.get_docstring(node, clean=False)
            if doc is not None:
                node.body[0] = ast.Expr(ast.Constant(_doc(doc)))
    return ast.dump(tree)


def _doc(text: str) -> str:
    lines = inspect.cleandoc(text).strip().split("\n")
    return "\n".join(line.expandtabs().strip(" ") for line in lines).strip()


def without_imports(tree: ast.Module) -> ast.Module:
    body = [stmt for stmt in tree.body if not isinstance(stmt, ast.Import | ast.ImportFrom)]
    return ast.Module(body, [])


def module(node: py.Module) -> ast.Module:
    return ast.Module(_body(node.body, node.doc, empty=True), [])


def _body(body: tuple[py.Stmt, ...], doc: str | None = None, empty: bool = False) -> list[ast.stmt]:
    found = [_stmt(s) for s in body if not isinstance(s, py.Comment | py.Blank)]
    if doc is not None:
        found.insert(0, ast.Expr(ast.Constant(_doc(doc))))
    return found or ([] if empty else [ast.Pass()])


def _stmt(node: py.Stmt) -> ast.stmt:
    match node:
        case py.Assign(target, value, None):
            return ast.Assign([expr(target)], expr(value))
        case py.Assign(target, value, annotation):
            assert annotation is not None
            simple = int(isinstance(target, py.Name))
            return ast.AnnAssign(expr(target), expr(annotation), expr(value), simple)  # type: ignore[call-overload, no-any-return]
        case py.AugAssign(target, op, value):
            return ast.AugAssign(expr(target), _BINARY[op], expr(value))  # type: ignore[arg-type]
        case py.ExprStmt(value):
            return ast.Expr(expr(value))
        case py.Return(result):
            return ast.Return(None if result is None else expr(result))
        case py.Raise(value):
            return ast.Raise(expr(value))
        case py.For(target, iterable, body):
            return ast.For(expr(target), expr(iterable), _body(body), [])
        case py.If(test, body, orelse):
            return ast.If(expr(test), _body(body), _body(orelse) if orelse else [])
        case py.With(context, body):
            return ast.With([ast.withitem(expr(context))], _body(body))
        case py.FunctionDef(name, params, body, returns, doc, decorators):
            args = [ast.arg(p.name, _optional(p.annotation)) for p in params]
            defaults = [expr(p.default) for p in params if p.default is not None]
            return ast.FunctionDef(
                name,
                ast.arguments([], args, None, [], [], None, defaults),
                _body(body, doc),
                [expr(d) for d in decorators],
                _optional(returns),
            )
        case py.ClassDef(name, bases, body, doc):
            return ast.ClassDef(name, [expr(b) for b in bases], [], _body(body, doc), [])
        case _:
            raise AssertionError(node)


def _optional(node: py.Expr | None) -> ast.expr | None:
    return None if node is None else expr(node)


def expr(node: py.Expr) -> ast.expr:
    match node:
        case py.Name(id):
            return ast.Name(id, _LOAD)
        case py.Constant(value):
            return _constant(value)
        case py.Paren(value):
            return expr(value)
        case py.Attr(value, name):
            return ast.Attribute(expr(value), name, _LOAD)
        case py.Call(func, args, keywords):
            return ast.Call(
                expr(func), [expr(a) for a in args], [ast.keyword(k, expr(v)) for k, v in keywords]
            )
        case py.Tuple(items):
            return ast.Tuple([expr(i) for i in items], _LOAD)
        case py.List(items):
            return ast.List([expr(i) for i in items], _LOAD)
        case py.Dict(pairs):
            return ast.Dict([expr(k) for k, _ in pairs], [expr(v) for _, v in pairs])
        case py.Unary(op, operand):
            return ast.UnaryOp(_UNARY[op], expr(operand))
        case py.Binary(("and" | "or") as op, left, right):
            # Python's own tree has one node for a chain.
            first = expr(left)
            kind = ast.And if op == "and" else ast.Or
            if isinstance(first, ast.BoolOp) and isinstance(first.op, kind):
                return ast.BoolOp(kind(), [*first.values, expr(right)])
            return ast.BoolOp(kind(), [first, expr(right)])
        case py.Binary(op, left, right):
            return ast.BinOp(expr(left), _BINARY[op], expr(right))
        case py.Compare(first_, rest):
            ops = [_COMPARE[op] for op, _ in rest]
            return ast.Compare(expr(first_), ops, [expr(v) for _, v in rest])
        case py.Conditional(then, test, other):
            return ast.IfExp(expr(test), expr(then), expr(other))
        case py.Subscript(value, items):
            parts = [_slice(i) if isinstance(i, py.Slice) else expr(i) for i in items]
            index = parts[0] if len(parts) == 1 else ast.Tuple(parts, _LOAD)
            return ast.Subscript(expr(value), index, _LOAD)
        case py.Starred(value):
            return ast.Starred(expr(value), _LOAD)
        case py.Lambda(body):
            return ast.Lambda(ast.arguments([], [], None, [], [], None, []), expr(body))
        case py.Comprehension(element, target, iterable, condition, generator):
            ifs = [] if condition is None else [expr(condition)]
            clause = ast.comprehension(expr(target), expr(iterable), ifs, 0)
            kind_ = ast.GeneratorExp if generator else ast.ListComp
            return kind_(expr(element), [clause])
        case py.FString(parts_):
            return _f_string(parts_)
        case _:
            raise AssertionError(node)


def _constant(value: int | float | str | bool | None) -> ast.expr:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            return ast.Call(ast.Name("float", _LOAD), [ast.Constant(str(value))], [])
        if math.copysign(1, value) < 0:
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _slice(node: py.Slice) -> ast.Slice:
    start, stop, step = map(_optional, (node.start, node.stop, node.step))
    return ast.Slice(start, stop, step)


def _f_string(parts: tuple[str | py.Expr, ...]) -> ast.JoinedStr:
    """Neighbouring texts are one, empty ones none."""
    values: list[ast.expr] = []
    text = ""
    for part in (*parts, None):
        if isinstance(part, str):
            text += part
            continue
        if text:
            values.append(ast.Constant(text))
        text = ""
        if part is not None:
            values.append(ast.FormattedValue(expr(part), -1, None))
    return ast.JoinedStr(values)
