"""Edits of texts: whether they meet, what they make of the texts, and where places move to."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from archspec.diagnostics import Diagnostic, Edit
from archspec.source import SourceFile

Texts = Mapping[Path, str]
#: What tells one diagnostic from another: its code, and its file and offset (or its headline).
Key = tuple[str, Path | None, int | str]


def apply_edits(edits: Iterable[Edit]) -> dict[Path, str]:
    """The new text of each file that is edited; the edits do not overlap.

    Line ends are written as the file has them.
    """
    by_file: dict[Path, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.span.source.key, []).append(edit)
    texts = {}
    for key, found in by_file.items():
        source, text, at = found[0].span.source, "", 0
        for edit in _in_order(found):
            text += source.text[at : edit.span.start] + _with_line_ends(edit, source)
            at = edit.span.end
        texts[key] = text + source.text[at:]
    return texts


def _in_order(edits: Iterable[Edit]) -> list[Edit]:
    return sorted(edits, key=lambda edit: (edit.span.start, edit.span.end))


def _with_line_ends(edit: Edit, source: SourceFile) -> str:
    end = "\r\n" if "\r\n" in source.text else "\n"
    return edit.replacement.replace("\r\n", "\n").replace("\n", end)


def touch(one: Iterable[Edit], other: Sequence[Edit]) -> bool:
    """Whether edits of two fixes change the same text, or text side by side."""
    return any(
        a.span.source.key == b.span.source.key
        and a.span.start <= b.span.end
        and b.span.start <= a.span.end
        for a in one
        for b in other
    )


def apart(edits: Iterable[Edit]) -> bool:
    """Whether edits of one fix can be applied together: they share neither text nor place."""
    by_file: dict[Path, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.span.source.key, []).append(edit)
    pairs = (pair for found in by_file.values() for pair in pairwise(_in_order(found)))
    return all(
        a.span.end <= b.span.start and (a.span.start, a.span.end) != (b.span.start, b.span.end)
        for a, b in pairs
    )


class Before:
    """Where places of the edited texts were before the edits."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        self._starts: dict[Path, list[int]] = {}
        self._moves: dict[Path, list[tuple[int, int, int]]] = {}
        shift: dict[Path, int] = {}
        for edit in _in_order(edits):
            source = edit.span.source
            moved = shift.get(source.key, 0)
            length = len(_with_line_ends(edit, source))
            start = edit.span.start + moved
            self._starts.setdefault(source.key, []).append(start)
            row = (start + length, edit.span.start, edit.span.end)
            self._moves.setdefault(source.key, []).append(row)
            shift[source.key] = moved + length - (edit.span.end - edit.span.start)

    def offset(self, file: Path, offset: int) -> int:
        """The offset that is now `offset`; for new text, the place that it replaced."""
        index = bisect_right(self._starts.get(file, []), offset) - 1
        if index < 0:
            return offset
        end, old_start, old_end = self._moves[file][index]
        return old_start if offset < end else offset - end + old_end

    def key(self, diagnostic: Diagnostic) -> Key:
        """The key that a diagnostic of the edited texts would have had before."""
        return _key(diagnostic, self)


def key_of(diagnostic: Diagnostic) -> Key:
    return _key(diagnostic, None)


def _key(diagnostic: Diagnostic, before: Before | None) -> Key:
    place = diagnostic.place
    if place is None:
        return (diagnostic.code, None, diagnostic.message)
    file, start = place.span.source.key, place.span.start
    return (diagnostic.code, file, start if before is None else before.offset(file, start))
