"""What a check found, as that with which a trial is compared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from archspec.diagnostics import Diagnostic, Edit
from archspec.elaborate import Trace
from archspec.repair.edits import Before, Texts, apply_edits, key_of
from archspec.source import Span

#: Whether what was to be mended is gone and nothing is new; whether errors show up that may have
#: been there before, hidden by what was mended; whether it is not gone, or an error is new.
Outcome = Literal["mends", "reveals", "fails"]

#: Gives the diagnostics of a spec with changed texts, the likeliest first.
Recheck = Callable[[Texts, Trace], Iterator[Diagnostic]]

#: What elaboration may leave out in the end, since a condition stated for another mends it as well.
_MERGED: Final = frozenset({"A0403", "A0406", "A0407", "A0408", "A0501"})
#: What is looked for only where there is no error at all.
_LAST: Final = frozenset({"A0304"})


class Baseline:
    """The diagnostics of a check, and the statements it ran, each with whether it went through.

    A new warning counts only where a warning was to be mended: the checker looks for most of them
    when there is no error.
    """

    def __init__(self, found: Sequence[Diagnostic], statements: Mapping[Span, bool]) -> None:
        self.known = {key_of(d) for d in found}
        self._statements: dict[Path, list[tuple[int, int, bool]]] = {}
        for span, sound in statements.items():
            rows = self._statements.setdefault(span.source.key, [])
            rows.append((span.start, span.end, sound))

    def compare(
        self, gone: Sequence[Diagnostic], edits: Sequence[Edit], recheck: Recheck, trace: Trace
    ) -> Outcome:
        """How `edits`, meant to mend `gone`, did."""
        wanted = {key_of(d) for d in gone}
        warnings = any(d.severity == "warning" for d in gone)
        before = Before(edits)

        def judge(found: Diagnostic) -> Outcome:
            key = before.key(found)
            if key in wanted:
                return "fails"
            if key in self.known or (found.severity == "warning" and not warnings):
                return "mends"
            if found.code in _LAST or self._hidden(key[1], key[2]):
                return "reveals"
            return "fails"

        def fatal(found: Diagnostic) -> bool:
            return found.code not in _MERGED and judge(found) == "fails"

        trace.fatal = fatal
        outcome: Outcome = "mends"
        for found in recheck(apply_edits(edits), trace):
            judged = judge(found)
            if judged == "fails":
                return "fails"
            if judged == "reveals":
                outcome = "reveals"
        return outcome

    def _hidden(self, file: Path | None, offset: int | str) -> bool:
        """Whether the check did not see what is wrong there, since something else was.

        That is where the innermost statement around did not go through, or none was run.
        """
        if file is None or isinstance(offset, str):
            return False
        around = [row for row in self._statements.get(file, ()) if row[0] <= offset < row[1]]
        return not min(around, key=lambda row: row[1] - row[0], default=(0, 0, False))[2]
