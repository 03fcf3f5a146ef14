"""Statements and expressions without some of what their joins bring together."""

from dataclasses import dataclass
from typing import Protocol

from archspec.elaborate.values import Pass
from archspec.source import Span
from archspec.syntax import ast


class NotRemovable(Exception):
    """An edge that nothing can be left out for; says why."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The inputs that are left out of a join, of how many; none for `detach`, which goes alone."""

    inputs: int
    slots: frozenset[int]

    def __or__(self, other: "Dropped") -> "Dropped":
        return Dropped(self.inputs, self.slots | other.slots)

    @property
    def kept(self) -> tuple[int, ...]:
        return tuple(slot for slot in range(self.inputs) if slot not in self.slots)


class Texts(Protocol):
    """Who knows what is left out, and writes what does not change itself."""

    def text(self, node: ast.Node, run: Pass | None) -> str: ...

    def drop_of(self, join: ast.Node, pass_: Pass | None) -> Dropped | None: ...


#: A stage, in a list of stages, that the flowing value goes through unchanged.
_FLOW = "_"


def flow_without(texts: Texts, flow: ast.Flow, run: Pass | None) -> list[str]:
    """The statements that a statement becomes."""
    done: list[str] = []
    current: list[str] = []
    cut = False  # whether what flows into the next stage is not written in `current`

    def close() -> None:
        if current:
            done.append(" -> ".join(current))
            current.clear()

    for index, stage in enumerate(flow.stages):
        dropped = texts.drop_of(stage.core, run)
        if dropped is None:
            text = texts.text(stage, run)
            if not current and cut and (flow.targets or _is_name(stage.core)):
                current.append(_FLOW)
            current.append(text)
            continue
        match stage.core:
            case ast.Residual(body=body) if dropped.slots == {1}:
                close()
                done.append(_statements(texts, body, run))
            case ast.Dense(body=body) if dropped.slots == {0}:
                close()
                done.append(_statements(texts, body, run))
            case ast.Reuse():
                remaining = _reuse(texts, stage.core, dropped, run)
                if remaining is None:
                    _begin(texts, stage.core, dropped, run, current, close)
                elif remaining:
                    current.append(remaining)
            case ast.Call():
                _called(texts, stage.core, dropped, run, current, close)
            case ast.Name() | ast.Template():
                if dropped.slots:
                    _from_tuple(texts, flow.stages[index - 1], dropped, run, current)
            case _:
                current.append(texts.text(stage.core, run))
        cut = True
    targets = ", ".join(target.span.text for target in flow.targets)
    if targets and not current:
        current.append(_FLOW)
    if targets:
        current[0] = f"{targets} = {current[0]}"
    close()
    return [statement for statement in done if statement]


def _is_name(core: ast.Core) -> bool:
    return isinstance(core, ast.Name | ast.Template | ast.Attribute)


def _statements(texts: Texts, body: ast.Body, run: Pass | None) -> str:
    return "\n".join(texts.text(statement, run) for statement in body.statements)


def _reuse(texts: Texts, core: ast.Reuse, dropped: Dropped, run: Pass | None) -> str | None:
    """The statement with fewer sources, empty if it has none; None if what flows in goes."""
    if 0 in dropped.slots:
        return None
    sources = _items(texts, core.sources, dropped, 1, run)
    if not sources:
        return ""
    end = core.span.text[core.sources[-1].span.end - core.span.start :]
    return f"reuse {', '.join(sources)}{end}"


def _begin(
    texts: Texts,
    core: ast.Reuse,
    dropped: Dropped,
    run: Pass | None,
    current: list[str],
    close: object,
) -> None:
    """What flowed in goes: a new statement begins with the one source that stays."""
    sources = _items(texts, core.sources, dropped, 1, run)
    if len(sources) != 1:
        raise NotRemovable("what is left has no order")
    assert callable(close)
    close()
    current.append(sources[0])


def _called(
    texts: Texts,
    core: ast.Call,
    dropped: Dropped,
    run: Pass | None,
    current: list[str],
    close: object,
) -> None:
    flows = int(_takes_flow(core, dropped, run))
    args = _items(texts, core.args, dropped, flows, run)
    if flows and 0 not in dropped.slots:
        if args:
            current.append(_call(core, args))
        return
    if args == ["_"]:
        return
    assert callable(close)
    if "_" not in args:
        close()
    current.append(args[0] if _alone(core, args, run) else _call(core, args))


def _from_tuple(
    texts: Texts, before: ast.Stage, dropped: Dropped, run: Pass | None, current: list[str]
) -> None:
    """`(a, b) -> concat` without one of them."""
    if not isinstance(before.core, ast.TupleExpr) or not current:
        raise NotRemovable("what flows in there is not written as a list")
    kept = _items(texts, before.core.items, dropped, 0, run)
    if len(kept) != 1:
        raise NotRemovable("more than two flow in there")
    current[-1] = kept[0]


def joined_without(texts: Texts, node: ast.Node, dropped: Dropped, run: Pass | None) -> str:
    """An operator or a call in an expression, without some of its operands."""
    if isinstance(node, ast.Binary):
        (kept,) = dropped.kept if dropped.slots else (0,)
        return _grouped(texts, (node.left, node.right)[kept], run)
    assert isinstance(node, ast.Call)
    args = _items(texts, node.args, dropped, 0, run)
    return args[0] if _alone(node, args, run) else _call(node, args)


def _grouped(texts: Texts, expr: ast.Expr, run: Pass | None) -> str:
    text = texts.text(expr, run)
    simple = isinstance(expr, ast.Name | ast.Template | ast.Attribute | ast.Call | ast.Index)
    return text if simple or text.startswith("(") else f"({text})"


def _call(core: ast.Call, args: list[str]) -> str:
    if len(core.args) == 1 and len(args) > 1 and core.func.span.text not in ("concat", "stack"):
        args = [" + ".join(args)]  # of one list are made several, and it takes one
    keywords = [keyword.span.text for keyword in core.keywords]
    return f"{core.func.span.text}({', '.join((*args, *keywords))})"


def _alone(core: ast.Call, args: list[str], run: Pass | None) -> bool:
    """Whether one value is left, and no list of values."""
    return len(args) == 1 and not any(_is_list(arg, run) for arg in core.args)


def _takes_flow(core: ast.Call, dropped: Dropped, run: Pass | None) -> bool:
    """Whether what flows in is the first operand, beside the arguments."""
    return len(core.args) == dropped.inputs - 1 and not any(_is_list(a, run) for a in core.args)


def _is_list(expr: ast.Expr, run: Pass | None) -> bool:
    """Whether an expression stands for several values."""
    match expr:
        case ast.ListExpr() | ast.TupleExpr() | ast.Comprehension():
            return True
        case ast.Binary(left=left, right=right):
            return _is_list(left, run) and _is_list(right, run)
        case ast.Index(value=value, items=(ast.Slice(),)):
            return _is_list(value, run)
        case ast.Name(id=id) if run is not None:
            return isinstance(run.frame.names.get(id), list | tuple)
        case _:
            return False


def _items(
    texts: Texts,
    exprs: tuple[ast.Expr, ...],
    dropped: Dropped,
    first: int,
    run: Pass | None,
) -> list[str]:
    """The expressions that stay; the first stands for the input `first` of the join."""
    lists = [expr for expr in exprs if _is_list(expr, run)]
    if len(lists) > 1:
        raise NotRemovable("it is one of several lists")
    kept: list[str] = []
    at = first
    for expr in exprs:
        length = dropped.inputs - first - len(exprs) + 1 if expr in lists else 1
        left = [i for i in range(length) if at + i not in dropped.slots]
        if expr not in lists:
            kept += [texts.text(expr, run)] if left else []
        elif left:
            kept += _parts(texts, expr, left, length, run)
        at += length
    return kept


def _parts(
    texts: Texts, expr: ast.Expr, left: list[int], length: int, run: Pass | None
) -> list[str]:
    """Some of the values of a list, as lists."""
    if len(left) == length:
        return [texts.text(expr, run)]
    if isinstance(expr, ast.ListExpr) and len(expr.items) == length:
        return [f"[{', '.join(texts.text(expr.items[i], run) for i in left)}]"]
    if isinstance(expr, ast.Comprehension) and expr.condition is None:
        before = Span(expr.span.source, expr.span.start, expr.iterable.span.start).text
        return [f"{before}{cut(expr.iterable, *runs, length)}]" for runs in _runs(left)]
    text = texts.text(expr, run)
    text = f"({text})" if isinstance(expr, ast.Binary) else text
    return [f"{text}[{low or ''}:{high if high < length else ''}]" for low, high in _runs(left)]


def cut(expr: ast.Expr, low: int, high: int, length: int) -> str:
    """The values `low` to `high` of a list of `length`; of a range, a shorter range."""
    text = expr.span.text
    if (low, high) == (0, length):
        return text
    if isinstance(expr, ast.Range) and isinstance(expr.low, ast.Number):
        assert isinstance(expr.low.value, int)
        start = expr.low.value + low
        if high == length:
            return f"{start}{expr.span.text[expr.low.span.end - expr.span.start :]}"
        return f"{start}..<{expr.low.value + high}"
    if not isinstance(expr, ast.Name | ast.Call | ast.ListExpr | ast.Index):
        text = f"({text})"
    return f"{text}[{low or ''}:{high if high < length else ''}]"


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Neighbouring numbers as half-open ranges."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return found
