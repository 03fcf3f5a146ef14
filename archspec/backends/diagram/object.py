"""A finished figure as an object: notebooks show it, `save` writes it, `graphviz` hands it on."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.backends.diagram.figure import FigureError
from archspec.backends.diagram.options import ending_of
from archspec.backends.diagram.scene import Scene
from archspec.backends.diagram.theme import Theme

if TYPE_CHECKING:
    from graphviz import Source

_NO_GRAPHVIZ = (
    "needs Graphviz, which is not installed: `pip install pygraphviz` brings its own, or install "
    "Graphviz for the system and `pip install graphviz`; SVG needs neither"
)


@dataclass(frozen=True, slots=True, repr=False)
class Diagram:
    """A figure of a model. Made by `Model.diagram`; shown as SVG where a notebook displays it."""

    scene: Scene
    theme: Theme

    @property
    def svg(self) -> str:
        """The figure as an SVG document."""
        from archspec.backends.diagram.svg import write_svg

        return write_svg(self.scene, self.theme)

    @property
    def source(self) -> str:
        """The figure as DOT, every node and edge at its place."""
        from archspec.backends.diagram.dot import write_dot

        return write_dot(self.scene, self.theme)

    def graphviz(self) -> "Source":
        """`source` as an object of the `graphviz` package, which draws it as it is laid out."""
        try:
            import graphviz
        except ImportError:
            message = "a `graphviz.Source` needs the package: `pip install graphviz`"
            raise FigureError(message) from None
        return graphviz.Source(self.source, engine="neato")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure as the ending of `path` says: one of `ENDINGS`.

        Raises `FigureError` for another ending and where nothing can draw PDF or PNG, and
        `ArchSpecError` A0802 where the file cannot be written.
        """
        from archspec.files import write_bytes_atomically

        target = Path(path)
        data = self.data(ending_of(target))
        write_bytes_atomically(target, data, "give `save` another path")

    def data(self, ending: str) -> bytes:
        """The figure as a file with this ending. Raises `FigureError` where it cannot be drawn."""
        match ending:
            case "pdf" | "png":
                from archspec.backends.diagram.render import RenderError, render

                try:
                    return render(self.scene, self.theme, "pdf" if ending == "pdf" else "png")
                except RenderError:
                    raise FigureError(f"drawing {ending.upper()} {_NO_GRAPHVIZ}") from None
            case "dot":
                return self.source.encode("utf-8")
            case "tex":
                from archspec.backends.diagram.tikz import write_tikz

                return write_tikz(self.scene, self.theme).encode("utf-8")
            case "drawio":
                from archspec.backends.diagram.drawio import write_drawio

                return write_drawio(self.scene, self.theme).encode("utf-8")
            case "mmd":
                from archspec.backends.diagram.mermaid import write_mermaid

                return write_mermaid(self.scene, self.theme).encode("utf-8")
            case _:
                return self.svg.encode("utf-8")

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        """What Jupyter shows; it may ask for some kinds of data, or for all but some."""
        found = {}
        if (include is None or "image/svg+xml" in include) and "image/svg+xml" not in (
            exclude or ()
        ):
            found["image/svg+xml"] = self.svg
        if (include is None or "text/plain" in include) and "text/plain" not in (exclude or ()):
            found["text/plain"] = repr(self)
        return found

    def __repr__(self) -> str:
        return f"<Diagram of {self.scene.title}>"
