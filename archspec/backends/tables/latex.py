r"""A table for LaTeX in the style of the booktabs package, which is all that it needs.

Brackets are those of mathematics around a small `tabular`: the text in them stays text.
"""

import re
import unicodedata
from collections.abc import Iterator

from archspec.backends.tables.numbers import macs, parameters
from archspec.passes.architecture import Cell, Group, Row, Table

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''",
    "`": r"\textasciigrave{}",
    "×": r"$\times$", "→": r"$\to$", "∥": r"$\parallel$", "–": "--", "—": "---", "…": r"\ldots{}",
    "∞": r"$\infty$", "≤": r"$\leq$", "≥": r"$\geq$", "·": r"$\cdot$", "\u00a0": "~",
    "\u2003": r"\quad{}",
}  # fmt: skip
_GREEK = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (\w+)$")
#: Greek capitals that LaTeX has no command for look like Latin ones, and so does omicron.
_LATIN = {
    "ALPHA": "A", "BETA": "B", "EPSILON": "E", "ZETA": "Z", "ETA": "H", "IOTA": "I", "KAPPA": "K",
    "MU": "M", "NU": "N", "OMICRON": "O", "RHO": "P", "TAU": "T", "CHI": "X",
}  # fmt: skip
_NAMED = {"LAMDA": "lambda", "FINAL SIGMA": "varsigma"}
#: What fits into one column of a page with two, and into the page, in points; and what a character
#: and the space between columns take at the two sizes of type that are used.
_COLUMN, _PAGE = 240, 480
#: The page of `article` as it stands, the narrowest that is usual.
ARTICLE = 345
TYPES = ((r"\footnotesize", 4.3), (r"\scriptsize\tabcolsep3pt", 3.7))
GAP = 12
_NEXT = r" \\ "


def as_latex(table: Table) -> str:
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table) -> Iterator[str]:
    count = len(table.columns)
    characters = _characters(table)
    gaps = GAP * (count + 1)
    size, character = TYPES[0]
    kind = "table" if characters * character + gaps <= _COLUMN else "table*"
    if characters * character + gaps > _PAGE:
        size, _ = TYPES[1]
    yield r"% \usepackage{booktabs}"
    yield rf"\begin{{{kind}}}[t]"
    yield r"\centering"
    if table.caption:
        yield rf"\caption{{{escape(table.caption)}}}"
    yield rf"\label{{tab:{_label(table)}}}"
    yield r"\smallskip"
    yield size
    yield rf"\sbox0{{\begin{{tabular}}{{@{{}}ll{'c' * count}@{{}}}}"
    yield r"\toprule"
    yield rf"stage & output & {' & '.join(escape(c.model) for c in table.columns)} \\"
    yield r"\midrule"
    for above, row in zip((None, *table.rows), table.rows, strict=False):
        if above is not None and (row.stage or _is_tall(above) or _is_tall(row)):
            yield r"\addlinespace"
        if row.same:
            cells = rf"\multicolumn{{{count}}}{{c}}{{{_cell(row.cells[0])}}}"
        else:
            cells = " & ".join(map(_cell, row.cells))
        yield rf"{escape(row.stage)} & {escape(row.size)} & {cells} \\"
    yield r"\midrule"
    counts = [_number(parameters(column.parameters)) for column in table.columns]
    yield rf"parameters & & {' & '.join(counts)} \\"
    counts = [_number(macs(column.macs)) for column in table.columns]
    yield rf"MACs & & {' & '.join(counts)} \\"
    yield r"\bottomrule"
    yield r"\end{tabular}}\usebox0"
    if table.notes:
        yield ""
        yield r"\smallskip"
        yield r"\parbox{\ifdim\wd0<.7\linewidth .7\linewidth\else\wd0\fi}{%"
        yield rf"\scriptsize {escape(' '.join(table.notes))}}}"
    yield rf"\end{{{kind}}}"


def _is_tall(row: Row) -> bool:
    return any(group.bracket and len(group.texts) > 1 for cell in row.cells for group in cell)


def _characters(table: Table) -> int:
    """How many characters wide the table is."""
    widths = [
        max(len(row.stage) for row in table.rows),
        max(len(row.size) for row in table.rows),
    ]
    for i, column in enumerate(table.columns):
        groups = [group for row in table.rows if not row.same for group in row.cells[i]]
        lines = [len(text) + len(_times(group)) for group in groups for text in group.texts]
        widths.append(max(len(column.model), len(macs(column.macs)), *lines, 0))
    return sum(widths)


def _label(table: Table) -> str:
    names = "-".join(column.model for column in table.columns)
    return re.sub(r"[^A-Za-z0-9-]", "-", names)


def _number(text: str) -> str:
    return escape(text).replace(" ", "~")


def _cell(cell: Cell) -> str:
    tall = any(group.bracket and len(group.texts) > 1 for group in cell)
    return _stacked([_group(group) for group in cell], r" \\[3pt] " if tall else _NEXT)


def _group(group: Group) -> str:
    lines = [escape(text) for text in group.texts]
    if not group.bracket:
        return _stacked(lines)
    times = _times(group).replace("×", r"\times")
    if len(lines) == 1:
        return rf"$[\mbox{{{lines[0]}}}]{times}$"
    return rf"$\left[{_tabular(lines, 'l')}\right]{times}$"


def _times(group: Group) -> str:
    return f" × {group.times}" if group.times > 1 else ""


def _stacked(lines: list[str], next_: str = _NEXT) -> str:
    """Lines one below the other."""
    if len(lines) == 1:
        return lines[0]
    return _tabular(lines, "c", next_) if lines else ""


def _tabular(lines: list[str], align: str, next_: str = _NEXT) -> str:
    return rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}{next_.join(lines)}\end{{tabular}}"


def escape(text: str) -> str:
    """Plain text, whatever characters it has."""
    found = "".join(
        _SPECIAL.get(char) or _greek(char) or char for char in text.replace("--", "-\0-")
    )
    return found.replace("\0", "{}")


def _greek(char: str) -> str | None:
    if char.isascii():
        return None
    match = _GREEK.match(unicodedata.name(char, ""))
    if match is None:
        return None
    name = match[2]
    if match[1] == "CAPITAL":
        return _LATIN.get(name) or rf"$\{_NAMED.get(name, name.lower()).capitalize()}$"
    return "o" if name == "OMICRON" else rf"$\{_NAMED.get(name, name.lower())}$"


__all__ = ["as_latex", "escape"]
