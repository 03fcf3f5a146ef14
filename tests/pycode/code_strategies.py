"""Random Python trees, as data of `archspec.pycode`.

The trees come from a seed that hypothesis draws: drawing each node of so many kinds is too slow.
"""

import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from archspec import pycode as py

# fmt: off
NAMES = [
    "x", "y", "z", "q", "F", "self", "features", "weight", "hidden_states", "größe", "層",
    "attention_probabilities", "normalized_shape", "intermediate_hidden_representation",
    "very_long_name_of_a_projection_layer",
]
# fmt: on
WORDS = ["abc", " ", "  ", "'", '"', "\\", "{", "}", "%", "é", "層", "🔥", "\u202e", "\x00", "0"]
ARITHMETIC = ["+", "-", "*", "/", "//", "%", "@", "**", "|", "&", "^", "<<", ">>"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"]
NUMBERS = [0, 1, 7, -1, 64, 2048, 10**12, 0.0, -0.0, 1e-6, 0.02, 1e-12, 1.5e16, 1e22, -0.5, 1e-300]


@dataclass
class Trees:
    """Makes random nodes; `depth` bounds how deep expressions nest, `nested` is for f-strings."""

    random: Random

    def some(self, make: Callable[[], py.Expr], low: int, high: int) -> tuple[py.Expr, ...]:
        return tuple(make() for _ in range(self.random.randint(low, high)))

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def identifier(self) -> str:
        return self.random.choice(NAMES)

    def name(self) -> py.Name:
        return py.Name(self.identifier())

    def text(self, extra: tuple[str, ...] = ()) -> str:
        words = [*WORDS, *extra]
        return "".join(self.random.choices(words, k=self.random.randint(0, 8)))

    def constant(self, nested: bool = False) -> py.Constant:
        kind = self.random.randrange(4)
        if kind == 0:
            return py.Constant(self.random.choice([None, True, False]))
        if kind == 1 and nested:
            return py.Constant("".join(self.random.choices(string.ascii_letters, k=4)))
        if kind == 1:
            return py.Constant(self.text(("\n", "\t", "\r", "\ud800")))
        return py.Constant(self.random.choice(NUMBERS))

    def leaf(self, nested: bool) -> py.Expr:
        if self.chance(60):
            return self.name()
        if nested or self.chance(80):
            return self.constant(nested)
        parts = [
            self.text(("\n",)) if self.chance(50) else self.expr(2, nested=True)
            for _ in range(self.random.randint(0, 4))
        ]
        return py.FString(tuple(parts))

    def expr(self, depth: int | None = None, nested: bool = False) -> py.Expr:
        if depth is None:
            depth = self.random.choice([1, 1, 2, 2, 3, 4, 5])
        if depth == 0 or self.chance(10):
            return self.leaf(nested)

        def sub() -> py.Expr:
            return self.expr(depth - 1, nested)

        def item() -> py.Expr:
            return py.Starred(sub()) if self.chance(10) else sub()

        def optional() -> py.Expr | None:
            return sub() if self.chance(50) else None

        def keywords() -> tuple[tuple[str, py.Expr], ...]:
            keys = self.random.sample(NAMES, self.random.choice([0, 0, 1, 2, 4]))
            return tuple((key, sub()) for key in keys)

        def index() -> py.Expr | py.Slice:
            return py.Slice(optional(), optional(), optional()) if self.chance(40) else sub()

        def comprehension() -> py.Expr:
            target = self.name() if self.chance(50) else py.Tuple(self.some(self.name, 1, 3))
            return py.Comprehension(sub(), target, sub(), optional(), self.chance(50))

        def compare() -> py.Expr:
            ops = self.random.choices(COMPARISONS, k=self.random.choice([1, 1, 1, 2]))
            return py.Compare(sub(), tuple((op, sub()) for op in ops))

        def operator() -> py.Expr:
            return py.Binary(self.random.choice(ARITHMETIC), sub(), sub())

        def boolean() -> py.Expr:
            return py.Binary(self.random.choice(["and", "or"]), sub(), sub())

        def call() -> py.Expr:
            return py.Call(sub(), self.some(item, 0, 4), keywords())

        def method() -> py.Expr:
            func = py.Attr(sub(), self.identifier())
            return py.Call(func, self.some(sub, 0, 2), keywords())

        makers: list[Callable[[], py.Expr]] = [
            call,
            method,
            method,
            lambda: py.Attr(sub(), self.identifier()),
            lambda: py.Tuple(self.some(item, 0, 4)),
            lambda: py.List(self.some(item, 0, 4)),
            lambda: py.Dict(tuple((sub(), sub()) for _ in range(self.random.randint(0, 3)))),
            lambda: py.Unary(self.random.choice(["-", "+", "not"]), sub()),
            operator,
            operator,
            boolean,
            compare,
            lambda: py.Conditional(sub(), sub(), sub()),
            lambda: py.Subscript(
                sub(), tuple(index() for _ in range(self.random.choice([1, 1, 1, 2, 3])))
            ),
            comprehension,
        ]
        if not nested or depth > 1:
            makers.append(lambda: py.Lambda(sub()))
        return self.random.choice(makers)()

    def target(self, depth: int = 1) -> py.Expr:
        kind = self.random.randrange(6 if depth else 5)
        if kind == 5:
            return py.Tuple(self.some(lambda: self.target(0), 1, 4))
        if kind == 4:
            return py.Subscript(self.name(), (self.expr(1),))
        if kind >= 2:
            return py.Attr(self.name(), self.identifier())
        return self.name()

    def annotation(self) -> py.Expr:
        """`x`, `x.y`, `x[y, z]`, `x | None`."""
        match self.random.randrange(4):
            case 0:
                return self.name()
            case 1:
                return py.Attr(self.name(), self.identifier())
            case 2:
                return py.Subscript(self.name(), self.some(self.name, 1, 4))
            case _:
                return py.Binary("|", self.annotation(), py.Constant(None))

    def base(self) -> py.Expr:
        """An expression for where Python takes a bare tuple or generator for something else."""
        expr = self.expr()
        return self.name() if isinstance(expr, py.Tuple | py.Comprehension) else expr

    def doc(self) -> str | None:
        return self.text(("\n", "\t", " x", "\n\n")) if self.chance(50) else None

    def simple(self) -> py.Stmt:
        match self.random.randrange(10):
            case 0:
                return py.Blank()
            case 1:
                return py.Comment("".join(self.random.choices("abc [B], é", k=6)))
            case 2:
                expr = self.expr()
                # A string would be read as a docstring.
                return py.ExprStmt(self.name() if isinstance(expr, py.Constant) else expr)
            case 3:
                return py.Raise(self.expr())
            case 4:
                target = self.target(0)
                return py.AugAssign(target, self.random.choice(ARITHMETIC), self.expr())
            case 5:
                return py.Assign(self.target(0), self.expr(), self.annotation())
            case _:
                return py.Assign(self.target(), self.expr())

    def body(self, depth: int, high: int = 4, function: bool = False) -> tuple[py.Stmt, ...]:
        return tuple(self.stmt(depth, function) for _ in range(self.random.randint(0, high)))

    def stmt(self, depth: int, function: bool = False) -> py.Stmt:
        if function and self.chance(15):
            return py.Return(self.expr() if self.chance(80) else None)
        if depth == 0 or self.chance(60):
            return self.simple()
        match self.random.randrange(5):
            case 0:
                return py.For(self.target(), self.expr(), self.body(depth - 1, 4, function))
            case 1:
                orelse = self.body(depth - 1, 2, function) if self.chance(60) else ()
                return py.If(self.expr(), self.body(depth - 1, 3, function), orelse)
            case 2:
                return py.With(self.base(), self.body(depth - 1, 3, function))
            case 3:
                return py.ClassDef(
                    self.identifier(), self.some(self.base, 0, 2), self.body(depth - 1), self.doc()
                )
            case _:
                return self.function(depth)

    def function(self, depth: int) -> py.Stmt:
        labels = self.random.sample(NAMES, self.random.choice([0, 1, 1, 2, 3, 6]))
        first_default = self.random.randint(0, len(labels))
        params = tuple(
            py.Parameter(
                label,
                self.annotation() if self.chance(60) else None,
                self.expr(2) if i >= first_default else None,
            )
            for i, label in enumerate(labels)
        )
        return py.FunctionDef(
            self.identifier(),
            params,
            self.body(depth - 1, 4, function=True),
            self.annotation() if self.chance(60) else None,
            self.doc(),
            self.some(self.expr, 0, 1) if self.chance(30) else (),
        )

    def module(self) -> py.Module:
        return py.Module(self.doc(), self.body(3, 4))


modules = st.integers(0, 2**32).map(lambda seed: Trees(Random(seed)).module())
