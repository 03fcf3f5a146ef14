"""The condition on sizes under which everything fits: stated once, with its fix."""

from dataclasses import replace

from archspec.diagnostics import Edit, Fix
from archspec.diagnostics import Label as Mark
from archspec.dims import Domains, satisfying
from archspec.elaborate.context import Context, Misfit
from archspec.elaborate.explain import merged
from archspec.source import Span
from archspec.syntax import ast

#: With more facts than that no condition is looked for: it would take long.
MAX_FACTS = 8


def state_conditions(ctx: Context) -> None:
    """Complete the diagnostics of sizes that fit for some inputs only.

    Where one condition mends all of them, the first says it and the others are not repeated.
    """
    facts = {(m.fact.kind, m.fact.left, m.fact.right): m.fact for m in ctx.misfits}
    if not 0 < len(facts) <= MAX_FACTS:
        return
    together = satisfying([*facts.values()], ctx.domains)
    if together is not None and _conditions(ctx, together):
        first = min(ctx.misfits, key=lambda m: m.diagnostic)
        others = {m.diagnostic for m in ctx.misfits} - {first.diagnostic}
        _complete(ctx, first, together, len(others))
        ctx.diagnostics[:] = [d for i, d in enumerate(ctx.diagnostics) if i not in others]
        return
    done = set[int]()
    for misfit in ctx.misfits:
        alone = satisfying([misfit.fact], ctx.domains)
        if alone is not None and misfit.diagnostic not in done and _conditions(ctx, alone):
            _complete(ctx, misfit, alone, 0)
            done.add(misfit.diagnostic)


def _conditions(ctx: Context, domains: Domains) -> dict[str, tuple[str, ...]]:
    """What `domains` asks of each size beyond what the inputs promise."""
    found = {}
    for name in domains:
        known = ctx.domains[name].conditions(name)
        new = tuple(c for c in domains[name].conditions(name) if c not in known)
        if new:
            found[name] = new
    return found


def _complete(ctx: Context, misfit: Misfit, domains: Domains, others: int) -> None:
    conditions = _conditions(ctx, domains)
    diagnostic = ctx.diagnostics[misfit.diagnostic]
    text = ", ".join(c for new in conditions.values() for c in new)
    message, help, notes = diagnostic.message, diagnostic.help, diagnostic.notes
    if misfit.headline is not None:
        message = f"{misfit.headline} for every {' and '.join(conditions)}: needs {text}"
    else:
        help = (*help, f"it holds where {text}")
    if others:
        places = "one further place needs" if others == 1 else f"{others} further places need"
        notes = (*notes, f"{places} the same and {'is' if others == 1 else 'are'} not repeated")
    edits, weak = _edits(ctx, conditions)
    labels = diagnostic.labels
    if diagnostic.primary is not None:
        marks = [Mark(span, "promises too little") for span in weak]
        labels = (diagnostic.primary, *merged([*marks, *labels], diagnostic.primary.span))
    fixes = diagnostic.fixes
    if edits:
        fixes = (*fixes, Fix("safe", f"promise `{text}`", edits))
    ctx.diagnostics[misfit.diagnostic] = replace(
        diagnostic, message=message, labels=labels, notes=notes, help=help, fixes=fixes
    )


def _edits(
    ctx: Context, conditions: dict[str, tuple[str, ...]]
) -> tuple[tuple[Edit, ...], list[Span]]:
    """Edits of the inputs' `where`, and the conditions there that are too weak."""
    edits: list[Edit] = []
    weak: list[Span] = []
    for id, statement in ctx.inputs.items():
        added: list[str] = []
        shape = ctx.graph.node(id).outputs[0].shape
        bound = {s for dim in shape for s in dim.symbols()}
        for name in [n for n in conditions if n in bound]:
            if any(" in [" in c for c in conditions[name]):
                return (), weak  # `where` has no form for several remainders
            earlier = [c.span for c in statement.where if _is_remainder(c, name)]
            weak += earlier
            if len(earlier) == 1:
                edits.append(Edit(earlier[0], ", ".join(conditions[name])))
            else:
                added += conditions[name]
        if added:
            end = statement.where[-1].span.end if statement.where else statement.shape.span.end
            word = ", " if statement.where else " where "
            place = Span(statement.span.source, end, end)
            edits.append(Edit(place, word + ", ".join(added)))
        conditions = {n: c for n, c in conditions.items() if n not in bound}
    return tuple(edits), weak


def _is_remainder(condition: ast.Expr, name: str) -> bool:
    match condition:
        case ast.Compare(first=ast.Binary(op="%", left=ast.Name(id=id)), rest=(("==", _),)):
            return id == name
        case _:
            return False
