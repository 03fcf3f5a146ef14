"""Candidates for names: others that were meant."""

from collections.abc import Iterator

from archspec.diagnostics import Diagnostic, Edit, Fix
from archspec.repair import tree


def everywhere(diagnostic: Diagnostic) -> Iterator[Fix]:
    """An imported name that was misspelt is misspelt where it is used, too."""
    if diagnostic.code != "A0109":
        return
    for fix in diagnostic.fixes:
        (edit,) = fix.edits
        places = tree.names(edit.span.source, edit.span.text)
        edits = tuple(Edit(name.span, edit.replacement) for name in places)
        yield Fix(fix.level, f"{fix.title}, wherever it is used", edits)
