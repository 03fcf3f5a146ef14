"""The stages of a model, read off its module tree and its graph.

A stage is what an author has named. A container is above the stages if something named in it
repeats a unit, as `features` is of DenseNet; else it is one itself, as `denseblock1`. Blocks are
units; groups within a stage only hold them. Layers without a label belong to the stage that reads
them, as the pooling before a ResNet's first stage does.
"""

from collections.abc import Iterator, Mapping, Sequence

from archspec.ir import Graph, Module, Node
from archspec.passes.architecture.extents import Extents
from archspec.passes.architecture.lines import Line, Order
from archspec.passes.architecture.units import (
    Group,
    Item,
    Stage,
    Unit,
    items_of,
    owners_of,
    parts_of,
    repeated,
    repetitions,
)
from archspec.passes.architecture.words import Words, is_shown, words_for
from archspec.passes.reuse_edges import reuse_edges


def stages_of(graph: Graph, sizes: Mapping[str, int]) -> tuple[Stage, ...]:
    """The stages of `graph` in order of execution, at `sizes` where its sizes are open."""
    return _Stages(graph, sizes).run()


class _Stages:
    def __init__(self, graph: Graph, sizes: Mapping[str, int]) -> None:
        self.graph = graph
        self.sizes = sizes
        self.extents = Extents(graph, sizes)
        self.owners = owners_of(graph)
        self.shown = {node.id for node in graph.nodes if is_shown(graph, node)}
        self.readers: list[list[int]] = [[] for _ in graph.nodes]
        for edge in graph.edges:
            self.readers[edge.source].append(edge.target)
        #: The nodes that depend on an input of the model.
        self.live = set(graph.inputs)
        for edge in graph.edges:
            if edge.source in self.live:
                self.live.add(edge.target)
        self.outputs = {value.node: name for name, value in graph.outputs}
        edges = reuse_edges(graph)
        self.around = {id for e in edges if e.mechanism == "residual" for id in e.via}
        self.products = {edge.target for edge in edges if edge.mechanism == "gate"}
        self.is_above: dict[int, bool] = {}

    def run(self) -> tuple[Stage, ...]:
        root = self.graph.root
        return tuple(_named(self.repeated_stages(list(self.below(root, self.graph.nodes)))))

    # --- stages

    def below(self, module: Module, nodes: Sequence[Node]) -> Iterator[Stage]:
        """The stages in a container that is above them."""
        waiting: list[Unit] = []
        for item in items_of(module, nodes, self.owners):
            child = item.module
            if child is not None and child.ema_of is None and self.above(item):
                found = list(self.below(child, item.nodes))
            elif item.label and (groups := self.groups(item)):
                found = [Stage(item.label, parts_of(groups), (item.label,))]
            else:
                waiting.extend(self.units(item))
                continue
            if waiting and found and not self.read(waiting, item.nodes):
                yield self.unnamed(waiting, module)
            elif waiting and found:
                groups = [*repeated(waiting), *found[0].groups]
                found[0] = Stage(found[0].name, parts_of(groups), found[0].modules)
            if found:
                waiting = []
            yield from found
        if waiting:
            yield self.unnamed(waiting, module)

    def unnamed(self, units: list[Unit], module: Module) -> Stage:
        """A stage that no label names: it has the name of the output that it gives, if one."""
        given = [id for id in self.below_shown(units) if id in self.outputs]
        name = self.outputs[max(given)] if given else module.path or self.graph.name
        return Stage(name, parts_of(repeated(units)))

    def read(self, units: list[Unit], nodes: Sequence[Node]) -> bool:
        """Whether something in `nodes` reads what `units` give."""
        near = self.below_shown(units)
        return any(node.id in near for node in nodes)

    def below_shown(self, units: list[Unit]) -> dict[int, None]:
        """The nodes that read what `units` give, through hidden ones, and themselves."""
        stack = [id for unit in reversed(units) for id in unit.nodes]
        own = set(stack)
        found: dict[int, None] = {}
        while stack:
            id = stack.pop()
            if id not in found:
                found[id] = None
                if id in own or id not in self.shown:
                    stack.extend(self.readers[id])
        return found

    def above(self, item: Item) -> bool:
        """Whether a labelled container in `item` repeats a unit, or is above one that does."""
        module = item.module
        if module is None or module.decl is not None:
            return False
        if id(module) not in self.is_above:
            self.is_above[id(module)] = any(
                child.container
                and child.label != ""
                and (any(group.times > 1 for group in self.groups(child)) or self.above(child))
                for child in items_of(module, item.nodes, self.owners)
            )
        return self.is_above[id(module)]

    def repeated_stages(self, stages: list[Stage]) -> Iterator[Stage]:
        """Neighbours that are the same become one stage, `layer2` to `layer49`."""

        def equal(a: Stage, b: Stage) -> bool:
            if not (a.modules and b.modules and len(a.groups) == len(b.groups) == 1):
                return False
            (mine,), (other,) = a.groups, b.groups
            return mine.times == other.times == 1 and mine.key == other.key

        for start, period, times in repetitions(stages, equal):
            run = stages[start : start + period * times]
            if times == 1:
                yield from run
                continue
            units = tuple(unit for stage in run for group in stage.groups for unit in group.units)
            once = tuple(line for unit in units[: len(units) // times] for line in unit.lines)
            group = Group(once, times, run[-1].groups[-1].size, units)
            yield Stage("", parts_of([group]), (run[0].modules[0], run[-1].modules[-1]))

    # --- units

    def groups(self, item: Item) -> list[Group]:
        """What a stage consists of."""
        module = item.module
        if module is not None and module.ema_of is not None:
            words = Words(f"slow copy of {module.ema_of.path}")
            nodes = tuple(node.id for node in item.nodes)
            end = self.end(item.nodes)
            size, level = self.extents.of(end), self.extents.level(end)
            return repeated([Unit((Line((words,)),), size, level, nodes)])
        if module is not None and item.container and not self.branches(item):
            return repeated(list(self.units_in(item)))
        return repeated(list(self.unit(item)))

    def units_in(self, item: Item) -> Iterator[Unit]:
        assert item.module is not None
        for inner in items_of(item.module, item.nodes, self.owners):
            yield from self.units(inner)

    def units(self, item: Item) -> Iterator[Unit]:
        """The units that an item is: one, but for groups, which only hold others."""
        group = item.module is not None and item.module.block is None and item.container
        if group and not self.branches(item):
            yield from self.units_in(item)
        else:
            yield from self.unit(item)

    def unit(self, item: Item) -> Iterator[Unit]:
        """The unit that an item is, none if nothing of it is shown."""
        order, around = self.order(item.nodes)
        lines = tuple(line for line, _ in order.lines(self.words))
        if lines:
            end = self.end(item.nodes)
            yield Unit(
                lines=lines,
                size=self.extents.of(end),
                level=self.extents.level(end),
                nodes=tuple(node.id for node in item.nodes),
                shown=tuple(order.shown),
                around=tuple(around),
                shortcuts=tuple(map(self.words, around)),
                keeps=self.keeps(order.shown),
            )

    def order(self, nodes: Sequence[Node]) -> tuple[Order, list[int]]:
        """The shown nodes that are on the main path, in order, and those on shortcuts."""
        shown = [node.id for node in nodes if node.id in self.shown]
        main = [id for id in shown if id not in self.around]
        order = Order(self.graph, nodes, main, self.products)
        return order, [id for id in shown if id in self.around]

    def words(self, id: int) -> Words:
        return words_for(self.graph, self.graph.node(id), self.sizes)

    def keeps(self, shown: Sequence[int]) -> bool:
        """Whether no stride, pooling or resizing is in it: only borders can have been lost."""
        for id in shown:
            node = self.graph.node(id)
            if self.extents.channels[id] != 1:
                continue
            before, after = self.graph.input_types(id)[0], node.outputs[0]
            windowed = hasattr(node.params, "out_channels") and not self.words(id).stride
            if before.shape[2:] != after.shape[2:] and not windowed:
                return False
        return True

    def branches(self, item: Item) -> bool:
        """Whether what `item` applies stands side by side, not one after the other.

        What depends on no input, as a table of positions does not, is no branch of its own.
        """
        assert item.module is not None
        order, _ = self.order(item.nodes)
        lines = order.lines(self.words)
        beside = [first for line, first in lines if line.branch and first in self.live]
        if len(beside) < 2:
            return False
        inner = items_of(item.module, item.nodes, self.owners)
        holder = {node.id: i for i, one in enumerate(inner) for node in one.nodes}
        return any(
            holder[a] != holder[b] and order.apart(a, b)
            for i, a in enumerate(beside)
            for b in beside[i + 1 :]
            if a in holder and b in holder
        )

    def end(self, nodes: Sequence[Node]) -> Node:
        """The last of several nodes that is read from outside."""
        inside = {node.id for node in nodes}
        for node in reversed(nodes):
            if node.id in self.outputs or any(r not in inside for r in self.readers[node.id]):
                return node
        return nodes[-1]


def _named(stages: Iterator[Stage]) -> Iterator[Stage]:
    """Names as short as they can be told apart: the ends of the paths."""
    found = list(stages)
    paths = [path for stage in found for path in stage.modules]
    for stage in found:
        names = dict.fromkeys(_shortest(path, paths) for path in stage.modules)
        yield Stage("–".join(names) or stage.name, stage.parts, stage.modules)


def _shortest(path: str, paths: Sequence[str]) -> str:
    keys = path.split(".")
    for length in range(1, len(keys) + 1):
        end = keys[-length:]
        if sum(1 for other in paths if other.split(".")[-length:] == end) == 1:
            return ".".join(end)
    return path


__all__ = ["stages_of"]
