"""Lay a chart out: boxes from the inside to the outside, every box as a small graph of its own."""

from __future__ import annotations

from collections.abc import Sequence

from traaviis_lab.machine.chart import Chart

from .fragment import place_inside
from .labels import Arrow
from .measure import DOT, faces
from .picture import Box, Detail, Line, Path, Picture, Point, join, middle, move
from .plan import Plan
from .row import place_row
from .wires import Key, Wire, is_row, wire_up

MARGIN = 14.0


def route(chart: Chart, arrows: Sequence[Arrow], detail: Detail) -> Picture:
    """The picture with every arrow led around the boxes; `LayoutFailed` if that is too hard."""
    plan = Plan(chart, arrows, faces(chart, arrows, detail), wire_up(chart, arrows))
    for level in levels(chart):
        rows = [box for box in level if is_row(chart, box)]
        graphs = [box for box in level if not is_row(chart, box)]
        plan.placed.update({box: place_row(plan, box) for box in rows})
        plan.placed.update(zip(graphs, place_inside(plan, graphs), strict=True))
    corners: dict[str, Point] = {}
    boxes, dots = lay_boxes(plan, corners)
    root = plan.placed[""]
    width, height = root.width + 2 * MARGIN, root.height + 2 * MARGIN
    bottoms = {box.state: box.y + box.height for box in boxes}
    return Picture(width, height, boxes, _lines(plan, corners, bottoms), dots, detail, "routed")


def levels(chart: Chart) -> list[list[str]]:
    """Boxes by how deep their inside is nested; those of one level do not need each other."""
    height: dict[str, int] = {}
    for node in (*reversed(list(chart.states.values())), chart.root):
        height[node.id] = max((height[child] for child in node.children), default=-1) + 1
    found: list[list[str]] = [[] for _ in range(height[""] + 1)]
    for node in (chart.root, *chart.states.values()):
        if node.children or not node.id:
            found[height[node.id]].append(node.id)
    return found


def lay_boxes(plan: Plan, corners: dict[str, Point]) -> tuple[tuple[Box, ...], tuple[Point, ...]]:
    """All boxes from the outside in and all initial dots; notes in `corners` where boxes begin."""
    boxes: list[Box] = []
    dots: list[Point] = []

    def lay(box: str, x: float, y: float, depth: int) -> None:
        corners[box] = (x, y)
        placed = plan.placed[box]
        for item, (dx, dy) in placed.items.items():
            if item[0] == "dot":
                dots.append((x + dx + DOT / 2, y + dy + DOT / 2))
                continue
            size = placed.stretched.get(item, plan.size(item))
            side = placed.sides.get(item, "")
            boxes.append(_box(plan, item, (x + dx, y + dy), size, side, depth))
            if item[1] in plan.placed:
                lay(item[1], x + dx, y + dy, depth + 1)

    lay("", MARGIN, MARGIN, 0)
    return tuple(boxes), tuple(dots)


def _box(
    plan: Plan, item: Key, corner: Point, size: tuple[float, float], side: str, depth: int
) -> Box:
    face = plan.faces[item[1]]
    kind = plan.chart.states[item[1]].kind
    return Box(item[1], kind, *corner, *size, face.label, face.rows, side, depth)


def _lines(plan: Plan, corners: dict[str, Point], bottoms: dict[str, float]) -> tuple[Line, ...]:
    led: dict[int, list[Path]] = {}
    where: dict[int, Point] = {}
    lines: list[Line] = []
    for wire in plan.wiring.wires:
        path = _path(plan, wire, corners, bottoms)
        if wire.arrow is None:
            lines.append(Line(None, (path,)))
            continue
        led.setdefault(wire.arrow, []).append(path)
        label = plan.placed[wire.home].labels.get(wire.number)
        if plan.label(wire.number)[0]:
            x, y = corners[wire.home]
            where[wire.arrow] = (label[0] + x, label[1] + y) if label else middle(path)
    lines += [Line(plan.arrows[one], tuple(paths), where.get(one)) for one, paths in led.items()]
    return tuple(lines)


def _path(plan: Plan, wire: Wire, corners: dict[str, Point], bottoms: dict[str, float]) -> Path:
    boxes = (*wire.outward, wire.home, *reversed(wire.inward))
    pieces = [move(plan.placed[box].pieces[wire.number], *corners[box]) for box in boxes]
    if wire.target == ("state", wire.home) and wire.source != wire.target:
        # A region may be stretched below what it needs: the arrow ends at its real border.
        pieces.append(((pieces[-1][-1][0], bottoms[wire.home]),))
    return join(pieces)
