"""Where an event came from: from outside, from a timer, from an effect's outcome, from inside."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from traaviis_lab.journal import Fact
from traaviis_lab.machine import Event
from traaviis_lab.machine.names import write_duration

from .links import Link, LinkKind
from .pages import Pages
from .witness import Witness
from .written import show

if TYPE_CHECKING:
    from .slice import Slice

_ENDED = ("effect.completed", "effect.failed")


def event_link(cut: Slice, pages: Pages, seq: int, event: Event) -> int:
    """The link of an event that was taken in the step of `seq`."""
    seen = pages.witness(seq)
    if event is not seen.outer:
        return _raised(cut, pages, seq, event, seen)
    known = cut.desk.known(("event", pages.run, seq))
    if known is not None:
        return known
    fact = pages.moment(seq).fact
    if event.name.startswith("after."):
        return _timer(cut, pages, fact, event)
    cause = pages.moment(fact.cause).fact if fact.cause and 0 < fact.cause < seq else None
    text, kind = f"event `{event.name}` came from outside{_with(event)}", "event"
    if cause is not None and cause.kind in _ENDED:
        text, kind = f"event `{event.name}` told of an effect's end", "effect"
    elif cause is not None and cause.kind == "event.held":
        text += f", and was held from seq {cause.seq} on"
    elif fact.kind != "event":
        text, kind = f"the data that {fact.kind} brought", "effect"
    place = _put(cut, ("event", pages.run, seq), pages, seq, kind, text, event)
    if cause is not None and cause.kind in _ENDED:
        found = cause.seq
        cut.desk.later(place, lambda: cut.effect(pages, found))
    return place


def from_outside(pages: Pages, seq: int, event: Event) -> str:
    """` from outside with {...}` for an event that was simply sent; "" for any other."""
    fact = pages.moment(seq).fact
    if event is not pages.witness(seq).outer or fact.kind != "event" or fact.cause is not None:
        return ""
    return "" if event.name.startswith("after.") else f" from outside{_with(event)}"


def _timer(cut: Slice, pages: Pages, fact: Fact, event: Event) -> int:
    state = event.name.split(".", 1)[1].rpartition(".")[0]
    node = pages.trail.chart.states.get(state)
    timers = {timer.event: timer.seconds for timer in node.timers} if node is not None else {}
    seconds = timers.get(event.name)
    length = f" of {write_duration(seconds)}" if seconds is not None else ""
    text = f"the timer{length} in {state} ran out (`{event.name}`)"
    place = _put(cut, ("event", pages.run, fact.seq), pages, fact.seq, "timer", text, event)
    if node is not None:
        cut.desk.later(place, partial(cut.state, pages, state, fact.seq - 1))
    return place


def _raised(cut: Slice, pages: Pages, seq: int, event: Event, seen: Witness) -> int:
    key = ("raised", pages.run, seq, seen.raised.index(event) if event in seen.raised else -1)
    known = cut.desk.known(key)
    if known is not None:
        return known
    asked = seen.raisers.get(id(event))
    if asked is not None:
        text = f"event `{event.name}` was raised by {place_said(asked.where)}{_with(event)}"
    elif event.name.startswith("done.state."):
        text = f"event `{event.name}`: {event.name[11:]} had reached its end"
    elif event.name == "error.execution":
        where, message = event.data.get("where", ""), event.data.get("message", "")
        text = f"event `error.execution`: {place_said(str(where))} could not be computed: {message}"
    else:
        text = f"event `{event.name}` was raised inside{_with(event)}"
    place = _put(cut, key, pages, seq, "raised", text, event)
    behind = _act_of(seen, asked.where, asked.acts) if asked is not None else _finisher(seen, event)
    if behind is not None:
        cut.desk.later(place, partial(cut.taken, pages, seq, behind))
    elif seen.outer.name:
        cut.desk.later(place, partial(event_link, cut, pages, seq, seen.outer))
    return place


def _act_of(seen: Witness, where: str, acts: int) -> int | None:
    """The act that asked, or whose move entered the state that asked."""
    for place in range(min(acts, len(seen.acts)) - 1, -1, -1):
        act = seen.acts[place]
        if act.transition.id == where:
            return place
        state = where.removesuffix(".on_enter").removesuffix(".enter")
        if act.micro < len(seen.moves) and state in seen.moves[act.micro].entered:
            return place
    return None


def _finisher(seen: Witness, event: Event) -> int | None:
    """The act that entered the last final state of what is done, or that failed."""
    where = str(event.data.get("where", "")) if event.data else ""
    if where:
        return _act_of(seen, where, len(seen.acts))
    for place in range(len(seen.acts) - 1, -1, -1):
        moved = seen.moves[seen.acts[place].micro]
        finals = (s for s in moved.entered if seen.tables.nodes[s].kind == "final")
        if any(
            f"done.state.{above}" == event.name
            for s in finals
            for above in seen.tables.ancestors[s]
        ):
            return place
    return None


def place_said(where: str) -> str:
    """`closing.enter` as people say it."""
    state, dot, word = where.rpartition(".")
    if dot and word in ("on_enter", "enter", "exit") and "#" not in where:
        return f"{'leaving' if word == 'exit' else 'entering'} {state}"
    return where


def _put(
    cut: Slice, key: tuple[object, ...], pages: Pages, seq: int, kind: str, text: str, event: Event
) -> int:
    found: LinkKind = kind  # type: ignore[assignment]
    value = {"name": event.name, "data": dict(event.data)}
    return cut.desk.link(key, Link(pages.run, seq, found, text, value))


def _with(event: Event) -> str:
    return f" with {show(dict(event.data), 100)}" if event.data else ""
