"""A table for spreadsheets and programs: exact counts, a cell's groups apart by ` | `."""

import csv
from io import StringIO

from archspec.backends.tables.numbers import exact
from archspec.passes.architecture import Table


def as_csv(table: Table) -> str:
    """The stage's name is in each of its rows; caption and notes are left out."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["stage", "output", *(column.model for column in table.columns)])
    stage = ""
    for row in table.rows:
        stage = row.stage or stage
        writer.writerow([stage, row.size, *(" | ".join(map(str, cell)) for cell in row.cells)])
    writer.writerow(["parameters", "", *(exact(column.parameters) for column in table.columns)])
    writer.writerow(["MACs", "", *(exact(column.macs) for column in table.columns)])
    return out.getvalue()


__all__ = ["as_csv"]
