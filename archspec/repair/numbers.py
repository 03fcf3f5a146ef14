"""Candidates for numbers that do not fit: the other side's, a multiple or divisor, a neighbour."""

from collections.abc import Iterator

from archspec.diagnostics import Fix
from archspec.repair import tree
from archspec.repair.fault import Fault, replace
from archspec.source import Span
from archspec.syntax import ast

#: How many numbers are tried, and how many values for each.
MAX_NUMBERS = 8
MAX_VALUES = 4


def of_the_fault(fault: Fault) -> Iterator[Fix]:
    """Numbers that the diagnostic speaks of, made to fit the others that it speaks of."""
    if not fault.code.startswith(("A0305", "A04", "A05", "A0205", "A06", "A0106")):
        return
    if fault.code == "A0503":
        return
    known = fault.numbers
    spoken = [n for n in _literals(fault) if n.value in known]
    divides = fault.code in ("A0501", "A0205")
    for node in spoken[:MAX_NUMBERS]:
        value = node.value
        assert isinstance(value, int)
        rest = [n for n in known if n != value]
        found = dict.fromkeys(() if divides else rest)
        for other in rest:
            if divides:
                found |= dict.fromkeys(_divisible(value, other))
        for new in list(found)[:MAX_VALUES]:
            yield replace(node.span, str(new))


def nearby(fault: Fault) -> Iterator[Fix]:
    """Other numbers in the labels' places: one more or less, doubled or halved."""
    if not fault.code.startswith(("A04", "A05", "A06")):
        return
    for node in list(_literals(fault))[:MAX_NUMBERS]:
        value = node.value
        assert isinstance(value, int)
        found = (value - 1, value + 1, value * 2, value // 2)
        least = 0 if fault.code == "A0503" else 1
        for new in dict.fromkeys(n for n in found if n >= least and n != value):
            yield replace(node.span, str(new))


def further(fault: Fault) -> Iterator[Fix]:
    """Numbers of layers that no label marks: one more or less, doubled or halved."""
    if not fault.code.startswith(("A04", "A06")):
        return
    found = 0
    for definition in fault.definitions:
        for param in definition.params:
            if isinstance(param.default, ast.Number) and isinstance(param.default.value, int):
                yield replace(param.default.span, str(param.default.value + 1))
                yield replace(param.default.span, str(max(param.default.value - 1, 1)))
        for call in tree.walk(definition.body):
            if not isinstance(call, ast.Call):
                continue
            for node in (*call.args, *(keyword.value for keyword in call.keywords)):
                if isinstance(node, ast.Number) and isinstance(node.value, int) and found < 12:
                    found += 1
                    for new in {node.value + 1, max(node.value - 1, 1)} - {node.value}:
                        yield replace(node.span, str(new))


def _divisible(value: int, other: int) -> Iterator[int]:
    """What is near to `value` and divides `other`, or is divided by it."""
    if 0 < other < value:
        yield from sorted(
            (value // other * other, (value // other + 1) * other), key=lambda n: abs(n - value)
        )
    if value < other <= 1_000_000:
        divisors = [n for n in range(1, min(other, 4 * value) + 1) if other % n == 0]
        yield from sorted(divisors, key=lambda n: abs(n - value))[:2]


def _literals(fault: Fault) -> Iterator[ast.Number]:
    """Integers in the labels' places, then those that the names there stand for."""
    seen = set[Span]()
    names: list[str] = []
    for node in fault.blamed(ast.Node):
        if isinstance(node, ast.Number) and type(node.value) is int and node.span not in seen:
            seen.add(node.span)
            yield node
        elif isinstance(node, ast.Name):
            names.append(node.id)
    for number in _behind(fault.place, set(names)):
        if number.span not in seen:
            yield number


def _behind(place: Span, names: set[str]) -> Iterator[ast.Number]:
    """What parameters `names` of the file's definitions are given, by default or in variants."""
    for node in tree.walk(tree.tree_of(place.source)):
        value: ast.Node | None = None
        match node:
            case ast.Param() | ast.Keyword() if node.name in names:
                value = node.default if isinstance(node, ast.Param) else node.value
            case ast.Flow(targets=(ast.Name(id=id),), stages=(ast.Stage(core=core),)) if (
                id in names
            ):
                value = core
            case _:
                pass
        for inner in tree.walk(value):
            if isinstance(inner, ast.Number) and type(inner.value) is int:
                yield inner
