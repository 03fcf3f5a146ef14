"""Statements and bodies on one line, where the author's own lines allow it."""

from typing import assert_never

from archspec.syntax import ast
from archspec.syntax.expressions import NotFlat, flat, one_line
from archspec.syntax.literals import encode, encode_doc


def flat_statement(node: ast.Statement) -> str:
    """`node` on one line; raises NotFlat where the author broke a body, a flow or a bracket."""
    match node:
        case ast.Flow():
            if author_breaks(node):
                raise NotFlat
            targets = ", ".join(flat(target) for target in node.targets)
            head = f"{targets} = " if targets else ""
            return head + " -> ".join(flat_stage(stage) for stage in node.stages)
        case ast.Input():
            text = f"input {node.name}: {one_line(node.shape)}"
            where = ", ".join(one_line(condition) for condition in node.where)
            return f"{text} where {where}" if where else text
        case ast.Output():
            return f"output {', '.join(one_line(item) for item in node.items)}"
        case ast.Require():
            text = f"require {one_line(node.condition)}"
            return text if node.message is None else f"{text}, {encode(node.message)}"
        case ast.For():
            head = f"for {', '.join(node.targets)} in {one_line(node.iterable)}"
            return f"{head} {flat_body(node.body)}"
        case ast.If():
            text = f"if {one_line(node.test)} {flat_body(node.body)}"
            match node.orelse:
                case None:
                    return text
                case ast.If():
                    return f"{text} else {flat_statement(node.orelse)}"
                case ast.Body():
                    return f"{text} else {flat_body(node.orelse)}"
                case _:
                    assert_never(node.orelse)
        case ast.Tie():
            return f"tie {one_line(node.target)} to {one_line(node.source)}"
        case ast.Init():
            return f"init {node.selector} by {one_line(node.initializer)}"
        case ast.Tensor():
            value = f" = {one_line(node.value)}" if node.value else ""
            return f"{node.kind} {flat(node.name)}: {one_line(node.shape)}{value}"
        case ast.Weight():
            return f"{node.kind} {flat(node.name)}: {one_line(node.shape)}"
        case _:
            assert_never(node)


def flat_body(body: ast.Body) -> str:
    if "\n" in body.span.text or (body.doc is not None and "\n" in body.doc):
        raise NotFlat
    parts = [] if body.doc is None else [encode_doc(body.doc)]
    parts += [flat_statement(statement) for statement in body.statements]
    return f"{{ {'; '.join(parts)} }}" if parts else "{}"


def stage_head(node: ast.Stage) -> str:
    """The modifiers and the label: `shared encoder: `."""
    words = "".join(f"{word} " for word in node.modifiers)
    return f"{words}{flat(node.label)}: " if node.label else words


def flat_stage(node: ast.Stage) -> str:
    return f"{stage_head(node)}{_flat_core(node.core)}{weights_file(node)}"


def weights_file(node: ast.Stage) -> str:
    """Where the weights come from: ` from "stage{i}.safetensors"`."""
    match node.weights:
        case None:
            return ""
        case ast.Template(parts=parts):
            texts = [encode(p)[1:-1] if isinstance(p, str) else f"{{{flat(p)}}}" for p in parts]
            return f' from "{"".join(texts)}"'
        case str() as text:
            return f" from {encode(text)}"


def _flat_core(core: ast.Core) -> str:
    match core:
        case ast.Group():
            return flat_body(core.body)
        case ast.Residual():
            return f"residual {flat_body(core.body)}{_flat_align(core.align)}"
        case ast.Dense():
            return f"dense {flat_body(core.body)}"
        case ast.Reuse():
            sources = ", ".join(one_line(source) for source in core.sources)
            return f"reuse {sources} by {one_line(core.combiner)}{_flat_align(core.align)}"
        case ast.Inline():
            return f"inline {one_line(core.call)}"
        case _:
            return one_line(core)


def _flat_align(align: ast.Group | ast.Name | None) -> str:
    match align:
        case None:
            return ""
        case ast.Name():
            return f" align {align.id}"
        case ast.Group():
            return f" align {flat_body(align.body)}"
        case _:
            assert_never(align)


def author_breaks(node: ast.Flow) -> set[int]:
    """The starts of the stages before which the author began a new line."""
    text = node.stages[0].span.source.text
    return {
        stage.span.start
        for previous, stage in zip(node.stages, node.stages[1:], strict=False)
        if "\n" in text[previous.span.end : stage.span.start]
    }
