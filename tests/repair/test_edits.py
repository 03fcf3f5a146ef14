"""Edits of texts: applied, mapped back, kept apart."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from archspec.diagnostics import Diagnostic, Edit, Label
from archspec.repair.edits import Before, apart, apply_edits, key_of, touch
from archspec.source import SourceFile, Span


def edit(source: SourceFile, start: int, end: int, text: str) -> Edit:
    return Edit(Span(source, start, end), text)


def test_edits_of_several_files() -> None:
    a, b = SourceFile("a", "one two"), SourceFile("b", "three", Path("/b"))
    edits = [edit(a, 4, 7, "2"), edit(b, 0, 0, "> "), edit(a, 0, 3, "1")]
    assert apply_edits(edits) == {Path("a"): "1 2", Path("/b"): "> three"}


def test_one_file_read_twice_is_one_file() -> None:
    a, b = (SourceFile(name, "one two", Path("/x")) for name in ("x", "./x"))
    assert apply_edits([edit(a, 0, 3, "1"), edit(b, 4, 7, "2")]) == {Path("/x"): "1 2"}


def test_line_ends_are_those_of_the_file() -> None:
    source = SourceFile("a", "x\r\ny\r\n")
    assert apply_edits([edit(source, 3, 3, "p\n q\n")]) == {Path("a"): "x\r\np\r\n q\r\ny\r\n"}


def test_side_by_side_is_apart_but_touches() -> None:
    source = SourceFile("a", "abcdef")
    one, other = edit(source, 0, 2, "x"), edit(source, 2, 4, "y")
    assert apart([other, one])
    assert touch([one], [other])
    assert not touch([one], [edit(source, 3, 4, "y")])
    assert not apart([one, edit(source, 1, 3, "y")])
    assert not apart([edit(source, 1, 1, "x"), edit(source, 1, 1, "y")])


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Edit], str]:
    """A text of different characters, edits of it, and the new text."""
    end = draw(st.sampled_from(["", "\r\n"]))
    text = "".join(chr(0x4E00 + i) for i in range(draw(st.integers(0, 30)))) + end
    source = SourceFile("a", text)
    cuts = sorted(draw(st.sets(st.integers(0, len(text) - len(end)), max_size=8)))
    pieces = st.text("ab\n", max_size=4)
    edits = [edit(source, a, b, draw(pieces)) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    return text, draw(st.permutations(edits)), apply_edits(edits).get(Path("a"), text)


@given(edited())
def test_what_was_not_edited_is_found_again(case: tuple[str, list[Edit], str]) -> None:
    text, edits, after = case
    before = Before(edits)
    kept = [c for i, c in enumerate(text) if not any(e.span.start <= i < e.span.end for e in edits)]
    for character in kept:
        if character not in "\r\n":
            assert before.offset(Path("a"), after.index(character)) == text.index(character)
    new = SourceFile("a", after)
    for at, character in enumerate(after):
        fault = Diagnostic("A0001", "error", "m", (Label(Span(new, at, at + 1), primary=True),))
        old = before.key(fault)[2]
        assert isinstance(old, int)
        if character in "ab":
            assert any(e.span.start == old for e in edits)


def test_keys_of_faults_without_a_place() -> None:
    assert key_of(Diagnostic("A0114", "error", "m")) == ("A0114", None, "m")
