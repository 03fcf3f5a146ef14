"""The syntax tree as indented text, for `--emit=ast`."""

import dataclasses
from typing import Any

from archspec.syntax import ast


def dump(node: ast.Node) -> str:
    """One line per node with its place, its plain values on the same line, its parts below.

    >>> from archspec.source import SourceFile
    >>> from archspec.syntax.parser import parse
    >>> file = parse(SourceFile("a.arch", "variant A = B(3)")).file
    >>> print(dump(file), end="")
    File 1:1
      definitions:
        Variant 1:1
          name: Name 1:9 id='A'
          call: Call 1:13
            func: Name 1:13 id='B'
            args:
              Number 1:15 value=3
    """
    lines: list[str] = []
    _dump(node, "", "", lines)
    return "".join(f"{line}\n" for line in lines)


def _dump(node: ast.Node, prefix: str, margin: str, lines: list[str]) -> None:
    line, column = node.span.position
    plain: list[str] = []
    parts: list[tuple[str, Any]] = []
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if field.name.endswith("span") or value is None or value == ():
            continue
        if _holds_nodes(value):
            parts.append((field.name, value))
        else:
            plain.append(f" {field.name}={value!r}")
    lines.append(f"{margin}{prefix}{type(node).__name__} {line}:{column}{''.join(plain)}")
    for name, value in parts:
        if isinstance(value, ast.Node):
            _dump(value, f"{name}: ", f"{margin}  ", lines)
            continue
        lines.append(f"{margin}  {name}:")
        for item in value:
            _dump_item(item, f"{margin}    ", lines)


def _dump_item(item: Any, margin: str, lines: list[str]) -> None:
    match item:
        case ast.Node():
            _dump(item, "", margin, lines)
        case (str(operator), ast.Node() as operand):
            _dump(operand, f"{operator} ", margin, lines)
        case _:
            lines.append(f"{margin}{item!r}")


def _holds_nodes(value: Any) -> bool:
    if isinstance(value, tuple):
        return any(isinstance(item, ast.Node | tuple) for item in value)
    return isinstance(value, ast.Node)
