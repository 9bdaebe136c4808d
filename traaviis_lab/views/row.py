"""Stand parallel regions side by side."""

from __future__ import annotations

from .measure import DOT, PAD
from .picture import Path, Point, straight
from .plan import Placed, Plan, Port
from .wires import Key

_SLOT = 20.0
_GAP = 12.0


def place_row(plan: Plan, box: str, *, led: bool = True) -> Placed:
    """A parallel state with its regions in a row, all of one height, in document order.

    `led`: the wires there are led too, not only the boxes placed.
    """
    inside = plan.wiring.insides[box]
    states = [item for item in inside.items if item[0] == "state"]
    regions = [item for item in states if plan.chart.states[item[1]].kind != "history"]
    dots = [item for item in inside.items if item[0] == "dot"]
    head = plan.head(box) + (DOT + 14 if dots else 0)
    tall = max((plan.size(item)[1] for item in states), default=0.0)
    under = _slots(plan, box) if led else {}
    placed = Placed(0.0, head + tall + sum(under.values()) + (10 if under else 0), {})
    columns = _columns(plan, box, regions, tall)
    x = _stand(plan, box, placed, columns, (head, head + tall))
    for item in (item for item in states if item not in regions):
        placed.items[item] = (x + PAD, head + PAD)
        x += plan.size(item)[0] + 2 * PAD
    for dot in dots:
        placed.items[dot] = (PAD, head - DOT - 7)
    placed.width = round(max(x, plan.faces[box].width if box else 0.0))
    if under:
        placed.sides.update({item: f"{side} over" for item, side in placed.sides.items() if box})
    if led:
        _lead(plan, box, placed, under)
    return placed


def _stand(
    plan: Plan, box: str, placed: Placed, columns: list[list[Key]], span: tuple[float, float]
) -> float:
    """Put the regions in their columns, from `span`'s top to its bottom; answers the width."""
    x, gap = 0.0, 0.0 if box else _GAP
    for number, column in enumerate(columns):
        width, y = max(plan.size(item)[0] for item in column), span[0]
        for item in column:
            height = span[1] - y if item == column[-1] else plan.size(item)[1]
            placed.items[item] = (x, y)
            placed.stretched[item] = (width, height)
            side = ("next" if number else "first") + (" below" if y > span[0] else "")
            placed.sides[item] = side if box else "own"
            y += height + gap
        x += width + gap
    return x - gap


def _columns(plan: Plan, box: str, regions: list[Key], tall: float) -> list[list[Key]]:
    """Regions in columns: one each, but small ones that no arrow enters or leaves share one."""
    busy = {end for _, *ends in plan.wiring.insides[box].pieces for end in ends}
    columns: list[list[Key]] = []
    used, open_column = 0.0, False
    gap = 0.0 if box else _GAP
    for item in regions:
        height = plan.size(item)[1]
        alone = item in busy or item[1] not in plan.placed
        if open_column and not alone and used + height + gap <= tall:
            columns[-1].append(item)
            used += height + gap
        else:
            columns.append([item])
            used, open_column = height, not alone
    return columns


def _slots(plan: Plan, box: str) -> dict[int, float]:
    """The room below the regions for each wire that leads from one of them to another."""
    slots = {}
    for wire, start, end in plan.wiring.insides[box].pieces:
        if start is not None and end is not None and start[0] == "state":
            slots[wire] = _SLOT + plan.label(wire)[1]
    return slots


def _lead(plan: Plan, box: str, placed: Placed, under: dict[int, float]) -> None:
    depth = 0.0
    for wire, start, end in plan.wiring.insides[box].pieces:
        if wire in under and start is not None and end is not None:
            a, b = _foot(plan, placed, start, wire), _foot(plan, placed, end, wire)
            if start == end:
                a, b = (a[0] - 16, a[1]), (b[0] + 16, b[1])
            low = max(a[1], b[1]) + depth + _SLOT
            placed.pieces[wire] = _bow(a, b, low)
            placed.labels[wire] = ((a[0] + b[0]) / 2, low + plan.label(wire)[1] / 2 + 2)
            depth += under[wire]
        elif start is not None and start[0] == "dot" and end is not None:
            placed.pieces[wire] = _from_dot(plan, placed, start, end, wire)
        else:
            _through(plan, placed, wire, start, end)


def _through(plan: Plan, placed: Placed, wire: int, start: Key | None, end: Key | None) -> None:
    """A wire that crosses the parallel state's own border: straight up or down from its region."""
    item = end if start is None else start
    if item is None:  # from the parallel state to itself: its own box shows that, not its inside
        return
    top = plan.enters_at_top(wire) if start is None else plan.leaves_at_top(wire)
    x, y = _top(plan, placed, item, wire) if top else _foot(plan, placed, item, wire)
    border = (x, 0.0 if top else placed.height)
    placed.ports[wire] = Port(x, top)
    placed.pieces[wire] = straight(border, (x, y)) if start is None else straight((x, y), border)


def _from_dot(plan: Plan, placed: Placed, dot: Key, end: Key, wire: int) -> Path:
    x, y = placed.items[dot]
    start = (x + DOT, y + DOT / 2)
    over = _top(plan, placed, end, wire)
    return (start, (max(start[0], over[0] - 8), start[1]), (over[0], start[1]), over)


def _across(plan: Plan, placed: Placed, item: Key, wire: int) -> float:
    port = plan.port(item, wire)
    width = placed.stretched.get(item, plan.size(item))[0]
    return placed.items[item][0] + (port.x if port else width / 2)


def _top(plan: Plan, placed: Placed, item: Key, wire: int) -> Point:
    return (_across(plan, placed, item, wire), placed.items[item][1])


def _foot(plan: Plan, placed: Placed, item: Key, wire: int) -> Point:
    height = placed.stretched.get(item, plan.size(item))[1]
    return (_across(plan, placed, item, wire), placed.items[item][1] + height)


def _bow(start: Point, end: Point, low: float) -> Path:
    """A line that hangs down between two points."""
    deep = max(start[1], end[1]) + (low - max(start[1], end[1])) * 4 / 3
    return (start, (start[0], deep), (end[0], deep), end)
