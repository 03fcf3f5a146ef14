from typing import Any

from archspec.diagnostics import Diagnostic, Label
from archspec.source import SourceFile, Span


def describe(source: SourceFile, failure: Any, machine: Any) -> Diagnostic:
    t = failure.token
    return Diagnostic(
        "A0001",
        "error",
        f"`{t.text}` cannot stand here",
        (Label(Span(source, t.start, t.end), primary=True),),
    )
