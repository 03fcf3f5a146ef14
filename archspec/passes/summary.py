"""The summary of a model as data, as a table for a terminal or a notebook, and as JSON."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from archspec.dims import Dim
from archspec.ir import Graph, Mechanism
from archspec.layers.base import TensorType
from archspec.passes.costs import Costs, Row, costs
from archspec.passes.sizes import resolve_sizes

#: A size or count: a number, or a polynomial such as `2*(H//4)` in the sizes that are left open.
Count = int | str


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TensorSummary(_Data):
    """A tensor: a size of `shape` is a string where it is open."""

    shape: tuple[Count, ...]
    dtype: str

    def __str__(self) -> str:
        dims = ", ".join(str(size) for size in self.shape)
        return f"[{dims}]" if self.dtype == "float" else f"{self.dtype}[{dims}]"


class NamedTensor(_Data):
    """An input or output of the model."""

    name: str
    shape: tuple[Count, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.name} {TensorSummary(shape=self.shape, dtype=self.dtype)}"


class ReuseSummary(_Data):
    """`source` is the row whose features are reused, or the module or weight that is."""

    mechanism: Mechanism
    source: str


class LayerSummary(_Data):
    """One application of a layer, one param, or one function that multiplies or reuses."""

    name: str = Field(description="Path of the module, `path:function`, or name of the param.")
    layer: str = Field(description="The layer's or function's name; `param` for a param.")
    kind: Literal["layer", "function", "param"]
    outputs: tuple[TensorSummary, ...]
    parameters: int = Field(description="Parameters that no row before holds.")
    parameters_naive: int = Field(description="Parameters that this application uses.")
    macs: Count = Field(description="Multiply-adds for one element of the batch.")
    reuses: tuple[ReuseSummary, ...]


class Summary(_Data):
    """What a model is made of and costs.

    The schema is stable: fields may be added, none is renamed, removed or given another type.
    `parameters = trainable + frozen + ema`.
    """

    version: Literal[1] = 1
    model: str
    inputs: tuple[NamedTensor, ...]
    outputs: tuple[NamedTensor, ...]
    sizes: dict[str, int] = Field(description="The values given for open sizes.")
    open_sizes: tuple[str, ...] = Field(description="The sizes that `macs` still depends on.")
    batch: str | None = Field(description="The open size that MACs are counted for one of.")
    parameters: int = Field(description="Each weight once: tied and shared ones too.")
    parameters_naive: int = Field(description="Each weight as often as it is used.")
    trainable: int
    frozen: int
    ema: int = Field(description="Parameters of slow copies, which get no gradient.")
    buffers: int = Field(description="Numbers in buffers, which are no parameters.")
    macs: Count = Field(description="Multiply-adds for one element of the batch.")
    uncounted: tuple[str, ...] = Field(
        description="Own layers whose declarations state no multiply-adds: `macs` is without them."
    )
    layers: tuple[LayerSummary, ...]

    def to_json(self) -> str:
        """This summary as JSON text, indented by two."""
        return self.model_dump_json(indent=2)

    def __str__(self) -> str:
        from archspec.passes.tables import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from archspec.passes.tables import as_html

        return as_html(self)


def summarize(
    graph: Graph, sizes: Mapping[str, int] | None = None, names: Mapping[str, object] | None = None
) -> Summary:
    """The summary of `graph` at `sizes`; see `resolve_sizes` for `names` and the errors."""
    resolved = resolve_sizes(graph, sizes or {}, names)
    found = costs(graph, resolved)
    return _as_data(graph, found)


def _as_data(graph: Graph, found: Costs) -> Summary:
    inputs = [(graph.node(id).name, graph.node(id).outputs[0]) for id in graph.inputs]
    outputs = [(name, graph.type_of(value)) for name, value in graph.outputs]
    return Summary(
        model=graph.name,
        inputs=tuple(_named(name, type_, found.sizes) for name, type_ in inputs),
        outputs=tuple(_named(name, type_, found.sizes) for name, type_ in outputs),
        sizes=dict(found.sizes),
        open_sizes=found.open_sizes,
        batch=found.batch,
        parameters=found.parameters,
        parameters_naive=found.parameters_naive,
        trainable=found.trainable,
        frozen=found.frozen,
        ema=found.ema,
        buffers=found.buffers,
        macs=_count(found.macs),
        uncounted=found.uncounted,
        layers=tuple(_layer(row) for row in found.rows),
    )


def _layer(row: Row) -> LayerSummary:
    return LayerSummary(
        name=row.name,
        layer=row.layer,
        kind=row.kind,
        outputs=tuple(
            TensorSummary(shape=tuple(_count(d) for d in t.shape), dtype=t.dtype)
            for t in row.outputs
        ),
        parameters=row.parameters,
        parameters_naive=row.parameters_naive,
        macs=_count(row.macs),
        reuses=tuple(ReuseSummary(mechanism=r.mechanism, source=r.source) for r in row.reuses),
    )


def _named(name: str, type_: TensorType, sizes: Mapping[str, int]) -> NamedTensor:
    shape = tuple(_count(dim.substitute(sizes)) for dim in type_.shape)
    return NamedTensor(name=name, shape=shape, dtype=type_.dtype)


def _count(dim: Dim) -> Count:
    return dim.const if dim.const is not None else str(dim)


__all__ = [
    "LayerSummary",
    "NamedTensor",
    "ReuseSummary",
    "Summary",
    "TensorSummary",
    "summarize",
]
