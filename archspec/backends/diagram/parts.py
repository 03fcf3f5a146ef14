"""The hierarchy behind a figure: which nodes belong to which application of which module.

A part is one application of a block or group; its children are parts and nodes, in the order of
execution. The nodes of a part are consecutive, so that parts drawn as boxes form no cycle.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from archspec.backends.diagram.words import declared_signature, inputs_of
from archspec.ir import Graph, Module, Node


@dataclass(slots=True, eq=False)
class Part:
    """`first` to `last` are the ids of its nodes; `module` is None for a unit that repeats."""

    module: Module | None
    parent: "Part | None"
    children: "list[Part | int]" = field(default_factory=list)
    first: int = 0
    last: int = 0
    #: Which application of its module it is, from 0.
    application: int = 0

    @property
    def nodes(self) -> list[int]:
        found: list[int] = []
        stack: list[Part | int] = [self]
        while stack:
            item = stack.pop()
            if isinstance(item, int):
                found.append(item)
            else:
                stack.extend(reversed(item.children))
        return found

    @property
    def parts(self) -> "list[Part]":
        return [child for child in self.children if isinstance(child, Part)]

    def walk(self) -> "Iterator[Part]":
        """This part and all below it, outermost first."""
        stack = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.parts))


def part_tree(graph: Graph) -> Part:
    """The parts of a model; inputs and what stands beside no block are children of the root."""
    root = Part(graph.root, None)
    chains = _all_containers(graph)
    applications = _applications(graph, chains)
    stack = [root]
    for node, chain in zip(graph.nodes, chains, strict=True):
        keys = [(module, applications.get((module, node.id), 0)) for module in chain]
        depth = 1
        while (
            depth < len(stack)
            and depth <= len(keys)
            and stack[depth].module is keys[depth - 1][0]
            and stack[depth].application == keys[depth - 1][1]
        ):
            depth += 1
        del stack[depth:]
        for module, application in keys[depth - 1 :]:
            part = Part(module, stack[-1], application=application)
            stack[-1].children.append(part)
            stack.append(part)
        stack[-1].children.append(node.id)
    _number(root)
    return root


def _number(root: Part) -> None:
    for part in reversed(list(root.walk())):
        ids = [c if isinstance(c, int) else c.first for c in part.children]
        ends = [c if isinstance(c, int) else c.last for c in part.children]
        part.first, part.last = (min(ids), max(ends)) if ids else (0, 0)


def _all_containers(graph: Graph) -> list[list[Module]]:
    """The blocks and groups that each node stands in, outermost first, without the root.

    The graph knows a function's block only: the groups around it are those of its neighbours whose
    braces it is written in.
    """
    chains = [_containers(node) for node in graph.nodes]
    after: list[Module] = []
    following: list[list[Module]] = []
    for node, chain in zip(reversed(graph.nodes), reversed(chains), strict=True):
        following.append(after)
        if node.kind == "layer":
            after = chain
    following.reverse()
    before: list[Module] = []
    for node, chain, after in zip(graph.nodes, chains, following, strict=True):
        if node.kind in ("function", "param"):
            found = [_extended(node, chain, other) for other in (before, after)]
            chain[:] = found[0] if len(found[0]) >= len(found[1]) else found[1]
        if node.kind != "input":
            before = chain
    return chains


def _extended(node: Node, chain: list[Module], other: list[Module]) -> list[Module]:
    if other[: len(chain)] != chain:
        return chain
    found = list(chain)
    for module in other[len(chain) :]:
        span = module.span
        inside = span.source is node.span.source and span.start <= node.span.start
        if module.block is not None or not inside or node.span.end > span.end:
            break
        found.append(module)
    return found


def _containers(node: Node) -> list[Module]:
    module = node.module
    if node.kind == "layer" and module is not None:
        module = module.parent
    chain: list[Module] = []
    while module is not None and module.parent is not None:
        chain.append(module)
        module = module.parent
    return chain[::-1]


def _applications(graph: Graph, chains: list[list[Module]]) -> dict[tuple[Module, int], int]:
    """Of modules that are applied several times: which application each of their nodes is in."""
    inside: dict[Module, list[int]] = {}
    times: dict[Module, dict[Module, int]] = {}
    for node, chain in zip(graph.nodes, chains, strict=True):
        for module in chain:
            inside.setdefault(module, []).append(node.id)
            if node.kind == "layer" and node.module is not None:
                counts = times.setdefault(module, {})
                counts[node.module] = counts.get(node.module, 0) + 1
    found: dict[tuple[Module, int], int] = {}
    for module, nodes in inside.items():
        count = min(times.get(module, {module: 1}).values())
        if count < 2 or len(nodes) % count:
            continue
        size = len(nodes) // count
        for i, node_id in enumerate(nodes):
            found[module, node_id] = i // size
    return found


def signatures(graph: Graph, root: Part) -> "dict[Part | int, Hashable]":
    """What parts and nodes are but for their widths; equal ones are drawn alike."""
    numbers: dict[Hashable, int] = {}
    found: dict[Part | int, Hashable] = {}
    for node in graph.nodes:
        found[node.id] = numbers.setdefault(declared_signature(node), len(numbers))
    for part in reversed(list(root.walk())):
        found[part] = numbers.setdefault(_signature(graph, part, found), len(numbers))
    return found


def _signature(
    graph: Graph, part: Part, known: "dict[Part | int, Hashable]"
) -> tuple[Hashable, ...]:
    nodes = part.nodes
    index = {node: i for i, node in enumerate(nodes)}
    outside: dict[tuple[int, int], int] = {}
    wiring: list[Hashable] = []
    for node in nodes:
        for edge in inputs_of(graph, node):
            if edge.source in index:
                wiring.append((index[node], edge.slot, index[edge.source], edge.output))
            else:
                entry = outside.setdefault((edge.source, edge.output), len(outside))
                wiring.append((index[node], edge.slot, -1 - entry))
    block = part.module.block if part.module is not None else None
    return (block, tuple(known[child] for child in part.children), tuple(wiring))
