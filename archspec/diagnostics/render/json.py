"""Diagnostics as JSON, for other programs: `Report` is the schema.

It is stable: keys may be added, none is renamed, removed or given another type; if that must be,
`version` changes. A program that reads it passes over keys that it does not know.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from archspec.diagnostics.model import Diagnostic, Edit, Fix, FixLevel, Label, Severity
from archspec.source import Span


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Data):
    """Lines and columns start at 1; columns count code points, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    start: int = Field(description="Offset in code points from 0, a byte-order mark not counted.")
    end: int


class LabelData(Place):
    """A marked place: where the fault is (`primary`), or where a part of the cause is."""

    message: str
    primary: bool


class EditData(Place):
    """The text of the place is replaced; an empty place inserts."""

    replacement: str


class FixData(_Data):
    """A change that mends the fault. Its edits do not overlap."""

    level: FixLevel
    title: str
    edits: tuple[EditData, ...]


class DiagnosticData(_Data):
    """One fault; the place is null where the fault has none."""

    code: str
    severity: Severity
    message: str
    file: str | None
    line: int | None
    column: int | None
    end_line: int | None
    end_column: int | None
    labels: tuple[LabelData, ...]
    notes: tuple[str, ...]
    help: tuple[str, ...]
    fixes: tuple[FixData, ...]


class Report(_Data):
    """The whole document."""

    version: Literal[1]
    diagnostics: tuple[DiagnosticData, ...]


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    report = Report(version=1, diagnostics=tuple(map(_diagnostic, diagnostics)))
    return report.model_dump_json(indent=2)


def _diagnostic(diagnostic: Diagnostic) -> DiagnosticData:
    label = diagnostic.place
    place = None if label is None else _place(label.span)
    return DiagnosticData(
        code=diagnostic.code,
        severity=diagnostic.severity,
        message=diagnostic.message,
        file=place.file if place else None,
        line=place.line if place else None,
        column=place.column if place else None,
        end_line=place.end_line if place else None,
        end_column=place.end_column if place else None,
        labels=tuple(map(_label, diagnostic.labels)),
        notes=diagnostic.notes,
        help=diagnostic.help,
        fixes=tuple(map(_fix, diagnostic.fixes)),
    )


def _place(span: Span) -> Place:
    (line, column), (end_line, end_column) = span.position, span.end_position
    return Place(
        file=span.source.name,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        start=span.start,
        end=span.end,
    )


def _label(label: Label) -> LabelData:
    return LabelData(**dict(_place(label.span)), message=label.message, primary=label.primary)


def _fix(fix: Fix) -> FixData:
    return FixData(level=fix.level, title=fix.title, edits=tuple(map(_edit, fix.edits)))


def _edit(edit: Edit) -> EditData:
    return EditData(**dict(_place(edit.span)), replacement=edit.replacement)
