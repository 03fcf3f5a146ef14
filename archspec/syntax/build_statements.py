"""Files, definitions, statements and flows: one function per rule of the grammar."""

from typing import Any

from archspec.source import Span
from archspec.syntax import ast
from archspec.syntax.build_expressions import name, string
from archspec.syntax.building import (
    Context,
    Definitions,
    Rejected,
    Statements,
    end_of,
    more,
    one,
    start_of,
)
from archspec.syntax.tokens import Token

names = library = parameter_list = output_items = dims = targets = stages = modifiers = one
more_names = more_library = more_parameters = more_outputs = more_targets = more_stages = more
more_modifiers = more_definitions = more_statements = more


def statements(context: Context, parts: list[Any]) -> Statements:
    return Statements(parts)


def definitions(context: Context, parts: list[Any]) -> Definitions:
    return Definitions(parts)


# --- files and definitions ---------------------------------------------------------------------


def empty_file(context: Context, parts: list[Any]) -> ast.File:
    return _file(context, None, [])


def file(context: Context, parts: list[Any]) -> ast.File:
    return _file(context, None, parts[0])


def documented_file(context: Context, parts: list[Any]) -> ast.File:
    return _file(context, string(context, parts).value, parts[2] if len(parts) > 1 else [])


def _file(context: Context, doc: str | None, found: list[ast.Definition]) -> ast.File:
    span = Span(context.source, 0, len(context.source.text))
    return ast.File(doc, tuple(found), (), span=span)


def use_file(context: Context, parts: list[Any]) -> ast.Use:
    path = string(context, parts[3:])
    return _use(context, parts, path.value, False, path.span)


def use_library(context: Context, parts: list[Any]) -> ast.Use:
    words = parts[3]
    path = ".".join(word.text for word in words)
    return _use(context, parts, path, True, context.span(words[0], words[-1]))


def _use(context: Context, parts: list[Any], path: str, library: bool, path_span: Span) -> ast.Use:
    return ast.Use(
        tuple(name(context, [word]) for word in parts[1]),
        path,
        library,
        path_span,
        span=Span(context.source, parts[0].start, path_span.end),
    )


def function(context: Context, parts: list[Any]) -> ast.Function:
    return ast.Function(
        name(context, parts[1:]), parts[2], parts[4], span=context.span(parts[0], parts[4])
    )


def block(context: Context, parts: list[Any]) -> ast.Block:
    params = parts[2] if len(parts) == 4 else ()
    return ast.Block(
        parts[0].text,
        name(context, parts[1:]),
        params,
        parts[-1],
        span=context.span(parts[0], parts[-1]),
    )


def variant(context: Context, parts: list[Any]) -> ast.Variant:
    value = parts[3]
    if not isinstance(value, ast.Call):
        raise Rejected(
            value.span,
            "a variant is a call of a model or block",
            f"write the arguments, as in `{value.span.text}()`"
            if isinstance(value, ast.Name)
            else "write it as in `variant ResNet50 = ResNet(Bottleneck, [3, 4, 6, 3])`",
        )
    return ast.Variant(name(context, parts[1:]), value, span=context.span(parts[0], value))


def extern(context: Context, parts: list[Any]) -> ast.Extern:
    params = parts[3] if isinstance(parts[3], tuple) else ()
    body = parts[-1] if isinstance(parts[-1], ast.Body) else None
    target = string(context, [parts[-2] if body else parts[-1]])
    return ast.Extern(
        name(context, parts[2:]),
        params,
        target.value,
        body,
        span=context.span(parts[0], parts[-1]),
    )


def keys(context: Context, parts: list[Any]) -> ast.Keys:
    rules = tuple(parts[3]) if isinstance(parts[3], list) else ()
    return ast.Keys(name(context, parts[1:]), rules, span=context.span(parts[0], parts[-1]))


def key_rules(context: Context, parts: list[Any]) -> list[ast.KeyRule]:
    return [parts[0]]


def more_key_rules(context: Context, parts: list[Any]) -> list[ast.KeyRule]:
    rules: list[ast.KeyRule] = parts[0]
    rules.append(parts[2])
    return rules


def key_rule(context: Context, parts: list[Any]) -> ast.KeyRule:
    change = name(context, parts[2:]) if len(parts) > 3 else None
    theirs = tuple(parts[-1])
    ours = string(context, [parts[0]])
    return ast.KeyRule(ours, change, theirs, span=context.span(parts[0], theirs[-1]))


def strings(context: Context, parts: list[Any]) -> list[ast.String]:
    return [string(context, parts)]


def more_strings(context: Context, parts: list[Any]) -> list[ast.String]:
    found: list[ast.String] = parts[0]
    found.append(string(context, [parts[2]]))
    return found


def parameters(context: Context, parts: list[Any]) -> tuple[ast.Param, ...]:
    return tuple(parts[1]) if len(parts) > 2 else ()


def parameter(context: Context, parts: list[Any]) -> ast.Param:
    kind = default = None
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        if sign.text == ":":
            kind = part.text
        else:
            default = part
    return ast.Param(parts[0].text, kind, default, span=context.span(parts[0], parts[-1]))


# --- bodies and statements ---------------------------------------------------------------------


def body(context: Context, parts: list[Any]) -> ast.Body:
    found: list[ast.Statement] = parts[1] if len(parts) == 3 else []
    doc = None
    match found:
        case [ast.Flow(targets=(), stages=(ast.Stage(core=ast.String(value), label=None),)), *_]:
            doc = value
            found = found[1:]
    return ast.Body(doc, tuple(found), span=context.span(parts[0], parts[-1]))


def input_size(context: Context, parts: list[Any]) -> ast.Input:
    where = tuple(parts[5]) if len(parts) > 5 else ()
    return ast.Input(
        parts[1].text,
        context.span(parts[1], parts[1]),
        parts[3],
        where,
        span=context.span(parts[0], where[-1] if where else parts[3]),
    )


def output(context: Context, parts: list[Any]) -> ast.Output:
    return ast.Output(tuple(parts[1]), span=context.span(parts[0], parts[1][-1]))


def output_item(context: Context, parts: list[Any]) -> ast.OutputItem:
    shape, value = _shape_and_value(parts[1:])
    return ast.OutputItem(parts[0], shape, value, span=context.span(parts[0], parts[-1]))


def _shape_and_value(parts: list[Any]) -> tuple[Any, Any]:
    """From `: shape = value`, either of which may be missing."""
    found = {sign.text: part for sign, part in zip(parts[::2], parts[1::2], strict=True)}
    return found.get(":"), found.get("=")


def require(context: Context, parts: list[Any]) -> ast.Require:
    message = string(context, parts[3:]).value if len(parts) > 2 else None
    return ast.Require(parts[1], message, span=context.span(parts[0], parts[-1]))


def for_loop(context: Context, parts: list[Any]) -> ast.For:
    return ast.For(
        tuple(word.text for word in parts[1]),
        parts[3],
        parts[4],
        span=context.span(parts[0], parts[4]),
    )


def if_else(context: Context, parts: list[Any]) -> ast.If:
    orelse = parts[4] if len(parts) > 3 else None
    node = ast.If(parts[1], parts[2], orelse, span=context.span(parts[0], parts[-1]))
    if isinstance(orelse, ast.If):
        context.deepen(node, [orelse], "a chain of `else if`")
    return node


def tie(context: Context, parts: list[Any]) -> ast.Tie:
    return ast.Tie(parts[1], parts[3], span=context.span(parts[0], parts[3]))


def init(context: Context, parts: list[Any]) -> ast.Init:
    selector = parts[1]
    return ast.Init(
        selector.text,
        context.span(selector, selector),
        parts[3],
        span=context.span(parts[0], parts[3]),
    )


def tensor(context: Context, parts: list[Any]) -> ast.Tensor:
    value = parts[5] if len(parts) > 4 else None
    return ast.Tensor(
        parts[0].text, parts[1], parts[3], value, span=context.span(parts[0], parts[-1])
    )


def weight(context: Context, parts: list[Any]) -> ast.Weight:
    name = string(context, [parts[1]])
    return ast.Weight(parts[0].text, name, parts[3], span=context.span(parts[0], parts[3]))


def shape(context: Context, parts: list[Any]) -> ast.ShapeExpr:
    first = parts[0]
    dtype = first.text if first.type == "NAME" else None
    found = next((part for part in parts if isinstance(part, list)), [])
    return ast.ShapeExpr(dtype, tuple(found), span=context.span(first, parts[-1]))


# --- flows -------------------------------------------------------------------------------------


def flow(context: Context, parts: list[Any]) -> ast.Flow:
    found = parts[0]
    span = Span(context.source, found[0].span.start, found[-1].span.end)
    return ast.Flow((), tuple(found), span=span)


def named_flow(context: Context, parts: list[Any]) -> ast.Flow:
    named, _, found = parts
    span = Span(context.source, named[0].span.start, found[-1].span.end)
    return ast.Flow(tuple(named), tuple(found), span=span)


def plain_stage(context: Context, parts: list[Any]) -> ast.Stage:
    core = parts[0]
    return ast.Stage((), None, core, None, span=core.span)


def labelled_stage(context: Context, parts: list[Any]) -> ast.Stage:
    label, _, core = parts
    span = Span(context.source, label.span.start, core.span.end)
    return ast.Stage((), label, core, None, span=span)


def stage(context: Context, parts: list[Any]) -> ast.Stage:
    first: Any = parts[0]
    last: Any = parts[-1]
    span = Span(
        context.source, start_of(first[0] if isinstance(first, list) else first), end_of(last)
    )
    weights: str | ast.Template | None = None
    if _is_from(parts):
        weights = _weights_file(context, last)
        parts = parts[:-2]
    words: tuple[str, ...] = ()
    if isinstance(first, list):
        words = tuple(word.text for word in first)
        parts = parts[1:]
    label = parts[0] if len(parts) == 3 else None
    return ast.Stage(words, label, parts[-1], weights, span=span)


def _is_from(parts: list[Any]) -> bool:
    return len(parts) > 2 and isinstance(parts[-2], Token) and parts[-2].type == "FROM"


def _weights_file(context: Context, given: Any) -> str | ast.Template:
    """The name of a file: a string, or a template between quotes."""
    if isinstance(given, Token):
        file = string(context, [given]).value
        if "{" in file or "}" in file:
            raise Rejected(
                Span(context.source, given.start, given.end),
                "a brace in the name of a file belongs to a pair that holds an expression",
                'write `from "stage{i}.safetensors"`',
            )
        return file
    template: ast.Template = given
    if not template.span.text.startswith('"'):
        raise Rejected(
            template.span,
            "`from` is followed by a file in double quotes",
            f'write `from "{template.span.text}.safetensors"`',
        )
    texts = list(template.parts)
    for index, part in enumerate(texts):
        if isinstance(part, str):
            text = part.removeprefix('"') if index == 0 else part
            text = text.removesuffix('"') if index == len(texts) - 1 else text
            quoted = Token("STRING", f'"{text}"', template.span.start, template.span.end)
            texts[index] = string(context, [quoted]).value
    if not isinstance(texts[-1], str) or "." not in texts[-1]:
        raise Rejected(
            template.span,
            "the name of a file ends with what says its format, outside of the braces",
            'write `from "stage{i}.safetensors"`',
        )
    return ast.Template(tuple(part for part in texts if part != ""), span=template.span)


def group(context: Context, parts: list[Any]) -> ast.Group:
    return ast.Group(parts[0], span=parts[0].span)


def residual(context: Context, parts: list[Any]) -> ast.Residual:
    align = parts[2] if len(parts) > 2 else None
    return ast.Residual(parts[1], align, span=context.span(parts[0], parts[-1]))


def dense(context: Context, parts: list[Any]) -> ast.Dense:
    return ast.Dense(parts[1], span=context.span(parts[0], parts[1]))


def reuse(context: Context, parts: list[Any]) -> ast.Reuse:
    align = parts[4] if len(parts) > 4 else None
    return ast.Reuse(tuple(parts[1]), parts[3], align, span=context.span(parts[0], parts[-1]))


def inline(context: Context, parts: list[Any]) -> ast.Inline:
    return ast.Inline(parts[1], span=context.span(parts[0], parts[1]))


def align(context: Context, parts: list[Any]) -> ast.Group | ast.Name:
    return name(context, parts[1:]) if type(parts[1]) is Token else group(context, parts[1:])
