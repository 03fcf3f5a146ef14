"""Definitions and statements back to text, with the author's comments and blank lines."""

from collections.abc import Sequence
from typing import assert_never

from archspec.source import SourceFile
from archspec.syntax import ast
from archspec.syntax.expressions import (
    STEP,
    WIDTH,
    Item,
    NotFlat,
    bracketed,
    flat,
    keyword_head,
    wants_lines,
)
from archspec.syntax.literals import encode, encode_doc
from archspec.syntax.oneline import (
    author_breaks,
    flat_body,
    flat_stage,
    flat_statement,
    stage_head,
    weights_file,
)
from archspec.syntax.trivia import Trivia


def print_file(file: ast.File, source: SourceFile | None = None) -> str:
    """The text of `file`; comments and blank lines are kept where `source` is given."""
    return Printer(source, file.comments if source else ()).file(file)


class Printer:
    """Texts are built with their indentation, except on the first line: it is the caller's."""

    def __init__(self, source: SourceFile | None, comments: tuple[ast.Comment, ...]) -> None:
        self.trivia = Trivia(source, comments)

    # --- lines ---------------------------------------------------------------------------------

    def file(self, file: ast.File) -> str:
        lines: list[str] = []
        start = file.definitions[0].span.start if file.definitions else len(file.span.source.text)
        if file.doc is not None:
            doc_start = file.span.source.text.find('"')
            if self.trivia.source is not None:
                self._comments(lines, doc_start, "")
            lines.append(encode_doc(file.doc))
            if self.trivia.source is not None:
                lines[-1] += self.trivia.trailing(self._doc_end(doc_start, start))
                self.trivia.last_line = 0
            if file.definitions or self.trivia.comments[self.trivia.next :]:
                lines.append("")
        previous: ast.Definition | None = None
        for definition in file.definitions:
            if previous is not None and (_tall(previous) or _tall(definition)):
                self.trivia.last_line = 0
                lines.append("")
            self._comments(lines, definition.span.start, "")
            self._blank(lines, definition)
            lines.append(self.definition(definition) + self._trailing(definition))
            previous = definition
        self._comments(lines, len(file.span.source.text) + 1, "")
        return "".join(f"{line}\n" for line in lines)

    def _doc_end(self, start: int, limit: int) -> int:
        """Where the file's doc ends: before its trailing comment, or before what follows."""
        assert self.trivia.source is not None
        text = self.trivia.source.text
        return max(text.rfind('"', start, limit), start) + 1

    def body(self, body: ast.Body, indent: int) -> str:
        """`{`, a statement a line, and `}` at `indent`."""
        inner = " " * (indent + STEP)
        lines = [""]
        first = body.statements[0].span.start if body.statements else body.span.end
        opening = "{"
        if self.trivia.line(first) > self.trivia.line(body.span.start):
            opening += self.trivia.trailing(body.span.start + 1)
        self.trivia.last_line = 0
        if body.doc is not None:
            lines.append(inner + encode_doc(body.doc))
        for number, statement in enumerate(body.statements):
            self._comments(lines, statement.span.start, inner)
            if number or body.doc is not None:
                self._blank(lines, statement)
            text = self.statement(statement, indent + STEP)
            lines.append(inner + text + self._trailing(statement))
        self._comments(lines, body.span.end - 1, inner)
        self.trivia.last_line = self.trivia.line(body.span.end)
        lines[0] = opening
        if len(lines) == 1 and opening == "{":
            return "{}"
        return "\n".join([*lines, " " * indent + "}"])

    def _comments(self, lines: list[str], before: int, margin: str) -> None:
        for comment in self.trivia.before(before):
            self._blank(lines, comment)
            lines.append(margin + comment.text)
            self.trivia.last_line = self.trivia.line(comment.span.start)

    def _blank(self, lines: list[str], node: ast.Node) -> None:
        last = self.trivia.last_line
        if last and self.trivia.line(node.span.start) - last > 1 and lines and lines[-1]:
            lines.append("")

    def _trailing(self, node: ast.Node) -> str:
        self.trivia.last_line = self.trivia.line(node.span.end)
        return self.trivia.trailing(node.span.end)

    # --- definitions ---------------------------------------------------------------------------

    def definition(self, node: ast.Definition) -> str:
        match node:
            case ast.Use():
                path = node.path if node.library else encode(node.path)
                return f"use {', '.join(flat(name) for name in node.names)} from {path}"
            case ast.Function():
                head = f"fn {node.name.id}{self._params(node.params, node.name, True)} = "
                return head + self.value(node.value, 0, _last(head))
            case ast.Variant():
                head = f"variant {node.name.id} = "
                return head + self.value(node.call, 0, len(head))
            case ast.Block():
                head = f"{node.kind} {node.name.id}{self._params(node.params, node.name)} "
                return head + self._body_text(node.body, 0, _last(head))
            case ast.Extern():
                params = self._params(node.params, node.name)
                head = f"extern layer {node.name.id}{params} from {encode(node.target)}"
                if node.body is None:
                    return head
                return f"{head} {self._body_text(node.body, 0, _last(head) + 1)}"
            case ast.Keys():
                return self._keys(node)
            case _:
                assert_never(node)

    def _keys(self, node: ast.Keys) -> str:
        margin = " " * STEP
        lines: list[str] = []
        self.trivia.last_line = self.trivia.line(node.name.span.end)
        for rule in node.rules:
            self._comments(lines, rule.span.start, margin)
            self._blank(lines, rule)
            change = f"{rule.change.id} " if rule.change is not None else ""
            head = f"{margin}{flat(rule.ours)} from {change}"
            theirs = [flat(one) for one in rule.theirs]
            wide = len(head) + len(", ".join(theirs)) > WIDTH
            text = (f",\n{margin}{margin}" if wide else ", ").join(theirs)
            lines.append(f"{head}{text}{self._trailing(rule)}")
        self._comments(lines, node.span.end - 1, margin)
        inside = "\n".join(["", *lines, ""]) if lines else ""
        return f"keys {node.name.id} {{{inside}}}"

    def _params(self, params: tuple[ast.Param, ...], name: ast.Name, always: bool = False) -> str:
        if not params:
            return "()" if always else ""
        text = ", ".join(flat(param) for param in params)
        inside = self.trivia.between(params[0].span.start, params[-1].span.end)
        lines = inside or any(wants_lines(param) for param in params)
        if len(name.id) + len(text) <= WIDTH - 20 and not lines:
            return f"({text})"
        return self._lines("(", params, ")", 0, params[-1].span.end)

    # --- statements ----------------------------------------------------------------------------

    def statement(self, node: ast.Statement, indent: int) -> str:
        if not self.trivia.between(node.span.start, node.span.end):
            try:
                text = flat_statement(node)
            except NotFlat:
                pass
            else:
                if indent + _widest(text) <= WIDTH:
                    return text
        match node:
            case ast.Flow():
                return self._flow(node, indent)
            case ast.For():
                head = f"for {', '.join(node.targets)} in "
                head += self.value(node.iterable, indent, indent + len(head)) + " "
                return head + self._body_text(node.body, indent, indent + _last(head))
            case ast.If():
                return self._if(node, indent)
            case ast.Input():
                head = f"input {node.name}: {self.value(node.shape, indent, indent + 8)}"
                if not node.where:
                    return head
                return f"{head} where {self._commas(node.where, indent)}"
            case ast.Output():
                return f"output {self._commas(node.items, indent)}"
            case ast.Require():
                text = f"require {self.value(node.condition, indent, indent + 8)}"
                return (
                    text
                    if node.message is None
                    else f"{text},\n{' ' * (indent + STEP)}" + (encode(node.message))
                )
            case ast.Tie():
                return f"tie {self.value(node.target, indent, 0)} to " + self.value(
                    node.source, indent, 0
                )
            case ast.Init():
                head = f"init {node.selector} by "
                return head + self.value(node.initializer, indent, indent + len(head))
            case ast.Tensor():
                head = f"{node.kind} {flat(node.name)}: {self.value(node.shape, indent, indent)}"
                if node.value is None:
                    return head
                return f"{head} = {self.value(node.value, indent, indent + _last(head) + 3)}"
            case ast.Weight():
                return f"{node.kind} {flat(node.name)}: {self.value(node.shape, indent, indent)}"
            case _:
                assert_never(node)

    def _if(self, node: ast.If, indent: int) -> str:
        text = f"if {self.value(node.test, indent, indent + 3)} "
        text += self._body_text(node.body, indent, indent + _last(text))
        match node.orelse:
            case None:
                return text
            case ast.If():
                return f"{text} else {self._if(node.orelse, indent)}"
            case ast.Body():
                return f"{text} else {self._body_text(node.orelse, indent, indent)}"
            case _:
                assert_never(node.orelse)

    def _flow(self, node: ast.Flow, indent: int) -> str:
        """The author's lines; where one is too long, a step a line."""
        targets = ", ".join(flat(target) for target in node.targets)
        head = f"{targets} = " if targets else ""
        breaks = author_breaks(node)
        text = head + self._stage(node.stages[0], indent, indent + len(head))
        for previous, stage in zip(node.stages, node.stages[1:], strict=False):
            if stage.span.start not in breaks:
                try:
                    long = indent + _last(text) + 4 + len(flat_stage(stage)) > WIDTH
                except NotFlat:
                    long = False
                if not long:
                    text += " -> "
                    text += self._stage(stage, indent, indent + _last(text))
                    continue
            text += self.trivia.trailing(previous.span.end)
            margin = " " * (indent + STEP)
            lines = [text]
            for comment in self.trivia.before(stage.span.start):
                lines.append(margin + comment.text)
            step = self._stage(stage, indent + STEP, indent + STEP + 3)
            text = "\n".join([*lines, f"{margin}-> {step}"])
        return text

    def _stage(self, node: ast.Stage, indent: int, column: int) -> str:
        head = stage_head(node)
        text = head + self._core(node.core, indent, column + len(head))
        return text + weights_file(node)

    def _core(self, core: ast.Core, indent: int, column: int) -> str:
        match core:
            case ast.Group():
                return self._body_text(core.body, indent, column)
            case ast.Residual():
                text = "residual " + self._body_text(core.body, indent, column + 9)
                return text + self._align(core.align, indent)
            case ast.Dense():
                return "dense " + self._body_text(core.body, indent, column + 6)
            case ast.Reuse():
                text = f"reuse {', '.join(self.value(s, indent, column) for s in core.sources)} by "
                text += self.value(core.combiner, indent, column + _last(text))
                return text + self._align(core.align, indent)
            case ast.Inline():
                return "inline " + self.value(core.call, indent, column + 7)
            case _:
                return self.value(core, indent, column)

    def _align(self, align: ast.Group | ast.Name | None, indent: int) -> str:
        match align:
            case None:
                return ""
            case ast.Name():
                return f" align {align.id}"
            case ast.Group():
                return " align " + self._body_text(align.body, indent, indent + 8)
            case _:
                assert_never(align)

    def _body_text(self, body: ast.Body, indent: int, column: int) -> str:
        if not self.trivia.between(body.span.start, body.span.end):
            try:
                text = flat_body(body)
            except NotFlat:
                pass
            else:
                if column + _widest(text) <= WIDTH:
                    return text
        return self.body(body, indent)

    # --- values --------------------------------------------------------------------------------

    def value(self, node: Item, indent: int, column: int) -> str:
        """An expression on one line, or its outermost bracket an item a line."""
        if not self.trivia.between(node.span.start, node.span.end):
            text = flat(node)
            if not wants_lines(node) and column + _widest(text) <= WIDTH:
                return text
        match node:
            case ast.Keyword():
                head = keyword_head(node)
                return head + self.value(node.value, indent, column + len(head))
            case ast.Param(name=name, kind=kind, default=default) if default is not None:
                head = f"{name}{f': {kind}' if kind else ''} = "
                return head + self.value(default, indent, column + len(head))
            case ast.OutputItem(name=name, shape=shape, value=value) if value is not None:
                head = f"{flat(name)}{f': {flat(shape)}' if shape else ''} = "
                return head + self.value(value, indent, column + len(head))
            case ast.Call() | ast.Index() | ast.ListExpr() | ast.TupleExpr() | ast.ShapeExpr():
                before, opening, items, closing = bracketed(node)
                if items:
                    return before + self._lines(opening, items, closing, indent, node.span.end)
        return flat(node)

    def _lines(
        self, opening: str, items: Sequence[Item], closing: str, indent: int, end: int
    ) -> str:
        margin = " " * (indent + STEP)
        lines = [opening]
        for item in items:
            lines += [margin + found.text for found in self.trivia.before(item.span.start)]
            text = self.value(item, indent + STEP, indent + STEP + 1)
            lines.append(f"{margin}{text},{self.trivia.trailing(item.span.end)}")
        lines += [margin + found.text for found in self.trivia.before(end)]
        return "\n".join([*lines, " " * indent + closing])

    def _commas(self, items: Sequence[Item], indent: int) -> str:
        """Items after a word, one per line; a line that ends with a comma goes on."""
        margin = " " * (indent + 2 * STEP)
        text = ""
        for number, item in enumerate(items):
            if number:
                text += "," + self.trivia.trailing(items[number - 1].span.end)
                lines = [margin + found.text for found in self.trivia.before(item.span.start)]
                text = "\n".join([text, *lines, margin])
            text += self.value(item, indent + STEP, indent + STEP)
        return text


def _tall(node: ast.Definition) -> bool:
    """Definitions with a body stand apart from their neighbours."""
    return isinstance(node, ast.Block | ast.Keys) or (
        isinstance(node, ast.Extern) and node.body is not None
    )


def _widest(text: str) -> int:
    return max(len(line) for line in text.split("\n"))


def _last(text: str) -> int:
    return len(text) - text.rfind("\n") - 1
