"""How a scene looks: colours, weights and dashes, from a small TOML file."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from archspec.backends.diagram.scene import Kind, Role

FOLDER: Final = Path(__file__).parent / "themes"
NAMES: Final = ("light", "dark", "grey")
_COLOURS: Final = (
    "page", "paper", "ink", "soft", "border", "frame", "frame_fill", "panel_fill",
)  # fmt: skip
_WIDEST: Final = 10.0


class ThemeError(ValueError):
    """A theme that cannot be used, with the reason."""


@dataclass(frozen=True, slots=True)
class Line:
    """The look of a kind of edges; `dash` is empty for a solid line."""

    colour: str
    width: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Theme:
    #: `none` leaves the page as it is.
    page: str
    paper: str
    ink: str
    soft: str
    border: str
    border_width: float
    frame: str
    frame_fill: str
    panel_fill: str
    lines: Mapping[Kind, Line]
    fills: Mapping[Role, str]


def load_theme(name: str) -> Theme:
    """One of `NAMES`, or a file; what a file leaves out is as in `light`.

    Raises `ThemeError` for a file that cannot be read or says something unknown.
    """
    light = _read(FOLDER / "light.toml")
    if name in NAMES:
        return _theme(_merged(light, _read(FOLDER / f"{name}.toml"), ""))
    return _theme(_merged(light, _read(Path(name)), ""))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        known = ", ".join(f"`{name}`" for name in NAMES)
        raise ThemeError(
            f"cannot read the theme `{path}`: {reason}; the themes that come along are {known}"
        ) from None
    except UnicodeDecodeError:
        raise ThemeError(f"the theme `{path}` is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ThemeError(f"the theme `{path}` is not TOML: {error}") from None


def _merged(base: Mapping[str, Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    found = dict(base)
    for key, value in given.items():
        if key not in base and not (where.startswith("lines.") and key == "dash"):
            place = f" in `[{where}]`" if where else ""
            known = ", ".join(f"`{k}`" for k in base)
            raise ThemeError(f"a theme has no `{key}`{place}; it has {known}")
        inner = base.get(key)
        if isinstance(inner, dict):
            if not isinstance(value, dict):
                raise ThemeError(f"`{key}` of a theme is a table, `[{key}]`")
            found[key] = _merged(inner, value, f"{where}.{key}" if where else key)
        else:
            found[key] = value
    return found


def _theme(data: Mapping[str, Any]) -> Theme:
    lines = {
        kind: Line(
            _colour(data["lines"][kind]["colour"], f"lines.{kind}.colour"),
            _number(data["lines"][kind]["width"], f"lines.{kind}.width"),
            _dash(data["lines"][kind].get("dash", []), f"lines.{kind}.dash"),
        )
        for kind in get_args(Kind)
    }
    fills = {role: _colour(data["fills"][role], f"fills.{role}") for role in get_args(Role)}
    colours = {name: _colour(data[name], name) for name in _COLOURS}
    width = _number(data["border_width"], "border_width")
    return Theme(**colours, border_width=width, lines=lines, fills=fills)


def _colour(value: object, key: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        if value == "none" and key == "page":
            return "none"
        raise ThemeError(f"`{key}` of a theme is a colour as in `#0072B2`, not `{value}`")
    return value.lower()


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _WIDEST:
        raise ThemeError(f"`{key}` of a theme is a number of points up to 10, not `{value}`")
    return float(value)


def _dash(value: object, key: str) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) % 2:
        raise ThemeError(f"`{key}` of a theme lists dashes and gaps in pairs, not `{value}`")
    return tuple(_number(item, key) for item in value)
