"""String literals: from their source text to the value, and back."""

import re
from typing import Final

_ESCAPES: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "\n": "",
}
_ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|\r?\n|.)", re.DOTALL)
_PRINTED: Final = {
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
}


def decode(literal: str) -> tuple[str, tuple[int, int] | None]:
    """The value of a literal with its quotes, and where its first unknown escape stands, if any."""
    width = 3 if literal.startswith('"""') and len(literal) >= 6 else 1
    text = literal[width:-width]
    if width == 3:
        text = text.replace("\r\n", "\n")
    if "\\" not in text:
        return text, None
    wrong: list[tuple[int, int]] = []

    def replace(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 2:
            return chr(int(escape[1:], 16))
        value = _ESCAPES.get(escape.replace("\r", "") if escape.endswith("\n") else escape)
        if value is None or "\ud800" <= value <= "\udfff":
            wrong.append((match.start() + width, match.end() + width))
            return escape
        return value

    value = _ESCAPE.sub(replace, text)
    return value, wrong[0] if wrong else None


def encode(value: str) -> str:
    """A one-line literal of `value`."""
    return '"' + "".join(_encode_character(character) for character in value) + '"'


def encode_doc(value: str) -> str:
    """A literal in triple quotes that keeps the lines of `value` as they are."""
    text = "".join(
        character if character in '"\n\t' else _encode_character(character) for character in value
    )
    if '""' in text or text.endswith('"'):
        text = text.replace('"', '\\"')
    return f'"""{text}"""'


def _encode_character(character: str) -> str:
    if character in _PRINTED:
        return _PRINTED[character]
    if character < " " or character == "\x7f":
        return f"\\x{ord(character):02x}"
    if "\ud800" <= character <= "\udfff":
        return f"\\u{ord(character):04x}"
    return character
