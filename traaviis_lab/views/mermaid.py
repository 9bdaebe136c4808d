"""Write a chart as a Mermaid state diagram, which GitHub and many editors draw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from traaviis_lab.machine.chart import Chart, StateNode, Transition

from .labels import Arrow, arrows, effect_words, long_label, name, short_label
from .text import one_line, shorten

_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_RESERVED = frozenset(
    {
        *("acc", "accdescr", "acctitle", "as", "choice", "class", "classdef", "click", "default"),
        *("direction", "end", "fork", "hide", "history", "href", "join", "left", "link", "note"),
        *("of", "over", "right", "scale", "state", "statediagram", "style"),
    }
)
_LONGEST = 120


def to_mermaid(chart: Chart) -> str:
    """The chart as `stateDiagram-v2` text: nested states, regions split by `--`, notes."""
    writer = _Writer(chart)
    lines = ["stateDiagram-v2", f"    %% {_escape(chart.name)} {_escape(chart.version)}"]
    lines += writer.inside(chart.root, 1)
    lines += [line for node in chart.states.values() for line in writer.note(node)]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    """Text in which no sign means anything to Mermaid or HTML; its `#...;` codes are its own."""
    line = shorten(one_line(text), _LONGEST)
    return "".join(
        sign if sign.isalnum() or sign in " _.,!?=+*/()[]'|@^~-→ε…&" else f"#{ord(sign)};"
        for sign in line.replace("--", "- -")
    )


class _Writer:
    """Knows the names states have in the text and where each arrow is written."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.arrows: dict[str, list[Arrow]] = {}
        self.staying: dict[str, list[str]] = {}
        self.names = {
            state: state
            if _PLAIN.match(state) and state.lower() not in _RESERVED and not _made(state)
            else f"s{number}_"
            for number, state in enumerate(chart.states)
        }
        for arrow in arrows(chart, detail="full"):
            if arrow.targets:
                self.arrows.setdefault(self._home(arrow), []).append(arrow)
            else:
                text = long_label(chart, arrow.transitions[0])
                self.staying.setdefault(arrow.source, []).append(text)

    def inside(self, node: StateNode, deep: int) -> Iterator[str]:
        """Everything in a state: its children, where it begins, the arrows at home there."""
        pad = "    " * deep
        regions = [one for one in node.children if self.chart.states[one].kind != "history"]
        for number, child in enumerate(regions if node.kind == "parallel" else node.children):
            if node.kind == "parallel" and number:
                yield pad + "--"
            yield from self.state(self.chart.states[child], deep)
        if node.kind == "parallel":
            rest = [child for child in node.children if child not in regions]
            for child in rest:
                yield from self.state(self.chart.states[child], deep)
        else:
            for target in node.initial:
                yield f"{pad}[*] --> {self.names[target]}"
        for arrow in self.arrows.get(node.id, ()):
            label = _escape(" | ".join(self._label(one) for one in arrow.transitions))
            for target in arrow.targets:
                yield f"{pad}{self.names[arrow.source]} --> {self.names[target]} : {label}"

    def state(self, node: StateNode, deep: int) -> Iterator[str]:
        """A state's declaration, with everything in it."""
        pad, own = "    " * deep, self.names[node.id]
        label = name(self.chart, node.id)
        if node.history:
            label = "H*" if node.history == "deep" else "H"
        if label != own:
            yield f'{pad}state "{_escape(label)}" as {own}'
        if node.children:
            yield f"{pad}state {own} {{"
            yield from self.inside(node, deep + 1)
            yield pad + "}"
        elif label == own:
            yield pad + own
        if node.kind == "final":
            yield f"{pad}{own} --> [*]"
        for target in node.default:
            yield f"{pad}{own} --> {self.names[target]} : no history yet"

    def note(self, node: StateNode) -> Iterator[str]:
        """What a state does without being left, and the author's notes."""
        actions = (("on_enter", node.on_enter), ("enter", node.enter), ("exit", node.exit))
        lines = [f"{word} / {'; '.join(map(effect_words, does))}" for word, does in actions if does]
        lines += self.staying.get(node.id, [])
        notes = node.meta.get("notes")
        if isinstance(notes, str):
            lines.append(notes)
        if lines:
            yield f"    note right of {self.names[node.id]}"
            yield from (f"        {_escape(line)}" for line in lines)
            yield "    end note"

    def _label(self, transition: Transition) -> str:
        return " ".join(line.strip() for line in short_label(self.chart, transition))

    def _home(self, arrow: Arrow) -> str:
        """The innermost state that holds both ends, where Mermaid wants an arrow written."""
        around = self._around(arrow.source)
        shared = [one for one in around if all(one in self._around(end) for end in arrow.targets)]
        return shared[0] if shared else ""

    def _around(self, state: str) -> list[str]:
        found: list[str] = []
        at = self.chart.states[state].parent
        while at:
            found.append(at)
            at = self.chart.states[at].parent
        return [*found, ""]


def _made(state: str) -> bool:
    """Whether an author's id looks like one made here."""
    return re.fullmatch(r"s\d+_", state) is not None
