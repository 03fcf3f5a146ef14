"""Values for a model's parameters from outside of the spec: the command line, Python."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.dims import Domains
from archspec.elaborate import Limits, ModelEntry
from archspec.elaborate.context import Context, SilentError, SpecError
from archspec.elaborate.evaluate import evaluate_static
from archspec.elaborate.values import BlockValue, Cursor, FnValue, Frame, FunctionValue, LayerValue
from archspec.ir import Graph, Module
from archspec.source import SourceFile, Span
from archspec.syntax import ast, parse

_PREFIX = "fn value() = "


def evaluate_override(entry: ModelEntry, name: str, text: str, shown: str = "--set") -> Any:
    """The value of the expression `text` among the definitions of the model's file.

    Raises `ArchSpecError`; its places are in a source called `shown` that reads `name=text`.
    """
    written = SourceFile(shown, f"{name}={text}")
    synthetic = SourceFile(shown, _PREFIX + text)
    result = parse(synthetic)
    definitions = result.file.definitions if result.file is not None else ()
    try:
        if result.diagnostics:
            raise ArchSpecError(result.diagnostics)
        if len(definitions) != 1 or not isinstance(definitions[0], ast.Function):
            message = f"the value of `{name}` is one expression"
            label = Label(Span(synthetic, len(_PREFIX), len(synthetic.text)), "", primary=True)
            raise ArchSpecError((Diagnostic("A0001", "error", message, (label,)),))
        return _evaluate(entry, definitions[0].value)
    except ArchSpecError as error:
        moved = (_moved(d, synthetic, written, len(name) + 1) for d in error.diagnostics)
        raise ArchSpecError(tuple(_quoted(d, name, text) for d in moved)) from None


def checked_overrides(entry: ModelEntry, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` from Python as the compiler takes it.

    A string for a parameter of kind `layer` is an expression (`"LayerNorm(eps=1e-6)"`); integers of
    other libraries become `int`. Raises `ArchSpecError` for what a spec could not write.
    """
    kinds = {param.name: param.kind for param in entry.block.params}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, str) and kinds.get(name) == "layer":
            values[name] = evaluate_override(entry, name, value, entry.name)
        else:
            values[name] = _plain(name, value)
    return values


def _plain(name: str, value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case LayerValue() | BlockValue() | FunctionValue() | FnValue():
            return value
        case list() | range():
            return [_plain(name, item) for item in value]
        case tuple():
            return tuple(_plain(name, item) for item in value)
        case _ if hasattr(type(value), "__index__"):
            return int(value)
        case _ if hasattr(type(value), "__float__"):
            return float(value)
        case _:
            message = f"the parameter `{name}` cannot be a Python `{type(value).__name__}`"
            help = "pass numbers, bools, strings, None, or lists and tuples of them"
            raise ArchSpecError((Diagnostic("A0106", "error", message, help=(help,)),))


def _evaluate(entry: ModelEntry, body: ast.Expr) -> Any:
    root = Module("", None, entry.span, block=entry.name)
    frame = Frame(entry.block, entry.scope, root, {}, {})
    graph = Graph(entry.name, root, Domains())
    ctx = Context(graph, Limits(), frame, frame.root, Cursor(root))
    try:
        return evaluate_static(ctx, body, "a compile-time value")
    except SpecError as error:
        raise ArchSpecError((error.diagnostic,)) from None
    except SilentError:
        message = "the value uses a definition that is itself at fault"
        label = Label(body.span, "", primary=True)
        raise ArchSpecError((Diagnostic("A0101", "error", message, (label,)),)) from None
    except RecursionError:
        message = "the expression is nested too deeply"
        label = Label(body.span, "", primary=True)
        raise ArchSpecError((Diagnostic("A0203", "error", message, (label,)),)) from None


# --- places ------------------------------------------------------------------------------------


def _moved(
    diagnostic: Diagnostic, synthetic: SourceFile, written: SourceFile, start: int
) -> Diagnostic:
    """`diagnostic` with places in `written`, where the value begins at `start`."""

    def move(span: Span) -> Span:
        if span.source is not synthetic:
            return span
        shift = start - len(_PREFIX)
        ends = (min(max(at + shift, 0), len(written.text)) for at in (span.start, span.end))
        return Span(written, *ends)

    return replace(
        diagnostic,
        labels=tuple(replace(label, span=move(label.span)) for label in diagnostic.labels),
        fixes=(),  # they edit files, and this is none
    )


def _quoted(diagnostic: Diagnostic, name: str, text: str) -> Diagnostic:
    """With a reminder that a shell takes away the quotes of a string."""
    place = diagnostic.place
    from_shell = place is not None and place.span.source.name == "--set"
    if diagnostic.code not in ("A0101", "A0102") or not text.isidentifier() or not from_shell:
        return diagnostic
    help = f"a string keeps its quotes inside others: --set '{name}=\"{text}\"'"
    return replace(diagnostic, help=(*diagnostic.help, help))
