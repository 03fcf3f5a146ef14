"""The text of the test file: what each model is expected to be, before tests that never change."""

from collections.abc import Sequence
from importlib.resources import files
from string import Template

from archspec import pycode as py
from archspec.backends.standalone.braces import folded
from archspec.backends.standalone.gradients import without_gradient
from archspec.dims import Dim
from archspec.elaborate import Elaborated
from archspec.ir import Graph
from archspec.layers.base import TensorType
from archspec.passes.costs import costs, count_of
from archspec.passes.sizes import batch_symbol, open_sizes
from archspec.pycode.printer import print_module

#: What an open size is where the model allows it, or else the next that it does allow.
USUAL = 32


def standalone_test(models: Sequence[Elaborated], module: str, test: str) -> str:
    """A pytest file called `test`, of `models` as they stand in the file `module` beside it.

    It needs pytest and torch, and what the module itself imports. The same bytes on every run.
    """
    template = files("archspec.backends.standalone").joinpath("template.txt").read_text("utf-8")
    rows = {m.entry.name: _expected(m.graph) for m in models}
    table = py.Dict(tuple((py.const(name), row) for name, row in rows.items()))
    assign = py.Assign(py.name("MODELS"), table)
    smallest = min(models, key=lambda m: costs(m.graph).parameters)
    source = models[0].entry.scope.source.name.replace("\\", "/").rsplit("/", 1)[-1]
    return Template(template).substitute(
        FILE=module,
        TEST=test,
        SOURCE=source,
        MODULE=py.print_expr(py.const(module.removesuffix(".py"))),
        MODELS=_without_imports(print_module(py.Module(None, (assign,)))),
        SMALLEST=py.print_expr(py.const(smallest.entry.name)),
    )


def _without_imports(text: str) -> str:
    """The template has its own."""
    return text[text.index("MODELS") :].strip()


def _expected(graph: Graph) -> py.Expr:
    found = costs(graph)
    inputs = [(graph.node(id).name, graph.node(id).outputs[0]) for id in graph.inputs]
    outputs = [(name, graph.type_of(value)) for name, value in graph.outputs]
    calls = tuple(
        py.Tuple((_shapes(inputs, sizes), _shapes(outputs, sizes))) for sizes in _sizes(graph)
    )
    names = [name for module in graph.modules() for name, _ in module.all_weights()]
    dtypes = tuple((py.const(n), _dtype(t)) for n, t in inputs if t.dtype not in _FLOAT)
    keywords: list[tuple[str, py.Expr]] = [
        ("calls", py.Tuple(calls)),
        ("parameters", py.const(found.parameters)),
        ("trainable", py.const(found.trainable)),
        ("names", py.const(folded(names))),
    ]
    tied = _tied(graph)
    unused = folded(without_gradient(graph))
    keywords += [("tied", py.const(tied))] if tied else []
    keywords += [("unused", py.const(unused))] if unused else []
    keywords += [("dtypes", py.Dict(dtypes))] if dtypes else []
    return py.Call(py.name("Model"), (), tuple(keywords))


_FLOAT = ("float", "float32")


def _dtype(type_: TensorType) -> py.Expr:
    return py.dotted("torch." + {"int": "int64"}.get(type_.dtype, type_.dtype))


def _shapes(tensors: Sequence[tuple[str, TensorType]], sizes: dict[str, int]) -> py.Expr:
    rows = []
    for name, type_ in tensors:
        shape = tuple(count_of(Dim.of(dim).substitute(sizes)) for dim in type_.shape)
        rows.append((py.const(name), py.const(shape)))
    return py.Dict(tuple(rows))


def _sizes(graph: Graph) -> list[dict[str, int]]:
    """Values of the open sizes, and other values where there are open sizes."""
    first: dict[str, int] = {}
    second: dict[str, int] = {}
    batch = batch_symbol(graph)
    for name in open_sizes(graph):
        first[name] = _allowed(graph, name, 2 if name == batch else USUAL)
        second[name] = _allowed(graph, name, first[name] + 1)
    return [first] if first == second else [first, second]


def _allowed(graph: Graph, name: str, wanted: int) -> int:
    """The next value from `wanted` on that the model takes, else the largest below."""
    domain = graph.domains[name]
    least = max(wanted, domain.lower)
    above = (size for size in range(least, least + domain.modulus) if size in domain)
    below = (size for size in range(wanted, 0, -1) if size in domain)
    return next(above, None) or next(below)


def _tied(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """The names of each tied weight; a tie to a tied weight is one more name of it."""
    sources = {tie.target: tie.source for tie in graph.ties}
    groups: dict[str, list[str]] = {}
    for target in sources:
        source = target
        while source in sources:
            source = sources[source]
        groups.setdefault(source, [source]).append(target)
    return tuple(tuple(group) for group in groups.values())
