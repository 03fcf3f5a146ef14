"""Few models for many: those of a spec that together use all it has."""

from functools import cache
from pathlib import Path

from archspec.pipeline import build_graph
from tests.support.zoo import program


@cache
def covering(path: Path) -> tuple[str, ...]:
    """Small models of a file that together use all the blocks and layers that its models use."""
    spec = program(path)
    uses: dict[str, frozenset[str]] = {}
    size: dict[str, int] = {}
    for name in spec.models:
        graph = build_graph(spec, name).graph
        block = spec.scope.models[name].block.name.id
        parts = {block, *(m.block or (m.decl.name if m.decl else "") for m in graph.modules()[1:])}
        uses[name], size[name] = frozenset(parts), len(graph.nodes)
    chosen: list[str] = []
    covered: set[str] = set()
    for name in sorted(uses, key=lambda n: (size[n], n)):
        if not uses[name] <= covered:
            chosen.append(name)
            covered |= uses[name]
    return tuple(chosen)
