"""The sample files, and short ways to read text."""

from pathlib import Path

from archspec.diagnostics import Diagnostic
from archspec.source import SourceFile
from archspec.syntax import ast, parse

SAMPLES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "samples").glob("*.arch"))
}


def read(text: str) -> ast.File:
    """The tree of a text without syntax errors."""
    result = parse(SourceFile("test.arch", text))
    assert result.diagnostics == ()
    assert result.file is not None
    return result.file


def errors(text: str) -> list[str]:
    """The syntax errors of `text`, each as `CODE line:column headline`."""
    return [shown(diagnostic) for diagnostic in parse(SourceFile("test.arch", text)).diagnostics]


def shown(diagnostic: Diagnostic) -> str:
    primary = diagnostic.primary
    assert primary is not None
    line, column = primary.span.position
    return f"{diagnostic.code} {line}:{column} {diagnostic.message}"


def statement(text: str) -> ast.Statement:
    """The only statement of a block whose body is `text`."""
    (block,) = read(f"block A {{\n{text}\n}}").definitions
    assert isinstance(block, ast.Block)
    (found,) = block.body.statements
    return found


def expression(text: str) -> ast.Core:
    """The value that `text` is."""
    flow = statement(f"x = {text}")
    assert isinstance(flow, ast.Flow)
    return flow.stages[0].core
