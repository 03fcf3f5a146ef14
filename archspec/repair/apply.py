"""Fixes applied to files, again and again until none is left."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from archspec.diagnostics import Diagnostic, Edit, Fix
from archspec.diagnostics.model import FixLevel
from archspec.elaborate import Trace
from archspec.repair.baseline import Baseline
from archspec.repair.edits import Texts, apply_edits, touch
from archspec.source import Span

#: Each round leaves fewer faults than were seen, so that only hidden ones can take so many.
MAX_ROUNDS: Final = 100


class Roots(Protocol):
    """The specs that are mended together."""

    def check(self, texts: Texts) -> tuple[Sequence[Diagnostic], Mapping[Span, bool]]:
        """Every diagnostic with its verified fixes, `texts` in the place of files.

        Also the statements that were run, and whether each went through.
        """

    def recheck(self, texts: Texts, trace: Trace) -> Iterator[Diagnostic]:
        """As `check`, without fixes."""


@dataclass(frozen=True, slots=True)
class Mended:
    """The new `texts` of files, the diagnostics `before` that and those that `remain`.

    `mended` are those that fixes were applied for, some of which were hidden before.
    """

    texts: Texts
    mended: tuple[Diagnostic, ...]
    before: tuple[Diagnostic, ...]
    remain: tuple[Diagnostic, ...]


def mend(roots: Roots, levels: Collection[FixLevel], writable: Callable[[Path], bool]) -> Mended:
    """Apply fixes of `levels` to `writable` files until there is none left.

    Each round applies the best fix of every diagnostic but those that meet one before it, or, where
    together they bring what each alone does not, the first that holds alone.
    """
    texts: dict[Path, str] = {}
    found, statements = roots.check(texts)
    before, mended = tuple(found), list[Diagnostic]()
    for _ in range(MAX_ROUNDS):
        chosen = _choose(found, levels, writable)
        baseline = Baseline(found, statements)
        batches = (chosen, *([pair] for pair in chosen))
        batch = next((b for b in batches if b and _holds(roots, baseline, b, texts)), None)
        if batch is None:
            break
        texts |= apply_edits(edit for _, fix in batch for edit in fix.edits)
        mended += [diagnostic for diagnostic, _ in batch]
        found, statements = roots.check(texts)
    return Mended(texts, tuple(mended), before, tuple(found))


def _choose(
    found: Sequence[Diagnostic], levels: Collection[FixLevel], writable: Callable[[Path], bool]
) -> list[tuple[Diagnostic, Fix]]:
    chosen: list[tuple[Diagnostic, Fix]] = []
    edits: list[Edit] = []
    for diagnostic in found:
        for fix in diagnostic.fixes:
            files = {edit.span.source.key for edit in fix.edits}
            if fix.level in levels and all(map(writable, files)) and not touch(fix.edits, edits):
                chosen.append((diagnostic, fix))
                edits += fix.edits
                break
    return chosen


def _holds(
    roots: Roots, baseline: Baseline, batch: Sequence[tuple[Diagnostic, Fix]], texts: Texts
) -> bool:
    """Whether the fixes bring no error to any of the specs; what was hidden may show up."""

    def recheck(changed: Texts, trace: Trace) -> Iterator[Diagnostic]:
        return roots.recheck({**texts, **changed}, trace)

    edits = [edit for _, fix in batch for edit in fix.edits]
    gone = [diagnostic for diagnostic, _ in batch]
    return baseline.compare(gone, edits, recheck, Trace()) != "fails"
