"""What a check found, as that with which a trial is compared."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from archspec.diagnostics import Diagnostic, Edit
from archspec.repair.edits import Before, key_of
from archspec.source import Span

#: Whether what was to be mended is gone and nothing is new; whether errors show up that may have
#: been there before, hidden by what was mended; whether it is not gone, or an error is new.
Outcome = Literal["mends", "reveals", "fails"]

#: What is looked for only where there is no error at all.
_LAST: Final = frozenset({"A0304"})


class Baseline:
    """The diagnostics of a check, and the statements it ran, each with whether it went through."""

    def __init__(self, found: Sequence[Diagnostic], statements: Mapping[Span, bool]) -> None:
        self.known = {key_of(d) for d in found}
        self._statements: dict[Path, list[tuple[int, int, bool]]] = {}
        for span, sound in statements.items():
            rows = self._statements.setdefault(span.source.key, [])
            rows.append((span.start, span.end, sound))

    def compare(
        self, gone: Sequence[Diagnostic], edits: Sequence[Edit], after: Iterable[Diagnostic]
    ) -> Outcome:
        """How `edits`, meant to mend `gone`, did, by what was found `after` them.

        A warning counts only where a warning was to be mended: the checker looks for most of them
        when there is no error.
        """
        wanted = {key_of(d) for d in gone}
        warnings = any(d.severity == "warning" for d in gone)
        before = Before(edits)
        outcome: Outcome = "mends"
        for found in after:
            key = before.key(found)
            if key in wanted:
                return "fails"
            if key in self.known or (found.severity == "warning" and not warnings):
                continue
            if found.code not in _LAST and not self._hidden(key[1], key[2]):
                return "fails"
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
