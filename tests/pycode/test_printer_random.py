"""Random trees print to the same tree, in the form that `ruff format` leaves unchanged."""

import ast
import subprocess
import sysconfig
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from archspec.pycode import Module, print_module
from tests.pycode import python_tree
from tests.pycode.code_strategies import modules

RUFF = Path(sysconfig.get_path("scripts")) / "ruff"


def draw_modules(count: int) -> list[Module]:
    found: list[Module] = []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(modules)
    def collect(module: Module) -> None:
        found.append(module)

    collect()
    return found


def test_same_tree() -> None:
    for module in draw_modules(300):
        text = print_module(module)
        read = python_tree.dump(python_tree.without_imports(ast.parse(text)))
        assert read == python_tree.dump(python_tree.module(module)), text


def test_ruff_format_changes_nothing(tmp_path: Path) -> None:
    for i, module in enumerate(draw_modules(300)):
        (tmp_path / f"m{i:04}.py").write_text(print_module(module), encoding="utf-8")
    command = [str(RUFF), "format", "--isolated", "--no-cache", "--diff", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:5000] + done.stderr
