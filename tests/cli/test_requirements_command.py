"""`archspec requirements`."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]

SPEC = """model A(depth = 1) {
    input x: float[B, 3, H, 8] where H % 2 ** depth == 0
    for i in 0..<depth { MaxPool2d((2, 1)) }
    for i in 0..<depth { up{i}: ConvTranspose2d(3, (2, 1), stride=(2, 1)) }
    output y: [B, 3, H, 8]
}
model Open {
    input x: float[B, 3]
    Linear(2)
}
"""


def test_text(run: Run) -> None:
    Path("a.arch").write_text(SPEC)
    result = run("requirements", "a.arch")
    assert result.exit_code == 0
    assert result.stdout == (
        "A: x float[B, 3, H, 8]\n"
        "  H % 2 == 0  (stated at a.arch:2:38 as `H % 2 ** depth == 0`)\n"
        "    output `y`, a.arch:5:22: else output `y` has 2*(H//2) where H is declared\n"
        "\n"
        "Open: x float[B, 3]\n"
        "  nothing is required of open sizes\n"
    )


def test_one_model_with_other_parameters_as_json(run: Run) -> None:
    Path("a.arch").write_text(SPEC)
    options = ("-m", "A", "--set", "depth=3", "--format", "json")
    data = json.loads(run("requirements", "a.arch", *options).stdout)
    assert [r["condition"] for r in data["requirements"]] == ["H % 8 == 0"]
    both = json.loads(run("requirements", "a.arch", "--format", "json").stdout)
    assert [one["model"] for one in both] == ["A", "Open"]


def test_faults_are_diagnostics(run: Run) -> None:
    Path("bad.arch").write_text(SPEC.replace("where H % 2 ** depth == 0", ""))
    result = run("requirements", "bad.arch")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "A0408" in result.stderr
