"""One model of each spec, small enough to run, with inputs of two sizes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from archspec.elaborate import Elaborated
from archspec.pipeline import build_graph, emit_python
from tests.support.zoo import DIGITS, SPECS, import_source, program

#: Arguments that make a family's first model smaller; nothing where it is small, or is not open.
SMALL: Final[Mapping[str, Mapping[str, Any]]] = {
    "bert": {"vocab": 50, "context": 16, "dim": 32, "depth": 2, "heads": 4},
    "byol": {"hidden": 32, "dim": 8},
    "convnext": {"widths": [16, 24, 32, 48], "depths": [1, 2, 1, 1]},
    "densenet": {"growth": 8, "stem": 16},
    "gpt2": {"vocab": 50, "context": 16, "dim": 32, "depth": 2, "heads": 4},
    "logdensenet": {"growth": 8, "stem": 16},
    "mixer": {"patch": 8, "dim": 32, "depth": 2, "tokens": 16, "side": 32},
    "simsiam": {"dim": 64, "hidden": 16},
    "swin": {"dim": 8, "depths": [2, 2], "heads": [2, 4], "window": 4, "side": 44},
    "swin_v2": {"dim": 8, "depths": [2, 2], "heads": [2, 4], "window": 4, "side": 44},
    "unet": {"base": 8},
    "vit": {"patch": 8, "dim": 32, "depth": 2, "heads": 4, "side": 32},
}
#: A text's length and an image's side, where a model allows them.
LENGTH: Final = 8
SIDE: Final = 64

Sizes = dict[str, int]


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that is deployed: a spec, and the name of its first model."""

    path: Path
    model: str

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.model}" if self.digits else self.model

    @property
    def digits(self) -> bool:
        return self.path.parent == DIGITS

    def elaborated(self) -> Elaborated:
        small = {} if self.digits else SMALL.get(self.path.stem, {})
        return build_graph(program(self.path), self.model, dict(small))

    def network(self) -> nn.Module:
        """A new one, with the initial weights of a seed, in eval mode."""
        torch.manual_seed(0)
        made: nn.Module = _class(self)()
        return made.eval()

    def sizes(self) -> tuple[Sizes, Sizes]:
        """Values of the open sizes: usual ones, and others that the model allows as well."""
        graph = self.elaborated().graph
        first: Sizes = {}
        second: Sizes = {}
        own: Any = getattr(self.blank(), "dynamic_shapes", dict)
        shapes = own()
        least = _least(self.elaborated(), shapes)
        for _, tensor in self.elaborated().frame.inputs:
            for dim in tensor.type.shape:
                for name in sorted(dim.symbols() - first.keys()):
                    usual = {"B": 2, "T": LENGTH}.get(name, SIDE)
                    domain, wanted = graph.domains[name], max(usual, least.get(name, 0))
                    first[name] = next(v for v in range(wanted, wanted + 1024) if v in domain)
                    after = range(first[name] + 1, first[name] + 1024)
                    second[name] = next((v for v in after if v in domain), first[name])
        return first, second

    def blank(self) -> nn.Module:
        """The model without memory for its weights."""
        with torch.device("meta"):
            made: nn.Module = _class(self)()
        return made

    def inputs(self, sizes: Sizes) -> tuple[Tensor, ...]:
        """Random tensors of these sizes; of a mask, all but the last column is set."""
        model = self.elaborated()
        generator = torch.Generator().manual_seed(1)
        found = []
        for _, tensor in model.frame.inputs:
            shape = [dim.evaluate(sizes) for dim in tensor.type.shape]
            match tensor.type.kind:
                case "int":  # an entry of a table: of words, of two segments, of pixels' values
                    found.append(torch.randint(0, 2, shape, generator=generator))
                case "bool":
                    mask = torch.ones(shape, dtype=torch.bool)
                    mask[..., -1] = False
                    found.append(mask)
                case _:
                    found.append(torch.randn(shape, generator=generator))
        return tuple(found)


def _least(model: Elaborated, shapes: Mapping[str, Any]) -> Sizes:
    """The smallest value of each open size that `dynamic_shapes` allows, where it has one."""
    found: Sizes = {}
    for (_, tensor), axes in zip(model.frame.inputs, shapes.values(), strict=False):
        for axis, dim in enumerate(tensor.type.shape):
            if len(dim.symbols()) == 1:
                (name,) = dim.symbols()
                found[name] = max(found.get(name, 0), getattr(axes.get(axis), "min", None) or 0)
    return found


@cache
def _class(subject: Subject) -> Any:
    source = emit_python([subject.elaborated()])
    module = import_source(f"deployed_{subject.path.parent.name}_{subject.path.stem}", source)
    return getattr(module, subject.model)


def _all() -> tuple[Subject, ...]:
    paths = [path for folder in (SPECS, DIGITS) for path in sorted(folder.glob("*.arch"))]
    return tuple(Subject(path, next(iter(program(path).models))) for path in paths)


#: The first model of every spec: the others of a family differ in widths and depths.
SUBJECTS: Final = _all()
