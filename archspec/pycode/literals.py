"""How numbers, strings and f-strings are written."""

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def constant(value: int | float | str | bool | None) -> str:
    """A non-negative number, a string, a bool or None."""
    match value:
        case str():
            return string(value)
        case float():
            return _float(value)
        case _:
            return repr(value)


def _float(value: float) -> str:
    """`repr` without the exponent's leading zero: `1e-6`."""
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa}{e}{int(exponent)}" if e else mantissa


def escaped(text: str, quote: str) -> str:
    """`text` for between two `quote` characters: what cannot be seen, and the quote, escaped."""
    return "".join(_escaped_char(char, quote) for char in text)


def _escaped_char(char: str, quote: str) -> str:
    if char == quote:
        return f"\\{char}"
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def string(text: str) -> str:
    """A string literal, in double quotes unless single ones need less; raw with backslashes."""
    if "\\" in text and text.isprintable() and '"' not in text and not text.endswith("\\"):
        return f'r"{text}"'
    quote = _quote(text)
    return f"{quote}{escaped(text, quote)}{quote}"


def can_nest(text: str) -> bool:
    """Whether a string can stand inside an f-string in Python 3.11: no quote, nothing to escape."""
    return not {"'", '"'} & set(text) and escaped(text, "'") == text


def f_string(parts: tuple["str | Code", ...]) -> str:
    """An f-string of text parts and of the code between braces."""
    quote = _quote("".join(part for part in parts if isinstance(part, str)))
    nested = '"' if quote == "'" else "'"
    written = (
        escaped(part, quote).replace("{", "{{").replace("}", "}}")
        if isinstance(part, str)
        else part.between_braces(nested)
        for part in parts
    )
    return f"f{quote}{''.join(written)}{quote}"


def _quote(text: str) -> str:
    return "'" if text.count('"') > text.count("'") else '"'


class Code:
    """The text of an expression inside an f-string; all quotes in it are those around strings."""

    def __init__(self, text: str) -> None:
        self.text = text

    def between_braces(self, quote: str) -> str:
        text = self.text.replace('"', quote)
        # `{{` would be a brace of the text.
        return f"{{ {text} }}" if text.startswith("{") else f"{{{text}}}"
