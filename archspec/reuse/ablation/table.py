"""What models without some of their reuse cost and give, beside the whole one, as data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from archspec.diagnostics import ArchSpecError
from archspec.elaborate import Elaborated
from archspec.passes.costs import costs
from archspec.reuse.ablation.edges import Ablation
from archspec.reuse.ablation.flows import NotRemovable
from archspec.reuse.ablation.match import Widened, matched
from archspec.reuse.ablation.places import places
from archspec.reuse.ablation.rewrite import without
from archspec.reuse.backward import saved
from archspec.reuse.live import live
from archspec.reuse.paths import paths
from archspec.reuse.sized import Sized, Stored, sized

#: The model with other texts of its files, and with other values of its parameters.
Rebuild = Callable[[Mapping[Path, str], Mapping[str, Any]], Elaborated]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measures(_Data):
    """What one model costs and gives; see `archspec.reuse.report` for what each means."""

    parameters: int
    macs: int
    peak_bytes: int
    saved_bytes: int = Field(description="Kept for backward.")
    paths: str = Field(description="Gradient paths, hexadecimal; 0x0 if there are none.")
    mean_length: float = Field(description="Their mean number of steps.")


class Row(_Data):
    """A model without some reuse. Where it cannot be built, `fault` says why, and nothing else."""

    name: str
    mechanism: str = Field(description="Of all that is left out; empty if it is of several.")
    edges: tuple[str, ...] = Field(description="What is left out.")
    measures: Measures | None
    gone: tuple[str, ...] = Field(description="Layers with weights that go along.")
    widened: dict[str, Any] = Field(
        default_factory=dict,
        description="Parameters that were changed so that the model is as large as the whole one.",
    )
    fault: str = ""


class AblationTable(_Data):
    """The whole model, and a row for each ablation. Fields may be added, none is changed."""

    version: Literal[1] = 1
    model: str
    sizes: dict[str, int]
    stored: Stored
    whole: Measures
    rows: tuple[Row, ...]

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)


@dataclass(frozen=True, slots=True)
class Ablated:
    """A row, with the model and the changed texts of its files; none where it cannot be built."""

    row: Row
    model: Elaborated | None = None
    texts: Mapping[Path, str] | None = None


def ablated(
    model: Elaborated,
    size: Sized,
    ablations: Sequence[Ablation],
    rebuild: Rebuild,
    match: bool = False,
    by: str | None = None,
) -> Iterator[Ablated]:
    """The rows for `ablations`, each as it is found.

    With `match`, each is followed by one that is widened to the parameters of the whole model, by
    its parameter `by`, or the one that can. Raises `ArchSpecError` A0120 where none or several can.
    """
    whole = costs(model.graph).parameters
    for ablation in _distinct(model, ablations):
        try:
            changed, texts = without(model, ablation, lambda texts: rebuild(texts, {}))
        except NotRemovable as error:
            yield Ablated(_faulty(size, ablation, f"nothing to leave out: {error}"))
            continue
        except ArchSpecError as error:
            first = next(d for d in error.diagnostics if d.severity == "error")
            place = f" ({first.primary.span})" if first.primary is not None else ""
            yield Ablated(_faulty(size, ablation, f"{first.code}: {first.message}{place}"))
            continue
        yield Ablated(_row(size, model, ablation, changed), changed, texts)
        if match and costs(changed.graph).parameters != whole:
            wide = matched(changed, whole, lambda given, t=texts: rebuild(t, given), by)  # type: ignore[misc]
            row = _row(size, model, ablation, wide.model, wide)
            yield Ablated(row, wide.model, texts)


def measure(model: Sized) -> Measures:
    found = paths(model)
    counted = costs(model.graph)
    return Measures(
        parameters=counted.parameters,
        macs=sum(model.macs(node) for node in model.graph.nodes),
        peak_bytes=live(model).peak.live,
        saved_bytes=saved(model).bytes,
        paths=f"{found.count if found is not None else 0:#x}",
        mean_length=float(found.mean) if found is not None else 0.0,
    )


def _distinct(model: Elaborated, ablations: Sequence[Ablation]) -> Iterator[Ablation]:
    """Edges of one layer that is applied several times are left out together, and so only once."""
    at = places(model)
    seen: set[object] = set()
    for ablation in ablations:
        uses = frozenset(
            (at[e.target].use, e.slot) if e.target in at else (e.target, e.slot)
            for e in ablation.edges
        )
        if uses and uses in seen:
            continue
        seen.add(uses)
        yield ablation


def _row(
    size: Sized,
    model: Elaborated,
    ablation: Ablation,
    changed: Elaborated,
    wide: Widened | None = None,
) -> Row:
    constants = changed.frame.constants
    given = {k: v for k, v in size.sizes.items() if k in _open(changed)}
    there = {m.path for m in changed.graph.modules() if m.weights}
    gone = [m.path for m in model.graph.modules() if m.weights and m.path not in there]
    return Row(
        name=ablation.name,
        mechanism=ablation.mechanism,
        edges=ablation.shown(size),
        measures=measure(sized(changed.graph, given, constants, size.stored)),
        gone=tuple(gone),
        widened=dict(wide.values) if wide is not None else {},
    )


def _open(model: Elaborated) -> set[str]:
    from archspec.passes.sizes import open_sizes

    return set(open_sizes(model.graph))


def _faulty(size: Sized, ablation: Ablation, fault: str) -> Row:
    return Row(
        name=ablation.name,
        mechanism=ablation.mechanism,
        edges=ablation.shown(size),
        measures=None,
        gone=(),
        fault=fault,
    )
