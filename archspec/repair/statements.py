"""Candidates that change whole statements, and shapes that are declared."""

import re
from collections.abc import Iterator
from itertools import pairwise

from archspec.diagnostics import Edit, Fix
from archspec.repair import tree
from archspec.repair.fault import Fault, insert, remove, replace, short
from archspec.repair.names import values_before
from archspec.source import Span
from archspec.syntax import ast


def shared(fault: Fault) -> Iterator[Fix]:
    """A layer that is applied twice: declared `shared` above, applied where it was declared."""
    if fault.code != "A0303":
        return
    for label in fault.diagnostic.labels[1:2]:
        around = tree.ancestors(label.span)
        stage = next((n for n in reversed(around) if isinstance(n, ast.Stage)), None)
        statement = next((n for n in reversed(around) if isinstance(n, ast.Flow)), None)
        if stage is None or statement is None or stage.label is None or stage.modifiers:
            continue
        start = statement.span.start
        line = f"shared {stage.span.text}\n{tree.indent_of(statement.span)}"
        edits = (
            Edit(Span(stage.span.source, start, start), line),
            Edit(stage.span, stage.label.span.text),
        )
        yield Fix("maybe", f"declare `shared {short(stage.span.text)}`, and apply it twice", edits)


def declared(fault: Fault) -> Iterator[Fix]:
    """A declared shape that is another: the shape that there is."""
    text = fault.diagnostic.message
    if fault.code == "A0408" and (found := re.search(r" has (.+?) where .* is declared", text)):
        yield replace(fault.place, found[1])
    shape = fault.innermost(ast.ShapeExpr)
    if fault.code in ("A0404", "A0701") and shape is not None and shape.span == fault.place:
        for label in fault.diagnostic.labels:
            if given := re.fullmatch(r"gives ((?:\w+)?\[.*\])", label.message):
                yield replace(fault.place, given[1])
                return


def unused(fault: Fault) -> Iterator[Fix]:
    """What nothing uses, or is given twice: left out."""
    if fault.code not in ("A0304", "A0302", "A0308", "A0306", "A0603", "A0602"):
        return
    for node in fault.around:
        if isinstance(node, ast.Flow | ast.Input | ast.Output | ast.Tie | ast.Init | ast.Tensor):
            whole = node.span == fault.place
            if (fault.code == "A0302" and not whole) or (
                fault.code == "A0308" and not isinstance(node, ast.Output)
            ):
                return
            line = tree.line_of(node.span)
            alone = line.text.strip() == node.span.text.strip()
            yield remove(line if alone else node.span, f"remove `{short(node.span.text)}`")
            return


def labelled(fault: Fault) -> Iterator[Fix]:
    """A join that is labelled: in a group with the label. A function: its value with the name."""
    stage = fault.innermost(ast.Stage)
    if fault.code != "A0308" or stage is None or stage.label is None:
        return
    source, core = stage.span.source, stage.core.span
    if isinstance(stage.core, ast.Residual | ast.Dense | ast.Reuse | ast.Inline):
        edits = (
            Edit(Span(source, core.start, core.start), "{ "),
            Edit(Span(source, core.end, core.end), " }"),
        )
        yield Fix("maybe", f"write `{stage.label.span.text}: {{ {short(core.text)} }}`", edits)
    else:
        label = Span(source, stage.label.span.start, core.start)
        yield replace(label, f"{stage.label.span.text} = ")


def declared_shared(fault: Fault) -> Iterator[Fix]:
    """A layer that nothing flows into where it stands: declared, for others to apply."""
    if fault.code != "A0301":
        return
    for span in (fault.place, *fault.calls):
        for node in tree.ancestors(span):
            if isinstance(node, ast.Flow) and len(node.stages) == 1 and not node.targets:
                (stage,) = node.stages
                if stage.label is not None and not stage.modifiers:
                    yield insert(stage.span, stage.span.start, "shared ")


def moved(fault: Fault) -> Iterator[Fix]:
    """Two statements in the wrong order."""
    if fault.code not in ("A0101", "A0112", "A0301", "A0401", "A0402", "A0404", "A0408", "A0501"):
        return
    if fault.innermost(ast.Reuse) is not None:
        return
    seen = set[tuple[Span, Span]]()
    for span in fault.spans[:5]:
        for body in tree.ancestors(span):
            if not isinstance(body, ast.Body):
                continue
            for one, other in pairwise(body.statements):
                inside = [s for s in (one, other) if s.span.start <= span.start < s.span.end]
                if inside and (one.span, other.span) not in seen:
                    seen.add((one.span, other.span))
                    edits = (Edit(one.span, other.span.text), Edit(other.span, one.span.text))
                    title = f"put `{short(other.span.text)}` before `{short(one.span.text)}`"
                    yield Fix("maybe", title, edits)


def outputs(fault: Fault) -> Iterator[Fix]:
    """An output that is not there: left out."""
    if fault.code != "A0101":
        return
    output = fault.innermost(ast.Output)
    if output is None or len(output.items) < 2:
        return
    for i, item in enumerate(output.items):
        if item.span.start <= fault.place.start < item.span.end:
            others = [o.span.text for j, o in enumerate(output.items) if j != i]
            start, end = output.items[0].span.start, output.items[-1].span.end
            edit = Edit(Span(item.span.source, start, end), ", ".join(others))
            yield Fix("maybe", f"remove the output `{short(item.span.text)}`", (edit,))


def begun(fault: Fault) -> Iterator[Fix]:
    """Nothing flows in: begin with a value."""
    if fault.code != "A0301" or fault.definition is None:
        return
    flow = fault.innermost(ast.Flow)
    if flow is None:
        return
    start = flow.stages[0].span.start
    for name in values_before(fault.definition, flow.span)[:4]:
        yield insert(flow.span, start, f"{name} -> ")
