"""A fix in words."""

from typing import Final

from archspec.diagnostics.model import Fix

# A longer change is not read as text in a line; the title says what it does.
_LONGEST: Final = 80


def fix_text(fix: Fix) -> str:
    """`` `old` -> `new` ``, ``add `new` ``, ``remove `old` ``; the title where it would be long."""
    if len(fix.edits) != 1:
        return fix.title
    (edit,) = fix.edits
    old, new = " ".join(edit.span.text.split()), " ".join(edit.replacement.split())
    if len(old) > _LONGEST or len(new) > _LONGEST or not (old or new):
        return fix.title
    if not old:
        return f"add `{new}`"
    return f"`{old}` -> `{new}`" if new else f"remove `{old}`"
