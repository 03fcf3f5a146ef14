"""Who imports whom: the rooms of `docs/architecture.md`, read from the source, not from a run."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "archspec"

#: A room never imports one with a higher number. The package's own name is the front door: it
#: re-exports what users need, so that nothing inside may import from it but `__version__`.
ROOMS: Final = {
    "source": 0,
    "diagnostics": 0,
    "dims": 1,
    "files": 1,
    "pycode": 1,
    "syntax": 2,
    "layers": 2,
    "ir": 3,
    "elaborate": 4,
    "passes": 4,
    "repair": 5,
    "reuse": 5,
    "backends": 5,
    "pipeline": 6,
    "runtime": 6,
    "cli": 7,
    "lsp": 7,
    "preview": 7,
    "__main__": 8,
}

#: The only places that import a library: rooms or files.
HOMES: Final = {
    "torch": {"runtime"},
    "safetensors": {"runtime"},
    "networkx": {"ir/graph.py"},
    "pydantic": {
        "layers",
        "reuse/report.py",
        "reuse/ablation/table.py",
        "passes/summary.py",
        "passes/requirements.py",
        "passes/difference.py",
        "diagnostics/render/json.py",
        "elaborate",
    },
    "pydantic_core": {"layers"},
    "lark": {"syntax/tables.py"},
    "rich": {"passes/tables.py", "cli"},
    "click": {"cli"},
    "numpy": set[str](),
    "pygraphviz": {"backends/diagram/render.py"},
    "graphviz": {"backends/diagram/render.py", "backends/diagram/object.py"},
}
#: Libraries that cost time: imported in the function that needs them, so that others go without.
LATE: Final = {"torch", "networkx", "lark", "rich", "pygraphviz", "graphviz"}

LONGEST: Final = 600


@dataclass(frozen=True, slots=True)
class Import:
    """`module` as it is imported by `path` (relative to the package) in `line`."""

    path: Path
    line: int
    module: str
    #: Run when the file is imported, so neither in a function nor for type checkers only.
    early: bool

    @property
    def place(self) -> str:
        return f"archspec/{self.path}:{self.line}"


@cache
def sources() -> dict[Path, ast.Module]:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 50
    return {
        file.relative_to(PACKAGE): ast.parse(file.read_text(encoding="utf-8"), str(file))
        for file in files
    }


def imports_in(path: Path, tree: ast.Module) -> Iterator[Import]:
    """All imports of a file, relative ones made absolute, those in functions too."""

    def visit(node: ast.AST, early: bool) -> Iterator[Import]:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield Import(path, node.lineno, alias.name, early)
            case ast.ImportFrom(module=module, level=0, names=names) if module is not None:
                for alias in names:
                    yield Import(path, node.lineno, f"{module}.{alias.name}", early)
            case ast.ImportFrom(module=module, level=level, names=names):
                parts = ["archspec", *path.parts[:-1]][: len(path.parts) - level + 1]
                for alias in names:
                    name = ".".join([*parts, *([module] if module else []), alias.name])
                    yield Import(path, node.lineno, name, early)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                for child in ast.iter_child_nodes(node):
                    yield from visit(child, early=False)
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body, orelse=orelse):
                for child in body:
                    yield from visit(child, early=False)
                for child in orelse:
                    yield from visit(child, early)
            case _:
                for child in ast.iter_child_nodes(node):
                    yield from visit(child, early)

    yield from visit(tree, early=True)


def all_imports() -> Iterator[Import]:
    for path, tree in sources().items():
        yield from imports_in(path, tree)


def room_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def inner_imports() -> Iterator[tuple[Import, str]]:
    """Imports of one room by another, with the room that is imported."""
    for found in all_imports():
        package, _, rest = found.module.partition(".")
        target = rest.partition(".")[0]
        if package != "archspec" or room_of(found.path) == "__init__" or not target:
            continue
        if target != room_of(found.path):
            yield found, target


def faults_of_arrows(found: list[tuple[Import, str]]) -> list[str]:
    faults = []
    for import_, target in found:
        source = room_of(import_.path)
        if target == "__version__":
            continue
        if target not in ROOMS:
            faults.append(f"{import_.place} imports {import_.module}, which is in no room")
        elif ROOMS[target] > ROOMS[source]:
            faults.append(
                f"{import_.place} imports {import_.module}: "
                f"{source} ({ROOMS[source]}) is below {target} ({ROOMS[target]})"
            )
    return faults


def test_every_file_is_in_a_room() -> None:
    assert {room_of(path) for path in sources()} - {"__init__"} <= set(ROOMS)


def test_the_document_lists_the_rooms() -> None:
    """Rooms that are planned only (`lsp`, `preview`) are not on the page yet."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| `([a-z]+)(?:\.py|/)` \|", page, flags=re.MULTILINE)
    listed = {room: int(number) for number, room in rows}
    existing = {room_of(path) for path in sources()} - {"__init__", "__main__"}
    assert listed == {room: ROOMS[room] for room in existing}


def test_imports_go_down() -> None:
    found = list(inner_imports())
    assert len(found) > 100
    assert faults_of_arrows(found) == []


def test_rooms_of_one_number_do_not_import_each_other_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {}
    for import_, target in inner_imports():
        arrows.setdefault(room_of(import_.path), set()).add(target)
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_an_arrow_that_goes_up_is_found() -> None:
    source = (
        "from typing import Any\ndef f() -> Any:\n    from ..cli import main\n    return main\n"
    )
    (found,) = [
        import_
        for import_ in imports_in(Path("dims/planted.py"), ast.parse(source))
        if import_.module.startswith("archspec")
    ]
    assert found == Import(Path("dims/planted.py"), 3, "archspec.cli.main", early=False)
    assert faults_of_arrows([(found, "cli")]) == [
        "archspec/dims/planted.py:3 imports archspec.cli.main: dims (1) is below cli (7)"
    ]


@pytest.mark.parametrize("library", sorted(HOMES))
def test_libraries_have_their_homes(library: str) -> None:
    elsewhere = [
        found.place
        for found in all_imports()
        if found.module.split(".")[0] == library
        and not {room_of(found.path), found.path.as_posix()} & HOMES[library]
    ]
    assert elsewhere == []


@pytest.mark.parametrize("library", sorted(LATE))
def test_heavy_libraries_are_imported_when_needed(library: str) -> None:
    early = [f.place for f in all_imports() if f.module.split(".")[0] == library and f.early]
    assert early == []


def test_elaboration_needs_pydantic_only_to_tell_faults() -> None:
    here = [
        found
        for found in all_imports()
        if found.module.startswith("pydantic.") and room_of(found.path) == "elaborate"
    ]
    assert here
    assert not any(found.early for found in here)


def test_nothing_is_imported_from_outside_but_the_declared() -> None:
    declared = {"archspec", "click", "lark", "networkx", "numpy", "pydantic", "rich"}
    declared |= {"graphviz", "pygraphviz", "safetensors", "torch"}
    declared |= {"annotated_types", "pydantic_core"}  # pydantic's own
    outside = {
        f.module.split(".")[0]: f.place
        for f in all_imports()
        if f.module.split(".")[0] not in declared | sys.stdlib_module_names
    }
    assert outside == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(path) for path, tree in sources().items() if not ast.get_docstring(tree)]
    assert silent == []


def test_no_file_is_long() -> None:
    lengths = {
        path.as_posix(): len((PACKAGE / path).read_text(encoding="utf-8").splitlines())
        for path in sources()
    }
    assert {path: n for path, n in lengths.items() if n > LONGEST} == {}


STATIC: Final = """
import sys
import archspec
from archspec import pipeline

spec = archspec.load(sys.argv[1])
assert spec.check() == ()
model = spec[spec.models[0]]
model.source()
model.summary().to_json()
heavy = {"torch", "networkx", "numpy", "rich"} & set(sys.modules)
assert not heavy, heavy
"""


def test_static_work_loads_nothing_heavy() -> None:
    """What is found by running: libraries that import torch for us would not show in the source."""
    spec = ROOT / "specs" / "densenet.arch"
    run = subprocess.run(
        [sys.executable, "-c", STATIC, str(spec)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
