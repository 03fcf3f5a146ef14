"""Sizes as canonical integer polynomials.

A `Dim` is a sum of integer coefficients times products of atoms; an atom is a named size (`Symbol`)
or the floor of a Dim divided by a positive integer (`Floor`). Dims are hash-consed: two Dims with
the same normal form are the same object, so `is` (and `==`, which is the same) is structural
equality. Whether two different normal forms always have the same value is a question for
`archspec.dims.decide`.

Everything is exact integer arithmetic, and bounded: a polynomial that grows past the limits below
raises `DimError`, as a hostile spec would otherwise run away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import gcd
from threading import Lock
from typing import Any, Union
from weakref import WeakValueDictionary

MAX_TERMS = 1_000
MAX_DEGREE = 64
MAX_NODES = 20_000  # of the expression written out as a tree
MAX_DEPTH = 64  # of floors inside floors
MAX_BITS = 4_096  # of any one integer


class DimError(ValueError):
    """A size cannot be expressed: no exact quotient, or past the limits. Its text is a headline."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Symbol:
    """A named size. Interned: made only through `Dim.symbol`."""

    name: str
    order: tuple[int, str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", (0, self.name, 0))


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Floor:
    """`floor(inner / divisor)` with `divisor > 1`. Interned: made only by `Dim // int`."""

    inner: "Dim"
    divisor: int
    order: tuple[int, str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", (1, str(self.inner), self.divisor))


Atom = Symbol | Floor
#: A product of atoms with their powers, in the order of `Atom.order`; empty for the constant term.
Monomial = tuple[tuple[Atom, int], ...]
Term = tuple[Monomial, int]

DimLike = Union["Dim", int]


class Dim:
    """A size: an integer polynomial over named sizes and floors. Immutable and interned."""

    __slots__ = ("__weakref__", "_depth", "_nodes", "_symbols", "_terms", "_text", "const")

    #: The value, if it is the same for every input; else None.
    const: int | None
    _terms: tuple[Term, ...]
    _nodes: int
    _depth: int
    _symbols: frozenset[str]
    _text: str | None

    def __init__(self) -> None:
        raise TypeError("Dims are made by Dim.of and Dim.symbol")

    # --- construction ------------------------------------------------------------------------

    @staticmethod
    def of(value: DimLike) -> "Dim":
        """The Dim of an integer; a Dim is given back as it is."""
        if value.__class__ is Dim:
            return value
        found = _SMALL.get(value)  # type: ignore[arg-type]
        if found is not None and value.__class__ is int:
            return found
        return _constant(_integer(value))

    @staticmethod
    def symbol(name: str) -> "Dim":
        """The size called `name`."""
        found = _SYMBOL_DIMS.get(name)
        if found is None:
            symbol = _SYMBOLS.get(name)
            if symbol is None:
                with _LOCK:
                    symbol = _SYMBOLS.setdefault(name, Symbol(name))
            found = _of_atom(symbol)
            _SYMBOL_DIMS[name] = found
        return found

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot assign to `{name}`: a Dim is immutable")

    def __copy__(self) -> "Dim":
        return self

    def __deepcopy__(self, memo: object) -> "Dim":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        parts = tuple(
            (c, tuple((_pack(atom), power) for atom, power in monomial))
            for monomial, c in self._terms
        )
        return _rebuild, (parts,)

    # --- reading -----------------------------------------------------------------------------

    def terms(self) -> tuple[tuple[int, Monomial], ...]:
        """The polynomial as `(coefficient, ((atom, power), ...))`, highest degree first.

        An atom is a `Symbol` (`.name`) or a `Floor` (`.inner // .divisor`); the constant term has
        no atoms. For readable Python code use `archspec.dims.expression`, which also finds `%`.
        """
        return tuple((c, monomial) for monomial, c in self._terms)

    def symbols(self) -> frozenset[str]:
        """The names of all sizes in it, those inside floors included."""
        return self._symbols

    def degree(self, name: str) -> int:
        """The highest power of `name`, a floor of it counting as it."""
        return max((_monomial_degree(m, name) for m, _ in self._terms), default=0)

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The value where each symbol has its value of `values`; DimError if one is missing."""
        total = 0
        for monomial, product in self._terms:
            for atom, power in monomial:
                if atom.__class__ is Symbol:
                    try:
                        value = values[atom.name]
                    except KeyError:
                        raise DimError(f"the size `{atom.name}` has no value") from None
                else:
                    value = atom.inner.evaluate(values) // atom.divisor  # type: ignore[union-attr]
                product *= value if power == 1 else value**power
            total += product
        return total

    def substitute(self, values: Mapping[str, DimLike]) -> "Dim":
        """The same size with symbols replaced, all at once; symbols not in `values` stay."""
        if not any(name in values for name in self._symbols):
            return self
        return _substitute(self, values, {})

    # --- arithmetic --------------------------------------------------------------------------

    def __add__(self, other: DimLike) -> "Dim":
        a = self.const
        if other.__class__ is int:
            if a is not None:
                return _constant(a + other)
            return _add_constant(self, other)
        if other.__class__ is Dim:
            b: int | None = other.const
            if b is not None:
                return _constant(a + b) if a is not None else _add_constant(self, b)
            if a is not None:
                return _add_constant(other, a)
            return _add(self, other, 1)
        return NotImplemented if not _is_integer(other) else self + _integer(other)

    __radd__ = __add__

    def __neg__(self) -> "Dim":
        return self * -1

    def __sub__(self, other: DimLike) -> "Dim":
        if other.__class__ is int:
            return self + -other
        if other.__class__ is Dim:
            b: int | None = other.const
            return self + -b if b is not None else _add(self, other, -1)
        return NotImplemented if not _is_integer(other) else self - _integer(other)

    def __rsub__(self, other: int) -> "Dim":
        return self * -1 + other

    def __mul__(self, other: DimLike) -> "Dim":
        a = self.const
        if other.__class__ is int:
            if a is not None:
                return _constant(a * other)
            return _scale(self, other)
        if other.__class__ is Dim:
            b: int | None = other.const
            if b is not None:
                return _constant(a * b) if a is not None else _scale(self, b)
            if a is not None:
                return _scale(other, a)
            return _multiply(self, other)
        return NotImplemented if not _is_integer(other) else self * _integer(other)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> "Dim":
        """The power by a non-negative integer."""
        if not _is_integer(exponent):
            return NotImplemented
        if exponent < 0:
            raise DimError(f"a size cannot be raised to the negative power {exponent}")
        if self.const is not None:
            if self.const.bit_length() * exponent > MAX_BITS and abs(self.const) > 1:
                raise DimError(f"{self} ** {exponent} is too large for a size")
            return _constant(self.const**exponent)
        if exponent > MAX_DEGREE:
            raise DimError(f"the power {exponent} of a symbolic size is past {MAX_DEGREE}")
        result = _constant(1)
        for _ in range(exponent):
            result = result * self
        return result

    def __floordiv__(self, other: DimLike) -> "Dim":
        """The floor of the quotient. DimError unless the divisor is positive or divides exactly."""
        d = other if other.__class__ is int else Dim.of(other).const
        if d is None:
            return _divide_exactly(self, Dim.of(other))
        if d <= 0:
            raise DimError(f"cannot divide the size `{self}` by {d}: the divisor must be positive")
        if self.const is not None:
            return _constant(self.const // d)
        return _floor(self, d)

    def __rfloordiv__(self, other: int) -> "Dim":
        return Dim.of(other) // self

    def __mod__(self, other: DimLike) -> "Dim":
        """`self - other * (self // other)`."""
        return self - (self // other) * other

    def __rmod__(self, other: int) -> "Dim":
        return Dim.of(other) % self

    # --- text --------------------------------------------------------------------------------

    def __str__(self) -> str:
        text = self._text
        if text is None:
            from archspec.dims.text import render

            text = render(self)
            object.__setattr__(self, "_text", text)
        return text

    def __repr__(self) -> str:
        return f"Dim({self})"


def ceil_div(a: DimLike, d: int) -> Dim:
    """The quotient rounded up; `d` a positive integer."""
    if d <= 0:
        raise DimError(f"cannot divide the size `{a}` by {d}: the divisor must be positive")
    return (Dim.of(a) + (d - 1)) // d


# --- interning -------------------------------------------------------------------------------

_LOCK = Lock()
_TABLE: WeakValueDictionary[tuple[Term, ...], Dim] = WeakValueDictionary()
_SYMBOLS: WeakValueDictionary[str, Symbol] = WeakValueDictionary()
_SYMBOL_DIMS: WeakValueDictionary[str, Dim] = WeakValueDictionary()
_FLOORS: WeakValueDictionary[tuple[Dim, int], Floor] = WeakValueDictionary()
_SMALL: dict[int, Dim] = {}  # constants near 0 are kept for good; there are few
_SMALL_LIMIT = 1 << 16
_LIMIT = 1 << MAX_BITS


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise TypeError(f"a size must be an integer or a Dim, not {type(value).__name__}")


def _constant(n: int) -> Dim:
    found = _SMALL.get(n)
    if found is None:
        if not -_LIMIT < n < _LIMIT:
            raise DimError(f"a size has more than {MAX_BITS} bits")
        found = _intern((((), n),) if n else ())
        if -_SMALL_LIMIT <= n <= _SMALL_LIMIT:
            found = _SMALL.setdefault(n, found)
    return found


def _intern(terms: tuple[Term, ...]) -> Dim:
    found = _TABLE.get(terms)
    if found is not None:
        return found
    nodes, depth = 1, 0
    symbols: set[str] = set()
    for monomial, c in terms:
        degree = 0
        nodes += 1
        for atom, power in monomial:
            degree += power
            if isinstance(atom, Symbol):
                nodes += 1
                symbols.add(atom.name)
            else:
                nodes += atom.inner._nodes
                depth = max(depth, atom.inner._depth + 1)
                symbols |= atom.inner._symbols
        if degree > MAX_DEGREE:
            raise DimError(f"a size is a polynomial of degree {degree}, past {MAX_DEGREE}")
        if not -_LIMIT < c < _LIMIT:
            raise DimError(f"a size has a coefficient of more than {MAX_BITS} bits")
    if len(terms) > MAX_TERMS or nodes > MAX_NODES or depth > MAX_DEPTH:
        raise DimError(
            f"a size grew to {len(terms)} terms, {nodes} parts and {depth} nested divisions; "
            f"at most {MAX_TERMS}, {MAX_NODES} and {MAX_DEPTH} are followed"
        )
    new: Dim = object.__new__(Dim)
    put = object.__setattr__
    put(new, "_terms", terms)
    put(new, "const", terms[0][1] if terms and not terms[0][0] else None if terms else 0)
    put(new, "_nodes", nodes)
    put(new, "_depth", depth)
    put(new, "_symbols", frozenset(symbols))
    put(new, "_text", None)
    with _LOCK:
        return _TABLE.setdefault(terms, new)


def _of_atom(atom: Atom) -> Dim:
    return _intern(((((atom, 1),), 1),))


def _term_order(term: Term) -> tuple[int, list[tuple[tuple[int, str, int], int]]]:
    """Graded lexicographic: higher degree first, the constant last."""
    degree = 0
    keys = []
    for atom, power in term[0]:
        degree -= power
        keys.append((atom.order, -power))
    return degree, keys


def _make(terms: dict[Monomial, int]) -> Dim:
    items = [term for term in terms.items() if term[1]]
    if len(items) > 1:
        if len(items) > MAX_TERMS:
            raise DimError(f"a size grew to {len(items)} terms; at most {MAX_TERMS} are followed")
        items.sort(key=_term_order)
    elif not items:
        return _constant(0)
    elif not items[0][0]:
        return _constant(items[0][1])
    return _intern(tuple(items))


# --- arithmetic on polynomials ---------------------------------------------------------------


@lru_cache(maxsize=4096)
def _add_constant(a: Dim, n: int) -> Dim:
    terms = a._terms
    if not terms[-1][0]:  # the constant term is the last one
        n += terms[-1][1]
        terms = terms[:-1]
    elif not n:
        return a
    return _intern((*terms, ((), n)) if n else terms)


def _add(a: Dim, b: Dim, sign: int) -> Dim:
    total = dict(a._terms)
    for monomial, c in b._terms:
        total[monomial] = total.get(monomial, 0) + sign * c
    return _make(total)


def _scale(a: Dim, n: int) -> Dim:
    if n == 1:
        return a
    return _intern(tuple((m, c * n) for m, c in a._terms)) if n else _constant(0)


def _multiply(a: Dim, b: Dim) -> Dim:
    total: dict[Monomial, int] = {}
    for m1, c1 in a._terms:
        for m2, c2 in b._terms:
            monomial = _product(m1, m2)
            total[monomial] = total.get(monomial, 0) + c1 * c2
        if len(total) > 2 * MAX_TERMS:
            raise DimError(f"a product of sizes has more than {MAX_TERMS} terms")
    return _make(total)


def _product(m1: Monomial, m2: Monomial) -> Monomial:
    if not m1:
        return m2
    if not m2:
        return m1
    powers = dict(m1)
    for atom, power in m2:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: item[0].order))


def _monomial_degree(monomial: Monomial, name: str) -> int:
    total = 0
    for atom, power in monomial:
        if isinstance(atom, Symbol):
            total += power if atom.name == name else 0
        elif name in atom.inner._symbols:
            total += power * atom.inner.degree(name)
    return total


@lru_cache(maxsize=4096)
def _floor(p: Dim, d: int) -> Dim:
    """`floor(p / d)` in normal form, `d > 0`."""
    if d == 1 or p.const is not None:
        return p if p.const is None else _constant(p.const // d)
    if d >= _LIMIT:
        raise DimError(f"a size is divided by an integer of more than {MAX_BITS} bits")
    # Whole multiples leave: floor((d*Q + R)/d) = Q + floor(R/d). The coefficients of R are in
    # [0, d), but for -1, which is better left as it is.
    whole: dict[Monomial, int] = {}
    rest: dict[Monomial, int] = {}
    constant = 0
    for monomial, c in p._terms:
        quotient, remainder = divmod(c, d)
        if not monomial:
            constant = remainder
        elif remainder == d - 1 and d > 2:
            quotient, remainder = quotient + 1, -1
        whole[monomial] = quotient
        if remainder and monomial:
            rest[monomial] = remainder
    outside = _make(whole)
    if not rest:
        return outside
    # Common factors cancel: floor((g*L + k)/(g*d)) = floor((L + floor(k/g))/d).
    common = gcd(d, *rest.values())
    if common > 1:
        inner = _make({monomial: c // common for monomial, c in rest.items()})
        return outside + _floor(inner + constant // common, d // common)
    # A ceiling in disguise: floor(-R/d) = -floor((R + d - 1)/d).
    if next(iter(rest.values())) == -1:
        return outside - _floor(_make({m: -c for m, c in rest.items()}) + (d - 1 - constant), d)
    inner = _make(rest) + constant
    # Nested floors flatten: floor((floor(p/b) + X)/d) = floor((p + b*X)/(b*d)), and with the floor
    # subtracted, floor((X - floor(p/b))/d) = floor((b*X - p + b - 1)/(b*d)).
    nested = [monomial for monomial in rest if any(isinstance(atom, Floor) for atom, _ in monomial)]
    if len(nested) == 1 and len(nested[0]) == 1 and rest[nested[0]] in (1, -1):
        atom, power = nested[0][0]
        if isinstance(atom, Floor) and power == 1:
            sign, b = rest[nested[0]], atom.divisor
            other = inner - _of_atom(atom) * sign
            flat = atom.inner if sign == 1 else (b - 1) - atom.inner
            return outside + _floor(flat + other * b, b * d)
    floor = _FLOORS.get((inner, d))
    if floor is None:
        new = Floor(inner, d)
        with _LOCK:
            floor = _FLOORS.setdefault((inner, d), new)
    return outside + _of_atom(floor)


def _substitute(dim: Dim, values: Mapping[str, DimLike], done: dict[Dim, Dim]) -> Dim:
    found = done.get(dim)
    if found is not None:
        return found
    total = _constant(0)
    for monomial, c in dim._terms:
        product = _constant(c)
        for atom, power in monomial:
            if isinstance(atom, Symbol):
                value = values.get(atom.name)
                factor = _of_atom(atom) if value is None else Dim.of(value)
            else:
                factor = _substitute(atom.inner, values, done) // atom.divisor
            product = product * (factor if power == 1 else factor**power)
        total = total + product
    done[dim] = total
    return total


def _divide_exactly(a: Dim, b: Dim) -> Dim:
    """`a // b` for a symbolic `b`, by long division; DimError where a remainder stays.

    Only the part of `b` without its integer content must divide: `(3*D*h) // (2*h)` is `3*D//2`.
    """
    content = gcd(*(c for _, c in b._terms))
    if b._terms[0][1] < 0:
        a, b = -a, -b
    lead, lead_c = b._terms[0]
    divisor = _intern(tuple((m, c // content) for m, c in b._terms))
    lead_c //= content
    quotient, rest = _constant(0), a
    while rest._terms:
        monomial, c = rest._terms[0]
        factor = _quotient(monomial, lead)
        if factor is None or c % lead_c:
            raise DimError(
                f"cannot divide `{a}` by `{b}`: a symbolic divisor must divide exactly; "
                "give it a number"
            )
        part = _make({factor: c // lead_c})
        quotient, rest = quotient + part, rest - part * divisor
    return quotient // content


def _quotient(m: Monomial, by: Monomial) -> Monomial | None:
    powers = dict(m)
    for atom, power in by:
        left = powers.get(atom, 0) - power
        if left < 0:
            return None
        powers[atom] = left
    return tuple((atom, power) for atom, power in powers.items() if power)


# --- pickling --------------------------------------------------------------------------------


def _pack(atom: Atom) -> Any:
    return atom.name if isinstance(atom, Symbol) else (atom.inner, atom.divisor)


def _rebuild(parts: tuple[tuple[int, tuple[tuple[Any, int], ...]], ...]) -> Dim:
    total = _constant(0)
    for c, monomial in parts:
        product = _constant(c)
        for atom, power in monomial:
            factor = Dim.symbol(atom) if isinstance(atom, str) else atom[0] // atom[1]
            product = product * factor**power
        total = total + product
    return total
