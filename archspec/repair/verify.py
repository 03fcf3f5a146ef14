"""Which candidates mend what they are proposed for: each is tried on a copy of the texts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from archspec.diagnostics import Diagnostic, Edit, Fix
from archspec.elaborate import Trace
from archspec.repair.baseline import Baseline, Recheck
from archspec.repair.candidates import candidates
from archspec.repair.edits import Texts, apart
from archspec.source import SourceFile, Span
from archspec.syntax.parser import parse

#: What all trials of one check may take together, in steps of elaboration.
MAX_STEPS: Final = 250_000
#: How many candidates are tried for one diagnostic, and how many fixes it is given.
MAX_TRIALS: Final = 60
MAX_FIXES: Final = 3

_LEVELS: Final = ("safe", "maybe", "placeholder")
#: Faults of syntax, of names and of calls, which hide whatever depends on them.
_HIDING: Final = ("A00", "A01")


def verified(
    found: Sequence[Diagnostic], statements: Mapping[Span, bool], recheck: Recheck
) -> tuple[Diagnostic, ...]:
    """`found`, each with at most three fixes, the best first, that are known to mend it.

    What elaboration proposes in `fixes` is a candidate only, as is what the syntax around the
    labels suggests. A candidate is offered if the diagnostic is gone once it is applied, and none
    is new. A fault of syntax or of a name hides what depends on it; where no candidate leaves the
    spec without new errors, the first that elaboration proposed is offered for such a fault if
    what shows up lies in `statements` that the check did not get through.

    All trials together take `MAX_STEPS` at most; a diagnostic whose candidates were not tried says
    so.
    """
    trials = _Trials(Baseline(found, statements), recheck)
    return tuple(trials.with_fixes(d) for d in found)


def verified_syntax(found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """As `verified`, for faults of the syntax of one file, where nothing else is looked at."""

    def recheck(texts: Texts, _: Trace) -> Iterator[Diagnostic]:
        for key, text in texts.items():
            yield from parse(SourceFile(str(key), text, key)).diagnostics

    return verified(found, {}, recheck)


@dataclass(slots=True)
class _Trials:
    baseline: Baseline
    recheck: Recheck
    trace: Trace = field(default_factory=lambda: Trace(MAX_STEPS))

    def with_fixes(self, diagnostic: Diagnostic) -> Diagnostic:
        kept: list[Fix] = []
        revealing: list[Fix] = []
        seen = set[tuple[Edit, ...]]()
        notes = diagnostic.notes
        for fix, holds in candidates(diagnostic):
            if fix.edits in seen or not apart(fix.edits):
                continue
            if self.trace.left <= 0:
                if not kept:
                    notes = (*notes, "not all changes that may mend it were tried: it takes long")
                break
            if len(seen) == MAX_TRIALS:
                break
            seen.add(fix.edits)
            outcome = self.baseline.compare([diagnostic], fix.edits, self.recheck, self.trace)
            if outcome == "mends":
                kept.append(fix)
                holds()
            elif outcome == "reveals" and fix in diagnostic.fixes:
                revealing.append(fix)
            if kept and (kept[-1].level == "safe" or len(kept) == MAX_FIXES):
                break
        if not kept and diagnostic.code.startswith(_HIDING):
            kept = revealing[:1]
        kept.sort(key=lambda fix: _LEVELS.index(fix.level))
        return replace(diagnostic, fixes=tuple(kept), notes=notes)
