"""Candidates for names: others that were meant, where they are used or where they are given."""

from collections.abc import Iterator

from archspec.diagnostics import Edit, Fix
from archspec.diagnostics.suggest import edit_distance
from archspec.repair import tree
from archspec.repair.fault import Fault, replace
from archspec.source import Span
from archspec.syntax import ast

#: How many names are tried for one.
MAX_NAMES = 8


def everywhere(fault: Fault) -> Iterator[Fix]:
    """An imported name that was misspelt is misspelt where it is used, too."""
    if fault.code != "A0109":
        return
    for fix in fault.diagnostic.fixes:
        (edit,) = fix.edits
        yield _all(tree.names(edit.span.source, edit.span.text), edit.replacement, fix)


def _all(places: Iterator[ast.Name], name: str, fix: Fix) -> Fix:
    edits = tuple(Edit(place.span, name) for place in places)
    return Fix(fix.level, f"{fix.title}, wherever it is used", edits)


#: Codes of faults that another value in the same place may mend.
_VALUES = frozenset(
    [
        "A0101",
        "A0112",
        "A0301",
        "A0302",
        "A0303",
        "A0305",
        "A0401",
        "A0402",
        "A0403",
        "A0404",
        "A0601",
        "A0603",
    ]
)


def given(fault: Fault) -> Iterator[Fix]:
    """What a name is thought to stand for may be there under another that nothing uses."""
    if fault.code not in ("A0101", "A0112", "A0603") or fault.definition is None:
        return
    bound = list(_bound(fault.definition))
    nodes = [n for n in tree.walk(fault.definition) if isinstance(n, ast.Name | ast.Template)]
    read = {node.span.text for node in nodes if node.span not in bound}
    names = {span.text for span in bound}
    for used in _used(fault):
        if used.text in names:
            continue
        loose = [span for span in bound if span.text not in read]
        loose.sort(key=lambda span: edit_distance(span.text.casefold(), used.text.casefold()))
        for span in loose[:MAX_NAMES]:
            yield replace(span, used.text)


def others(fault: Fault) -> Iterator[Fix]:
    """Another name for a value, where the fault is: the closest, then the nearest."""
    if fault.code not in _VALUES:
        return
    for used in _used(fault):
        definition = next((n for n in tree.ancestors(used)[::-1] if isinstance(n, ast.Block)), None)
        if definition is None:
            continue
        places = [n.span for n in tree.walk(definition.body) if isinstance(n, ast.Name)]
        places = [span for span in places if span.text == used.text]
        flowing = _flowing(fault, definition, used)
        for name in _closest(used.text, _values(definition, used)):
            if name == flowing:
                continue
            yield replace(used, name)
            if fault.code in ("A0101", "A0112") and len(places) > 1:
                fix = replace(used, name)
                edits = tuple(Edit(span, name) for span in places)
                yield Fix(fix.level, f"{fix.title}, wherever it is used", edits)


def _flowing(fault: Fault, definition: ast.Block, used: Span) -> str | None:
    """What a `reuse` would join with itself."""
    if fault.innermost(ast.Reuse) is None:
        return None
    return next(iter(values_before(definition, used)), None)


def reused(fault: Fault) -> Iterator[Fix]:
    """Other values that a `reuse` nearby may join, where the sizes do not fit further on."""
    if fault.code not in ("A0404", "A0402", "A0401", "A0403", "A0408"):
        return
    for definition in fault.definitions[:3]:
        for node in tree.walk(definition.body):
            if isinstance(node, ast.Reuse) and node.span not in fault.spans:
                used = node.sources[0].span
                for name in _closest(used.text, _values(definition, used))[:4]:
                    yield replace(used, name)


def _used(fault: Fault) -> Iterator[Span]:
    """Names of values in the fault's place, at most two; then what flows into the calls there."""
    found = 0
    for node in tree.nodes_within(fault.place):
        if isinstance(node, ast.Name | ast.Template) and found < 2:
            if node.span.text == "_" or (fault.code == "A0305" and node.span.text[:1].isupper()):
                continue
            found += 1
            yield node.span
    if fault.code not in ("A0404", "A0601", "A0301", "A0302"):
        return
    for span in (fault.place, *fault.calls):
        flow = next((n for n in tree.ancestors(span)[::-1] if isinstance(n, ast.Flow)), None)
        first = flow.stages[0].core if flow is not None else None
        if isinstance(first, ast.Name | ast.Template) and first.span != fault.place:
            yield first.span


def values_before(definition: ast.Block, use: Span) -> list[str]:
    """What names values above `use`, the nearest first."""
    places = [span for span in _bound(definition) if span.end <= use.start]
    return list(dict.fromkeys(span.text for span in places[::-1]))


def _values(definition: ast.Block, use: Span) -> list[str]:
    """What names values in a definition, those near to `use` first."""
    places = [
        span
        for span in _bound(definition)
        if span != use and span.text != use.text and not (span.start <= use.start < span.end)
    ]
    places.sort(key=lambda span: (span.start > use.start, abs(span.start - use.start)))
    params = [param.name for param in definition.params if param.name != use.text]
    return list(dict.fromkeys([*(span.text for span in places), *params]))


def _bound(definition: ast.Block) -> Iterator[Span]:
    """Where labels, values and inputs of a definition are named."""
    for node in tree.walk(definition):
        match node:
            case ast.Stage(label=ast.Name() | ast.Template() as label):
                yield label.span
            case ast.Flow(targets=targets):
                yield from (target.span for target in targets)
            case ast.Input(name_span=span):
                yield span
            case ast.Tensor(name=name):
                yield name.span
            case _:
                pass


def _closest(name: str, names: list[str]) -> list[str]:
    """`names`, those that are a slip away from `name` first."""
    slips = {n: edit_distance(name.casefold(), n.casefold()) for n in names}
    close = [n for n in names if slips[n] <= max(len(n), len(name)) / 2]
    close.sort(key=slips.__getitem__)
    return [*close, *(n for n in names if n not in close)][:MAX_NAMES]


# --- labels ------------------------------------------------------------------------------------


def labels(fault: Fault) -> Iterator[Fix]:
    """Another label for a layer whose label is taken, or for the one that took it."""
    if fault.code != "A0107" or fault.definition is None:
        return
    taken = {span.text for span in _bound(fault.definition)}
    loop = fault.innermost(ast.For)
    if loop is not None and "{" not in fault.place.text:
        yield replace(fault.place, f"{fault.place.text}{{{loop.targets[0]}}}")
    wanted = _wanted(fault.definition, taken)
    for label in fault.diagnostic.labels[:2]:
        around = tree.ancestors(label.span)[::-1]
        stage = next((n for n in around if isinstance(n, ast.Stage)), None)
        if stage is not None and stage.label is not None and stage.label.span == label.span:
            for name in (*wanted, *_fresh(label.span.text, stage, taken)):
                yield replace(label.span, name)


def _wanted(definition: ast.Block, taken: set[str]) -> list[str]:
    """What is read, tied or initialised, and no label here is called."""
    found: dict[str, None] = {}
    params = {param.name for param in definition.params}
    file = tree.tree_of(definition.span.source)
    for node in tree.walk(file):
        match node:
            case ast.Init(selector=selector):
                found |= dict.fromkeys(selector.split(".")[:-1])
            case ast.Tie(target=target, source=source):
                found |= dict.fromkeys(f"{target.span.text}.{source.span.text}".split("."))
            case ast.Reuse(sources=sources):
                found |= dict.fromkeys(source.span.text for source in sources)
            case ast.Flow(stages=(ast.Stage(core=ast.Name(id=id)), *_)):
                found[id] = None
            case _:
                pass
    names = [n for n in found if n[:1].islower() and n not in taken and n not in params]
    return [n for n in names if n.replace("{", "").replace("}", "").isidentifier()][:5]


def _fresh(label: str, stage: ast.Stage, taken: set[str]) -> Iterator[str]:
    """Free labels like `label`, or after the layer: `conv2`, `relu`."""
    if "{" in label:
        yield label.replace("{", "_{", 1)
    stem = label.rstrip("0123456789")
    if stem.isidentifier():
        yield next(name for i in range(2, 10_000) if (name := f"{stem}{i}") not in taken)
    core = stage.core.func if isinstance(stage.core, ast.Call) else stage.core
    if isinstance(core, ast.Name):
        name = core.id.lower()
        if name not in taken:
            yield name


def templates(fault: Fault) -> Iterator[Fix]:
    """A label or name with a variable that is not there: without it."""
    if fault.code not in ("A0101", "A0201"):
        return
    template = fault.innermost(ast.Template)
    if template is None:
        return
    plain = "".join(part for part in template.parts if isinstance(part, str)).rstrip("_")
    definition = fault.definition
    taken = {span.text for span in _bound(definition)} if definition is not None else set()
    loop = fault.innermost(ast.For)
    if loop is not None:
        for name in loop.targets:
            yield replace(fault.place, name)
    if plain.isidentifier():
        number = next(i for i in range(1, 10_000) if i == 1 or f"{plain}{i}" not in taken)
        yield replace(template.span, plain if plain not in taken else f"{plain}{number + 1}")
