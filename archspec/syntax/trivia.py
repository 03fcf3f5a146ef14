"""Comments and blank lines while a file is printed: what has been placed, and what comes next."""

from archspec.source import SourceFile
from archspec.syntax import ast


class Trivia:
    """A file's comments in order; each is handed out once."""

    def __init__(self, source: SourceFile | None, comments: tuple[ast.Comment, ...]) -> None:
        self.source = source
        self.comments = comments
        self.next = 0
        self.last_line = 0  # of the source, that was printed last; 0 at the start of a body

    def between(self, start: int, end: int) -> bool:
        """Whether a comment that is not yet placed stands in `start..end`."""
        return any(
            start <= comment.span.start < end
            for comment in self.comments[self.next :]
            if comment.span.start < end
        )

    def before(self, offset: int) -> list[ast.Comment]:
        """The comments that stand before `offset` and are not yet placed."""
        found = []
        while self.next < len(self.comments) and self.comments[self.next].span.start < offset:
            found.append(self.comments[self.next])
            self.next += 1
        return found

    def trailing(self, offset: int) -> str:
        """The comment that ends the line of `offset`, where nothing else stands between."""
        if self.source is None or self.next >= len(self.comments):
            return ""
        comment = self.comments[self.next]
        between = self.source.text[offset : comment.span.start]
        if comment.own_line or between.strip(" \t\r,;") or comment.span.start < offset:
            return ""
        self.next += 1
        return f"  {comment.text}"

    def line(self, offset: int) -> int:
        """The line of `offset`, 1 where there is no source."""
        return self.source.position(offset).line if self.source else 1
