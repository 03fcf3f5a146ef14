"""Random trees print to the same tree, in the form that `ruff format` leaves unchanged."""

import ast
import subprocess
import sysconfig
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from archspec.pycode import (
    IMPORTS,
    Assign,
    ClassDef,
    ExprStmt,
    FunctionDef,
    Import,
    Module,
    Parameter,
    Stmt,
    attr,
    call,
    dotted,
    name,
    print_module,
)
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


def test_ruff_check_accepts_imports(tmp_path: Path) -> None:
    """Sorted, all used, none missing: for all names that code may use, together and one by one."""
    unit = ClassDef(
        "Unit",
        (dotted("nn.Module"),),
        (
            FunctionDef(
                "__init__",
                (Parameter("self"),),
                (
                    ExprStmt(call(attr(call("super"), "__init__"))),
                    Assign(dotted("self.layer"), call("Layer")),
                ),
            ),
        ),
    )
    imports = (Import("my_package.layers", "Layer"), Import("zoo", "unused"))
    every: tuple[Stmt, ...] = (unit, *(ExprStmt(call(used)) for used in IMPORTS))
    (tmp_path / "all.py").write_text(print_module(Module("Doc.", every, imports)))
    for used in IMPORTS:
        text = print_module(Module(None, (Assign(name("value"), call(used)),)))
        (tmp_path / f"one_{used}.py").write_text(text)
    command = [str(RUFF), "check", "--isolated", "--no-cache", "--select=E,F,I,W", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:5000] + done.stderr
