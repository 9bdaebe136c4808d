"""A breakpoint: what a turn must do for the run to be held before it, checked against its chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine import Chart
from traaviis_lab.machine.chart import Formula
from traaviis_lab.machine.effect import VOCABULARY
from traaviis_lab.machine.expr import compile_expression
from traaviis_lab.machine.matching import is_pattern, is_reserved, matches
from traaviis_lab.machine.names import did_you_mean

ASKED = ("state", "on", "event", "effect", "error", "when", "hit", "once")


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """All conditions that are given must hold for one turn. `hits` counts the turns they held for.

    `seq` is the fact that set it (or switched it on); it holds from its `hit`-th match on.
    """

    id: str
    state: str = ""
    on: str = "enter"
    event: str = ""
    effect: str = ""
    error: bool = False
    when: str = ""
    hit: int = 1
    once: bool = False
    enabled: bool = True
    seq: int = 0
    hits: int = 0

    @property
    def text(self) -> str:
        """What it waits for, in words."""
        words = " and ".join(self._conditions())
        nth = f", from time {self.hit} on" if self.hit > 1 else ""
        return f"{words}{nth}{', once' if self.once else ''}"

    def _conditions(self) -> Iterator[str]:
        if self.state:
            yield f"{self.state} is {'entered' if self.on == 'enter' else 'left'}"
        if self.event:
            yield f"event {self.event} comes"
        if self.effect:
            yield f"{self.effect} is asked for"
        if self.error:
            yield "something fails"
        if self.when:
            yield f"{self.when} becomes true" if self.is_edge else self.when

    @property
    def is_edge(self) -> bool:
        """Whether only an expression is given: it must not have been true before the turn."""
        return bool(self.when) and not (self.state or self.event or self.effect or self.error)

    def to_spec(self) -> dict[str, Any]:
        """The arguments that make it again, those that are as usual left out."""
        usual = {field.name: field.default for field in fields(self)}
        spec = {name: getattr(self, name) for name in ASKED}
        return {name: value for name, value in spec.items() if value != usual[name]}

    def to_json(self) -> dict[str, Any]:
        """What a debugger shows: `{id, text, enabled, hits, spec}`."""
        return {
            "id": self.id,
            "text": self.text,
            "enabled": self.enabled,
            "hits": self.hits,
            "spec": self.to_spec(),
        }


def read_breakpoint(chart: Chart, id: str, spec: Mapping[str, Any]) -> Breakpoint:
    """The breakpoint that `spec` asks for; None stands for what is not given.

    Raises `DefinitionError` for what the chart or the vocabulary does not know.
    """
    given = {name: value for name, value in spec.items() if value is not None and value != ""}
    if unknown := [name for name in given if name not in ASKED]:
        raise DefinitionError(
            f"A breakpoint has no {unknown[0]!r}.", hint=did_you_mean(unknown[0], ASKED, "It has")
        )
    _check_shapes(given)
    if not given.keys() & {"state", "event", "effect", "when"} and not given.get("error"):
        raise DefinitionError(
            "A breakpoint needs something to wait for.",
            hint='run.breakpoint("opening"), or event=, effect=, error=True, when="data.n > 2".',
        )
    _check_names(chart, given)
    if "when" in given:
        formula(given["when"])
    return Breakpoint(id, **given)


@lru_cache(maxsize=4096)
def formula(text: str) -> Formula:
    """The expression of a breakpoint. Raises `DefinitionError` with the place of the mistake."""
    return compile_expression(text, where="breakpoint, when", expected="bool")


def _check_shapes(given: Mapping[str, Any]) -> None:
    for name in ("state", "event", "effect", "when"):
        if name in given and not isinstance(given[name], str):
            raise DefinitionError(
                f"A breakpoint's {name} is a text, not {given[name]!r}.", hint=f'{name}="..."'
            )
    for name in ("error", "once"):
        if name in given and not isinstance(given[name], bool):
            raise DefinitionError(
                f"A breakpoint's {name} is True or False, not {given[name]!r}.", hint=f"{name}=True"
            )
    if given.get("on", "enter") not in ("enter", "exit"):
        raise DefinitionError(
            f"A breakpoint is on 'enter' or 'exit', not {given['on']!r}.", hint='on="exit"'
        )
    hit = given.get("hit", 1)
    if not isinstance(hit, int) or isinstance(hit, bool) or hit < 1:
        raise DefinitionError(
            f"A breakpoint's hit is a number from 1 on, not {hit!r}.",
            hint="hit=3 holds from the third match on.",
        )


def _check_names(chart: Chart, given: Mapping[str, Any]) -> None:
    state = given.get("state")
    if state is not None and (state not in chart.states or chart.states[state].kind == "history"):
        real = [name for name, node in chart.states.items() if node.kind != "history"]
        raise DefinitionError(
            f"{chart.name} has no state {state!r} to break at.",
            hint=did_you_mean(state, real, "States"),
        )
    if "on" in given and state is None:
        raise DefinitionError(
            f"A breakpoint on {given['on']!r} needs a state.", hint='run.breakpoint("open", on=...)'
        )
    effect = given.get("effect")
    if effect is not None and effect not in VOCABULARY:
        raise DefinitionError(
            f"There is no effect {effect!r}.", hint=did_you_mean(effect, VOCABULARY, "Effects")
        )
    event = given.get("event")
    if event is not None and not _is_heard(chart, event):
        known = [name for name in _events_of(chart) if not is_reserved(name)]
        raise DefinitionError(
            f"{chart.name} knows no event {event!r}.",
            hint=did_you_mean(event, sorted(set(known)), "Events"),
        )


def _events_of(chart: Chart) -> Iterator[str]:
    yield from chart.events
    for transition in chart.transitions.values():
        yield from transition.events


def _is_heard(chart: Chart, event: str) -> bool:
    """Whether an event of this name or pattern may mean something to the chart."""
    if is_reserved(event) or event == "*":
        return True
    return any(
        matches(known, event) or (is_pattern(event) and matches(event, known))
        for known in _events_of(chart)
    )
