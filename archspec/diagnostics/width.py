"""How many terminal cells a text takes."""

from unicodedata import category, east_asian_width

_ZERO_WIDTH_CATEGORIES = frozenset({"Mn", "Me", "Cf"})


def char_width(char: str) -> int:
    """0 for combining and format characters, 2 for East Asian wide ones and emoji, else 1."""
    if char.isascii():
        return 1
    if category(char) in _ZERO_WIDTH_CATEGORIES:
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def text_width(text: str) -> int:
    """The cells that `text`, which has no tabs or line ends, takes."""
    return len(text) if text.isascii() else sum(map(char_width, text))
