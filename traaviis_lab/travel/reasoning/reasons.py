"""Answer `run.why(...)`: tell what is asked for, cut the slice, say what would have to differ."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import orjson

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Event, leaves
from traaviis_lab.machine.expr.source import suggest
from traaviis_lab.machine.matching import matches
from traaviis_lab.travel.places import ABSENT
from traaviis_lab.travel.trail import Trail

from .alternatives import Otherwise, Verdict, alternatives, listening, missing_of
from .entering import leavers, left_at
from .links import Link
from .needs import Stand, needs, values_read
from .pages import Pages, value_at
from .said import Movers
from .slice import Slice, paths_of, plain
from .why import Why, titled
from .witness import Tried
from .writes import LOOK, Path, read_path, spelled

MOST_LINKS = 60
DECISIVE = 3
"""So many of the nearest taken transitions are looked at for what could have come instead."""
_STARTS_DATA = re.compile(r"data[.\[]")
_FIELD = re.compile(r"[^.\[]*")
LOOKS = 300
"""So many steps are worked out again, at most, to find where a transition was passed over."""


def why(
    trail: Trail, what: str = "state", seq: int | None = None, *, most: int = MOST_LINKS
) -> Why:
    """The reason of a value (`data.x`), a state, the active states (`state`), an event that was or
    was not taken, or a transition (`open#0`), as of fact `seq` (None: the last).

    Raises `LabError` for what the chart and the data do not know, or a seq not reached.
    """
    if not isinstance(what, str) or not what:
        raise LabError(f"{what!r} is nothing to ask for.", hint='run.why("data.decision")')
    last = trail.seq
    place = last if seq is None else trail.check_reached(seq)
    here = trail.at(place).snapshot
    return _Question(trail, last, place, most).answer(what, seq is None, here)


class _Question:
    def __init__(self, trail: Trail, last: int, seq: int, most: int) -> None:
        self.trail, self.seq, self.chart = trail, seq, trail.chart
        self.pages = Pages(trail, last)
        self.cut = Slice(trail.journal, self.pages, trail.chart, most)

    def answer(self, what: str, open_end: bool, here: Any) -> Why:
        chart, data = self.chart, dict(here.data)
        if what == "state":
            return self._states(leaves(chart, here), what)
        if _STARTS_DATA.match(what):
            return self._data(read_path(what), data)
        if what in chart.states and chart.states[what].kind != "history":
            if what in here.active:
                return self._states((what,), what)
            return self._no_state(what)
        if _FIELD.match(what)[0] in data:  # type: ignore[index]
            return self._data(read_path(what), data)
        if what in chart.transitions:
            return self._transition(what)
        if any(matches(e, what) for t in chart.transitions.values() for e in t.events):
            return self._event(what, open_end)
        known = ["state", *chart.states, *(f"data.{name}" for name in data), *chart.events]
        raise LabError(
            f"{what!r} is neither data, a state, an event nor a transition of {chart.name!r}.",
            hint=suggest(what, known) or f"Data here: {', '.join(data) or 'none'}.",
        )

    # What can be asked

    def _data(self, path: Path, data: dict[str, Any]) -> Why:
        there = value_at(data, path)
        what = spelled(path)
        root = self.cut.value(self.pages, path, self.seq)
        title = titled(what, plain(there), self.seq, there=there is not ABSENT)
        if there is ABSENT and root is None:
            title += f" Nothing ever put it there. {suggest(what, _fields(data))}".rstrip()
        return self._done(what, title, plain(there), [] if root is None else [root])

    def _states(self, states: tuple[str, ...], what: str) -> Why:
        roots = [self.cut.state(self.pages, state, self.seq, back=0) for state in states]
        title = f"The run is in {' & '.join(states)} at seq {self.seq}, because:"
        return self._done(what, title, list(states) if len(states) > 1 else states[0], roots)

    def _no_state(self, state: str) -> Why:
        moment = left_at(self.pages, state, self.seq)
        if moment is None:
            title = f"{state} is not active at seq {self.seq}: the run has not been there."
            return self._done(state, title, False, [])
        seen = self.pages.witness(moment.fact.seq)
        acts = leavers(seen, state, moment.before.history)
        title = f"{state} is not active at seq {self.seq}: it was left, because:"
        roots = [self.cut.taken(self.pages, moment.fact.seq, act, 0) for act in acts]
        return self._done(state, title, False, roots)

    def _transition(self, name: str) -> Why:
        needle = orjson.dumps(name)
        for fact in self.pages.back(self.seq, LOOK):
            if needle not in fact.body:
                continue
            moment = self.pages.moment(fact.seq)
            if moment.step is not None and name in moment.step.taken:
                acts = self.pages.witness(fact.seq).acts
                last = max(i for i, act in enumerate(acts) if act.transition.id == name)
                title = f"{name} was taken last at seq {fact.seq}, because:"
                return self._done(
                    name, title, True, [self.cut.taken(self.pages, fact.seq, last, 0)]
                )
        return self._passed_over(name)

    def _passed_over(self, name: str) -> Why:
        """The last time a transition that was never taken was looked at, or why it never was."""
        arrow = self.chart.transitions[name]
        movers = Movers(self.chart, arrow.source) if arrow.source else None
        looks = LOOKS
        for fact in self.pages.back(self.seq, LOOK):
            heard = any(matches(event, fact.name) for event in arrow.events)
            if fact.kind == "event.refused":
                if heard and (movers is None or movers.active(fact)):
                    event = Event(fact.name, self.pages.moment(fact.seq).body.get("data") or {})
                    return self._not_taken(fact.name, fact.seq, event)
                continue
            before = self.pages.fact(fact.seq - 1) if fact.seq > 1 else None
            near = movers is None or movers.active(before) or movers.taken(fact, before) is not None
            if not near or looks == 0 or self.pages.moment(fact.seq).step is None:
                continue
            looks -= 1
            for tried in reversed(self.pages.witness(fact.seq).tried):
                if tried.transition.id == name:
                    return self._tried(name, fact.seq, tried)
        been = arrow.source in self.trail.at(self.seq).visited or not arrow.source
        why_not = "nothing asked for it" if been else f"the run never stayed in {arrow.source}"
        return self._done(name, f"{name} was not taken up to seq {self.seq}: {why_not}.", False, [])

    def _tried(self, name: str, seq: int, tried: Tried) -> Why:
        seen = self.pages.witness(seq)
        title = f"{name} was not taken; it was looked at last at seq {seq}:"
        root = self.cut.guard(self.pages, seq, tried)
        acts = [i for i, act in enumerate(seen.acts) if act.micro == tried.micro]
        others = [
            o for act in acts for o in alternatives(self.pages, seq, act) if o.transition == name
        ]
        return self._done(name, title, False, [root], others)

    def _event(self, name: str, open_end: bool) -> Why:
        for fact in self.pages.back(self.seq, LOOK if open_end else 1):
            if fact.name != name or fact.kind not in ("event", "event.refused"):
                continue
            if fact.kind == "event":
                return self._taken(name, fact.seq)
            event = Event(name, self.pages.moment(fact.seq).body.get("data") or {})
            return self._not_taken(name, fact.seq, event)
        return self._not_taken(name, self.seq, Event(name))

    def _taken(self, name: str, seq: int) -> Why:
        seen = self.pages.witness(seq)
        roots = [self.cut.taken(self.pages, seq, i, 0) for i in range(len(seen.acts))]
        moved = ", ".join(act.transition.id for act in seen.acts) or "nothing"
        return self._done(
            name, f"Event `{name}` at seq {seq} made the run take {moved}:", True, roots
        )

    def _not_taken(self, name: str, seq: int, event: Event) -> Why:
        """Which transitions listen, and what each of them lacks."""
        pages = self.pages
        here = pages.moment(seq).after
        where = " & ".join(leaves(self.chart, here))
        stand = Stand(here.data, event, here.active)
        roots: list[int] = []
        others: list[Otherwise] = []
        vetoes = self._vetoes(seq, stand)
        heard = [
            (arrow, *missing_of(arrow, stand)) for arrow in listening(pages, here.active, event)
        ]
        refused = pages.fact(seq).kind == "event.refused" and pages.fact(seq).name == name
        if not refused and not vetoes and any(not missing for _, missing, _ in heard):
            return self._done(name, f"Event `{name}` is taken in {where} at seq {seq}.", True, [])
        for arrow, missing, verdict in heard:
            if arrow.when is None or not missing:
                continue
            said: Verdict = "was false" if verdict == "came later" else verdict
            guard = arrow.when.text
            others.append(
                Otherwise(pages.run, seq, arrow.id, name, arrow.targets, guard, said, missing)
            )
            roots.append(self._lacks(seq, arrow.id, arrow.when, missing))
        roots += vetoes
        title = f"Event `{name}` is not taken in {where} at seq {seq}"
        if roots:
            return self._done(name, f"{title}, because:", False, roots, others)
        return self._done(
            name, f"{title}: no active state listens for it.{_who(self.chart, name)}", False, []
        )

    def _vetoes(self, seq: int, stand: Stand) -> list[int]:
        """The checks (`validate`) of the active states that say no."""
        place = self.chart.tables.place(stand.active)
        found = []
        for number, check in enumerate(place.checks):
            heard = not check.events or any(matches(e, stand.event.name) for e in check.events)
            missing = needs(check.when, True, stand) if heard else ""
            if missing:
                text = f"it was refused: {check.reason} It needs {missing}"
                found.append(self._put(("veto", number), seq, text, check.when))
        return found

    def _lacks(self, seq: int, arrow: str, when: Any, missing: str) -> int:
        return self._put(("lacks", arrow), seq, f"{arrow} needs {missing}", when)

    def _put(self, key: tuple[Any, ...], seq: int, text: str, when: Any) -> int:
        pages, desk = self.pages, self.cut.desk
        place = desk.link((*key, seq), Link(pages.run, seq, "guard", text, False))
        stand = Stand(pages.moment(seq).after.data, Event(""), frozenset())
        for path in paths_of(tuple(values_read(when, stand))):
            desk.later(place, partial(self.cut.value, pages, path, seq))
        return place

    # The answer

    def _done(
        self,
        what: str,
        title: str,
        value: Any,
        roots: list[int],
        others: list[Otherwise] | None = None,
    ) -> Why:
        desk = self.cut.desk
        desk.work()
        links = desk.links()
        found = list(others or ())
        if not others:
            keys = desk.made_by()
            taken = [key for key in keys if key[:2] == ("taken", self.pages.run)]
            for _, _, seq, act in taken[:DECISIVE]:
                found += alternatives(self.pages, seq, act)
        unique: dict[str, Otherwise] = {}
        for other in found:  # of the same transition, the time nearest to what was asked
            unique.setdefault(other.transition, other)
        return Why(
            self.trail.run, self.seq, what, title, value, links, tuple(dict.fromkeys(roots)),
            tuple(unique.values()), desk.left,
        )  # fmt: skip


def _fields(data: dict[str, Any]) -> list[str]:
    """The fields of the data, and those of the objects in it."""
    inner = (
        (name, deeper)
        for name, value in data.items()
        if isinstance(value, dict)
        for deeper in value
    )
    return [spelled(path) for path in (*((name,) for name in data), *inner)]


def _who(chart: Any, name: str) -> str:
    states = dict.fromkeys(
        t.source for t in chart.transitions.values() if any(matches(e, name) for e in t.events)
    )
    return f" These do: {', '.join(s or 'the chart' for s in states)}." if states else ""
