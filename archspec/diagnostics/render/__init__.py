"""Diagnostics as text for people, editors and build servers."""

from collections.abc import Sequence
from typing import Final, Literal, assert_never, get_args

from archspec.diagnostics.model import Diagnostic
from archspec.diagnostics.render.concise import render_concise
from archspec.diagnostics.render.github import render_github
from archspec.diagnostics.render.json import render_json
from archspec.diagnostics.render.sarif import render_sarif
from archspec.diagnostics.render.text import render_text

Format = Literal["text", "concise", "json", "sarif", "github"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)


def render(
    diagnostics: Sequence[Diagnostic], format: Format, *, color: bool = False, width: int = 120
) -> str:
    """`diagnostics` in `format`, without a last line end; `color` and `width` are for `text`."""
    match format:
        case "text":
            return render_text(diagnostics, color=color, width=width)
        case "concise":
            return render_concise(diagnostics)
        case "json":
            return render_json(diagnostics)
        case "sarif":
            return render_sarif(diagnostics)
        case "github":
            return render_github(diagnostics)
        case _:
            assert_never(format)


__all__ = [
    "FORMATS",
    "Format",
    "render",
    "render_concise",
    "render_github",
    "render_json",
    "render_sarif",
    "render_text",
]
