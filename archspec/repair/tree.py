"""The syntax around a place: what the candidates are made from."""

from collections.abc import Iterator
from functools import lru_cache

from archspec.source import SourceFile, Span
from archspec.syntax import ast
from archspec.syntax.parser import parse


@lru_cache(16)
def tree_of(source: SourceFile) -> ast.File | None:
    """The syntax tree of a file, as far as it could be read."""
    return parse(source).file


def walk(node: object) -> Iterator[ast.Node]:
    """A node and all below it, in the order written."""
    match node:
        case tuple():
            for item in node:
                yield from walk(item)
        case ast.Node():
            yield node
            for name in node.__dataclass_fields__:
                yield from walk(getattr(node, name))


def nodes_within(span: Span) -> Iterator[ast.Node]:
    """The outermost nodes that lie in `span`, and all below them."""
    for node in _around(tree_of(span.source), span):
        if _covers(span, node.span):
            yield from walk(node)


def ancestors(span: Span) -> list[ast.Node]:
    """The nodes around `span`, the outermost first."""
    found: list[ast.Node] = []
    node: ast.Node | None = tree_of(span.source)
    while node is not None:
        found.append(node)
        node = next((n for n in _children(node) if _covers(n.span, span)), None)
    return found


def _covers(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _children(node: ast.Node) -> Iterator[ast.Node]:
    for name in node.__dataclass_fields__:
        yield from _nodes(getattr(node, name))


def _nodes(value: object) -> Iterator[ast.Node]:
    match value:
        case tuple():
            for item in value:
                yield from _nodes(item)
        case ast.Node():
            yield value


def _around(node: ast.Node | None, span: Span) -> Iterator[ast.Node]:
    """The outermost nodes below `node` that lie in `span`."""
    if node is None or node.span.end <= span.start or span.end <= node.span.start:
        return
    if _covers(span, node.span):
        yield node
        return
    for child in _children(node):
        yield from _around(child, span)


def names(source: SourceFile, id: str) -> Iterator[ast.Name]:
    """Every place of a file where the name `id` is written."""
    for node in walk(tree_of(source)):
        if isinstance(node, ast.Name) and node.id == id:
            yield node


def line_of(span: Span) -> Span:
    """The whole lines that `span` touches, their last line end included."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    return Span(span.source, start, len(text) if end == -1 else end + 1)


def indent_of(span: Span) -> str:
    """What stands before the first word of the line of `span`."""
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = start
    while end < len(text) and text[end] in " \t":
        end += 1
    return text[start:end]
