"""Cut every arrow at the borders it crosses, so that each box can be laid out on its own.

A wire leads from a state (or an initial dot) to a state. It is at home in the innermost box that
holds both ends; each box on the way has a port on its border. Because a box's inside is then an
ordinary small graph, nesting costs nothing, and parallel regions can simply stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from traaviis_lab.machine.chart import Chart, StateNode

from .labels import Arrow

Key = tuple[Literal["state", "dot"], str]
Side = Literal["down", "up", "under"]


@dataclass(frozen=True, slots=True)
class Wire:
    """One line to be led: `source` and `target` keys, `home` box, boxes passed on both sides.

    `outward` are the boxes left, innermost first; `inward` those entered, innermost first.
    """

    number: int
    source: Key
    target: Key
    home: str
    outward: tuple[str, ...]
    inward: tuple[str, ...]
    arrow: int | None


@dataclass(slots=True)
class Inside:
    """What is inside one box: its items in order and the pieces of wires that run there.

    A piece is `(wire, from, to)`; None stands for the box's own border.
    """

    items: list[Key] = field(default_factory=list)
    pieces: list[tuple[int, Key | None, Key | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wiring:
    """All wires of a chart, which way each runs at home, and what is inside every box."""

    wires: tuple[Wire, ...]
    sides: tuple[Side, ...]
    insides: dict[str, Inside]


def wire_up(chart: Chart, arrows: Sequence[Arrow]) -> Wiring:
    """The wiring of a chart."""
    wires = tuple(_wires(chart, arrows))
    dotted = {wire.source[1] for wire in wires if wire.source[0] == "dot"}
    insides = {
        node.id: Inside(
            [*([_dot(node.id)] if node.id in dotted else []), *map(_state, node.children)]
        )
        for node in (chart.root, *chart.states.values())
        if node.children or not node.id
    }
    for wire in wires:
        _cut(wire, insides)
    homes: dict[str, list[Wire]] = {}
    for wire in wires:
        homes.setdefault(wire.home, []).append(wire)
    sides: dict[int, Side] = {}
    for home, there in homes.items():
        if is_row(chart, home):
            sides.update((wire.number, _row_side(wire)) for wire in there)
        else:
            sides.update(_directions(insides[home].items, there, home))
    return Wiring(wires, tuple(sides[wire.number] for wire in wires), insides)


def _row_side(wire: Wire) -> Side:
    """Between regions wires run below them; from an initial dot or the box itself they run down."""
    ends = ends_at_home(wire)
    return "down" if wire.source[0] == "dot" or ("state", wire.home) in ends else "under"


def is_row(chart: Chart, box: str) -> bool:
    """Whether the box holds parallel regions, side by side."""
    return (chart.states[box] if box else chart.root).kind == "parallel"


def _wires(chart: Chart, arrows: Sequence[Arrow]) -> Iterable[Wire]:
    ends: list[tuple[Key, Key, int | None]] = []
    for node in (chart.root, *chart.states.values()):
        if node.children and not (
            node.kind == "parallel" and set(node.initial) <= set(node.children)
        ):
            ends += [(("dot", node.id), ("state", one), None) for one in node.initial]
        if node.history and not _is_parent(chart, node):
            ends += [(("state", node.id), ("state", one), None) for one in node.default]
    for number, arrow in enumerate(arrows):
        ends += [
            (("state", arrow.source), ("state", target), number)
            for target in arrow.targets
            if arrow.source in chart.states
        ]
    for number, (source, target, which) in enumerate(ends):
        home, outward, inward = _way(chart, source, target)
        yield Wire(number, source, target, home, outward, inward, which)


def _is_parent(chart: Chart, node: StateNode) -> bool:
    """Whether a history's default is simply all regions of its parent: nothing worth a line."""
    parent = chart.states.get(node.parent or "", chart.root)
    return parent.kind == "parallel" and set(node.default) <= set(parent.children)


def _way(chart: Chart, source: Key, target: Key) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The home box of a line and the boxes it leaves and enters (not those it ends at)."""
    left, right = _around(chart, source), _around(chart, target)
    if source == target:
        return left[0], (), ()
    if source[0] == "state" and source[1] in right:
        home = source[1]
    elif target[1] in left:
        home = target[1]
    else:
        inside = set(left)
        home = next(box for box in right if box in inside)
    out = left[: left.index(home)] if home in left else ()
    return home, out, right[: right.index(home)] if home in right else ()


def _around(chart: Chart, key: Key) -> tuple[str, ...]:
    """The boxes a thing lies in, innermost first, the root ("") last."""
    kind, at = key
    boxes: list[str] = []
    if kind == "state":
        at = chart.states[at].parent or ""
    while at:
        boxes.append(at)
        at = chart.states[at].parent or ""
    return (*boxes, "")


def _dot(box: str) -> Key:
    return ("dot", box)


def _state(state: str) -> Key:
    return ("state", state)


def _cut(wire: Wire, insides: dict[str, Inside]) -> None:
    start: Key | None = wire.source
    for box in wire.outward:
        insides[box].pieces.append((wire.number, start, None))
        start = ("state", box)
    end: Key | None = wire.target
    for box in wire.inward:
        insides[box].pieces.append((wire.number, None, end))
        end = ("state", box)
    own: Key = ("state", wire.home)
    insides[wire.home].pieces.append(
        (wire.number, None if start == own else start, None if end == own else end)
    )


def ends_at_home(wire: Wire) -> tuple[Key, Key]:
    """The two things the wire joins inside its home box."""
    start = _state(wire.outward[-1]) if wire.outward else wire.source
    end = _state(wire.inward[-1]) if wire.inward else wire.target
    return start, end


def _directions(items: Sequence[Key], wires: Sequence[Wire], home: str) -> dict[int, Side]:
    """Down for every wire but those that would close a circle: these run up."""
    own: Key = ("state", home)
    ahead: dict[Key, list[Key]] = {item: [] for item in items}
    for wire in wires:
        start, end = ends_at_home(wire)
        if own not in (start, end) and start != end:
            ahead[start].append(end)
    place = _finished(items, ahead)
    sides: dict[int, Side] = {}
    for wire in wires:
        start, end = ends_at_home(wire)
        back = own not in (start, end) and start != end and place[end] < place[start]
        sides[wire.number] = "up" if back else "down"
    return sides


def _finished(items: Sequence[Key], ahead: dict[Key, list[Key]]) -> dict[Key, int]:
    """A topological order of the graph without the edges that lead back (depth first search)."""
    order: list[Key] = []
    seen: set[Key] = set()
    for root in items:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(ahead[root]))]
        while stack:
            item, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                order.append(item)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(ahead[following])))
    return {item: place for place, item in enumerate(reversed(order))}
