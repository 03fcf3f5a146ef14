"""The page `docs/layers.md`: every declaration in a table per family."""

from importlib import import_module
from typing import Any, Final

from archspec.layers import registry
from archspec.layers.base import Declaration
from archspec.layers.describe import Description, describe
from archspec.layers.index import FAMILIES

_HEAD: Final = """\
# Layers and functions

Generated from the declarations in `archspec/layers`, which are all that archspec knows of a layer;
`archspec layers NAME` shows one of them with its weights. Arguments are torch's, in torch's order;
those without a value must be given. What follows from the input is never written. A `?` marks an
input that may be left out, `...` any number of them.
"""


def page() -> str:
    """The whole page, as Markdown."""
    layers = [f for f in FAMILIES if not f.startswith("functions_")]
    functions = [f for f in FAMILIES if f.startswith("functions_")]
    parts = [_HEAD, "## Layers\n", *map(_family, layers)]
    parts += ["## Tensor functions\n", *map(_family, functions)]
    return "\n".join(parts)


def _family(family: str) -> str:
    doc = (import_module(f"archspec.layers.{family}").__doc__ or "").strip().partition("\n")[0]
    rows = [_row(describe(_declared(name))) for name in sorted(FAMILIES[family].split())]
    inferred = any(row[2] for row in rows)
    head = ["Name and arguments", "Inputs", "Inferred", "What it does"]
    kept = [0, 1, *([2] if inferred else []), 3]
    lines = [
        [head[i] for i in kept],
        ["---"] * len(kept),
        *([row[i] for i in kept] for row in rows),
    ]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {doc.rstrip('.')}\n\n{table}\n"


def _declared(name: str) -> Declaration[Any]:
    found: Declaration[Any] | None = registry.layer(name) or registry.function(name)
    assert found is not None, name
    return found


def _row(described: Description) -> tuple[str, str, str, str]:
    """Call, inputs, inferred arguments, and the first line of the documentation."""
    example = described.example
    inferred = ", ".join(f"`{name}`" for name, _ in example.inferred) if example else ""
    summary = described.summary.replace("|", "\\|")
    return f"`{described.signature}`", ", ".join(described.inputs), inferred, summary
