"""What an effect takes when it is performed in a walk: composed ones by what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, assert_never, cast

from traaviis_lab.effects import Delay, InvokeFsm, Raise, SpawnFsm
from traaviis_lab.effects.composed import (
    Batch,
    Bulkhead,
    Cache,
    CircuitBreaker,
    Composed,
    Fallback,
    ForEach,
    Parallel,
    Race,
    RateLimit,
    Retry,
    Saga,
    Sequence,
    Timeout,
    When,
    WithCompensation,
)
from traaviis_lab.effects.growing.fills import filler_of, formula
from traaviis_lab.effects.growing.places import INDEX, ITEM
from traaviis_lab.effects.growing.rules import Around, parts
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.values import Event

from .book import Book, Place
from .chance import Chance
from .known import UNSURE, Known, told
from .leaves import Teller
from .odds import Odds

MOST_ITEMS = 1_000


class Done(NamedTuple):
    """How an effect ended: after how long, whether well, what it raised and what fields it set."""

    seconds: float = 0.0
    ok: bool = True
    raised: tuple[str, ...] = ()
    set: tuple[str, ...] = ()


@dataclass(slots=True)
class Scene:
    """Where effects are performed in a walk.

    `child` walks through another machine, from its data, and answers how that ended.
    """

    machine: str
    state: str
    owner: str
    data: Known
    active: frozenset[str]
    odds: Odds
    teller: Teller
    chance: Chance
    book: Book
    child: Callable[[str, Known], Done]


class At(NamedTuple):
    """A place in an effect: its name as a node, the event its templates read, what is filled in."""

    node: str
    event: Event
    filled: bool = False

    def below(self, step: str, **more: Any) -> At:
        """A place below; `more` is what its templates may read beside."""
        return At(f"{self.node}/{step}", _with(self.event, more) if more else self.event)

    def unsure(self, step: str) -> At:
        """A place below whose templates may read what is not known."""
        known = self.event.data
        values = dict(known.items())
        values.pop("result", None)
        return At(f"{self.node}/{step}", self.event._replace(data=Known(values, None)))


def perform(scene: Scene, effect: Any, at: At) -> Done:
    """Perform an effect once."""
    done = _composed(scene, effect, at) if effect.composed else _leaf(scene, effect, at)
    into = getattr(effect, "into", "")
    return done._replace(set=(*done.set, into.partition(".")[0])) if into else done


def _leaf(scene: Scene, effect: Any, at: At) -> Done:
    filled = at.filled
    if not filled:
        effect, filled = _filled(scene, effect, at)
    if isinstance(effect, Raise):
        return Done(raised=(effect.event,))
    if isinstance(effect, InvokeFsm):
        return scene.child(effect.machine, Known(effect.data if filled else {}, _gap(filled)))
    if isinstance(effect, SpawnFsm):
        scene.child(effect.machine, Known(effect.data if filled else {}, _gap(filled)))
        return Done()
    if isinstance(effect, Delay) and isinstance(effect.seconds, int | float):
        return Done(float(effect.seconds))
    if not effect.outward:
        key = str(getattr(effect, "key", "")).partition(".")[0]
        return Done(set=(key,) if key else tuple(getattr(effect, "values", ())))
    return _outward(scene, effect, at.node, filled)


def _gap(filled: bool) -> frozenset[str] | None:
    return frozenset() if filled else None


def _outward(scene: Scene, effect: Effect, node: str, filled: bool) -> Done:
    found = scene.teller.leaf(node, scene.owner, effect, filled)
    place = Place(scene.machine, scene.state, node, effect.kind, "")
    seconds = scene.book.work(place, found)
    for call in found.calls:
        times = int(call.rate) + scene.chance.happens(call.rate % 1)
        where = place._replace(node=call.node, model=call.model)
        for _ in range(times):
            seconds += scene.book.call(where, call)
    ok = not scene.chance.happens(found.failing)
    if found.limit is not None and seconds > found.limit:
        seconds, ok = found.limit, False
    return Done(seconds, ok)


def _filled(scene: Scene, effect: Effect, at: At) -> tuple[Effect, bool]:
    fill = filler_of(effect)
    if fill is None:
        return effect, True
    try:
        value = told(fill, scene.data, at.event, scene.active)
    except Exception:
        value = UNSURE
    return (effect, False) if value is UNSURE else (value, True)


def _composed(scene: Scene, effect: Effect, at: At) -> Done:
    match cast("Composed", effect):
        case Sequence() | Saga() as row:
            done = _row(scene, parts(row), at)
        case Fallback() as fallback:
            done = _fallback(scene, fallback.effects, at)
        case Parallel() as several:
            done = _all(_each(scene, several, at), several.concurrency, several.settle)
        case Race() as race:
            done = _first(_each(scene, race, at))
        case ForEach() | Batch() as loop:
            done = _loop(scene, loop, at)
        case one:
            done = _around_one(scene, one, at)
    return done


def _around_one(scene: Scene, effect: Around, at: At) -> Done:
    """The same for those that stand around a single effect."""
    match effect:
        case Retry() as retry:
            return _retry(scene, retry, at)
        case Timeout() as timeout:
            done = perform(scene, timeout.effect, at.below("0"))
            after = float(timeout.after)
            return done if done.seconds <= after else Done(after, False)
        case WithCompensation() | CircuitBreaker() | RateLimit() | Bulkhead() as gate:
            return perform(scene, gate.effect, at.below("0"))
        case Cache() as cache:
            return _cached(scene, cache, at)
        case When() as choice:
            return _when(scene, choice, at)
        case other:
            assert_never(other)


def _each(scene: Scene, several: Parallel | Race, at: At) -> list[Done]:
    return [perform(scene, one, at.below(str(n))) for n, one in enumerate(several.effects)]


def _row(scene: Scene, row: tuple[Effect, ...], at: At) -> Done:
    seconds = 0.0
    raised: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    for number, one in enumerate(row):
        here = at.unsure(str(number)) if number else at.below("0")
        done = perform(scene, one, here)
        seconds, raised, fields = seconds + done.seconds, raised + done.raised, fields + done.set
        if done.set:  # what it brought home is not known to those after it
            scene.data = scene.data.with_fields({}, done.set)
        if not done.ok:
            return Done(seconds, False, raised, fields)
    return Done(seconds, True, raised, fields)


def _fallback(scene: Scene, row: tuple[Effect, ...], at: At) -> Done:
    seconds = 0.0
    for number, one in enumerate(row):
        done = perform(scene, one, at.unsure(str(number)) if number else at.below("0"))
        seconds += done.seconds
        if done.ok:
            return done._replace(seconds=seconds)
    return Done(seconds, False)


def _all(made: list[Done], concurrency: int, settle: bool) -> Done:
    """Several at once, so many at a time."""
    lanes = [0.0] * max(1, min(len(made), concurrency or len(made)))
    for done in made:
        lane = min(range(len(lanes)), key=lanes.__getitem__)
        lanes[lane] += done.seconds
    ok = settle or all(done.ok for done in made)
    raised = tuple(name for done in made for name in done.raised)
    return Done(max(lanes), ok, raised, tuple(name for done in made for name in done.set))


def _first(made: list[Done]) -> Done:
    """The first that goes well. What the others spent until then is not known: all of it counts."""
    well = [done for done in made if done.ok]
    return min(well, key=lambda done: done.seconds) if well else _all(made, 0, False)


def _loop(scene: Scene, loop: ForEach | Batch, at: At) -> Done:
    try:
        items = told(formula(loop.items, "items").compute, scene.data, at.event, scene.active)
    except Exception:
        items = UNSURE
    if not isinstance(items, list | tuple):
        return _loop_unsure(scene, loop, at)
    if isinstance(loop, Batch):
        items = [items[n : n + loop.size] for n in range(0, len(items), loop.size)]
    if len(items) > MOST_ITEMS:
        scene.book.unknowns[f"Of {len(items):,} items only {MOST_ITEMS:,} are looked at."] = None
    scene.book.note_items(at.node, len(items))
    made = [
        perform(scene, loop.effect, at.below("*", **{ITEM: item, INDEX: number}))
        for number, item in enumerate(items[:MOST_ITEMS])
    ]
    return _all(made, loop.concurrency, getattr(loop, "settle", False))


def _loop_unsure(scene: Scene, loop: ForEach | Batch, at: At) -> Done:
    """How many items there will be is not known: as many as there were."""
    below = at.unsure("*")
    rate = _rate(scene, loop.effect, below.node)
    if rate is None:
        scene.book.unknowns[
            f"How many items {loop.kind} in {scene.state} goes over (`{loop.items}`) is not "
            "known: one is counted."
        ] = None
        rate = 1.0
    times = min(MOST_ITEMS, int(rate) + scene.chance.happens(rate % 1))
    made = [perform(scene, loop.effect, below) for _ in range(times)]
    return _all(made, loop.concurrency, getattr(loop, "settle", False))


def _retry(scene: Scene, retry: Retry, at: At) -> Done:
    seconds, done = 0.0, Done(ok=False)
    for attempt in range(1, min(retry.attempts, 100) + 1):
        done = perform(scene, retry.effect, at.below("0"))
        seconds += done.seconds
        if done.ok or attempt == retry.attempts:
            break
        seconds += retry.wait_after(attempt, 0.5)
    return done._replace(seconds=seconds)


def _cached(scene: Scene, cache: Cache, at: At) -> Done:
    below = at.below("0")
    rate = _rate(scene, cache.effect, below.node)
    if rate is None:
        scene.book.guesses["No cache is taken to answer."] = None
    if rate is not None and not scene.chance.happens(min(1.0, rate)):
        return Done()
    return perform(scene, cache.effect, below)


def _when(scene: Scene, choice: When, at: At) -> Done:
    try:
        yes = told(formula(choice.when, "when").compute, scene.data, at.event, scene.active)
    except Exception:
        yes = UNSURE
    if not isinstance(yes, bool):
        yes = scene.chance.happens(_share_of_yes(scene, choice, at))
    if not yes and choice.otherwise is None:
        return Done()
    chosen = choice.effect if yes else choice.otherwise
    return perform(scene, chosen, At(f"{at.node}/{0 if yes else 1}", at.event))


def _share_of_yes(scene: Scene, choice: When, at: At) -> float:
    yes = _rate(scene, choice.effect, f"{at.node}/0")
    if yes is not None:
        return min(1.0, yes)
    if choice.otherwise is not None:
        no = _rate(scene, choice.otherwise, f"{at.node}/1")
        if no is not None:
            return 1 - min(1.0, no)
    if isinstance(choice.effect, Raise) and scene.odds.entered.get(scene.owner):
        heard = [
            scene.odds.weight(one) for one, name in scene.odds.heard if name == choice.effect.event
        ]
        return min(1.0, sum(heard) / scene.odds.entered[scene.owner])
    scene.book.guesses[f"`{choice.when}` in {scene.state} is taken to hold half the time."] = None
    return 0.5


def _rate(scene: Scene, effect: Any, node: str) -> float | None:
    """How often what is at a place called a model, for each time its state was entered."""
    if not effect.composed:
        if not hasattr(effect, "model"):
            return None
        return scene.odds.rate(node, scene.owner)
    several = len(parts(effect)) > 1
    for number, one in enumerate(parts(effect)):
        step = "*" if isinstance(effect, ForEach | Batch) else str(number)
        found = _rate(scene, one, f"{node}/{step}")
        if found is not None and (found > 0 or not several):
            return found
    return None


def _with(event: Event, more: dict[str, Any]) -> Event:
    known = event.data
    if isinstance(known, Known):
        return event._replace(data=known.with_fields(more))
    return event._replace(data=Known({**known, **more}))
