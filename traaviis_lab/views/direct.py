"""Lay out charts too large for led arrows: near boxes side by side, arrows as plain curves."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from math import hypot, sqrt

from traaviis_lab.machine.chart import Chart

from .labels import Arrow
from .measure import DOT, PAD, faces
from .picture import Detail, Line, Path, Picture, Point, middle
from .place import MARGIN, lay_boxes, levels
from .plan import Placed, Plan
from .row import place_row
from .wires import Key, Wire, ends_at_home, is_row, wire_up

_GAP_X, _GAP_Y = 34.0, 42.0
_SHAPE = 1.7
"""A box's inside grows about this much wider than high."""

_Rect = tuple[float, float, float, float]


def direct(chart: Chart, arrows: Sequence[Arrow], detail: Detail) -> Picture:
    """The picture with arrows drawn straight over everything; needs no other program."""
    plan = Plan(chart, arrows, faces(chart, arrows, detail), wire_up(chart, arrows))
    homes: dict[str, list[Wire]] = {}
    for wire in plan.wiring.wires:
        homes.setdefault(wire.home, []).append(wire)
    for box in (box for level in levels(chart) for box in level):
        row = is_row(chart, box)
        there = homes.get(box, [])
        plan.placed[box] = place_row(plan, box, led=False) if row else _place(plan, box, there)
    corners: dict[str, Point] = {}
    boxes, dots = lay_boxes(plan, corners)
    rects = {box.state: (box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes}
    root = plan.placed[""]
    size = (root.width + 2 * MARGIN, root.height + 2 * MARGIN)
    lines = tuple(_lines(plan, rects, corners))
    return Picture(*size, boxes, lines, dots, detail, "direct")


def _place(plan: Plan, box: str, wires: Sequence[Wire]) -> Placed:
    """The items in rows, what follows each other near each other."""
    face = plan.faces.get(box)
    pad, head = (PAD if face else 0.0), plan.head(box)
    order = _near(plan.wiring.insides[box].items, wires)
    sizes = {item: plan.size(item) for item in order}
    area = sum((width + _GAP_X) * (height + _GAP_Y) for width, height in sizes.values())
    wide = max(sqrt(area * _SHAPE), *(width for width, _ in sizes.values()), 1.0)
    placed = Placed(face.width if face else 0.0, 0.0, {})
    x, y, tall = pad, head, 0.0
    for item in order:
        width, height = sizes[item]
        if x > pad and x + width > wide + pad:
            x, y, tall = pad, y + tall + _GAP_Y, 0.0
        placed.items[item] = (x, y)
        x, tall = x + width + _GAP_X, max(tall, height)
        placed.width = max(placed.width, x - _GAP_X + pad)
    placed.height = y + tall + pad
    return placed


def _near(items: Sequence[Key], wires: Sequence[Wire]) -> list[Key]:
    """The items in the order in which they are reached from the first one (breadth first)."""
    ahead: dict[Key, list[Key]] = {item: [] for item in items}
    for wire in wires:
        start, end = ends_at_home(wire)
        if start in ahead and end in ahead:
            ahead[start].append(end)
    order: dict[Key, None] = {}
    for first in items:
        queue = deque([first])
        while queue:
            item = queue.popleft()
            if item not in order:
                order[item] = None
                queue.extend(ahead[item])
    return list(order)


def _lines(plan: Plan, rects: dict[str, _Rect], corners: dict[str, Point]) -> Iterator[Line]:
    led: dict[int, list[Path]] = {}
    for wire in plan.wiring.wires:
        end = rects[wire.target[1]]
        if wire.source[0] == "dot":
            box = wire.source[1]
            dx, dy = plan.placed[box].items[wire.source]
            x, y = corners[box][0] + dx, corners[box][1] + dy
            start: _Rect = (x, y, x + DOT, y + DOT)
        else:
            start = rects[wire.source[1]]
        path = curve(start, end)
        if wire.arrow is None:
            yield Line(None, (path,))
        else:
            led.setdefault(wire.arrow, []).append(path)
    for number, paths in led.items():
        arrow = plan.arrows[number]
        yield Line(arrow, tuple(paths), middle(paths[0]) if arrow.lines else None)


def curve(start: _Rect, end: _Rect) -> Path:
    """A slightly bent line from one rectangle's border to another's; there and back differ."""
    if start == end:
        x, y = start[2] - 14, start[1]
        return ((x - 12, y), (x - 14, y - 22), (x + 14, y - 22), (x + 4, y))
    if _holds(start, end) or _holds(end, start):
        return _inwards(start, end)
    (ax, ay), (bx, by) = _middle(start), _middle(end)
    far = hypot(bx - ax, by - ay) or 1.0
    bend = min(40.0, 6 + far * 0.1) / far
    via = ((ax + bx) / 2 - (by - ay) * bend, (ay + by) / 2 + (bx - ax) * bend)
    a, b = _border(start, via), _border(end, via)
    first = (a[0] + (via[0] - a[0]) * 2 / 3, a[1] + (via[1] - a[1]) * 2 / 3)
    return (a, first, (b[0] + (via[0] - b[0]) * 2 / 3, b[1] + (via[1] - b[1]) * 2 / 3), b)


def _inwards(start: _Rect, end: _Rect) -> Path:
    """Between a box and one inside it: from border to border on the left side."""
    inner, outer = (end, start) if _holds(start, end) else (start, end)
    y = (inner[1] + inner[3]) / 2 + (5 if inner is start else -5)
    near, far = (inner[0], y), (outer[0], y + (12 if inner is start else -12))
    path: Path = (far, (far[0] + 8, y), (near[0] - 8, y), near)
    return path[::-1] if inner is start else path


def _holds(outer: _Rect, inner: _Rect) -> bool:
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and outer[2] >= inner[2]
        and (outer[3] >= inner[3])
    )


def _middle(rect: _Rect) -> Point:
    return ((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2)


def _border(rect: _Rect, towards: Point) -> Point:
    """Where the line from the rectangle's middle to a point leaves it."""
    x, y = _middle(rect)
    dx, dy = towards[0] - x, towards[1] - y
    if not dx and not dy:
        return (x, rect[3])
    share = min(
        (rect[2] - rect[0]) / 2 / abs(dx) if dx else 1e9,
        (rect[3] - rect[1]) / 2 / abs(dy) if dy else 1e9,
    )
    return (x + dx * share, y + dy * share)
