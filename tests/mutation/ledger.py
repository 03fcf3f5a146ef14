"""Mutants that PyTorch runs and archspec refuses on purpose, each kind with its reason."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from archspec.diagnostics import Diagnostic
from tests.mutation.oracle import TOO_LARGE, Success


@dataclass(frozen=True, slots=True)
class Refused:
    """A mutant that runs: the errors it is refused with, and what its runs looked like."""

    errors: tuple[Diagnostic, ...]
    runs: tuple[Success, ...]

    def all_codes(self, *codes: str) -> bool:
        return all(error.code in codes for error in self.errors)


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    reason: str
    applies: Callable[[Refused], bool]


LEDGER: Final[tuple[Entry, ...]] = (
    Entry(
        "never used",
        "a value or layer that no output depends on: torch computes it in vain",
        lambda r: r.all_codes("A0304"),
    ),
    Entry(
        "too large",
        "weights that PyTorch cannot even count, so that it says nothing of what follows",
        lambda r: any(TOO_LARGE in run.lints for run in r.runs),
    ),
    Entry(
        "no batch",
        "images without a batch dimension: a missing dimension is far more often a mistake",
        lambda r: all(_one_too_few(e) for e in r.errors),
    ),
    Entry(
        "no dimensions",
        "a tensor without dimensions has no axis 0 or -1",
        lambda r: all(e.code == "A0503" and "has 0 dimensions" in e.message for e in r.errors),
    ),
)


_RANK: Final = re.compile(r"\dd needs (\d) dimensions \[B, C, .*\], not (\d)")


def _one_too_few(error: Diagnostic) -> bool:
    match = _RANK.search(error.message)
    return error.code == "A0404" and match is not None and int(match[1]) - int(match[2]) == 1


def excuse(refused: Refused) -> Entry | None:
    """The entry that allows archspec to refuse what PyTorch runs."""
    return next((entry for entry in LEDGER if entry.applies(refused)), None)
