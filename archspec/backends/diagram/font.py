"""The shipped font's widths, read from the font itself, so that geometry is the same everywhere."""

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "fonts"
FAMILY: Final = "Liberation Sans"
REGULAR: Final = FOLDER / "LiberationSans-Regular.ttf"
BOLD: Final = FOLDER / "LiberationSans-Bold.ttf"


@dataclass(frozen=True, slots=True)
class Font:
    """A TrueType file, its tables by tag, and what widths need of them."""

    data: bytes
    tables: dict[str, tuple[int, int]]
    units: int
    glyphs: dict[int, int]
    advances: tuple[int, ...]

    def width(self, text: str) -> float:
        """The width of `text` for a size of 1."""
        total = 0
        for char in text:
            glyph = self.glyphs.get(ord(char), 0)
            total += self.advances[min(glyph, len(self.advances) - 1)]
        return total / self.units


@cache
def font(bold: bool = False) -> Font:
    data = (BOLD if bold else REGULAR).read_bytes()
    count = struct.unpack_from(">H", data, 4)[0]
    tables = {}
    for i in range(count):
        tag, _, offset, length = struct.unpack_from(">4sIII", data, 12 + 16 * i)
        tables[tag.decode("ascii")] = (offset, length)
    units = struct.unpack_from(">H", data, tables["head"][0] + 18)[0]
    metrics = struct.unpack_from(">H", data, tables["hhea"][0] + 34)[0]
    flat = struct.unpack_from(f">{2 * metrics}H", data, tables["hmtx"][0])
    return Font(data, tables, units, _characters(data, tables["cmap"][0]), flat[::2])


def _characters(data: bytes, start: int) -> dict[int, int]:
    """The glyph of each character, from the table's part for Unicode (format 4)."""
    count = struct.unpack_from(">H", data, start + 2)[0]
    for i in range(count):
        platform, _, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * i)
        at = start + offset
        if platform in (0, 3) and struct.unpack_from(">H", data, at)[0] == 4:
            return _format4(data, at)
    raise AssertionError("the shipped font has no Unicode characters")


def _format4(data: bytes, at: int) -> dict[int, int]:
    size = struct.unpack_from(">H", data, at + 6)[0] // 2
    ends = struct.unpack_from(f">{size}H", data, at + 14)
    starts = struct.unpack_from(f">{size}H", data, at + 16 + 2 * size)
    deltas = struct.unpack_from(f">{size}h", data, at + 16 + 4 * size)
    base = at + 16 + 6 * size
    offsets = struct.unpack_from(f">{size}H", data, base)
    glyphs: dict[int, int] = {}
    for i, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for char in range(first, min(last, 0xFFFE) + 1):
            glyph = char
            if offsets[i]:
                place = base + 2 * i + offsets[i] + 2 * (char - first)
                glyph = struct.unpack_from(">H", data, place)[0]
                if glyph == 0:
                    continue
            glyphs[char] = (glyph + deltas[i]) & 0xFFFF
    return glyphs


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of a line of text, in the unit of `size`."""
    return font(bold).width(text) * size


__all__ = ["BOLD", "FAMILY", "FOLDER", "REGULAR", "Font", "font", "text_width"]
