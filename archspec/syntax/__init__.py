"""From text to the syntax tree, and back."""

from archspec.syntax.parser import ParseResult, parse

__all__ = ["ParseResult", "parse"]
