"""Diagnostics as text for people, editors and build servers.

A format is imported when it is used: most runs use one, and a clean one none.
"""

from collections.abc import Sequence
from typing import Final, Literal, assert_never, get_args

from archspec.diagnostics.model import Diagnostic

Format = Literal["text", "concise", "json", "sarif", "github"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


def render(
    diagnostics: Sequence[Diagnostic], format: Format, *, color: bool = False, width: int = 120
) -> str:
    """`diagnostics` in `format`, without a last line end; `color` and `width` are for `text`."""
    match format:
        case "text":
            from archspec.diagnostics.render.text import render_text

            return render_text(diagnostics, color=color, width=width)
        case "concise":
            from archspec.diagnostics.render.concise import render_concise

            return render_concise(diagnostics)
        case "json":
            from archspec.diagnostics.render.json import render_json

            return render_json(diagnostics)
        case "sarif":
            from archspec.diagnostics.render.sarif import render_sarif

            return render_sarif(diagnostics)
        case "github":
            from archspec.diagnostics.render.github import render_github

            return render_github(diagnostics)
        case _:
            assert_never(format)


__all__ = [
    "FORMATS",
    "Format",
    "render",
]
