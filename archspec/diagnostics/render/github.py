"""Diagnostics as workflow commands, which GitHub shows beside the changed lines."""

from collections.abc import Iterable

from archspec.diagnostics.model import Diagnostic
from archspec.diagnostics.render.fixes import fix_text


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """One line each: `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=A0401::message`."""
    return "\n".join(map(_command, diagnostics))


def _command(diagnostic: Diagnostic) -> str:
    properties: dict[str, object] = {}
    if diagnostic.place is not None:
        span = diagnostic.place.span
        (line, column), (end_line, end_column) = span.position, span.end_position
        properties = {"file": span.source.name, "line": line, "col": column, "endLine": end_line}
        if line == end_line:  # columns are refused for several lines
            properties["endColumn"] = max(end_column, column + 1)
    properties["title"] = diagnostic.code
    parts = [
        diagnostic.message,
        *(f"note: {note}" for note in diagnostic.notes),
        *(f"help: {text}" for text in diagnostic.help),
        *(f"fix[{fix.level}]: {fix_text(fix, diagnostic)}" for fix in diagnostic.fixes),
    ]
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{diagnostic.severity} {listed}::{_data(chr(10).join(parts))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
