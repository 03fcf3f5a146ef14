"""The sizes that a model leaves open, and values for them."""

from collections.abc import Mapping

from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.diagnostics.suggest import closest
from archspec.dims import Dim
from archspec.ir import Graph


def batch_symbol(graph: Graph) -> str | None:
    """The open size that counts the examples of a batch: `B`, else the first axis of an input."""
    open_ = open_sizes(graph)
    if "B" in open_:
        return "B"
    for node in graph.inputs:
        shape = graph.node(node).outputs[0].shape
        name = _bare(shape[0]) if shape else None
        if name is not None:
            return name
    return None


def open_sizes(graph: Graph) -> tuple[str, ...]:
    """The symbols in the shapes of the inputs, in order."""
    found: dict[str, None] = {}
    for node in graph.inputs:
        for dim in graph.node(node).outputs[0].shape:
            found.update(dict.fromkeys(sorted(dim.symbols())))
    return tuple(found)


def size_names(graph: Graph, names: Mapping[str, object] | None = None) -> dict[str, str]:
    """The symbol that each name of an open size stands for; see `resolve_sizes`."""
    known = {name: name for name in open_sizes(graph)}
    for alias, value in (names or {}).items():
        symbol = _bare(value) if isinstance(value, Dim) else None
        if symbol is not None and symbol in known:
            known.setdefault(alias, symbol)
    return known


def resolve_sizes(
    graph: Graph, given: Mapping[str, int], names: Mapping[str, object] | None = None
) -> dict[str, int]:
    """`given` by symbol, checked; `names` may tell other names of a size (`where H == W`).

    Raises `ArchSpecError` for a size that no input has (A0115), and for a value that the model's
    `where` excludes (A0106).
    """
    known = size_names(graph, names)
    resolved: dict[str, int] = {}
    for name, size in given.items():
        if name not in known:
            raise ArchSpecError((_unknown(graph, name, list(known)),))
        symbol = known[name]
        if size not in graph.domains[symbol]:
            raise ArchSpecError((_excluded(graph, name, symbol, size),))
        if resolved.setdefault(symbol, size) != size:
            message = f"`{name}` and `{symbol}` are one size, so they cannot be {size} and "
            diagnostic = Diagnostic("A0106", "error", message + str(resolved[symbol]))
            raise ArchSpecError((_placed(diagnostic, graph, symbol),))
    return resolved


def _bare(dim: Dim) -> str | None:
    """The name of a dim that is one open size and nothing else."""
    symbols = dim.symbols()
    name = next(iter(symbols), None)
    return name if name is not None and dim is Dim.symbol(name) else None


def _unknown(graph: Graph, name: str, known: list[str]) -> Diagnostic:
    near = closest(name, known)
    if near:
        help = f"did you mean `{near[0]}`?"
    elif known:
        help = f"its open sizes are {', '.join(f'`{n}`' for n in known)}"
    else:
        help = "all sizes of its inputs are numbers"
    message = f"the inputs of `{graph.name}` have no open size `{name}`"
    return Diagnostic("A0115", "error", message, help=(help,))


def _excluded(graph: Graph, name: str, symbol: str, size: int) -> Diagnostic:
    domain = graph.domains[symbol]
    conditions = " and ".join(domain.conditions(name)) or f"{name} >= {domain.lower}"
    allowed = [str(n) for n in _neighbours(graph, symbol, size)]
    help = (f"the nearest sizes allowed: {', '.join(allowed)}",) if allowed else ()
    message = f"`{graph.name}` does not take {name}={size}: it needs {conditions}"
    return _placed(Diagnostic("A0106", "error", message, help=help), graph, symbol)


def _neighbours(graph: Graph, symbol: str, size: int) -> list[int]:
    """The next allowed size below and above, within one period of the residues."""
    domain = graph.domains[symbol]
    reach = max(domain.modulus, abs(domain.lower - size), abs((domain.upper or size) - size))
    steps = range(1, min(reach, 100_000) + 1)
    below = next((size - n for n in steps if size - n in domain), None)
    above = next((size + n for n in steps if size + n in domain), None)
    return [n for n in (below, above) if n is not None]


def _placed(diagnostic: Diagnostic, graph: Graph, symbol: str) -> Diagnostic:
    """`diagnostic` at the first input that has the size `symbol`."""
    for id in graph.inputs:
        node = graph.node(id)
        if any(symbol in dim.symbols() for dim in node.outputs[0].shape):
            label = Label(node.span, "declared here", primary=True)
            return Diagnostic(
                diagnostic.code, "error", diagnostic.message, (label,), help=diagnostic.help
            )
    return diagnostic
