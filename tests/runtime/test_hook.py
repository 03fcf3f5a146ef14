"""Importing specs as Python modules."""

import importlib
import inspect
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import archspec
from archspec import ArchSpecError
from archspec.runtime.hook import uninstall_import_hook

NET = """
model {name} {{
    input x: [B, 4]
    fc: Linear({width})
}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path with the hook installed; what is imported is forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    archspec.install_import_hook()
    yield tmp_path
    uninstall_import_hook()
    for name in set(sys.modules) - before:
        if name.startswith("hooked"):
            del sys.modules[name]


def write(path: Path, name: str = "Net", width: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(NET.format(name=name, width=width), encoding="utf-8")


def test_a_spec_is_a_module(folder: Path) -> None:
    write(folder / "hooked_net.arch")
    module = importlib.import_module("hooked_net")
    net = module.Net()
    assert net(torch.zeros(3, 4)).shape == (3, 2)
    assert module.__spec__ is not None
    assert module.__spec__.origin == str(folder / "hooked_net.arch")
    assert inspect.getsource(module.Net).startswith("class Net(")
    assert type(pickle.loads(pickle.dumps(net))) is module.Net


def test_a_folder_without_init_is_a_package(folder: Path) -> None:
    write(folder / "hooked_specs" / "deep" / "net.arch", "Deep")
    module = importlib.import_module("hooked_specs.deep.net")
    assert module.Deep.__module__ == "hooked_specs.deep.net"


def test_python_comes_first(folder: Path) -> None:
    write(folder / "hooked_both.arch")
    (folder / "hooked_both.py").write_text("Net = 'python'\n")
    assert importlib.import_module("hooked_both").Net == "python"


def test_reload_compiles_the_edited_spec(folder: Path) -> None:
    write(folder / "hooked_edit.arch", width=2)
    module = importlib.import_module("hooked_edit")
    assert module.Net().fc.out_features == 2
    write(folder / "hooked_edit.arch", width=7)
    importlib.reload(module)
    assert module.Net().fc.out_features == 7
    assert "7" in inspect.getsource(module.Net)


def test_a_faulty_spec_raises_its_diagnostics(folder: Path) -> None:
    (folder / "hooked_bad.arch").write_text("model Net {\n    input x: [B, 4]\n    Linaer(2)\n}\n")
    with pytest.raises(ArchSpecError, match="unknown layer `Linaer`"):
        importlib.import_module("hooked_bad")
    assert "hooked_bad" not in sys.modules
    write(folder / "hooked_bad.arch")
    assert importlib.import_module("hooked_bad").Net


def test_other_modules_are_missing_as_ever(folder: Path) -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("hooked_nothing")
    write(folder / "hooked_net.arch")
    with pytest.raises(ImportError, match="cannot import name 'Nett'"):
        exec("from hooked_net import Nett")


def test_specs_import_each_other(folder: Path) -> None:
    (folder / "hooked_parts.arch").write_text("block Part {\n    fc: Linear(5)\n}\n")
    (folder / "hooked_whole.arch").write_text(
        'use Part from "hooked_parts.arch"\nmodel Whole {\n    input x: [B, 4]\n    part: Part\n}\n'
    )
    whole = importlib.import_module("hooked_whole").Whole()
    assert whole(torch.zeros(1, 4)).shape == (1, 5)


def test_the_hook_is_opt_in_and_installed_once(folder: Path) -> None:
    count = len(sys.meta_path)
    archspec.install_import_hook()
    assert len(sys.meta_path) == count
    uninstall_import_hook()
    assert len(sys.meta_path) == count - 1
    write(folder / "hooked_off.arch")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("hooked_off")
