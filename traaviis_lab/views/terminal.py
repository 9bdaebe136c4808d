"""Draw a chart in the terminal: boxes in boxes, and every state's arrows as lines of text."""

from __future__ import annotations

from traaviis_lab.machine.chart import Chart, StateNode, Transition

from .labels import inner_lines, long_label, name
from .strip import ASCII, Block, Span, beside, frame, paint, stack, wide
from .svg import Marks
from .text import columns, one_line, shorten

_COMPACT = 60
"""Charts with more states than this are drawn without a box around each leaf."""
_LEAST = 44
_SLIM = 24


def to_text(
    chart: Chart,
    marks: Marks | None = None,
    *,
    width: int = 96,
    color: bool = False,
    ascii: bool = False,
) -> str:
    """The chart for a terminal of `width` columns (at least 44).

    Active states have heavy borders and a `●`, the transition just taken is a double line, so
    that nothing depends on colour. `color` adds ANSI codes (`rich.text.Text.from_ansi` reads
    them); `ascii` uses plain signs only.
    """
    artist = _Artist(chart, marks or Marks(), max(_LEAST, width))
    blocks = artist.children(chart.root, artist.width - 4)
    title = f"{one_line(chart.name)} {one_line(chart.version)}".strip()
    lines = frame(blocks, [Span(shorten(title, artist.width - 8), "title")], "", artist.width)
    text = "\n".join(paint(line, color).rstrip() for line in lines)
    return text.translate(ASCII) if ascii else text


class _Artist:
    """Draws the states of one chart."""

    def __init__(self, chart: Chart, marks: Marks, width: int) -> None:
        self.chart = chart
        self.marks = marks
        self.width = width
        self.compact = len(chart.states) > _COMPACT
        self.starts = {one for node in (chart.root, *chart.states.values()) for one in node.initial}

    def children(self, node: StateNode, width: int) -> Block:
        """What is in a state, one below the other; parallel regions side by side if they fit."""
        inner = [self.chart.states[child] for child in node.children]
        if node.kind != "parallel" or len(inner) < 2:
            return stack([self.state(one, width) for one in inner])
        gaps = 3 * (len(inner) - 1)
        needs = [wide(self.region(one, width)) for one in inner]
        shares = _shares(needs, width - gaps)
        if all(share >= min(need, _SLIM) for share, need in zip(shares, needs, strict=True)):
            blocks = [self.region(one, share) for one, share in zip(inner, shares, strict=True)]
            if sum(map(wide, blocks)) + gaps <= width:
                return beside(blocks)
        return stack([self.region(one, width) for one in inner], rule=min(width, 60))

    def region(self, node: StateNode, width: int) -> Block:
        """A parallel region: no box of its own."""
        if not node.children:
            return self.state(node, width)
        sign = "● " if node.id in self.marks.active else "○ "
        head = [Span(sign + shorten(name(self.chart, node.id), width - 2), self._style(node))]
        return [head, *self._arrows(node, width), *self.children(node, width)]

    def state(self, node: StateNode, width: int) -> Block:
        """A state with everything in it and its arrows."""
        if node.children:
            return self._nest(node, width)
        return self._compact(node, width) if self.compact else self._leaf(node, width)

    def _nest(self, node: StateNode, width: int) -> Block:
        lines = [*self._arrows(node, width - 6), *self.children(node, width - 6)]
        mark = self._lead(node)
        title = [Span(f"{mark}{shorten(name(self.chart, node.id), width - 12)}", self._style(node))]
        start = Span("●▶" if node.id in self.starts else "  ")
        framed = frame(lines, title, self._weight(node), 0)
        return [[start if number == 0 else Span("  "), *one] for number, one in enumerate(framed)]

    def _leaf(self, node: StateNode, width: int) -> Block:
        label = self._label(node, max(12, width // 3))
        style, heavy = self._style(node), self._weight(node)
        corners = "┏━┓┃┗┛" if heavy else "╭─╮│╰╯"
        room = columns(label) + 2
        bar = corners[1] * room
        lead = "●▶" if node.id in self.starts else "  "
        arrows = self._arrows(node, width - room - 4)
        first = [Span(lead), Span(f"{corners[3]} {label} {corners[3]}", style)]
        pad = f"{corners[3]}{' ' * room}{corners[3]}"
        lines: Block = [[Span("  "), Span(corners[0] + bar + corners[2], style)]]
        lines.append([*first, *(arrows[0] if arrows else [])])
        lines += [[Span("  "), Span(pad, style), *arrow] for arrow in arrows[1:]]
        lines.append([Span("  "), Span(corners[4] + bar + corners[5], style)])
        return lines

    def _compact(self, node: StateNode, width: int) -> Block:
        label = self._label(node, max(12, width // 3))
        lead = ("●▶" if node.id in self.starts else "  ") + self._lead(node)
        arrows = self._arrows(node, width - columns(label) - columns(lead))
        first = [Span(lead), Span(label + " ", self._style(node))]
        pad = [Span(" " * (columns(label) + columns(lead) + 1))]
        return [[*first, *(arrows[0] if arrows else [])], *([*pad, *one] for one in arrows[1:])]

    def _label(self, node: StateNode, limit: int) -> str:
        label = shorten(name(self.chart, node.id), limit)
        if node.history:
            return f"({'H*' if node.history == 'deep' else 'H'}) {label}"
        if node.kind == "final":
            return f"◉ {label}"
        return self._lead(node) + label if not self.compact else label

    def _lead(self, node: StateNode) -> str:
        return "● " if node.id in self.marks.active else ""

    def _weight(self, node: StateNode) -> str:
        return "heavy" if node.id in self.marks.active else ""

    def _style(self, node: StateNode) -> str:
        if node.id in self.marks.active:
            return "active"
        return "visited" if node.id in self.marks.visited else ""

    def _arrows(self, node: StateNode, width: int) -> Block:
        """A line of text for everything that can happen in the state itself."""
        lines: Block = [
            [Span("   " + shorten(full, width - 4), "soft")] for _, full in inner_lines(node)
        ]
        lines = [self._arrow(one, width) for one in node.transitions] + lines
        if node.default:
            ends = ", ".join(name(self.chart, one) for one in node.default)
            lines.append([Span("╌╌▶ " + shorten(ends, width - 6), "soft")])
        return lines

    def _arrow(self, one: Transition, width: int) -> list[Span]:
        ends = ", ".join(name(self.chart, target) for target in one.targets)
        taken = one.id in self.marks.taken
        bar = "═" if taken else "─"
        style = "taken" if taken else "off" if one.id in self.marks.disabled else ""
        ends = shorten(ends, max(10, width // 2))
        label = shorten(long_label(self.chart, one), max(6, width - columns(ends) - 8))
        if not one.targets:
            return [Span(f"{bar}{bar} {label} ↺", style)]
        return [Span(f"{bar}{bar} {label} {bar}{bar}▶ {ends}", style)]


def _shares(needs: list[int], total: int) -> list[int]:
    """How many columns each region gets: what it needs, as long as the others get their part."""
    shares = [0] * len(needs)
    left = total
    for rank, number in enumerate(sorted(range(len(needs)), key=lambda one: needs[one])):
        shares[number] = min(needs[number], left // (len(needs) - rank))
        left -= shares[number]
    return shares
