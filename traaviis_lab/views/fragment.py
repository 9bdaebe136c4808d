"""Lay out the inside of boxes with graphviz, many boxes in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traaviis_lab.errors import LayoutFailed

from .layout import lay_out
from .measure import PAD
from .picture import Path, Point, join
from .plan import Placed, Plan, Port
from .wires import Key

_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
_TRIES = (("spline", True), ("polyline", True), ("polyline", False), ("line", False))
"""How arrows are led and whether labels take part, from the finest to what never fails."""


def place_inside(plan: Plan, boxes: Sequence[str]) -> list[Placed]:
    """The boxes with their insides placed. Raises `LayoutFailed` if nothing works."""
    failure = LayoutFailed("Nothing to lay out.")
    if len(boxes) > 1:
        try:
            return _attempt(plan, boxes, *_TRIES[0])
        except LayoutFailed:  # one of them is too hard; the others need not look worse for it
            return [placed for box in boxes for placed in place_inside(plan, [box])]
    for splines, labelled in _TRIES:
        try:
            return _attempt(plan, boxes, splines, labelled)
        except LayoutFailed as error:
            failure = error
    raise failure


def _attempt(plan: Plan, boxes: Sequence[str], splines: str, labelled: bool) -> list[Placed]:
    answers = lay_out([_graph(plan, box, splines, labelled) for box in boxes])
    return [_read(plan, box, found) for box, found in zip(boxes, answers, strict=True)]


def _graph(plan: Plan, box: str, splines: str, labelled: bool) -> str:
    inside = plan.wiring.insides[box]
    numbers = {item: number for number, item in enumerate(inside.items)}
    lines = [
        f"digraph {{graph [nodesep=0.36 ranksep=0.42 splines={splines}]",
        'node [shape=box fixedsize=true label=""]; edge [dir=none]',
    ]
    lines += [f"n{numbers[item]} [{_node(plan, item)}]" for item in inside.items]
    tops: list[str] = []
    bottoms: list[str] = []
    edges: list[str] = []
    for wire, start, end in inside.pieces:
        if start is None or end is None:
            top = plan.enters_at_top(wire) if start is None else plan.leaves_at_top(wire)
            (tops if top else bottoms).append(f"p{wire} [width=0.14 height=0.01]")
        edges.append(_edge(plan, (wire, start, end), numbers, labelled, box))
    if tops:
        lines.append("{rank=source; " + "; ".join(tops) + "}")
    if bottoms:
        lines.append("{rank=sink; " + "; ".join(bottoms) + "}")
    return "\n".join([*lines, *edges, "}"])


def _node(plan: Plan, item: Key) -> str:
    width, height = plan.size(item)
    done = plan.placed.get(item[1]) if item[0] == "state" else None
    if done is None or not done.ports:
        return f"width={width / 72:.4f} height={height / 72:.4f}"
    middle = f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height - 2:.0f}"></TD></TR>'
    table = _TABLE + _cells(done, True) + middle + _cells(done, False) + "</TABLE>"
    return f"shape=plain fixedsize=false width=0 height=0 margin=0 label=<{table}>"


def _cells(done: Placed, top: bool) -> str:
    """One row of a box's table: a narrow cell for every port on that side, gaps between."""
    at, cells = 0, ""
    for x, wire in sorted((port.x, wire) for wire, port in done.ports.items() if port.top is top):
        gap = max(0, round(x) - 1 - at)
        if gap:
            cells += f'<TD FIXEDSIZE="TRUE" WIDTH="{gap}" HEIGHT="1"></TD>'
        cells += f'<TD PORT="w{wire}" FIXEDSIZE="TRUE" WIDTH="2" HEIGHT="1"></TD>'
        at += gap + 2
    rest = max(1, round(done.width) - at)
    cells += f'<TD FIXEDSIZE="TRUE" WIDTH="{rest}" HEIGHT="1"></TD>'
    return f"<TR><TD>{_TABLE}<TR>{cells}</TR></TABLE></TD></TR>"


def _edge(
    plan: Plan,
    piece: tuple[int, Key | None, Key | None],
    numbers: dict[Key, int],
    labelled: bool,
    box: str,
) -> str:
    wire, start, end = piece
    ends = [_end(plan, wire, start, numbers), _end(plan, wire, end, numbers)]
    if _runs_up(plan, wire, start, end):
        ends.reverse()
    for place, side in ((0, "s"), (1, "n")):  # borders are crossed at a right angle
        if ends[place].startswith("p"):
            ends[place] += f":{side}"
    look = f"id={wire}"
    width, height = plan.label(wire) if plan.wiring.wires[wire].home == box else (0, 0)
    if labelled and width:
        cell = f'<TR><TD FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"></TD></TR>'
        look += f" label=<{_TABLE}{cell}</TABLE>>"
    if plan.wiring.wires[wire].source[0] == "dot":
        look += " weight=4"
    return f"{ends[0]} -> {ends[1]} [{look}]"


def _end(plan: Plan, wire: int, item: Key | None, numbers: dict[Key, int]) -> str:
    if item is None:
        return f"p{wire}"
    port = plan.port(item, wire)
    if port is None:
        return f"n{numbers[item]}"
    return f"n{numbers[item]}:w{wire}:{'n' if port.top else 's'}"


def _runs_up(plan: Plan, wire: int, start: Key | None, end: Key | None) -> bool:
    """Whether graphviz gets the piece the other way round, because it leads up in the picture."""
    if start is None:
        return not plan.enters_at_top(wire)
    if end is None:
        return plan.leaves_at_top(wire)
    return plan.wiring.sides[wire] == "up" and start != end


def _read(plan: Plan, box: str, found: dict[str, Any]) -> Placed:
    inside = plan.wiring.insides[box]
    left, _, right, top = (float(number) for number in found["bb"].split(","))
    face = plan.faces.get(box)
    pad = PAD if face else 0.0
    inner, head = right - left, plan.head(box)
    width = round(max(inner + 2 * pad, face.width if face else 0.0))
    dx, flip = (width - inner) / 2 - left, top + head
    placed = Placed(width, round(top + head + pad), {})
    nodes = {node["name"]: node for node in found.get("objects", ()) if "pos" in node}
    for number, item in enumerate(inside.items):
        x, y = _point(nodes[f"n{number}"]["pos"])
        w, h = plan.size(item)
        placed.items[item] = (x + dx - w / 2, flip - y - h / 2)
    edges = {int(edge["id"]): edge for edge in found.get("edges", ())}
    for wire, start, end in inside.pieces:
        edge = edges[wire]
        if "pos" not in edge:
            raise LayoutFailed("The layout program lost an arrow.")
        path = tuple((x + dx, flip - y) for x, y in _points(edge["pos"]))
        if _runs_up(plan, wire, start, end):
            path = path[::-1]
        if start is None or end is None:
            x = _point(nodes[f"p{wire}"]["pos"])[0] + dx
            over = plan.enters_at_top(wire) if start is None else plan.leaves_at_top(wire)
            placed.ports[wire] = Port(x, over)
            border = (x, 0.0 if over else placed.height)
            path = join([(border,), path] if start is None else [path, (border,)])
        placed.pieces[wire] = path
        if "lp" in edge:
            x, y = _point(edge["lp"])
            placed.labels[wire] = (x + dx, flip - y)
    return placed


def _point(text: str) -> Point:
    x, _, y = text.partition(",")
    return float(x), float(y)


def _points(text: str) -> Path:
    return tuple(_point(pair) for pair in text.split(";", maxsplit=1)[0].split())
