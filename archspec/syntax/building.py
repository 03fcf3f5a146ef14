"""What the functions that build the tree share (see `build_statements` and `build_expressions`).

There is one function per rule of the grammar: the values of the rule's parts in, a node out. Parts
are `Token`s, nodes, and lists that grow in place. What the grammar cannot express (a call's
comprehension stands alone) raises `Rejected`, which the parser reports like any syntax error.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from archspec.source import SourceFile, Span
from archspec.syntax import ast
from archspec.syntax.tokens import Token

MAX_DEPTH: Final = 100


class Rejected(Exception):
    """The text at `span` cannot be what the grammar took it for."""

    def __init__(self, span: Span, message: str, help_: str = "", code: str = "A0001") -> None:
        super().__init__(message)
        self.span = span
        self.message = message
        self.help = help_
        self.code = code


class Statements(list[ast.Statement]):
    """The statements of a body so far: where the parser goes on after an error."""


class Definitions(list[ast.Definition]):
    """The definitions of a file so far."""


class Context:
    """What the functions share while one file is read."""

    __slots__ = ("depths", "kept", "source")

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.depths: dict[int, int] = {}
        self.kept: list[object] = []  # alive, so that no id in `depths` is used again

    def span(self, first: Any, last: Any) -> Span:
        return Span(self.source, start_of(first), end_of(last))

    def deepen(self, node: Any, parts: Iterable[Any], what: str = "an expression") -> Any:
        """Note how deep `node` is, so that whoever walks the tree may recurse."""
        get = self.depths.get
        depth = 1 + max([get(id(part), 0) for part in parts], default=0)
        if depth > MAX_DEPTH:
            raise Rejected(
                node.span,
                f"{what} is nested more than {MAX_DEPTH} deep",
                "name a part of it in a statement of its own",
                "A0203",
            )
        self.depths[id(node)] = depth
        self.kept.append(node)
        return node


Build: TypeAlias = Callable[[Context, list[Any]], Any]


def start_of(part: Any) -> int:
    start: int = part.start if type(part) is Token else part.span.start
    return start


def end_of(part: Any) -> int:
    end: int = part.end if type(part) is Token else part.span.end
    return end


def one(context: Context, parts: list[Any]) -> list[Any]:
    return [parts[0]]


def more(context: Context, parts: list[Any]) -> list[Any]:
    items: list[Any] = parts[0]
    items.append(parts[-1])
    return items
