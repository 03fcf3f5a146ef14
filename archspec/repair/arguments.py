"""Candidates for the arguments of a call: missing, misnamed, too many, out of range."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from archspec.diagnostics import Edit, Fix
from archspec.diagnostics.suggest import edit_distance
from archspec.layers import registry
from archspec.repair import tree
from archspec.repair.fault import Fault, insert, remove, replace
from archspec.source import Span
from archspec.syntax import ast

#: What is tried for an argument of which nothing else is known.
_USUAL = {
    "kernel_size": ("1", "3, padding=1", "2", "3"),
    "stride": ("1", "2"),
    "padding": ("1", "0"),
    "p": ("0.5",),
    "dim": ("1", "-1"),
    "output_size": ("1",),
    "scale_factor": ("2",),
    "num_groups": ("8", "1"),
    "groups": ("2", "1"),
    "momentum": ("0.99",),
    "chunks": ("2", "3"),
}
MAX_VALUES = 6


def missing(fault: Fault) -> Iterator[Fix]:
    """The argument that is needed: what others like it are given, or a parameter."""
    if fault.code != "A0104":
        return
    found = re.search(r"needs the argument `(\w+)`", fault.diagnostic.message)
    core = next((n for n in fault.around if isinstance(n, ast.Call | ast.Name)), None)
    if found is None or core is None:
        return
    if isinstance(core, ast.Name):
        core = _declared(fault, core)
    name = found[1]
    func = core.func.span.text if isinstance(core, ast.Call) else core.span.text
    fields = _fields(func, core.span) or _listed(fault)
    args = core.args if isinstance(core, ast.Call) else ()
    if name == "batch_first":
        for value in ("true", "false"):
            yield from _with(core, f"batch_first={value}", len(args), "placeholder")
        return
    values = list(_values_for(fault, func, fields, name))
    at = fields.index(name) if name in fields else 0
    for value in values:
        positional = at <= len(args)
        yield from _with(core, value if positional else f"{name}={value}", at, "maybe")
    # A positional argument before it may be the one that was left out: then the rest move up.
    for before in range(min(at, len(args))):
        for value in _values_for(fault, func, fields, fields[before]):
            yield from _with(core, value, before, "maybe")


def _declared(fault: Fault, label: ast.Name) -> ast.Call | ast.Name:
    """What a label that is applied here was declared with above."""
    for node in tree.walk(fault.definition):
        match node:
            case ast.Stage(label=ast.Name(id=id), core=ast.Call() | ast.Name() as core):
                if id == label.id:
                    return core
            case _:
                pass
    return label


def _with(core: ast.Call | ast.Name, text: str, at: int, level: Any) -> Iterator[Fix]:
    """`core` with one more argument, at position `at` among those without a name."""
    if isinstance(core, ast.Name):
        yield insert(core.span, core.span.end, f"({text})", level)
        return
    given: list[ast.Node] = sorted((*core.args, *core.keywords), key=lambda n: n.span.start)
    if not given:
        yield insert(core.span, core.span.end - 1, text, level)
    elif at < len(given):
        yield insert(core.span, given[at].span.start, f"{text}, ", level)
    else:
        yield insert(core.span, given[-1].span.end, f", {text}", level)


def _values_for(fault: Fault, func: str, fields: Sequence[str], name: str) -> Iterator[str]:
    """Values for an argument: those of like calls nearby, parameters, usual ones."""
    found: dict[str, None] = {}
    place = fault.place.start
    for family in (False, True):
        calls = [c for c in _calls(fault) if c.span != fault.place and _like(c, func, family)]
        for call in sorted(calls, key=lambda call: abs(call.span.start - place)):
            value = argument(call, name, fields)
            if value is not None:
                found.setdefault(value.span.text)
    for other in list(found)[3:]:
        del found[other]
    found |= dict.fromkeys(_USUAL.get(name, ()))
    if fault.definition is not None and name not in ("kernel_size", "padding", "stride"):
        names = [p.name for p in fault.definition.params]
        names.sort(key=lambda n: (edit_distance(n, name), n))
        found |= dict.fromkeys(names)
    yield from list(found)[: MAX_VALUES + 2]


def _calls(fault: Fault) -> Iterator[ast.Call]:
    """The calls of the definition around the place, then those of the file."""
    for root in (fault.definition, tree.tree_of(fault.place.source)):
        for node in tree.walk(root):
            if isinstance(node, ast.Call):
                yield node


def _like(call: ast.Call, func: str, family: bool) -> bool:
    name = call.func.span.text
    if name == func or not family:
        return name == func
    mine, other = registry.layer(func), registry.layer(name)
    return (
        mine is not None and other is not None and type(mine).__module__ == type(other).__module__
    )


def argument(call: ast.Call, name: str, fields: Sequence[str]) -> ast.Expr | None:
    """What a call gives for `name`, by name or by place."""
    for keyword in call.keywords:
        if keyword.name == name:
            return keyword.value
    at = fields.index(name) if name in fields else len(call.args)
    return call.args[at] if at < len(call.args) else None


def _fields(func: str, span: Span) -> list[str]:
    """The arguments that a layer, function or block of the file takes, in order."""
    decl = registry.layer(func) or registry.function(func)
    if decl is not None:
        return list(decl.Params.model_fields)
    for node in tree.walk(tree.tree_of(span.source)):
        if isinstance(node, ast.Block | ast.Function) and node.name.id == func:
            return [param.name for param in node.params]
    return []


# --- too many, or under the wrong name -----------------------------------------------------------


def misnamed(fault: Fault) -> Iterator[Fix]:
    """An argument that is unknown or given twice: under another name, or left out."""
    if fault.code not in ("A0105", "A0108"):
        return
    call = fault.innermost(ast.Call)
    if call is None:
        return
    keyword = next((k for k in call.keywords if _meets(k.span, fault.place)), None)
    if keyword is None:
        for arg in call.args:
            if _meets(arg.span, fault.place):
                yield _without(call, arg)
        return
    func = call.func.span.text
    if any("never written" in text for text in fault.diagnostic.help):
        gone = _without(call, keyword)
        yield Fix("safe", gone.title, gone.edits)
        return
    given = {k.name for k in call.keywords}
    fields = _fields(func, call.span)[len(call.args) :] or _listed(fault)
    free = [name for name in fields if name not in given]
    free.sort(key=lambda name: edit_distance(name, keyword.name))
    twice = [k for k in call.keywords if k.name == keyword.name]
    for one in twice[::-1]:
        place = Span(one.span.source, one.span.start, one.span.start + len(one.name))
        for name in free[:MAX_VALUES]:
            yield replace(place, name)
    for one in twice[::-1]:
        yield _without(call, one)


def _listed(fault: Fault) -> list[str]:
    """The parameters of a block of another file, as `help` names them."""
    texts = fault.diagnostic.help
    used = [m[1] for text in texts if (m := re.search(r"`\w+\((.*)\)`", text))]
    if used:
        return [part.partition("=")[0].strip() for part in used[0].split(",")]
    return [n for text in texts for n in re.findall(r"`(\w+)`", text)]


def _meets(a: Span, b: Span) -> bool:
    return a.start <= b.start < a.end


def _without(call: ast.Call, gone: ast.Node) -> Fix:
    """The call without one of its arguments, and without the comma that sets it off."""
    given = sorted((*call.args, *call.keywords), key=lambda n: n.span.start)
    at = next(i for i, node in enumerate(given) if node is gone)
    span = gone.span
    if at:
        span = Span(span.source, given[at - 1].span.end, span.end)
    elif len(given) > 1:
        span = Span(span.source, span.start, given[1].span.start)
    return remove(span, f"remove `{gone.span.text}`")


# --- values --------------------------------------------------------------------------------------


def values(fault: Fault) -> Iterator[Fix]:
    """An argument of the wrong kind or out of its range: the nearest that is in it, or none."""
    if fault.code != "A0106":
        return
    text, place = fault.diagnostic.message, fault.place
    bound = re.search(r"must be (at most|at least|greater than|less than) (-?[\d.]+)", text)
    if bound is not None:
        number = float(bound[2])
        step = {"greater than": 1, "less than": -1}.get(bound[1], 0)
        yield replace(place, f"{number + step:g}")
    if options := re.search(r"must be one of (.*), not", text):
        names = re.findall(r'"[^"]*"', options[1])
        for name in sorted(names, key=lambda name: edit_distance(name, place.text)):
            yield replace(place, name)
    if re.fullmatch(r'"-?\d+(\.\d+)?"', place.text):
        yield replace(place, place.text.strip('"'))
    if "`true` or `false`" in text:
        yield replace(place, "true")
        yield replace(place, "false")
    call = next((n for n in fault.around if isinstance(n, ast.Call) and n.span != place), None)
    if call is not None:
        for node in (*call.args, *call.keywords):
            if node.span.start <= place.start < node.span.end:
                yield _without(call, node)


def swapped(fault: Fault) -> Iterator[Fix]:
    """Two arguments that were given in each other's place."""
    if fault.code not in ("A0106", "A0112", "A0501", "A0502"):
        return
    for call in fault.around:
        if isinstance(call, ast.Call) and len(call.args) > 1:
            one, other = call.args[:2]
            edits = (Edit(one.span, other.span.text), Edit(other.span, one.span.text))
            yield Fix("maybe", f"swap `{one.span.text}` and `{other.span.text}`", edits)
            return
