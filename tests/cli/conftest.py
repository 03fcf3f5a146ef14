"""A folder with specs as working directory, and a way to run the command in it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archspec.cli.app import app

GOOD = """\
model Net(width = 8, classes = 10) {
    input x: [B, 3, H, W]
    conv: Conv2d(width, 3, padding=1) -> ReLU
    residual { mix: Conv2d(width, 1) }
    AdaptiveAvgPool2d(1) -> Flatten
    head: Linear(classes)
    output logits: [B, classes]
}

variant Wide = Net(width=16)
"""

#: Two faults: an unknown layer, and in another model an argument.
BAD = """\
model First {
    input x: [B, 4]
    Linaer(2)
}

model Second {
    input x: [B, 4]
    Linear(2, baias=false)
}
"""

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    Path("good.arch").write_text(GOOD, encoding="utf-8")
    Path("bad.arch").write_text(BAD, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run the command in `folder`; anything but a clean exit is raised."""

    def invoke(*arguments: str, input: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(app, arguments, input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke
