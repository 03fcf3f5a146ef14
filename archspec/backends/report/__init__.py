"""Reuse reports as text: one file per format."""

from collections.abc import Sequence
from typing import Final, Literal, assert_never

from archspec.reuse.report import ReuseReport

ReportFormat = Literal["text", "json", "latex", "html"]
#: The format of a file, by the ending of its name.
ENDINGS: Final[dict[str, ReportFormat]] = {
    ".txt": "text", ".json": "json", ".tex": "latex", ".html": "html",
}  # fmt: skip


def write_reports(reports: Sequence[ReuseReport], format: ReportFormat) -> str:
    """Reports in a format, one after the other, with a line end at the end.

    JSON is an object for one report, and a list for several.
    """
    match format:
        case "text":
            from archspec.reuse.text import as_text

            return "\n\n".join(map(as_text, reports)) + "\n"
        case "json":
            texts = [report.to_json() for report in reports]
            return (texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]") + "\n"
        case "latex":
            from archspec.backends.report.latex import as_latex

            return "\n".join(map(as_latex, reports))
        case "html":
            from archspec.backends.report.page import as_html

            return as_html(reports)
        case _:
            assert_never(format)


__all__ = ["ENDINGS", "ReportFormat", "write_reports"]
