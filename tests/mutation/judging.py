"""What archspec says of a mutant, set against what PyTorch makes of it."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from archspec.diagnostics import ArchSpecError, Diagnostic, Fix
from archspec.elaborate import Elaborated, ModelEntry, elaborate
from archspec.pipeline import Program, check
from archspec.source import SourceFile
from archspec.syntax import ast
from tests.mutation import ledger
from tests.mutation.mutants import Mutant
from tests.mutation.oracle import (
    Conditions,
    Failure,
    NoConditions,
    Oracle,
    Success,
    batches,
    conditions_of,
    open_sizes,
)
from tests.mutation.sizes import LARGE, enlarged, large, small
from tests.support.covering import covering
from tests.support.zoo import program as original

Sizes = dict[str, int]

#: What `check` said of one model.
Checked = Elaborated | tuple[Diagnostic, ...]

#: How many large points an accepted and a refused model are run at, and how many small ones.
ACCEPTED: Final = 3
REFUSED: Final = 8
SMALL: Final = 2


@dataclass(frozen=True, slots=True)
class Judged:
    """One mutant: PyTorch's label for it, and all that is said of archspec's verdict."""

    mutant: Mutant
    errors: tuple[Diagnostic, ...]
    #: None: it runs.
    failure: Failure | None
    excuse: ledger.Entry | None
    on_line: bool
    primary_on_line: bool
    #: The fix that mends it, after which everything checks.
    fix: Fix | None
    offered: bool
    seconds: float

    @property
    def broken(self) -> bool:
        return self.failure is not None

    @property
    def rejected(self) -> bool:
        return bool(self.errors)

    @property
    def missed(self) -> bool:
        """Broken, and accepted."""
        return self.broken and not self.rejected

    @property
    def wronged(self) -> bool:
        """Working, and refused without an entry in the ledger."""
        return not self.broken and self.rejected and self.excuse is None

    def __str__(self) -> str:
        said = "; ".join(f"{e.code} {e.message}" for e in self.errors[:2]) or "accepted"
        found = "runs"
        if self.failure is not None:
            f = self.failure
            found = f"broken ({f.ground}) at {dict(f.sizes)}: {f.why}"
        return f"{self.mutant}\n    archspec: {said}\n    PyTorch: {found}"


def load(path: Path, text: str) -> Program:
    """The program of `text` as if it stood in `path`."""
    return original(path).changed({path: text})


def errors_of(program: Program, fixes: bool) -> tuple[Diagnostic, ...]:
    return tuple(d for d in check(program, fixes=fixes) if d.severity == "error")


def check_models(program: Program) -> dict[str, Checked]:
    """What is said of each model by itself, fixes left aside."""
    found: dict[str, Checked] = {}
    for name, entry in program.models.items():
        try:
            found[name] = elaborate(entry)
        except ArchSpecError as error:
            found[name] = error.diagnostics
    return found


@dataclass(slots=True)
class Judge:
    """Labels mutants; calls that PyTorch ran for one are remembered for the next."""

    oracle: Oracle = field(default_factory=Oracle)

    def judge(self, mutant: Mutant) -> Judged:
        begin = time.process_time()
        program = load(mutant.path, mutant.text)
        faulty = any(d.severity == "error" for d in program.diagnostics)
        errors = errors_of(program, fixes=True)
        checked = {} if faulty else check_models(program)
        failure: Failure | None = None
        runs: list[Success] = []
        if errors and (faulty or not program.models):
            failure = Failure("language", f"{errors[0].code} {errors[0].message}", {})
        else:
            for name in _relevant(mutant, program, checked):
                found = self.label(program.scope.models[name], checked[name])
                if isinstance(found, Failure):
                    failure = found
                    break
                runs += found
        if failure is None and errors and all(isinstance(c, Elaborated) for c in checked.values()):
            # all models are sound: the fault is in what the file says beside them
            failure = Failure("language", f"{errors[0].code} {errors[0].message}", {})
        excuse = None
        if failure is None and errors:
            excuse = ledger.excuse(ledger.Refused(errors, tuple(runs)))
        fix, offered = _verified_fix(mutant, errors) if failure and errors else (None, False)
        return Judged(
            mutant, errors, failure, excuse, _marks(mutant, errors, False),
            _marks(mutant, errors, True), fix, offered, time.process_time() - begin,
        )  # fmt: skip

    def label(self, entry: ModelEntry, checked: Checked) -> Failure | list[Success]:
        """The first failure of a model that counts, or its runs.

        An accepted model must run at every size that archspec says it takes. Of a refused one,
        failures at small sizes count only where its `where` speaks of a lower bound.
        """
        try:
            conditions = conditions_of(entry)
        except NoConditions as error:
            return Failure("language", str(error), {})
        aligned: set[int] = set()
        runs: list[Success] = []
        points = list(_points(entry, conditions, checked))
        if not points:
            return Failure("assertion", "`where` admits no size", {})
        for point in points:
            result = self.oracle.run(entry, point, aligned)
            if isinstance(result, Failure):
                return result
            if runs and result.weights and runs[0].weights and result.weights != runs[0].weights:
                return Failure("torch", "the weights depend on the size of the input", point)
            runs.append(result)
        return runs


def _points(entry: ModelEntry, conditions: Conditions, checked: Checked) -> Iterator[Sizes]:
    names, first = open_sizes(entry), batches(entry)
    if isinstance(checked, Elaborated):
        domains = checked.graph.domains
        lowest = {name: domains[name].smallest or 1 for name in names}
        yield from small(names, conditions, lowest, SMALL)
        yield from large(names, first, conditions, ACCEPTED, lowest)
        return
    found = large(names, first, conditions, REFUSED)
    yield from found
    if not found:
        return
    for sizes in _counterexamples(checked, names):
        for point in enlarged({**found[0], **sizes}, conditions):
            if all(point[n] >= LARGE or n in first | conditions.stated for n in names):
                yield point
    if conditions.stated:
        for point in small(names, conditions, {}, SMALL):
            yield {n: (point if n in conditions.stated else found[0])[n] for n in names}


_COUNTEREXAMPLE = re.compile(r"(\b[A-Za-z_]\w*)=(\d+)\b")


def _counterexamples(errors: tuple[Diagnostic, ...], names: list[str]) -> Iterator[Sizes]:
    """The sizes at which archspec says that the model fails."""
    for error in errors:
        for note in error.notes:
            sizes = {n: int(v) for n, v in _COUNTEREXAMPLE.findall(note) if n in names}
            if sizes:
                yield sizes


# --- which models ------------------------------------------------------------------------------


def _relevant(mutant: Mutant, program: Program, checked: Mapping[str, Checked]) -> list[str]:
    """The models to run: refused ones first; of the accepted a few that use all blocks."""
    refused = [name for name, result in checked.items() if not isinstance(result, Elaborated)]
    if refused:
        return refused
    chosen = [name for name in covering(mutant.path) if name in checked]
    for name in checked:
        call = program.scope.models[name].call
        if name not in chosen and (
            call is not None and _lines(call.span.source, call) & mutant.lines
        ):
            chosen.append(name)
    return list(dict.fromkeys(chosen)) or list(checked)


def _lines(source: SourceFile, node: ast.Node) -> set[int]:
    first, last = source.position(node.span.start).line, source.position(node.span.end).line
    return set(range(first, last + 1))


# --- labels and fixes --------------------------------------------------------------------------


def _marks(mutant: Mutant, errors: tuple[Diagnostic, ...], primary: bool) -> bool:
    """Whether a label stands on a mutated line; one of many lines stands where it begins."""
    for error in errors:
        for label in error.labels:
            span = label.span
            if span.source.key != mutant.path or (primary and not label.primary):
                continue
            first, last = span.position.line, span.end_position.line
            lines = set(range(first, last + 1)) if last - first < 3 else {first}
            if lines & mutant.lines:
                return True
    return False


def _verified_fix(mutant: Mutant, errors: tuple[Diagnostic, ...]) -> tuple[Fix | None, bool]:
    """The first fix after which the file checks, and whether there is any fix with edits."""
    offered = False
    for error in errors:
        for fix in error.fixes:
            if not fix.edits or any(e.span.source.key != mutant.path for e in fix.edits):
                continue
            offered = True
            if not errors_of(load(mutant.path, applied(mutant.text, fix)), fixes=False):
                return fix, True
    return None, offered


def applied(text: str, fix: Fix) -> str:
    """The text after the edits of a fix."""
    for edit in sorted(fix.edits, key=lambda e: (e.span.start, e.span.end), reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text
