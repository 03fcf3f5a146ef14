"""Weights that are used more than once: shared layers and tied weights, and what each saves.

A weight's first use pays for it, all others are saved. A copy that follows slowly (`ema`) is
a set of weights of its own, and is not counted here.
"""

from dataclasses import dataclass, field
from typing import Literal

from archspec.ir import Graph, Module, Node
from archspec.passes.costs import count_of


@dataclass(slots=True)
class Used:
    """A shared layer or block by its path, or a tied weight by its names, first the one it has.

    `saved` are the parameters that each use had, were they its own, without those of one.
    """

    mechanism: Literal["shared", "tied"]
    names: list[str]
    saved: int = 0
    _applied: dict[int, int] = field(default_factory=dict)

    @property
    def uses(self) -> int:
        """How often it is applied, or how many names it has."""
        return max(self._applied.values(), default=0) or len(self.names)

    def apply(self, module: Module) -> None:
        self._applied[id(module)] = self._applied.get(id(module), 0) + 1


def reused_weights(graph: Graph) -> list[Used]:
    """In the order in which they are used again."""
    tied = {tie.target: tie.source for tie in graph.ties}
    sources = set(tied.values())
    found: dict[tuple[str, str], Used] = {}
    held: set[str] = set()
    seen: set[str] = set()
    for node in graph.nodes:
        module = node.module
        if module is None or node.kind not in ("layer", "param"):
            continue
        shared = _shared(module)
        if shared is not None and module.weights:
            key = "shared", shared.path
            found.setdefault(key, Used("shared", [shared.path])).apply(module)
        for name, count in _weights(node, module):
            real = tied.get(name, name)
            first = name not in seen
            if first and (name in tied or name in sources):
                used = found.setdefault(("tied", real), Used("tied", [real]))
                if name != real:
                    used.names.append(name)
            elif not first:
                key = "shared", shared.path if shared is not None else name
                used = found.setdefault(key, Used("shared", [key[1]]))
            if real in held:
                used.saved += count
            held.add(real)
            seen.add(name)
    return [used for used in found.values() if used.uses > 1]


def _shared(module: Module) -> Module | None:
    """The outermost module around `module`, or itself, that is declared shared."""
    found = None
    at: Module | None = module
    while at is not None:
        if at.shared:
            found = at
        at = at.parent
    return found


def _weights(node: Node, module: Module) -> list[tuple[str, int]]:
    """The parameters that a node uses, with their full names."""
    if node.kind == "layer":
        named = module.all_weights()
    else:
        name = f"{module.path}.{node.name}" if module.path else node.name
        named = [(n, weight) for n, weight in module.all_weights() if n == name]
    return [(name, count_of(weight.count)) for name, weight in named if not weight.buffer]


__all__ = ["Used", "reused_weights"]
