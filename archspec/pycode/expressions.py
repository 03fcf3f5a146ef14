"""Expressions as documents, laid out as `ruff format` lays them out.

Where an expression stands decides whether it may break: `Level` is PARENTHESIZED inside brackets,
BARE where no brackets are around it, and else the id of the group that adds optional parentheses
when it breaks.
"""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Final, assert_never

from archspec.pycode.binary import Operator, flatten, split
from archspec.pycode.chains import is_fluent
from archspec.pycode.embed import can_embed, embedded, format_call
from archspec.pycode.layout import (
    HARD,
    SOFT,
    SPACE,
    Doc,
    FirstFitting,
    FitsExpanded,
    Group,
    GroupIfBroken,
    IfBroken,
    Indent,
    IndentIfBroken,
    flat_text,
)
from archspec.pycode.literals import Code, constant, f_string
from archspec.pycode.nodes import (
    Attr,
    Binary,
    Call,
    Compare,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    FString,
    Lambda,
    List,
    Name,
    Paren,
    Slice,
    Starred,
    Subscript,
    Tuple,
    Unary,
)
from archspec.pycode.optional import Need, has_own_brackets, need

Level = int
PARENTHESIZED: Final = 0
BARE: Final = -1

_ids = count(1)


def new_id() -> int:
    """An id that no other group has."""
    return next(_ids)


def soft_block(content: Doc) -> Doc:
    return (Indent((SOFT, content)), SOFT)


def comma_separated(items: Iterable[Doc], *, always_comma: bool = False) -> Doc:
    """The items; a trailing comma where they stand on lines of their own and are more than one."""
    docs: list[Doc] = []
    for item in items:
        docs += [(",", SPACE), item] if docs else [item]
    if len(docs) > 1 or always_comma:
        docs.append(IfBroken(","))
    return tuple(docs)


def bracketed(left: str, content: Doc, right: str, level: Level) -> Doc:
    """`content`, made at level PARENTHESIZED, in brackets."""
    block: Doc = Group(soft_block(content))
    return (left, FitsExpanded(block, level) if level > 0 else block, right)


def parenthesize_if_broken(content: Doc) -> Doc:
    """`content`, made at level PARENTHESIZED, in parentheses if it breaks."""
    return _optional(content, new_id())


def optional_parentheses(content: Callable[[Level], Doc]) -> Doc:
    """As `parenthesize_if_broken`, but a bracket inside may break instead."""
    id = new_id()
    return _optional(content(id), id)


def _optional(content: Doc, id: int) -> Doc:
    inside = IndentIfBroken((SOFT, content), id)
    return Group((IfBroken("("), inside, SOFT, IfBroken(")")), id)


def _line(level: Level, space: bool = True) -> Doc:
    """A line break that is possible only inside parentheses."""
    if level == BARE:
        return " " if space else ""
    line = SPACE if space else SOFT
    if level == PARENTHESIZED:
        return line
    flat: Doc = IfBroken(" ", level, not_=True) if space else ""
    return (IfBroken(line, level), flat)


def _group(content: Doc, level: Level) -> Doc:
    """A group that exists only inside parentheses."""
    if level == BARE:
        return content
    return Group(content) if level == PARENTHESIZED else GroupIfBroken(content, level)


def expression(expr: Expr, level: Level, fluent: bool | None = None) -> Doc:
    """The document of `expr`, whose parentheses are explicit (see `precedence`).

    `fluent` is known inside a call chain: whether the chain breaks before its dots.
    """
    match expr:
        case Name(id):
            return id
        case Constant(value):
            return constant(value)
        case Paren(value):
            return bracketed("(", expression(value, PARENTHESIZED), ")", level)
        case Tuple((single,)):
            return bracketed("(", (expression(single, PARENTHESIZED), ","), ")", level)
        case Tuple(items):
            return _collection("(", items, ")", level)
        case List(items):
            return _collection("[", items, "]", level)
        case Dict(pairs):
            return _dict(pairs, level)
        case Attr() | Call() | Subscript():
            return _chain(expr, level, fluent)
        case Unary(op, operand):
            return ("not " if op == "not" else op, expression(operand, level))
        case Binary() | Compare():
            return _group(_binary(flatten(expr), level), level)
        case Conditional():
            return _group(_conditional(expr, level), level)
        case FString(parts):
            return _f_string(parts, level)
        case Starred(value):
            return ("*", expression(value, level))
        case Lambda(body):
            return ("lambda: ", lambda_body(body, level))
        case Comprehension(generator=True):
            return bracketed("(", Group(_comprehension(expr)), ")", level)
        case Comprehension():
            return bracketed("[", Group(_comprehension(expr)), "]", level)
        case _:
            assert_never(expr)


def tuple_items(items: tuple[Expr, ...]) -> Doc:
    """The items of a tuple without its parentheses."""
    return comma_separated(expression(item, PARENTHESIZED) for item in items)


def _collection(left: str, items: tuple[Expr, ...], right: str, level: Level) -> Doc:
    return bracketed(left, tuple_items(items), right, level) if items else left + right


def _dict(pairs: tuple[tuple[Expr, Expr], ...], level: Level) -> Doc:
    if not pairs:
        return "{}"
    items = (
        Group((expression(key, PARENTHESIZED), ": ", expression(value, PARENTHESIZED)))
        for key, value in pairs
    )
    return bracketed("{", comma_separated(items), "}", level)


def _conditional(expr: Conditional, level: Level) -> Doc:
    other: Doc
    if isinstance(expr.other, Conditional):
        other = _conditional(expr.other, level)
    else:
        other = _group(expression(expr.other, level), level)
    return (
        expression(expr.then, level),
        _line(level),
        "if ",
        expression(expr.test, level),
        _line(level),
        "else ",
        other,
    )


def _comprehension(expr: Comprehension) -> Doc:
    match expr.target:
        case Tuple(items) if len(items) > 1:
            target: Doc = tuple(
                (", " if i else "", expression(item, PARENTHESIZED)) for i, item in enumerate(items)
            )
        case _:
            target = expression(expr.target, PARENTHESIZED)
    condition: Doc = ()
    if expr.condition is not None:
        condition = (SPACE, "if ", expression(expr.condition, PARENTHESIZED))
    return (
        Group(expression(expr.element, PARENTHESIZED)),
        SPACE,
        "for ",
        target,
        " in ",
        expression(expr.iterable, PARENTHESIZED),
        condition,
    )


def lambda_body(body: Expr, level: Level) -> Doc:
    if need(body) is not Need.MULTILINE:
        if isinstance(body, Call | Subscript):
            doc = expression(body, level)
            block = ("(", Indent((HARD, doc)), HARD, ")")
            return FirstFitting((doc, Group(doc, broken=True), block))
        if has_own_brackets(body):
            return expression(body, level)
    return parenthesize_if_broken(expression(body, PARENTHESIZED))


# --- operators ---------------------------------------------------------------------------------


def _binary(parts: list[Expr | Operator], level: Level) -> Doc:
    """Operands and operators in turn; breaks before all operators that bind least, or none."""
    first = parts[0]
    if len(parts) == 1:
        assert not isinstance(first, Operator)
        return expression(first, level)
    docs: list[Doc] = []
    for left, operator, right in split(parts):
        docs.append(_operand(left, level))
        if operator is None:
            continue
        if operator.text == "**" and _is_simple(left[-1]) and _is_simple(right):
            # `x**2`; broken, the operator starts the next line, followed by a space.
            after: Doc = _if_parentheses_broken(" ", level)
            docs += [_line(level, space=False), "**", after]
        else:
            docs += [_line(level), operator.text, " "]
    return tuple(docs)


def _operand(parts: list[Expr | Operator], level: Level) -> Doc:
    doc = _binary(parts, level)
    return doc if len(parts) == 1 else _group(doc, level)


def _if_parentheses_broken(content: Doc, level: Level) -> Doc:
    if level == BARE:
        return ""
    return IfBroken(content, None if level == PARENTHESIZED else level)


def _is_simple(operand: Expr | Operator | None) -> bool:
    """Whether `operand` of a power is so simple that no spaces are put around `**`."""
    match operand:
        case Name():
            return True
        case Constant(value):
            return not isinstance(value, str)
        case Unary("not"):
            return False
        case Attr(Paren(Constant() as number)):
            return _is_simple(number)
        case Unary(_, inner) | Attr(inner):
            return _is_simple(inner)
        case _:
            return False


# --- call chains -------------------------------------------------------------------------------


def _chain(expr: Attr | Call | Subscript, level: Level, fluent: bool | None) -> Doc:
    is_root = fluent is None
    if fluent is None:
        fluent = level != BARE and is_fluent(expr)
    match expr:
        case Attr(value, name):
            # Only a fluent chain is handed on: a shorter one that is not, is not fluent either.
            inner = expression(value, level, fluent if _is_link(value) else None)
            breaks = fluent and isinstance(value, Paren | Call | Subscript)
            doc: Doc = (inner, SOFT if breaks else "", ".", name)
        case Call(func, args, keywords):
            inner = expression(func, level, fluent if _is_link(func) else None)
            doc = (inner, arguments(args, keywords, level))
        case Subscript(value, items):
            inner = expression(value, level, fluent if _is_link(value) else None)
            doc = (inner, bracketed("[", _index(items), "]", level))
        case _:
            assert_never(expr)
    return Group(doc) if is_root and fluent else doc


def _is_link(expr: Expr) -> bool:
    return isinstance(expr, Attr | Call | Subscript)


def arguments(args: tuple[Expr, ...], keywords: tuple[tuple[str, Expr], ...], level: Level) -> Doc:
    """The arguments of a call or the bases of a class, with their parentheses."""
    if not args and not keywords:
        return "()"
    if len(args) == 1 and not keywords:
        (arg,) = args
        if isinstance(arg, Comprehension) and arg.generator:
            return bracketed("(", Group(_comprehension(arg)), ")", level)
    items = [expression(arg, PARENTHESIZED) for arg in args]
    items += [_keyword(key, value) for key, value in keywords]
    return bracketed("(", Group(comma_separated(items)), ")", level)


def _keyword(key: str, value: Expr) -> Doc:
    # Unpacking is a keyword without a name.
    return (f"{key}=" if key else "**", expression(value, PARENTHESIZED))


def _index(items: tuple[Expr | Slice, ...]) -> Doc:
    docs = [_slice(i) if isinstance(i, Slice) else expression(i, PARENTHESIZED) for i in items]
    return docs[0] if len(docs) == 1 else Group(comma_separated(docs))


def _slice(item: Slice) -> Doc:
    """Spaces around the colons unless all parts are names, literals or their negatives."""
    parts = (item.start, item.stop, item.step)
    gap = "" if all(part is None or _is_plain(part) for part in parts) else " "
    start, stop, step = ((() if p is None else expression(p, PARENTHESIZED)) for p in parts)
    docs: list[Doc] = []
    if item.start is not None:
        docs += [start, gap]
    docs.append(":")
    if item.stop is not None:
        docs += [gap, stop]
    if item.step is not None:
        docs += [gap if item.stop is not None else "", ":", gap, step]
    return tuple(docs)


def _is_plain(expr: Expr) -> bool:
    match expr:
        case Unary("+" | "-", operand):
            return _is_plain(operand)
        case _:
            return isinstance(expr, Name | Constant)


# --- f-strings ---------------------------------------------------------------------------------


def _f_string(parts: tuple["str | Expr", ...], level: Level) -> Doc:
    if not all(isinstance(part, str) or can_embed(part) for part in parts):
        return expression(format_call(parts), level)
    written = (
        part if isinstance(part, str) else Code(flat_text(expression(embedded(part), BARE)))
        for part in parts
    )
    return f_string(tuple(written))
