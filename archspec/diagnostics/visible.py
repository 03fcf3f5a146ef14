"""Text from outside made safe to show: nothing in it moves the cursor or reorders the line."""

from typing import Final
from unicodedata import category

#: Joiners and variation selectors inside words and emoji are no danger, and part of what is read.
_HARMLESS: Final = frozenset("\u200c\u200d")
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})


def visible_char(char: str) -> str:
    """`char`, or its escape where it would not be seen as itself."""
    if char.isprintable() or char in _HARMLESS or category(char) not in _HIDDEN_CATEGORIES:
        return char
    code = ord(char)
    if code < 0x100:
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """A message as it is shown; its line breaks stay."""
    if text.isprintable():
        return text
    return "".join(char if char == "\n" else visible_char(char) for char in text)
