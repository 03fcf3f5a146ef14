"""Changed specs as files that stand elsewhere."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archspec.diagnostics import Edit
from archspec.elaborate.files import LIBRARY
from archspec.repair.edits import apply_edits
from archspec.source import SourceFile
from archspec.syntax import ast, parse
from archspec.syntax.format import format_source


def written(
    source: SourceFile,
    texts: Mapping[Path, str],
    folder: Path,
    name: str,
    widened: tuple[str, Mapping[str, Any]] | None = None,
) -> dict[Path, str]:
    """The changed spec `source` as `name.arch` in `folder`, and what it imports that is changed.

    What is not changed is imported from where it lies. With `widened`, a model and values for its
    parameters, there is a variant of it that has them.
    """
    names = {key: _name(name, key, source.key) for key in {source.key, *texts}}
    found: dict[Path, str] = {}
    for key, file in names.items():
        text = texts.get(key, source.text)
        moved = _moved(SourceFile(file, text, key), names, folder)
        if key == source.key and widened is not None:
            model, values = widened
            given = ", ".join(f"{param}={_literal(value)}" for param, value in values.items())
            moved += f"\nvariant {model}Widened = {model}({given})\n"
        found[folder / file] = format_source(SourceFile(file, moved))
    return found


def _name(name: str, key: Path, main: Path) -> str:
    return f"{name}.arch" if key == main else f"{name}.{key.stem}.arch"


def _moved(source: SourceFile, names: Mapping[Path, str], folder: Path) -> str:
    """The text with imports as they are written in another folder."""
    tree = parse(source).file
    edits = []
    for use in tree.definitions if tree is not None else ():
        if not isinstance(use, ast.Use):
            continue
        if use.library:
            target = LIBRARY / f"{use.path.removeprefix('std.')}.arch"
        else:
            target = (source.key.parent / use.path).resolve()
        if target in names:
            edits.append(Edit(use.path_span, f'"{names[target]}"'))
        elif not use.library:
            shown = Path(os.path.relpath(target, folder.resolve())).as_posix()
            edits.append(Edit(use.path_span, f'"{shown}"'))
    return apply_edits(edits).get(source.key, source.text) if edits else source.text


def _literal(value: Any) -> str:
    text = str(list(value) if isinstance(value, tuple) else value)
    return re.sub(r"\b(True|False|None)\b", lambda m: m[0].lower(), text)
