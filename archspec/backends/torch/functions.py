"""One-line functions of the spec, as functions of the emitted module."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from archspec import pycode as py
from archspec.backends.torch.sizes import CannotEmit
from archspec.backends.torch.translate import Translator
from archspec.elaborate.values import FnValue
from archspec.pycode.namespace import Namespace
from archspec.syntax import ast

if TYPE_CHECKING:
    from archspec.elaborate.files import FileScope


class Functions:
    """Writes each function on first use, after those that it calls."""

    def __init__(self, names: Namespace, scopes: "Iterable[FileScope]") -> None:
        self._names = names
        #: What the names of a file mean. A name may mean another function in another file.
        self._scopes = {scope.source: scope for scope in scopes}
        self._locals: dict[int, str] = {}
        self._whole: dict[int, bool] = {}
        self.definitions: tuple[py.FunctionDef, ...] = ()

    def __call__(self, name: ast.Name) -> py.Expr | None:
        """How the function `name` is called; None where the name is none of the spec's."""
        value = self._value(name)
        if value is None:
            return None
        if id(value.fn) not in self._locals:
            self._define(value)
        return py.name(self._locals[id(value.fn)])

    def snapshot(self) -> tuple[dict[int, str], tuple[py.FunctionDef, ...]]:
        return dict(self._locals), self.definitions

    def restore(self, saved: tuple[dict[int, str], tuple[py.FunctionDef, ...]]) -> None:
        self._locals, self.definitions = dict(saved[0]), saved[1]

    def _value(self, name: ast.Name) -> FnValue | None:
        scope = self._scopes.get(name.span.source)
        value = scope.names.get(name.id) if scope is not None else None
        if not isinstance(value, FnValue):
            return None
        self._scopes.setdefault(value.scope.source, value.scope)
        return value

    def _define(self, value: FnValue) -> None:
        fn = value.fn
        if isinstance(fn.value, ast.ListExpr | ast.TupleExpr | ast.Comprehension):
            raise CannotEmit("a list is written where it is used")
        local = self._locals[id(fn)] = self._names.new(fn.name.id)
        params = {p.name: py.name(p.name) for p in fn.params}

        def resolve(id_: str, node: ast.Node) -> py.Expr:
            if id_ not in params:
                raise CannotEmit(f"{id_} is not at hand")
            return params[id_]

        translate = Translator(resolve, self)
        try:
            body = py.Return(translate(fn.value))
            defaults = [None if p.default is None else translate(p.default) for p in fn.params]
        except CannotEmit:
            del self._locals[id(fn)]
            raise
        whole = _whole_params(fn)
        definition = py.FunctionDef(
            local,
            tuple(
                py.Parameter(p.name, _number(p.name in whole), default)
                for p, default in zip(fn.params, defaults, strict=True)
            ),
            (body,),
            _number(self._gives_whole(fn)),
        )
        self.definitions = (*self.definitions, definition)

    def _gives_whole(self, fn: ast.Function) -> bool:
        if id(fn) not in self._whole:
            self._whole[id(fn)] = True  # as far as a call of itself goes
            self._whole[id(fn)] = self._is_whole(fn.value, _whole_params(fn))
        return self._whole[id(fn)]

    def _is_whole(self, expr: ast.Expr, names: set[str]) -> bool:
        """Whether an expression is an integer, given the integer names."""
        match expr:
            case ast.Call(func=ast.Name(id="int" | "floor" | "ceil" | "len" | "round")):
                return True
            case ast.Call(func=ast.Name(id="min" | "max" | "abs"), args=args):
                return all(self._is_whole(a, names) for a in args)
            case ast.Call(func=ast.Name() as name):
                value = self._value(name)
                return value is not None and self._gives_whole(value.fn)
            case ast.Binary(op="+" | "-" | "*" | "//" | "%", left=left, right=right):
                return self._is_whole(left, names) and self._is_whole(right, names)
            case ast.Unary(op="-", operand=operand):
                return self._is_whole(operand, names)
            case ast.Number(value=value):
                return isinstance(value, int)
            case ast.Name(id=id_):
                return id_ in names
            case ast.Conditional(then=then, other=other):
                return self._is_whole(then, names) and self._is_whole(other, names)
            case _:
                return False


def _whole_params(fn: ast.Function) -> set[str]:
    """Parameters with an integer for default."""
    return {
        p.name
        for p in fn.params
        if isinstance(p.default, ast.Number) and isinstance(p.default.value, int)
    }


def _number(whole: bool) -> py.Expr:
    return py.name("int") if whole else py.name("float")
