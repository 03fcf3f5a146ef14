"""The condition on sizes under which everything fits: stated once, with its fix."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from archspec.diagnostics import Edit, Fix
from archspec.diagnostics import Label as Mark
from archspec.dims import (
    DimError,
    Domains,
    equal_names,
    satisfying,
    satisfying_lower,
    satisfying_upper,
)
from archspec.elaborate.context import Context, Misfit, Subject
from archspec.elaborate.explain import merged
from archspec.elaborate.values import names_in
from archspec.source import Span
from archspec.syntax import ast


@dataclass(frozen=True, slots=True)
class _Mended:
    """One diagnostic with the condition that mends it, and the subjects that it mends as well."""

    misfit: Misfit
    domains: Domains
    weakest: bool
    subjects: dict[Subject, None]


def state_conditions(ctx: Context) -> None:
    """Complete the diagnostics of sizes that fit for some inputs only, and count what repeats.

    One diagnostic states a condition; those that it mends as well are named there, not repeated.
    """
    by_number: dict[int, list[Misfit]] = {}
    for misfit in ctx.misfits:
        by_number.setdefault(misfit.diagnostic, []).append(misfit)
    mended = [m for n in sorted(by_number) if (m := _mend(ctx, by_number[n])) is not None]
    kept: list[_Mended] = []
    for one in mended:
        # the strongest condition mends the others; of equal ones the first is kept
        other = next((k for k in kept if _within(k.domains, one.domains)), None)
        if other is not None:
            other.subjects.update(one.subjects)
            continue
        for weaker in [k for k in kept if _within(one.domains, k.domains)]:
            one.subjects.update(weaker.subjects)
            kept.remove(weaker)
        kept.append(one)
    numbers = {one.misfit.diagnostic for one in kept}
    dropped = {one.misfit.diagnostic for one in mended} - numbers
    clash = _clash(kept)
    for one in kept:
        _complete(ctx, one, clash)
    for number, misfits in by_number.items():
        if number not in numbers | dropped:
            _equate(ctx, misfits[0])
    for number, subjects in ctx.repeats.items():
        if number not in numbers | dropped:
            _count(ctx, number, subjects, "fail in the same way", "fails in the same way")
    ctx.diagnostics[:] = [d for i, d in enumerate(ctx.diagnostics) if i not in dropped]


# --- conditions --------------------------------------------------------------------------------


def _mend(ctx: Context, misfits: list[Misfit]) -> _Mended | None:
    """The condition that mends all misfits of one diagnostic."""
    found = satisfying([m.fact for m in misfits], ctx.domains)
    if found is None:
        return None
    domains = found.domains
    for misfit in misfits:
        if misfit.fact.kind == "at_least":
            bounded = _bounded(misfit, domains)
            if bounded is None:
                return None
            domains = bounded
    if not _conditions(ctx, domains):
        return None
    subjects = dict.fromkeys(m.subject for m in misfits)
    subjects |= ctx.repeats.get(misfits[0].diagnostic, {})
    return _Mended(misfits[0], domains, found.weakest, subjects)


def _bounded(misfit: Misfit, domains: Domains) -> Domains | None:
    """With a bound on one size under which a bound holds."""
    fact = misfit.fact
    for name in sorted(fact.left.symbols() | fact.right.symbols()):
        lower = satisfying_lower([fact], name, domains)
        if lower is not None and domains.with_lower(name, lower).contradiction is None:
            return domains.with_lower(name, lower)
        upper = satisfying_upper([fact], name, domains)
        if upper is not None:
            return domains.with_upper(name, upper)
    return None


def _within(one: Domains, other: Domains) -> bool:
    """Whether all sizes in `one` are in `other` too."""
    try:
        return all(one[name].within(other[name]) for name in {*one, *other})
    except DimError:
        return False


def _clash(kept: Sequence[_Mended]) -> bool:
    """Whether no size satisfies all conditions together."""
    try:
        together = Domains()
        for one in kept:
            for name in one.domains:
                together = together.restrict(name, one.domains[name])
    except DimError:
        return False
    return together.contradiction is not None


def _conditions(ctx: Context, domains: Domains) -> dict[str, tuple[str, ...]]:
    """What `domains` asks of each size beyond what the inputs promise."""
    found = {}
    for name in domains:
        known = ctx.domains[name].conditions(name)
        new = tuple(c for c in domains[name].conditions(name) if c not in known)
        if new:
            found[name] = new
    return found


def _multiples(domains: Domains) -> Domains:
    """Multiples alone of the sizes whose several remainders include 0."""
    for name in domains:
        domain = domains[name]
        if 0 in domain.residues and len(domain.residues) > 1:
            domains = domains.replace(name, replace(domain, residues=frozenset({0})))
    return domains


def _said(conditions: dict[str, tuple[str, ...]]) -> str:
    return ", ".join(c for new in conditions.values() for c in new)


# --- diagnostics -------------------------------------------------------------------------------


def _complete(ctx: Context, one: _Mended, clash: bool) -> None:
    misfit, conditions = one.misfit, _conditions(ctx, one.domains)
    exact = _said(conditions)
    simple, weakest = _multiples(one.domains), one.weakest
    if simple is not one.domains:
        conditions, weakest = _conditions(ctx, simple), False
    diagnostic = ctx.diagnostics[misfit.diagnostic]
    text = _said(conditions)
    message, help, notes = diagnostic.message, diagnostic.help, diagnostic.notes
    if misfit.headline is not None:
        verb = "needs" if weakest else "it does where"
        message = f"{misfit.headline} for every {' and '.join(conditions)}: {verb} {text}"
    else:
        help = (*help, f"it holds where {text}")
    if simple is not one.domains:
        notes = (*notes, f"{'exactly' if one.weakest else 'it also does'} where {exact}")
    if clash:
        notes = (*notes, "no size satisfies this and what the other diagnostics need")
    edits, weak, general = _edits(ctx, conditions)
    labels = diagnostic.labels
    if diagnostic.primary is not None:
        marks = [Mark(span, "promises too little") for span in weak]
        others = [m for m in labels if not (weak and m.message.startswith("leaves "))]
        labels = (diagnostic.primary, *merged([*marks, *others], diagnostic.primary.span))
    fixes = diagnostic.fixes
    if edits and not clash:
        level = "safe" if weakest and general else "maybe"
        fixes = (*fixes, Fix(level, f"promise `{text}`", edits))  # type: ignore[arg-type]
    ctx.diagnostics[misfit.diagnostic] = replace(
        diagnostic, message=message, labels=labels, notes=notes, help=help, fixes=fixes
    )
    _count(ctx, misfit.diagnostic, one.subjects, "need the same", "needs the same")


def _equate(ctx: Context, misfit: Misfit) -> None:
    """Offer that two sizes be one where no condition on each by itself mends a misfit."""
    names = equal_names(misfit.fact, ctx.domains)
    if names is None:
        return
    order = [
        s for id in ctx.inputs for d in ctx.graph.node(id).outputs[0].shape for s in d.symbols()
    ]
    first, second = sorted(names, key=order.index)
    diagnostic = ctx.diagnostics[misfit.diagnostic]
    text = f"{first} == {second}"
    fixes = diagnostic.fixes
    for id, statement in ctx.inputs.items():
        shape = ctx.graph.node(id).outputs[0].shape
        if any(second in dim.symbols() for dim in shape):
            fixes = (*fixes, Fix("maybe", f"promise `{text}`", (_added(statement, [text]),)))
            break
    ctx.diagnostics[misfit.diagnostic] = replace(
        diagnostic, help=(*diagnostic.help, f"it holds where {text}"), fixes=fixes
    )


def _count(
    ctx: Context, number: int, subjects: dict[Subject, None], several: str, single: str
) -> None:
    """Note how many further joins or layers the diagnostic stands for, and their names."""
    first, *others = subjects
    if not others:
        return
    names = list(dict.fromkeys(name for name, _, _ in others if name and name != first[0]))
    listed = f" ({', '.join(names)})" if len(names) == len(others) <= 6 else ""
    what = "one further place" if len(others) == 1 else f"{len(others)} further places"
    verb = f"{single} and is" if len(others) == 1 else f"{several} and are"
    diagnostic = ctx.diagnostics[number]
    notes = (*diagnostic.notes, f"{what}{listed} {verb} not repeated")
    ctx.diagnostics[number] = replace(diagnostic, notes=notes)


# --- fixes -------------------------------------------------------------------------------------


def _edits(
    ctx: Context, conditions: dict[str, tuple[str, ...]]
) -> tuple[tuple[Edit, ...], list[Span], bool]:
    """Edits of the inputs' `where`, the conditions there that are too weak, and whether the edits
    hold whatever the parameters are.
    """
    edits: list[Edit] = []
    weak: list[Span] = []
    general = True
    for id, statement in ctx.inputs.items():
        added: list[str] = []
        shape = ctx.graph.node(id).outputs[0].shape
        bound = {s for dim in shape for s in dim.symbols()}
        for name in [n for n in conditions if n in bound]:
            for kind, condition in _by_kind(name, conditions[name]):
                earlier = [c for c in statement.where if _kind_of(c, name) == kind]
                weak += [c.span for c in earlier]
                general = general and not any(_has_parameters(ctx, c) for c in earlier)
                if len(earlier) == 1:
                    edits.append(Edit(earlier[0].span, condition))
                else:
                    added.append(condition)
        if added:
            edits.append(_added(statement, added))
        conditions = {n: c for n, c in conditions.items() if n not in bound}
    return tuple(edits), weak, general


def _added(statement: ast.Input, conditions: Sequence[str]) -> Edit:
    """Add conditions to the `where` of an input."""
    end = statement.where[-1].span.end if statement.where else statement.shape.span.end
    word = ", " if statement.where else " where "
    return Edit(Span(statement.span.source, end, end), word + ", ".join(conditions))


def _by_kind(name: str, conditions: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each condition with what it is about: remainders, a bound, or the value itself."""
    for condition in conditions:
        rest = condition.removeprefix(f"{name} ")
        yield rest.split(" ")[0], condition


def _kind_of(condition: ast.Expr, name: str) -> str | None:
    """The same of a condition as the author wrote it; None where it is about something else."""
    match condition:
        case ast.Compare(first=ast.Binary(op="%", left=ast.Name(id=id)), rest=((op, _),)):
            return "%" if id == name and op in ("==", "in") else None
        case ast.Compare(first=ast.Name(id=id), rest=((op, _),)) if id == name:
            return {">": ">=", "<": "<="}.get(op, op)
        case _:
            return None


def _has_parameters(ctx: Context, condition: ast.Expr) -> bool:
    return any(n.id in {p.name for p in ctx.frame.block.params} for n in names_in(condition))
