"""A spec without some of its reuse edges: the texts of its files, changed where joins stand.

What an edge brings is left out of its join, and with a join of two the join itself: of `x + f(x)`
stays `f(x)`, of `dense { … }` what is in the braces, and the `align` of what is reused goes along.
A gate is the other way round: what is gated stays, and what gates it goes. Widths follow, since
no layer states what flows into it.

Where all that a block is used for changes alike, the block changes. Else the changed uses get a
block of their own, and a loop with iterations of both kinds is cut where the kind changes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from archspec.diagnostics import ArchSpecError, Edit
from archspec.elaborate import Elaborated
from archspec.elaborate.values import BlockValue, Frame, Pass
from archspec.layers.base import FunctionDecl
from archspec.passes.reuse_edges import ReuseEdge
from archspec.repair.edits import apply_edits
from archspec.repair.tree import ancestors, line_of, tree_of, walk
from archspec.reuse.ablation.edges import Ablation
from archspec.reuse.ablation.flows import Dropped, NotRemovable, cut, flow_without, joined_without
from archspec.reuse.ablation.places import Place, frames, passes, places
from archspec.source import Span
from archspec.syntax import ast

Texts = dict[Path, str]
Signature = tuple[Any, ...]

#: What nothing reads any more, and initial values for weights that are gone.
_LEFT_OVER = ("A0304", "A0306")
_GOES = (ast.Flow, ast.Tensor, ast.Init)
#: Rounds in which what nothing reads any more is taken away.
_ROUNDS = 200


def without(
    model: Elaborated, ablation: Ablation, rebuild: Callable[[Mapping[Path, str]], Elaborated]
) -> tuple[Elaborated, Texts]:
    """`model` without the edges of `ablation`, and the changed texts of its files.

    `rebuild` elaborates the model with other texts. Layers that no output depends on any more go
    along. Raises `NotRemovable` where an edge is all that flows into something, and `ArchSpecError`
    where what is left does not align.
    """
    texts = _Rewrite(model, ablation).texts()
    for _ in range(_ROUNDS):
        try:
            return rebuild(texts), texts
        except ArchSpecError as error:
            errors = [d for d in error.diagnostics if d.severity == "error"]
            dead = [d.primary.span for d in errors if d.primary and d.code in _LEFT_OVER]
            if len(dead) < len(errors) or not dead:
                raise
            texts |= apply_edits(_without_dead(dead))
    raise NotRemovable("too much depends on it")


def _without_dead(dead: Iterable[Span]) -> Iterator[Edit]:
    """The end of each dead chain, or its whole statement."""
    seen: set[Span] = set()
    for span in dead:
        around = ancestors(span)
        flow = next((n for n in reversed(around) if isinstance(n, _GOES)), None)
        if flow is None or flow.span in seen:
            continue
        seen.add(flow.span)
        stages = flow.stages if isinstance(flow, ast.Flow) else ()
        at = next((i for i, s in enumerate(stages) if _covers(s.span, span)), 0)
        if at:
            end = Span(flow.span.source, stages[at - 1].span.end, flow.span.end)
            yield Edit(end, "")
            continue
        line = line_of(flow.span)
        alone = line.text.strip() == flow.span.text.strip()
        yield Edit(line if alone else flow.span, "")


def _covers(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


@dataclass(frozen=True, slots=True)
class _Clone:
    name: str
    frame: Frame


class _Rewrite:
    def __init__(self, model: Elaborated, ablation: Ablation) -> None:
        self.model = model
        self.ablation = ablation
        self.frames = list(frames(model.frame))
        #: What is left out of a join in a run of its body.
        self.dropped: dict[tuple[int, int], Dropped] = {}
        #: What is left out of a join in each of its runs.
        self.always: dict[int, Dropped] = {}
        self.ties = {tie.span for tie in ablation.ties}
        self.signatures: dict[int, Signature] = {}
        self.clones: dict[tuple[int, Signature], _Clone] = {}
        self.taken: set[str] = set()
        self._find()

    # --- what is left out where ----------------------------------------------------------------

    def _find(self) -> None:
        at = places(self.model)
        together: dict[object, list[Place]] = {}
        for place in at.values():
            together.setdefault(place.use, []).append(place)
        for edge in self.ablation.edges:
            if edge.target not in at:
                raise NotRemovable("it is all that flows into a layer there")
            dropped = self._dropped(edge)
            for place in together[at[edge.target].use]:
                key = (id(place.join), id(place.pass_))
                self.dropped[key] = self.dropped[key] | dropped if key in self.dropped else dropped
        runs: dict[int, list[Place]] = {}
        for place in at.values():
            runs.setdefault(id(place.join), []).append(place)
        for join, found in runs.items():
            kinds = {self.dropped.get((join, id(p.pass_))) for p in found}
            if len(kinds) == 1 and (kind := kinds.pop()) is not None:
                self.always[join] = kind

    def _dropped(self, edge: ReuseEdge) -> Dropped:
        node = self.model.graph.node(edge.target)
        inputs = len(self.model.graph.edges_into(edge.target))
        if edge.mechanism == "detach":
            return Dropped(inputs, frozenset())
        if not isinstance(node.decl, FunctionDecl) or node.decl.joins in (None, "choice"):
            raise NotRemovable("it is all that flows into a layer there")
        if inputs < 2:
            raise NotRemovable("nothing else flows in there")
        slots = frozenset({edge.slot})
        if edge.mechanism == "gate":
            slots = frozenset(range(inputs)) - slots
        return Dropped(inputs, slots)

    def drop_of(self, join: ast.Node, pass_: Pass | None) -> Dropped | None:
        """What is left out of a join in a run of its body."""
        own = self.dropped.get((id(join), id(pass_))) if pass_ is not None else None
        return own or self.always.get(id(join))

    # --- which uses of a block change alike ----------------------------------------------------

    def signature(self, frame: Frame) -> Signature:
        """What changes in one use of a block, beside what changes in each; empty if nothing."""
        found = self.signatures.get(id(frame))
        if found is None:
            found = self.signatures[id(frame)] = self._of_pass(frame.root)
        return found

    def _of_pass(self, pass_: Pass) -> Signature:
        found: list[Any] = []
        for (join, run), dropped in self.dropped.items():
            if run == id(pass_) and join not in self.always:
                found.append(("join", join, dropped))
        for key, step in pass_.steps.items():
            if step.frame is not None and (inner := self.signature(step.frame)):
                found.append(("call", key, id(step.frame.block), inner))
        for key, iterations in pass_.loops.items():
            kinds = [self._of_pass(iteration) for iteration in iterations]
            if any(kinds):
                same = len(set(kinds)) == 1
                found.append(("loop", key, kinds[0] if same else tuple(kinds)))
        return tuple(sorted(found, key=repr))

    def texts(self) -> Texts:
        uses: dict[int, dict[Signature, Frame]] = {}
        for frame in self.frames:
            uses.setdefault(id(frame.block), {}).setdefault(self.signature(frame), frame)
        blocks = {id(f.block): f.block for f in self.frames}
        self.alike = {block for block, found in uses.items() if len(found) == 1}
        edits: list[Edit] = []
        inserted: dict[int, list[str]] = {}
        for frame in self.frames:
            signature = self.signature(frame)
            if not signature or id(frame.block) in self.alike:
                continue
            key = (id(frame.block), signature)
            if key not in self.clones:
                self.clones[key] = _Clone(self._name(frame), frame)
        for (block, _), clone in self.clones.items():
            text = self._definition(blocks[block], clone.frame.root, clone.name)
            inserted.setdefault(block, []).append(text)
        for block, found in uses.items():
            definition = blocks[block]
            run = next(iter(found.values())).root if block in self.alike else None
            text = "\n\n".join((self._definition(definition, run), *inserted.get(block, ())))
            if text != definition.span.text:
                edits.append(Edit(definition.span, text))
        edits += self._imports()
        return apply_edits(edits)

    def _name(self, frame: Frame) -> str:
        mechanism = self.ablation.mechanism.capitalize() or "Reuse"
        base = name = f"{frame.block.name.id}Without{mechanism}"
        known = set(frame.scope.names) | self.taken
        count = 2
        while name in known:
            name, count = f"{base}{count}", count + 1
        self.taken.add(name)
        return name

    def _imports(self) -> Iterator[Edit]:
        """Blocks of their own are imported where what they come from is."""
        done: set[tuple[Path, str]] = set()
        for frame in self.frames:
            for pass_ in passes(frame.root):
                for step in pass_.steps.values():
                    clone = self._clone(step.frame) if step.frame is not None else None
                    if clone is None:
                        continue
                    there, here = clone.frame.block.span.source, frame.block.span.source
                    if there is here or (here.key, clone.name) in done:
                        continue
                    done.add((here.key, clone.name))
                    name = next(
                        (
                            n
                            for use in walk(tree_of(here))
                            if isinstance(use, ast.Use)
                            for n in use.names
                            if n.id == clone.frame.block.name.id
                        ),
                        None,
                    )
                    if name is None:
                        raise NotRemovable(
                            f"`{clone.frame.block.name.id}` is given to a block of another file"
                        )
                    yield Edit(Span(here, name.span.end, name.span.end), f", {clone.name}")

    def _clone(self, frame: Frame) -> _Clone | None:
        return self.clones.get((id(frame.block), self.signature(frame)))

    # --- texts ---------------------------------------------------------------------------------

    def _definition(self, block: ast.Block, run: Pass | None, name: str | None = None) -> str:
        edits = list(self._edits(block.body, run))
        if name is not None:
            start = block.span.text.index(block.kind) + block.span.start
            header = Span(block.span.source, start, block.name.span.end)
            edits.append(Edit(header, f"block {name}"))
        return _edited(block.span, edits)

    def text(self, node: ast.Node, run: Pass | None) -> str:
        """What a node is written as without what is left out."""
        changed = self._changed(node, run)
        return changed if changed is not None else _edited(node.span, self._edits(node, run))

    def _edits(self, node: ast.Node, run: Pass | None) -> Iterator[Edit]:
        """The edits below a node."""
        for child in _children(node):
            changed = self._changed(child, run)
            if changed is not None:
                yield Edit(_whole(child) if not changed else child.span, changed)
            else:
                yield from self._edits(child, run)

    def _changed(self, node: ast.Node, run: Pass | None) -> str | None:
        """The new text of a node that changes itself; None where at most something below does."""
        match node:
            case ast.Flow() if any(self._alters(stage, run) for stage in node.stages):
                return "\n".join(flow_without(self, node, run))
            case ast.For() if run is not None and (iterations := run.loops.get(id(node))):
                return self._loop(node, iterations)
            case ast.Tie() if node.span in self.ties:
                return ""
            case ast.Binary() | ast.Call() if (dropped := self.drop_of(node, run)) is not None:
                return joined_without(self, node, dropped, run)
            case _:
                return self._call(node, run) if run is not None else None

    def _alters(self, stage: ast.Stage, run: Pass | None) -> bool:
        return self.drop_of(stage.core, run) is not None

    def _loop(self, node: ast.For, iterations: list[Pass]) -> str:
        kinds = [(self._of_pass(iteration), i) for i, iteration in enumerate(iterations)]
        groups = [[i for _, i in found] for _, found in groupby(kinds, key=lambda pair: pair[0])]
        header = Span(node.span.source, node.span.start, node.iterable.span.start).text
        if len(groups) == 1:
            body = self.text(node.body, iterations[0])
            return f"{header}{node.iterable.span.text} {body}"
        parts: list[str] = []
        for group in groups:
            low, high = group[0], group[-1] + 1
            items = cut(node.iterable, low, high, len(iterations))
            parts.append(f"{header}{items} {self.text(node.body, iterations[low])}")
        return "\n".join(parts)

    def _call(self, node: ast.Node, run: Pass) -> str | None:
        """A stage that applies a block of its own: under that block's name."""
        step = run.steps.get(id(node))
        if step is None or step.kind == "apply":
            return None
        frame = step.frame
        if step.kind == "declare":
            frame = next((f for f in self.frames if f.module is step.module), None)
        if frame is None:
            return None
        clone = self._clone(frame)
        if clone is None:
            return None
        core: ast.Node = node.core if isinstance(node, ast.Stage) else node
        if isinstance(core, ast.Inline):
            core = core.call
        func = core.func if isinstance(core, ast.Call) else core
        if not isinstance(func, ast.Name):
            raise NotRemovable(f"`{clone.frame.block.name.id}` is not applied by its name")
        self._refuse_bound(func, run, clone)
        edits = [Edit(func.span, clone.name)]
        return _edited(node.span, edits)

    def _refuse_bound(self, func: ast.Name, run: Pass, clone: _Clone) -> None:
        try:
            value = run.lookup(func.id)
        except KeyError:
            return
        if isinstance(value, BlockValue) and value.args:
            raise NotRemovable(
                f"`{func.id}` brings arguments of its own for `{clone.frame.block.name.id}`"
            )


def _children(node: ast.Node) -> Iterator[ast.Node]:
    for name in node.__dataclass_fields__:
        yield from _nodes(getattr(node, name))


def _nodes(value: object) -> Iterator[ast.Node]:
    match value:
        case tuple():
            for item in value:
                yield from _nodes(item)
        case ast.Node():
            yield value


def _edited(span: Span, edits: Iterable[Edit]) -> str:
    text, at = "", span.start
    for edit in sorted(edits, key=lambda e: e.span.start):
        text += span.source.text[at : edit.span.start] + edit.replacement
        at = edit.span.end
    return text + span.source.text[at : span.end]


def _whole(node: ast.Node) -> Span:
    """The lines of a statement that goes, if it stands there alone."""
    line = line_of(node.span)
    return line if line.text.strip() == node.span.text.strip() else node.span
