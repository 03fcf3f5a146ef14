"""Source files and positions in them.

Offsets count code points of `SourceFile.text`. Text is kept as the author wrote it, line endings
included; lines and columns are 1-based, as editors show them.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple


class Position(NamedTuple):
    """A place in a file; both counts start at 1, `column` counts code points."""

    line: int
    column: int


@dataclass(frozen=True, eq=False)
class SourceFile:
    """One file: `name` is how it is shown to the user, `text` its full contents.

    `path` is where it lies, resolved; None for a text that is no file.
    """

    name: str
    text: str = field(repr=False)
    path: Path | None = field(default=None, repr=False)

    @property
    def key(self) -> Path:
        """What tells this file from others, however it is shown and whatever its text."""
        return self.path or Path(self.name)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        offset = self.text.find("\n")
        while offset != -1:
            starts.append(offset + 1)
            offset = self.text.find("\n", offset + 1)
        return starts

    @property
    def line_count(self) -> int:
        return len(self._line_starts)

    def position(self, offset: int) -> Position:
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def line_start(self, line: int) -> int:
        """The offset at which the 1-based `line` begins."""
        return self._line_starts[line - 1]

    def line_text(self, line: int) -> str:
        """The 1-based `line` without its line ending."""
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open range `start..end` of `source`."""

    source: SourceFile
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def position(self) -> Position:
        return self.source.position(self.start)

    @property
    def end_position(self) -> Position:
        return self.source.position(self.end)

    def within(self, outer: "Span") -> bool:
        """Whether `outer` covers it."""
        same = self.source is outer.source
        return same and outer.start <= self.start and self.end <= outer.end

    def to(self, other: "Span") -> "Span":
        """The span from the start of this one to the end of `other`."""
        return Span(self.source, self.start, other.end)

    def __str__(self) -> str:
        line, column = self.position
        return f"{self.source.name}:{line}:{column}"
