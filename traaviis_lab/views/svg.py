"""Draw a chart as SVG whose parts carry their ids, so that a live run only switches classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import hypot
from typing import Literal

from traaviis_lab.machine.chart import Chart, StateNode

from .assets import asset
from .draw import picture
from .labels import Arrow, describe, name
from .legend import place_legend
from .measure import LABEL_HEIGHT, LABEL_SIZE, ROW_HEIGHT, TITLE_HEIGHT, label_size
from .picture import Box, Detail, Line, Path, Picture, Row
from .text import one_line, token, xml

Theme = Literal["auto", "light", "dark"]

_HEAD = 9.0


@dataclass(frozen=True, slots=True, init=False)
class Marks:
    """What a picture shows of a run: state ids, and transition ids (`"closed#0"`).

    `left`, `right` and `both` hold the states and transitions of two runs that are compared.
    """

    active: frozenset[str]
    visited: frozenset[str]
    taken: frozenset[str]
    enabled: frozenset[str]
    disabled: frozenset[str]
    left: frozenset[str]
    right: frozenset[str]
    both: frozenset[str]

    def __init__(
        self,
        active: Iterable[str] = (),
        visited: Iterable[str] = (),
        taken: Iterable[str] = (),
        enabled: Iterable[str] = (),
        disabled: Iterable[str] = (),
        left: Iterable[str] = (),
        right: Iterable[str] = (),
        both: Iterable[str] = (),
    ) -> None:
        object.__setattr__(self, "active", frozenset(active))
        object.__setattr__(self, "visited", frozenset(visited))
        object.__setattr__(self, "taken", frozenset(taken))
        object.__setattr__(self, "enabled", frozenset(enabled))
        object.__setattr__(self, "disabled", frozenset(disabled))
        object.__setattr__(self, "left", frozenset(left))
        object.__setattr__(self, "right", frozenset(right))
        object.__setattr__(self, "both", frozenset(both))

    @property
    def compares(self) -> bool:
        """Whether it shows two runs."""
        return bool(self.left or self.right or self.both)

    def sides(self, ids: Iterable[str]) -> list[tuple[str, bool]]:
        """In which of two runs these are, as the words of classes."""
        mine = frozenset(ids)
        left, right = bool(mine & self.left), bool(mine & self.right)
        both = bool(mine & self.both) or (left and right)
        return [("left", left and not both), ("right", right and not both), ("both", both)]


def style_css() -> str:
    """The style sheet of diagrams; colours are CSS variables, `.tl-*` classes are switched live."""
    return asset("diagram.css")


def to_svg(
    chart: Chart,
    marks: Marks | None = None,
    *,
    theme: Theme = "auto",
    standalone: bool = True,
    detail: Detail | Literal["auto"] = "auto",
    sides: tuple[str, str] = ("left", "right"),
) -> str:
    """The chart as one SVG element.

    `standalone` brings the style sheet and a background along; without it the page must hold
    `style_css()`. `theme` "auto" follows the page, JupyterLab or the system. `detail` as in
    `labels.arrows`; "auto" leaves out labels where there are too many to read. Where the marks
    compare two runs, `sides` names them in a legend.

    Raises `NotInstalled` where graphviz is missing.
    """
    drawn = picture(chart, detail)
    marks = marks or Marks()
    words = [f"tl-diagram tl-{drawn.detail} tl-{drawn.way}"]
    if theme != "auto":
        words.append(f"tl-{theme}")
    title = f"State diagram of {one_line(chart.name)}"
    width, height = drawn.width, drawn.height
    legend = place_legend(sides, height) if marks.compares else None
    if legend is not None:
        words.append("tl-compare")
        width, height = max(width, legend.width), height + legend.height
    size = f'width="{width:.0f}" height="{height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{" ".join(words)}" role="img" {size} '
        f'viewBox="0 0 {width:.0f} {height:.0f}" aria-label="{xml(title)}" '
        f'data-chart="{xml(chart.hash)}">',
        f"<title>{xml(title)}</title><desc>{xml(_summary(chart, marks))}</desc>",
    ]
    if standalone:
        parts.append(f"<style>{style_css()}</style>")
        parts.append('<rect class="tl-paper" width="100%" height="100%" rx="8"/>')
    parts.extend(_content(chart, drawn, marks))
    if legend is not None:
        parts.append(legend.svg)
    parts.append("</svg>")
    return "\n".join(parts)


def _summary(chart: Chart, marks: Marks) -> str:
    text = f"{len(chart.states)} states, {len(chart.transitions)} transitions."
    here = [name(chart, one) for one in chart.states if one in marks.active]
    return text + (f" Active: {', '.join(here)}." if here else "")


def _content(chart: Chart, drawn: Picture, marks: Marks) -> Iterator[str]:
    leaves = []
    for box in drawn.boxes:
        node = chart.states[box.state]
        if node.children or box.side:
            yield _state(node, box, marks)
        else:
            leaves.append(_state(node, box, marks))
    for line in drawn.lines:
        if line.arrow is None:
            yield from (_plain_line(path) for path in line.paths)
        else:
            yield _transition(line, line.arrow, marks)
    yield from (
        f'<circle class="tl-dot" cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>' for x, y in drawn.dots
    )
    yield from leaves


def _flags(what: Iterable[tuple[str, bool]]) -> str:
    return "".join(f" tl-{word}" for word, on in what if on)


def _state(node: StateNode, box: Box, marks: Marks) -> str:
    nested = bool(node.children) or bool(box.side)
    kinds = f"tl-state tl-{box.kind} " + ("tl-compound" if nested else "tl-leaf")
    kinds += _flags(
        [
            ("region", bool(box.side)),
            ("own", box.side == "own"),
            ("active", node.id in marks.active),
            ("visited", node.id in marks.visited),
            *marks.sides((node.id,)),
        ]
    )
    body = "".join((_history if box.kind == "history" else _frame)(box, nested))
    rows = "".join(_row(box, number, row, marks, nested) for number, row in enumerate(box.rows))
    return (
        f'<g class="{kinds}" data-state="{xml(node.id)}" aria-label="{xml(box.label)}">'
        f"<title>{xml(describe(node))}</title>{body}{rows}</g>"
    )


def _history(box: Box, nested: bool) -> Iterator[str]:
    x, y = box.x + box.width / 2, box.y + box.height / 2
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{box.width / 2:.1f}"/>'
    yield f'<text class="tl-name" x="{x:.1f}" y="{y + 4.5:.1f}">{box.label}</text>'


def _frame(box: Box, nested: bool) -> Iterator[str]:
    x, y, width, height = box.x, box.y, box.width, box.height
    radius = 10 if nested else 9
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}"/>'
    )
    if "next" in box.side:
        yield f'<path class="tl-divider" d="M{x:.1f} {y + 1:.1f}V{y + height - 1:.1f}"/>'
    if "over" in box.side:
        low = y + height
        yield f'<path class="tl-divider" d="M{x + 1:.1f} {low:.1f}H{x + width - 1:.1f}"/>'
    if "below" in box.side:
        yield f'<path class="tl-divider" d="M{x + 1:.1f} {y:.1f}H{x + width - 1:.1f}"/>'
    if nested:
        yield f'<text class="tl-name" x="{x + 14:.1f}" y="{y + 20:.1f}">{xml(box.label)}</text>'
    else:
        yield from _leaf_name(box)
    if box.rows:
        line = y + (TITLE_HEIGHT - 1 if nested else 33)
        yield f'<path class="tl-rule" d="M{x + 8:.1f} {line:.1f}H{x + width - 8:.1f}"/>'


def _leaf_name(box: Box) -> Iterator[str]:
    at = box.x + (31 if box.kind == "final" else box.width / 2)
    if box.kind == "final":
        left = box.x + 18
        for part, radius in (("ring", 7), ("core", 3.8)):
            yield f'<circle class="tl-{part}" cx="{left:.1f}" cy="{box.y + 19:.1f}" r="{radius}"/>'
    yield f'<text class="tl-name" x="{at:.1f}" y="{box.y + 23.5:.1f}">{xml(box.label)}</text>'


def _row(box: Box, number: int, row: Row, marks: Marks, nested: bool) -> str:
    y = box.y + TITLE_HEIGHT + 17 + number * ROW_HEIGHT
    if row.arrow is None:
        return (
            f'<text class="tl-row" x="{box.x + 10:.1f}" y="{y:.1f}">{xml(row.text)}'
            f"<title>{xml(row.full)}</title></text>"
        )
    inside = " tl-inner" + _flags([("inside-active", box.state in marks.active and not nested)])
    text = f'<text x="{box.x + 10:.1f}" y="{y:.1f}">{xml(row.text)}</text>'
    return _group(row.arrow, marks, text, inside)


def _group(arrow: Arrow, marks: Marks, body: str, more: str = "") -> str:
    ids = frozenset(arrow.ids)
    words = "tl-transition" + more
    words += _flags(
        [
            ("taken", bool(ids & marks.taken)),
            ("enabled", bool(ids & marks.enabled)),
            ("disabled", bool(ids) and ids <= marks.disabled),
            *marks.sides(ids),
        ]
    )
    one = f'data-transition="{xml(arrow.ids[0])}" ' if len(arrow.ids) == 1 else ""
    names, ends = (xml(" ".join(map(token, some))) for some in (arrow.ids, arrow.targets))
    return (
        f'<g class="{words}" {one}data-transitions="{names}" '
        f'data-source="{xml(arrow.source)}" data-target="{ends}">'
        f"<title>{xml(arrow.full[:4000])}</title>{body}</g>"
    )


def _transition(line: Line, arrow: Arrow, marks: Marks) -> str:
    ways = [_shape(path) for path in line.paths]
    body = "".join(
        f'<path class="tl-grip" d="{way}"/><path d="{way}"/><path class="tl-head" d="{head}"/>'
        for way, head in ways
    )
    if line.label_at is not None:
        x, y = line.label_at
        x += 5 - label_size(arrow)[0] / 2
        first = y - (len(arrow.lines) - 1) * LABEL_HEIGHT / 2 + LABEL_SIZE * 0.36
        body += "".join(
            f'<text x="{x:.1f}" y="{first + number * LABEL_HEIGHT:.1f}">{xml(text)}</text>'
            for number, text in enumerate(arrow.lines)
        )
    return _group(arrow, marks, body)


def _plain_line(path: Path) -> str:
    way, head = _shape(path)
    return f'<path class="tl-initial" d="{way}"/><path class="tl-head" d="{head}"/>'


def _shape(path: Path) -> tuple[str, str]:
    """The line, ending a little before its tip, and the arrow head over its end."""
    tip = path[-1]
    before = next((p for p in reversed(path[:-1]) if hypot(p[0] - tip[0], p[1] - tip[1]) > 2), None)
    before = before or (tip[0], tip[1] - 1)
    length = hypot(tip[0] - before[0], tip[1] - before[1])
    ux, uy = (tip[0] - before[0]) / length, (tip[1] - before[1]) / length
    back = (tip[0] - ux * _HEAD, tip[1] - uy * _HEAD)
    end = (tip[0] - ux * _HEAD * 0.7, tip[1] - uy * _HEAD * 0.7)
    points = [*path[:-1], end]
    curves = " ".join(f"{x:.1f} {y:.1f}" for x, y in points[1:])
    wing = _HEAD * 0.42
    head = (
        f"M{tip[0]:.1f} {tip[1]:.1f}L{back[0] - uy * wing:.1f} {back[1] + ux * wing:.1f} "
        f"{back[0] + uy * wing:.1f} {back[1] - ux * wing:.1f}z"
    )
    return f"M{points[0][0]:.1f} {points[0][1]:.1f}C{curves}", head
