"""A fix in words."""

import re
from typing import Final

from archspec.diagnostics.model import Diagnostic, Edit, Fix
from archspec.source import Span

# A longer change is not read as text in a line; the title says what it does.
_LONGEST: Final = 80


def fix_text(fix: Fix, diagnostic: Diagnostic) -> str:
    """`` `old` -> `new` ``, ``add `new` ``, ``remove `old` ``; the title where it would be long.

    The line is named where `old` stands several times in the file, and not in the fault's line.
    """
    if len(fix.edits) != 1:
        return fix.title
    (edit,) = fix.edits
    return _change(fix, edit) + _line(edit.span, diagnostic)


def _line(span: Span, diagnostic: Diagnostic) -> str:
    place = diagnostic.place.span if diagnostic.place is not None else span
    line = span.position.line
    if span.source.key != place.source.key:
        return f" in {span.source.name}:{line}"
    if not span.text.strip() or line == place.position.line:
        return ""
    return f" in line {line}" if _count(span.text, span.source.text) > 1 else ""


def _count(word: str, text: str) -> int:
    return len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text))


def _change(fix: Fix, edit: Edit) -> str:
    old, new = " ".join(edit.span.text.split()), " ".join(edit.replacement.split())
    if len(old) > _LONGEST or len(new) > _LONGEST or not (old or new):
        return fix.title
    if not old:
        return f"add `{new}`"
    return f"`{old}` -> `{new}`" if new else f"remove `{old}`"
