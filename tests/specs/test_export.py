"""Emitted modules under `torch.export` with open sizes, and `torch.compile(fullgraph=True)`."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export

from archspec.pipeline import emit_python
from tests.support.zoo import graph_of, import_source

#: torch.export tells size 1 apart from all others, so ranges begin where no feature map has size 1.
H, W = Dim("H", min=64, max=512), Dim("W", min=64, max=512)
IMAGE = ({0: Dim("B"), 2: H, 3: W},)


@dataclass(frozen=True, slots=True)
class Exported:
    """A small form of a model, shapes to export with, open axes, and other allowed shapes."""

    spec: str
    model: str
    arguments: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    dynamic: Any
    others: tuple[tuple[int, ...], ...]
    vocabulary: int = 0
    slow: bool = field(default=False, compare=False)

    def inputs(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(1)
        if self.vocabulary:
            return tuple(torch.randint(0, self.vocabulary, s, generator=generator) for s in shapes)
        return tuple(torch.randn(s, generator=generator) for s in shapes)

    def network(self) -> nn.Module:
        torch.manual_seed(0)
        source = emit_python([graph_of(self.spec, self.model, **self.arguments)])
        module = import_source(f"emitted_for_export_{self.model}", source)
        network: nn.Module = getattr(module, self.model)().eval()
        return network


SIXTEENTHS = ({0: Dim("B"), 2: 16 * Dim("h", max=64), 3: 16 * Dim("w", max=64)},)
PAIR = ({0: Dim("B")}, {0: Dim("B")})
CASES = [
    Exported("unet", "UNet", {"base": 4}, ((2, 3, 32, 48),), SIXTEENTHS, ((1, 3, 64, 80),)),
    Exported(
        "gpt2",
        "GPT2",
        {"vocab": 50, "context": 16, "dim": 32, "depth": 2, "heads": 4},
        ((2, 8),),
        ({0: Dim("B"), 1: Dim("T", max=16)},),
        ((1, 16),),
        vocabulary=50,
    ),
    Exported(
        "densenet",
        "DenseNet121",
        {"growth": 4, "stem": 8},
        ((2, 3, 64, 96),),
        IMAGE,
        ((1, 3, 65, 70),),
        slow=True,
    ),
    Exported("resnet", "ResNet18", {}, ((2, 3, 64, 96),), IMAGE, ((1, 3, 65, 70),), slow=True),
    Exported("siamese", "Siamese", {}, ((2, 1, 28, 28),) * 2, PAIR, ((3, 1, 28, 28),) * 2),
]
cases = pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.model, marks=pytest.mark.exhaustive if c.slow else ()) for c in CASES],
)


@cases
@pytest.mark.filterwarnings("ignore")  # torch's own, of its internals
def test_export_keeps_sizes_open(case: Exported) -> None:
    network = case.network()
    program = export(network, case.inputs(case.shapes), dynamic_shapes=case.dynamic).module()
    for shapes in (case.shapes, case.others):
        inputs = case.inputs(shapes)
        with torch.no_grad():
            torch.testing.assert_close(program(*inputs), network(*inputs))


@cases
@pytest.mark.filterwarnings("ignore")
def test_compiles_without_graph_breaks(case: Exported) -> None:
    network = case.network()
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    inputs = case.inputs(case.shapes)
    with torch.no_grad():
        torch.testing.assert_close(compiled(*inputs), network(*inputs))
