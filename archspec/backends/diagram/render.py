"""PDF and PNG through Graphviz: the wheel that bundles it, else a `dot` of the system."""

import os
import re
import tempfile
from pathlib import Path
from typing import Final, Literal

from archspec.backends.diagram.font import FOLDER
from archspec.backends.diagram.scene import Scene
from archspec.backends.diagram.theme import Theme
from archspec.backends.diagram.xdot import write_xdot

#: Dots to the inch of a PNG.
DPI: Final = 300
_DATE: Final = re.compile(rb"/CreationDate \(D:[^)]*\)")
_FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


class RenderError(Exception):
    """Nothing here can draw PDF or PNG."""


def render(scene: Scene, theme: Theme, format: Literal["pdf", "png"]) -> bytes:
    """The scene as PDF or PNG, the same bytes in every run. Raises `RenderError`."""
    source = write_xdot(scene, theme)
    with tempfile.TemporaryDirectory(prefix="archspec-") as folder:
        before = os.environ.get("FONTCONFIG_FILE")
        os.environ["FONTCONFIG_FILE"] = str(_fonts(Path(folder)))
        try:
            data = _draw(source, format, Path(folder))
        finally:
            if before is None:
                del os.environ["FONTCONFIG_FILE"]
            else:
                os.environ["FONTCONFIG_FILE"] = before
    if format == "pdf":
        data = _DATE.sub(_without_date, data)
    return data


def _fonts(folder: Path) -> Path:
    """The configuration of fonts: the shipped one and no other, so that no machine's is used."""
    file = folder / "fonts.conf"
    file.write_text(_FONTS.format(fonts=FOLDER, cache=folder / "cache"), encoding="utf-8")
    return file


def _without_date(found: re.Match[bytes]) -> bytes:
    """A fixed date of the same length: places in the file are counted in bytes."""
    date = b"/CreationDate (D:20000101000000"
    rest = found.end() - found.start() - len(date) - 1
    return date + b"Z" * min(rest, 1) + b" " * max(rest - 1, 0) + b")"


def _draw(source: str, format: str, folder: Path) -> bytes:
    dpi = DPI if format == "png" else 72
    source = source.replace("graph [", f"graph [dpi={dpi} ", 1)
    try:
        import pygraphviz
    except ImportError:
        return _by_system(source, format)
    file = folder / f"figure.{format}"
    try:
        graph = pygraphviz.AGraph(string=source)
        graph.draw(str(file), format=format, prog="nop2")
        return file.read_bytes()
    except (pygraphviz.agraph.DotError, OSError) as error:
        raise RenderError(str(error)) from None


def _by_system(source: str, format: str) -> bytes:
    try:
        import graphviz
    except ImportError:
        raise RenderError from None
    try:
        found: bytes = graphviz.Source(source, engine="neato").pipe(
            format=format, neato_no_op=2, quiet=True
        )
    except (graphviz.ExecutableNotFound, graphviz.CalledProcessError):
        raise RenderError from None
    return found
