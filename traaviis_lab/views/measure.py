"""How large a state's box must be for its texts, before anything is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from traaviis_lab.machine.chart import Chart, StateNode

from .labels import Arrow, inner_lines, long_label, name
from .picture import Detail, Row
from .text import pixels, shorten

NAME_SIZE = 13.0
ROW_SIZE = 11.0
LABEL_SIZE = 11.0
ROW_HEIGHT = 16.0
LABEL_HEIGHT = 15.0
TITLE_HEIGHT = 30.0
LEAF_HEIGHT = 38.0
DOT = 12.0
HISTORY = 28.0
PAD = 16.0
LONGEST_NAME = 30
LONGEST_ROW = 42


@dataclass(frozen=True, slots=True)
class Face:
    """What is written in a state's box, and the room it needs (`head`: above what is inside)."""

    label: str
    rows: tuple[Row, ...]
    width: float
    height: float
    head: float


def faces(chart: Chart, arrows: Sequence[Arrow], detail: Detail) -> dict[str, Face]:
    """The face of every state."""
    staying: dict[str, list[Row]] = {}
    for arrow in arrows:
        if not arrow.targets:
            text = f"⟲ {len(arrow.transitions)}"
            if detail != "bare":
                text = shorten(long_label(chart, arrow.transitions[0]), LONGEST_ROW)
            row = Row(text, arrow.full, arrow)
            staying.setdefault(arrow.source, []).append(row)
    return {
        node.id: _face(chart, node, staying.get(node.id, []), detail)
        for node in chart.states.values()
    }


def _face(chart: Chart, node: StateNode, staying: list[Row], detail: Detail) -> Face:
    label = shorten(name(chart, node.id), LONGEST_NAME)
    if node.kind == "history":
        return Face("H*" if node.history == "deep" else "H", (), HISTORY, HISTORY, HISTORY)
    own = [Row(*line) for line in inner_lines(node)] if detail == "full" else []
    rows = (*own, *staying)
    written = [pixels(row.text, ROW_SIZE) + 20 for row in rows]
    icon = 20 if node.kind == "final" else 0
    width = max(72.0, pixels(label, NAME_SIZE) * 1.06 + 28 + icon, *written, 0)
    extra = len(rows) * ROW_HEIGHT + (8 if rows else 0)
    head = TITLE_HEIGHT + extra
    return Face(label, rows, round(width), LEAF_HEIGHT + extra, head)


def label_size(arrow: Arrow | None) -> tuple[float, float]:
    """Width and height an arrow's label needs; (0, 0) for none."""
    if arrow is None or not arrow.lines:
        return (0.0, 0.0)
    width = max(pixels(line, LABEL_SIZE) for line in arrow.lines)
    return (round(width) + 12, len(arrow.lines) * LABEL_HEIGHT + 2)
