"""Copies that nothing reads: `x = h[i]` where `x` gets another value before it is used."""

from archspec import pycode as py


def without_dead_copies(body: tuple[py.Stmt, ...]) -> tuple[py.Stmt, ...]:
    """The body of a function, without names given to values at hand that are never read."""
    return _live(body, set())[0]


def _live(body: tuple[py.Stmt, ...], after: set[str]) -> tuple[tuple[py.Stmt, ...], set[str]]:
    """The statements that are kept, and the names that they and what follows read."""
    kept: list[py.Stmt] = []
    for statement in reversed(body):
        found, after = _statement(statement, after)
        if found is not None:
            kept.append(found)
    return tuple(reversed(kept)), after


def _statement(statement: py.Stmt, after: set[str]) -> tuple[py.Stmt | None, set[str]]:
    match statement:
        case py.Assign(target=py.Name(id=name), value=value):
            if name not in after and _is_copy(value):
                return None, after
            return statement, (after - {name}) | py.names_used(value)
        case py.Return() | py.Raise():
            return statement, set(py.names_used(statement))
        case py.For(target=target, iterable=iterable, body=inner):
            before = set(after)
            while True:  # what an iteration reads, the one before it must give
                kept, reads = _live(inner, after | before)
                if reads <= before:
                    break
                before |= reads
            names = before | py.names_used(iterable)
            return (py.For(target, iterable, kept), names) if kept else (None, after)
        case py.If(test=test, body=inner, orelse=orelse):
            then, first = _live(inner, after)
            other, second = _live(orelse, after)
            if not then and not other:
                return None, after
            return py.branch(test, then, other), first | second | py.names_used(test)
        case py.With(context=context, body=inner):
            kept, before = _live(inner, after)
            return py.With(context, kept), before | py.names_used(context)
        case _:
            # A function that is defined here, an entry of a dict: all their names are read.
            return statement, after | py.names_used(statement) | _targets(statement)


def _targets(statement: py.Stmt) -> set[str]:
    match statement:
        case py.Assign(target=target) if not isinstance(target, py.Tuple):
            return set(py.names_used(target))
        case _:
            return set()


def _is_copy(value: py.Expr) -> bool:
    match value:
        case py.Name() | py.Constant():
            return True
        case py.Subscript(value=inner, items=items):
            return _is_copy(inner) and not any(isinstance(i, py.Slice) for i in items)
        case _:
            return False
