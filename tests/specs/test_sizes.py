"""For every model and size the verdict is PyTorch's: a size is allowed if and only if it runs.

To run is to give outputs of the shapes that the spec declares, where it declares any.

Heights are tried with a width that fits, widths with such a height, and both at random: that one
does not decide about the other is what the random points are for.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from archspec.dims import Dim, Domain, Domains
from archspec.elaborate import Elaborated
from archspec.ir import Graph
from archspec.pipeline import build_graph
from archspec.syntax import ast
from tests.support.covering import covering
from tests.support.torch_graph import GraphRunner
from tests.support.torch_rule import Refusal
from tests.support.zoo import SPECS, program

#: The largest size that is tried, as the smallest is 1.
MOST: Final = 256
#: Sizes that every run tries, beside those around the smallest that is allowed.
USUAL: Final = (1, 2, 3, 8, 15, 31, 32, 48, 63, 64, 100, 128, 224, 255)

#: Models whose `where` asks for more than PyTorch needs, with the reason.
LEDGER: Final = {
    "MaxViT": "222 pixels halve to the same as 224, a padding that would be met at one edge only",
}

Point = dict[str, int]


def open_sizes(graph: Graph) -> list[str]:
    """The sizes that the inputs leave open, without that of the batch."""
    types = [graph.node(node).outputs[0] for node in graph.inputs]
    return sorted({s for kind in types for dim in kind.shape[1:] for s in dim.symbols()})


def fitting(domain: Domain) -> int:
    """An allowed size that leaves room to every layer, but no more work than it must."""
    return next((size for size in domain if size >= 64), domain.smallest or 1)


def every(graph: Graph) -> Iterator[Point]:
    """All sizes up to `MOST`, one after the other, and 500 random points."""
    yield from _lines(graph, range(1, MOST + 1))
    yield from _anywhere(graph, 500)


def some(graph: Graph) -> Iterator[Point]:
    """Usual sizes, those around the smallest, and a few random points."""
    bounds = {graph.domains[name].smallest or 1 for name in open_sizes(graph)}
    near = {size + step for size in bounds for step in (-2, -1, 0, 1, 2)}
    yield from _lines(graph, sorted(size for size in {*USUAL, *near} if size > 0))
    yield from _anywhere(graph, 8)


def _lines(graph: Graph, sizes: "range | list[int]") -> Iterator[Point]:
    names = open_sizes(graph)
    fixed = {name: fitting(graph.domains[name]) for name in names}
    for name in names:
        for size in sizes:
            yield {"B": 2, **fixed, name: size}


def _anywhere(graph: Graph, count: int) -> Iterator[Point]:
    """Half of them allowed, where the largest that is tried is."""
    chance = random.Random(0)
    names = open_sizes(graph)
    allowed = {n: [v for v in range(1, MOST + 1) if v in graph.domains[n]] for n in names}
    for number in range(count if len(names) > 1 else 0):
        point = {name: chance.randint(1, MOST) for name in names}
        if number % 2 and all(allowed.values()):
            point = {name: chance.choice(allowed[name]) for name in names}
        yield {"B": chance.randint(1, 3), **point}


def declared(model: Elaborated, point: Point) -> Iterator[list[int | None] | None]:
    """The shapes that the outputs of a model are said to have; None: nothing is said of it."""
    known = {k: v for k, v in model.frame.constants.items() if isinstance(v, int | float | list)}
    for statement in model.entry.block.body.statements:
        if isinstance(statement, ast.Output):
            for item in statement.items:
                dims = item.shape.dims if item.shape is not None else None
                yield None if dims is None else [_size(d, {**known, **point}) for d in dims]


def _size(dim: ast.Expr | ast.Ellipsis, values: Mapping[str, Any]) -> int | None:
    if isinstance(dim, ast.Ellipsis):
        return None
    return int(eval(dim.span.text, {"len": len}, dict(values)))


def differ(shape: tuple[Dim, ...], wanted: list[int | None] | None) -> bool:
    if wanted is None or None in wanted:
        return False
    return [dim.const for dim in shape] != wanted


def faults(model: Elaborated, points: Iterator[Point], domains: Domains) -> Iterator[str]:
    """Where `domains` and PyTorch disagree."""
    runner = GraphRunner()
    seen: set[tuple[tuple[str, int], ...]] = set()
    for point in points:
        key = tuple(point.items())
        if key in seen:
            continue
        seen.add(key)
        refusal = None
        try:
            found = runner.run(model.graph, point)
        except Refusal as error:
            refusal = str(error)
        else:
            for kind, wanted in zip(found, declared(model, point), strict=False):
                if differ(kind.shape, wanted):
                    refusal = f"gives {kind}, not {wanted}"
        allowed = point in domains
        if allowed and refusal is not None:
            yield f"{point} is allowed, but PyTorch says: {refusal}"
        elif not allowed and refusal is None:
            yield f"{point} is refused, but PyTorch runs it"


MODELS: Final = [
    (path, name)
    for path in sorted(SPECS.glob("*.arch"))
    for name in covering(path)
    if open_sizes(build_graph(program(path), name).graph)
]
each_model = pytest.mark.parametrize(
    ("path", "name"), MODELS, ids=[f"{path.stem}-{name}" for path, name in MODELS]
)


def checked(path: Path, name: str) -> Elaborated:
    return build_graph(program(path), name)


@each_model
def test_allowed_sizes_are_those_that_run(path: Path, name: str) -> None:
    model = checked(path, name)
    found = [*faults(model, some(model.graph), model.graph.domains)]
    if model.entry.block.name.id in LEDGER:
        assert found, "the entry in the ledger is not needed"
        found = [fault for fault in found if "is refused" not in fault]
    assert found == []


@pytest.mark.exhaustive
@each_model
def test_all_sizes(path: Path, name: str) -> None:
    model = checked(path, name)
    found = [*faults(model, every(model.graph), model.graph.domains)]
    excused = model.entry.block.name.id in LEDGER
    assert [f for f in found if not (excused and "is refused" in f)] == []


def test_a_bound_off_by_one_is_caught() -> None:
    model = checked(SPECS / "densenet.arch", "DenseNet121")
    points = [{"B": 2, "H": size, "W": 64} for size in (27, 28, 29, 30)]
    assert [*faults(model, iter(points), model.graph.domains)] == []
    for wrong in (28, 30):
        domains = model.graph.domains.replace("H", Domain(lower=wrong))
        assert len([*faults(model, iter(points), domains)]) == 1


def test_a_residue_too_many_is_caught() -> None:
    model = checked(SPECS / "unet.arch", "UNet")
    points = [{"B": 2, "H": size, "W": 64} for size in range(16, 49)]
    assert [*faults(model, iter(points), model.graph.domains)] == []
    for modulus in (8, 32):
        domains = model.graph.domains.replace("H", Domain(16, None, modulus, frozenset({0})))
        assert [*faults(model, iter(points), domains)]
