"""The emitted DenseNet-121 is no longer than torchvision's hand-written one.

Counted are lines that carry code: no blank lines, comments or docstrings. Of torchvision's file
what makes the model counts (its four classes), not builders, weights and their metadata, and not
the imports; of the emitted file all counts. Its lines are narrower (88 columns, torchvision 120),
which counts against it.
"""

import inspect
from types import ModuleType

from archspec.pipeline import emit_python
from tests.support.lines import python_lines
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
