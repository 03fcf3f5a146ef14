"""Documents with optional line breaks, and the algorithm that chooses the breaks.

A `Doc` says where a line may break; `render` picks the breaks so that lines stay within a width
where that is possible. The kinds of groups are those that `ruff format` distinguishes, so that its
choices can be met exactly:

- `Group` breaks all its own lines, or none;
- `IfBroken` and `IndentIfBroken` depend on whether a group (the enclosing one, or the one with the
  given id) is broken;
- `GroupIfBroken` is a group only where another one is broken, else part of its surroundings;
- `FitsExpanded` lets a bracket break without breaking the groups around it;
- `ParenthesizeIfFits` adds parentheses only where they make the content fit;
- `FirstFitting` is a list of variants of which the first one that fits is taken.
"""

from dataclasses import dataclass
from typing import Literal, assert_never

from archspec.diagnostics.width import text_width

INDENT = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A possible line break: flat, `space` is a space, `soft` is nothing; `hard` always breaks."""

    kind: Literal["soft", "space", "hard"]


SOFT = Line("soft")
SPACE = Line("space")
HARD = Line("hard")


@dataclass(frozen=True, slots=True)
class Indent:
    content: "Doc"


@dataclass(frozen=True, slots=True)
class Group:
    content: "Doc"
    id: int | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True)
class GroupIfBroken:
    content: "Doc"
    id: int


@dataclass(frozen=True, slots=True)
class IfBroken:
    """`content` where the group `id` (None: the enclosing one) is broken; with `not_`, flat."""

    content: "Doc"
    id: int | None = None
    not_: bool = False


@dataclass(frozen=True, slots=True)
class IndentIfBroken:
    content: "Doc"
    id: int


@dataclass(frozen=True, slots=True)
class FitsExpanded:
    """Where the group `id` is flat (None: always), `content` may break in a flat surrounding."""

    content: "Doc"
    id: int | None


@dataclass(frozen=True, slots=True)
class ParenthesizeIfFits:
    content: "Doc"
    id: int


@dataclass(frozen=True, slots=True)
class FirstFitting:
    variants: tuple["Doc", ...]


Doc = (
    str
    | tuple["Doc", ...]
    | Line
    | Indent
    | Group
    | GroupIfBroken
    | IfBroken
    | IndentIfBroken
    | FitsExpanded
    | ParenthesizeIfFits
    | FirstFitting
)


@dataclass(frozen=True, slots=True)
class _CloseParenthesis:
    """The end of a `ParenthesizeIfFits` whose parentheses are there."""


_CLOSE = _CloseParenthesis()

# How far `_fits` measures: to the first line break, or all lines of the content, which may then
# also be allowed to overflow, where only the text before and after it has to fit.
_Measure = Literal["first line", "all lines", "all lines, overflow allowed"]


@dataclass(frozen=True, slots=True)
class _Frame:
    doc: "Doc | _CloseParenthesis"
    indent: int
    broken: bool
    measure: _Measure
    rest: "_Frame | None"


def render(doc: Doc, width: int, indent: int = 0) -> str:
    """The text of one statement, indented by `indent` levels, without a line end."""
    flat = _flat(doc)
    if flat is not None and INDENT * indent + text_width(flat) <= width:
        return " " * (INDENT * indent) + flat
    return _Printer(width).print(doc, indent)


def flat_text(doc: Doc) -> str:
    """The text without any break; `doc` has no forced one."""
    text = _flat(doc)
    assert text is not None, "a line break is forced"
    return text


def _flat(doc: Doc) -> str | None:
    """The text without any break, None where a break is forced."""
    match doc:
        case str():
            return doc
        case tuple():
            parts = []
            for item in doc:
                part = _flat(item)
                if part is None:
                    return None
                parts.append(part)
            return "".join(parts)
        case Line(kind):
            return {"soft": "", "space": " ", "hard": None}[kind]
        case Group(content, broken=broken):
            return None if broken else _flat(content)
        case IfBroken(content, not_=not_):
            return _flat(content) if not_ else ""
        case FirstFitting(variants):
            return _flat(variants[0])
        case Indent(content) | GroupIfBroken(content) | IndentIfBroken(content):
            return _flat(content)
        case FitsExpanded(content) | ParenthesizeIfFits(content):
            return _flat(content)
        case _:
            assert_never(doc)


class _Printer:
    def __init__(self, width: int) -> None:
        self.width = width
        self.group_broken: dict[int, bool] = {}
        self.lines: list[str] = []
        self.line = ""
        self.pending_indent = 0
        # Whether a group around was measured since the last line break, so that flat stays flat.
        self.measured = False

    def print(self, doc: Doc, indent: int) -> str:
        self.pending_indent = indent
        frame: _Frame | None = _Frame(doc, indent, True, "first line", None)
        while frame is not None:
            frame = self.step(frame)
        self.lines.append(self.line)
        return "\n".join(self.lines)

    def text(self, text: str) -> None:
        if text:
            if not self.line:
                self.line = " " * (INDENT * self.pending_indent)
            self.line += text

    def step(self, frame: _Frame) -> _Frame | None:
        """Prints the first thing of `frame`, and returns what is left."""
        doc, indent, broken, rest = frame.doc, frame.indent, frame.broken, frame.rest

        def then(content: Doc, *, indent: int = indent, broken: bool = broken) -> _Frame:
            return _Frame(content, indent, broken, "first line", rest)

        match doc:
            case str():
                self.text(doc)
                return rest
            case tuple():
                for item in reversed(doc):
                    rest = _Frame(item, indent, broken, "first line", rest)
                return rest
            case Line(kind):
                if broken or kind == "hard":
                    self.newline(indent)
                elif kind == "space":
                    self.text(" ")
                return rest
            case Indent(content):
                return then(content, indent=indent + 1)
            case IndentIfBroken(content, id):
                return then(content, indent=indent + self.group_broken[id])
            case IfBroken(content, id, not_):
                is_broken = broken if id is None else self.group_broken[id]
                return then(content) if is_broken is not not_ else rest
            case Group(content, id, forced):
                breaks = forced or self.breaks(content, id, frame)
                if id is not None:
                    self.group_broken[id] = breaks
                return then(content, broken=breaks)
            case GroupIfBroken(content, id):
                if not self.group_broken[id]:
                    return then(content)
                return then(content, broken=self.breaks(content, None, frame))
            case FitsExpanded(content, id):
                if id is None or not self.group_broken[id]:
                    # The content was measured broken: whether its groups fit is still to be seen.
                    self.measured = False
                return then(content)
            case ParenthesizeIfFits(content, id):
                return self.parenthesize(content, id, frame)
            case FirstFitting(variants):
                return self.first_fitting(variants, frame)
            case _CloseParenthesis():
                self.newline(indent)
                self.text(")")
                return rest
            case _:
                assert_never(doc)

    def newline(self, indent: int) -> None:
        self.measured = False
        if self.line:
            self.lines.append(self.line)
            self.line = ""
        self.pending_indent = indent

    def breaks(self, content: Doc, id: int | None, frame: _Frame) -> bool:
        if not frame.broken and self.measured:
            return False
        self.measured = True
        if id is not None:
            self.group_broken[id] = False
        return not self.fits(_Frame(content, frame.indent, False, "first line", frame.rest))

    def parenthesize(self, content: Doc, id: int, frame: _Frame) -> _Frame:
        indent, rest = frame.indent, frame.rest
        parenthesized = False
        if self.breaks(content, id, frame):
            self.group_broken[id] = True
            close = _Frame(_CLOSE, indent, True, "all lines", rest)
            inside = ("(", Indent((HARD, content)))
            parenthesized = self.fits(_Frame(inside, indent, frame.broken, "all lines", close))
        self.group_broken[id] = parenthesized
        if not parenthesized:
            return _Frame(content, indent, False, "first line", rest)
        close = _Frame(_CLOSE, indent, True, "first line", rest)
        return _Frame(("(", Indent((HARD, content))), indent, True, "first line", close)

    def first_fitting(self, variants: tuple[Doc, ...], frame: _Frame) -> _Frame:
        indent, rest = frame.indent, frame.rest
        if not frame.broken and self.measured:
            return _Frame(variants[0], indent, False, "first line", rest)
        self.measured = True
        for variant in variants[:-1]:
            flat = _Frame(variant, indent, False, "first line", rest)
            if self.fits(flat):
                return flat
        return _Frame(variants[-1], indent, True, "first line", rest)

    def fits(self, frame: _Frame | None) -> bool:
        """Whether what is printed next fits, up to the first line break that is certain."""
        used = text_width(self.line) if self.line else INDENT * self.pending_indent
        while frame is not None:
            doc, indent, broken, measure, rest = (
                frame.doc,
                frame.indent,
                frame.broken,
                frame.measure,
                frame.rest,
            )
            match doc:
                case str():
                    used += text_width(doc)
                    if used > self.width and measure != "all lines, overflow allowed":
                        return False
                    frame = rest
                case tuple():
                    for item in reversed(doc):
                        rest = _Frame(item, indent, broken, measure, rest)
                    frame = rest
                case Line(kind):
                    if broken:
                        if measure == "first line":
                            return True
                        used = INDENT * indent
                    elif kind == "hard":
                        return True
                    elif kind == "space":
                        used += 1
                        if used > self.width and measure != "all lines, overflow allowed":
                            return False
                    frame = rest
                case Indent(content):
                    frame = _Frame(content, indent + 1, broken, measure, rest)
                case IndentIfBroken(content, id):
                    frame = _Frame(content, indent + self.group_broken[id], broken, measure, rest)
                case IfBroken(content, id, not_):
                    is_broken = broken if id is None else self.group_broken[id]
                    if is_broken is not not_:
                        frame = _Frame(content, indent, broken, measure, rest)
                    else:
                        frame = rest
                case Group(content, id, forced):
                    if id is not None:
                        self.group_broken[id] = forced or broken
                    frame = _Frame(content, indent, forced or broken, measure, rest)
                case GroupIfBroken(content):
                    frame = _Frame(content, indent, broken, measure, rest)
                case FitsExpanded(content, id):
                    if not broken and (id is None or not self.group_broken[id]):
                        measure = "all lines, overflow allowed"
                        broken = True
                    frame = _Frame(content, indent, broken, measure, rest)
                case ParenthesizeIfFits(content, id):
                    self.group_broken[id] = broken
                    frame = _Frame(content, indent, broken, measure, rest)
                case FirstFitting(variants):
                    frame = _Frame(variants[-1 if broken else 0], indent, broken, measure, rest)
                case _CloseParenthesis():
                    used = INDENT * indent + 1
                    frame = rest
                case _:
                    assert_never(doc)
        return True
