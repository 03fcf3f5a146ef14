"""What plots are made of: SVG elements, scales, ticks, and a figure with its words.

A plot is drawn on a plane of `WIDTH` pixels; its colours and fonts are classes of `style.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final

from archspec.backends.diagram.svg import number

WIDTH: Final = 960
#: Where the drawing begins and ends, left and right of the axes.
LEFT: Final = 78
RIGHT: Final = 940
#: A tick of the nodes has the name of one, shortened.
_NAMES, _NAME_LENGTH = 6, 24
_UNITS: Final = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_POWERS: Final = ("", "k", "M", "G", "T", "P", "E")


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot: what it is, what it shows in words, how to read it, and its drawing."""

    id: str
    title: str
    #: What is seen, for who does not see it.
    description: str
    #: How to read it, and what is left out.
    caption: str
    height: float
    drawing: tuple[str, ...]
    #: Label and class of each sample line or area.
    legend: tuple[tuple[str, str], ...] = ()


def element(name: str, *content: str, **attributes: str | float) -> str:
    """An element; `content` is markup, attributes are plain. `class_` is `class`, `_` is `-`."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_plain(value)}"'
        for key, value in attributes.items()
        if value != ""
    )
    return f"<{name}{told}>{''.join(content)}</{name}>" if content else f"<{name}{told}/>"


def _plain(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def words(x: float, y: float, text: str, class_: str = "tick", anchor: str = "middle") -> str:
    return element("text", escape(text), x=x, y=y, class_=class_, text_anchor=anchor)


def hint(text: str) -> str:
    """What is shown under the pointer."""
    return element("title", escape(text))


def line(x0: float, y0: float, x1: float, y1: float, class_: str) -> str:
    return element("path", d=f"M{number(x0)} {number(y0)}L{number(x1)} {number(y1)}", class_=class_)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps `low` to `high` onto `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def ticks(top: float, count: int = 4) -> list[float]:
    """Round values from zero up to at most `top`, about `count` of them."""
    rough = top / count
    power = 10.0 ** floor(log10(rough)) if rough > 0 else 1.0
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return [step * i for i in range(floor(top / step + 1e-9) + 1)]


def byte_ticks(top: int) -> list[tuple[float, str]]:
    """Bytes and their label."""
    size, unit = next(((size, unit) for size, unit in _UNITS if top >= size), (1, "B"))
    return [(tick * size, f"{tick:g} {unit}" if tick else "0") for tick in ticks(top / size)]


def power_label(exponent: int) -> str:
    """A power of ten as `100 k`."""
    unit, digits = divmod(exponent, 3)
    return f"{10**digits} {_POWERS[unit]}".rstrip() if unit < len(_POWERS) else f"1e{exponent}"


def decades(values: Sequence[int]) -> tuple[int, int]:
    """The powers of ten that enclose positive `values`, at least one apart."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def node_axis(names: Sequence[str], x: Scale, y: float) -> Iterator[str]:
    """A line at `y` with the names of some nodes below it."""
    yield line(LEFT, y, RIGHT, y, "axis")
    last = len(names) - 1
    count = min(_NAMES, len(names))
    places = sorted({round(i * last / max(count - 1, 1)) for i in range(count)})
    for place in places:
        name = names[place]
        if len(name) > _NAME_LENGTH:
            name = f"…{name[1 - _NAME_LENGTH :]}"
        anchor = "start" if place == 0 else "end" if place == last else "middle"
        yield line(x(place), y, x(place), y + 5, "axis")
        yield words(x(place), y + 18, name, "tick", anchor)


def value_axis(marks: Sequence[tuple[float, str]], y: Scale) -> Iterator[str]:
    """Lines across, with their labels at the left."""
    for value, label in marks:
        yield line(LEFT, y(value), RIGHT, y(value), "grid")
        yield words(LEFT - 8, y(value) + 4, label, "tick", "end")


def shortened(names: Sequence[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
