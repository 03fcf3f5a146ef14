"""Docstrings as the formatter leaves them."""

from inspect import cleandoc

from archspec.pycode.literals import escaped


def docstring(text: str, indent: int) -> list[str]:
    """The lines of a docstring at `indent` levels; after several, the quotes have their own."""
    margin = " " * (4 * indent)
    first, *rest = [_line(line) for line in cleandoc(text).strip().split("\n")]
    if first.startswith('"'):
        first = f" {first}"
    if not rest:
        space = " " if first.endswith('"') or not first else ""
        return [f'{margin}"""{first}{space}"""']
    return [
        f'{margin}"""{first}',
        *(f"{margin}{line}" if line else "" for line in rest),
        f'{margin}"""',
    ]


def _line(line: str) -> str:
    # Quotes stay as they are but for three in a row, which would end the docstring.
    text = escaped(line.expandtabs(), "").replace('"""', '\\"\\"\\"')
    return text.rstrip()
