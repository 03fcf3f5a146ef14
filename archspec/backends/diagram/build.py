"""From a graph and a choice of what is open to levels of items and links."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from archspec.backends.diagram.fuse import Fused, fuse
from archspec.backends.diagram.mechanisms import edge_kinds
from archspec.backends.diagram.merge import number_calls, put_in_order, reaches
from archspec.backends.diagram.parts import Part, part_tree, signatures
from archspec.backends.diagram.plan import Item, Level, Line, Link
from archspec.backends.diagram.repeats import Run, find_runs
from archspec.backends.diagram.scene import Kind, Sign
from archspec.backends.diagram.shapes import Shapes
from archspec.backends.diagram.titles import box_lines, collapsed_lines, collapsed_role, frame_title
from archspec.backends.diagram.words import called, inputs_of, join_of
from archspec.ir import Graph, Module
from archspec.passes.costs import node_names

Value = tuple[int, int]
Element = Part | Run | int


@dataclass(frozen=True, slots=True)
class Marks:
    """What a model has, or has otherwise, than another one: nodes, and edges by target and slot."""

    nodes: Mapping[int, Sign] = field(default_factory=dict)
    edges: Mapping[tuple[int, int], Sign] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Model:
    """A graph with what the figure's stages ask of it."""

    graph: Graph
    marks: Marks = field(default_factory=Marks)
    #: Shapes that boxes show; None if they show none.
    shapes: Shapes | None = None
    #: Whether calls of one block are one box, where none needs the result of another.
    merge: bool = False
    root: Part = field(init=False)
    signatures: dict[Part | int, Hashable] = field(init=False)
    kinds: dict[tuple[int, int], Kind] = field(init=False)
    names: list[str] = field(init=False)
    consumers: list[list[int]] = field(init=False)
    #: Modules with weights that several calls use, by path.
    reused: set[str] = field(init=False)
    #: Nodes whose values are outputs of the model.
    given_out: set[int] = field(init=False)

    def __post_init__(self) -> None:
        graph = self.graph
        self.root = part_tree(graph)
        self.signatures = signatures(graph, self.root)
        self.kinds = edge_kinds(graph)
        self.names = node_names(graph)
        self.consumers = [[] for _ in graph.nodes]
        for edge in graph.edges:
            self.consumers[edge.source].append(edge.target)
        self.reused = _reused(graph, self.root)
        self.given_out = {value.node for _, value in graph.outputs}


def _reused(graph: Graph, root: Part) -> set[str]:
    """The modules that are called more than once and have weights."""
    calls = Counter(p.module.path for p in root.walk() if p.module is not None)
    weighty: set[str] = set()
    for node in graph.nodes:
        if node.module is None:
            continue
        if node.kind == "layer":  # a function stands in the block that `module` is
            calls[node.module.path] += 1
        around: Module | None = node.module
        while around is not None and node.module.weights:
            weighty.add(around.path)
            around = around.parent
    return {path for path, count in calls.items() if count > 1 and path in weighty}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is drawn how: parts that are `opened` as frames, or `dissolved` into their parent."""

    opened: frozenset[Part]
    dissolved: frozenset[Part]
    #: Whether equal units in a row become one with a count.
    repeats: bool = True


def build_level(model: Model, part: Part, choice: Choice, *, whole: bool = True) -> Level:
    """The level of a part: of the root with the model's inputs and outputs."""
    if model.merge:
        builder = _Builder(model, choice, merge=True)
        level = builder.run(part, whole)
        several = any(len(calls) > 1 for calls in builder.calls.values())
        if several and all(put_in_order(found) for found in builder.levels.values()):
            for found in builder.levels.values():
                number_calls(found, builder.calls)
            return level
    return _Builder(model, choice).run(part, whole)


@dataclass(slots=True, eq=False)
class _Drawn:
    """The drawn edge of a value into a node."""

    source: int
    output: int
    target: int
    kind: Kind
    signs: tuple[Sign, ...]


class _Builder:
    def __init__(self, model: Model, choice: Choice, *, merge: bool = False) -> None:
        self.merge = merge
        #: Of boxes that stand for several calls of a block, the nodes of each call.
        self.calls: dict[Item, list[set[int]]] = {}
        self.merged: dict[tuple[Level, str], Item] = {}
        self.model = model
        self.graph = model.graph
        self.choice = choice
        #: For each node of a repeated unit, the one of the first unit.
        self.alias: dict[int, int] = {}
        #: For each node, which unit of which runs it is in.
        self.units: dict[int, tuple[tuple[Run, int], ...]] = {}
        #: For each drawn node, the items around it, outermost first, the last one its own.
        self.places: dict[int, tuple[Item, ...]] = {}
        self.levels: dict[Item | None, Level] = {}
        self.fused: dict[int, Fused] = {}
        self.ports: dict[tuple[Item, Value, bool], Item] = {}
        self.ids: dict[str, int] = {}
        #: How a node is marked; of units that are drawn once, the mark of any.
        self.marks = {node: {sign} for node, sign in model.marks.nodes.items()}

    def run(self, part: Part, whole: bool) -> Level:
        level = Level()
        self.levels[None] = level
        self._fill(part, level, ())
        self._link(part, whole)
        if whole:
            self._outputs(level)
        for found in self.levels.values():
            spread_dense(found)
            for item in found.items:
                self._mark(item)
        return level

    def _mark(self, item: Item) -> None:
        """Add what two models differ in: to boxes what is so of any node, to frames of all."""
        if item.kind not in ("box", "group"):
            return
        found: list[set[Sign]] = [self.marks.get(node, set()) for node in item.nodes]
        layers = [n for n in item.nodes if self.graph.node(n).kind in ("layer", "param")]
        signs: set[Sign] = set().union(*found)
        if item.kind == "group":
            each = [self.marks.get(node, set()) for node in layers]
            signs = set.intersection(*each) if each else set()
        elif len(item.nodes) > 1 and signs and any(not self.marks.get(n) for n in layers):
            signs = {"changed"}  # of what is in the box, some is as before
        item.signs = (*item.signs, *sorted(signs))

    # --- items ---------------------------------------------------------------------------------

    def _fill(self, part: Part, level: Level, around: tuple[Item, ...]) -> None:
        children = list(self._children(part))
        elements: Sequence[Element] = children
        if self.choice.repeats:
            elements = find_runs(self.model, children)
        leaves = [e for e in elements if isinstance(e, int)]
        boxes = fuse(self.model, leaves)
        for element in elements:
            if isinstance(element, int):
                self._leaf(element, boxes, level, around)
            elif isinstance(element, Run):
                self._run(element, level, around)
            else:
                self._part(element, level, around, 1)

    def _children(self, part: Part) -> Iterator[Part | int]:
        for child in part.children:
            if isinstance(child, Part) and child in self.choice.dissolved:
                yield from self._children(child)
            else:
                yield child

    def _leaf(
        self, node_id: int, boxes: dict[int, Fused], level: Level, around: tuple[Item, ...]
    ) -> None:
        node = self.graph.node(node_id)
        join = join_of(self.graph, node)
        if join is not None:
            item = Item(self._id(self.model.names[node_id]), "join", (node_id,))
            item.join, item.symbol = join
            level.items.append(item)
            self.places[node_id] = (*around, item)
            return
        fused = boxes.get(node_id)
        if fused is None:  # nothing is drawn for it
            return
        self.fused[node_id] = fused
        if fused.nodes[0] != node_id:
            self.places[node_id] = self.places[fused.nodes[0]]
            return
        first = fused.main if fused.main is not None else fused.nodes[0]
        words = called(self.graph, self.graph.node(first))
        item = Item(self._id(self.model.names[first]), "box", fused.nodes)
        item.lines = (*box_lines(self.graph, fused), *self._shape(fused.nodes, fused.nodes[-1]))
        item.role = words.role
        module = self.graph.node(first).module if node.kind == "layer" else None
        item.title = f"{self.model.names[first]}: {self.graph.node(first).name}"
        if module is not None:
            self._sign(item, module)
        level.items.append(item)
        self.places[node_id] = (*around, item)

    def _part(self, part: Part, level: Level, around: tuple[Item, ...], repeat: int) -> None:
        module = part.module
        one_box = self.merge and module is not None and module.path in self.model.reused
        if one_box and module is not None and self._joined(part, module.path, level, around):
            return
        name = module.path if module is not None and module.path else "unit"
        item = Item(self._id(name), "box", tuple(part.nodes), repeat=repeat)
        item.title = name if module is None or module.block is None else f"{name}: {module.block}"
        if module is not None:
            self._sign(item, module)
        level.items.append(item)
        if one_box and module is not None:
            self.merged[level, module.path] = item
            self.calls[item] = [set(part.nodes)]
        elif part in self.choice.opened:
            item.kind = "group"
            item.level = Level()
            item.lines = frame_title(part, repeat)
            self.levels[item] = item.level
            self._fill(part, item.level, (*around, item))
            return
        item.lines = (
            *collapsed_lines(self.model, part, repeat),
            *self._shape(part.nodes, part.last),
        )
        item.role = collapsed_role(self.model, part)
        for node_id in part.nodes:
            self.places[node_id] = (*around, item)

    def _joined(self, part: Part, path: str, level: Level, around: tuple[Item, ...]) -> bool:
        """Let the box of an earlier call stand for this one too, unless one needs the other."""
        item = self.merged.get((level, path))
        nodes = set(part.nodes)
        if item is None or any(reaches(self.graph, call, nodes) for call in self.calls[item]):
            return False
        self.calls[item].append(nodes)
        item.nodes = (*item.nodes, *part.nodes)
        for node_id in part.nodes:
            self.places[node_id] = (*around, item)
        return True

    def _run(self, run: Run, level: Level, around: tuple[Item, ...]) -> None:
        first = run.units[0]
        for index, unit in enumerate(run.units):
            for node_id, drawn in zip(unit.nodes, first.nodes, strict=True):
                self.alias[node_id] = drawn
                if node_id in self.marks:
                    self.marks.setdefault(drawn, set()).update(self.marks[node_id])
                self.units[node_id] = (*self.units.get(node_id, ()), (run, index))
        self._part(first, level, around, len(run.units))
        if first not in self.choice.opened:
            last = run.units[-1]
            level.items[-1].lines = (
                *collapsed_lines(self.model, first, len(run.units), last),
                *self._shape(first.nodes, last.last),
            )

    def _shape(self, nodes: Sequence[int], last: int) -> tuple[Line, ...]:
        """The shape of what leaves a box of `nodes`, if it is not that of what enters."""
        if self.model.shapes is None:
            return ()
        own = set(nodes)
        entries = [e.source for n in nodes for e in inputs_of(self.graph, n) if e.source not in own]
        words = self.model.shapes.change(entries[0] if entries else None, last)
        return (Line(words, "soft"),) if words else ()

    def _id(self, name: str) -> str:
        count = self.ids[name] = self.ids.get(name, 0) + 1
        return name if count == 1 else f"{name}@{count}"

    def _sign(self, item: Item, module: Module) -> None:
        """The signs of a box for `module`, of what holds for it alone and not for all around it."""
        signs: list[Sign] = []
        tied = {name.rpartition(".")[0] for t in self.graph.ties for name in (t.source, t.target)}
        if module.shared and module.path in self.model.reused:
            signs.append("shared")
        if any(path == module.path for path in tied):
            signs.append("tied")
        if module.ema_of is not None:
            signs.append("ema")
        if module.frozen:
            signs.append("frozen")
        item.signs = tuple(signs)
        item.double = "shared" in signs or "tied" in signs

    # --- links ---------------------------------------------------------------------------------

    def _link(self, part: Part, whole: bool) -> None:
        inside = set(part.nodes)
        merged: dict[tuple[int, int, int, Kind], None] = {}
        for node_id in part.nodes:
            if node_id not in self.places and node_id not in self.alias:
                continue
            for edge in inputs_of(self.graph, node_id):
                kind = self.model.kinds.get((node_id, edge.slot), "data")
                source, output, signs = self._real(edge.source, edge.output)
                if source not in inside and whole:
                    continue
                if self._between_units(source, node_id):
                    continue
                mark = self.model.marks.edges.get((node_id, edge.slot))
                if mark is not None:
                    signs = (*signs, mark)
                drawn = (self._first(source), output, self._first(node_id), kind)
                if drawn in merged:
                    continue
                merged[drawn] = None
                self._connect(_Drawn(drawn[0], output, drawn[2], kind, signs), source in inside)
        if not whole:
            self._exits(part, inside)

    def _real(self, source: int, output: int) -> tuple[int, int, tuple[Sign, ...]]:
        """Past what is not drawn, and the signs that it leaves on the edge."""
        signs: list[Sign] = []
        while source not in self.places and self._first(source) not in self.places:
            edges = inputs_of(self.graph, source)
            if len(edges) != 1:
                break
            if self.graph.node(source).name == "detach":
                signs.append("detach")
            source, output = edges[0].source, edges[0].output
        return source, output, tuple(signs)

    def _first(self, node: int) -> int:
        seen = 0
        while node in self.alias and self.alias[node] != node and seen < 8:
            node = self.alias[node]
            seen += 1
        return node

    def _between_units(self, source: int, target: int) -> bool:
        """Whether an edge lies in a unit that is not drawn, or leads from a unit to the next."""
        a, b = self.units.get(source, ()), self.units.get(target, ())
        ours = dict(a)
        for run, index in b:
            if run in ours:
                if ours[run] != index or index > 0:
                    return True
            elif index > 0 and not run.entered_late:
                return False
        return False

    def _connect(self, drawn: _Drawn, inside: bool) -> None:
        target = self.places[drawn.target]
        if not inside:
            level = self.levels[None]
            port = self._port(None, level, (drawn.source, drawn.output), enters=True)
            source: tuple[Item, ...] = (port,)
        else:
            source = self.places[drawn.source]
        self._join_up(source, target, drawn)

    def _join_up(self, source: tuple[Item, ...], target: tuple[Item, ...], drawn: _Drawn) -> None:
        depth = 0
        while (
            depth < len(source) - 1 and depth < len(target) - 1 and source[depth] is target[depth]
        ):
            depth += 1
        if source[depth] is target[depth]:
            return
        value = (drawn.source, drawn.output)
        around = source[depth - 1] if depth else None
        level = self.levels[around]
        out_port = self._climb(source[depth:], value, drawn, enters=False)
        in_port = self._climb(target[depth:], value, drawn, enters=True)
        for link in level.links:
            if link.source is source[depth] and link.target is target[depth]:
                same = link.source_port is out_port and link.target_port is in_port
                if same and link.value == value:
                    if link.kind != drawn.kind and target[depth].kind != "join":
                        link.kind = "data"  # it flows in, and what is inside reuses it
                    return
        level.links.append(
            Link(
                source[depth],
                target[depth],
                drawn.kind,
                out_port,
                in_port,
                drawn.signs,
                value,
                drawn.target,
            )
        )

    def _climb(
        self, items: tuple[Item, ...], value: Value, drawn: _Drawn, *, enters: bool
    ) -> Item | None:
        """The ports by which a value passes the frames of `items`; the outermost one's."""
        if len(items) < 2:
            return None
        group = items[0]
        level = self.levels[group]
        known = (group, value, enters) in self.ports
        port = self._port(group, level, value, enters=enters)
        inner = items[1]
        deeper = self._climb(items[1:], value, drawn, enters=enters)
        kind: Kind = drawn.kind if enters and inner.kind == "join" else "data"
        if enters:
            link = Link(port, inner, kind, None, deeper, (), value)
        else:
            if known:
                return port
            link = Link(inner, port, "data", deeper, None, (), value)
        if not any(
            o.source is link.source and o.target is link.target and o.target_port is deeper
            and o.kind == link.kind
            for o in level.links
        ):  # fmt: skip
            level.links.append(link)
        return port

    def _port(self, group: Item | None, level: Level, value: Value, *, enters: bool) -> Item:
        key = (group or _TOP, value, enters)
        if key not in self.ports:
            prefix = group.id if group is not None else "panel"
            way = "in" if enters else "out"
            port = Item(self._id(f"{prefix}.{way}{len(self.ports)}"), "port", enters=enters)
            if enters:
                count = sum(1 for item in level.items if item.kind == "port" and item.enters)
                level.items.insert(count, port)
            else:
                level.items.append(port)
            self.ports[key] = port
        return self.ports[key]

    def _exits(self, part: Part, inside: set[int]) -> None:
        """Of a panel: ports for the values that are used outside of it."""
        for node_id in part.nodes:
            used = any(c not in inside for c in self.model.consumers[node_id])
            if not used and node_id not in self.model.given_out:
                continue
            source, output, _ = self._real(node_id, 0)
            source = self._first(source)
            if source not in self.places:
                continue
            level = self.levels[None]
            port = self._port(None, level, (source, output), enters=False)
            drawn = _Drawn(source, output, source, "data", ())
            if not any(link.target is port for link in level.links):
                self._join_up(self.places[source], (port,), drawn)

    def _outputs(self, level: Level) -> None:
        """The model's outputs as boxes at the end."""
        for name, value in self.graph.outputs:
            source, output, signs = self._real(value.node, value.index)
            source = self._first(source)
            item = Item(self._id(f"output {name}"), "box", (), (Line(name),), "output")
            item.title = f"output {name}"
            level.items.append(item)
            self._join_up(self.places[source], (item,), _Drawn(source, output, 0, "data", signs))


#: Dense blocks of more layers are drawn as a chain of bars, each taking over the one before.
DENSEST = 6


def spread_dense(level: Level) -> None:
    """Draw each feature into every concat that holds it, where one concat took over another.

    `concat(concat(x, a), b)` is drawn with x, a and b, as papers draw dense blocks.
    """
    for item in level.items:
        if item.kind != "join" or item.join != "concat":
            continue
        for link in level.into(item):
            source = link.source
            if link.kind != "dense" or source.kind != "join" or source.join != "concat":
                continue
            features = level.into(source)
            if len(features) > DENSEST:
                return
            level.links.remove(link)
            for feature in features:
                level.links.append(
                    Link(
                        feature.source,
                        item,
                        "dense",
                        feature.source_port,
                        None,
                        feature.signs,
                        feature.value,
                    )
                )


_TOP = Item("", "port")

__all__ = ["Choice", "Model", "build_level"]
