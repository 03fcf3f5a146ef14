"""Compile-time expressions of a spec as Python expressions of the emitted module."""

from collections.abc import Callable
from typing import Final

from archspec import pycode as py
from archspec.backends.torch.sizes import CannotEmit
from archspec.syntax import ast

#: The language's functions in Python.
FUNCTIONS: Final = {
    "len": "len", "min": "min", "max": "max", "sum": "sum", "int": "int", "round": "round",
    "abs": "abs", "float": "float", "enumerate": "enumerate", "zip": "zip", "reversed": "reversed",
    "floor": "math.floor", "ceil": "math.ceil", "sqrt": "math.sqrt", "log": "math.log",
    "log2": "math.log2",
}  # fmt: skip

#: Those that give lists in a spec, and in Python what can be gone through once.
_ONCE: Final = ("enumerate", "zip", "reversed")

Resolve = Callable[[str, ast.Node], py.Expr]


class Translator:
    """Translates expressions; `resolve` says what a name is in the scope at hand."""

    def __init__(self, resolve: Resolve, function: Callable[[ast.Name], py.Expr | None]) -> None:
        self.resolve = resolve
        #: How a one-line function of the spec is called, or None for an unknown name.
        self.function = function

    def __call__(self, expr: ast.Expr) -> py.Expr:
        value = self.iterable(expr)
        return py.call("list", value) if _runs_out(value) else value

    def iterable(self, expr: ast.Expr) -> py.Expr:
        """As a call, for what goes through the value once and does nothing else with it."""
        match expr:
            case ast.Number(value=value) | ast.String(value=value) | ast.Bool(value=value):
                return py.const(value)
            case ast.NoneValue():
                return py.const(None)
            case ast.Name(id=id):
                return self.resolve(id, expr)
            case ast.ListExpr(items=items):
                return py.List(tuple(self(i) for i in items))
            case ast.TupleExpr(items=items):
                return py.Tuple(tuple(self(i) for i in items))
            case ast.Range(low=low, high=high, inclusive=inclusive):
                return self._range(low, high, inclusive)
            case ast.Unary(op=op, operand=operand):
                return py.Unary(op, self(operand))
            case ast.Binary(op=op, left=left, right=right):
                return py.Binary(op, self(left), self(right))
            case ast.Compare(first=first, rest=rest):
                return py.Compare(self(first), tuple((op, self(e)) for op, e in rest))
            case ast.Conditional(then=then, test=test, other=other):
                return py.Conditional(self(then), self(test), self(other))
            case ast.Index(value=value, items=items):
                return py.Subscript(self(value), tuple(self.item(i) for i in items))
            case ast.Call(func=func, args=args, keywords=keywords):
                callee = self._callee(func)
                named = tuple((k.name, self(k.value)) for k in keywords)
                if callee == py.name("zip"):  # lists of different lengths are an error in a spec
                    named = (("strict", py.const(True)),)
                once = callee in (py.name("enumerate"), py.name("zip"))
                given = tuple(self.iterable(a) if once else self(a) for a in args)
                return py.Call(callee, given, named)
            case ast.Comprehension():
                return self._comprehension(expr)
            case _:
                raise CannotEmit(f"no translation of {expr.span.text}")

    def _range(self, low: ast.Expr, high: ast.Expr, inclusive: bool) -> py.Expr:
        stop = self(high)
        if inclusive:
            match stop:
                case py.Constant(value=int() as value):
                    stop = py.const(value + 1)
                case _:
                    stop = py.Binary("+", stop, py.const(1))
        start = self(low)
        return py.call("range", stop) if start == py.const(0) else py.call("range", start, stop)

    def item(self, item: ast.Expr | ast.Slice | ast.Ellipsis) -> py.Expr | py.Slice:
        match item:
            case ast.Slice(start=start, stop=stop, step=step):
                return py.Slice(*(None if e is None else self(e) for e in (start, stop, step)))
            case ast.Ellipsis():
                return py.name("...")
            case _:
                return self(item)

    def _callee(self, func: ast.Expr) -> py.Expr:
        if isinstance(func, ast.Name):
            own = self.function(func)
            if own is not None:
                return own
            if func.id in FUNCTIONS:
                return py.dotted(FUNCTIONS[func.id])
        raise CannotEmit(f"no translation of a call of {func.span.text}")

    def _comprehension(self, expr: ast.Comprehension) -> py.Expr:
        outer = self.resolve
        names = {t: py.name(t) for t in expr.targets}
        iterable = self.iterable(expr.iterable)
        inner = Translator(lambda n, node: names.get(n) or outer(n, node), self.function)
        target: py.Expr = (
            py.Tuple(tuple(names.values())) if len(names) > 1 else next(iter(names.values()))
        )
        condition = None if expr.condition is None else inner(expr.condition)
        return py.Comprehension(inner(expr.element), target, iterable, condition)

    def template(self, name: ast.Name | ast.Template) -> py.Expr:
        """A label as a string: a literal, or an f-string where it is interpolated."""
        if isinstance(name, ast.Name):
            return py.const(name.id)
        parts = tuple(p if isinstance(p, str) else self(p) for p in name.parts)
        if all(isinstance(p, str | py.Constant) for p in parts):
            return py.const("".join(p if isinstance(p, str) else str(p.value) for p in parts))  # type: ignore[union-attr]
        return py.FString(tuple(str(p.value) if isinstance(p, py.Constant) else p for p in parts))


def _runs_out(value: py.Expr) -> bool:
    return isinstance(value, py.Call) and value.func in [py.name(name) for name in _ONCE]
