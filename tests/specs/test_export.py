"""Emitted modules under `torch.export` with open sizes, and `torch.compile(fullgraph=True)`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._dynamo.exc import UserError
from torch.export import Dim, export

from archspec import loads
from archspec.elaborate import Elaborated
from archspec.pipeline import build_graph, emit_python, load_file
from tests.support.zoo import LANGUAGE, SAMPLES, SPECS, graph_of, import_source


@dataclass(frozen=True, slots=True)
class Exported:
    """A small form of a model, shapes to export with, and other allowed shapes."""

    spec: str
    model: str
    arguments: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    others: tuple[tuple[int, ...], ...]
    vocabulary: int = 0
    slow: bool = field(default=False, compare=False)

    def inputs(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(1)
        if self.vocabulary:
            return tuple(torch.randint(0, self.vocabulary, s, generator=generator) for s in shapes)
        return tuple(torch.randn(s, generator=generator) for s in shapes)

    def network(self) -> Any:
        torch.manual_seed(0)
        source = emit_python([graph_of(self.spec, self.model, **self.arguments)])
        module = import_source(f"emitted_for_export_{self.model}", source)
        return getattr(module, self.model)().eval()


CASES = [
    Exported("unet", "UNet", {"base": 4}, ((2, 3, 32, 48),), ((1, 3, 64, 80),)),
    Exported(
        "gpt2",
        "GPT2",
        {"vocab": 50, "context": 16, "dim": 32, "depth": 2, "heads": 4},
        ((2, 8),),
        ((1, 16),),
        vocabulary=50,
    ),
    Exported(
        "densenet",
        "DenseNet121",
        {"growth": 4, "stem": 8},
        ((2, 3, 64, 96),),
        ((1, 3, 65, 70),),
        slow=True,
    ),
    Exported("resnet", "ResNet18", {}, ((2, 3, 64, 96),), ((1, 3, 65, 70),), slow=True),
    Exported("siamese", "Siamese", {}, ((2, 1, 28, 28),) * 2, ((3, 1, 28, 28),) * 2),
]
cases = pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.model, marks=pytest.mark.exhaustive if c.slow else ()) for c in CASES],
)


@cases
@pytest.mark.filterwarnings("ignore")  # torch's own, of its internals
def test_export_keeps_sizes_open(case: Exported) -> None:
    network = case.network()
    program = export(
        network, case.inputs(case.shapes), dynamic_shapes=network.dynamic_shapes()
    ).module()
    for shapes in (case.shapes, case.others):
        inputs = case.inputs(shapes)
        with torch.no_grad():
            torch.testing.assert_close(program(*inputs), network(*inputs))


@pytest.mark.filterwarnings("ignore")
def test_free_sizes_fail_where_stated_ones_export() -> None:
    """What `dynamic_shapes` is for: torch.export cannot find by itself that H % 16 == 0."""
    case = CASES[0]
    network, inputs = case.network(), case.inputs(case.shapes)
    free = {"image": {0: Dim("B"), 2: Dim("H"), 3: Dim("W")}}
    with pytest.raises(UserError, match=r"L\['image'\]\.size\(\)\[2\] // 8\) == \(2"):
        export(network, inputs, dynamic_shapes=free)


def module_of(text: str) -> Any:
    return loads(text)["Net"].module().eval()


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("", 'Dim("T")'),
        ("where T % 4 == 0", '4 * Dim("_T", min=2)'),
        ("where T % 4 == 2, T >= 10, T <= 61", '4 * Dim("_T", min=2, max=14) + 2'),
        ("where 3 <= T <= 8", 'Dim("T", min=3, max=8)'),
        ("where T < limit", 'Dim("T", max=self.limit - 1)'),
        ("where T % unit == 0", 'self.unit * Dim("_T", min=2)'),
        ("where T % 4 == 0, T % 6 == 0", '12 * Dim("_T", min=2)'),
        ("where T % 3 in [0, 2]", "Dim.AUTO"),
        ("where T % 2 != 0", '2 * Dim("_T", min=2) + 1'),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_conditions_as_torch_export_states_them(where: str, shown: str) -> None:
    text = f"""
    model Net(unit = 4, limit = 64) {{
        input x: float[B, T, 8] {where}
        require unit < limit
        fc: Linear(4)
    }}
    """
    source = loads(text)["Net"].source()
    assert f'{{0: Dim("B"), 1: {shown}}}}}' in source
    assert ("(`AUTO`)" in source) is (shown == "Dim.AUTO")
    network = module_of(text)
    sizes = {
        "where T % 4 == 2, T >= 10, T <= 61": 14,
        "where T % 2 != 0": 9,
        "where 3 <= T <= 8": 6,
    }
    size = sizes.get(where, 24)
    inputs = (torch.randn(2, size, 8),)
    program = export(network, inputs, dynamic_shapes=network.dynamic_shapes()).module()
    torch.testing.assert_close(program(*inputs), network(*inputs))


@pytest.mark.filterwarnings("ignore")
def test_inputs_that_share_sizes() -> None:
    text = """
    model Net {
        input a: float[B, T, 8] where T % 2 == 0
        input b: float[B, 2 * T, 8]
        input c: float[3, 4]
        y = b -> rearrange("b (t k) d -> b t (k d)", k=2) -> Linear(8)
        output z = a + y, w = c
    }
    """
    network = module_of(text)
    shapes = network.dynamic_shapes()
    assert set(shapes) == {"a", "b", "c"}
    assert shapes["c"] == {}
    inputs = (torch.randn(2, 6, 8), torch.randn(2, 12, 8), torch.randn(3, 4))
    program = export(network, inputs, dynamic_shapes=shapes).module()
    others = (torch.randn(3, 8, 8), torch.randn(3, 16, 8), torch.randn(3, 4))
    for given in (inputs, others):
        torch.testing.assert_close(program(*given), network(*given))


def smallest_inputs(model: Elaborated, network: Any) -> tuple[Tensor, ...]:
    """On the meta device, with the smallest sizes that `dynamic_shapes` allows."""
    graph = model.graph
    values: dict[str, int] = {}
    ranges = network.dynamic_shapes()
    for (_, tensor), axes in zip(model.frame.inputs, ranges.values(), strict=True):
        for axis, dim in enumerate(tensor.type.shape):
            for name in dim.symbols() - values.keys():
                least = max(getattr(axes[axis], "min", 8), 2)
                values[name] = next(v for v in graph.domains[name] if v >= least)
    dtypes = {"int": torch.int64, "bool": torch.bool}
    return tuple(
        torch.zeros(
            [dim.evaluate(values) for dim in tensor.type.shape],
            dtype=dtypes.get(tensor.type.kind, torch.float32),
            device="meta",
        )
        for _, tensor in model.frame.inputs
    )


FILES = [p for folder in (SPECS, SAMPLES, LANGUAGE) for p in sorted(folder.glob("*.arch"))]
#: Of the families in specs/ the first member: the others differ in widths and depths.
MODELS = [
    (path, name)
    for path in FILES
    for name in list(load_file(path).models)[: 1 if path.parent == SPECS else None]
]


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("path", "name"), MODELS, ids=lambda v: getattr(v, "stem", v))
def test_every_model_exports(path: Path, name: str) -> None:
    model = build_graph(load_file(path), name)
    source = emit_python([model])
    made: Any = getattr(import_source(f"exported_{path.stem}_{name}", source), name)
    with torch.device("meta"):
        network = made().eval()
    if any(dim.const is None for _, t in model.frame.inputs for dim in t.type.shape):
        inputs = smallest_inputs(model, network)
        export(network, inputs, dynamic_shapes=network.dynamic_shapes())


@cases
@pytest.mark.filterwarnings("ignore")
def test_compiles_without_graph_breaks(case: Exported) -> None:
    network = case.network()
    compiled: Any = torch.compile(network, backend="eager", fullgraph=True)
    inputs = case.inputs(case.shapes)
    with torch.no_grad():
        torch.testing.assert_close(compiled(*inputs), network(*inputs))
