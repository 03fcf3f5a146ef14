"""One line for each diagnostic, as editors and `grep` read them."""

from collections.abc import Iterable

from archspec.diagnostics.model import Diagnostic
from archspec.diagnostics.visible import visible


def render_concise(diagnostics: Iterable[Diagnostic]) -> str:
    """`net.arch:5:5: error[A0401] message`; without a label, without a place."""
    return "\n".join(map(_line, diagnostics))


def _line(diagnostic: Diagnostic) -> str:
    label = diagnostic.place
    place = f"{visible(str(label.span))}: " if label is not None else ""
    message = " ".join(visible(diagnostic.message).split())
    return f"{place}{diagnostic.severity}[{diagnostic.code}] {message}"
