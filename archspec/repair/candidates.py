"""What might mend a diagnostic: proposals only, see `verify`."""

from collections.abc import Callable, Iterator
from typing import Final

from archspec.diagnostics import Diagnostic, Fix
from archspec.repair import names, statements

#: Each gives candidates for the diagnostics it knows, the most plausible first.
_SOURCES: Final[tuple[Callable[[Diagnostic], Iterator[Fix]], ...]] = (
    names.everywhere,
    statements.shared,
)


def candidates(diagnostic: Diagnostic) -> Iterator[Fix]:
    """Possible fixes, the most plausible first; those that elaboration proposes lead."""
    yield from diagnostic.fixes
    for source in _SOURCES:
        yield from source(diagnostic)
