"""Where in the spec the joins of a graph are written, and in which runs of their bodies."""

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.elaborate import Elaborated
from archspec.elaborate.values import Frame, Pass, Tensor
from archspec.ir import Graph, Module
from archspec.repair.tree import walk
from archspec.source import Span
from archspec.syntax import ast

#: What a join may be written as: a statement, an operator, a call, a function in a flow.
JOINS = (
    ast.Residual, ast.Dense, ast.Reuse, ast.Binary, ast.Call, ast.Name, ast.Template
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A join as it is written, and the run of the body in which it gave a node.

    Those with the same `use` are one in all applications of a shared layer, and in its slow copies.
    """

    join: ast.Node
    pass_: Pass
    use: tuple[int, str, tuple[int, ...]]


def places(model: Elaborated) -> dict[int, Place]:
    """By node of the graph, the join that gave it; what comprehensions make has none."""
    found = _recorded(model)
    # What runs again in the same body, as a shared group does, leaves the record of its last run.
    runs: dict[tuple[Span, str], list[int]] = {}
    for node in model.graph.nodes:
        if node.kind == "function":
            runs.setdefault((node.span, _path(node.module)), []).append(node.id)
    for nodes in runs.values():
        known = [found[id_] for id_ in nodes if id_ in found]
        if not known or len(nodes) % len(known):
            continue
        for i, id_ in enumerate(nodes):
            found.setdefault(id_, known[i % len(known)])
    return found


def _recorded(model: Elaborated) -> dict[int, Place]:
    found: dict[int, Place] = {}
    known: dict[int, dict[int, ast.Node]] = {}
    for frame in frames(model.frame):
        written = known.get(id(frame.block))
        if written is None:
            written = known[id(frame.block)] = {id(node): node for node in walk(frame.block.body)}
        for pass_ in passes(frame.root):
            for key, step in pass_.steps.items():
                join = written.get(key)
                if not isinstance(join, JOINS) or not isinstance(step.output, Tensor):
                    continue
                node = model.graph.node(step.output.value.node)
                if node.kind != "function" or node.span != join.span:
                    continue
                use = (id(join), _path(node.module), _iteration(pass_))
                found[_joined(model.graph, node.id, join)] = Place(join, pass_, use)
    return found


def _path(module: Module | None) -> str:
    """Where a module stands; a slow copy where its source does."""
    keys: list[str] = []
    while module is not None and module.parent is not None:
        if module.ema_of is not None:
            module = module.ema_of
            continue
        keys.append(module.key)
        module = module.parent
    return ".".join(reversed(keys))


def _iteration(pass_: Pass) -> tuple[int, ...]:
    """Which iteration of each loop around it a run is."""
    found: list[int] = []
    while pass_.parent is not None:
        for iterations in pass_.parent.loops.values():
            found += [i for i, other in enumerate(iterations) if other is pass_]
        pass_ = pass_.parent
    return tuple(reversed(found))


def _joined(graph: Graph, node: int, join: ast.Node) -> int:
    """The node that brings features together: of a mean, the sum that is then divided."""
    if isinstance(join, ast.Reuse) and graph.node(node).name == "div":
        return graph.edges_into(node)[0].source
    return node


def frames(root: Frame) -> Iterator[Frame]:
    """The record of each call of a block, callers before what they call."""
    stack = [root]
    while stack:
        frame = stack.pop()
        yield frame
        called = [
            step.frame
            for pass_ in passes(frame.root)
            for step in pass_.steps.values()
            if step.frame is not None
        ]
        stack.extend(reversed(called))


def passes(root: Pass) -> Iterator[Pass]:
    """A run of a body and the iterations of the loops in it, in order."""
    yield root
    for iterations in root.loops.values():
        for iteration in iterations:
            yield from passes(iteration)
