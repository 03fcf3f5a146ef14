"""Which edges an ablation leaves out, and what it is called."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from archspec.diagnostics import ArchSpecError, Diagnostic
from archspec.diagnostics.suggest import closest
from archspec.ir import Tie
from archspec.passes.reuse_edges import EdgeMechanism, ReuseEdge
from archspec.reuse.sized import Sized


@dataclass(frozen=True, slots=True)
class Ablation:
    """Reuse edges, and ties of weights, that are left out together."""

    name: str
    edges: tuple[ReuseEdge, ...]
    ties: tuple[Tie, ...] = ()

    @property
    def mechanism(self) -> str:
        """That of all its edges; empty where they differ."""
        found: set[str] = {edge.mechanism for edge in self.edges}
        found |= {"tied"} if self.ties else set()
        return found.pop() if len(found) == 1 else ""

    def shown(self, model: Sized) -> tuple[str, ...]:
        """What is left out, as it is named."""
        return (*(shown(model, edge) for edge in self.edges), *map(shown_tie, self.ties))


#: What has no edge to leave out: a value that is read again by a layer has no other input there.
_NOT_ALONE: tuple[EdgeMechanism, ...] = ("branch",)


def shown(model: Sized, edge: ReuseEdge) -> str:
    """`maxpool -> layer1.0:add`, without what aligns it on the way."""
    return f"{model.name(edge.source)} -> {model.names[edge.target]}"


def shown_tie(tie: Tie) -> str:
    return f"{tie.source} = {tie.target}"


def mechanisms_of(model: Sized) -> tuple[str, ...]:
    """The mechanisms that can be left out of `model`, in the order in which they occur."""
    found = dict.fromkeys(e.mechanism for e in model.reused if e.mechanism not in _NOT_ALONE)
    return (*found, *(("tied",) if model.graph.ties else ()))


def choose(
    model: Sized, without: Sequence[str], mechanisms: Sequence[str], each: bool
) -> list[Ablation]:
    """The ablations that are asked for; without any wish, one for each mechanism.

    `without` names edges, as in `maxpool -> layer1.0:add`, or by one of the two ends; `*` stands
    for anything. All that one of them names is left out together. With `each`, every edge of the
    `mechanisms` (or of all) is left out alone. Raises `ArchSpecError` A0120 for what is not there.
    """
    found = [_named(model, pattern) for pattern in without]
    known = mechanisms_of(model)
    for mechanism in mechanisms:
        if mechanism not in known:
            listed = ", ".join(known) or "none"
            message = f"`{model.graph.name}` has no {mechanism} edges to leave out"
            there = (f"its edges are: {listed}",)
            raise ArchSpecError((Diagnostic("A0120", "error", message, help=there),))
    chosen = tuple(dict.fromkeys(mechanisms)) or (() if without and not each else known)
    for mechanism in chosen:
        edges = tuple(e for e in model.reused if e.mechanism == mechanism)
        ties = tuple(model.graph.ties) if mechanism == "tied" else ()
        if not each:
            found.append(Ablation(f"{mechanism}", edges, ties))
            continue
        found += [Ablation(shown(model, edge), (edge,)) for edge in edges]
        found += [Ablation(shown_tie(tie), (), (tie,)) for tie in ties]
    if not found:
        message = f"`{model.graph.name}` reuses nothing that could be left out"
        branches = bool(model.reused)
        help = "its branches each feed a layer, which would have no input" if branches else ""
        raise ArchSpecError((Diagnostic("A0120", "error", message, help=(help,) if help else ()),))
    return found


def _named(model: Sized, pattern: str) -> Ablation:
    wanted = _plain(pattern)
    edges = [e for e in model.reused if any(_matches(n, wanted) for n in _names(model, e))]
    ties = [t for t in model.graph.ties if any(_matches(n, wanted) for n in _tie_names(t))]
    if not edges and not ties:
        names = [shown(model, e) for e in model.reused if e.mechanism not in _NOT_ALONE]
        names += [shown_tie(t) for t in model.graph.ties]
        near = closest(pattern, names)
        listed = "; ".join(f"`{n}`" for n in near or names[:6])
        help = (f"there is {listed}" + ("" if near or len(names) <= 6 else "; …"),) if names else ()
        message = f"`{model.graph.name}` has no reuse edge `{pattern}`"
        raise ArchSpecError((Diagnostic("A0120", "error", message, help=help),))
    return Ablation(pattern, tuple(edges), tuple(ties))


def _names(model: Sized, edge: ReuseEdge) -> Iterator[str]:
    yield _plain(shown(model, edge))
    yield model.name(edge.source)
    yield model.names[edge.target]


def _tie_names(tie: Tie) -> Iterator[str]:
    yield _plain(shown_tie(tie))
    yield _plain(f"{tie.target} = {tie.source}")
    yield tie.target
    yield tie.source


def _plain(name: str) -> str:
    return re.sub(r"\s*(->|=)\s*", r" \1 ", name.strip())


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or ("*" in pattern and fnmatchcase(name, pattern))
