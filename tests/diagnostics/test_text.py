"""The text of diagnostics, to the character."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archspec.diagnostics import ArchSpecError, Diagnostic, Edit, Fix, Label
from archspec.diagnostics.render.text import render_text
from archspec.diagnostics.width import char_width, text_width
from archspec.source import SourceFile, Span

UNET = SourceFile(
    "unet.arch",
    "\n" * 5
    + "    input image: float[B, 3, H, W] where H % 8 == 0, W % 16 == 0\n\n\n"
    + "        MaxPool2d(2)\n"
    + "\n" * 4
    + "        reuse enc{i} by concat\n",
)


def label(source: SourceFile, text: str, message: str = "", *, primary: bool = False) -> Label:
    """A label on the first place of `text`."""
    start = source.text.index(text)
    return Label(Span(source, start, start + len(text)), message, primary)


def shown(source: SourceFile, *labels: Label, width: int = 120) -> str:
    """The lines below the place."""
    text = render_text([Diagnostic("A0001", "error", "wrong", labels)], width=width)
    head, place, _, *lines = text.split("\n")
    assert head == "error[A0001]: wrong"
    assert place.startswith("  --> ")
    return "\n".join(lines)


def test_whole_diagnostic() -> None:
    change = Edit(label(UNET, "H % 8 == 0").span, "H % 16 == 0")
    diagnostic = Diagnostic(
        "A0403",
        "error",
        "skip `enc3` does not align with `up3` for every H: needs H % 16 == 0",
        (
            label(UNET, "H % 8 == 0", "promises too little"),
            label(UNET, "MaxPool2d(2)", "4th halving: H//8 may be odd here"),
            label(UNET, "enc{i}", "up3 has height 2*(H//16), enc3 has H//8", primary=True),
        ),
        ("smallest failing size is H=24: enc3 = 3, pooled to 1, up3 = 2", "two\nlines"),
        ("crop, or",),
        (Fix("safe", "state the condition", (change,)),),
    )
    assert render_text([diagnostic]) == (
        "error[A0403]: skip `enc3` does not align with `up3` for every H: needs H % 16 == 0\n"
        "  --> unet.arch:14:15\n"
        "   |\n"
        " 6 |     input image: float[B, 3, H, W] where H % 8 == 0, W % 16 == 0\n"
        "   |                                          ---------- promises too little\n"
        " 9 |         MaxPool2d(2)\n"
        "   |         ------------ 4th halving: H//8 may be odd here\n"
        "14 |         reuse enc{i} by concat\n"
        "   |               ^^^^^^ up3 has height 2*(H//16), enc3 has H//8\n"
        "   = note: smallest failing size is H=24: enc3 = 3, pooled to 1, up3 = 2\n"
        "   = note: two\n"
        "           lines\n"
        "   = help: crop, or\n"
        "   = fix[safe]: `H % 8 == 0` -> `H % 16 == 0`"
    )


def test_without_place() -> None:
    first = Diagnostic("A0501", "error", "embed_dim 100 is not divisible by 12 heads", help=("96",))
    second = Diagnostic("W0101", "warning", "unused")
    assert render_text([first, second]) == (
        "error[A0501]: embed_dim 100 is not divisible by 12 heads\n"
        "   = help: 96\n"
        "\n"
        "warning[W0101]: unused"
    )
    assert render_text([]) == ""


def test_several_labels_on_a_line() -> None:
    source = SourceFile("a.arch", "a = Conv2d(16, 3)\n")
    labels = (
        label(source, "a", "first"),
        label(source, "16", "second", primary=True),
        label(source, "3", "third"),
    )
    assert shown(source, *labels) == (
        " 1 | a = Conv2d(16, 3)\n"
        "   | -          ^^  - third\n"
        "   | |          |\n"
        "   | |          second\n"
        "   | first"
    )


def test_labels_that_overlap() -> None:
    source = SourceFile("a.arch", "Conv2d(16, 3)\n")
    labels = (label(source, "Conv2d(16, 3)", "the call"), label(source, "16", "here", primary=True))
    assert shown(source, *labels) == (
        " 1 | Conv2d(16, 3)\n   | -------^^----\n   | |      |\n   | |      here\n   | the call"
    )


def test_labels_on_the_same_place() -> None:
    source = SourceFile("a.arch", "Conv2d\n")
    labels = (label(source, "Conv2d", "one", primary=True), label(source, "Conv2d", "two"))
    assert shown(source, *labels) == (" 1 | Conv2d\n   | ^^^^^^\n   | |\n   | two\n   | one")


def test_other_file_gets_a_section() -> None:
    other = SourceFile("b.arch", "block A {\n    Conv2d(1)\n}\n")
    labels = (label(other, "Conv2d", "defined here"), label(UNET, "concat", primary=True))
    text = render_text([Diagnostic("A0001", "error", "wrong", labels)])
    assert text == (
        "error[A0001]: wrong\n"
        "  --> unet.arch:14:25\n"
        "   |\n"
        "14 |         reuse enc{i} by concat\n"
        "   |                         ^^^^^^\n"
        "  --> b.arch:2:5\n"
        "   |\n"
        " 2 |     Conv2d(1)\n"
        "   |     ------ defined here"
    )


def test_tabs() -> None:
    source = SourceFile("a.arch", "\tx\tConv2d(1)\n")
    assert shown(source, label(source, "Conv2d", "m", primary=True)) == (
        " 1 |     x   Conv2d(1)\n   |         ^^^^^^ m"
    )


def test_wide_and_combining_characters() -> None:
    source = SourceFile("a.arch", "日本 e\u0301 🔥 = Conv2d\n")
    assert shown(source, label(source, "Conv2d", primary=True)) == (
        " 1 | 日本 e\u0301 🔥 = Conv2d\n   |             ^^^^^^"
    )
    assert shown(source, label(source, "日本", primary=True)).endswith("   | ^^^^")


def test_control_characters_are_escaped() -> None:
    source = SourceFile("a\x1b.arch", 'x = "\x1b[31m\u202e" + y\n')
    text = render_text(
        [Diagnostic("A0001", "error", "bad \x1b[0m", (label(source, "y", "\x07", primary=True),))]
    )
    assert "\x1b" not in text
    assert text == (
        "error[A0001]: bad \\x1b[0m\n"
        "  --> a\\x1b.arch:1:16\n"
        "   |\n"
        ' 1 | x = "\\x1b[31m\\u202e" + y\n'
        "   |                        ^ \\x07"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends(end: str) -> None:
    source = SourceFile("a.arch", f"model A {{{end}  Conv{end}}}{end}")
    assert shown(source, label(source, "Conv", "m", primary=True)) == (" 2 |   Conv\n   |   ^^^^ m")


def test_empty_span_and_end_of_file() -> None:
    source = SourceFile("a.arch", "model A {\n")
    assert shown(source, Label(Span(source, 8, 8), "here", True)) == (
        " 1 | model A {\n   |         ^ here"
    )
    assert shown(source, Label(Span(source, 10, 10), "end", True)) == " 2 |\n   | ^ end"
    assert shown(source, Label(Span(source, 9, 10), "", True)) == " 1 | model A {\n   |          ^"
    empty = SourceFile("a.arch", "")
    assert shown(empty, Label(Span(empty, 0, 0), "no model", True)) == " 1 |\n   | ^ no model"


def test_span_of_several_lines_marks_the_first() -> None:
    source = SourceFile("a.arch", "residual {  \n    Conv2d\n}\n")
    assert shown(source, Label(Span(source, 0, len(source.text)), "all", True)) == (
        " 1 | residual {\n   | ^^^^^^^^^^ all"
    )


def test_long_line_is_cut_around_the_label() -> None:
    source = SourceFile("a.arch", "x" * 100 + " Conv2d " + "y" * 100)
    lines = shown(source, label(source, "Conv2d", primary=True), width=45).split("\n")
    text, marks = (
        line.removeprefix(lead) for line, lead in zip(lines, (" 1 | ", "   | "), strict=True)
    )
    assert text_width(text) <= 40
    assert text.startswith("…x")
    assert text.endswith("y…")
    assert text[marks.index("^") : len(marks)] == "Conv2d"


def test_longer_number_widens_the_gutter() -> None:
    source = SourceFile("a.arch", "\n" * 1233 + "Conv2d\n")
    text = render_text(
        [Diagnostic("A0001", "error", "wrong", (label(source, "Conv2d"),), ("why",))]
    )
    assert text == (
        "error[A0001]: wrong\n"
        "    --> a.arch:1234:1\n"
        "     |\n"
        "1234 | Conv2d\n"
        "     | ------\n"
        "     = note: why"
    )


def test_fixes() -> None:
    source = SourceFile("a.arch", "Covn2d(1, 2)\n")
    at = Span(source, 12, 12)
    fixes = (
        Fix("maybe", "t", (Edit(at, " align {\n    Conv2d(128, 1)\n}"),)),
        Fix("safe", "t", (Edit(label(source, ", 2").span, ""),)),
        Fix("safe", "rename both", (Edit(at, "a"), Edit(at, "b"))),
        Fix("placeholder", "write a layer", (Edit(at, "a\n" * 60),)),
        Fix("maybe", "add much", (Edit(at, "x" * 500),)),
    )
    text = render_text([Diagnostic("A0001", "error", "wrong", fixes=fixes)])
    assert text.split("\n")[1:] == [
        "   = fix[maybe]: add `align { Conv2d(128, 1) }`",
        "   = fix[safe]: remove `, 2`",
        "   = fix[safe]: rename both",
        "   = fix[placeholder]: write a layer",
        "   = fix[maybe]: add much",
    ]


def test_color_changes_no_text() -> None:
    labels = (label(UNET, "enc{i}", "here", primary=True), label(UNET, "concat", "there"))
    diagnostic = Diagnostic("W0601", "warning", "m", labels, ("n",))
    colored = render_text([diagnostic], color=True)
    assert "\x1b[1;33mwarning[W0601]\x1b[0m" in colored
    assert "\x1b[1;33m^^^^^^\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_text([diagnostic])


def test_error_shows_its_diagnostics() -> None:
    error = ArchSpecError((Diagnostic("A0001", "error", "wrong"),))
    assert str(error) == "\nerror[A0001]: wrong"


sources = st.text(st.sampled_from("ab \t\r\n日🔥\u0301\x1b\u2028") | st.characters(), max_size=60)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.data(), sources, st.integers(1, 60))
def test_any_span_of_any_text(data: st.DataObject, text: str, width: int) -> None:
    source = SourceFile("a.arch", text)
    offsets = st.integers(0, len(text))
    labels = []
    for i in range(data.draw(st.integers(1, 4))):
        start, end = sorted((data.draw(offsets), data.draw(offsets)))
        labels.append(
            Label(Span(source, start, end), data.draw(st.sampled_from(["", "m"])), i == 0)
        )
    lines = render_text([Diagnostic("A0001", "error", "wrong", tuple(labels))], width=width).split(
        "\n"
    )
    assert any("^" in line for line in lines if line.startswith("   | "))
    for line in lines[2:]:
        assert re.match(r" *\d* \|", line)
        assert text_width(line) <= max(width, 25) + 2 * len(labels)


@pytest.mark.parametrize(
    ("char", "cells"),
    [("a", 1), ("é", 1), ("日", 2), ("ﾊ", 1), ("🔥", 2), ("\u0301", 0), ("\u200d", 0)],
)
def test_char_width(char: str, cells: int) -> None:
    assert char_width(char) == cells
