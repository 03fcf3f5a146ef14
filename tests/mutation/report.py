"""The table of a run: how often archspec and PyTorch agree, by what was changed."""

from collections import Counter
from collections.abc import Sequence

from tests.mutation.judging import Judged
from tests.mutation.mutants import KINDS


def table(judged: Sequence[Judged]) -> str:
    """One row a kind of change, and one for all."""
    head = ("kind", "mutants", "broken", "working", "missed", "wronged", "ledger",
            "labelled", "primary", "fixed")  # fmt: skip
    rows = [head]
    for kind in (*KINDS, "all"):
        chosen = [j for j in judged if kind in ("all", j.mutant.kind)]
        rows.append((kind, *_cells(chosen)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = []
    for name, *cells in rows:
        right = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join((name.ljust(widths[0]), *right)))
    return "\n".join(lines)


def _cells(judged: Sequence[Judged]) -> tuple[str, ...]:
    broken = [j for j in judged if j.broken]
    caught = [j for j in broken if j.rejected]
    counts = (
        len(judged), len(broken), len(judged) - len(broken),
        sum(j.missed for j in judged), sum(j.wronged for j in judged),
        sum(j.excuse is not None for j in judged),
    )  # fmt: skip
    shares = (
        sum(j.on_line for j in caught), sum(j.primary_on_line for j in caught),
        sum(j.fix is not None for j in caught),
    )  # fmt: skip
    return (*map(str, counts), *(_percent(n, len(broken)) for n in shares))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def details(judged: Sequence[Judged]) -> str:
    """What stands behind the table: grounds, ledger, levels of fixes, time."""
    grounds = Counter(j.failure.ground for j in judged if j.failure is not None)
    excuses = Counter(j.excuse.name for j in judged if j.excuse is not None)
    levels = Counter(j.fix.level for j in judged if j.fix is not None)
    lines = [
        f"broken by {', '.join(f'{k} {n}' for k, n in grounds.most_common())}",
        f"refused on purpose: {', '.join(f'{k} {n}' for k, n in excuses.most_common()) or 'none'}",
        f"fixes that mend: {', '.join(f'{k} {n}' for k, n in levels.most_common()) or 'none'}",
        f"{sum(j.seconds for j in judged):.0f} s of CPU",
    ]
    return "\n".join(lines)


def unlabelled(judged: Sequence[Judged]) -> Counter[str]:
    """Codes of broken mutants without a label on the mutated line."""
    return Counter(j.errors[0].code for j in judged if j.broken and j.rejected and not j.on_line)


def unfixed(judged: Sequence[Judged]) -> Counter[str]:
    """Codes of broken mutants without a fix that mends them."""
    return Counter(j.errors[0].code for j in judged if j.broken and j.rejected and j.fix is None)
