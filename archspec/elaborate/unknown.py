"""What is said of a name that stands for nothing."""

from typing import Final, NoReturn

from archspec.diagnostics import Label
from archspec.elaborate.builtins import BUILTINS
from archspec.elaborate.context import Context, SilentError, fail
from archspec.elaborate.files import replacement, suggestion
from archspec.layers import registry
from archspec.layers.plugins import plugin_layers
from archspec.source import Span
from archspec.syntax import ast

#: What other libraries, or other versions of torch, call a function.
OTHER_WORDS: Final = {
    "cat": "concat", "concatenate": "concat", "view": "reshape", "bmm": "matmul", "mm": "matmul",
    "plus": "add", "multiply": "mul", "subtract": "sub", "divide": "div",
}  # fmt: skip


#: Python's words, and how the language writes them.
PYTHON_WORDS: Final = {
    "True": "true", "False": "false", "None": "none", "inf": 'float("inf")', "nan": 'float("nan")',
}  # fmt: skip

#: Python's idioms, and what to write instead.
IDIOMS: Final = {
    "range": "ranges are written `0..<n`, or `1..n` with the end included",
    "self": "a label names a layer: `conv1: Conv2d(…)`, and the flowing value needs no name",
    "nn": "layers are written without a prefix: `Conv2d(…)`",
    "F": "functions are written without a prefix: `relu`",
    "torch": "functions are written without a prefix: `softmax(dim=-1)`",
    "math": 'functions are written without a prefix: `sqrt(dim)`; infinity is `float("inf")`',
    "print": "nothing runs when a spec is compiled; see `archspec summary`",
}


def unknown_name(ctx: Context, name: str, node: ast.Node) -> NoReturn:
    """Fail with the diagnostic for a name that stands for nothing."""
    if ctx.frame.incomplete:
        raise SilentError
    known = [*ctx.frame.names, *ctx.frame.scope.names]
    help: tuple[str, ...]
    if name in PYTHON_WORDS:
        help, fixes = replacement(node.span, name, PYTHON_WORDS[name])
        fail("A0101", f"unknown name `{name}`", node.span, help=help, fixes=fixes)
    if name in IDIOMS:
        fail("A0101", f"unknown name `{name}`", node.span, help=(IDIOMS[name],))
    if name.isupper() and len(name) <= 2:
        sizes = ", ".join(f"`{n}`" for n in known if n.isupper())
        help = (f"sizes here: {sizes}",) if sizes else ()
        fail("A0101", f"unknown size `{name}`", node.span, help=help)
    if name[:1].isupper():
        layers = [*registry.layers(), *plugin_layers(), *(k for k in known if k[:1].isupper())]
        help, fixes = suggestion(node.span, name, layers, "layer")
        fail("A0102", f"unknown layer `{name}`", node.span, help=help, fixes=fixes)
    if name == "_":
        fail(
            "A0301",
            "nothing flows in here, so `_` has no value",
            node.span,
            help=("begin with a value: `x -> …`",),
        )
    later = _given_later(ctx, name)
    if later is not None:
        fail(
            "A0101",
            f"`{name}` is used before it has a value",
            node.span,
            labels=(Label(later, "given here"),),
            help=("a network has no cycles: move it up, or reuse a value from above",),
        )
    own = [n for n in known if n != "_"]
    candidates = [*own, *registry.functions(), *registry.layers(), *BUILTINS]
    if name in OTHER_WORDS:
        help, fixes = replacement(node.span, name, OTHER_WORDS[name])
    else:
        help, fixes = suggestion(node.span, name, candidates, "name")
    if not help and own:
        help = (f"names here: {', '.join(f'`{n}`' for n in own[:8])}",)
    fail("A0101", f"unknown name `{name}`", node.span, help=help, fixes=fixes)


def _given_later(ctx: Context, name: str) -> Span | None:
    """Where a later statement of the block names a value or labels a layer so."""
    waiting: list[object] = list(ctx.frame.block.body.statements)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Flow):
            labels = [s.label for s in node.stages if s.label is not None]
            for target in (*node.targets, *labels):
                if isinstance(target, ast.Name) and target.id == name:
                    return target.span
            waiting.extend(s.core for s in node.stages)
        inner = getattr(node, "body", None)
        if isinstance(inner, ast.Body):
            waiting.extend(inner.statements)
    return None
