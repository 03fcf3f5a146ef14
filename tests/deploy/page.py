"""`make deploy-check`: every model by every capability, as the table of `docs/deployment.md`.

Run from the root: `python -m tests.deploy.page`. With names of models it measures only those, and
keeps the rest of the page.
"""

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

import torch

from archspec.files import write_atomically
from tests.deploy.capabilities import CAPABILITIES, outcome
from tests.deploy.subjects import SUBJECTS, Subject
from tests.support.zoo import ROOT

PAGE: Final = ROOT / "docs" / "deployment.md"
BEGIN: Final = "<!-- begin: written by make deploy-check -->"
END: Final = "<!-- end -->"
HEADS: Final = ("model", *CAPABILITIES)
#: A cell of a model that has not been measured yet.
OPEN: Final = "?"

Cells = tuple[str, ...]


def measured(subject: Subject) -> tuple[str, Cells, tuple[str, ...]]:
    """A model's name, its cells, and the reason of each cell that is not `ok`."""
    torch.set_num_threads(1)
    logging.disable(logging.CRITICAL)  # torch logs what it fails to solve at length
    found = [(name, *outcome(subject, name)) for name in CAPABILITIES]
    reasons = tuple(f"- {subject}, {name}: {why}" for name, _, why in found if why)
    return str(subject), tuple(cell for _, cell, _ in found), reasons


def table(rows: Sequence[Cells]) -> str:
    """Rows as a Markdown table, its columns aligned for readers of the text."""
    lines = [HEADS, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
    texts = [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    ]
    ruler = f"| {' | '.join('-' * width for width in widths)} |"
    return "\n".join([texts[0], ruler, *texts[1:]])


def rows_of(page: str) -> dict[str, Cells]:
    """The cells of each model on a page, by its name."""
    _, _, rest = page.partition(BEGIN)
    lines = [line for line in rest.partition(END)[0].splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]
    return {line[0]: line[1:] for line in cells}


def reasons_of(page: str) -> dict[str, tuple[str, ...]]:
    """The lines below the table that say why, by the model that they are about."""
    found: dict[str, tuple[str, ...]] = {}
    _, _, rest = page.partition(BEGIN)
    for line in rest.partition(END)[0].splitlines():
        if line.startswith("- "):
            name = line[2:].partition(",")[0]
            found[name] = (*found.get(name, ()), line)
    return found


def written(rows: Mapping[str, Cells], reasons: Mapping[str, tuple[str, ...]]) -> str:
    """The part of the page between its marks; a model without a row is shown as open."""
    names = [str(subject) for subject in SUBJECTS]
    blank = (OPEN,) * len(CAPABILITIES)
    lines = [line for name in names for line in reasons.get(name, ())]
    body = table([(name, *rows.get(name, blank)) for name in names])
    return "\n\n".join([body, "\n".join(lines)]) if lines else body


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.deploy.page", description=__doc__)
    parser.add_argument("names", nargs="*", help="models to measure; all where none is named")
    parser.add_argument("--jobs", type=int, default=2, help="processes to measure in")
    options = parser.parse_args()
    if unknown := set(options.names) - {str(subject) for subject in SUBJECTS}:
        parser.error(f"no such models: {', '.join(sorted(unknown))}")
    todo = [s for s in SUBJECTS if not options.names or str(s) in options.names]
    page = PAGE.read_text(encoding="utf-8")
    rows, reasons = rows_of(page), reasons_of(page)
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for name, cells, why in pool.map(measured, todo):
            rows[name], reasons[name] = cells, why
    head, _, rest = page.partition(BEGIN)
    body = written(rows, reasons)
    tail = rest.partition(END)[2]
    write_atomically(PAGE, f"{head}{BEGIN}\n\n{body}\n\n{END}{tail}")
    failed = [str(s) for s in todo if "fails" in rows[str(s)]]
    end = f"fail: {', '.join(failed)}" if failed else f"{len(todo)} models, none fails"
    sys.stdout.write(f"{body}\n{end}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
