"""Lines that carry code: no blank ones, comments or docs."""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from torch import nn

SILENT: Final = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip
DOC: Final = re.compile(r'"""[\s\S]*?"""')
USED: Final = re.compile(r'^use .* from "(.*)"', re.MULTILINE)


def python_lines(source: str) -> int:
    """Lines of Python that carry code."""
    documents: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            first = node.body[0]
            documents |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - documents)


def spec_lines(path: Path) -> int:
    """Lines of a spec, and of those it uses, that carry code."""
    return sum(
        bool(line.split("#")[0].strip())
        for file in _used(path.resolve())
        for line in DOC.sub("", file.read_text(encoding="utf-8")).splitlines()
    )


def _used(path: Path) -> Iterator[Path]:
    found, todo = {path}, [path]
    while todo:
        file = todo.pop()
        yield file
        for name in USED.findall(file.read_text(encoding="utf-8")):
            other = (file.parent / name).resolve()
            if other not in found:
                found.add(other)
                todo.append(other)


def library_lines(model: nn.Module) -> int:
    """Lines of the classes that a model is made of, as far as its library wrote them."""
    classes = {
        part
        for module in model.modules()
        for part in type(module).__mro__
        if not part.__module__.startswith("torch.") and part is not object
    }
    return sum(python_lines(inspect.getsource(part)) for part in classes)
