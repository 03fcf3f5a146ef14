"""Architecture tables as text: one file per format."""

from typing import Literal, assert_never

from archspec.passes.architecture import Table

TableFormat = Literal["text", "latex", "markdown", "csv", "html"]
FORMATS: tuple[TableFormat, ...] = ("text", "latex", "markdown", "csv", "html")
#: The format of a file, by the ending of its name.
ENDINGS: dict[str, TableFormat] = {
    ".txt": "text", ".tex": "latex", ".md": "markdown", ".csv": "csv", ".html": "html",
}  # fmt: skip


def write_table(table: Table, format: TableFormat) -> str:
    """`table` in a format, with a line end at the end."""
    match format:
        case "text":
            from archspec.backends.tables.text import as_text

            return as_text(table)
        case "latex":
            from archspec.backends.tables.latex import as_latex

            return as_latex(table)
        case "markdown":
            from archspec.backends.tables.markdown import as_markdown

            return as_markdown(table)
        case "csv":
            from archspec.backends.tables.csv import as_csv

            return as_csv(table)
        case "html":
            from archspec.backends.tables.html import as_html

            return as_html(table)
        case _:
            assert_never(format)


__all__ = ["ENDINGS", "FORMATS", "TableFormat", "write_table"]
