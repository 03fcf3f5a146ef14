"""Short ways to check a text and to look at its graph."""

from archspec.diagnostics import ArchSpecError
from archspec.elaborate import Limits
from archspec.ir import Graph, verify
from archspec.pipeline import build_graph, check, load_text


def graph_from(text: str, name: str = "Net") -> Graph:
    """The verified graph of model `name`; `ArchSpecError` where it has faults."""
    graph = build_graph(load_text(text, "net.arch"), name).graph
    verify(graph)
    return graph


def net(body: str, input: str = "input x: float[B, 16]", params: str = "") -> str:
    """A model `Net` of one input and the lines of `body`."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"model Net{params} {{\n    {input}\n{lines}\n}}\n"


def outputs(text: str) -> dict[str, str]:
    """The type of each output of `Net`."""
    graph = graph_from(text)
    return {name: str(graph.type_of(value)) for name, value in graph.outputs}


def keys(text: str) -> list[str]:
    """The names of all weights of `Net`."""
    graph = graph_from(text)
    return [name for module in graph.modules() for name, _ in module.all_weights()]


def faults(text: str) -> list[str]:
    """Code, place and headline of each diagnostic."""
    return [
        f"{d.code} {d.place.span.position.line}:{d.place.span.position.column} {d.message}"
        if d.place
        else f"{d.code} {d.message}"
        for d in check(load_text(text, "net.arch"), fixes=False)
    ]


def codes_within(text: str, limits: Limits | None = None) -> list[str]:
    """The codes that elaborating `Net` within `limits` gives; none where it succeeds."""
    program = load_text(text, "net.arch")
    try:
        build_graph(program, "Net", limits=limits)
    except ArchSpecError as error:
        return [d.code for d in error.diagnostics]
    return []
