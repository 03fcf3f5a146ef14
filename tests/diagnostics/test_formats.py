"""The formats for other programs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from archspec.diagnostics import Diagnostic, Edit, Fix, Label
from archspec.diagnostics.explain import explain
from archspec.diagnostics.render import FORMATS, render
from archspec.diagnostics.render.json import Report
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


def test_json_is_a_report() -> None:
    text = render([FAULT, PLACELESS], "json")
    report = Report.model_validate_json(text)
    assert [d.code for d in report.diagnostics] == ["A0102", "W0101"]
    assert report.model_dump_json(indent=2) == text


#: The promise of the schema: keys may be added to it, and nothing else may change.
PLACE = {
    "file": "string",
    "line": "integer",
    "column": "integer",
    "end_line": "integer",
    "end_column": "integer",
    "start": "integer",
    "end": "integer",
}
SCHEMA: dict[str, dict[str, object]] = {
    "Report": {"version": 1, "diagnostics": ["DiagnosticData"]},
    "DiagnosticData": {
        "code": "string",
        "severity": {"error", "warning"},
        "message": "string",
        "file": ("string", "null"),
        "line": ("integer", "null"),
        "column": ("integer", "null"),
        "end_line": ("integer", "null"),
        "end_column": ("integer", "null"),
        "labels": ["LabelData"],
        "notes": ["string"],
        "help": ["string"],
        "fixes": ["FixData"],
    },
    "LabelData": {**PLACE, "message": "string", "primary": "boolean"},
    "FixData": {
        "level": {"safe", "maybe", "placeholder"},
        "title": "string",
        "edits": ["EditData"],
    },
    "EditData": {**PLACE, "replacement": "string"},
}


def short(schema: dict[str, Any]) -> object:
    """A type of JSON schema, as `SCHEMA` writes it."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return tuple(short(option) for option in schema["anyOf"])
    if "enum" in schema:
        return set(schema["enum"])
    if "const" in schema:
        return schema["const"]
    return [short(schema["items"])] if schema["type"] == "array" else schema["type"]


def test_the_schema_of_json_keeps_its_promise() -> None:
    schema = Report.model_json_schema(mode="serialization")
    types = {**schema["$defs"], "Report": schema}
    for name, keys in SCHEMA.items():
        found = types[name]
        assert {key: short(found["properties"][key]) for key in keys} == keys
        assert set(keys) <= set(found["required"])


def test_json_of_lines_that_end_in_cr_lf() -> None:
    source = SourceFile("a.arch", "model N {\r\n\t日 Covn2d(1)\r\n}\r\n")
    start = source.text.index("Covn2d")
    span = Span(source, start, start + 6)
    diagnostic = Diagnostic("A0102", "error", "m", (Label(span, "", primary=True),))
    (found,) = json.loads(render([diagnostic], "json"))["diagnostics"]
    assert (found["line"], found["column"], found["end_column"]) == (2, 4, 10)
    (label,) = found["labels"]
    assert source.text[label["start"] : label["end"]] == "Covn2d"
    assert render([diagnostic], "concise") == "a.arch:2:4: error[A0102] m"
    assert ",line=2,col=4,endLine=2,endColumn=10," in render([diagnostic], "github")


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


def test_sarif_rules_hold_their_pages() -> None:
    (run,) = json.loads(render([FAULT], "sarif"))["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["help"]["markdown"] == explain("A0102")


def test_sarif_fixes_say_how_safe_they_are() -> None:
    (run,) = json.loads(render([FAULT], "sarif"))["runs"]
    (fix,) = run["results"][0]["fixes"]
    assert fix["properties"] == {"level": "safe"}
    assert fix["description"] == {"text": "`Covn2d` -> `Conv2d`"}


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("nets/a b.arch", "nets/a%20b.arch"),
        ("/nets/ä%.arch", "file:///nets/%C3%A4%25.arch"),
        ("<stdin>", "%3Cstdin%3E"),
        ("../a:b.arch", "../a%3Ab.arch"),
    ],
)
def test_sarif_names_files_by_uris(name: str, uri: str) -> None:
    span = Span(SourceFile(name, "model\n"), 0, 5)
    diagnostic = Diagnostic("A0001", "error", "m", (Label(span, "", primary=True),))
    (run,) = json.loads(render([diagnostic], "sarif"))["runs"]
    (location,) = run["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == uri


#: What the standard's schema demands of the parts that are written: required keys, optional keys.
SARIF = {
    "log": ({"version", "runs"}, {"$schema"}),
    "runs": ({"tool"}, {"columnKind", "results"}),
    "tool": ({"driver"}, set()),
    "driver": ({"name"}, {"version", "rules"}),
    "rules": ({"id"}, {"shortDescription", "help"}),
    "shortDescription": ({"text"}, {"markdown"}),
    "help": ({"text"}, {"markdown"}),
    "results": (
        {"message"},
        {"ruleId", "level", "locations", "relatedLocations", "fixes"},
    ),
    "message": ({"text"}, {"markdown"}),
    "locations": (set(), {"physicalLocation", "message"}),
    "relatedLocations": (set(), {"physicalLocation", "message"}),
    "physicalLocation": (set(), {"artifactLocation", "region"}),
    "artifactLocation": (set(), {"uri"}),
    "region": (set(), {"startLine", "startColumn", "endLine", "endColumn"}),
    "fixes": ({"artifactChanges"}, {"description", "properties"}),
    "description": ({"text"}, {"markdown"}),
    "properties": (set(), {"level"}),
    "artifactChanges": ({"artifactLocation", "replacements"}, set()),
    "replacements": ({"deletedRegion"}, {"insertedContent"}),
    "deletedRegion": (set(), {"startLine", "startColumn", "endLine", "endColumn"}),
    "insertedContent": (set(), {"text"}),
}


def fits_sarif(kind: str, value: Any) -> None:
    match value:
        case dict():
            required, optional = SARIF[kind]
            assert required <= set(value) <= required | optional, kind
            for key, part in value.items():
                fits_sarif(key, part)
        case list():
            for part in value:
                fits_sarif(kind, part)
        case int():
            assert value >= 1, f"{kind} counts from 1"
        case str() if kind == "uri":
            assert re.fullmatch(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", value)
        case str() if kind == "level":
            assert value in ("error", "warning", "safe", "maybe", "placeholder")
        case _:
            assert isinstance(value, str)


def test_sarif_has_the_form_of_the_standard() -> None:
    document = json.loads(render([FAULT, PLACELESS], "sarif"))
    fits_sarif("log", document)
    assert document["version"] == "2.1.0"


@pytest.mark.parametrize("format", FORMATS)
def test_every_message_of_the_tests_in_every_format(format: Any) -> None:
    """What the tests of messages raise, odd texts and several files among it."""
    from archspec.pipeline import check, load_text

    documents = sorted((Path(__file__).parents[1] / "errors").glob("*.md"))
    assert documents
    for document in documents:
        text = document.read_text(encoding="utf-8")
        found = [
            diagnostic
            for spec in re.findall(r"^```arch\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
            for diagnostic in check(load_text(spec, "a b.arch"))
        ]
        shown = render(found, format)
        match format:
            case "json":
                assert len(Report.model_validate_json(shown).diagnostics) == len(found)
            case "sarif":
                fits_sarif("log", json.loads(shown))
            case "concise":
                line = r"(a b\.arch:\d+:\d+: )?(error|warning)\[[AW]\d{4}\] \S.*"
                assert len(shown.splitlines()) == len(found)
                assert all(re.fullmatch(line, one) for one in shown.splitlines())
            case "github":
                line = r"::(error|warning) (file=a b\.arch,line=\d+,.*)?title=[AW]\d{4}::.+"
                assert len(shown.splitlines()) == len(found)
                assert all(re.fullmatch(line, one) for one in shown.splitlines())


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_found(format: Any) -> None:
    text = render([], format)
    assert not text.endswith("\n")
    if format in ("json", "sarif"):
        json.loads(text)
    else:
        assert text == ""
