"""The formats for other programs."""

import json
from typing import Any

import pytest

from archspec.diagnostics import Diagnostic, Edit, Fix, Label
from archspec.diagnostics.render import FORMATS, render
from archspec.source import SourceFile, Span

SOURCE = SourceFile("a,b:c.arch", "model N {\n  日 Covn2d(1)\n}\n")
NAME = Span(SOURCE, 14, 20)
FAULT = Diagnostic(
    "A0102",
    "error",
    "unknown layer `Covn2d`,\r100%: sure",
    (Label(Span(SOURCE, 0, 23), "in here"), Label(NAME, "this", primary=True)),
    ("a note",),
    ("some help",),
    (Fix("safe", "correct the name", (Edit(NAME, "Conv2d"),)),),
)
PLACELESS = Diagnostic("W0101", "warning", "unused")


def test_concise() -> None:
    assert render([FAULT, PLACELESS], "concise") == (
        "a,b:c.arch:2:5: error[A0102] unknown layer `Covn2d`,\\r100%: sure\nwarning[W0101] unused"
    )


def test_json() -> None:
    place = {
        "file": "a,b:c.arch",
        "line": 2,
        "column": 5,
        "end_line": 2,
        "end_column": 11,
        "start": 14,
        "end": 20,
    }
    whole = {**place, "line": 1, "column": 1, "end_column": 14, "start": 0, "end": 23}
    assert json.loads(render([FAULT, PLACELESS], "json")) == {
        "version": 1,
        "diagnostics": [
            {
                "code": "A0102",
                "severity": "error",
                "message": "unknown layer `Covn2d`,\r100%: sure",
                "file": "a,b:c.arch",
                "line": 2,
                "column": 5,
                "end_line": 2,
                "end_column": 11,
                "labels": [
                    {**whole, "message": "in here", "primary": False},
                    {**place, "message": "this", "primary": True},
                ],
                "notes": ["a note"],
                "help": ["some help"],
                "fixes": [
                    {
                        "level": "safe",
                        "title": "correct the name",
                        "edits": [{**place, "replacement": "Conv2d"}],
                    }
                ],
            },
            {
                "code": "W0101",
                "severity": "warning",
                "message": "unused",
                "file": None,
                "line": None,
                "column": None,
                "end_line": None,
                "end_column": None,
                "labels": [],
                "notes": [],
                "help": [],
                "fixes": [],
            },
        ],
    }


def test_json_edits_can_be_applied() -> None:
    (found,) = json.loads(render([FAULT], "json"))["diagnostics"]
    ((edit,),) = (fix["edits"] for fix in found["fixes"])
    text = SOURCE.text
    mended = text[: edit["start"]] + edit["replacement"] + text[edit["end"] :]
    assert mended == "model N {\n  日 Conv2d(1)\n}\n"


def test_github() -> None:
    assert render([FAULT, PLACELESS], "github") == (
        "::error file=a%2Cb%3Ac.arch,line=2,col=5,endLine=2,endColumn=11,title=A0102::"
        "unknown layer `Covn2d`,%0D100%25: sure%0Anote: a note%0Ahelp: some help"
        "%0Afix[safe]: `Covn2d` -> `Conv2d`\n"
        "::warning title=W0101::unused"
    )


def test_github_span_of_several_lines_has_no_end_column() -> None:
    diagnostic = Diagnostic("A0001", "error", "m", (Label(Span(SOURCE, 0, 23), "", True),))
    assert render([diagnostic], "github") == (
        "::error file=a%2Cb%3Ac.arch,line=1,col=1,endLine=2,title=A0001::m"
    )


def test_sarif() -> None:
    (run,) = json.loads(render([FAULT, FAULT, PLACELESS], "sarif"))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["A0102", "W0101"]
    first, _, last = run["results"]
    assert (first["ruleId"], first["level"]) == ("A0102", "error")
    ((change,),) = (fix["artifactChanges"] for fix in first["fixes"])
    region: dict[str, Any] = {"startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 11}
    assert change["replacements"] == [
        {"deletedRegion": region, "insertedContent": {"text": "Conv2d"}}
    ]
    (location,) = first["locations"]
    assert location["physicalLocation"]["region"] == region
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "a%2Cb%3Ac.arch"}
    assert len(first["relatedLocations"]) == 1
    assert last["locations"] == []


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_found(format: Any) -> None:
    text = render([], format)
    assert not text.endswith("\n")
    if format in ("json", "sarif"):
        json.loads(text)
    else:
        assert text == ""
