"""What is suspicious about the reuse in a model: warnings, each with its basis.

Bytes are those of one example at ordinary sizes (see `ordinary`), since warnings concern the
architecture and not one input. Thresholds that have no source are our own, and their pages say so.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from archspec.diagnostics import ArchSpecError, Diagnostic, Label
from archspec.elaborate import Elaborated, elaborate
from archspec.ir import Graph, Node, Value
from archspec.layers.base import FunctionDecl
from archspec.passes.sizes import open_sizes
from archspec.reuse.backward import saved
from archspec.reuse.live import live
from archspec.reuse.paths import paths
from archspec.reuse.sized import Sized, sized
from archspec.reuse.traffic import concats, leaves

#: The codes of all warnings here.
LINTS: Final = ("W0901", "W0902", "W0903", "W0904", "W0905", "W0906", "W0907")

#: Sides of images, and lengths of everything else, where a model takes such.
_SIDE, _LENGTH = 224, 128
_FAR_FROM_LOSS = 30
_COPIES = 4.0
_OF_PEAK = 0.2
_GROWTH = 2.5
#: Graphs beyond this are not solved again for a warning.
_LARGE = 5_000


def lints(model: Elaborated, deeper: bool = True) -> Iterator[Diagnostic]:
    """The warnings about a model, those that its author allows too.

    With `deeper`, it is solved again with twice its depth, where it has dense connections.
    """
    size = ordinary(model)
    if size is None:
        return
    yield from _twice(size)
    yield from _identity(size)
    yield from _far(size)
    yield from _copies(size)
    yield from _waiting(size)
    if deeper:
        yield from _deeper(model, size)
    yield from _collapse(size)


def ordinary(model: Elaborated) -> Sized | None:
    """A model at ordinary sizes: one example, images of 224 x 224, 128 of all else, or near it."""
    graph, sizes = model.graph, {}
    for name in open_sizes(graph):
        wanted = _wanted(graph, name)
        near = graph.domains.with_lower(name, wanted).values(name, 1) if wanted > 1 else []
        if not near:
            domain = graph.domains[name].tight
            near = [domain.upper or domain.lower] if wanted > 1 else [domain.lower]
        sizes[name] = near[0]
    try:
        return sized(graph, sizes, model.frame.constants)
    except ArchSpecError:  # sizes that depend on each other
        return None


def _wanted(graph: Graph, name: str) -> int:
    for id_ in graph.inputs:
        type_ = graph.node(id_).outputs[0]
        for axis, dim in enumerate(type_.shape):
            if name in dim.symbols():
                spatial = type_.kind == "float" and type_.rank >= 4 and axis >= type_.rank - 2
                return 1 if axis == 0 else _SIDE if spatial else _LENGTH
    return 1


# --- what flows together -----------------------------------------------------------------------


def _joins(node: Node) -> str | None:
    return node.decl.joins if isinstance(node.decl, FunctionDecl) else None


def _twice(size: Sized) -> Iterator[Diagnostic]:
    """One value more than once in a sum or a concatenation."""
    opened = leaves(size)
    features = _features(size.graph)
    for node in size.graph.nodes:
        kind = _joins(node)
        if kind not in ("sum", "concat"):
            continue
        found: Counter[Value] = Counter()
        for edge in size.graph.edges_into(node.id):
            inner = opened.get(edge.source) if kind == "concat" else None
            found.update(inner or (Value(edge.source, edge.output),))
        again = [v for v, count in found.items() if count > 1 and v.node in features]
        if again:
            name = size.name(again[0])
            yield _warning(
                "W0901",
                f"`{name}` reaches `{size.names[node.id]}` {found[again[0]]} times",
                node,
                "it is brought together with itself here",
                help="leave out all but one, or scale it by a number",
            )


def _features(graph: Graph) -> set[int]:
    """The nodes that depend on an input of floats or on weights; positions, say, do not."""
    found: set[int] = set()
    for node in graph.nodes:
        weights = node.module.weights if node.kind == "layer" and node.module else ()
        begins = bool(weights) or (node.kind == "input" and node.outputs[0].kind == "float")
        if begins or any(e.source in found for e in graph.edges_into(node.id)):
            found.add(node.id)
    return found


def _identity(size: Sized) -> Iterator[Diagnostic]:
    """An activation or norm between one sum and the next, on the way that skips both bodies."""
    graph = size.graph
    sums = {e.target for e in size.reused if e.mechanism == "residual"}
    for edge in size.reused:
        if edge.mechanism != "residual" or edge.via:
            continue
        on_way: list[Node] = []
        at = edge.source.node
        while at not in sums:
            node = graph.node(at)
            inputs = [e for e in graph.edges_into(at) if graph.node(e.source).kind != "param"]
            if len(inputs) != 1 or _family(node) not in _POINTWISE:
                break
            on_way.append(node)
            at = inputs[0].source
        else:
            if on_way:
                first, last = size.names[at], size.names[edge.target]
                what = " and ".join(f"`{node.name}`" for node in reversed(on_way))
                yield _warning(
                    "W0902",
                    f"the identity path from `{first}` to `{last}` goes through {what}",
                    on_way[-1],
                    "between the two sums",
                    help="put it into the body of the residual, before its layers",
                )


_POINTWISE: Final = frozenset({"activation", "functions_activation", "norm"})


def _family(node: Node) -> str:
    return type(node.decl).__module__.rpartition(".")[2] if node.decl is not None else ""


# --- gradients ---------------------------------------------------------------------------------


def _far(size: Sized) -> Iterator[Diagnostic]:
    """Many layers in a row with neither shortcut nor norm."""
    found = paths(size)
    if found is None or found.longest <= _FAR_FROM_LOSS:
        return
    far = [d for d in found.layers if d.steps > _FAR_FROM_LOSS and not d.bypassed]
    if not far or any(_family(n) == "norm" for n in size.graph.nodes if n.id > far[0].node):
        return
    worst = max(far, key=lambda layer: layer.steps)
    node = size.graph.node(worst.node)
    yield _warning(
        "W0903",
        f"`{size.names[node.id]}` is {worst.steps} layers from the output, "
        "with neither shortcut nor norm between",
        node,
        f"and {len(far) - 1} layers after it" if len(far) > 1 else "",
        help="put `residual { … }` around the layers, or norms between them",
    )


def _collapse(size: Sized) -> Iterator[Diagnostic]:
    """Two views through one encoder, compared by the loss alone, with nothing that stops it."""
    graph = size.graph
    shared = [m for m in graph.modules() if m.shared]
    if len(shared) != 1 or any(m.ema_of is not None for m in graph.modules()):
        return
    if any(e.mechanism == "detach" for e in graph.edges) or len(graph.outputs) < 2:
        return
    views = [i for i in graph.inputs if graph.node(i).outputs[0].kind == "float"]
    if len(views) < 2 or len(views) != len(graph.inputs):
        return
    if len({str(graph.node(i).outputs[0]) for i in views}) != 1:
        return
    outputs = [graph.type_of(value) for _, value in graph.outputs]
    if any(str(o) != str(outputs[0]) for o in outputs) or outputs[0].rank != 2:
        return
    if any(len(_inputs_of(graph, value.node)) != 1 for _, value in graph.outputs):
        return
    label = Label(shared[0].span, "both views go through it", primary=True)
    yield Diagnostic(
        "W0907",
        "warning",
        f"nothing here keeps `{shared[0].path}` from giving the same for every input",
        (label,),
        notes=("if the loss has negative pairs or a variance term, it does",),
        help=("stop the gradient of one view (`-> detach`), or let an `ema` copy encode it",),
    )


def _inputs_of(graph: Graph, node: int) -> set[int]:
    """The inputs of the model that a node depends on."""
    seen, stack = {node}, [node]
    while stack:
        for edge in graph.edges_into(stack.pop()):
            if edge.source not in seen:
                seen.add(edge.source)
                stack.append(edge.source)
    return seen & set(graph.inputs)


# --- memory ------------------------------------------------------------------------------------


def _copies(size: Sized) -> Iterator[Diagnostic]:
    """Features that are copied again and again into larger concatenations."""
    for found in concats(size):
        ratio = found.naive / found.shared
        if len(found.nodes) < 2 or ratio <= _COPIES:
            continue
        yield _warning(
            "W0904",
            f"concatenation copies each feature {ratio:.1f} times on average",
            size.graph.node(found.nodes[0]),
            f"the first of {len(found.nodes)} concatenations that share features",
            notes=(
                f"{found.naive:,} elements are written; one buffer would take {found.shared:,}",
            ),
            help="bring them together once, as VoVNet does, or let each layer read fewer",
        )


def _waiting(size: Sized) -> Iterator[Diagnostic]:
    """One edge that holds much of the peak."""
    run = live(size)
    if not size.reused:
        return
    peak = run.peak
    merges = sorted({e.target for e in size.reused if e.mechanism not in ("branch", "detach")})
    for hold in run.at_peak():
        if size.graph.node(hold.edge.source.node).kind == "input":
            continue  # whoever calls the model holds them anyhow
        # Around a single body the input always waits: what counts is what waits past others.
        past = any(hold.edge.source.node < merge < hold.edge.target for merge in merges)
        if hold.bytes <= _OF_PEAK * peak.live or not past:
            continue
        target = size.graph.node(hold.edge.target)
        name = f"{size.name(hold.edge.source)} -> {size.names[hold.edge.target]}"
        share = 100 * hold.bytes / peak.live
        yield _warning(
            "W0905",
            f"`{name}` holds {share:.0f} % of the peak memory of a run",
            target,
            f"waited for since `{size.names[hold.since]}`",
            notes=(f"{_mib(hold.bytes)} of {_mib(peak.live)} {_at(size)}",),
            help="reuse coarser or fewer features, or bring them in earlier",
        )


def _deeper(model: Elaborated, size: Sized) -> Iterator[Diagnostic]:
    """What is kept for backward grows faster than the depth."""
    dense = [e for e in size.reused if e.mechanism == "dense"]
    if len(dense) < 2 or len(size.graph.nodes) > _LARGE:
        return
    for name, value in _depths(model):
        try:
            deep = elaborate(model.entry, {name: value})
            again = ordinary(deep)
        except ArchSpecError:
            continue
        if again is None or again.sizes != size.sizes:
            continue
        if len(again.graph.nodes) < 1.5 * len(size.graph.nodes):
            continue
        before, after = saved(size).bytes, saved(again).bytes
        if after > _GROWTH * before:
            yield _warning(
                "W0906",
                f"twice as deep, `{model.entry.name}` keeps {after / before:.1f} times as much for "
                "backward",
                size.graph.node(dense[0].target),
                "what is concatenated is kept for every layer that reads it",
                notes=(
                    f"{_mib(before)} with `{name}` as it is, {_mib(after)} doubled, {_at(size)}",
                ),
                help="let the layers inside compute again: `checkpoint name: …`",
            )
            return


def _depths(model: Elaborated) -> Iterator[tuple[str, Any]]:
    """Parameters that are whole numbers or lists of them, doubled."""
    for param in model.entry.block.params:
        match model.frame.constants.get(param.name):
            case bool():
                continue
            case int() as value if value > 0:
                yield param.name, 2 * value
            case [*values] if values and all(type(v) is int for v in values):
                yield param.name, [2 * v for v in values]
            case _:
                continue


# --- words -------------------------------------------------------------------------------------


def _warning(
    code: str, message: str, node: Node, label: str, help: str, notes: tuple[str, ...] = ()
) -> Diagnostic:
    place = Label(node.span, label, primary=True)
    return Diagnostic(code, "warning", message, (place,), notes=notes, help=(help,))


def _at(size: Sized) -> str:
    return f"at {', '.join(f'{name}={value}' for name, value in size.sizes.items())}"


def _mib(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"


__all__ = ["LINTS", "lints", "ordinary"]
