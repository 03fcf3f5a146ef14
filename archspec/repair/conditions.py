"""Candidates for conditions that do not hold: left out, or promised by the model."""

import re
from collections.abc import Iterator

from archspec.diagnostics import Fix
from archspec.repair import tree
from archspec.repair.fault import Fault, insert, remove, replace
from archspec.source import Span
from archspec.syntax import ast


def promised(fault: Fault) -> Iterator[Fix]:
    """A condition of a block: promised by the input of the model that calls it."""
    if fault.code != "A0205":
        return
    condition = fault.place.text
    used = {node.id for node in tree.nodes_within(fault.place) if isinstance(node, ast.Name)}
    for span in fault.spans[1:]:
        model = next((n for n in tree.ancestors(span) if isinstance(n, ast.Block)), None)
        if model is None or model.kind != "model" or model is fault.definition:
            continue
        for statement in model.body.statements:
            if not isinstance(statement, ast.Input):
                continue
            sizes = {d.id for d in statement.shape.dims if isinstance(d, ast.Name)}
            if used and used <= sizes:
                word = ", " if statement.where else " where "
                yield insert(statement.span, statement.span.end, word + condition, "maybe")
                return


def adjusted(fault: Fault) -> Iterator[Fix]:
    """A condition of one size that another has otherwise; a remainder that is not 0."""
    if not fault.code.startswith(("A0205", "A04", "A05")):
        return
    for definition in fault.definitions:
        for statement in definition.body.statements:
            if isinstance(statement, ast.Input):
                yield from _like_others(statement)
    require = fault.innermost(ast.Require)
    match require.condition if require is not None else None:
        case ast.Compare(first=ast.Binary(op="%"), rest=(("==", ast.Number() as remainder),)):
            if remainder.value != 0:
                yield replace(remainder.span, "0")
        case _:
            return


def _like_others(statement: ast.Input) -> Iterator[Fix]:
    found: list[tuple[str, Span, Span]] = []
    for clause in statement.where:
        match clause:
            case ast.Compare(first=ast.Binary(op="%", left=ast.Name(id=id)), rest=((_, right),)):
                found.append((id, clause.span, right.span))
            case _:
                pass
    for id, span, remainder in found:
        for other, like, _ in found:
            text = re.sub(rf"\b{other}\b", id, like.text)
            if other != id and text != span.text:
                yield replace(span, text)
        if remainder.text != "0":
            yield replace(remainder, "0")


def dropped(fault: Fault) -> Iterator[Fix]:
    """A condition that contradicts others, or that nothing promises: left out."""
    if not fault.code.startswith(("A0205", "A0206", "A04", "A05")):
        return
    statement = fault.innermost(ast.Input)
    if statement is None:
        return
    at = fault.place.start
    inside = [c.span.start <= at < c.span.end for c in statement.where]
    for i in sorted(range(len(inside)), key=lambda i: not inside[i]):
        if inside[i] or fault.code == "A0206":
            yield _without(statement, i)


def lowered(fault: Fault) -> Iterator[Fix]:
    """A lower bound that promises too little: left out, so that it is inferred."""
    if fault.code != "A0502":
        return
    for span in fault.spans[1:]:
        statement = next((n for n in tree.ancestors(span) if isinstance(n, ast.Input)), None)
        for i, clause in enumerate(statement.where if statement is not None else ()):
            match clause:
                case ast.Compare(first=ast.Name(id=id), rest=((">=" | ">", _),)):
                    if id == span.text and statement is not None:
                        yield _without(statement, i)
                case _:
                    pass


def _without(statement: ast.Input, index: int) -> Fix:
    clauses = statement.where
    gone = clauses[index].span
    if len(clauses) == 1:
        span = Span(gone.source, statement.shape.span.end, gone.end)
    elif index:
        span = Span(gone.source, clauses[index - 1].span.end, gone.end)
    else:
        span = Span(gone.source, gone.start, clauses[1].span.start)
    return remove(span, f"remove `{gone.text}`")
