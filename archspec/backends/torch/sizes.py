"""How sizes follow from one another, as Python expressions of the emitted constructor.

A hint is a `Dim` over symbols that stand for Python expressions (`growth`, `2**i`, `channels`).
Hints come from running shape rules on symbols; each is checked against the sizes of every execution
of the stage before it is written, so a wrong one costs readability, never correctness.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from archspec import pycode as py
from archspec.dims import Dim, DimError
from archspec.dims.dim import Floor, Symbol
from archspec.elaborate.values import Pass
from archspec.source import Span


class CannotEmit(Exception):
    """This way of writing the code does not work; a more explicit one is tried."""

    #: The innermost statement that was being written.
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SizeSymbol:
    """A symbol of hints: its value in a pass, and how it is written (None once out of scope)."""

    value: Callable[[Pass], Any]
    render: Callable[[], py.Expr | None]


class Sizes:
    """The symbols of one class under construction."""

    def __init__(self) -> None:
        self._symbols: dict[str, SizeSymbol] = {}
        self._unknown = 0
        self._fresh = 0
        #: The author's own ways to write a size.
        self.written: dict[Dim, Callable[[], py.Expr | None]] = {}

    def symbol(
        self, name: str, value: Callable[[Pass], Any], render: Callable[[], py.Expr | None]
    ) -> Dim:
        self._symbols[name] = SizeSymbol(value, render)
        return Dim.symbol(name)

    def fresh(
        self, name: str, value: Callable[[Pass], Any], render: Callable[[], py.Expr | None]
    ) -> Dim:
        """A symbol of its own, for a place that a loop written out has several times."""
        self._fresh += 1
        return self.symbol(f"{name}#{self._fresh}", value, render)

    def unknown(self) -> Dim:
        """A size nothing is known of: hints that contain it are never written."""
        self._unknown += 1
        return Dim.symbol(f"?{self._unknown}")

    def holds(self, hint: Dim, actual: Iterable[tuple[Pass, Dim]]) -> bool:
        """Whether the hint has the actual value in every pass."""
        names = hint.symbols()
        if any(name.startswith("?") for name in names):
            return False
        if not names:
            return all(dim is hint for _, dim in actual)
        # Passes by the thousand differ in few sizes: each combination is tried once.
        tried: set[tuple[object, ...]] = set()
        for pass_, dim in actual:
            try:
                values = {name: self.value(name, pass_) for name in names}
                combination = (dim, *values.values())
                if combination in tried:
                    continue
                tried.add(combination)
                if hint.substitute(values) is not dim:
                    return False
            except (DimError, KeyError, CannotEmit):
                return False
        return True

    def value(self, name: str, pass_: Pass) -> Any:
        value = self._symbols[name].value(pass_)
        if isinstance(value, bool) or not isinstance(value, int | Dim):
            raise CannotEmit(f"{name} is not a size")
        return value

    def render(self, hint: Dim) -> py.Expr:
        """The hint as Python; raises `CannotEmit` where a symbol is unknown or out of scope."""
        if hint.const is not None:
            return py.const(hint.const)
        written = self.written[hint]() if hint in self.written else None
        if written is not None:
            return written
        positive: list[py.Expr] = []
        negative: list[py.Expr] = []
        for coefficient, monomial in hint.terms():
            factors: list[py.Expr] = []
            if abs(coefficient) != 1 or not monomial:
                factors.append(py.const(abs(coefficient)))
            for atom, power in sorted(monomial, key=_plain_first):
                expr = self._atom(atom)
                factors.append(expr if power == 1 else py.Binary("**", expr, py.const(power)))
            product = factors[0]
            for factor in factors[1:]:
                product = py.Binary("*", product, factor)
            (positive if coefficient > 0 else negative).append(product)
        if not positive:
            total: py.Expr = py.Unary("-", negative.pop(0))
        else:
            total = positive[0]
        for term in positive[1:]:
            total = py.Binary("+", total, term)
        for term in negative:
            total = py.Binary("-", total, term)
        return total

    def _atom(self, atom: Symbol | Floor) -> py.Expr:
        match atom:
            case Symbol(name=name):
                known = self._symbols.get(name)
                expr = known.render() if known is not None else None
                if expr is None:
                    raise CannotEmit(f"the size {name} is not at hand")
                return expr
            case Floor(inner=inner, divisor=divisor):
                return py.Binary("//", self.render(inner), py.const(divisor))


def settled(hint: Dim) -> bool:
    """Whether a size means the same inside and after a loop."""
    return not any("#" in name or "@" in name or name.startswith("?") for name in hint.symbols())


def _plain_first(factor: tuple[Symbol | Floor, int]) -> bool:
    """Names before longer expressions: `base * 2**i`."""
    atom, power = factor
    return power != 1 or isinstance(atom, Floor) or atom.name.startswith("(")
