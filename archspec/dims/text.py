"""How a Dim is written: as an expression tree, as text, and back.

The tree is what a backend turns into code: `expression(dim)` decides once how a size reads (which
sum is a `%`, which term comes first), and text and emitted code follow it.
"""

import re
from dataclasses import dataclass
from typing import Literal, assert_never

from archspec.dims.dim import Dim, DimError, Floor, Monomial, Symbol

Operator = Literal["+", "-", "*", "//", "%", "**"]


@dataclass(frozen=True, slots=True)
class Num:
    """An integer, never negative but as the whole expression."""

    value: int


@dataclass(frozen=True, slots=True)
class Var:
    """A named size."""

    name: str


@dataclass(frozen=True, slots=True)
class Neg:
    """The negative of a product."""

    operand: "DimExpr"


@dataclass(frozen=True, slots=True)
class Op:
    """A binary operation, with Python's meaning."""

    op: Operator
    left: "DimExpr"
    right: "DimExpr"


DimExpr = Num | Var | Neg | Op


# --- Dim -> tree -----------------------------------------------------------------------------


def expression(dim: Dim) -> DimExpr:
    """`dim` as a readable expression in Python's operators.

    `H - 7*(H//7)` becomes `H % 7`; a positive term comes first where there is one.
    """
    if dim.const is not None:
        return Num(dim.const)
    rest, signed = _take_quotients(dim)
    for c, monomial in rest.terms():
        signed.append((c, _product(abs(c), monomial)))
    first = next((i for i, (c, _) in enumerate(signed) if c > 0), 0)
    c, tree = signed.pop(first)
    if c < 0:
        tree = Neg(tree)
    for c, term in signed:
        tree = Op("+" if c > 0 else "-", tree, term)
    return tree


def _take_quotients(dim: Dim) -> tuple[Dim, list[tuple[int, DimExpr]]]:
    """Split off the sums that read better as one quotient, with their coefficients.

    `c*p - c*d*(p//d)` is `c*(p % d)`, and `c*m - c*((m + d - 1)//d)` is `c*((d - 1)*m//d)`.
    """
    found: list[tuple[int, DimExpr]] = []
    rest = dim
    for c, monomial in dim.terms():
        if len(monomial) != 1 or not isinstance(monomial[0][0], Floor) or monomial[0][1] != 1:
            continue
        inner, d = monomial[0][0].inner, monomial[0][0].divisor
        present = {m: k for k, m in rest.terms()}
        inside = [(k, m) for k, m in inner.terms() if m]
        if c % d == 0 and all(present.get(m) == k * (-c // d) for k, m in inside):
            times = -c // d
            rest = rest - (inner % d) * times
            tree: DimExpr = Op("%", expression(inner), Num(d))
        elif (
            d > 2
            and list(inner.terms()) == [(1, inside[0][1]), (d - 1, ())]
            and present.get(inside[0][1]) == -c
        ):
            times = -c
            numerator = (inner - (d - 1)) * (d - 1)
            rest = rest - (numerator // d) * times
            tree = Op("//", expression(numerator), Num(d))
        else:
            continue
        if abs(times) != 1:
            tree = Op("*", Num(abs(times)), tree)
        found.append((times, tree))
    return rest, found


def _product(c: int, monomial: Monomial) -> DimExpr:
    tree: DimExpr | None = Num(c) if c != 1 or not monomial else None
    for atom, power in monomial:
        match atom:
            case Symbol():
                factor: DimExpr = Var(atom.name)
            case Floor():
                factor = Op("//", expression(atom.inner), Num(atom.divisor))
            case _:
                assert_never(atom)
        if power != 1:
            factor = Op("**", factor, Num(power))
        tree = factor if tree is None else Op("*", tree, factor)
    assert tree is not None
    return tree


# --- tree -> text ----------------------------------------------------------------------------

_LEVEL: dict[Operator, int] = {"+": 1, "-": 1, "*": 2, "//": 2, "%": 2, "**": 4}


def render(dim: Dim) -> str:
    """The text of `dim`, without parentheses that do nothing: `2*(H//16)`, `(H + 31)//32`."""
    return _text(expression(dim), 0)


def _text(tree: DimExpr, level: int) -> str:
    """The text, in parentheses if its outermost operator binds less than `level`."""
    match tree:
        case Num():
            return str(tree.value) if tree.value >= 0 or level == 0 else f"({tree.value})"
        case Var():
            return tree.name
        case Neg():
            # `-H//2` would be the floor of -H/2
            divides = isinstance(tree.operand, Op) and tree.operand.op in ("//", "%")
            text, own = "-" + _text(tree.operand, 3 if divides else 2), 1
        case Op():
            own = _LEVEL[tree.op]
            # A quotient inside a product keeps parentheses, though the left one needs none.
            strict = tree.op == "*" and isinstance(tree.left, Op) and tree.left.op != "*"
            left = _text(tree.left, own + 1 if strict or tree.op == "**" else own)
            right = _text(tree.right, own + 1)
            gap = " " if own == 1 or tree.op == "%" else ""
            text = f"{left}{gap}{tree.op}{gap}{right}"
        case _:
            assert_never(tree)
    return f"({text})" if own < level else text


# --- text -> Dim -----------------------------------------------------------------------------

_TOKEN = re.compile(r"\s*(?:(?P<number>\d+)|(?P<name>[^\W\d]\w*)|(?P<op>\*\*|//|[-+*%()]))")
_MAX_NESTING = 100


def parse_dim(text: str) -> Dim:
    """The Dim that `text` writes in Python's operators `+ - * // % **`; DimError if it is none."""
    if len(text) > 100_000:
        raise DimError("the text of a size is longer than 100,000 characters")
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        self.nesting = 0
        offset, end = 0, len(text.rstrip())
        while offset < end:
            match = _TOKEN.match(text, offset)
            if match is None or match.lastgroup is None:
                raise DimError(f"cannot read the size `{text}` at character {offset + 1}")
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            offset = match.end()
        self.tokens.append(("end", "the end"))

    def whole(self) -> Dim:
        result = self.sum()
        if self.tokens[self.at][0] != "end":
            raise DimError(f"expected an operator in a size, found `{self.tokens[self.at][1]}`")
        return result

    def accept(self, *operators: str) -> str | None:
        kind, text = self.tokens[self.at]
        if kind == "op" and text in operators:
            self.at += 1
            return text
        return None

    def sum(self) -> Dim:
        result = self.product()
        while op := self.accept("+", "-"):
            right = self.product()
            result = result + right if op == "+" else result - right
        return result

    def product(self) -> Dim:
        result = self.signed()
        while op := self.accept("*", "//", "%"):
            right = self.signed()
            if op == "*":
                result = result * right
            else:
                result = result // right if op == "//" else result % right
        return result

    def signed(self) -> Dim:
        negative = False
        while op := self.accept("-", "+"):
            negative ^= op == "-"
        result = self.power()
        return -result if negative else result

    def power(self) -> Dim:
        base = self.atom()
        if not self.accept("**"):
            return base
        kind, text = self.tokens[self.at]
        if kind != "number":
            raise DimError(f"expected a number as the power of a size, found `{text}`")
        self.at += 1
        return base ** int(text)

    def atom(self) -> Dim:
        kind, text = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            if len(text) > 1_300:  # beyond MAX_BITS, and within what int() reads
                raise DimError("a number in a size is too long")
            return Dim.of(int(text))
        if kind == "name":
            self.at += 1
            return Dim.symbol(text)
        if self.accept("("):
            self.nesting += 1
            if self.nesting > _MAX_NESTING:
                raise DimError(f"a size has more than {_MAX_NESTING} nested parentheses")
            inner = self.sum()
            if not self.accept(")"):
                raise DimError("a size lacks a closing parenthesis")
            self.nesting -= 1
            return inner
        raise DimError(f"expected a number, a name or `(` in a size, found `{text}`")
