"""One walk through a machine: from where it stands until it is over, or nothing more happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from traaviis_lab.effects import MergeData, PutData
from traaviis_lab.machine.chart import Chart, Transition
from traaviis_lab.machine.matching import is_pattern, is_reserved
from traaviis_lab.machine.values import Event

from .book import Book
from .chance import Chance
from .foreseen_step import Stand, Stepped, Wish, begin, take
from .known import UNSURE, Known, told, unknown_event
from .leaves import Teller
from .odds import Odds
from .performing import At, Done, Scene, perform

MOST_STEPS = 2_000
DEEPEST = 8


@dataclass(slots=True)
class Start:
    """Where walks begin: with data, or where a run stands; and what comes in first.

    `under_way` are effects that a run waits for already, `timers` what is left of its timers.
    """

    data: Known
    stand: Stand | None = None
    events: tuple[Event, ...] = ()
    under_way: tuple[Wish, ...] = ()
    timers: tuple[tuple[str, float], ...] = ()


@dataclass(slots=True)
class Ways:
    """What walks go by: the odds of each machine, who tells what effects take, the limit of
    loops, and where it is written up."""

    teller: Teller
    odds: dict[str, Odds]
    limit: int
    book: Book
    chance: Chance


class _Call(NamedTuple):
    """The effects that a state waits for: when they end, and how."""

    at: float
    done: Done


class Walk:
    """A walk under way. `deep` counts the machines around it."""

    def __init__(self, chart: Chart, ways: Ways, deep: int = 0) -> None:
        self.chart, self.ways, self.deep = chart, ways, deep
        self.odds = ways.odds.get(chart.name) or Odds()
        self.now = 0.0
        self.aside = 0.0
        self.stand = Stand(frozenset(), Known({}), {})
        self.calls: dict[str, _Call] = {}
        self.timers: dict[str, float] = {}
        self.visits: Counter[str] = Counter()
        self.raised: list[str] = []
        self.over = ""
        self.work = 0

    def go(self, start: Start) -> str:
        """Walk to the end; answers how it ended."""
        ways = self.ways
        if start.stand is None:
            self._arrive(begin(self.chart, start.data, ways.chance, self.odds))
        else:
            self.stand = start.stand
            self.timers = dict(start.timers)
            self._ask(start.under_way)
        ahead = list(start.events)
        for _ in range(MOST_STEPS):
            if self.stand.done:
                return "done"
            if self.over:
                return self.over
            event = ahead.pop(0) if ahead else self._next()
            if event is None:
                return f"waits in {', '.join(self._leaves())}"
            self._arrive(take(self.chart, self.stand, event, ways.chance, self.odds))
        return f"cut off after {MOST_STEPS:,} events"

    @property
    def seconds(self) -> float:
        """How long it has taken, what it left to itself included."""
        return max(self.now, self.aside)

    def _leaves(self) -> tuple[str, ...]:
        found: tuple[str, ...] = self.chart.tables.place(self.stand.active).leaves
        return found

    def cap(self, state: str) -> int:
        """How often a state is entered at most: the limit, or more where a run did more."""
        if not self.odds.most:
            return self.ways.limit
        into = self.chart.transitions.values()
        seen = sum(self.odds.most.get(t.id, 0) for t in into if state in t.targets)
        return max(self.ways.limit, seen)

    # What comes of a step

    def _arrive(self, made: Stepped) -> None:
        for state in made.exited:
            self.calls.pop(state, None)
            for timer in self.chart.states[state].timers:
                self.timers.pop(timer.event, None)
        self.stand = made.stand
        self.work += 1 + len(made.taken)
        if made.restless:
            self.over = "cut off: it never comes to rest"
            return
        for state in made.entered:
            self.visits[state] += 1
            if self.visits[state] > self.ways.limit and self.visits[state] > self.cap(state):
                self.over = f"cut off: {state} was entered more than {self.cap(state)} times"
            for timer in self.chart.states[state].timers:
                self.timers[timer.event] = self.now + timer.seconds
        for guess in made.guessed:
            self.ways.book.guesses[f"{guess} was never asked before: even odds."] = None
        self._ask(made.wishes)

    def _ask(self, wishes: Iterable[Wish]) -> None:
        owners: dict[str, list[Done]] = {}
        for wish in wishes:
            if not wish.effect.outward and not wish.effect.composed:
                self._patch(wish)
                continue
            if wish.owner and wish.owner not in self.stand.active:
                continue
            done = perform(self._scene(wish), wish.effect, self._at(wish))
            if wish.owner:
                owners.setdefault(wish.owner, []).append(done)
            else:
                self.aside = max(self.aside, self.now + done.seconds)
                self._lose(done.set)
        for owner, several in owners.items():
            together = Done(
                max(done.seconds for done in several),
                all(done.ok for done in several),
                tuple(name for done in several for name in done.raised),
                tuple(name for done in several for name in done.set),
            )
            self.calls[owner] = _Call(self.now + together.seconds, together)

    def _at(self, wish: Wish) -> At:
        node = f"{self.chart.name}/{wish.owner}#{wish.place}"
        return At(node, wish.event, wish.filled and not wish.effect.composed)

    def _scene(self, wish: Wish) -> Scene:
        ways = self.ways
        return Scene(
            self.chart.name, wish.state, wish.owner, self.stand.data, self.stand.active,
            self.odds, ways.teller, ways.chance, ways.book, self._child,
        )  # fmt: skip

    def _child(self, machine: str, data: Known) -> Done:
        """Another machine is run to its end."""
        chart = self.ways.teller.machine(machine)
        if chart is None or self.deep >= DEEPEST:
            self.ways.book.miss(f"The machine {machine!r} is not known here.", True)
            return Done()
        unknown = data.unknown
        whole = Known({**chart.data, **dict(data.items())}, unknown)
        walk = Walk(chart, self.ways, self.deep + 1)
        end = walk.go(Start(whole))
        if end != "done":
            self.ways.book.guesses[f"{machine}, as a child, {end}: taken to end there."] = None
        return Done(walk.seconds)

    def _patch(self, wish: Wish) -> None:
        """An effect on the run's own data, which is performed at once."""
        effect = wish.effect
        if wish.filled and isinstance(effect, PutData) and "." not in effect.key:
            self._know(self.stand.data.with_fields({effect.key: effect.value}))
        elif wish.filled and isinstance(effect, MergeData) and not effect.key:
            self._know(self.stand.data.with_fields(effect.values))
        else:
            fields = [getattr(effect, "into", ""), getattr(effect, "key", "")]
            if type(effect).__name__ in ("GetData",):
                fields.pop()
            self._lose([name.partition(".")[0] for name in fields if name])

    def _know(self, data: Known) -> None:
        self.stand = self.stand._replace(data=data)

    def _lose(self, fields: Iterable[str]) -> None:
        if fields := tuple(fields):
            self._know(self.stand.data.with_fields({}, fields))

    # What happens next

    def _next(self) -> Event | None:
        """The next event: raised, brought home, timed, or from outside; None: none comes."""
        if self.raised:
            return unknown_event(self.raised.pop(0))
        outside = self._outside()
        if not self.calls and not self.timers:
            return self._from_outside(outside) if outside else None
        if outside and self.ways.chance.happens(self._share_outside(outside)):
            return self._from_outside(outside)
        due = min(self.timers.items(), key=lambda one: one[1], default=None)
        first = min(self.calls.items(), key=lambda one: one[1].at, default=None)
        if first is not None and (due is None or first[1].at <= due[1]):
            return self._home(first[0], first[1])
        assert due is not None
        del self.timers[due[0]]
        self.now = max(self.now, due[1])
        return Event(due[0])

    def _home(self, owner: str, call: _Call) -> Event:
        """All that a state asked for has ended."""
        del self.calls[owner]
        self.now = max(self.now, call.at)
        self._lose(call.done.set)
        self.raised += call.done.raised
        self.raised.append(f"{'done' if call.done.ok else 'error'}.invoke.{owner}")
        return unknown_event(self.raised.pop(0))

    def _outside(self) -> dict[str, float]:
        """The events that may come from outside now, with how often they were taken."""
        found: dict[str, float] = {}
        for transition in self._listening():
            names = [n for n in transition.events if not is_reserved(n)]
            for name in names:
                if not self._may(transition, name):
                    continue
                weight = self.odds.weight(transition.id) / len(names)
                found[name] = found.get(name, 0.0) + weight
        return found

    def _listening(self) -> Iterable[Transition]:
        place = self.chart.tables.place(self.stand.active)
        for state in place.order:
            yield from self.chart.tables.nodes[state].transitions

    def _may(self, transition: Transition, name: str) -> bool:
        if transition.when is None:
            return True
        event = unknown_event(name)
        try:
            value = told(transition.when.compute, self.stand.data, event, self.stand.active)
        except Exception:
            return False
        return value is UNSURE or bool(value)

    def _share_outside(self, outside: dict[str, float]) -> float:
        """How probable it is that the next event is one from outside."""
        from_outside = sum(outside.values())
        inside = sum(
            self.odds.weight(t.id) for t in self._listening() if any(map(is_reserved, t.events))
        )
        if from_outside or inside:
            return from_outside / (from_outside + inside)
        if self.calls:
            return 0.0
        self.ways.book.guesses[
            f"In {', '.join(self._leaves())} an event or a timer: even odds."
        ] = None
        return len(outside) / (len(outside) + len(self.timers))

    def _from_outside(self, outside: dict[str, float]) -> Event:
        names = list(outside)
        if len(names) > 1 and not any(outside.values()):
            self.ways.book.guesses[
                f"In {', '.join(self._leaves())} {_either(names)} comes: even odds."
            ] = None
        name = names[self.ways.chance.one_of(list(outside.values()))]
        return unknown_event(name.removesuffix("*") + "any" if is_pattern(name) else name)


def _either(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names[:5]]
    return f"{', '.join(shown[:-1])} or {shown[-1]}"
