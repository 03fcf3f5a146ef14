"""`dynamic_shapes` of a model: its open sizes as `torch.export.export` takes them.

A size that leaves a remainder, `H % 16 == 12`, is `16 * Dim("_H", min=2) + 12`. torch.export tells
0 and 1 apart from all other sizes, so `_H` begins at 2, and ranges where no feature map inside has
a side of 1.
"""

from collections import Counter
from dataclasses import dataclass

from archspec import pycode as py
from archspec.backends.torch.emitter import Emitter
from archspec.backends.torch.inputs import is_model_class
from archspec.dims import Dim, DimError, Symbol, satisfying_lower
from archspec.elaborate.where import conjuncts
from archspec.ir import Graph
from archspec.layers.base import Obligation
from archspec.syntax import ast

AUTO = py.dotted("Dim.AUTO")
DOC = "The open sizes for `torch.export.export`."
ABOVE_ONE = "The open sizes for `torch.export.export`, where no map has a side of 1."
PARTLY = "What torch.export has no form for is left to it (`AUTO`)."


def dynamic_shapes(e: Emitter, sequential: bool) -> list[py.Stmt]:
    """The method; none for classes that are no models, and for models without open sizes."""
    if not is_model_class(e):
        return []
    shapes = [tensor.type.shape for _, tensor in e.passes[0].frame.inputs]
    uses = Counter(s for shape in shapes for dim in shape for s in dim.symbols())
    if not uses:
        return []
    graphs = e.planner.graphs(e.passes)
    sizes = {symbol: _size(e, symbol, graphs) for symbol in uses}
    body: list[py.Stmt] = []
    for symbol, size in sizes.items():
        if uses[symbol] > 1 and size != AUTO:
            body.append(py.Assign(py.name(symbol), size))
            sizes[symbol] = py.name(symbol)
    rows = []
    for name, shape in zip(["input"] if sequential else e.input_names, shapes, strict=True):
        axes = [(py.const(i), _axis(dim, sizes)) for i, dim in enumerate(shape) if dim.symbols()]
        rows.append((py.const(name), py.Dict(tuple(axes))))
    axes_of = [axis for _, row in rows for _, axis in row.items]
    grown = any(_least(g, s) > (g.domains[s].smallest or 1) for g in graphs for s in sizes)
    doc = ABOVE_ONE if grown else DOC
    return [
        py.FunctionDef(
            "dynamic_shapes",
            (py.Parameter("self"),),
            (*body, py.Return(py.Dict(tuple(rows)))),
            py.Subscript(py.name("dict"), (py.name("str"), py.name("Any"))),
            f"{doc}\n\n{PARTLY}" if AUTO in axes_of else doc,
        )
    ]


def _axis(dim: Dim, sizes: dict[str, py.Expr]) -> py.Expr:
    """The size of an axis: that of a symbol, a multiple of it, and a number more."""
    scale, shift, symbol = 0, 0, None
    for c, monomial in dim.terms():
        match monomial:
            case ():
                shift = c
            case ((Symbol(name=name), 1),) if symbol is None:
                scale, symbol = c, name
            case _:
                return AUTO
    if symbol is None or scale < 1 or sizes[symbol] == AUTO:
        return AUTO
    return _linear(py.const(scale), sizes[symbol], py.const(shift))


def _linear(scale: py.Expr, size: py.Expr, shift: py.Expr) -> py.Expr:
    if scale != py.const(1):
        size = py.Binary("*", scale, size)
    match shift:
        case py.Constant(value=int() as value) if value <= 0:
            return size if value == 0 else py.Binary("-", size, py.const(-value))
        case _:
            return py.Binary("+", size, shift)


# --- open sizes --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Stated:
    """What `where` says of one size: `size % scale == shift`, and upper bounds as written."""

    scale: py.Expr | None = None
    shift: py.Expr | None = None
    upper: py.Expr | None = None
    #: Whether there is no more to it than that.
    linear: bool = True


def _size(e: Emitter, symbol: str, graphs: list[Graph]) -> py.Expr:
    stated = _stated(e, symbol)
    domains = [graph.domains[symbol] for graph in graphs]
    if any(len(d.residues) != 1 for d in domains):
        return AUTO
    if not stated.linear:
        if len(set(domains)) > 1:
            return AUTO
        stated = _Stated(py.const(domains[0].modulus), py.const(min(domains[0].residues)))
    if stated.scale is None or stated.shift is None:
        stated.scale, stated.shift = py.const(1), py.const(0)
    moduli = [domain.modulus for domain in domains]
    least = max(
        -((min(d.residues) - _least(graph, symbol)) // d.modulus)
        for graph, d in zip(graphs, domains, strict=True)
    )
    derived = stated.scale != py.const(1)
    name, least = (f"_{symbol}", max(least, 2)) if derived else (symbol, least)
    limits = {"min": py.const(least)} if least > 1 else {}
    uppers = {
        None if d.upper is None else (d.upper - min(d.residues)) // d.modulus for d in domains
    }
    if stated.upper is not None and set(moduli) == {1}:
        limits["max"] = stated.upper
    elif len(uppers) == 1 and (upper := uppers.pop()) is not None:
        limits["max"] = py.const(upper)
    return _linear(stated.scale, py.call("Dim", py.const(name), **limits), stated.shift)


def _stated(e: Emitter, symbol: str) -> _Stated:
    found = _Stated()
    block = e.passes[0].frame.block
    for statement in block.body.statements:
        for condition in conjuncts(statement.where) if isinstance(statement, ast.Input) else ():
            match condition:
                case ast.Compare(
                    first=ast.Binary(op="%", left=ast.Name(id=id), right=modulus),
                    rest=((op, residue),),
                ) if id == symbol:
                    found.linear = found.linear and op == "==" and found.scale is None
                    if found.linear:
                        found.scale = e.translate_forward(modulus)
                        found.shift = e.translate_forward(residue)
                case ast.Compare(first=ast.Name(id=id), rest=(("<=" | "<" as op, bound),)) if (
                    id == symbol
                ):
                    written = e.translate_forward(bound)
                    if op == "<":
                        written = py.Binary("-", written, py.const(1))
                    found.upper = None if found.upper is not None else written
    return found


def _least(graph: Graph, symbol: str) -> int:
    """The smallest size from which on no axis inside that follows from it alone has size 1."""
    facts = {
        dim: Obligation("at_least", dim, Dim.of(2), "", "")
        for node in graph.nodes
        for type_ in node.outputs
        for dim in type_.shape
        if dim.symbols() == {symbol} and dim is not Dim.symbol(symbol)
    }
    domains = graph.domains
    for fact in facts.values():
        try:
            lower = satisfying_lower((fact,), symbol, domains)
        except DimError:
            continue
        if lower is not None and domains.with_lower(symbol, lower).contradiction is None:
            domains = domains.with_lower(symbol, lower)
    return domains[symbol].smallest or 1
