"""The lines in the brackets of one unit: its layers one below the other, branches side by side."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from archspec.ir import Graph, Node
from archspec.passes.architecture.words import Words

#: From this many lines on, equal ones are counted, and widths of otherwise equal ones listed.
_LONG = 4


@dataclass(frozen=True, slots=True)
class Line:
    """Layers that stand in one line, in order.

    `branch` where it is computed beside other lines and not after them; `gate` where what it
    computes weighs what it reads.
    """

    layers: tuple[Words, ...]
    branch: bool = False
    gate: bool = False

    def text(self, *, stride: bool = True) -> str:
        text = " → ".join(words.text(stride=stride) for words in self.layers)
        text += " (gate)" if self.gate else ""
        return f"∥ {text}" if self.branch else text


def texts_of(lines: Sequence[Line], *, stride: bool) -> tuple[str, ...]:
    """The lines as text; long repetitions are counted."""
    return tuple(_texts(lines, stride))


def _texts(lines: Sequence[Line], stride: bool) -> Iterator[str]:
    def alike(line: Line) -> tuple[Line, bool]:
        """A line of one layer without its width: such lines are listed together."""
        first, *rest = line.layers
        listed = not rest and first.width != "" and not line.gate
        return (replace(line, layers=(replace(first, width=""),)) if listed else line, listed)

    for (_, listed), found in groupby(lines, key=alike):
        run = list(found)
        counted = [(text, len(list(equal))) for text, equal in
                   groupby(line.text(stride=stride) for line in run)]  # fmt: skip
        if listed and len(run) > _LONG and len(counted) > 1:
            widths = ", ".join(line.layers[0].width for line in run)
            words = replace(run[0].layers[0], width=widths)
            yield replace(run[0], layers=(words,)).text(stride=stride)
            continue
        for text, times in counted:
            if run[0].branch and times > 1:
                yield f"{text} ({times} in parallel)"
            elif times >= _LONG:
                yield f"{text} (× {times})"
            else:
                yield from [text] * times


class Order:
    """Which of the shown nodes of a unit depend on which; sets of nodes are bits of an integer.

    `products` are the nodes that weigh one value by another.
    """

    def __init__(
        self, graph: Graph, nodes: Sequence[Node], shown: Sequence[int], products: Collection[int]
    ) -> None:
        self.graph = graph
        self.nodes = nodes
        self.shown = shown
        self.products = products
        self._inside = {node.id for node in nodes}
        self._is_shown = set(shown)
        self._first = nodes[0].id if nodes else 0
        #: The shown nodes that each node reads, seen through hidden ones, and all it depends on.
        self._direct: dict[int, int] = {}
        self._behind: dict[int, int] = {}
        for node in nodes:
            direct = behind = 0
            for edge in graph.edges_into(node.id):
                next_, all_ = self._value(edge.source)
                direct, behind = direct | next_, behind | all_
            self._direct[node.id], self._behind[node.id] = direct, behind
        self._near = {id: list(self._ids(self._reduced(id))) for id in shown}
        self._readers: dict[int, list[int]] = {id: [] for id in shown}
        for id, near in self._near.items():
            for other in near:
                self._readers[other].append(id)
        every = sum(map(self._bit, shown))
        after = dict.fromkeys(shown, 0)
        for id in shown:
            for other in self._ids(self._behind[id]):
                after[other] |= self._bit(id)
        #: The nodes beside which none is computed.
        self._cut = {id for id in shown if self._behind[id] | after[id] | self._bit(id) == every}
        self._gates = self._weights()

    def lines(self, words: Callable[[int], Words]) -> list[tuple[Line, int]]:
        """The lines, each with the first of its nodes."""
        return [(self._line(ids, words), ids[0]) for ids in self._grouped()]

    def apart(self, a: int, b: int) -> bool:
        """Whether neither of two shown nodes depends on the other."""
        return not (self._behind[a] & self._bit(b) or self._behind[b] & self._bit(a))

    def _line(self, ids: Sequence[int], words: Callable[[int], Words]) -> Line:
        layers = [words(id) for id in ids]
        forks = self._forks(ids[-1])
        if forks:
            both = " ∥ ".join(words(id).text() for id in forks)
            layers.append(Words(f"({both})"))
        return Line(tuple(layers), ids[0] not in self._cut, ids[0] in self._gates)

    def _grouped(self) -> list[list[int]]:
        lines: list[list[int]] = []
        ending: dict[int, list[int]] = {}
        forked = {fork for id in self.shown for fork in self._forks(id)}
        for id in self.shown:
            if id in forked:
                continue
            near = self._near[id]
            line = ending.get(near[0]) if len(near) == 1 else None
            if line is None or not self._joins(line[-1], id):
                line = []
                lines.append(line)
            line.append(id)
            ending[id] = line
        return lines

    def _joins(self, last: int, id: int) -> bool:
        if id in self._gates or last in self._gates:
            return id in self._gates and last in self._gates
        return not {id, last} & self._cut and self._readers[last] == [id]

    def _forks(self, id: int) -> list[int]:
        """The layers that a branch ends with side by side, if it does."""
        readers = self._readers[id]
        ends = len(readers) > 1 and id not in self._cut | self._gates
        if ends and all(self._near[r] == [id] and not self._branch_on(r, id) for r in readers):
            return readers
        return []

    def _branch_on(self, reader: int, id: int) -> bool:
        """Whether a branch goes on after `reader` before it meets those beside it."""
        return any(self._near[after] == [reader] for after in self._readers[reader])

    def _weights(self) -> set[int]:
        """The nodes that only serve to weigh a value which they were computed from."""
        found: set[int] = set()
        for node in self.nodes:
            if node.id not in self.products:
                continue
            sides = [self._value(edge.source)[1] for edge in self.graph.edges_into(node.id)]
            for i, mine in enumerate(sides):
                for other in sides[:i] + sides[i + 1 :]:
                    if mine & ~other and not other & ~mine:
                        found |= set(self._ids(mine & ~other))
        return found

    def _reduced(self, id: int) -> int:
        """The nodes right behind `id`, without those that are behind another one of them."""
        direct = self._direct[id]
        for other in self._ids(direct):
            direct &= ~self._behind[other]
        return direct

    def _value(self, id: int) -> tuple[int, int]:
        """The shown nodes next behind a value, and all behind it."""
        if id not in self._inside:
            return 0, 0
        if id in self._is_shown:
            return self._bit(id), self._behind[id] | self._bit(id)
        return self._direct[id], self._behind[id]

    def _bit(self, id: int) -> int:
        return 1 << (id - self._first)

    def _ids(self, bits: int) -> Iterator[int]:
        while bits:
            low = bits & -bits
            yield low.bit_length() - 1 + self._first
            bits ^= low


__all__ = ["Line", "Order", "texts_of"]
