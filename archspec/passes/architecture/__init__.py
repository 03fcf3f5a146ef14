"""The architecture of models as papers print it: stages with output sizes, and what repeats."""

from archspec.passes.architecture.stages import stages_of
from archspec.passes.architecture.table import Cell, Column, Row, Table, table_of
from archspec.passes.architecture.units import Group, Part, Stage

__all__ = ["Cell", "Column", "Group", "Part", "Row", "Stage", "Table", "stages_of", "table_of"]
