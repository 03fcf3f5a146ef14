"""Mutants that PyTorch runs and archspec refuses on purpose, each kind with its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from archspec.diagnostics import Diagnostic
from tests.mutation.oracle import Success


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
        "no dimensions",
        "a tensor without dimensions has no axis 0 or -1",
        lambda r: all(e.code == "A0503" and "has 0 dimensions" in e.message for e in r.errors),
    ),
)


def excuse(refused: Refused) -> Entry | None:
    """The entry that allows archspec to refuse what PyTorch runs."""
    return next((entry for entry in LEDGER if entry.applies(refused)), None)
