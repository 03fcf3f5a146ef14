"""Several models side by side: a row per stage and output size, a column per model."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

from archspec.dims import Dim
from archspec.ir import Graph
from archspec.passes.architecture.notes import notes_of
from archspec.passes.architecture.stages import stages_of
from archspec.passes.architecture.units import Group, Part, Stage
from archspec.passes.costs import costs

T = TypeVar("T")
#: What a model has in a row: nothing, or groups one below the other.
Cell = tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A model: `macs` is a polynomial where sizes stay open."""

    model: str
    parameters: int
    macs: Dim


@dataclass(frozen=True, slots=True)
class Row:
    """A stage, or what of it has one output size: then only the first row has the name."""

    stage: str
    size: str
    cells: tuple[Cell, ...]

    @property
    def same(self) -> bool:
        """Whether all models have the same here."""
        shown = [tuple(map(str, cell)) for cell in self.cells]
        return len(shown) > 1 and all(cell == shown[0] for cell in shown)


@dataclass(frozen=True, slots=True)
class Table:
    """The architectures of some models. `notes` are sentences on what the rows do not say."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def table_of(
    graphs: Sequence[Graph], sizes: Sequence[Mapping[str, int]], caption: str = ""
) -> Table:
    """The table of `graphs`, each at its `sizes` (checked ones, see `resolve_sizes`)."""
    columns: list[Column] = []
    stages: list[tuple[Stage, ...]] = []
    notes: list[tuple[str, ...]] = []
    for graph, given in zip(graphs, sizes, strict=True):
        counted = costs(graph, given)
        columns.append(Column(graph.name, counted.parameters, counted.macs))
        stages.append(stages_of(graph, given))
        notes.append(tuple(notes_of(graph, given, stages[-1], counted)))
    return Table(
        caption=caption,
        columns=tuple(columns),
        rows=tuple(_rows(stages)),
        notes=tuple(_notes([column.model for column in columns], notes)),
    )


def _rows(stages: Sequence[Sequence[Stage]]) -> Iterator[Row]:
    for found in aligned(stages, lambda stage: stage.modules[:1] or (stage.name,)):
        name = _both(stage.name for stage in found if stage is not None)
        parts = [stage.parts if stage is not None else () for stage in found]
        present = [own for own in parts if own]
        if all(len(own) == len(present[0]) for own in present):
            columns = [own or (None,) * len(present[0]) for own in parts]
            rows: list[tuple[Part | None, ...]] = list(zip(*columns, strict=True))
        else:
            rows = [tuple(row) for row in aligned(parts, lambda part: part.size)]
        for i, row in enumerate(rows):
            size = _sizes(part.size for part in row if part is not None)
            cells = tuple(part.groups if part is not None else () for part in row)
            yield Row(name if i == 0 else "", size, cells)


def aligned(sequences: Sequence[Sequence[T]], key: Callable[[T], Hashable]) -> list[list[T | None]]:
    """The sequences side by side: what has the same key is in one row where the order allows."""
    rows: list[list[T | None]] = []
    keys: list[Hashable] = []
    for column, sequence in enumerate(sequences):
        own = [key(item) for item in sequence]
        matched = SequenceMatcher(a=keys, b=own, autojunk=False).get_opcodes()
        merged: list[list[T | None]] = []
        merged_keys: list[Hashable] = []
        for tag, i, end, j, stop in matched:
            for offset in range(end - i):
                item = sequence[j + offset] if tag == "equal" else None
                merged.append([*rows[i + offset], item])
                merged_keys.append(keys[i + offset])
            if tag != "equal":
                merged.extend([*[None] * column, item] for item in sequence[j:stop])
                merged_keys.extend(own[j:stop])
        rows, keys = merged, merged_keys
    return rows


def _both(texts: Iterator[str]) -> str:
    """Names as they are, and what differs between them."""
    return " / ".join(dict.fromkeys(texts))


def _sizes(texts: Iterator[str]) -> str:
    """`56×56`; factors that differ between models are given as `768/1024` or `768–1600`."""
    found = [text.split("×") for text in dict.fromkeys(texts)]
    if len({len(factors) for factors in found}) > 1:
        return _both("×".join(factors) for factors in found)
    return "×".join(map(_range, zip(*found, strict=True)))


def _range(factors: Sequence[str]) -> str:
    different = list(dict.fromkeys(factors))
    if len(different) > 2 and all(factor.isdecimal() for factor in different):
        numbers = [int(factor) for factor in different]
        return f"{min(numbers)}–{max(numbers)}"
    return "/".join(different)


def _notes(models: Sequence[str], notes: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each note once; with the names of the models where it is not about all of them."""
    for row in aligned(notes, str):
        about = [model for model, note in zip(models, row, strict=True) if note is not None]
        (note,) = {note for note in row if note is not None}
        yield note if len(about) == len(models) else f"{', '.join(about)}: {note}"


__all__ = ["Cell", "Column", "Row", "Table", "aligned", "table_of"]
