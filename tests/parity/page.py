"""`make zoo`: all models against their references, as one table, which is `docs/zoo.md`.

Run from the root: `python -m tests.parity.page`. With names of models it measures only those, and
keeps the rest of the page.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Final

import torch

from archspec.pipeline import emit_python
from tests.parity.measure import (
    counts,
    equal_keys,
    gradient_error,
    library_counts,
    output_error,
    shells,
)
from tests.support.cases import PARITY, ZOO
from tests.support.lines import library_lines, python_lines, spec_lines
from tests.support.zoo import ROOT, SPECS, Case, graph_of

PAGE: Final = ROOT / "docs" / "zoo.md"
#: The largest difference between two results that counts as none.
TOLERANCE: Final = 1e-5
HEADS: Final = (
    "model", "source", "spec", "emitted", "by hand", "keys", "outputs", "gradients",
    "parameters", "MACs",
)  # fmt: skip
FAILED: Final = " (!)"
BEGIN: Final = "<!-- begin: written by make zoo -->"
END: Final = "<!-- end -->"


def name_of(case: Case) -> str:
    return f"[{case.model}](../specs/{case.spec}.arch)"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; None where there is nothing to compare with."""

    case: Case
    spec: int
    emitted: int
    parameters: str
    macs: str
    by_hand: str = "-"
    keys: str = "-"
    outputs: str = "-"
    gradients: str = "-"

    @property
    def name(self) -> str:
        return name_of(self.case)

    def cells(self) -> tuple[str, ...]:
        return (
            self.name, self.case.source, str(self.spec), str(self.emitted), self.by_hand,
            self.keys, self.outputs, self.gradients, self.parameters, self.macs,
        )  # fmt: skip

    @property
    def failed(self) -> bool:
        return any(FAILED in cell for cell in self.cells())


def cheap_row(case: Case) -> Row:
    """What needs no run of a model: lines, and counts beside the published ones."""
    parameters, macs = counts(case)
    want = case.published
    return Row(
        case,
        spec_lines(SPECS / f"{case.spec}.arch"),
        python_lines(emit_python([graph_of(case.spec, case.model)])),
        _counted(parameters, want.parameters if want else None),
        _counted(macs, want.macs if want else None),
    )


def full_row(case: Case) -> Row:
    """All that is measured of one model."""
    torch.set_num_threads(1)
    row = cheap_row(case)
    if case not in PARITY:
        return row
    model, other = shells(case)
    if case.published is None or case.published.macs is None:
        parameters, macs = library_counts(case)
        row = replace(
            row,
            parameters=_compared(row.parameters, parameters),
            macs=_compared(row.macs, macs),
        )
    return replace(
        row,
        by_hand=str(library_lines(other)),
        keys="equal" if equal_keys(model, other) else "differ" + FAILED,
        outputs=_measured(case, output_error),
        gradients=_measured(case, gradient_error),
    )


def renewed(case: Case, row: tuple[str, ...]) -> tuple[str, ...]:
    """A row of the page with the lines and counts of today, and what was measured before."""
    old = dict(zip(HEADS, row, strict=True))
    new = cheap_row(case)
    return replace(
        new,
        by_hand=old["by hand"],
        keys=old["keys"],
        outputs=old["outputs"],
        gradients=old["gradients"],
    ).cells()


def _measured(case: Case, error_of: Callable[[Case], float]) -> str:
    try:
        error = error_of(case)
    except (AssertionError, RuntimeError) as fault:  # states or results that cannot be compared
        sys.stderr.write(f"{case.model}: {fault}\n")
        return "none" + FAILED
    text = f"{error:.0e}" if error else "0"
    return text if error <= TOLERANCE else text + FAILED


def _counted(got: int | None, want: int | None) -> str:
    """A number as the page shows it, and what it should be if it is not."""
    if got is None:
        return "-"
    return f"{got:,}" if want in (None, got) else f"{got:,}{FAILED}: {want:,}"


def _compared(cell: str, want: int) -> str:
    return cell if cell == f"{want:,}" else f"{cell}{FAILED}: {want:,}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, its columns aligned for readers of the text."""
    lines = [HEADS, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]

    def text(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    ruler = ["-" * width if i < 2 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([text(HEADS), f"| {' | '.join(ruler)} |", *map(text, rows)])


def rows_of(page: str) -> dict[str, tuple[str, ...]]:
    """The cells of each model on a page, by its first cell."""
    lines = [line for line in page.splitlines() if line.startswith("| [")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return {line[0]: line for line in cells}


def write(rows: Sequence[tuple[str, ...]]) -> None:
    """Put the rows into the page, in place of its table."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{table(rows)}\n{END}{tail}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity.page", description=__doc__)
    parser.add_argument("names", nargs="*", help="models to measure; all where none is named")
    parser.add_argument("--jobs", type=int, default=2, help="processes to measure in")
    parser.add_argument(
        "--lines", action="store_true", help="renew lines and counts of the others as well"
    )
    options = parser.parse_args()
    known = {case.model for case in ZOO}
    if unknown := set(options.names) - known:
        parser.error(f"no such models: {', '.join(sorted(unknown))}")
    everything = not options.names and not options.lines
    todo = [case for case in ZOO if everything or case.model in options.names]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        measured = {row.name: row for row in pool.map(full_row, todo)}
    kept = rows_of(PAGE.read_text(encoding="utf-8"))
    if options.lines:
        others = [c for c in ZOO if name_of(c) in kept and name_of(c) not in measured]
        kept |= {name_of(case): renewed(case, kept[name_of(case)]) for case in others}
    rows = [
        measured[name].cells() if name in measured else kept[name]
        for name in map(name_of, ZOO)
        if name in measured or name in kept
    ]
    write(rows)
    failed = [row.case.model for row in measured.values() if row.failed]
    end = f"differ: {', '.join(failed)}" if failed else f"{len(measured)} models, none differs"
    sys.stdout.write(f"{table([row.cells() for row in measured.values()])}\n{end}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
