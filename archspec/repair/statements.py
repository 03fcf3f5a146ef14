"""Candidates that change whole statements."""

from collections.abc import Iterator

from archspec.diagnostics import Diagnostic, Edit, Fix
from archspec.repair import tree
from archspec.source import Span
from archspec.syntax import ast


def shared(diagnostic: Diagnostic) -> Iterator[Fix]:
    """A layer that is applied twice: declared `shared` above, applied where it was declared."""
    if diagnostic.code != "A0303":
        return
    for label in diagnostic.labels[1:2]:
        around = tree.ancestors(label.span)
        stage = next((n for n in reversed(around) if isinstance(n, ast.Stage)), None)
        statement = next((n for n in reversed(around) if isinstance(n, ast.Flow)), None)
        if stage is None or statement is None or stage.label is None or stage.modifiers:
            continue
        start = statement.span.start
        line = f"shared {stage.span.text}\n{tree.indent_of(statement.span)}"
        edits = (
            Edit(Span(stage.span.source, start, start), line),
            Edit(stage.span, stage.label.span.text),
        )
        yield Fix("maybe", f"declare `shared {stage.span.text}`, and apply it twice", edits)
