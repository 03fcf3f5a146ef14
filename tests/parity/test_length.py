"""The emitted DenseNet-121 is no longer than torchvision's hand-written one.

Counted are lines that carry code: no blank lines, comments or docstrings. Of torchvision's file
what makes the model counts (its four classes), not builders, weights and their metadata, and not
the imports; of the emitted file all counts. Its lines are narrower (88 columns, torchvision 120),
which counts against it.
"""

import inspect
from pathlib import Path
from types import ModuleType

from archspec.pipeline import emit_python
from tests.support.lines import python_lines, spec_lines
from tests.support.torchvision_cpu import torchvision_models
from tests.support.zoo import graph_of


def classes_of(module: ModuleType, *names: str) -> str:
    return "\n\n".join(inspect.getsource(getattr(module, name)) for name in names)


def test_emitted_densenet_is_no_longer_than_torchvisions() -> None:
    densenet = inspect.getmodule(torchvision_models().DenseNet)
    assert densenet is not None
    theirs = classes_of(densenet, "_DenseLayer", "_DenseBlock", "_Transition", "DenseNet")
    ours = emit_python([graph_of("densenet", "DenseNet121")])
    assert python_lines(ours) <= python_lines(theirs)
    assert len(ours.splitlines()) <= len(theirs.splitlines())


def test_python_lines_are_counted() -> None:
    source = (
        '"""Doc."""\n\n# comment\nx = [\n    1,\n]  # here\n\n\ndef f():\n    """Doc\n    it."""\n'
    )
    assert python_lines(source) == 4


def test_spec_lines_are_those_in_use(tmp_path: Path) -> None:
    (tmp_path / "lib.arch").write_text(
        "fn twice(n) = 2 * n\n\n# a comment\nblock Other {\n    ReLU\n}\n\n"
        'block Wide(n) {\n    """Doc."""\n\n    Linear(twice(n))  # wide\n}\n',
        encoding="utf-8",
    )
    net = tmp_path / "net.arch"
    text = 'use Wide from "lib.arch"\n\nmodel M {\n    input x: [B, 4]\n    Wide(3)\n}\n'
    net.write_text(text, encoding="utf-8")
    assert spec_lines(net) == 5 + 3 + 1
