"""Specs with one thing changed, made on the spans of the syntax tree, the same in every run.

A mutant differs from its spec by one number, label, edge, layer, argument or `where` clause. All
that can be made of a file are listed (`mutants_of`); `sample` draws from the lists of all files,
each kind and each file having its share.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, get_args

from archspec.layers import registry
from archspec.pipeline import check
from archspec.source import SourceFile, Span
from archspec.syntax import ast
from archspec.syntax.parser import parse
from tests.support.covering import covering
from tests.support.zoo import LANGUAGE, ROOT, SAMPLES, SPECS, program

Kind = Literal["number", "label", "edge", "layer", "argument", "where"]
KINDS: Final = get_args(Kind)

#: A replacement of text: start, end, what stands there now.
Replacement = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Mutant:
    """The `text` of `path` with one change; `lines` are those that a diagnostic should mark.

    What was removed has no line any more: then the lines around the gap count, and `gap` is set.
    """

    path: Path
    kind: Kind
    what: str
    text: str
    lines: frozenset[int]
    gap: bool

    def __str__(self) -> str:
        place = f"{self.path.relative_to(ROOT)}:{min(self.lines)}"
        return f"{place} {self.kind}: {self.what}"


def zoo() -> list[Path]:
    """The valid specs of this repository."""
    return [path for folder in (SPECS, SAMPLES, LANGUAGE) for path in sorted(folder.glob("*.arch"))]


def sample(count: int, seed: int = 0, paths: Iterable[Path] | None = None) -> list[Mutant]:
    """`count` mutants: kinds in turn, and for each kind files in turn."""
    chance = random.Random(seed)
    piles: dict[Kind, list[list[Mutant]]] = {kind: [] for kind in KINDS}
    for path in zoo() if paths is None else paths:
        found = mutants_of(path)
        for kind in KINDS:
            pile = [mutant for mutant in found if mutant.kind == kind]
            chance.shuffle(pile)
            piles[kind].append(pile)
    drawn: list[Mutant] = []
    while len(drawn) < count and any(piles.values()):
        for heaps in piles.values():
            heaps[:] = [pile for pile in heaps if pile]
            if heaps and len(drawn) < count:
                drawn.append(heaps[0].pop())
                heaps.append(heaps.pop(0))
    return drawn


@cache
def mutants_of(path: Path) -> tuple[Mutant, ...]:
    """Every mutant of a file that means something else than the file, each text once."""
    source = SourceFile(path.name, base_text(path))
    file = parse(source).file
    assert file is not None
    seen = {source.text}
    found = []
    for definition in file.definitions:
        for kind, what, change in _Changes(definition).all():
            mutant = _mutant(path, source, kind, what, change)
            if mutant.text not in seen:
                seen.add(mutant.text)
                found.append(mutant)
    return tuple(found)


@cache
def base_text(path: Path) -> str:
    """The text of a file without the variants that use nothing new, so that checks are quicker.

    Lines keep their numbers. All of it, where the rest would not be a valid spec.
    """
    spec = program(path)
    text = spec.scope.source.text
    kept = covering(path)
    file = parse(spec.scope.source).file
    assert file is not None
    for definition in reversed(file.definitions):
        if isinstance(definition, ast.Variant) and definition.name.id not in kept:
            start, end = definition.span.start, definition.span.end
            text = text[:start] + "\n" * text.count("\n", start, end) + text[end:]
    found = check(spec.changed({path: text}), fixes=False)
    broken = any(d.severity == "error" for d in found)
    return spec.scope.source.text if broken else text


def _mutant(
    path: Path, source: SourceFile, kind: Kind, what: str, change: tuple[Replacement, ...]
) -> Mutant:
    text = source.text
    lines: set[int] = set()
    gap = False
    for start, end, new in sorted(change, reverse=True):
        old = text[start:end]
        if not new.strip() and "\n" not in new:
            new = "\n" * old.count("\n")  # all other lines keep their numbers
        text = text[:start] + new + text[end:]
        first, last = source.position(start).line, source.position(end).line
        if new.strip() or _line(text, first).strip():
            lines |= set(range(first, last + 1))
        else:
            gap = True
            lines |= {_beside(text, first, -1), _beside(text, last, 1)}
    return Mutant(path, kind, what, text, frozenset(lines), gap)


def _line(text: str, line: int) -> str:
    return text.split("\n")[line - 1]


def _beside(text: str, line: int, step: int) -> int:
    """The nearest line with text before or after `line`."""
    lines = text.split("\n")
    near = line + step
    while 1 < near < len(lines) and not lines[near - 1].strip():
        near += step
    return near


# --- the changes of one definition --------------------------------------------------------------

Change = tuple[Kind, str, tuple[Replacement, ...]]

#: What `by` takes instead.
COMBINERS: Final = ("concat", "add", "mul", "max", "mean")


@dataclass(frozen=True, slots=True)
class _Changes:
    """All changes of `definition`, by what they change."""

    definition: ast.Definition

    def all(self) -> Iterator[Change]:
        for node in walk(self.definition):
            match node:
                case ast.Number():
                    yield from self._number(node)
                case ast.Stage():
                    yield from self._stage(node)
                case ast.Flow():
                    yield from self._flow(node)
                case ast.Reuse():
                    yield from self._reuse(node)
                case ast.Residual() | ast.Dense():
                    yield from self._body(node)
                case ast.Call():
                    yield from self._call(node)
                case ast.Input():
                    yield from self._where(node)
                case ast.Body():
                    yield from self._statements(node)
                case ast.Template():
                    yield from self._template(node)
                case _:
                    pass

    # Numbers, and all that stands in a `where`.

    def _number(self, node: ast.Number) -> Iterator[Change]:
        value = node.value
        kind: Kind = "where" if self._in_where(node.span) else "number"
        others: list[int | float]
        if isinstance(value, int):
            others = [value + 1, max(value - 1, 0), value * 2, value // 2, value + 7]
        else:
            others = [value * 2, value / 2]
        for other in dict.fromkeys(others):
            if other != value:
                yield kind, f"{value} -> {other}", (_put(node.span, str(other)),)

    def _in_where(self, span: Span) -> bool:
        return any(
            clause.span.start <= span.start < clause.span.end
            for node in walk(self.definition)
            if isinstance(node, ast.Input)
            for clause in node.where
        )

    def _where(self, node: ast.Input) -> Iterator[Change]:
        for clause in node.where:
            for change in (" + 1", " // 2", " * 2"):
                for part in walk(clause):
                    if isinstance(part, ast.Binary) and part.op == "%":
                        right = part.right.span
                        text = f"({right.text}{change})"
                        yield "where", f"modulus {text}", (_put(right, text),)
            if isinstance(clause, ast.Compare) and len(clause.rest) == 1:
                ((op, right_side),) = clause.rest
                left = clause.first.span
                for other in {"==": (">=", "<="), ">=": ("<=",), "<=": (">=",)}.get(op, ()):
                    text = f"{left.text} {other} {right_side.span.text}"
                    yield "where", f"`{op}` -> `{other}`", (_put(clause.span, text),)
        if node.where:
            start, end = node.shape.span.end, node.where[-1].span.end
            yield "where", "dropped", ((start, end, ""),)
            for i, clause in enumerate(node.where):
                kept = [c.span.text for j, c in enumerate(node.where) if j != i]
                if kept:
                    text = f" where {', '.join(kept)}"
                    yield "where", f"dropped `{clause.span.text}`", ((start, end, text),)
        else:
            names = [d for d in node.shape.dims if isinstance(d, ast.Name)]
            for name in names[-2:]:
                for text in (f" where {name.id} % 3 == 1", f" where {name.id} >= 4"):
                    end = node.shape.span.end
                    yield "where", f"added`{text}`", ((end, end, text),)

    # Labels: where they are given, and where they are used.

    def _stage(self, node: ast.Stage) -> Iterator[Change]:
        if node.label is not None:
            text = node.label.span.text
            yield "label", f"`{text}` -> `{text}_`", (_put(node.label.span, f"{text}_"),)
            for other in self._labels()[:3]:
                if other != text:
                    yield "label", f"`{text}` -> `{other}`", (_put(node.label.span, other),)
        for word in node.modifiers:
            at = node.span.text.index(word) + node.span.start
            yield "edge", f"without `{word}`", ((at, at + len(word) + 1, ""),)
        yield from self._layer(node)

    def _template(self, node: ast.Template) -> Iterator[Change]:
        """`enc{i}` where it is read: a neighbour, or a fixed one."""
        if any(label.span == node.span for label in _labels_in(self.definition)):
            return
        for part in node.parts:
            if isinstance(part, str):
                continue
            span = part.span
            for text in (f"{span.text} + 1", f"{span.text} - 1", "0"):
                yield "edge", f"`{{{span.text}}}` -> `{{{text}}}`", (_put(span, text),)

    def _labels(self) -> list[str]:
        return list(dict.fromkeys(label.span.text for label in _labels_in(self.definition)))

    def _values(self) -> list[str]:
        """Texts that name values in this definition: labels, assigned names, inputs."""
        names = self._labels()
        for node in walk(self.definition):
            match node:
                case ast.Flow():
                    names += [target.span.text for target in node.targets]
                case ast.Input():
                    names.append(node.name)
                case _:
                    pass
        return list(dict.fromkeys(names))

    # Edges.

    def _reuse(self, node: ast.Reuse) -> Iterator[Change]:
        yield "edge", "reuse removed", (_put(node.span, "_"),)
        for source in node.sources:
            for other in self._near(source.span.text):
                yield (
                    "edge",
                    f"reuse `{source.span.text}` -> `{other}`",
                    (_put(source.span, other),),
                )
        func = node.combiner.func if isinstance(node.combiner, ast.Call) else node.combiner
        for other in COMBINERS:
            if other != func.span.text:
                yield "edge", f"by `{func.span.text}` -> `{other}`", (_put(func.span, other),)
        yield from self._align(node, node.combiner.span.end)

    def _body(self, node: ast.Residual | ast.Dense) -> Iterator[Change]:
        start = node.span.start
        word = "residual" if isinstance(node, ast.Residual) else "dense"
        bare = (start, node.body.span.start, "")
        other = "dense" if word == "residual" else "residual"
        rest: tuple[Replacement, ...] = ()
        if isinstance(node, ast.Residual):
            rest = ((node.body.span.end, node.span.end, ""),)
            yield from self._align(node, node.body.span.end)
        yield "edge", f"`{word}` removed", (bare, *rest)
        yield "edge", f"`{word}` -> `{other}`", ((start, start + len(word), other), *rest)

    def _align(self, node: ast.Residual | ast.Reuse, end: int) -> Iterator[Change]:
        if node.align is None:
            return
        yield "edge", "align removed", ((end, node.span.end, ""),)
        if isinstance(node.align, ast.Name):
            for other in ("crop", "pad"):
                if other != node.align.id:
                    yield "edge", f"align `{other}`", (_put(node.align.span, other),)

    def _near(self, text: str, count: int = 4) -> list[str]:
        """Other values, those next to `text` in the order of the definition first."""
        values = self._values()
        at = values.index(text) if text in values else 0
        others = sorted(range(len(values)), key=lambda i: (abs(i - at), i))
        return [values[i] for i in others if values[i] != text][:count]

    # Layers.

    def _layer(self, node: ast.Stage) -> Iterator[Change]:
        func = node.core.func if isinstance(node.core, ast.Call) else node.core
        if not isinstance(func, ast.Name):
            return
        layers = registry.layers()
        if func.id in layers:
            for other in _alike(func.id):
                yield "layer", f"`{func.id}` -> `{other}`", (_put(func.span, other),)
            return
        if registry.function(func.id) is None and func.id in self._values():
            for other in self._near(func.id, 3):
                yield "edge", f"`{func.id}` -> `{other}`", (_put(func.span, other),)

    def _flow(self, node: ast.Flow) -> Iterator[Change]:
        stages = node.stages
        for i, stage in enumerate(stages):
            text = " ".join(stage.span.text.split())
            if i:
                gone = (stages[i - 1].span.end, stage.span.end, "")
                yield "layer", f"`{text}` removed", (gone,)
            elif len(stages) > 1:
                gone = (stage.span.start, stages[1].span.start, "")
                yield "layer", f"`{text}` removed", (gone,)
            core = stage.core
            if isinstance(core, ast.Name | ast.Call | ast.Group):
                again = f" -> {core.span.text}"
                yield "layer", f"`{text}` twice", ((stage.span.end, stage.span.end, again),)
        for one, two in pairwise(stages):
            yield "layer", "neighbours swapped", _swapped(one.span, two.span)
        for first, second in pairwise(node.targets):
            yield "edge", "names swapped", _swapped(first.span, second.span)

    def _statements(self, node: ast.Body) -> Iterator[Change]:
        for statement in node.statements:
            text = statement.span.text.split("\n")[0]
            if isinstance(statement, ast.Flow):
                joins = isinstance(statement.stages[-1].core, ast.Reuse | ast.Residual | ast.Dense)
                kind: Kind = "edge" if joins else "layer"
                yield kind, f"`{text}` removed", (_put(statement.span, ""),)
            elif isinstance(statement, ast.Tie | ast.Tensor | ast.If | ast.For):
                yield "edge", f"`{text}` removed", (_put(statement.span, ""),)
        for one, two in pairwise(node.statements):
            if isinstance(one, ast.Flow | ast.For) and isinstance(two, ast.Flow | ast.For):
                first = one.span.text.split("\n")[0]
                yield "layer", f"`{first}` below the next", _swapped(one.span, two.span)

    # Arguments.

    def _call(self, node: ast.Call) -> Iterator[Change]:
        arguments = sorted((*node.args, *node.keywords), key=lambda a: a.span.start)
        for i, argument in enumerate(arguments):
            span = argument.span
            if i:
                gone = (arguments[i - 1].span.end, span.end, "")
            elif len(arguments) > 1:
                gone = (span.start, arguments[1].span.start, "")
            else:
                gone = (span.start, span.end, "")
            yield "argument", f"`{span.text}` dropped", (gone,)
            value = argument.value if isinstance(argument, ast.Keyword) else argument
            for text in _other_values(value):
                yield "argument", f"`{span.text}` is `{text}`", (_put(value.span, text),)
        for keyword in node.keywords:
            start, name = keyword.span.start, keyword.name
            names = [name[:-1], *(k.name for k in node.keywords if k.name != name)]
            for other in names[:2]:
                if other:
                    change = ((start, start + len(name), other),)
                    yield "argument", f"`{name}=` -> `{other}=`", change


def _other_values(value: ast.Expr) -> Iterator[str]:
    text = value.span.text
    match value:
        case ast.Bool(value=flag):
            yield "false" if flag else "true"
        case ast.Name():
            yield f"{text} + 1"
            yield f"2 * {text}"
        case ast.Binary():
            yield f"{text} + 1"
        case ast.String(value=pattern) if "->" in pattern:
            left, right = (side.split() for side in pattern.split("->"))
            yield f'"{" ".join(left)} -> {" ".join(reversed(right))}"'
            yield f'"{" ".join(left)} -> {" ".join(right[:-1])}"'
            yield f'"{" ".join(left[1:])} -> {" ".join(right)}"'
        case ast.ListExpr(items=items) if len(items) > 1:
            yield f"[{', '.join(item.span.text for item in items[:-1])}]"
        case _:
            pass


# --- trees --------------------------------------------------------------------------------------


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """The node and all below it, in the order of the text."""
    yield node
    for item in fields(node):
        yield from _below(getattr(node, item.name))


def _below(value: object) -> Iterator[ast.Node]:
    if isinstance(value, ast.Node):
        yield from walk(value)
    elif isinstance(value, tuple):
        for part in value:
            yield from _below(part)


def _labels_in(definition: ast.Definition) -> list[ast.Name | ast.Template]:
    return [
        node.label
        for node in walk(definition)
        if isinstance(node, ast.Stage) and node.label is not None
    ]


def _alike(name: str, count: int = 4) -> Sequence[str]:
    """Layers of the same family, those of similar names first."""
    layers = registry.layers()
    family = type(layers[name]).__module__
    others = [n for n, decl in layers.items() if type(decl).__module__ == family and n != name]

    def common(other: str) -> int:
        return sum(1 for _ in _same_start(name, other))

    return sorted(others, key=lambda other: (-common(other), other))[:count]


def _same_start(a: str, b: str) -> Iterator[str]:
    for x, y in zip(a, b, strict=False):
        if x != y:
            return
        yield x


def _put(span: Span, text: str) -> Replacement:
    return span.start, span.end, text


def _swapped(one: Span, two: Span) -> tuple[Replacement, ...]:
    return (_put(one, two.text), _put(two, one.text))
