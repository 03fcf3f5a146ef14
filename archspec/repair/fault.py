"""A diagnostic with the syntax around its labels: what candidates are made from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from archspec.diagnostics import Diagnostic, Edit, Fix
from archspec.diagnostics.model import FixLevel
from archspec.repair import tree
from archspec.source import Span
from archspec.syntax import ast

N = TypeVar("N", bound=ast.Node)


@dataclass(frozen=True)
class Fault:
    """What a candidate is sought for."""

    diagnostic: Diagnostic

    @property
    def code(self) -> str:
        return self.diagnostic.code

    @cached_property
    def place(self) -> Span:
        """Where the fault is; only faults with a place are looked at."""
        place = self.diagnostic.place
        assert place is not None
        return place.span

    @cached_property
    def spans(self) -> list[Span]:
        """The places of all labels, that of the fault first."""
        others = sorted(
            (label.span for label in self.diagnostic.labels if label.span != self.place),
            key=lambda span: (
                span.source is not self.place.source,
                abs(span.start - self.place.start),
            ),
        )
        return [self.place, *others]

    @cached_property
    def around(self) -> list[ast.Node]:
        """The nodes around the place, the innermost first."""
        return tree.ancestors(self.place)[::-1]

    def innermost(self, kind: type[N]) -> N | None:
        """The innermost node of a kind around the place."""
        return next((node for node in self.around if isinstance(node, kind)), None)

    @cached_property
    def definition(self) -> ast.Block | None:
        """The block or model that the place is in."""
        return self.innermost(ast.Block)

    @cached_property
    def numbers(self) -> list[int]:
        """The numbers of which the diagnostic speaks, in its order."""
        d = self.diagnostic
        texts = (d.message, *(label.message for label in d.labels), *d.notes)
        found = (int(n) for text in texts for n in re.findall(r"(?<![\w.])\d{1,9}(?![\w.])", text))
        return list(dict.fromkeys(found))

    @cached_property
    def definitions(self) -> list[ast.Block]:
        """The blocks and models that labels are in, that of the place first."""
        found: dict[Span, ast.Block] = {}
        for span in self.spans:
            for node in tree.ancestors(span):
                if isinstance(node, ast.Block):
                    found.setdefault(node.span, node)
        return list(found.values())

    @cached_property
    def calls(self) -> list[Span]:
        """The calls of blocks that lead to the place."""
        marked = [d for d in self.diagnostic.labels if d.message.startswith("in this call of")]
        return [label.span for label in marked]

    def blamed(self, kind: type[N]) -> Iterator[N]:
        """Nodes of a kind in the labels' places, each once.

        Then those on their lines, then those that names there stand for: layers, values, inputs.
        """
        seen = set[Span]()
        for spans in (self.spans, [tree.line_of(span) for span in self.spans], self._behind):
            for span in spans:
                for node in tree.nodes_within(span):
                    if isinstance(node, kind) and node.span not in seen:
                        seen.add(node.span)
                        yield node

    @cached_property
    def _behind(self) -> list[Span]:
        """Where the names in the labels' places, and those before them, get their values."""
        used = set[str]()
        for span in self.spans:
            nodes = [*tree.nodes_within(span), *tree.ancestors(span)]
            for node in nodes:
                if isinstance(node, ast.Name | ast.Template):
                    used.add(node.span.text)
                elif isinstance(node, ast.Flow):
                    used.add(node.stages[0].span.text)
        found = []
        for definition in self.definitions:
            for node in tree.walk(definition.body):
                match node:
                    case ast.Stage(label=ast.Name() | ast.Template() as label):
                        named = label.span.text in used
                    case ast.Input(name=name):
                        named = name in used or self.code.startswith("A06")
                    case ast.Flow(targets=(target,)):
                        named = target.span.text in used
                    case _:
                        continue
                if named:
                    found.append(node.span)
        return found


def replace(span: Span, text: str, level: FixLevel = "maybe") -> Fix:
    """The candidate that writes `text` for what stands at `span`."""
    return Fix(level, f"`{span.text}` -> `{text}`", (Edit(span, text),))


def insert(source_span: Span, at: int, text: str, level: FixLevel = "maybe") -> Fix:
    """The candidate that adds `text` at an offset of the file of `source_span`."""
    title = f"add `{' '.join(text.split())}`"
    return Fix(level, title, (Edit(Span(source_span.source, at, at), text),))


def remove(span: Span, title: str, level: FixLevel = "maybe") -> Fix:
    """The candidate that deletes what stands at `span`."""
    return Fix(level, title, (Edit(span, ""),))


def short(text: str, length: int = 40) -> str:
    """`text` in one line, its end cut off where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
