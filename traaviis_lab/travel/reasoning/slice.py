"""The backward slice: from a value or a state back to what brought it about.

Each method makes one link and says which causes are to be looked into behind it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from traaviis_lab.journal import Journal
from traaviis_lab.machine.chart import Chart, Formula
from traaviis_lab.travel.places import ABSENT

from .asking import asked_link, effect_name
from .entering import Entry, entry, left_at, remembered_by
from .links import Desk, Link
from .needs import Stand, reads, told, values_read
from .pages import Pages, value_at
from .parents import Parents
from .said import Writers
from .triggers import event_link, from_outside
from .witness import Act, Tried, Witness
from .writes import LOOK, Path, Write, formula_of, last_write, reads_itself, spelled
from .written import show

BACK = 2
"""How many transitions before a taken one are told; the rest is a question of its own."""
FEW = 1
"""Up to so many earlier changes of a value that is made of itself are told one by one."""


class Slice:
    """Puts the links of one question on a desk."""

    def __init__(self, journal: Journal, pages: Pages, chart: Chart, most: int) -> None:
        self.desk = Desk(most)
        self.parents = Parents(journal, pages, chart)

    # Values

    def value(self, pages: Pages, path: Path, seq: int, acts: int | None = None) -> int | None:
        """The link of what wrote the value at `path`, as it stood after fact `seq` (with `acts`:
        after so many acts of its step)."""
        name = spelled(path)
        if not path:
            return self.unknown(pages, seq, "all of the data")
        write = last_write(pages, path, seq, acts)
        if write is None:
            return self._unwritten(pages, path, seq, acts)
        known = self.desk.known((pages.run, path, write))
        if known is not None:
            return known
        if write.how == "act":
            return self._assigned(pages, path, write, name)
        if write.how == "start":
            return self._given(pages, path, write, name)
        if write.how == "fork":
            return self._before_fork(pages, path, write, name)
        return self._brought(pages, path, write, name)

    def unknown(self, pages: Pages, seq: int, what: str) -> int:
        """The link of something nobody can look into."""
        text = f"reads {what}: what exactly is not known"
        return self.desk.link(("?", pages.run, seq, what), Link(pages.run, seq, "unknown", text))

    def _unwritten(self, pages: Pages, path: Path, seq: int, acts: int | None) -> int | None:
        if seq <= LOOK:
            return None
        name, low = spelled(path), seq - LOOK + 1
        there = value_at(dict(pages.moment(low).before.data), path)
        text = f"{name} was {show(there)} for the last {LOOK:,} facts; not looked further back"
        return self.desk.link((path, low), Link(pages.run, low, "earlier", text, plain(there)))

    def _assigned(self, pages: Pages, path: Path, write: Write, name: str) -> int:
        seen = pages.witness(write.seq)
        act = seen.acts[write.act]
        formula, value = formula_of(act, path), plain(value_at(act.after, path))
        assert formula is not None
        text = f"{name} = {show(value)}"
        stand = Stand(act.before, act.event, act.active)
        found = reads(formula)
        if found is None:
            text += f", computed by `{formula.text}` (Python)"
        elif found == (formula.text,):
            text += f", taken from {formula.text}"
        elif found:
            text += f", computed as `{formula.text}`{told(values_read(formula, stand))}"
        link = Link(pages.run, write.seq, "value", f"{text}, by {act.transition.id}", value)
        place = self.desk.link((pages.run, path, write), link)
        if reads_itself(formula, path) and self._collapse(pages, path, write, place):
            self._behind_formula(pages, formula, write, place, skip=path)
        else:
            self._behind_formula(pages, formula, write, place)
        self.desk.later(place, partial(self.taken, pages, write.seq, write.act))
        return place

    def _behind_formula(
        self, pages: Pages, formula: Formula, write: Write, place: int, skip: Path | None = None
    ) -> None:
        """Look into what a formula read: data by its origins; events come with transitions."""
        found = reads(formula)
        if found is None:
            what = f"what `{formula.text}` asks for"
            self.desk.later(place, partial(self.unknown, pages, write.seq, what))
        for path in paths_of(found):
            if path != skip:
                self.desk.later(place, partial(self.value, pages, path, write.seq, write.act))

    def _collapse(self, pages: Pages, path: Path, write: Write, place: int) -> bool:
        """Tell the many changes of a value that is made of itself as one link."""
        steps: list[int] = []
        writers = Writers(pages.trail.chart, path[0])
        for fact in pages.back(write.seq - 1, LOOK):
            body = writers.body(fact)
            if body is None:
                if fact.kind == "run.forked":
                    break
                continue
            formulas = [writers.formulas[t] for t in body["step"]["taken"] if t in writers.formulas]
            if not formulas or not all(reads_itself(formula, path) for formula in formulas):
                break
            steps.append(fact.seq)
        if len(steps) <= FEW:
            return False
        last, first = steps[0], steps[-1]
        there = plain(value_at(pages.moment(last).after.data, path))
        text = (
            f"{spelled(path)} was {show(there)} before: changed {len(steps):,} "
            f"times, first at seq {first}, last at seq {last}"
        )
        link = Link(pages.run, last, "earlier", text, there)
        earlier = self.desk.link(("earlier", pages.run, path, last), link)
        self.desk.later(place, lambda: earlier)
        self.desk.later(earlier, partial(self.value, pages, path, first, 0))
        return True

    def _given(self, pages: Pages, path: Path, write: Write, name: str) -> int:
        moment = pages.moment(write.seq)
        value = plain(value_at(pages.witness(write.seq).base, path))
        if path[0] in moment.body["data"]:
            link = Link(
                pages.run, write.seq, "start", f"{name} = {show(value)}, given at the start", value
            )
        else:
            text = f"{name} = {show(value)}, as the machine has it from the beginning"
            link = Link(pages.run, write.seq, "default", text, value)
        return self.desk.link((pages.run, path, write), link)

    def _brought(self, pages: Pages, path: Path, write: Write, name: str) -> int:
        value = plain(value_at(pages.moment(write.seq).body["patch"], path))
        text = f"{name} = {show(value)}, {self._outcome(pages, write.seq)}"
        place = self.desk.link(
            (pages.run, path, write), Link(pages.run, write.seq, "effect", text, value)
        )
        self._behind_effect(pages, write.seq, place)
        return place

    # Effects

    def effect(self, pages: Pages, seq: int) -> int:
        """The link of an effect's outcome."""
        known = self.desk.known(("effect", pages.run, seq))
        if known is not None:
            return known
        body = pages.moment(seq).body
        link = Link(pages.run, seq, "effect", self._outcome(pages, seq), body.get("result"))
        place = self.desk.link(("effect", pages.run, seq), link)
        self._behind_effect(pages, seq, place)
        return place

    def _outcome(self, pages: Pages, seq: int) -> str:
        moment = pages.moment(seq)
        fact, body = moment.fact, moment.body
        if fact.kind == "effect.failed":
            message = body["error"].get("message", "")
            return f"effect {effect_name(pages, seq)} failed: {message}"
        recorded = body.get("recorded")
        where = f", as recorded in run {recorded['run']}" if recorded else ""
        if fact.kind == "step":
            return "given to the fork" if fact.name == "fork" else f"told by {fact.name}"
        name = effect_name(pages, seq)
        if fact.kind == "effect.completed" and "effect" not in body:
            return f"effect {name} answered {show(body.get('result'))}{where}"
        return f"written by effect {name}{where}"

    def _behind_effect(self, pages: Pages, seq: int, place: int) -> None:
        self.desk.later(place, partial(asked_link, self, pages, seq))

    # Transitions

    def taken(self, pages: Pages, seq: int, act: int, back: int = 1) -> int:
        """The link of a transition that was taken: its guard, its event, and why it was there."""
        key = ("taken", pages.run, seq, act)
        known = self.desk.known(key)
        if known is not None:
            return known
        seen = pages.witness(seq)
        done = seen.acts[act]
        outside = from_outside(pages, seq, done.event)
        place = self.desk.link(key, Link(pages.run, seq, "transition", said(done, outside)))
        for tried in tried_before(seen, done):
            self.desk.later(place, partial(self.guard, pages, seq, tried, done.transition.id))
        if done.transition.events and not outside:
            self.desk.later(place, partial(event_link, self, pages, seq, done.event))
        self._source(pages, done, seq, back, place)
        return place

    def guard(self, pages: Pages, seq: int, tried: Tried, chosen: str = "") -> int:
        """The link of a guard that let a transition pass, or kept an earlier one from it."""
        formula = tried.transition.when
        assert formula is not None
        seen = pages.witness(seq)
        stand = Stand(seen.data_at(tried.acts), tried.event, frozenset())
        read = told(values_read(formula, stand))
        if tried.error:
            text = f"guard `{formula.text}` of {tried.transition.id} failed: {tried.error}"
        elif tried.held:
            text = f"its guard `{formula.text}` held{read}"
        else:
            first = f"{tried.transition.id} comes first, but " if chosen else ""
            text = f"{first}its guard `{formula.text}` did not hold{read}"
        key = ("guard", pages.run, seq, tried.micro, tried.transition.id)
        place = self.desk.link(key, Link(pages.run, seq, "guard", text, tried.held))
        found = reads(formula)
        if found is None:
            what = f"what `{formula.text}` asks for"
            self.desk.later(place, partial(self.unknown, pages, seq, what))
        for path in paths_of(found):
            self.desk.later(place, partial(self.value, pages, path, seq, tried.acts))
        return place

    # States

    def state(
        self, pages: Pages, state: str, seq: int, micro: int | None = None, back: int = 1
    ) -> int:
        """The link of how a state was entered, last before microstep `micro` of `seq` (None: at
        its end)."""
        found = entry(pages, state, seq, micro)
        if isinstance(found, Entry):
            return self._entered(pages, state, found, back)
        return self._forked_in(pages, state, found)

    def _entered(self, pages: Pages, state: str, found: Entry, back: int) -> int:
        if found.act is None:
            key = ("entered", pages.run, state, found.seq)
            known = self.desk.known(key)
            link = Link(pages.run, found.seq, "start", f"the run started in {state}")
            return self.desk.link(key, link) if known is None else known
        place = self.taken(pages, found.seq, found.act, back)
        marker = remembered_by(pages, state, found)
        if marker:
            self.desk.later(place, partial(self._remembered, pages, state, marker, found.seq))
        return place

    def _remembered(self, pages: Pages, state: str, marker: str, seq: int) -> int | None:
        """The link of what a history marker led back to: where the run was when it was left."""
        left = left_at(pages, state, seq - 1)
        if left is None or left.step is None:
            return None
        key = ("remembered", pages.run, state, left.fact.seq)
        known = self.desk.known(key)
        if known is not None:
            return known
        text = f"{marker} led back to {state}, which was left here"
        place = self.desk.link(key, Link(pages.run, left.fact.seq, "earlier", text))
        micro = max(i for i, move in enumerate(left.step.moves) if state in move.exited)
        self.desk.later(place, partial(self.state, pages, state, left.fact.seq, micro))
        return place

    def _source(self, pages: Pages, done: Act, seq: int, back: int, place: int) -> None:
        """Look into why the run was in the state the transition left."""
        source = done.transition.source
        if source:
            if back < BACK:
                self.desk.later(place, partial(self._before, pages, source, seq, done, back + 1))
            else:
                self.desk.last(place, partial(self._if_told, pages, source, seq, done, back))

    def _if_told(self, pages: Pages, source: str, seq: int, done: Act, back: int) -> int | None:
        """What is further back is told only where that takes no more than a line."""
        found = entry(pages, source, seq, done.micro, past=done.transition.id)
        if isinstance(found, Entry) and not found.again:
            known = self.desk.known(("taken", pages.run, found.seq, found.act))
            if found.act is None or known is not None:
                return self._entered(pages, source, found, back)
        self.desk.left += 1
        return None

    def _before(self, pages: Pages, source: str, seq: int, done: Act, back: int) -> int:
        found = entry(pages, source, seq, done.micro, past=done.transition.id)
        if not isinstance(found, Entry):
            return self._forked_in(pages, source, found)
        place = self._entered(pages, source, found, back)
        if not found.again:
            return place
        times = f"{found.again:,} times before, since seq {found.since}"
        text = f"{done.transition.id} left and entered {source} {times}"
        link = Link(pages.run, found.latest, "earlier", text)
        again = self.desk.link(("again", pages.run, seq, source), link)
        self.desk.later(again, lambda: place)
        return again

    # Forks

    def _before_fork(self, pages: Pages, path: Path, write: Write, name: str) -> int | None:
        there = value_at(dict(pages.moment(write.seq).after.data), path)
        if there is ABSENT:
            return None
        key = (pages.run, path, write)
        text, parent, at = self.parents.told(pages)
        if parent is not None:
            was = value_at(dict(parent.trail.at(at).snapshot.data), path)
            if was is ABSENT or was != there:
                given = f"{name} = {show(there)}, given to the fork"
                return self.desk.link(key, Link(pages.run, write.seq, "fork", given, plain(there)))
        link = Link(pages.run, write.seq, "fork", f"{name} = {show(there)} {text}", plain(there))
        place = self.desk.link(key, link)
        if parent is not None:
            self.desk.later(place, partial(self.value, parent, path, at))
        return place

    def _forked_in(self, pages: Pages, state: str, seq: int) -> int:
        key = ("forked", pages.run, state)
        known = self.desk.known(key)
        if known is not None:
            return known
        text, parent, at = self.parents.told(pages)
        link = Link(pages.run, seq, "fork", f"the run was in {state} {text}")
        place = self.desk.link(key, link)
        if parent is not None and state in parent.trail.at(at).snapshot.active:
            self.desk.later(place, partial(self.state, parent, state, at))
        return place


def plain(value: Any) -> Any:
    """A value, None where there is none."""
    return None if value is ABSENT else value


def paths_of(found: tuple[str, ...] | None) -> list[Path]:
    """The data paths among what a formula reads."""
    return [tuple(p.split(".")[1:]) for p in found or () if p.partition(".")[0] == "data"]


def tried_before(seen: Witness, done: Act) -> list[Tried]:
    """The guards that decided for a transition: its own, and those of arrows that come first."""
    chains = chains_of(seen, done)
    ahead: set[str] = {done.transition.id}
    for chain in chains:
        ids = [arrow.id for arrow in chain]
        ahead |= set(ids[: ids.index(done.transition.id)])
    found = [t for t in seen.tried if t.micro == done.micro and t.transition.id in ahead]
    # Guards of the same microstep may have been asked in an earlier round that took nothing.
    latest = {t.transition.id: t for t in found if t.event is done.event}
    return sorted(latest.values(), key=lambda t: t.transition.id != done.transition.id)


def chains_of(seen: Witness, done: Act) -> list[list[Any]]:
    """The rows of arrows, inner ones first, in which a taken transition stood."""
    place = seen.tables.place(done.active)
    name = done.event.name if done.transition.events else None
    rows = place.candidates(seen.tables, name)
    return [list(row) for row in rows if any(arrow.id == done.transition.id for arrow in row)]


def said(done: Act, outside: str) -> str:
    """`open#0 was taken on `close_command` from outside: open → closing`."""
    arrow = done.transition
    on = f" on `{done.event.name}`{outside}" if arrow.events else " by itself"
    source = arrow.source or "the chart"
    where = f"{source} → {', '.join(arrow.targets)}" if arrow.targets else f"in {source}"
    return f"{arrow.id} was taken{on}: {where}"
