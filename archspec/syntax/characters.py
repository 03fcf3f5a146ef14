"""Characters that the language does not use, and what their author may have meant."""

import unicodedata
from typing import Final

from archspec.diagnostics import Diagnostic, Edit, Fix, Label
from archspec.source import Span

_MEANT: Final = {  # typed by a word processor, or used by another language
    **dict.fromkeys("“”„‟«»", '"'),
    **dict.fromkeys("‘’‚‛`'", '"'),  # noqa: RUF001
    **dict.fromkeys("‐‑‒–—―−", "-"),  # noqa: RUF001
    "→": "->",
    "×": "*",
    "·": "*",
    "÷": "/",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "…": "...",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "^": "**",
}
_HELP: Final = {
    "\\": "a newline needs no mark inside ( ) and [ ], nor before a line that begins with `->`",
    "?": "a condition is written `a if test else b`",
    "$": "interpolation into a name is written `enc{i}`",
    "~": "the opposite of a condition is written `not …`",
}


def bad_character(span: Span) -> Diagnostic:
    """The diagnostic for the run of unusable characters at `span`."""
    text = span.text
    meant = _MEANT.get(text) or _MEANT.get(text[0])
    if meant is None:
        folded = unicodedata.normalize("NFKC", text)
        if folded != text and folded.isascii() and folded.isprintable():
            meant = folded.strip()
    invisible = not text.isprintable() or text.isspace()
    shown = " ".join(f"U+{ord(character):04X}" for character in text[:4])
    if invisible:
        message = f"an invisible character, {shown}, stands here"
        meant = " " if text.isspace() else ""
    else:
        message = f"`{text[:20]}` is not a character of the language"
    help_: tuple[str, ...] = ()
    if text[0] in _HELP:
        help_ = (_HELP[text[0]],)
    elif text.isalpha() and meant is None:
        help_ = ("names are written with the letters a to z, digits and `_`",)
    fixes: tuple[Fix, ...] = ()
    if meant is not None:
        title = f"write `{meant}`" if meant.strip() else "remove it"
        fixes = (Fix("safe" if invisible else "maybe", title, (Edit(span, meant),)),)
        if meant.strip():
            help_ = (f"perhaps `{meant}` was meant",)
    return Diagnostic(
        "A0003", "error", message, (Label(span, primary=True),), help=help_, fixes=fixes
    )


def single_quotes(span: Span) -> Diagnostic:
    """The diagnostic for a string in single quotes at `span`."""
    inner = span.text[1:-1].replace("\\'", "'").replace('"', '\\"')
    return Diagnostic(
        "A0003",
        "error",
        "a string is written in double quotes",
        (Label(span, primary=True),),
        fixes=(Fix("safe", "use double quotes", (Edit(span, f'"{inner}"'),)),),
    )
