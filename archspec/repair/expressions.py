"""Candidates for expressions: simpler ones."""

from collections.abc import Iterator
from typing import Final

from archspec.diagnostics import Fix
from archspec.repair.fault import Fault, replace
from archspec.syntax import ast

MAX_EXPRESSIONS: Final = 6


def operands(fault: Fault) -> Iterator[Fix]:
    """One side of `a + 1` or `2 * a` alone."""
    if not fault.code.startswith(("A01", "A0201", "A04", "A05", "A06")):
        return
    found = 0
    for node in fault.blamed(ast.Binary):
        if node.op in ("and", "or") or found == MAX_EXPRESSIONS:
            continue
        found += 1
        sides = (node.left, node.right)
        numbers = [side for side in sides if isinstance(side, ast.Number)]
        if not numbers and not fault.code.startswith(("A01", "A0201")):
            continue
        for side in sides:
            if not isinstance(side, ast.Number):
                yield replace(node.span, side.span.text)
