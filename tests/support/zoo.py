"""The specs of this repository: their graphs, what is emitted for them, published numbers."""

import csv
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from archspec.elaborate import Elaborated
from archspec.pipeline import Program, build_graph, emit_python, load_file

ROOT: Final = Path(__file__).parents[2]
SPECS: Final = ROOT / "specs"
DIGITS: Final = SPECS / "digits"
SAMPLES: Final = ROOT / "tests" / "specs" / "samples"
LANGUAGE: Final = ROOT / "tests" / "specs" / "language"


@dataclass(frozen=True, slots=True)
class Case:
    """A model of a spec, and the model of another library or paper that it is compared with."""

    spec: str
    model: str
    #: Its row in `models.csv`, where it has one, and its name in the library.
    reference: str
    source: str = "torchvision"
    #: Height and width of the images of the parity tests.
    image: int = 64
    #: Those at which MACs are counted, where `models.csv` has no row.
    size: int = 224
    #: What the library's constructor is given.
    options: dict[str, Any] = field(default_factory=dict)
    #: The model's arguments for which it computes what the library's does in eval mode, where that
    #: is less than in train mode, as without auxiliary classifiers. MACs are counted with them.
    inference: dict[str, Any] = field(default_factory=dict)
    #: Whether the row of `models.csv` with this name is about this very model.
    listed: bool = True
    #: Whether gradients are compared in float64; in float32 where weights would fill the memory.
    double: bool = True
    #: Too slow for every run of the tests.
    exhaustive: bool = False
    #: Arguments of a model of the family that the tests of every run compare instead.
    small: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.model

    @property
    def published(self) -> "Published | None":
        return published().get(self.reference) if self.listed else None


@dataclass(frozen=True, slots=True)
class Published:
    """The numbers of a model in `models.csv`; None where none is given."""

    input_size: int | None
    parameters: int
    macs: int | None


@cache
def published() -> dict[str, Published]:
    """The rows of `models.csv`, by model."""

    def number(text: str) -> int | None:
        return int(text) if text else None

    path = ROOT / "tests" / "parity" / "models.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        row["model"]: Published(
            number(row["input_size"]), int(row["parameters"]), number(row["macs"])
        )
        for row in rows
    }


@cache
def program(path: Path) -> Program:
    return load_file(path)


def graph_of(spec: str, model: str, **overrides: Any) -> Elaborated:
    """The checked graph of a model in `specs/`."""
    return build_graph(program(SPECS / f"{spec}.arch"), model, overrides)


@cache
def emitted_source(path: Path) -> str:
    """The Python file of all models of a spec."""
    spec = program(path)
    return emit_python([build_graph(spec, name) for name in spec.models])


@cache
def emitted(spec: str) -> ModuleType:
    """The emitted module of `specs/<spec>.arch`, imported."""
    return import_source(f"emitted_{spec}", emitted_source(SPECS / f"{spec}.arch"))


def import_source(name: str, source: str) -> ModuleType:
    """Run `source` as a module that can be found by its name, as pickling needs."""
    import linecache
    import sys

    module = ModuleType(name)
    module.__file__ = f"<{name}>"
    linecache.cache[module.__file__] = (len(source), None, source.splitlines(True), module.__file__)
    sys.modules[name] = module
    exec(compile(source, module.__file__, "exec"), vars(module))
    return module
