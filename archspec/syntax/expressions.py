"""Expressions back to text: on one line, or broken one item per line where that is too long."""

import re
from collections.abc import Sequence
from typing import Final, assert_never

from archspec.syntax import ast
from archspec.syntax.literals import decode, encode
from archspec.syntax.operators import COMPARE, LEVELS, NOT, OR, POWER, RANGE, SIGN, SUM

WIDTH: Final = 100
STEP: Final = 4
POSTFIX: Final = POWER + 1
_NUMBER: Final = re.compile(r"[0-9][0-9_]*(\.[0-9_]+)?([eE][+-]?[0-9]+)?")

Item = (
    ast.Expr | ast.Slice | ast.Ellipsis | ast.Keyword | ast.Param | ast.OutputItem | ast.ShapeExpr
)


class NotFlat(Exception):
    """The author's own line breaks stand in the way of one line."""


def flat(node: Item, minimum: int = 0) -> str:
    """`node` on one line, in parentheses if it binds looser than `minimum`."""
    text, level = _flat(node)
    if level < minimum or _author_parentheses(node):
        return f"({text})"
    return text


def _flat(node: Item) -> tuple[str, int]:
    match node:
        case ast.Name():
            return node.id, POSTFIX
        case ast.Template():
            parts = [part if isinstance(part, str) else f"{{{flat(part)}}}" for part in node.parts]
            return "".join(parts), POSTFIX
        case ast.Number():
            return number(node), POSTFIX
        case ast.String():
            return string(node), POSTFIX
        case ast.Bool():
            return ("true" if node.value else "false"), POSTFIX
        case ast.NoneValue():
            return "none", POSTFIX
        case ast.Ellipsis():
            return "...", POSTFIX
        case ast.ListExpr() | ast.TupleExpr() | ast.Call() | ast.Index() | ast.ShapeExpr():
            before, opening, items, closing = bracketed(node)
            inner = ", ".join(flat(item) for item in items)
            if isinstance(node, ast.TupleExpr) and len(items) == 1:
                inner += ","
            return f"{before}{opening}{inner}{closing}", POSTFIX
        case ast.Attribute():
            return f"{flat(node.value, POSTFIX)}.{flat(node.name)}", POSTFIX
        case ast.Comprehension():
            return f"[{comprehension(node)}]", POSTFIX
        case ast.Keyword():
            return f"{keyword_head(node)}{flat(node.value)}", 0
        case ast.Slice():
            step = f":{flat(node.step)}" if node.step else ""
            start = flat(node.start) if node.start else ""
            return f"{start}:{flat(node.stop) if node.stop else ''}{step}", 0
        case ast.Param():
            kind = f": {node.kind}" if node.kind else ""
            default = f" = {flat(node.default)}" if node.default else ""
            return f"{node.name}{kind}{default}", 0
        case ast.OutputItem():
            shape = f": {flat(node.shape)}" if node.shape else ""
            value = f" = {flat(node.value)}" if node.value else ""
            return f"{flat(node.name)}{shape}{value}", 0
        case _:
            return _operation(node)


def _operation(
    node: ast.Range | ast.Unary | ast.Binary | ast.Compare | ast.Conditional,
) -> tuple[str, int]:
    match node:
        case ast.Range():
            sign = ".." if node.inclusive else "..<"
            return f"{flat(node.low, SUM)}{sign}{flat(node.high, SUM)}", RANGE
        case ast.Unary("not"):
            return f"not {flat(node.operand, NOT)}", NOT
        case ast.Unary():
            return f"{node.op}{flat(node.operand, SIGN)}", SIGN
        case ast.Binary("**"):
            return f"{flat(node.left, POSTFIX)} ** {flat(node.right, SIGN)}", POWER
        case ast.Binary():
            level = LEVELS[node.op]
            return f"{flat(node.left, level)} {node.op} {flat(node.right, level + 1)}", level
        case ast.Compare():
            rest = "".join(f" {op} {flat(value, RANGE)}" for op, value in node.rest)
            return f"{flat(node.first, RANGE)}{rest}", COMPARE
        case ast.Conditional():
            then, test = flat(node.then, OR), flat(node.test, OR)
            return f"{then} if {test} else {flat(node.other)}", 0
        case _:
            assert_never(node)


def keyword_head(node: ast.Keyword) -> str:
    """`name=`, or `name = ` where the words of a conditional would hide the sign."""
    return f"{node.name} = " if isinstance(node.value, ast.Conditional) else f"{node.name}="


def comprehension(node: ast.Comprehension) -> str:
    condition = f" if {flat(node.condition, OR)}" if node.condition else ""
    targets = ", ".join(node.targets)
    return f"{flat(node.element)} for {targets} in {flat(node.iterable, OR)}{condition}"


def number(node: ast.Number) -> str:
    """As the author wrote it, where that is known: `1e-6`, `50_257`."""
    text = node.span.text.strip("() \t\r\n")
    if _NUMBER.fullmatch(text):
        plain = text.replace("_", "")
        value = float(plain) if isinstance(node.value, float) else None
        if value == node.value or (isinstance(node.value, int) and plain == str(node.value)):
            return text
    return repr(node.value)


def string(node: ast.String) -> str:
    text = node.span.text.strip("() \t\r\n")
    if len(text) > 1 and text[0] == text[-1] == '"' and decode(text) == (node.value, None):
        return text
    return encode(node.value)


def bracketed(node: Item) -> tuple[str, str, Sequence[Item], str]:
    """What stands before the bracket, the bracket, the items in it, and its end."""
    match node:
        case ast.Call():
            items: list[Item] = [*node.args, *node.keywords]
            before = flat(node.func, POSTFIX)
            only = items[0] if len(items) == 1 else None
            if isinstance(only, ast.Comprehension) and not only.span.text.startswith("["):
                return f"{before}({comprehension(only)}", "", [], ")"
            return before, "(", items, ")"
        case ast.Index():
            return flat(node.value, POSTFIX), "[", node.items, "]"
        case ast.ListExpr():
            return "", "[", node.items, "]"
        case ast.TupleExpr():
            return "", "(", node.items, ")"
        case ast.ShapeExpr():
            return node.dtype or "", "[", node.dims, "]"
        case _:
            raise TypeError(type(node).__name__)


def wants_lines(node: Item) -> bool:
    """Whether the author put items on lines of their own, with a comma after the last one."""
    text = node.span.text
    if "\n" not in text:
        return False
    match node:
        case ast.Keyword():
            return wants_lines(node.value)
        case ast.Param():
            return node.default is not None and wants_lines(node.default)
        case ast.Call() | ast.Index() | ast.ListExpr() | ast.TupleExpr() | ast.ShapeExpr():
            if text[:-1].rstrip().endswith(",") and not _single(node):
                return True
            return any(wants_lines(item) for item in bracketed(node)[2])
        case _:
            return False


def one_line(node: Item) -> str:
    """`flat`, but NotFlat where the author wants lines."""
    if wants_lines(node):
        raise NotFlat
    return flat(node)


def _single(node: Item) -> bool:
    return isinstance(node, ast.TupleExpr) and len(node.items) == 1


def _author_parentheses(node: Item) -> bool:
    """Whether parentheses around an operation are the author's: its span then begins with one."""
    if not isinstance(node, ast.Range | ast.Unary | ast.Binary | ast.Compare | ast.Conditional):
        return False
    source = node.span.source.text
    if not source.startswith("(", node.span.start) or node.span.start == node.span.end:
        return False
    first: ast.Expr
    match node:
        case ast.Unary():
            return True
        case ast.Range():
            first = node.low
        case ast.Binary():
            first = node.left
        case ast.Compare():
            first = node.first
        case ast.Conditional():
            first = node.then
        case _:
            assert_never(node)
    return node.span.start < first.span.start
