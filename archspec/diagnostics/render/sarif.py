"""Diagnostics as SARIF 2.1.0, the format of code scanning services."""

import json
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import quote

from archspec import __version__
from archspec.diagnostics.codes import CODES
from archspec.diagnostics.explain import explain
from archspec.diagnostics.model import Diagnostic, Fix, Label
from archspec.diagnostics.render.fixes import fix_text
from archspec.source import Span

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """One run, with a rule, which holds the page of the code, for each code that occurs."""
    found = tuple(diagnostics)
    rules: list[Json] = [_rule(code) for code in sorted({d.code for d in found})]
    run: Json = {
        "tool": {"driver": {"name": "archspec", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d) for d in found],
    }
    document: Json = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _rule(code: str) -> Json:
    page = explain(code) or code
    return {
        "id": code,
        "shortDescription": {"text": CODES.get(code, code)},
        "help": {"text": page, "markdown": page},
    }


def _result(diagnostic: Diagnostic) -> Json:
    text = "\n".join((diagnostic.message, *diagnostic.notes, *diagnostic.help))
    result: dict[str, Json] = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": text},
        "locations": [],
    }
    place = diagnostic.place
    if place is not None:
        result["locations"] = [_location(place)]
    related = [label for label in diagnostic.labels if label is not place]
    if related:
        result["relatedLocations"] = [_location(label) for label in related]
    fixes = [_fix(fix, diagnostic) for fix in diagnostic.fixes if fix.edits]
    if fixes:
        result["fixes"] = fixes
    return result


def _uri(span: Span) -> str:
    """Relative to where the command ran, unless the path is absolute."""
    path = PurePath(span.source.name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _region(span: Span) -> Json:
    (line, column), (end_line, end_column) = span.position, span.end_position
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _location(label: Label) -> Json:
    location: dict[str, Json] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(label.span)},
            "region": _region(label.span),
        }
    }
    if label.message:
        location["message"] = {"text": label.message}
    return location


def _fix(fix: Fix, diagnostic: Diagnostic) -> Json:
    changes: dict[str, list[Json]] = {}
    for edit in fix.edits:
        replacement: Json = {
            "deletedRegion": _region(edit.span),
            "insertedContent": {"text": edit.replacement},
        }
        changes.setdefault(_uri(edit.span), []).append(replacement)
    files: list[Json] = [
        {"artifactLocation": {"uri": uri}, "replacements": replacements}
        for uri, replacements in changes.items()
    ]
    return {
        "description": {"text": fix_text(fix, diagnostic)},
        "artifactChanges": files,
        "properties": {"level": fix.level},
    }
