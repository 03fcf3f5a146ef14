"""Positions for a level: the spine straight, branches beside each other, shortcuts around it."""

from collections.abc import Sequence

from archspec.backends.diagram.geometry import (
    GAP,
    LANE,
    SMALL_GAP,
    TRACK,
    Direction,
    Frame,
    Laid,
    Skyline,
    Spot,
    Wire,
)
from archspec.backends.diagram.measure import SIZES, size_of
from archspec.backends.diagram.plan import Item, Level, Link
from archspec.backends.diagram.spine import Beside, Fork, beside, forks, main_path
from archspec.backends.diagram.ushape import lay_out_u, shape_of

#: Inside a frame, around what it holds.
PAD = 6.0
TITLE = 12.0
#: Between a fork and its branches, and where a shortcut leaves the line after an item.
FAN = 17.0
TAP = 4.5
TAPS = 3.2


def lay_out(level: Level, direction: Direction) -> Laid:
    """The level with all that is open in it; the flow enters and leaves at v = 0."""
    return _Layout(level, direction).run()


class _Layout:
    def __init__(self, level: Level, direction: Direction) -> None:
        self.level = level
        self.direction = direction
        self.blocks: dict[Item, Laid] = {}
        boxes = [i for i in level.items if i.kind == "box" and i.role not in ("input", "output")]
        sizes = [self._size(item) for item in boxes]
        #: Boxes of a level are equally wide across the flow.
        self.across = max((across for _, across in sizes), default=0.0)

    def run(self) -> Laid:
        for item in self.level.items:
            self.blocks[item] = self._block(item)
        shape = shape_of(self.level) if self.direction == "LR" else None
        if shape is not None:
            return lay_out_u(self.level, shape, self.blocks)
        laid = self._sequence(self.level.items, self.level.links)
        self._ports(laid)
        return laid

    def _size(self, item: Item) -> tuple[float, float]:
        """Along the flow and across it."""
        stripes = len({k.value for k in self.level.into(item)})
        width, height = size_of(item, self.direction, stripes)
        return (width, height) if self.direction == "LR" else (height, width)

    def _block(self, item: Item) -> Laid:
        """One item by itself, its flow at v = 0."""
        if item.level is not None:
            return self._group(item)
        along, across = self._size(item)
        if item.kind == "box" and item.role not in ("input", "output"):
            across = self.across
        spot = Spot(item, 0.0, along, -across / 2, across / 2)
        return Laid(along, -across / 2, across / 2, {item: spot})

    def _group(self, item: Item) -> Laid:
        assert item.level is not None
        inner = lay_out(item.level, self.direction)
        title = TITLE if item.lines else 0.0
        lead = PAD + (title if self.direction == "TB" else 0.0)
        inner.move(lead, 0.0)
        length = lead + inner.length + PAD
        low = inner.low - PAD
        high = inner.high + PAD + (title if self.direction == "LR" else 0.0)
        if item.lines:
            wanted = max(size_of(Item("", "box", lines=item.lines), self.direction)[0] + 2.0, 0.0)
            if self.direction == "TB":  # the title stands beside the line that enters
                low = min(low, -wanted - 4.0)
            if self.direction == "LR" and length < wanted:
                inner.move((wanted - length) / 2, 0.0)
                length = wanted
        for spot in inner.spots.values():
            if spot.item in item.level.items and spot.item.kind == "port":
                edge = 0.0 if spot.item.enters else length
                _extend(inner, spot, edge)
        frame = Frame(item, 0.0, length, low, high, item.lines)
        inner.frames.insert(0, frame)
        inner.spots[item] = Spot(item, 0.0, length, low, high)
        sheets = 2 * 2.2 if item.repeat > 1 else 0.0
        if self.direction == "LR":
            low -= sheets
        else:
            high += sheets
        return Laid(length + sheets, low, high, inner.spots, inner.wires, inner.frames)

    def _ports(self, laid: Laid) -> None:
        """Bring ports to the border of what surrounds them."""
        for item in self.level.items:
            if item.kind == "port":
                _extend(laid, laid.spots[item], 0.0 if item.enters else laid.length)

    # --- sequences -----------------------------------------------------------------------------

    def _sequence(self, items: Sequence[Item], links: Sequence[Link]) -> Laid:
        """Items in the order of the flow, with all links between them."""
        own = set(items)
        inner = [k for k in links if k.source in own and k.target in own]
        if len(items) == 1:
            return self.blocks[items[0]]
        path = main_path(items, inner)
        parts = beside(items, inner, path)
        found = forks(path, parts)
        return _Row(self, path, parts, found, inner).run()


class _Row:
    """One spine with what belongs to it."""

    def __init__(
        self,
        layout: _Layout,
        path: list[Item],
        parts: list[Beside],
        found: list[Fork],
        links: list[Link],
    ) -> None:
        self.layout = layout
        self.path = path
        self.parts = parts
        self.links = links
        self.laid = Laid()
        self.above, self.below = Skyline(), Skyline()
        self.place = {item: i for i, item in enumerate(path)}
        #: Elements along the spine: an item's position, or a fork.
        self.elements: list[int | Fork] = []
        starts = {fork.a + 1: fork for fork in found}
        i = 0
        while i < len(path):
            fork = starts.get(i)
            if fork is not None:
                self.elements.append(fork)
                i = fork.b
            else:
                self.elements.append(i)
                i += 1
        #: The element that each item of this row stands in.
        self.element: dict[Item, int] = {}
        self.branches: dict[int, list[Laid]] = {}
        for e, element in enumerate(self.elements):
            if isinstance(element, Fork):
                self.branches[e] = [layout._sequence(branch, links) for branch in element.branches]
                for branch in element.branches:
                    for item in branch:
                        self.element[item] = e
            else:
                self.element[path[element]] = e
        self.sides = [(part, layout._sequence(part.items, links)) for part in parts]
        self.done: set[int] = set()
        self.arcs = self._arcs()
        self.taps = self._taps()

    def run(self) -> Laid:
        self._place(self._stretched())
        self._joined()
        self._shortcuts()
        laid = self.laid
        laid.low = min((-self.below.over(-1e9, 1e9), *(s.v0 for s in laid.spots.values())))
        laid.high = max((self.above.over(-1e9, 1e9), *(s.v1 for s in laid.spots.values())))
        return laid

    # --- along the spine -----------------------------------------------------------------------

    def _item(self, e: int) -> Item | None:
        element = self.elements[e]
        return None if isinstance(element, Fork) else self.path[element]

    def _gap(self, e: int) -> float:
        """The room before element `e`."""
        if e == 0:
            return 0.0
        before, after = self._item(e - 1), self._item(e)
        if before is None or after is None:
            gap = FAN
        elif before.kind == "port" or after.kind == "port" or "join" in (before.kind, after.kind):
            gap = SMALL_GAP
        else:
            gap = GAP
        if before is not None:
            taps = self.taps.get(before, 0)
            if taps:
                gap = max(gap, TAP + TAPS * (taps - 1) + 9.5)
        return gap

    def _length(self, e: int) -> float:
        if e in self.branches:
            return max(laid.length for laid in self.branches[e])
        item = self._item(e)
        assert item is not None
        return self.layout.blocks[item].length

    def _stretched(self) -> list[float]:
        """The gap before each element, wide enough for what stands beside the spine."""
        gaps = [self._gap(e) for e in range(len(self.elements))]
        for part, laid in sorted(self.sides, key=lambda side: side[0].b - side[0].a):
            first = self.element[self.path[part.a]] if part.a >= 0 else None
            last = self.element[self.path[part.b]] if part.b < len(self.path) else None
            if first is None or last is None or laid.length == 0:
                continue
            ends = self._ends(gaps)
            room = ends[last][0] + 3.0 - (ends[first][1] + TAP)
            need = laid.length + 2 * 9.0
            if room < need:
                for e in range(first + 1, last + 1):
                    gaps[e] += (need - room) / (last - first)
        return gaps

    def _ends(self, gaps: Sequence[float]) -> list[tuple[float, float]]:
        u, ends = 0.0, []
        for e, gap in enumerate(gaps):
            u += gap
            ends.append((u, u + self._length(e)))
            u = ends[-1][1]
        return ends

    def _place(self, gaps: list[float]) -> None:
        ends = self._ends(gaps)
        for e, (u0, u1) in enumerate(ends):
            if e in self.branches:
                self._stack(e, u0, u1)
                continue
            item = self._item(e)
            assert item is not None
            block = self.layout.blocks[item]
            block.move(u0, 0.0)
            self.laid.take(block)
            self.above.add(u0, u1, block.high)
            self.below.add(u0, u1, -block.low)
        self.laid.length = ends[-1][1] if ends else 0.0

    def _stack(self, e: int, u0: float, u1: float) -> None:
        """Branches side by side, the first one uppermost."""
        fork = self.elements[e]
        assert isinstance(fork, Fork)
        branches = self.branches[e]
        order = self._order(fork)
        total = sum(b.high - b.low for b in branches) + LANE * (len(branches) - 1)
        top = total / 2
        for i in order:
            branch = branches[i]
            room = (u1 - u0) - branch.length
            shift = room if fork.a < 0 else 0.0 if fork.b == len(self.path) else room / 2
            if fork.a < 0 and fork.b == len(self.path):
                shift = 0.0
            branch.move(u0 + shift, top - branch.high)
            top -= branch.high - branch.low + LANE
            self.laid.take(branch)
        self.above.add(u0, u1, total / 2)
        self.below.add(u0, u1, total / 2)

    def _order(self, fork: Fork) -> list[int]:
        """Branches in the order in which the spec runs them."""
        order = {item: i for i, item in enumerate(self.layout.level.items)}
        firsts = [min(order[item] for item in branch) for branch in fork.branches]
        return sorted(range(len(firsts)), key=lambda i: firsts[i])

    # --- links along the spine -----------------------------------------------------------------

    def _spot(self, item: Item) -> Spot:
        return self.laid.spots[item]

    def _start(self, link: Link) -> tuple[float, float]:
        """Where a link leaves its source with the flow."""
        spot = self._spot(link.source_port or link.source)
        return (spot.u1, spot.v)

    def _end(self, link: Link) -> tuple[float, float]:
        spot = self._spot(link.target_port or link.target)
        return (spot.u0, spot.v)

    def _joined(self) -> None:
        """Links from each element into the next: straight lines, fans out and in."""
        self._tall_bars()
        for index, link in enumerate(self.links):
            if index in self.done:
                continue
            a, b = self.element.get(link.source), self.element.get(link.target)
            if a is None or b is None or b != a + 1:
                continue
            if link in self.arcs:
                continue
            self.done.add(index)
            start, end = self._start(link), self._end(link)
            target = self._spot(link.target)
            arrow = link.target.kind != "port" and link.target_port is None
            if (
                link.target.kind == "join"
                and link.target.join != "concat"
                and (abs(end[1] - start[1]) > 1.0)
            ):
                # into the circle from its side
                v = target.v1 if start[1] > end[1] else target.v0
                points = [start, (target.u, start[1]), (target.u, v)]
            elif link.target.kind == "join" and target.v0 < start[1] < target.v1:
                points = [start, (end[0], start[1])]
            else:
                middle = end[0] - FAN / 2 if self._item(b) is not None else start[0] + FAN / 2
                if self._item(b) is None:
                    middle = start[0] + 0.45 * FAN
                points = [start, (middle, start[1]), (middle, end[1]), end]
            self.laid.wires.append(Wire(link, points, arrow, signs=link.signs))

    def _tall_bars(self) -> None:
        """A concat after branches spans them, so that each runs straight into it."""
        for e, _ in self.branches.items():
            if e + 1 >= len(self.elements):
                continue
            item = self._item(e + 1)
            if item is None or item.kind != "join" or item.join != "concat":
                continue
            flows = [
                self._start(k)[1]
                for k in self.links
                if k.target is item and self.element.get(k.source) == e
            ]
            if len(flows) > 1:
                spot = self._spot(item)
                spot.v0, spot.v1 = min(*flows, spot.v0 + 6) - 6, max(*flows, spot.v1 - 6) + 6
                self.above.add(spot.u0, spot.u1, spot.v1)
                self.below.add(spot.u0, spot.u1, -spot.v0)

    # --- links around the spine ----------------------------------------------------------------

    def _arcs(self) -> list[Link]:
        """Links that pass over something, or beside another link of the same two items."""
        arcs = []
        seen: set[tuple[Item, Item]] = set()
        for link in sorted(self.links, key=lambda k: k.kind != "data"):
            a, b = self.element.get(link.source), self.element.get(link.target)
            if a is None or b is None or a >= b:
                continue
            pair = (link.source, link.target)
            if b > a + 1 or pair in seen:
                arcs.append(link)
            seen.add(pair)
        order = {id(link): i for i, link in enumerate(self.links)}
        return sorted(arcs, key=lambda k: order[id(k)])

    def _tapped(self, link: Link) -> bool:
        """Whether a link leaves from the line after its source, not from its side."""
        if link.source.kind == "port":
            return True
        return link.kind in ("residual", "gate", "data") and link.source in self.place

    def _taps(self) -> dict[Item, int]:
        """How many shortcuts leave the line after each item."""
        found: dict[Item, int] = {}
        for link in self.arcs:
            if self._tapped(link):
                found[link.source] = found.get(link.source, 0) + 1
        for part in self.parts:
            own = set(part.items)
            for link in self.links:
                if link.target in own and link.source in self.place:
                    found[link.source] = found.get(link.source, 0) + 1
        return found

    def _shortcuts(self) -> None:
        """Arcs and side ways, short ones first, each as near to the spine as there is room."""
        tasks: list[tuple[float, int, Link | tuple[Beside, Laid]]] = []
        for i, link in enumerate(self.arcs):
            a, b = self._spot(link.source), self._spot(link.target)
            tasks.append((b.u - a.u, i, link))
        for i, side in enumerate(self.sides):
            part, laid = side
            u0 = self._spot(self.path[part.a]).u1 if part.a >= 0 else 0.0
            u1 = self._spot(self.path[part.b]).u0 if part.b < len(self.path) else 1e9
            tasks.append((min(u1 - u0, laid.length + 20.0), -1 - i, side))
        tasks.sort(key=lambda task: (task[0], task[1]))
        legs = _Legs(self, [t for _, _, t in tasks if isinstance(t, Link)])
        for _, _, task in tasks:
            if isinstance(task, Link):
                self._arc(task, legs)
            else:
                self._side(*task)
        self._left_over()

    def _arc(self, link: Link, legs: "_Legs") -> None:
        index = next(i for i, k in enumerate(self.links) if k is link)
        self.done.add(index)
        up = legs.up(link)
        sky = self.above if up else self.below
        u_a, v_a = legs.start(link)
        u_b, v_b = legs.end(link)
        reach = sky.over(min(u_a, u_b), max(u_a, u_b)) + TRACK
        sky.add(min(u_a, u_b) - 1.0, max(u_a, u_b) + 1.0, reach)
        v = reach if up else -reach
        points = [(u_a, v_a), (u_a, v), (u_b, v), (u_b, v_b)]
        if link.target_port is not None and link.target.level is not None:
            end = self._end(link)
            points = [(u_a, v_a), (u_a, v), (end[0] - 5.0, v), (end[0] - 5.0, end[1]), end]
        arrow = link.target.kind != "port" and link.target_port is None
        dot = self._tapped(link)
        radius = 9.0 if link.kind == "dense" else 5.0
        self.laid.wires.append(Wire(link, points, arrow, dot, radius, link.signs))

    def _side(self, part: Beside, laid: Laid) -> None:
        """A way beside the spine, with the links that lead to it and back."""
        own = set(part.items)
        entering = [k for k in self.links if k.target in own and k.source in self.place]
        leaving = [k for k in self.links if k.source in own and k.target in self.place]
        tap = self._spot(self.path[part.a]).u1 + TAP if part.a >= 0 else 0.0
        up = bool(leaving)
        if part.b < len(self.path):
            target = self._spot(self.path[part.b])
            end = target.u if target.item.kind == "join" else target.u0
        else:
            end = tap + laid.length + 18.0
        if part.a < 0:
            left = max(end - laid.length - 9.0, 0.0) if laid.length else 0.0
            tap = left
        else:
            left = (tap + end - laid.length) / 2 if leaving else tap + 9.0
        sky = self.above if up else self.below
        last = max(spot.u1 for spot in laid.spots.values())
        early = [k for k in leaving if laid.spots[k.source].u1 < last - 1.0]
        late = [k for k in entering if laid.spots[k.target].u0 > 1.0]
        reach = sky.over(tap, max(end, left + laid.length)) + TRACK * (2 if early else 1)
        under = reach - TRACK
        v = reach - laid.low if up else -reach - laid.high
        laid.move(left, v)
        self.laid.take(laid)
        top = v + laid.high if up else -(v + laid.low)
        sky.add(tap - 1.0, max(end, left + laid.length) + 1.0, top)
        self.laid.length = max(self.laid.length, left + laid.length)
        kinds = [k.kind for k in leaving if k.kind != "data"]
        sign = 1.0 if up else -1.0
        for link in late:
            self._mark(link)
            start, target = self._spot(link.source_port or link.source), self._spot(link.target)
            at, top = start.u1 + TAP + TAPS, top + TRACK
            sky.add(at - 1.0, target.u + 1.0, top)
            points = [(at, start.v), (at, sign * top), (target.u, sign * top)]
            points.append((target.u, target.v1 if up else target.v0))
            self.laid.wires.append(Wire(link, points, True, True, signs=link.signs))
        for link in early:
            self._mark(link)
            source, target = self._spot(link.source), self._spot(link.target)
            points = [
                (source.u, source.v0 if up else source.v1), (source.u, sign * under),
                (target.u, sign * under), (target.u, target.v1 if up else target.v0),
            ]  # fmt: skip
            self.laid.wires.append(Wire(link, points, True, signs=link.signs))
        entering = [k for k in entering if k not in late]
        leaving = [k for k in leaving if k not in early]
        for link in entering:
            self._mark(link)
            end_u, end_v = self._end(link)
            start = self._spot(link.source_port or link.source)
            at = start.u1 + TAP
            points = [(at, start.v), (at, end_v), (end_u, end_v)]
            # a dot lies on a line that goes on; where none does, the way begins at the box
            dot = link.source.kind == "port" or len(self.layout.level.out_of(link.source)) > 1
            if not dot:
                points.insert(0, (start.u1, start.v))
            wire = Wire(link, points, link.target_port is None, dot, signs=link.signs)
            wire.kind = kinds[0] if kinds else None
            self.laid.wires.append(wire)
        for link in leaving:
            self._mark(link)
            start_u, start_v = self._start(link)
            target = self._spot(link.target)
            if link.target.kind == "join":
                at = target.u if link.target.join != "concat" else target.u1 - 1.3
                points = [(start_u, start_v), (at, start_v), (at, target.v1 if up else target.v0)]
            else:
                spot = self._spot(link.target_port or link.target)
                points = [
                    (start_u, start_v), (spot.u0 - 6.0, start_v),
                    (spot.u0 - 6.0, spot.v), (spot.u0, spot.v),
                ]  # fmt: skip
            arrow = link.target.kind != "port" and link.target_port is None
            self.laid.wires.append(Wire(link, points, arrow, signs=link.signs))

    def _mark(self, link: Link) -> None:
        self.done.add(next(i for i, k in enumerate(self.links) if k is link))

    def _left_over(self) -> None:
        """Links that no pattern has taken: round the outside of what is between."""
        inner = {wire.link for wire in self.laid.wires}
        for index, link in enumerate(self.links):
            if index in self.done or link in inner:
                continue
            if link.source not in self.laid.spots or link.target not in self.laid.spots:
                continue
            start, end = self._start(link), self._end(link)
            middle = end[0] - 7.0
            points = [start, (middle, start[1]), (middle, end[1]), end]
            arrow = link.target.kind != "port" and link.target_port is None
            self.laid.wires.append(Wire(link, points, arrow, signs=link.signs))


class _Legs:
    """Where arcs leave and reach the sides of items, no two in one place."""

    def __init__(self, row: _Row, arcs: list[Link]) -> None:
        self.row = row
        self.arcs = arcs
        self.ups: dict[int, bool] = {}
        self.starts: dict[int, tuple[float, float]] = {}
        self.ends: dict[int, tuple[float, float]] = {}
        circles: dict[Item, int] = {}
        for link in arcs:
            target = link.target
            turn = 0
            if target.kind == "join" and target.join != "concat":
                turn = circles.get(target, 0)
                circles[target] = turn + 1
            self.ups[id(link)] = turn % 2 == 0
        items = dict.fromkeys([*(k.source for k in arcs), *(k.target for k in arcs)])
        for item in items:
            self._attach(item)

    def up(self, link: Link) -> bool:
        return self.ups[id(link)]

    def start(self, link: Link) -> tuple[float, float]:
        return self.starts[id(link)]

    def end(self, link: Link) -> tuple[float, float]:
        return self.ends[id(link)]

    def _attach(self, item: Item) -> None:
        row = self.row
        spot = row._spot(item)
        span = {id(k): row._spot(k.target).u - row._spot(k.source).u for k in self.arcs}
        taps = sorted(
            (k for k in self.arcs if k.source is item and row._tapped(k)),
            key=lambda k: -span[id(k)],
        )
        for i, link in enumerate(taps):
            flow = row._spot(link.source_port or item)
            self.starts[id(link)] = (flow.u1 + TAP + TAPS * i, flow.v)
        for up in (True, False):
            edge = spot.v1 if up else spot.v0
            into = sorted(
                (k for k in self.arcs if k.target is item and self.up(k) == up),
                key=lambda k: span[id(k)],
            )
            out = sorted(
                (
                    k
                    for k in self.arcs
                    if k.source is item and self.up(k) == up and not row._tapped(k)
                ),
                key=lambda k: -span[id(k)],
            )
            if item.kind == "join" and item.join == "concat" and into:
                straight = max(len({k.value for k in row.layout.level.into(item)}) - len(into), 0)
                count = straight + len(into)
                width = (spot.u1 - spot.u0) / max(count, 1)
                for i, link in enumerate(into):
                    u = spot.u0 + width * (i + straight + 0.5)
                    self.ends[id(link)] = (u, edge)
                for i, link in enumerate(out):
                    self.starts[id(link)] = (spot.u1 - 0.8 - 1.2 * (len(out) - 1 - i), edge)
                continue
            count = len(into) + len(out)
            pitch = min(5.0, (spot.u1 - spot.u0) / (count + 1))
            first = spot.u - pitch * (count - 1) / 2
            for i, link in enumerate(into):
                self.ends[id(link)] = (first + pitch * i, edge)
            for i, link in enumerate(out):
                self.starts[id(link)] = (first + pitch * (len(into) + i), edge)


def _extend(laid: Laid, spot: Spot, edge: float) -> None:
    """Move a port along the flow to `edge`, its wires with it."""
    for wire in laid.wires:
        if wire.link.source is spot.item and spot.item.enters:
            first = wire.points[0]
            tapped = wire.dot and len(wire.points) > 1
            if not tapped:
                wire.points[0] = (edge, first[1])
        if wire.link.target is spot.item and not spot.item.enters:
            last = wire.points[-1]
            wire.points[-1] = (edge, last[1])
    spot.u0 = spot.u1 = edge


__all__ = ["SIZES", "lay_out"]
