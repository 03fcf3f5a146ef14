"""Candidates for joins whose sides do not fit: an alignment, or another way to join."""

from collections.abc import Iterator

from archspec.diagnostics import Edit, Fix
from archspec.layers import registry
from archspec.repair import tree
from archspec.repair.arguments import argument
from archspec.repair.fault import Fault, insert, replace
from archspec.source import Span
from archspec.syntax import ast

_CODES = ("A0401", "A0402", "A0403", "A0404", "A0405")


def projected(fault: Fault) -> Iterator[Fix]:
    """A residual whose body changes its shape: the reused features are projected to it.

    Sizes are written as the body has them, so that it fits wherever the block is called.
    """
    join = _join(fault)
    if isinstance(join, ast.Residual) and join.align is None:
        for layer in _projections(join.body):
            yield insert(join.span, join.span.end, f" align {{ proj: {layer} }}")
    elif isinstance(join, ast.Dense):
        start = join.span.start
        word = Span(join.span.source, start, start + len("dense"))
        end = Span(join.span.source, join.span.end, join.span.end)
        for layer in _projections(join.body):
            edits = (Edit(word, "residual"), Edit(end, f" align {{ proj: {layer} }}"))
            yield Fix("maybe", "add instead of concatenating: `residual { … } align { … }`", edits)


def _projections(body: ast.Body) -> Iterator[str]:
    """A 1x1 convolution or a linear map as wide as the last layer, with the body's strides."""
    strides: dict[str, None] = {}
    last: tuple[str, str] | None = None
    for node in tree.walk(body):
        decl = registry.layer(node.func.span.text) if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Call) or decl is None:
            continue
        fields = list(decl.Params.model_fields)
        width = argument(node, "out_channels", fields) or argument(node, "out_features", fields)
        if width is not None and "output_padding" not in fields:
            last = (decl.name, width.span.text)
        stride = argument(node, "stride", fields)
        if stride is not None and stride.span.text != "1":
            strides[stride.span.text] = None
    if last is None:
        return
    name, wide = last
    if name == "Linear":
        yield f"Linear({wide})"
        return
    for stride_text in (*strides, None) if len(strides) < 2 else (None,):
        strided = f", stride={stride_text}" if stride_text is not None else ""
        yield f"{name}({wide}, 1{strided})"


def cropped(fault: Fault) -> Iterator[Fix]:
    """Features of another height and width: cropped, or padded, to those that flow."""
    join = _join(fault)
    if isinstance(join, ast.Reuse | ast.Residual) and join.align is None:
        yield insert(join.span, join.span.end, " align crop")
        yield insert(join.span, join.span.end, " align pad")
    elif isinstance(join, ast.Reuse | ast.Residual) and isinstance(join.align, ast.Name):
        for word in ("crop", "pad"):
            if join.align.id != word:
                yield replace(join.align.span, word)


def combined(fault: Fault) -> Iterator[Fix]:
    """Features that cannot be added, but concatenated, or the other way round."""
    join = _join(fault)
    if join is not None:
        yield from _otherwise(join)
    elif fault.code in ("A0408", "A0404"):
        for definition in fault.definitions[:2]:
            for node in tree.walk(definition.body):
                if isinstance(node, ast.Reuse | ast.Residual | ast.Dense):
                    yield from _otherwise(node)


def _otherwise(join: ast.Node) -> Iterator[Fix]:
    start, source = join.span.start, join.span.source
    match join:
        case ast.Reuse(combiner=combiner):
            func = combiner.func if isinstance(combiner, ast.Call) else combiner
            for word in ("concat", "add"):
                if func.span.text != word:
                    yield replace(func.span, word)
        case ast.Residual(align=None):
            yield replace(Span(source, start, start + len("residual")), "dense")
        case ast.Dense():
            yield replace(Span(source, start, start + len("dense")), "residual")
        case _:
            return


def _join(fault: Fault) -> ast.Node | None:
    if fault.code not in _CODES:
        return None
    kinds = ast.Reuse | ast.Residual | ast.Dense
    return next((n for n in fault.around if isinstance(n, kinds)), None)
