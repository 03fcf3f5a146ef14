"""What the scanner hands to the parser."""

from dataclasses import dataclass
from typing import Final

from archspec.diagnostics import Diagnostic
from archspec.syntax import ast

END: Final = "$END"


class Token:
    """A terminal of the grammar at `start..end`; one that the scanner supplied has no extent.

    A plain class: a frozen dataclass takes three times as long to make, and there are millions.
    """

    __slots__ = ("end", "start", "text", "type")

    def __init__(self, type_: str, text: str, start: int, end: int) -> None:
        self.type = type_
        self.text = text
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Token({self.type}, {self.text!r}, {self.start}, {self.end})"


@dataclass(frozen=True, slots=True)
class Scan:
    """The tokens of a file, brackets balanced, `$END` last."""

    tokens: list[Token]
    comments: tuple[ast.Comment, ...]
    diagnostics: tuple[Diagnostic, ...]
