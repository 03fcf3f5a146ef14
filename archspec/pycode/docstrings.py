"""Docstrings as the formatter leaves them."""

from inspect import cleandoc

from archspec.pycode.literals import escaped


def docstring(text: str, indent: int) -> list[str]:
    """The lines of a docstring at `indent` levels; after several, the quotes have their own."""
    margin = " " * (4 * indent)
    # Twice: once the first line stands right after the quotes, the others' own margin goes as well.
    text = cleandoc(cleandoc(text).strip())
    first, *rest = [_line(line) for line in text.split("\n")]
    if first.startswith('"'):
        first = f" {first}"
    if not rest:
        space = " " if _ends_in_quote(first) or not first else ""
        return [f'{margin}"""{first}{space}"""']
    return [
        f'{margin}"""{first}',
        *(f"{margin}{line}" if line else "" for line in rest),
        f'{margin}"""',
    ]


def _ends_in_quote(text: str) -> bool:
    """Whether `text` ends in a quote without a backslash that makes it a part of the text."""
    before = text.removesuffix('"')
    return before != text and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _line(line: str) -> str:
    # Quotes stay as they are but for three in a row, which would end the docstring.
    text = escaped(line.expandtabs(), "").replace('"""', '\\"\\"\\"')
    return text.rstrip()
