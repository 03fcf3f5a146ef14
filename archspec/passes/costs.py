"""Parameters and multiply-adds of a model, each application of a layer by itself.

Conventions. A parameter is one trained number, counted once however many names or uses it has;
buffers (running statistics) are not parameters. `naive` counts are those of a summary that looks
at each application by itself: a tied or shared weight counts each time it is used. A MAC is one
multiply-add of a convolution, linear map, matrix product or attention; biases, norms and
activations have none. MACs are given per element of the batch.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from archspec.dims import Dim
from archspec.ir import Graph, Mechanism, Module, Node, Value
from archspec.layers.base import LayerDecl, TensorType
from archspec.passes.sizes import batch_symbol


@dataclass(frozen=True, slots=True)
class Reuse:
    """What a row reuses: features of `source`, or (shared, tied, ema) its weights."""

    mechanism: Mechanism
    source: str


@dataclass(frozen=True, slots=True)
class Row:
    """One application of a layer, a param, or a function that has MACs or reuses features.

    `name` is the module's path for layers; `encoder.attn:matmul` for a function in a block, with
    `#2` after the second of that name. `parameters` are those that no row before holds.
    """

    name: str
    layer: str
    kind: Literal["layer", "function", "param"]
    outputs: tuple[TensorType, ...]
    parameters: int
    parameters_naive: int
    macs: Dim
    reuses: tuple[Reuse, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """The rows of a model in order of execution, and its totals.

    `parameters = trainable + frozen + ema`; `sizes` are the values that were set, `batch` is the
    symbol of the batch that MACs are counted for one element of (None where it is a number).
    """

    rows: tuple[Row, ...]
    parameters: int
    parameters_naive: int
    trainable: int
    frozen: int
    ema: int
    #: Elements of buffers, which are no parameters.
    buffers: int
    macs: Dim
    #: Layers whose multiply-adds nobody states: `macs` is without them.
    uncounted: tuple[str, ...]
    sizes: Mapping[str, int]
    batch: str | None

    @property
    def open_sizes(self) -> tuple[str, ...]:
        """The sizes on which `macs` still depends."""
        return tuple(sorted(self.macs.symbols()))


def costs(graph: Graph, sizes: Mapping[str, int] | None = None) -> Costs:
    """Count `graph`, its open sizes replaced by `sizes` (checked ones, see `resolve_sizes`)."""
    values = dict(sizes or {})
    batch = batch_symbol(graph)
    return _Counting(graph, values, batch).run()


class _Counting:
    """One walk over the nodes."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int], batch: str | None) -> None:
        self.graph = graph
        self.sizes = sizes
        self.batch = batch
        self.mac_sizes: Mapping[str, int] = {batch: 1, **sizes} if batch is not None else sizes
        self.names = node_names(graph)
        self.tied = {tie.target: tie.source for tie in graph.ties}
        self.held: set[str] = set()

    def run(self) -> Costs:
        rows = tuple(row for node in self.graph.nodes if (row := self.row(node)) is not None)
        kinds = Counter[str]()
        for module, owner in owners(self.graph.root):
            for name, weight in module.all_weights():
                if weight.buffer:
                    kinds["buffer"] += count_of(weight.count)
                elif name not in self.tied:
                    kinds[owner] += count_of(weight.count)
        total = Dim.of(0)
        for row in rows:
            total = total + row.macs
        return Costs(
            rows=rows,
            parameters=kinds["trainable"] + kinds["frozen"] + kinds["ema"],
            parameters_naive=sum(row.parameters_naive for row in rows),
            trainable=kinds["trainable"],
            frozen=kinds["frozen"],
            ema=kinds["ema"],
            buffers=kinds["buffer"],
            macs=total,
            uncounted=self.uncounted(),
            sizes=self.sizes,
            batch=self.batch if self.batch not in self.sizes else None,
        )

    def uncounted(self) -> tuple[str, ...]:
        layers = [node.decl for node in self.graph.nodes if isinstance(node.decl, LayerDecl)]
        return tuple(sorted({decl.name for decl in layers if not decl.states_macs}))

    def row(self, node: Node) -> Row | None:
        """The row of a node, or None for one that neither costs nor reuses."""
        macs = self.macs(node)
        reuses = tuple(self.reuses(node))
        match node.kind:
            case "layer":
                new, used = self.weights(node)
            case "param":
                new, used = self.param(node)
            case "function" if reuses or macs is not Dim.of(0):
                new = used = 0
            case _:
                return None
        if node.kind == "param" and used == 0:  # a buffer
            return None
        outputs = tuple(
            TensorType(tuple(d.substitute(self.sizes) for d in t.shape), t.dtype)
            for t in node.outputs
        )
        name, kind = self.names[node.id], node.kind
        return Row(
            name, node.name if kind != "param" else "param", kind, outputs, new, used, macs, reuses
        )

    def macs(self, node: Node) -> Dim:
        if node.decl is None or node.params is None:
            return Dim.of(0)
        inputs = self.graph.input_types(node.id)
        return node.decl.macs(node.params, inputs, node.outputs).substitute(self.mac_sizes)

    def weights(self, node: Node) -> tuple[int, int]:
        """Of a layer: the parameters that no row before holds, and all that it uses."""
        assert node.module is not None
        new = used = 0
        for name, weight in node.module.all_weights():
            if weight.buffer:
                continue
            count = count_of(weight.count)
            used += count
            real = self.tied.get(name, name)
            if real not in self.held:
                self.held.add(real)
                new += count
        return new, used

    def param(self, node: Node) -> tuple[int, int]:
        assert node.module is not None
        tensor = node.module.tensors[node.name]
        if tensor.kind == "buffer":
            return 0, 0
        count = 1
        for dim in tensor.type.shape:
            count *= count_of(dim)
        name = f"{node.module.path}.{node.name}" if node.module.path else node.name
        real = self.tied.get(name, name)
        new = 0 if real in self.held else count
        self.held.add(real)
        return new, count

    def reuses(self, node: Node) -> Iterator[Reuse]:
        """Reused features by edge, then reused weights; each once."""
        found: dict[Reuse, None] = {}
        for edge in self.graph.edges_into(node.id):
            if edge.mechanism == "shared" and node.module is not None:
                if node.module.weights:
                    found[Reuse("shared", node.module.path)] = None
            elif edge.mechanism is not None:
                source = self.value_name(Value(edge.source, edge.output))
                found[Reuse(edge.mechanism, source)] = None
        if node.kind == "layer" and node.module is not None:
            for name, _ in node.module.all_weights():
                if name in self.tied:
                    found[Reuse("tied", self.tied[name])] = None
            copied = _copied_from(node.module)
            if copied is not None and node.module.weights:
                found[Reuse("ema", copied)] = None
        yield from found

    def value_name(self, value: Value) -> str:
        several = len(self.graph.node(value.node).outputs) > 1
        return f"{self.names[value.node]}[{value.index}]" if several else self.names[value.node]


def node_names(graph: Graph) -> list[str]:
    """A unique name for each node's values, by id: see `Row.name`; inputs have their own name."""
    names: list[str] = []
    seen = Counter[str]()
    for node in graph.nodes:
        path = node.module.path if node.module is not None else ""
        match node.kind:
            case "layer":
                name = path
            case "param":
                name = f"{path}.{node.name}" if path else node.name
            case "function":
                name = f"{path}:{node.name}" if path else node.name
            case "input":
                name = node.name
        seen[name] += 1
        repeated = node.kind == "function" and seen[name] > 1
        names.append(f"{name}#{seen[name]}" if repeated else name)
    return names


def count_of(dim: Dim) -> int:
    """The size of a weight, which the elaborator has made sure is a number."""
    assert dim.const is not None, f"a weight of open size {dim}"
    return dim.const


def owners(root: Module) -> Iterator[tuple[Module, Literal["trainable", "frozen", "ema"]]]:
    """Each module, with who changes its parameters: the optimiser, nobody, or a slow copy."""
    stack: list[tuple[Module, Literal["trainable", "frozen", "ema"]]] = [(root, "trainable")]
    while stack:
        module, owner = stack.pop()
        if module.ema_of is not None:
            owner = "ema"
        elif module.frozen and owner == "trainable":
            owner = "frozen"
        yield module, owner
        stack.extend((child, owner) for child in reversed(module.children.values()))


def _copied_from(module: Module) -> str | None:
    """The path of the module whose slow copy this one is, itself or as a part of it."""
    keys: list[str] = []
    while True:
        if module.ema_of is not None:
            return ".".join([module.ema_of.path, *reversed(keys)])
        if module.parent is None:
            return None
        keys.append(module.key)
        module = module.parent
