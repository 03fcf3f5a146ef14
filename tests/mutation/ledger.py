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
        "conditions",
        "a `where` of a form that the checker cannot use is refused, not left unchecked",
        lambda r: r.all_codes("A0206"),
    ),
    Entry(
        "squeeze",
        "an axis that is not 1 stays as it is in torch; here it is a fault",
        lambda r: any("cannot be squeezed" in e.message for e in r.errors),
    ),
    Entry(
        "too large",
        "weights that PyTorch cannot even count, so that it says nothing of what follows",
        lambda r: any(TOO_LARGE in run.lints for run in r.runs),
    ),
    Entry(
        "other rank",
        "images with fewer or more dimensions than a layer's name says: mostly a mistake, and some "
        "that torch takes it warns of",
        lambda r: all(_other_rank(e) for e in r.errors),
    ),
    Entry(
        "no dimensions",
        "a tensor without dimensions has no axis 0 or -1",
        lambda r: all(e.code == "A0503" and "has 0 dimensions" in e.message for e in r.errors),
    ),
)


_RANK: Final = re.compile(r"\dd needs \d dimensions \[B, C, ")


def _other_rank(error: Diagnostic) -> bool:
    return error.code == "A0404" and _RANK.search(error.message) is not None


def excuse(refused: Refused) -> Entry | None:
    """The entry that allows archspec to refuse what PyTorch runs."""
    return next((entry for entry in LEDGER if entry.applies(refused)), None)
