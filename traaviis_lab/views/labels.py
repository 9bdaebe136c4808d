"""Put a chart's transitions and effects into words, in full and in short."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from traaviis_lab.machine.chart import Chart, StateNode, Timer, Transition
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.names import write_duration

from .text import columns, one_line, shorten

_OBJECTS = ("function", "event", "key", "to", "name", "message", "seconds")
_LINE = 30
_EPSILON = "ε"
LINES = 3
"""A merged arrow shows the labels of this many transitions; the others are in its tooltip."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One drawn arrow: all transitions from `source` to the same `targets`, in document order.

    `targets` is empty where nothing is left or entered. `lines` are the short labels, `full`
    the tooltip with one transition per line.
    """

    source: str
    targets: tuple[str, ...]
    transitions: tuple[Transition, ...]
    lines: tuple[str, ...]
    full: str

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the transitions it stands for."""
        return tuple(transition.id for transition in self.transitions)


def arrows(chart: Chart, *, detail: str = "full") -> tuple[Arrow, ...]:
    """Every transition of the chart in exactly one arrow; parallel ones are merged into one.

    `detail` is "full" (event, guard, actions), "names" (events only) or "bare" (no labels).
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Transition]] = {}
    for transition in chart.transitions.values():
        alone = "" if transition.targets or detail == "bare" else transition.id
        key = (transition.source + "\0" + alone, transition.targets)
        groups.setdefault(key, []).append(transition)
    return tuple(_arrow(chart, group, detail) for group in groups.values())


def _arrow(chart: Chart, group: list[Transition], detail: str) -> Arrow:
    full = "\n".join(arrow_words(chart, one) for one in group)
    lines: list[str] = []
    if detail == "names":
        words = dict.fromkeys(one for each in group for one in event_words(chart, each))
        lines = [shorten(", ".join(words), 34)]
    elif detail == "full":
        lines = [line for one in group[:LINES] for line in short_label(chart, one)]
        if len(group) > LINES:
            lines.append(f"+{len(group) - LINES} more")
    return Arrow(group[0].source, group[0].targets, tuple(group), tuple(lines), full)


def name(chart: Chart, state: str) -> str:
    """What a state is called in pictures: its title where it has one, else its id."""
    node = chart.states.get(state)
    title = node.meta.get("title") if node is not None else None
    return one_line(title) or state if isinstance(title, str) else state


def describe(node: StateNode) -> str:
    """A state's tooltip: kind, id and notes."""
    kind = f"{node.history} history" if node.history else f"{node.kind} state"
    notes = node.meta.get("notes")
    checks = "".join(f"\nrefuses unless {check.when.text}: {check.reason}" for check in node.checks)
    return f"{node.id} ({kind})" + (f"\n{notes}" if isinstance(notes, str) else "") + checks


def _targets(chart: Chart, transition: Transition) -> str:
    return ", ".join(name(chart, target) for target in transition.targets) or "(stays)"


def arrow_words(chart: Chart, transition: Transition) -> str:
    """A transition as a sentence: `open → closing: close_command [!data.locked] / log`."""
    ends = f"{name(chart, transition.source)} → {_targets(chart, transition)}"
    return f"{ends}: {long_label(chart, transition)}"


def long_label(chart: Chart, transition: Transition) -> str:
    """`event [guard] / actions`, nothing left out."""
    text = ", ".join(event_words(chart, transition))
    if transition.when is not None:
        text += f" [{one_line(transition.when.text)}]"
    actions = [f"{key} = {one_line(value.text)}" for key, value in transition.assign]
    actions += [effect_words(effect) for effect in transition.do]
    return text + (" / " + "; ".join(actions) if actions else "")


def short_label(chart: Chart, transition: Transition) -> tuple[str, ...]:
    """`event [guard] / actions`, short enough to stand beside an arrow; long ones on two lines."""
    words = [shorten(", ".join(event_words(chart, transition)), 30)]
    if transition.when is not None:
        words.append(f"[{shorten(transition.when.text, 28)}]")
    actions = [f"{key} = {one_line(value.text)}" for key, value in transition.assign]
    actions += [effect_words(effect) for effect in transition.do]
    if actions:
        rest = f" +{len(actions) - 1}" if len(actions) > 1 else ""
        words.append(f"/ {shorten(actions[0], 26)}{rest}")
    lines = words[:1]
    for word in words[1:]:
        if columns(lines[-1]) + columns(word) < _LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(f"\u2002{word}")
    return tuple(lines)


def event_words(chart: Chart, transition: Transition) -> tuple[str, ...]:
    """What triggers a transition, in words: `after 30s`, `done: zone`, `ε` for nothing at all."""
    if not transition.events:
        return (_EPSILON,)
    timers = chart.states[transition.source].timers if transition.source in chart.states else ()
    return tuple(_event_word(event, transition.source, timers) for event in transition.events)


def _event_word(event: str, source: str, timers: Iterable[Timer]) -> str:
    for timer in timers:
        if timer.event == event:
            return f"after {_duration(timer.seconds)}"
    if event == f"done.invoke.{source}":
        return "on success"
    if event == f"error.invoke.{source}":
        return "on error"
    if event.startswith("done.state."):
        return f"done: {one_line(event.removeprefix('done.state.'))}"
    return one_line(event)


def _duration(seconds: float) -> str:
    written = write_duration(seconds)
    return written if isinstance(written, str) else f"{written:g}s"


def effect_words(effect: Effect) -> str:
    """An effect in two words: its kind and what it is about (`call charge_card`, `raise done`)."""
    word = effect.kind.replace("_", " ")
    for field in _OBJECTS:
        value = getattr(effect, field, None)
        if isinstance(value, (int, float)) and field == "seconds":
            return f"{word} {_duration(value)}"
        if isinstance(value, str) and value and field != "message":
            return f"{word} {shorten(value, 40)}"
    return word


def inner_lines(node: StateNode) -> tuple[tuple[str, str], ...]:
    """What a state does on its own, as `(short, full)` lines: `enter / ...`, `exit / ...`."""
    lines = []
    actions = (("on_enter", node.on_enter), ("enter", node.enter), ("exit", node.exit))
    for word, effects in actions:
        if effects:
            full = f"{word} / " + "; ".join(effect_words(effect) for effect in effects)
            rest = f" +{len(effects) - 1}" if len(effects) > 1 else ""
            lines.append((f"{word} / {shorten(effect_words(effects[0]), 24)}{rest}", full))
    return tuple(lines)
