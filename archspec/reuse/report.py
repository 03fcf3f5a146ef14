"""The reuse report of a model as data, and as JSON."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from archspec.ir import Value
from archspec.passes.costs import costs
from archspec.passes.reuse_edges import EdgeMechanism, ReuseEdge
from archspec.reuse.backward import saved
from archspec.reuse.fields import Field as Seen
from archspec.reuse.fields import Fields, fields, met
from archspec.reuse.live import Hold, Live, live
from archspec.reuse.paths import paths
from archspec.reuse.sized import Sized, Stored
from archspec.reuse.traffic import Traffic, traffic
from archspec.reuse.weights import reused_weights


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Totals(_Data):
    """Counts of one forward run; bytes of one training step are those that autograd keeps."""

    parameters: int
    parameters_per_use: int = Field(description="Each weight as often as it is used.")
    parameters_saved: int = Field(description="What sharing and tying saves.")
    macs: int
    element_ops: int = Field(description="Results computed without multiply-adds.")
    activations: int = Field(description="Elements that multiplying nodes give.")
    cio: int = Field(description="Input and output elements of convolutions.")
    peak_bytes: int
    peak_at: str
    peak_bytes_in_place: int = Field(description="Elementwise results written over their input.")
    saved_bytes: int = Field(description="Kept for backward.")
    saved_bytes_recomputed: int = Field(description="With dense layers that compute again.")
    not_followed: tuple[str, ...] = Field(description="Layers without what they keep.")
    uncounted: tuple[str, ...] = Field(description="Own layers that state no multiply-adds.")


class Sight(_Data):
    """What an element sees of the image along one axis, and how far the next element is, in pixels.

    `reach` is None where it is the whole side.
    """

    reach: int | None
    stride: float


class Edge(_Data):
    """A reuse edge: `held_bytes` wait for it alone, from the node after `since` on."""

    mechanism: EdgeMechanism
    source: str
    target: str
    via: tuple[str, ...]
    span: int = Field(description="Nodes from the source to the target.")
    parameters: int = Field(description="Of the layers in `via`.")
    macs: int = Field(description="Of the layers in `via`.")
    held_bytes: int
    since: str
    source_node: int = Field(description="Its place in `nodes`, as `target_node`.")
    target_node: int
    sees: tuple[Sight, ...] = Field(description="The source, by axis; empty if it has no pixels.")
    meets: tuple[Sight, ...] = Field(description="Of what it is joined with: the largest.")


class WeightReuse(_Data):
    """Weights used more than once: a shared layer or block by its path, or a tied weight."""

    mechanism: Literal["shared", "tied"]
    names: tuple[str, ...] = Field(description="Of a tied weight all names, its own first.")
    uses: int
    saved: int = Field(description="Parameters that all uses but one would have.")


class Nodes(_Data):
    """All nodes in the order in which they run, a column for each number.

    `live_bytes` are held while a node runs, `held_bytes` those of them that reuse edges alone wait
    for; `moved_bytes` are what the node reads and writes, weights included.
    """

    names: tuple[str, ...]
    live_bytes: tuple[int, ...]
    held_bytes: tuple[int, ...]
    macs: tuple[int, ...]
    moved_bytes: tuple[int, ...]


class PathSummary(_Data):
    """Gradient paths; the count is hexadecimal, for it may have thousands of digits."""

    count: str
    shortest: int
    longest: int
    mean: float
    exact: bool
    shares: dict[int, float]
    not_bypassed: tuple[str, ...]


class ConcatSummary(_Data):
    """Elements that concatenations write, against one buffer; see `archspec.reuse.traffic`."""

    emitted: int
    naive: int
    shared: int
    connections: int


class ReuseReport(_Data):
    """What reuse gives and costs. Fields may be added, none is renamed, removed or retyped."""

    version: Literal[1] = 1
    model: str
    sizes: dict[str, int]
    stored: Stored
    totals: Totals
    edges: tuple[Edge, ...]
    weights: tuple[WeightReuse, ...]
    paths: PathSummary | None
    concat: ConcatSummary
    nodes: Nodes

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)


def report(model: Sized) -> ReuseReport:
    """Measure `model`."""
    counted, moved, run = costs(model.graph), traffic(model), live(model)
    kept = saved(model)
    holds: dict[int, Hold] = {}  # of features that wait and are then aligned, the larger
    for hold in run.holds:
        known = holds.get(id(hold.edge))
        if known is None or hold.bytes > known.bytes:
            holds[id(hold.edge)] = hold
    found, seen = paths(model), fields(model)
    return ReuseReport(
        model=model.graph.name,
        sizes=dict(model.sizes),
        stored=model.stored,
        totals=Totals(
            parameters=counted.parameters,
            parameters_per_use=counted.parameters_naive,
            parameters_saved=counted.parameters_naive - counted.parameters,
            macs=moved.macs,
            element_ops=moved.element_ops,
            activations=moved.activations,
            cio=moved.cio,
            peak_bytes=run.peak.live,
            peak_at=model.names[run.peak.node],
            peak_bytes_in_place=live(model, inplace=True).peak.live,
            saved_bytes=kept.bytes,
            saved_bytes_recomputed=saved(model, recompute=True).bytes,
            not_followed=kept.unknown,
            uncounted=counted.uncounted,
        ),
        edges=tuple(_edge(model, edge, holds.get(id(edge)), seen) for edge in model.reused),
        weights=tuple(
            WeightReuse(
                mechanism=used.mechanism, names=tuple(used.names), uses=used.uses, saved=used.saved
            )
            for used in reused_weights(model.graph)
        ),
        paths=None
        if found is None
        else PathSummary(
            count=f"{found.count:#x}",
            shortest=found.shortest,
            longest=found.longest,
            mean=float(found.mean),
            exact=found.exact,
            shares={n: float(share) for n, share in found.shares.items()},
            not_bypassed=tuple(model.names[node] for node in found.unbypassed),
        ),
        concat=ConcatSummary(
            emitted=sum(c.emitted for c in moved.concats),
            naive=sum(c.naive for c in moved.concats),
            shared=sum(c.shared for c in moved.concats),
            connections=sum(c.connections for c in moved.concats),
        ),
        nodes=_nodes(model, run, moved),
    )


def _nodes(model: Sized, run: Live, moved: Traffic) -> Nodes:
    work = {work.node: work for work in moved.work}
    found = [work.get(moment.node) for moment in run.moments]
    return Nodes(
        names=tuple(model.names),
        live_bytes=tuple(moment.live for moment in run.moments),
        held_bytes=tuple(moment.held for moment in run.moments),
        macs=tuple(w.macs if w is not None else 0 for w in found),
        moved_bytes=tuple(w.bytes if w is not None else 0 for w in found),
    )


def _edge(model: Sized, edge: ReuseEdge, hold: Hold | None, seen: dict[Value, Fields]) -> Edge:
    nodes = [model.graph.node(id) for id in edge.via]
    weights = [w for n in nodes if n.kind == "layer" and n.module for w in n.module.weights]
    return Edge(
        mechanism=edge.mechanism,
        source=model.name(Value(edge.source.node, edge.source.index)),
        target=model.names[edge.target],
        via=tuple(model.names[id] for id in edge.via),
        span=edge.target - edge.source.node,
        parameters=sum(model.number(w.count) for w in weights if not w.buffer),
        macs=sum(model.macs(node) for node in nodes),
        held_bytes=hold.bytes if hold else 0,
        since=model.names[hold.since] if hold else "",
        source_node=edge.source.node,
        target_node=edge.target,
        sees=_sights(seen.get(edge.source, {})),
        meets=_sights(met(model, edge, seen)),
    )


def _sights(seen: Mapping[int, Seen]) -> tuple[Sight, ...]:
    return tuple(Sight(reach=axis.reach, stride=float(axis.stride)) for axis in seen.values())
