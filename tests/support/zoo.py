"""The specs of this repository, and what each of their models is compared with."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from archspec.elaborate import Elaborated
from archspec.pipeline import Program, build_graph, emit_python, load_file

ROOT: Final = Path(__file__).parents[2]
SPECS: Final = ROOT / "specs"
SAMPLES: Final = ROOT / "tests" / "specs" / "samples"
LANGUAGE: Final = ROOT / "tests" / "specs" / "language"


@dataclass(frozen=True, slots=True)
class Case:
    """A model of a spec, its row in `models.csv`, which for torchvision's is its function there."""

    spec: str
    model: str
    reference: str

    def __str__(self) -> str:
        return self.reference


#: Compared with torchvision in full: names, numbers, outputs, gradients.
TORCHVISION: Final = (
    Case("densenet", "DenseNet121", "densenet121"),
    Case("densenet", "DenseNet161", "densenet161"),
    Case("densenet", "DenseNet169", "densenet169"),
    Case("densenet", "DenseNet201", "densenet201"),
    Case("resnet", "ResNet18", "resnet18"),
    Case("resnet", "ResNet34", "resnet34"),
    Case("resnet", "ResNet50", "resnet50"),
    Case("resnet", "ResNet101", "resnet101"),
    Case("resnet", "ResNet152", "resnet152"),
    Case("resnet", "ResNeXt50_32x4d", "resnext50_32x4d"),
    Case("resnet", "WideResNet50_2", "wide_resnet50_2"),
)

#: Compared with published numbers.
COUNTED: Final = (
    *TORCHVISION,
    Case("unet", "OriginalUNet", "unet_original_valid_convs"),
    Case("gpt2", "GPT2", "gpt2"),
    Case("gpt2", "GPT2Medium", "gpt2-medium"),
    Case("gpt2", "GPT2Large", "gpt2-large"),
    Case("gpt2", "GPT2XL", "gpt2-xl"),
)


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
