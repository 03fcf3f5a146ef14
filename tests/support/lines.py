"""Lines that carry code: no blank ones, comments or docs."""

import ast
import inspect
import io
import re
import tokenize
from pathlib import Path
from typing import Final

from torch import nn

SILENT: Final = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip
DOC: Final = re.compile(r'"""[\s\S]*?"""')
USED: Final = re.compile(r'^use (.*) from "(.*)"', re.MULTILINE)
#: A definition ends where the next line begins with a letter or a comment.
DEFINITION: Final = re.compile(
    r"^(?:block|model|fn|variant) (\w+).*\n(?:(?![A-Za-z#]).*\n)*", re.MULTILINE
)


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
    """Lines of a spec, and of what it uses of other specs, that carry code."""
    path = path.resolve()
    total = _code_lines(path.read_text(encoding="utf-8"))
    todo, seen = _imports(path), set[tuple[Path, str]]()
    while todo:
        file, name = found = todo.pop()
        definitions = _definitions(file)
        if found in seen or name not in definitions:
            continue
        seen.add(found)
        total += _code_lines(definitions[name])
        words = set(re.findall(r"\w+", definitions[name]))
        todo |= {(file, word) for word in words & definitions.keys()}
        todo |= {(other, word) for other, word in _imports(file) if word in words}
    return total


def _code_lines(text: str) -> int:
    return sum(bool(line.split("#")[0].strip()) for line in DOC.sub("", text).splitlines())


def _definitions(path: Path) -> dict[str, str]:
    """The text of each definition of a spec, by its name."""
    return {
        found[1]: found[0] for found in DEFINITION.finditer(path.read_text(encoding="utf-8") + "\n")
    }


def _imports(path: Path) -> set[tuple[Path, str]]:
    """What a spec uses of other specs; the library's blocks count as little as torch's layers."""
    return {
        ((path.parent / file).resolve(), name.strip())
        for names, file in USED.findall(path.read_text(encoding="utf-8"))
        for name in names.split(",")
    }


def library_lines(model: nn.Module) -> int:
    """Lines of the classes that a model is made of, as far as its library wrote them."""
    classes = {
        part
        for module in model.modules()
        for part in type(module).__mro__
        if not part.__module__.startswith("torch.") and part is not object
    }
    return sum(python_lines(inspect.getsource(part)) for part in classes)
