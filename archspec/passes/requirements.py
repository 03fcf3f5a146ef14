"""What a model's inputs must satisfy, and what in the model needs it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from archspec.dims import Domain, Domains, Proven, decide_fact, satisfying_lower
from archspec.ir import Graph, Need, Promise
from archspec.source import Span

#: Where a thing is said to be needed; of more places the first are shown.
MAX_SHOWN = 6


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Data):
    """A place in a source: lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class NeededBy(_Data):
    """A layer or join that would not work without the requirement."""

    name: str = Field(description="Path of the layer, or the join or function as written.")
    otherwise: str = Field(description="What would be wrong.")
    place: Place


class Requirement(_Data):
    """One condition on the sizes of the inputs."""

    condition: str = Field(description="For example `H % 32 == 0`, with numbers for parameters.")
    size: str = Field(description="The open size that it restricts.")
    origin: Literal["stated", "inferred"] = Field(description="By a `where`, or by the checker.")
    written: str | None = Field(description="As the spec states it; null if it is inferred.")
    place: Place = Field(description="Of the `where` condition, or of what needs the bound.")
    needed_by: tuple[NeededBy, ...] = Field(
        description="Empty where nothing needs it. Of bounds, what needs the strictest one."
    )
    enough: str | None = Field(description="A weaker bound that suffices, where one is stated.")


class Requirements(_Data):
    """What the inputs of a model must satisfy.

    The schema is stable: fields may be added, none is renamed, removed or given another type.
    """

    version: Literal[1] = 1
    model: str
    inputs: tuple[str, ...] = Field(description="For example `image: float[B, 3, H, W]`.")
    requirements: tuple[Requirement, ...]

    def to_json(self) -> str:
        """As JSON text, indented by two."""
        return self.model_dump_json(indent=2)

    def __str__(self) -> str:
        lines = [f"{self.model}: {', '.join(self.inputs)}"]
        if not self.requirements:
            lines.append("  nothing is required of open sizes")
        for one in self.requirements:
            lines += _lines(one)
        return "\n".join(lines)


def _lines(one: Requirement) -> Iterable[str]:
    origin = f"stated at {one.place}" if one.origin == "stated" else "inferred"
    if one.written is not None and one.written != one.condition:
        origin += f" as `{one.written}`"
    if not one.needed_by:
        origin += "; nothing needs it"
    elif one.enough is not None:
        origin += f"; {one.enough} would do"
    yield f"  {one.condition}  ({origin})"
    groups: dict[tuple[str, Place], list[NeededBy]] = {}
    for need in one.needed_by:
        groups.setdefault((need.otherwise, need.place), []).append(need)
    for group in list(groups.values())[:MAX_SHOWN]:
        name = group[0].name
        if len(group) > 1:
            name += f" and {len(group) - 1} more there"
        yield f"    {name}, {group[0].place}: else {group[0].otherwise}"
    if len(groups) > MAX_SHOWN:
        yield f"    and in {len(groups) - MAX_SHOWN} more places"


def requirements(graph: Graph, equal: Sequence[Sequence[NeededBy]] = ()) -> Requirements:
    """The requirements of `graph`, stated ones first, in their order.

    `equal` has what needs each promise that two sizes are one, which the graph cannot tell.
    """
    found: list[Requirement] = []
    left = list(equal)
    for text, promises in _by_place(graph.promises):
        name = promises[0].symbol
        enough: str | None = None
        needed: Sequence[NeededBy]
        if promises[0].domain is None:
            condition, needed = text, left.pop(0) if left else ()
        else:
            condition = ", ".join(
                c for p in promises if p.domain is not None for c in p.domain.conditions(p.symbol)
            )
            bound = any(p.bounds for p in promises)
            domains = _without(graph, promises)
            needed, lower = _needed(graph, domains, name if bound else None)
            least = None if lower is None else domains.with_lower(name, lower)[name].smallest
            if least is not None and least < (graph.domains[name].smallest or 0):
                enough = f"{name} >= {lower}"
        found.append(
            Requirement(
                condition=condition or text,
                size=name,
                origin="stated",
                written=text,
                place=_place(promises[0].span),
                needed_by=tuple(needed),
                enough=enough,
            )
        )
    for name, inferred in sorted(graph.requirements.items()):
        known = graph.domains[name]
        weaker = graph.domains.replace(name, replace(known, lower=1))
        found.append(
            Requirement(
                condition=f"{name} >= {inferred.lower}",
                size=name,
                origin="inferred",
                written=None,
                place=_place(inferred.span),
                needed_by=tuple(_needed(graph, weaker, name)[0]),
                enough=None,
            )
        )
    inputs = []
    for id in graph.inputs:
        node = graph.node(id)
        type_ = node.outputs[0]
        dims = ", ".join(str(d) for d in type_.shape)
        inputs.append(f"{node.name} {type_.dtype}[{dims}]")
    return Requirements(model=graph.name, inputs=tuple(inputs), requirements=tuple(found))


def _by_place(promises: Sequence[Promise]) -> Iterable[tuple[str, list[Promise]]]:
    """The promises that one condition makes: `8 <= H <= 64` makes two."""
    groups: dict[Span, list[Promise]] = {}
    for promise in promises:
        groups.setdefault(promise.span, []).append(promise)
    return [(group[0].text, group) for group in groups.values()]


def _without(graph: Graph, dropped: Sequence[Promise]) -> Domains:
    """What is known of sizes by all other promises, and inferred bounds."""
    domains = graph.domains
    for symbol in {p.symbol for p in dropped}:
        known = Domain()
        for other in graph.promises:
            if other.symbol == symbol and other.domain is not None and other not in dropped:
                known = known.intersect(other.domain)
        domains = domains.replace(symbol, known)
        if symbol in graph.requirements:
            domains = domains.with_lower(symbol, graph.requirements[symbol].lower)
    return domains


def _needed(
    graph: Graph, domains: Domains, bounded: str | None
) -> tuple[list[NeededBy], int | None]:
    """What fails for some sizes in `domains`; of a size that is bounded, what needs the largest
    bound, and that bound.

    Else bounds are left out: the checker would infer them.
    """
    verdicts: dict[object, bool] = {}
    bounds: dict[object, int | None] = {}
    failing: list[tuple[Need, int | None]] = []
    places: dict[object, Span] = {}
    for need in graph.needs:
        key = (need.kind, need.left, need.right)
        first = places.setdefault(key, need.span)
        if first != need.span and first.within(need.span):
            continue  # what a join needs, its function needs too
        if key not in verdicts:
            verdicts[key] = isinstance(decide_fact(need, domains), Proven)
            names = need.left.symbols() | need.right.symbols()
            lower = None
            if not verdicts[key] and need.kind == "at_least" and len(names) == 1:
                lower = satisfying_lower((need,), next(iter(names)), domains)
            bounds[key] = lower
        if not verdicts[key] and (bounded is not None or bounds[key] is None):
            failing.append((need, bounds[key]))
    largest = max((b for _, b in failing if b is not None), default=None)
    if bounded is not None and largest is not None:
        failing = [(need, b) for need, b in failing if b is None or b == largest]
    return [needed_by(n.by, n.otherwise, n.span) for n, _ in failing], largest


def needed_by(name: str, otherwise: str, span: Span) -> NeededBy:
    return NeededBy(name=name, otherwise=otherwise, place=_place(span))


def _place(span: Span) -> Place:
    line, column = span.position
    return Place(file=span.source.name, line=line, column=column)


__all__ = ["NeededBy", "Place", "Requirement", "Requirements", "needed_by", "requirements"]
