"""One lesson: a message and the mistakes it is for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Malformed:
    message: str
    help: str
    examples: tuple[str, ...]


def top(message: str, help_: str, *examples: str) -> Malformed:
    """Mistakes between definitions."""
    return Malformed(message, help_, examples)


def in_body(message: str, help_: str, *examples: str) -> Malformed:
    """Mistakes in a body: each example is wrapped in a block."""
    return Malformed(message, help_, tuple(f"block A {{\n{text}\n}}" for text in examples))
