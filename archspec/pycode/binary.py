"""Chains of operators, flat: how they are split over lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from archspec.pycode.nodes import Binary, Compare, Expr
from archspec.pycode.precedence import BINARY_PRECEDENCE

# `and` and `or` are split together, below comparisons; arithmetic is split by how it binds.
_SPLIT_COMPARE: Final = BINARY_PRECEDENCE["|"] - 1
_SPLIT_BOOL: Final = BINARY_PRECEDENCE["or"]


@dataclass(frozen=True, slots=True)
class Operator:
    text: str
    precedence: int


def flatten(expr: Binary | Compare) -> list[Expr | Operator]:
    """Operands and operators in turn, through all operands that have no parentheses."""
    parts: list[Expr | Operator] = []

    def add(operand: Expr) -> None:
        match operand:
            case Binary(op, left, right):
                add(left)
                parts.append(Operator(op, _precedence(op)))
                add(right)
            case Compare(first, rest):
                add(first)
                for op, right in rest:
                    parts.append(Operator(op, _SPLIT_COMPARE))
                    add(right)
            case _:
                parts.append(operand)

    add(expr)
    return parts


def _precedence(op: str) -> int:
    return _SPLIT_BOOL if op in ("and", "or") else BINARY_PRECEDENCE[op]


Part = tuple[list[Expr | Operator], Operator | None, Expr | None]


def split(parts: list[Expr | Operator]) -> Iterator[Part]:
    """The chain between its operators that bind least: each piece, the operator after it and the
    operand after that one (both None for the last piece)."""
    lowest = min(part.precedence for part in parts if isinstance(part, Operator))
    start = 0
    for i, part in enumerate(parts):
        if isinstance(part, Operator) and part.precedence == lowest:
            after = parts[i + 1]
            assert not isinstance(after, Operator)
            yield parts[start:i], part, after
            start = i + 1
    yield parts[start:], None, None
