"""What may be asked of a figure, in the words of the command line and of Python alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, get_args

from archspec.backends.diagram.figure import WIDTHS, FigureError, Options
from archspec.backends.diagram.geometry import Direction

#: What can be written, by the ending of the file's name.
ENDINGS: Final = ("svg", "pdf", "png", "dot", "tex", "drawio", "mmd")
SHARED: Final[tuple[Literal["copies", "merge"], ...]] = ("copies", "merge")
DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)


def make_options(
    view: str = "overview",
    depth: int | None = None,
    direction: str | None = None,
    width: str | None = None,
    *,
    legend: bool = True,
    shapes: bool = False,
    sizes: Mapping[str, int] | None = None,
    shared: str = "copies",
) -> Options:
    """The options as words, checked: `view` is `overview`, `full` or `block=NAME`.

    `sizes` are for `shapes`, and mean that they are wanted. Raises `FigureError`.
    """
    name, block = _view(view)
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise FigureError(f"the depth is a number from 0 on, not `{depth}`")
    if direction is not None and direction not in DIRECTIONS:
        raise FigureError(f"the direction is one of {_listed(DIRECTIONS)}, not `{direction}`")
    if width is not None and width not in WIDTHS:
        raise FigureError(f"the width is one of {_listed(tuple(WIDTHS))}, not `{width}`")
    if shared not in SHARED:
        raise FigureError(f"shared blocks are drawn as one of {_listed(SHARED)}, not `{shared}`")
    points = None if width is None else WIDTHS[width]
    given = tuple((sizes or {}).items())
    said = shapes or bool(given)
    return Options(name, block, depth, direction, points, legend, said, given, shared)


def _view(view: str) -> tuple[Literal["overview", "full", "block"], str]:
    name, equals, block = view.partition("=")
    if name == "block":
        if not block:
            raise FigureError("the view of a block says which, as in `block=layer1`")
        return "block", block
    if equals or name not in ("overview", "full"):
        raise FigureError(f"the view is `overview`, `full` or `block=NAME`, not `{view}`")
    return ("full" if name == "full" else "overview"), ""


def ending_of(path: Path) -> str:
    """What a file is written as, by its name. Raises `FigureError`."""
    ending = path.suffix.removeprefix(".").lower()
    if ending not in ENDINGS:
        known = ", ".join(f".{known}" for known in ENDINGS)
        raise FigureError(f"the ending of `{path}` says nothing: it is one of {known}")
    return ending


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
