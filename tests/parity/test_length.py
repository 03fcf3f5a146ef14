"""The emitted DenseNet-121 is no longer than torchvision's hand-written one.

Counted are lines that carry code: no blank lines, comments or docstrings. Of torchvision's file
what makes the model counts (its four classes), not builders, weights and their metadata, and not
the imports; of the emitted file all counts. Its lines are narrower (88 columns, torchvision 120),
which counts against it.
"""

import ast
import inspect
import io
import tokenize
from types import ModuleType

from archspec.pipeline import emit_python
from tests.support.torchvision_cpu import torchvision_models
from tests.support.zoo import graph_of

SILENT = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip


def code_lines(source: str) -> int:
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


def classes_of(module: ModuleType, *names: str) -> str:
    return "\n\n".join(inspect.getsource(getattr(module, name)) for name in names)


def test_emitted_densenet_is_no_longer_than_torchvisions() -> None:
    densenet = inspect.getmodule(torchvision_models().DenseNet)
    assert densenet is not None
    theirs = classes_of(densenet, "_DenseLayer", "_DenseBlock", "_Transition", "DenseNet")
    ours = emit_python([graph_of("densenet", "DenseNet121")])
    assert code_lines(ours) <= code_lines(theirs)
    assert len(ours.splitlines()) <= len(theirs.splitlines())


def test_code_lines_are_counted() -> None:
    source = (
        '"""Doc."""\n\n# comment\nx = [\n    1,\n]  # here\n\n\ndef f():\n    """Doc\n    it."""\n'
    )
    assert code_lines(source) == 4
