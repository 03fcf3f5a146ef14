"""`where` at the inputs of a model: what it promises of sizes, and whether it says anything."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from archspec.diagnostics import Diagnostic, Edit, Fix
from archspec.diagnostics import Label as Mark
from archspec.dims import Dim, DimError, Domain, Domains
from archspec.elaborate.context import Context, fail
from archspec.elaborate.evaluate import evaluate, truth
from archspec.elaborate.files import ModelEntry
from archspec.elaborate.values import names_in
from archspec.ir import Promise
from archspec.source import Span
from archspec.syntax import ast

#: `n op size` as `size op n`.
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_REMAINDERS = ("==", "!=", "in", "not in")


def equalities_of(declared: Sequence[ast.Input]) -> dict[str, str]:
    """`where H == W`: the second name becomes another name of the first dim."""
    same: dict[str, str] = {}
    for _, a, b in _equal_names(declared):
        a, b = same.get(a, a), same.get(b, b)
        if a != b:
            same = {name: a if kept == b else kept for name, kept in same.items()} | {b: a}
    return same


def _equal_names(declared: Sequence[ast.Input]) -> Iterator[tuple[ast.Expr, str, str]]:
    dims = {d.id for s in declared for d in s.shape.dims if isinstance(d, ast.Name)}
    for statement in declared:
        for condition in conjuncts(statement.where):
            match condition:
                case ast.Compare(first=ast.Name(id=a), rest=(("==", ast.Name(id=b)),)) if {
                    a,
                    b,
                } <= dims:
                    yield condition, a, b


def conjuncts(conditions: Sequence[ast.Expr]) -> Iterator[ast.Expr]:
    """`a and b, c` as a, b, c."""
    for condition in conditions:
        if isinstance(condition, ast.Binary) and condition.op == "and":
            yield from conjuncts((condition.left, condition.right))
        else:
            yield condition


def without_condition(entry: ModelEntry, span: Span) -> ModelEntry:
    """The same model without the `where` condition at `span`."""
    block = entry.block
    statements = tuple(
        replace(s, where=tuple(c for c in conjuncts(s.where) if c.span != span))
        if isinstance(s, ast.Input)
        else s
        for s in block.body.statements
    )
    return replace(entry, block=replace(block, body=replace(block.body, statements=statements)))


def promise(ctx: Context, declared: Sequence[ast.Input]) -> None:
    """Narrow the domains of open sizes by all conditions; refuse contradictions."""
    for statement in declared:
        for condition in conjuncts(statement.where):
            _restrict(ctx, statement, condition)
    _equal_sizes(ctx, declared)
    _warn_of_redundant(ctx, declared)


def _equal_sizes(ctx: Context, declared: Sequence[ast.Input]) -> None:
    """Record the sizes that are one."""
    for condition, a, b in _equal_names(declared):
        symbol = _symbol(ctx.frame.names[a])
        if a != b and symbol is not None:
            text = condition.span.text
            ctx.graph.promises.append(Promise(symbol, None, text, condition.span))


# --- what a condition says ---------------------------------------------------------------------


def _restrict(ctx: Context, statement: ast.Input, condition: ast.Expr) -> None:
    """Narrow the domain of a symbol by one condition of `where`."""
    if not isinstance(condition, ast.Compare):
        _unusable(condition)
    left = condition.first
    for op, right in condition.rest:
        said = _said(ctx, left, op, right, condition)
        left = right
        if said is None:
            continue
        name, narrow, bounds = said
        try:
            alone = narrow(Domains())[name]
            narrowed = narrow(ctx.graph.domains)
        except DimError as error:
            fail("A0206", f"`{condition.span.text}` is too much to follow: {error}", condition.span)
        if narrowed.contradiction is not None:
            _contradicts(ctx, condition, name, alone)
        ctx.graph.domains = narrowed
        ctx.graph.promises.append(Promise(name, alone, condition.span.text, condition.span, bounds))
        if bounds:
            ctx.bounded.add(name)


def _unusable(condition: ast.Expr) -> NoReturn:
    fail(
        "A0206",
        f"the checker cannot use the condition `{condition.span.text}`",
        condition.span,
        help=(
            "use `H % 32 == 0`, `H % 6 in [0, 2]`, `T <= 1024`, `H >= 8` or `H == W`; "
            "what else must hold at compile time goes into `require`",
        ),
    )


def _contradicts(ctx: Context, condition: ast.Expr, name: str, alone: Domain) -> NoReturn:
    """Refuse a condition, marking the earlier ones that leave nothing to it."""
    text = condition.span.text
    if alone.empty:
        fail("A0206", f"no size satisfies `{text}`: sizes are at least 1", condition.span)
    earlier = [p for p in ctx.graph.promises if p.symbol == name and p.domain is not None]
    single = [p for p in earlier if p.domain is not None and p.domain.intersect(alone).empty]
    against = single[:1] or earlier
    others = " and ".join(f"`{p.text}`" for p in against)
    fail(
        "A0206",
        f"no size satisfies both `{text}` and {others}"
        if len(against) == 1
        else f"no size satisfies `{text}` together with {others}",
        condition.span,
        labels=tuple(Mark(p.span, "contradicts it") for p in against),
    )


#: The symbol that a condition is about, how it narrows domains, and whether from below.
_Said = tuple[str, Callable[[Domains], Domains], bool]


def _said(
    ctx: Context, left: ast.Expr, op: str, right: ast.Expr, condition: ast.Compare
) -> _Said | None:
    """What one comparison says; None where it is about no open size, and holds."""
    if isinstance(left, ast.Binary) and left.op == "%" and op in _REMAINDERS:
        symbol = _symbol(evaluate(ctx, left.left))
        if symbol is not None:
            return symbol, _remainders(ctx, symbol, left, op, right, condition), False
    a, b = evaluate(ctx, left), evaluate(ctx, right)
    first, second = _symbol(a), _symbol(b)
    if first is None and second is not None:
        if op not in _FLIPPED:
            _unusable(condition)
        first, b, op = second, a, _FLIPPED[op]
    elif first is not None and first == second and op == "==":
        return None
    if first is None or type(b) is not int:
        if not isinstance(a, Dim) and not isinstance(b, Dim):
            if truth(ctx, condition):
                return None
            fail("A0206", f"`{condition.span.text}` does not hold", condition.span)
        _unusable(condition)
    name, bound = first, b
    match op:
        case "<=":
            return name, lambda domains: domains.with_upper(name, bound), False
        case "<":
            return name, lambda domains: domains.with_upper(name, bound - 1), False
        case ">=":
            return name, lambda domains: domains.with_lower(name, bound), True
        case ">":
            return name, lambda domains: domains.with_lower(name, bound + 1), True
        case "==":
            return name, lambda domains: domains.with_value(name, bound), True
        case _:
            return _unusable(condition)


def _remainders(
    ctx: Context, symbol: str, left: ast.Binary, op: str, right: ast.Expr, condition: ast.Compare
) -> Callable[[Domains], Domains]:
    """`H % 32 == 0`, `H % 6 in [0, 2]`, and their opposites."""
    modulus, value = evaluate(ctx, left.right), evaluate(ctx, right)
    listed: Any = value if op in ("in", "not in") else [value]
    if type(modulus) is not int or modulus <= 0 or not isinstance(listed, list | tuple | range):
        _unusable(condition)
    if any(type(r) is not int for r in listed):
        _unusable(condition)
    for residue in listed:
        if residue != residue % modulus:
            fail("A0206", f"a remainder by {modulus} is never {residue}", right.span)
    residues = frozenset(listed)
    if op in ("!=", "not in"):
        residues = frozenset(range(modulus)) - residues
    return lambda domains: domains.with_residues(symbol, modulus, residues)


def _symbol(value: object) -> str | None:
    """The symbol's name where `value` is a bare symbol."""
    if isinstance(value, Dim):
        symbols = value.symbols()
        if len(symbols) == 1 and value is Dim.symbol(next(iter(symbols))):
            return next(iter(symbols))
    return None


# --- conditions that say nothing ---------------------------------------------------------------


def _warn_of_redundant(ctx: Context, declared: Sequence[ast.Input]) -> None:
    """Warn of conditions that follow from others, or from sizes being at least 1 (W0206).

    Only conditions without parameters are compared: what others say depends on the arguments.
    """
    plain = [c for s in declared for c in conjuncts(s.where) if _says_the_same_always(ctx, c)]
    domains = {
        condition.span: [p for p in ctx.graph.promises if p.span == condition.span]
        for condition in plain
    }
    kept = list(plain)
    redundant = []
    for condition in reversed(plain):
        promises = domains[condition.span]
        if any(p.domain is None for p in promises):
            continue
        others = [c for c in kept if c is not condition]
        rest = [p for c in others for p in domains[c.span]]
        if all(_follows(p, rest) for p in promises):
            kept = others
            redundant.append((condition, _implying(promises, rest)))
    for condition, implying in reversed(redundant):
        _warn(ctx, declared, condition, implying)
    _warn_of_equal(ctx, declared)


def _says_the_same_always(ctx: Context, condition: ast.Expr) -> bool:
    return all(isinstance(ctx.frame.names.get(n.id), Dim) for n in names_in(condition))


def _implying(promises: Sequence[Promise], others: Sequence[Promise]) -> Sequence[Promise]:
    """Those of `others` from which `promises` follow, none that is not needed for it."""
    symbols = {p.symbol for p in promises}
    needed = [p for p in others if p.symbol in symbols and p.domain is not None]
    for one in list(needed):
        fewer = [p for p in needed if p is not one]
        if all(_follows(p, fewer) for p in promises):
            needed = fewer
    return needed


def _follows(promise: Promise, others: Sequence[Promise]) -> bool:
    """Whether a promise holds already for all sizes that satisfy the others.

    A lower bound says more than that sizes are above it: it follows from lower bounds only.
    """
    about = [o for o in others if o.symbol == promise.symbol and o.domain is not None]
    known = Domain()
    for other in about:
        if other.domain is not None:
            known = known.intersect(other.domain)
    bounded = not promise.bounds or any(o.bounds for o in about)
    return bounded and promise.domain is not None and known.within(promise.domain)


def _warn_of_equal(ctx: Context, declared: Sequence[ast.Input]) -> None:
    """Of `H == H`, and of a name that is another's already."""
    same: dict[str, str] = {}
    for condition, a, b in _equal_names(declared):
        first, second = same.get(a, a), same.get(b, b)
        if first == second:
            _warn(ctx, declared, condition, [])
        else:
            same = {n: first if kept == second else kept for n, kept in same.items()}
            same |= {b: first, second: first}


def _warn(
    ctx: Context, declared: Sequence[ast.Input], condition: ast.Expr, implied: Sequence[Promise]
) -> None:
    text = condition.span.text
    marks = {p.span: Mark(p.span, "says it already") for p in implied}
    reason = f"{' and '.join(f'`{p.text}`' for p in implied)} says as much"
    if len(marks) > 1:
        reason = f"{' and '.join(f'`{p.text}`' for p in implied)} say as much together"
    if not implied:
        equal = isinstance(condition, ast.Compare) and condition.rest[0][0] == "=="
        reason = "the two are one size" if equal else "a size is at least 1"
    removal = _removal(declared, condition)
    ctx.report(
        Diagnostic(
            "W0206",
            "warning",
            f"the condition `{text}` says nothing new: {reason}",
            (Mark(condition.span, "", primary=True), *marks.values()),
            help=() if removal else ("remove it",),
            fixes=(Fix("safe", f"remove `{text}`", (removal,)),) if removal else (),
        )
    )


def _removal(declared: Sequence[ast.Input], condition: ast.Expr) -> Edit | None:
    """The edit that takes a condition out of its `where`, with its comma, `and`, or `where`."""
    source, start, end = condition.span.source, condition.span.start, condition.span.end
    for statement in declared:
        spans = [c.span for c in statement.where]
        if condition.span in spans:
            at = spans.index(condition.span)
            if at > 0:
                start = spans[at - 1].end
            elif len(spans) > 1:
                end = spans[1].start
            else:
                start = statement.shape.span.end
            return Edit(Span(source, start, end), "")
        for clause in statement.where:
            while isinstance(clause, ast.Binary) and clause.op == "and":
                if clause.right.span == condition.span:
                    return Edit(Span(source, clause.left.span.end, end), "")
                if clause.left.span == condition.span:
                    return Edit(Span(source, start, clause.right.span.start), "")
                clause = clause.left
    return None
