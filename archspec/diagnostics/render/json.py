"""Diagnostics as JSON, for other programs.

The schema is stable: keys may be added, none is renamed, removed or given another type.

```
{"version": 1, "diagnostics": [DIAGNOSTIC, …]}

DIAGNOSTIC  code, severity ("error" | "warning"), message: string
            file: string | null, line, column, end_line, end_column: integer | null
                (of the place of the fault; null where the fault has no place)
            labels: [{…PLACE, message: string, primary: boolean}, …]
            notes, help: [string, …]
            fixes: [{level ("safe" | "maybe" | "placeholder"), title: string,
                     edits: [{…PLACE, replacement: string}, …]}, …]
PLACE       file: string, line, column, end_line, end_column, start, end: integer
```

Lines and columns start at 1; columns count code points, the end is exclusive. `start` and `end` are
offsets in code points from 0. The edits of one fix do not overlap.
"""

import json
from collections.abc import Iterable

from archspec.diagnostics.model import Diagnostic, Edit, Fix, Label
from archspec.source import Span

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    document = {"version": 1, "diagnostics": [as_json(d) for d in diagnostics]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_json(diagnostic: Diagnostic) -> dict[str, Json]:
    """One DIAGNOSTIC of the schema above."""
    label = diagnostic.place
    names = ("file", "line", "column", "end_line", "end_column")
    place = dict.fromkeys(names) if label is None else _place(label.span)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **{name: place[name] for name in names},
        "labels": [_label(label) for label in diagnostic.labels],
        "notes": list(diagnostic.notes),
        "help": list(diagnostic.help),
        "fixes": [_fix(fix) for fix in diagnostic.fixes],
    }


def _place(span: Span) -> dict[str, Json]:
    (line, column), (end_line, end_column) = span.position, span.end_position
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
    }


def _label(label: Label) -> Json:
    return {**_place(label.span), "message": label.message, "primary": label.primary}


def _fix(fix: Fix) -> Json:
    return {"level": fix.level, "title": fix.title, "edits": [_edit(edit) for edit in fix.edits]}


def _edit(edit: Edit) -> Json:
    return {**_place(edit.span), "replacement": edit.replacement}
