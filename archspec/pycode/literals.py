"""How numbers, strings and f-strings are written."""

from archspec.pycode.nodes import Constant

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
    """A string literal, in double quotes unless single ones need fewer escapes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{escaped(text, quote)}{quote}"


def nested_string(text: str) -> str | None:
    """A string literal for an f-string's braces, None where Python 3.11 cannot have it there.

    It has neither a backslash nor the double quote that surrounds it.
    """
    literal = f"'{text}'"
    is_plain = escaped(text, "'") == text and '"' not in text
    return literal if is_plain else None


def f_string(parts: tuple["str | Code", ...]) -> str:
    """An f-string of text parts and of the code between braces."""
    text = "".join(part for part in parts if isinstance(part, str))
    code = "".join(part.text for part in parts if not isinstance(part, str))
    # Double quotes, unless single ones need fewer escapes; nested strings are in single quotes.
    quote = "'" if text.count('"') > text.count("'") and "'" not in code else '"'
    written = (
        escaped(part, quote).replace("{", "{{").replace("}", "}}")
        if isinstance(part, str)
        else part.between_braces()
        for part in parts
    )
    return f"f{quote}{''.join(written)}{quote}"


class Code:
    """The text of an expression inside an f-string."""

    def __init__(self, text: str) -> None:
        self.text = text

    def between_braces(self) -> str:
        # `{{` would be a brace of the text.
        return f"{{ {self.text} }}" if self.text.startswith("{") else f"{{{self.text}}}"


def is_number(expr: object) -> bool:
    return (
        isinstance(expr, Constant)
        and isinstance(expr.value, int | float)
        and not isinstance(expr.value, bool)
    )
