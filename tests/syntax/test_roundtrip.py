"""What the printer writes, the parser reads as the same tree; and formatting twice is once."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.diagnostics import ArchSpecError
from archspec.source import SourceFile
from archspec.syntax.format import format_source
from archspec.syntax.printer import print_file
from tests.syntax.syntax_cases import SAMPLES, read
from tests.syntax.syntax_strategies import files

fixed = settings(derandomize=True, deadline=None, max_examples=100)
long = settings(derandomize=True, deadline=None, max_examples=5000)


def formatted(text: str) -> str:
    return format_source(SourceFile("test.arch", text))


def check_tree(file: Any) -> None:
    text = print_file(file)
    assert read(text) == file
    again = formatted(text)
    assert formatted(again) == again


@fixed
@given(files)
def test_printed_trees_are_read_back(file: Any) -> None:
    check_tree(file)


@pytest.mark.exhaustive
@long
@given(files)
def test_many_printed_trees_are_read_back(file: Any) -> None:
    check_tree(file)


@pytest.mark.parametrize("name", ["densenet", "resnet", "unet", "everything"])
def test_samples_are_formatted_already(name: str) -> None:
    assert formatted(SAMPLES[name]) == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_lines_that_fit_are_kept(name: str) -> None:
    lines = re.sub(r"(?<=\S) +#", "  #", SAMPLES[name]).split("\n")
    found = iter(formatted(SAMPLES[name]).split("\n"))
    for line in lines:
        if len(line) <= 100:
            assert line in found


@fixed
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_comments_are_kept_wherever_they_stand(name: str, data: st.DataObject) -> None:
    lines = SAMPLES[name].split("\n")
    for number in range(3):
        at = data.draw(st.integers(0, len(lines) - 1))
        if '"""' not in lines[at] and "#" not in lines[at]:
            lines[at] += f" # c{number}"
        lines.insert(data.draw(st.integers(0, len(lines))), f"# own {number}")
        lines.insert(data.draw(st.integers(0, len(lines))), "")
    text = "\n".join(lines)
    once = formatted(text)
    assert formatted(once) == once
    assert once.count("# ") == text.count("# ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("# only\n\n\n\n# comments", "# only\n\n# comments\n"),
        ("\n\nblock A{x}\n", "block A { x }\n"),
        ("block A {\n\n\n  x\n\n\n\n  y\n\n}", "block A {\n    x\n\n    y\n}\n"),
        ("block A { x -> y ->\n  z }", "block A {\n    x -> y\n        -> z\n}\n"),
        ("block A { a=f( b ,c = 2 )  ;d }", "block A { a = f(b, c=2); d }\n"),
        ("variant A=B(1)\nvariant C=D(2)", "variant A = B(1)\nvariant C = D(2)\n"),
        ("block A{x}\nblock B{y}", "block A { x }\n\nblock B { y }\n"),
        ("block A { x = (a * b) + ((c)) }", "block A { x = (a * b) + c }\n"),
        (
            "block A {\n  if x { y }\n  else { z }\n}",
            "block A {\n    if x { y } else { z }\n}\n",
        ),
        (  # a comma after the last item asks for lines
            "variant A = B([\n  1, # one\n  2, # two\n])",
            "variant A = B(\n    [\n        1,  # one\n        2,  # two\n    ],\n)\n",
        ),
        ("fn f(x=1)=x", "fn f(x = 1) = x\n"),
        (  # in a default too
            "block A(x: list=[\n  1,\n  2,\n], y = 3) { x }",
            "block A(\n    x: list = [\n        1,\n        2,\n    ],\n    y = 3,\n) { x }\n",
        ),
        ("block A { # why\n  x # what\n}", "block A {  # why\n    x  # what\n}\n"),
        (
            "block A { x\n# a\n-> y # b\n# c\n}",
            "block A {\n    x\n        # a\n        -> y  # b\n    # c\n}\n",
        ),
    ],
)
def test_style(before: str, after: str) -> None:
    assert formatted(before) == after
    assert formatted(after) == after


def test_long_calls_get_an_item_a_line() -> None:
    long = "a" * 60
    text = formatted(f"block A {{ f({long}, {long}, k=1) -> g }}")
    items = "".join(f"        {item},\n" for item in (long, long, "k=1"))
    assert text == f"block A {{\n    f(\n{items}    ) -> g\n}}\n"
    assert formatted(text) == text


def test_syntax_errors_are_raised() -> None:
    with pytest.raises(ArchSpecError) as caught:
        formatted("block A {")
    assert [found.code for found in caught.value.diagnostics] == ["A0002"]
