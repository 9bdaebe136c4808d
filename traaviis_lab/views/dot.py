"""Write a chart as DOT text, for graphviz and everything that reads its language.

Output is deterministic: states and arrows come in document order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from traaviis_lab.machine.chart import Chart, StateNode

from .labels import Arrow, arrows, describe, inner_lines, name
from .picture import Detail
from .text import clean, shorten

_LABELLED = 90
_HEAD = """\
  graph [compound=true, nodesep=0.35, ranksep=0.45, rankdir={way}]
  graph [fontname="Helvetica", fontsize=12]
  node [shape=box, style="rounded,filled", fillcolor="#f8fafc", color="#64748b"]
  node [fontname="Helvetica", fontsize=12]
  edge [color="#64748b", fontname="Helvetica", fontsize=10, arrowsize=0.7]"""


def to_dot(
    chart: Chart,
    *,
    detail: Detail | Literal["auto"] = "auto",
    limit: int | None = None,
    direction: Literal["TB", "LR"] = "TB",
) -> str:
    """The chart as one DOT digraph with compound states as clusters.

    `detail`: "full", "names" (events only), "bare" (no labels), or "auto" by size. `limit`: with
    more states than this the innermost levels are folded into the states around them.
    """
    shown = _shown(chart, limit)
    if detail == "auto":
        detail = "full" if len(chart.transitions) <= _LABELLED else "bare"
    drawn = arrows(chart, detail=detail)
    staying: dict[str, list[str]] = {}
    for arrow in drawn:
        if not arrow.targets:
            words = " ".join(line.strip() for line in arrow.lines)
            words = words or f"{len(arrow.transitions)} that stay"
            staying.setdefault(arrow.source, []).append(words)
    writer = _Writer(chart, shown, staying, detail)
    body = [line for child in chart.root.children for line in writer.state(child, 1)]
    lines = [f"digraph {_quote(chart.name)} {{", _HEAD.format(way=direction)]
    lines += [*writer.initial(chart.root, 1), *body]
    lines += [line for node in chart.states.values() for line in writer.defaults(node)]
    lines += [line for arrow in drawn for line in writer.arrow(arrow)]
    return "\n".join([*lines, "}"]) + "\n"


def _shown(chart: Chart, limit: int | None) -> Mapping[str, str]:
    """For every state the state that stands for it: itself, or the folded one around it."""
    depth: dict[str, int] = {}
    for node in chart.states.values():
        depth[node.id] = depth[node.parent] + 1 if node.parent else 0
    deepest = max(depth.values(), default=0)
    while limit is not None and deepest > 0:
        if sum(1 for one in depth.values() if one <= deepest) <= limit:
            break
        deepest -= 1
    shown: dict[str, str] = {}
    for node in chart.states.values():
        shown[node.id] = node.id if depth[node.id] <= deepest else shown[str(node.parent)]
    return shown


def _quote(text: str) -> str:
    """A DOT string that means exactly this text: no escape, entity or HTML is read into it."""
    safe = clean(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return '"' + safe.replace("\r", " ").replace("\n", "\\n") + '"'


class _Writer:
    """Writes one chart; knows which states are folded away."""

    def __init__(
        self,
        chart: Chart,
        shown: Mapping[str, str],
        staying: Mapping[str, list[str]],
        detail: Detail,
    ) -> None:
        self.chart = chart
        self.shown = shown
        self.staying = staying
        self.detail = detail

    def open(self, state: str) -> bool:
        """Whether the state is drawn with its inside."""
        node = self.chart.states[state]
        return any(self.shown[child] == child for child in node.children)

    def state(self, state: str, deep: int) -> Iterator[str]:
        """A state: a node, or a cluster with everything in it."""
        node, pad = self.chart.states[state], "  " * deep
        if not self.open(state):
            yield f"{pad}{_quote(state)} [{self._look(node)}]"
            return
        parent = self.chart.states.get(node.parent or "")
        style = "dashed,rounded" if parent and parent.kind == "parallel" else "rounded"
        yield f"{pad}subgraph {_quote('cluster_' + state)} {{"
        label = "\n".join([name(self.chart, state), *self._inner(node)])
        yield f"{pad}  label={_quote(label)}; labeljust=l; style={_quote(style)}"
        yield f'{pad}  color="#94a3b8"; tooltip={_quote(describe(node))}'
        yield f"{pad}  {_quote(_anchor(state))} [{_DOT if node.initial else _NOWHERE}]"
        yield from self.initial(node, deep + 1)
        for child in node.children:
            yield from self.state(child, deep + 1)
        yield f"{pad}}}"

    def initial(self, node: StateNode, deep: int) -> Iterator[str]:
        """The initial dot and its arrows."""
        if node.kind == "parallel":
            return
        if not node.id:
            yield f"{'  ' * deep}{_quote(_anchor(''))} [{_DOT}]"
        for target in node.initial:
            yield f"{'  ' * deep}{self._edge(_anchor(node.id), self.shown[target])}"

    def defaults(self, node: StateNode) -> Iterator[str]:
        """Where a history state leads when there is no history yet."""
        if node.history and self.shown[node.id] == node.id:
            for target in node.default:
                yield "  " + self._edge(node.id, self.shown[target], 'style="dotted"')

    def arrow(self, arrow: Arrow) -> Iterator[str]:
        """One arrow, to each of its targets; the label stands at the first."""
        for number, target in enumerate(arrow.targets):
            look = f"edgetooltip={_quote(arrow.full)}, labeltooltip={_quote(arrow.full)}"
            if arrow.lines and number == 0:
                look = f"label={_quote(chr(10).join(arrow.lines))}, " + look
            source, end = self.shown[arrow.source], self.shown[target]
            if source == end and arrow.source != target:
                continue  # both ends are folded into the same state
            yield "  " + self._edge(source, end, look)

    def _edge(self, source: str, target: str, look: str = "") -> str:
        ends, words = [], [look] if look else []
        for side, state, other in (("ltail", source, target), ("lhead", target, source)):
            inside = state in self.chart.states and self.open(state)
            ends.append(_quote(_anchor(state) if inside else state))
            if inside and not self._within(other, state):
                words.append(f"{side}={_quote('cluster_' + state)}")
        return f"{ends[0]} -> {ends[1]}" + (f" [{', '.join(words)}]" if words else "")

    def _within(self, state: str, box: str) -> bool:
        at: str | None = state.removeprefix(_ANCHOR) if state.startswith(_ANCHOR) else state
        while at:
            if at == box:
                return True
            at = self.chart.states[at].parent
        return False

    def _inner(self, node: StateNode) -> list[str]:
        own = [short for short, _ in inner_lines(node)] if self.detail == "full" else []
        return [*own, *self.staying.get(node.id, [])]

    def _look(self, node: StateNode) -> str:
        tip = f"tooltip={_quote(describe(node))}"
        label = shorten(name(self.chart, node.id), 60)
        if node.kind == "history":
            sign = "H*" if node.history == "deep" else "H"
            return f"label={_quote(sign)}, shape=circle, width=0.35, fixedsize=true, {tip}"
        if node.kind == "final":
            return f"label={_quote(label)}, shape=doublecircle, {tip}"
        return f"label={_quote(chr(10).join([label, *self._inner(node)]))}, {tip}"


_ANCHOR = "initial of "
_DOT = 'label="", shape=circle, style=filled, fillcolor="#0f172a", width=0.14, fixedsize=true'
_NOWHERE = 'label="", shape=point, style=invis, width=0.01'


def _anchor(state: str) -> str:
    """The node in a cluster that arrows to and from it are tied to; ids hold no spaces."""
    return _ANCHOR + state
