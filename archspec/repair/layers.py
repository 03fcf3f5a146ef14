"""Candidates that change which layer is applied, or how: its kind, padding, order."""

import re
from collections.abc import Iterator
from typing import Final

from archspec.diagnostics import Edit, Fix
from archspec.diagnostics.suggest import edit_distance
from archspec.layers import registry
from archspec.repair import tree
from archspec.repair.arguments import argument
from archspec.repair.fault import Fault, insert, remove, replace, short
from archspec.source import Span
from archspec.syntax import ast

#: How many layers of one family are tried for another.
MAX_ALIKE: Final = 6

#: Faults of the layer that is applied, and of sizes, which a layer before may have given.
_OTHERS: Final = frozenset(["A0104", "A0105", "A0106", "A0301", "A0305", "A0404", "A0701"])
_SIZES: Final = frozenset(["A0401", "A0402", "A0404", "A0408"])


def padded(fault: Fault) -> Iterator[Fix]:
    """A window that changes height and width: padded so that it does not."""
    if fault.code not in ("A0401", "A0402", "A0403", "A0408", "A0502"):
        return
    for call in fault.blamed(ast.Call):
        decl = registry.layer(call.func.span.text)
        fields = list(decl.Params.model_fields) if decl is not None else []
        kernel = argument(call, "kernel_size", fields)
        if "padding" in fields and isinstance(kernel, ast.ListExpr | ast.TupleExpr):
            yield from _padded_each(call, kernel, argument(call, "padding", fields))
        if "padding" not in fields or not isinstance(kernel, ast.Number):
            continue
        size = kernel.value
        if not isinstance(size, int):
            continue
        if size % 2 == 0:
            yield replace(kernel.span, "1")
            if argument(call, "padding", fields) is None:
                yield replace(kernel.span, f"{size + 1}, padding={size // 2}")
            continue
        given = argument(call, "padding", fields)
        if given is None and size > 1:
            last = max((*call.args, *call.keywords), key=lambda node: node.span.end)
            yield insert(call.span, last.span.end, f", padding={size // 2}")
        elif given is not None and given.span.text != str(size // 2):
            yield replace(given.span, str(size // 2))


def _padded_each(
    call: ast.Call, kernel: ast.ListExpr | ast.TupleExpr, given: ast.Expr | None
) -> Iterator[Fix]:
    """As above, for a window that is not a square."""
    sizes = [
        n.value for n in kernel.items if isinstance(n, ast.Number) and isinstance(n.value, int)
    ]
    if len(sizes) != len(kernel.items) or not all(size % 2 for size in sizes):
        return
    text = f"({', '.join(str(size // 2) for size in sizes)})"
    if given is None:
        last = max((*call.args, *call.keywords), key=lambda node: node.span.end)
        yield insert(call.span, last.span.end, f", padding={text}")
    elif given.span.text != text:
        yield replace(given.span, text)


def alike(fault: Fault) -> Iterator[Fix]:
    """Another layer of the family: of as many axes as flow in, or one that takes the arguments."""
    if fault.code not in _OTHERS and fault.code not in _SIZES:
        return
    spans = fault.spans if fault.code in _SIZES else [fault.place]
    for span in spans[:3]:
        for node in _layers_at(fault, span):
            yield from (replace(node.span, name) for name in _family(node.id, fault.code))


def _layers_at(fault: Fault, span: Span) -> Iterator[ast.Name]:
    nodes = list(tree.nodes_within(span))
    if span == fault.place:
        nodes += [n.func for n in fault.around if isinstance(n, ast.Call)][:1]
    for node in nodes:
        if isinstance(node, ast.Name) and registry.layer(node.id) is not None:
            yield node
            return


def _family(name: str, code: str) -> list[str]:
    stem = re.sub(r"\d(?=d$)", "", name)
    axes = [f"{stem[:-1]}{n}d" for n in (2, 1, 3) if name != stem]
    found = [n for n in axes if n != name and registry.layer(n) is not None]
    if code in _OTHERS - {"A0106"}:
        family = type(registry.layer(name)).__module__
        others = [n for n, d in registry.layers().items() if type(d).__module__ == family]
        others.sort(key=lambda n: (edit_distance(n, name), n))
        found += [n for n in others if n != name and n not in found]
    return found[:MAX_ALIKE]


# --- order -------------------------------------------------------------------------------------


def flattened(fault: Fault) -> Iterator[Fix]:
    """A value of too many dimensions: flattened before the layer, or before the output."""
    if fault.code not in ("A0404", "A0408"):
        return
    stage = fault.innermost(ast.Stage)
    if stage is not None:
        yield insert(stage.span, stage.span.start, "Flatten -> ")
        return
    for flow in _flows_before(fault):
        yield insert(flow.span, flow.span.end, " -> Flatten")
        yield insert(flow.span, flow.stages[-1].span.start, "Flatten -> ")
        return


def _flows_before(fault: Fault) -> Iterator[ast.Flow]:
    """The flows of the definition that end before the place, the last first."""
    if fault.definition is None:
        return
    found = [
        node
        for node in tree.walk(fault.definition)
        if isinstance(node, ast.Flow) and node.span.end <= fault.place.start
    ]
    yield from found[::-1]


def reordered(fault: Fault) -> Iterator[Fix]:
    """Two neighbours in the wrong order; a stage that is one too many."""
    if not fault.code.startswith(("A0204", "A03", "A04", "A05", "A06", "A07", "A0112")):
        return
    for flow, at in _stages(fault):
        stages = flow.stages
        for i in (at, at + 1):
            if 0 < i < len(stages):
                one, other = stages[i - 1], stages[i]
                edits = (Edit(one.span, other.span.text), Edit(other.span, one.span.text))
                title = f"swap `{short(one.span.text)}` and `{short(other.span.text)}`"
                yield Fix("maybe", title, edits)


def removed(fault: Fault) -> Iterator[Fix]:
    """A stage that is one too many: the same as the one before it, or after a declaration."""
    if not fault.code.startswith(("A03", "A04", "A05", "A06", "A07")):
        return
    for flow, at in _stages(fault):
        cores = [stage.core.span.text for stage in flow.stages]
        for i in (at, at + 1):
            if 0 < i < len(cores) and cores[i] == cores[i - 1]:
                yield from _without(flow, i)
        if fault.code == "A0308":
            for other in range(1, len(flow.stages)):
                yield from _without(flow, other)


def pooled(fault: Fault) -> Iterator[Fix]:
    """A size that must be a number: pooled to one."""
    if fault.code != "A0204":
        return
    flow, stage = fault.innermost(ast.Flow), fault.innermost(ast.Stage)
    if flow is None or stage is None:
        return
    before = [
        s for s in flow.stages if s.span.start < stage.span.start and s.span.text == "Flatten"
    ]
    start = before[-1].span.start if before else stage.span.start
    for axes in (2, 1, 3):
        yield insert(stage.span, start, f"AdaptiveAvgPool{axes}d(1) -> ")


def _without(flow: ast.Flow, at: int) -> Iterator[Fix]:
    stages = flow.stages
    if len(stages) > 1:
        gone = stages[at].span
        start = stages[at - 1].span.end if at else gone.start
        end = gone.end if at else stages[1].span.start
        yield remove(Span(gone.source, start, end), f"remove `{short(gone.text)}`")


def _stages(fault: Fault) -> Iterator[tuple[ast.Flow, int]]:
    """The stages in which labels stand: their flows, and their numbers there."""
    seen = set[Span]()
    for span in fault.spans[:4]:
        for node in tree.ancestors(span)[::-1]:
            if isinstance(node, ast.Flow):
                for i, stage in enumerate(node.stages):
                    inside = stage.span.start <= span.start and span.end <= stage.span.end
                    if inside and stage.span not in seen:
                        seen.add(stage.span)
                        yield node, i
                break
