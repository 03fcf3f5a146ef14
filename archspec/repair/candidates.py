"""What might mend a diagnostic: proposals only, see `verify`."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from archspec.diagnostics import Diagnostic, Fix
from archspec.repair import (
    arguments,
    conditions,
    expressions,
    joins,
    layers,
    names,
    numbers,
    statements,
)
from archspec.repair.fault import Fault

Source = Callable[[Fault], Iterator[Fix]]

#: Each gives candidates for the faults it knows. Those that change least come first.
_SOURCES: Final[tuple[Source, ...]] = (
    names.everywhere,
    names.labels,
    names.templates,
    arguments.missing,
    arguments.misnamed,
    arguments.values,
    conditions.promised,
    conditions.lowered,
    numbers.of_the_fault,
    layers.padded,
    names.others,
    names.given,
    expressions.operands,
    conditions.adjusted,
    arguments.swapped,
    layers.alike,
    layers.flattened,
    statements.shared,
    statements.begun,
    statements.declared_shared,
    statements.labelled,
    joins.combined,
    joins.cropped,
    numbers.nearby,
    conditions.dropped,
    statements.declared,
    layers.reordered,
    layers.removed,
    layers.pooled,
    names.reused,
    statements.outputs,
    statements.moved,
    statements.unused,
    numbers.further,
)

#: What is tried first for some codes.
_FIRST: Final[dict[str, tuple[Source, ...]]] = {
    "A0404": (layers.reordered, layers.alike, layers.flattened, names.others, statements.moved),
    "A0403": (joins.cropped,),
    "A0408": (layers.padded, numbers.of_the_fault, conditions.adjusted, statements.declared),
}


def candidates(diagnostic: Diagnostic) -> Iterator[tuple[Fix, Callable[[], None]]]:
    """Possible fixes, the most plausible first; those that elaboration proposes lead.

    Each comes with what to call if it holds: then few others of its kind follow.
    """
    if diagnostic.place is None or diagnostic.code.startswith("A00"):
        for fix in diagnostic.fixes:
            yield fix, lambda: None
        return
    fault = Fault(diagnostic)
    first = (_proposed, *_FIRST.get(fault.code, ()))
    for source in (*first, *(s for s in _SOURCES if s not in first)):
        held: list[Fix] = []
        most = _MOST.get(source, 1)
        for fix in source(fault):
            if len(held) == most:
                break
            if not any(_aligns(fix) and _aligns(other) for other in held):
                yield fix, partial(held.append, fix)


def _proposed(fault: Fault) -> Iterator[Fix]:
    """What elaboration proposes; an alignment is written as the body has its sizes, if it can."""
    fixes = fault.diagnostic.fixes
    yield from (fix for fix in fixes if fix.level == "safe")
    yield from joins.projected(fault)
    yield from (fix for fix in fixes if fix.level != "safe")


def _aligns(fix: Fix) -> bool:
    return any("align {" in edit.replacement for edit in fix.edits)


#: How many fixes of a source are offered; of all others the first that holds.
_MOST: Final[dict[Source, int]] = {
    _proposed: 3,
    arguments.missing: 2,
    arguments.misnamed: 2,
    names.others: 2,
    numbers.of_the_fault: 2,
}
