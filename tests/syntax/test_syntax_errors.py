"""Every mistake is named once, where it is, in the author's terms."""

import re

import pytest

from archspec.diagnostics import Edit
from archspec.source import SourceFile
from archspec.syntax import ast, parse
from archspec.syntax.errors import unused
from archspec.syntax.malformed import MALFORMED, Malformed
from tests.syntax.syntax_cases import errors

IN_BODY = [
    ("for i layers { x }", "A0001 2:7 `for` needs `in`"),
    ("for i in layers x", "A0001 2:17 `for` needs a body in `{ }`"),
    ("for i in layers", "A0001 2:16 `for` needs a body in `{ }`"),
    ("for (i, j) in x { y }", "A0001 2:5 `for` is followed by the names it gives to the items"),
    ("if x = 3 { y }", "A0001 2:6 `=` gives a name to a value; equality is `==`"),
    ("if x: y", "A0001 2:5 `if` needs a body in `{ }`"),
    ("x\nelse { y }", "A0001 3:1 `else` follows the `}` of an `if`"),
    ("x\n// a comment", "A0001 3:1 a comment begins with `#`"),
    ("if x { y } else z", "A0001 2:17 `else` is followed by a body in `{ }` or by `if`"),
    ("reuse a, b", "A0001 2:11 `reuse` needs `by`"),
    ("reuse enc{i} add", "A0001 2:14 `reuse` needs `by`"),
    ("reuse a by", "A0001 2:11 `by` is followed by what combines the values"),
    ("residual x", "A0001 2:10 `residual` is followed by a body in `{ }`"),
    ("dense", "A0001 2:6 `dense` is followed by a body in `{ }`"),
    (
        "residual { x } align 3",
        "A0001 2:22 `align` is followed by a body in `{ }` or by a name such as `crop`",
    ),
    ("conv1 Conv2d(64, 3)", "A0001 2:7 a label is followed by `:`"),
    ("enc{i} Conv2d(64, 3)", "A0001 2:8 a label is followed by `:`"),
    ("a.b: ReLU", "A0001 2:4 a label is one name"),
    ("a: b: ReLU", "A0001 2:5 a step has one label"),
    ("x -> -> y", "A0001 2:6 `->` is followed by a layer, a function or a group"),
    ("x ->", "A0001 2:5 `->` is followed by a layer, a function or a group"),
    ("a: ", "A0001 2:3 a label's `:` is followed by a layer or a group"),
    ("a =", "A0001 2:4 `=` is followed by a value"),
    ("a, b -> c", "A0001 2:6 several names are followed by `=`"),
    ("f(x) y", "A0001 2:6 two steps are joined by `->`, and two statements stand on two lines"),
    ("f(x) = 3", "A0001 2:6 only a name can be given with `=`"),
    ("input [B]", "A0001 2:7 `input` is followed by a name"),
    ("input x", "A0001 2:8 `input` needs a shape"),
    ("input x: float(B)", "A0001 2:15 `input` needs a shape"),
    ("input x: [B C]", "A0001 2:13 sizes are separated by `,`, and `]` ends them"),
    ("output 3", "A0001 2:8 `output` is followed by names"),
    ("output a b", "A0001 2:10 outputs are separated by `,`"),
    ('require x "m"', "A0001 2:11 a `,` stands between a requirement and its message"),
    ("require x, y", "A0001 2:12 the message of a requirement is a string in double quotes"),
    ("tie a.b c.d", "A0001 2:9 `tie` needs `to`"),
    ("init a.b normal()", "A0001 2:10 `init` needs `by`"),
    ("param x = 3", "A0001 2:9 `param` needs a shape"),
    ("a: B() from c", "A0001 2:13 `from` is followed by a file in double quotes"),
    ("f(a b)", "A0001 2:5 arguments are separated by `,`, and `)` ends them"),
    ("f(a.b=3)", "A0001 2:6 an argument's name is one word"),
    ("f(a=1, b)", "A0001 2:8 an argument without a name follows one with a name"),
    (
        "x = f(a for a in b, c)",
        "A0001 2:7 a comprehension without brackets is a call's only argument",
    ),
    ("x = [1 2]", "A0001 2:8 items are separated by `,`, and `]` ends them"),
    ("x = (1 2)", "A0001 2:8 values in parentheses are separated by `,`"),
    ("x = a[]", "A0001 2:7 an index stands between `[` and `]`"),
    ("x = a if b", "A0001 2:11 an `if` inside a value needs `else`"),
    ("x = [a for a]", "A0001 2:13 a comprehension needs `in`"),
    ("x = a.", "A0001 2:7 `.` is followed by a name"),
    ("x = a + ", "A0001 2:8 after `+` a value is expected, not the end of the line"),
    ("x = a * not b", "A0001 2:9 `not` binds looser than the `*` before it"),
    ("x = 1..2..3", "A0001 2:9 a range has two ends"),
    ("x = 2x", "A0001 2:5 `2x` is neither a number nor a name"),
    (r'x = "\d"', r"A0001 2:6 `\d` is not an escape of a string"),
    ("x = f(1, 2", "A0002 2:6 this `(` is never closed"),
    ("x = [1, (2, 3]", "A0002 2:9 this `(` is never closed"),
    ("x = f(1, 2]", "A0001 2:11 `(` is closed by `)`, not by `]`"),
    ("x = f(1))", "A0001 2:9 this `)` closes nothing"),
    ("for i in f(x { y }", "A0002 2:11 this `(` is never closed"),
    ("    g: { x", "A0002 2:8 this `{` is never closed"),
    ('x = "abc', 'A0002 2:5 this `"` is never closed'),
    ("x = 'abc'", "A0003 2:5 a string is written in double quotes"),
    ("x = “abc", "A0003 2:5 `“` is not a character of the language"),
    ("ｘ = 3", "A0003 2:1 `ｘ` is not a character of the language"),  # noqa: RUF001
    ("x\u200b = 3", "A0003 2:2 an invisible character, U+200B, stands here"),
    ("x = \0", "A0003 2:5 an invisible character, U+0000, stands here"),
    ("x = a && b", "A0003 2:7 `&&` is not a character of the language"),
    ("x = " + "9" * 1001, "A0203 2:5 a number of more than 1000 digits"),
    ("x = " + "-" * 101 + "a", "A0203 2:5 an expression is nested more than 100 deep"),
]

AT_TOP = [
    ("x: ReLU", "A0001 1:1 a file holds definitions, not `x`"),
    ("block { x }", "A0001 1:7 `block` is followed by a name"),
    ("model A", "A0001 1:8 a model body starts with `{`"),
    ("block A(x): y", "A0001 1:11 the body after a parameter list starts with `{`"),
    ("block A(a b) { x }", "A0001 1:11 parameters are separated by `,`"),
    ("block A(3) { x }", "A0001 1:9 a parameter list holds names, not `3`"),
    ("fn f = 3", "A0001 1:6 `fn` needs a parameter list"),
    ("fn f(x) { x }", "A0001 1:9 `fn` needs `=` and one value"),
    ("variant A(B)", "A0001 1:10 `variant` needs `=`"),
    ("variant A = B", "A0001 1:13 a variant is a call of a model or block"),
    ('use A "f.arch"', "A0001 1:7 `use` needs `from`"),
    ("use A from 3", "A0001 1:12 `from` is followed by a file in double quotes or by a library"),
    ("extern A(x)", "A0001 1:8 `extern` is followed by `layer` and a name"),
    ("extern layer A(x)", "A0001 1:18 `extern layer` needs `from` and its class"),
    ("block A { x } }", "A0001 1:15 this `}` closes nothing"),
    ("block A { x } block B { y }", "A0001 1:15 the next definition begins on a line of its own"),
    ('"""doc', 'A0002 1:1 this `"""` is never closed'),
]


@pytest.mark.parametrize(("text", "expected"), IN_BODY)
def test_mistakes_in_bodies(text: str, expected: str) -> None:
    assert errors(f"block A {{\n{text}\n}}\n") == [expected]


@pytest.mark.parametrize(("text", "expected"), AT_TOP)
def test_mistakes_between_definitions(text: str, expected: str) -> None:
    assert errors(text) == [expected]


@pytest.mark.parametrize("entry", MALFORMED, ids=lambda entry: entry.message[:40])
def test_every_example_gets_one_diagnostic(entry: object) -> None:
    assert isinstance(entry, Malformed)
    message = re.escape(entry.message).replace(re.escape("`{found}`"), ".+")
    message = message.replace(re.escape("{{ }}"), re.escape("{ }"))
    for example in entry.examples:
        (found,) = errors(example)
        assert re.fullmatch(rf"A0001 \d+:\d+ {message}", found), example


def test_every_example_is_still_malformed() -> None:
    assert unused() == []


def test_all_errors_of_a_file_are_reported() -> None:
    text = """\
block A(a b) {
    for i layers {
        conv1 Conv2d(64, 3)
        good: ReLU
    } else { x }
    reuse a add -> g(1 2)
    if x { y = } z
    ok: ReLU
}

modle B {
    x = [1 2]
}

block C {
    x = f(1,
    y = g(2)
    tie a b
}
"""
    assert errors(text) == [
        "A0001 1:11 parameters are separated by `,`",
        "A0001 2:11 `for` needs `in`",
        "A0001 3:15 a label is followed by `:`",
        "A0001 6:13 `reuse` needs `by`",
        "A0001 7:16 `=` is followed by a value",
        "A0001 7:18 two steps are joined by `->`, and two statements stand on two lines",
        "A0001 11:1 a file holds definitions, not `modle`",
        "A0001 12:12 items are separated by `,`, and `]` ends them",
        "A0002 16:10 this `(` is never closed",
        "A0001 18:11 `tie` needs `to`",
    ]


def test_what_is_right_is_kept() -> None:
    result = parse(SourceFile("a.arch", "block A { x }\nblock B { y z }\nblock C { x }\n"))
    assert result.file is not None
    blocks = [found for found in result.file.definitions if isinstance(found, ast.Block)]
    assert [found.name.id for found in blocks] == ["A", "B", "C"]
    assert len(result.diagnostics) == 1


def test_an_unclosed_brace_is_found_by_its_indentation() -> None:
    text = "block A {\n    residual {\n        x\n    y\n}\n\nblock B { z w }\n"
    assert errors(text) == [
        "A0002 2:14 this `{` is never closed",
        "A0001 7:13 a label is followed by `:`",
    ]


def test_a_misspelt_word_is_corrected() -> None:
    (found,) = parse(SourceFile("a.arch", "modle A { x }")).diagnostics
    assert found.fixes[0].title == "`modle` -> `model`"
    (found,) = parse(SourceFile("a.arch", "block A {\nresidaul { x }\n}")).diagnostics
    assert [edit.replacement for edit in found.fixes[0].edits] == ["residual"]


def test_other_languages_words_get_help() -> None:
    (found,) = parse(SourceFile("a.arch", "block A {\nif x { y } elif z { w }\n}")).diagnostics
    assert found.help == ("`elif` is written `else if`",)


def test_fixes_of_characters() -> None:
    source = SourceFile("a.arch", "block A { x → y }")
    (found,) = parse(source).diagnostics
    (edit,) = found.fixes[0].edits
    assert isinstance(edit, Edit)
    assert (edit.span.text, edit.replacement) == ("→", "->")


def test_no_more_than_fifty() -> None:
    text = "block A {\n" + "f(x) y\n" * 200 + "}\n"
    assert len(errors(text)) == 50


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "[" * 101 + "]" * 101,
        "block A " + "{" * 5000,
        "fn f() = " + "(" * 60_000 + "1" + ")" * 60_000,
        "block A {" + "residual{" * 300 + "}" * 301,
    ],
)
def test_deep_nesting_is_a_diagnostic(text: str) -> None:
    assert [found.split()[0] for found in errors(text)] == ["A0203"]


@pytest.mark.parametrize(
    "value",
    [
        "a" + " + a" * 5000,
        "a" + " ** a" * 5000,
        "not " * 5000 + "a",
        "a" + ".b" * 5000,
        "a" + "[0]" * 5000,
        "a" + "()" * 5000,
        "a if b else " * 5000 + "a",
    ],
)
def test_long_rows_of_operators_are_a_diagnostic(value: str) -> None:
    assert [found.split()[0] for found in errors(f"fn f() = {value}")] == ["A0203"]


def test_long_rows_of_else_if_are_a_diagnostic() -> None:
    text = "block A {\n" + "if a { b } else " * 2000 + "{ c }\n}"
    assert [found.split()[0] for found in errors(text)] == ["A0203"]


def test_large_files_are_a_diagnostic() -> None:
    assert errors("#" * 10_000_001) == ["A0203 1:1 the file is larger than 10 MB"]
