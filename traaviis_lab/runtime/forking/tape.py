"""What a fork may use of its ancestors' records while it lives: each outcome once, none performed.

The records are read when the first effect asks for them, not before: most forks stand at a place
of a long run and are asked for one event.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from traaviis_lab.effects import Delay, Permit
from traaviis_lab.errors import LabError, ResultMissing
from traaviis_lab.journal import Journal, RunInfo
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart
from traaviis_lab.machine.effect import Effect
from traaviis_lab.runtime.recall import chart_of
from traaviis_lab.runtime.standing import Ask, Pending
from traaviis_lab.runtime.told import told

from .reel import Answer, Reel, Wish, key_of

if TYPE_CHECKING:
    from traaviis_lab.runtime.run import Run

INHERITED = "^"
OWN = "+"
LET_THROUGH = Answer("", 0, 0, {})
"""What a fork that performs nothing is told by what is shared: it does not ask there."""
_OUTCOMES = frozenset({"effect.completed", "effect.failed"})


class Source(NamedTuple):
    """A run whose record counts: after fact `after`, up to `upto`; `lost` are left out."""

    run: str
    after: int
    upto: int
    lost: frozenset[int]


class Tape:
    """The recorded outcomes that are left for a fork.

    Args:
        journal: where the records are.
        run: the fork.
        parent: its parent's record.
        chart: a chart that saves asking the journal for it, where it is the right one.
        live: whether the fork may perform what no record answers.
        given: outcomes that were given instead of recorded ones, by path.
    """

    def __init__(
        self,
        journal: Journal,
        run: str,
        parent: Source,
        chart: Chart,
        live: bool,
        given: Mapping[str, Answer],
    ) -> None:
        self.journal, self.run, self.parent, self.live = journal, run, parent, live
        self._chart = chart
        self.given = dict(given)
        self.aligned: dict[str, str] = {}
        self.used: set[tuple[str, str | int]] = set()
        self._taken: dict[str, Answer] = {}
        self._records: list[tuple[Source, dict[str, Wish]]] = []
        self._offers: dict[bytes, deque[tuple[str, Wish]]] | None = None
        self._lock = threading.Lock()

    # Reading

    def load(self) -> dict[bytes, deque[tuple[str, Wish]]]:
        """Read the ancestors' records, once. Called from any thread."""
        with self._lock:
            if self._offers is None:
                self.used |= set(_recorded_in(self.journal, self.run))
                offers: dict[bytes, deque[tuple[str, Wish]]] = {}
                self._records = list(self._ancestors())
                for source, wishes in self._records:
                    for wish in wishes.values():
                        if wish.answer is not None and wish.answer.seq not in source.lost:
                            offers.setdefault(wish.key, deque()).append((source.run, wish))
                self._offers = offers
            return self._offers

    def _ancestors(self) -> Iterator[tuple[Source, dict[str, Wish]]]:
        source: Source | None = self.parent
        known = {self.run}
        while source is not None and source.run not in known:
            known.add(source.run)
            info = self.journal.info(source.run)
            if info is None:
                return
            chart = partial(self._chart_of, info)
            reel = Reel(self.journal, source.run, chart, source.after, source.upto)
            reel.read()
            yield source, reel.wishes
            self.used |= set(_recorded_in(self.journal, source.run))
            source = source_of(self.journal, source.run)

    def _chart_of(self, info: RunInfo) -> Chart:
        known = self._chart
        return known if known.hash == info.chart else chart_of(self.journal, info.run)

    # Answering

    def answer(self, path: str, effect: Effect) -> Answer | None:
        """How the effect at this path of the fork ended, None where nothing tells."""
        if path in self._taken:
            return self._taken[path]
        found = self.given_for(path)
        if found is None and (path.startswith(INHERITED) or path in self.aligned):
            found = self._by_path(path)
        elif found is None:
            found = self.by_spec(effect)
        if found is not None:
            self._taken[path] = found
        return found

    def keep(self, path: str, answer: Answer) -> None:
        """Set an outcome aside for this path of the fork."""
        self._taken[path] = answer

    def keep_held(self, outcomes: Mapping[str, int]) -> None:
        """Set aside what waited in the parent's mailbox: its facts by path of their effect."""
        run = self.parent.run
        for path, seq in outcomes.items():
            fact = next(iter(self.journal.read(run, after=seq - 1, upto=seq)), None)
            if fact is not None:
                body = orjson.loads(fact.body)
                held = Answer(run, seq, fact.at, body.get("result"), body.get("error"))
                self.keep(INHERITED + path, held)

    def keeps(self, path: str) -> bool:
        """Whether an outcome is set aside for this path of the fork."""
        return path in self._taken

    def given_for(self, path: str) -> Answer | None:
        """The outcome that was given for this path of the fork."""
        if path.startswith(INHERITED):
            return self.given.get(OWN + path) or self.given.get(path.removeprefix(INHERITED))
        parents = self.aligned.get(path)
        return self.given.get(OWN + path) or (self.given.get(parents) if parents else None)

    def by_spec(self, effect: Effect) -> Answer | None:
        """The next unused outcome of an effect that asked for the same; it is used then."""
        left = self.load().get(key_of(effect.to_spec()))
        while left:
            run, wish = left.popleft()
            if self._is_free(run, wish):
                self.used.add((run, wish.path))
                return wish.answer
        return None

    def _by_path(self, path: str) -> Answer | None:
        """The outcome of the very wish that the fork inherited, from the youngest that has it."""
        path = self.aligned.get(path) or path.removeprefix(INHERITED)
        self.load()
        for source, wishes in self._records:
            wish = wishes.get(path)
            if wish is not None and wish.answer is not None:
                self.used.add((wish.answer.run, path))
                return None if wish.answer.seq in source.lost else wish.answer
            if not path.startswith(INHERITED):
                return None
            path = path.removeprefix(INHERITED)
        return None

    def _is_free(self, run: str, wish: Wish) -> bool:
        answer = wish.answer
        return (
            answer is not None
            and (run, wish.path) not in self.used
            and (run, answer.seq) not in self.used
        )

    # Living

    def check(self, starts: Mapping[str, Ask]) -> None:
        """Raise `ResultMissing` if a turn asks for what may not be performed and no record has."""
        if self.live:
            return
        wanted: dict[bytes, int] = {}
        for path, ask in starts.items():
            if needs_no_record(ask.effect) or OWN + path in self.given:
                continue
            key = key_of(ask.effect.to_spec())
            wanted[key] = wanted.get(key, 0) + 1
            left = sum(1 for run, wish in self.load().get(key, ()) if self._is_free(run, wish))
            if left < wanted[key]:
                raise self.missing(path, ask.effect, f"Fork {self.run!r}")

    def missing(self, path: str, effect: Effect, who: str = "") -> ResultMissing:
        """The error that names the result a fork would need; `who` is a fork that lives."""
        spec = orjson.dumps(effect.to_spec(), default=str).decode()
        spec = spec if len(spec) <= 200 else spec[:197] + "..."
        name = self.aligned.get(path, OWN + path)
        if path.startswith(INHERITED):
            parents = path.removeprefix(INHERITED)
            self.load()
            if any(parents in wishes for _, wishes in self._records):
                name = parents
        give = f"results={{{name!r}: value}}"
        cure = f"fork(..., live=True) performs it; or give it: {give}."
        if who:
            cure = f"fork(live=True) goes on from there and performs what is new; {give} gives it."
        return ResultMissing(
            f"{who or 'The fork'} asks for {effect.kind} at {name!r}, and the record of "
            f"{self.parent.run!r} has no result left for {spec}.",
            hint=cure,
        )

    def assign(self, starts: Mapping[str, Ask]) -> None:
        """Set the outcomes aside that these effects, which start now, will have."""
        for path, ask in starts.items():
            if not (ask.effect.composed or isinstance(ask.effect, Delay)):
                self.answer(path, ask.effect)

    async def bring(self, run: Run, path: str, pending: Pending) -> bool:
        """Bring a recorded outcome home. False: there is none, and it may be performed."""
        effect = pending.effect
        if isinstance(effect, Delay):
            return False
        if self._offers is None:
            await run.engine.loop.run_in_executor(run.engine.workers, self.load)
        found = self.answer(path, effect)
        if found is None and isinstance(effect, Permit) and not self.live:
            found = LET_THROUGH
        if found is None:
            return not self.live
        if found.cancelled:  # it was told to end there, which tells nothing here
            return not self.live
        if found.error is not None:
            run.fail(path, told(found.error), marker(found))
        else:
            run.resolve(path, found.result, patch_of(effect, found.result), marker(found))
        return True


def needs_no_record(effect: Effect) -> bool:
    """Whether a fork may go through this without a recorded outcome: it only waits or asks."""
    return effect.composed or isinstance(effect, Delay | Permit)


def marker(answer: Answer) -> dict[str, Any]:
    """What a fact says of an outcome that was not performed for it."""
    if answer is LET_THROUGH:
        return {}
    return {"recorded": {"run": answer.run, "seq": answer.seq}} if answer.seq else {"given": True}


def patch_of(effect: Effect, result: Any) -> dict[str, Any] | None:
    """The data field an effect's result goes to."""
    into = getattr(effect, "into", "")
    return {into: result} if into else None


def tape_of(journal: Journal, run: str, chart: Chart) -> Tape | None:
    """The tape of a run that is a fork, from its first fact; None for other runs."""
    source = source_of(journal, run)
    if source is None:
        return None
    body = _first(journal, run)
    given = {
        path: Answer("", 0, 0, one.get("result"), one.get("error"))
        for path, one in body.get("results", {}).items()
    }
    tape = Tape(journal, run, source, chart, bool(body.get("live")), given)
    tape.aligned.update(body.get("awaits", {}))
    tape.keep_held(body.get("held", {}))
    return tape


def source_of(journal: Journal, run: str) -> Source | None:
    """Which record a fork goes on from, None where the run is no fork."""
    info = journal.info(run)
    if info is None or not info.forked_from:
        return None
    body = _first(journal, run)
    after = body["forked_at"]
    return Source(
        body["forked_from"], after, body.get("upto", after), frozenset(body.get("drop", ()))
    )


def answers(results: Mapping[str, Any]) -> dict[str, Answer]:
    """Outcomes as somebody gives them, by path: values, or errors to fail with.

    They are taken as they are now. Raises `JournalError` for what is not JSON.
    """
    return {path: _answer(value, f"results[{path!r}]") for path, value in results.items()}


def _answer(value: Any, where: str) -> Answer:
    if isinstance(value, LabError):
        return Answer("", 0, 0, None, value.to_json())
    return Answer("", 0, 0, orjson.loads(encode(value, where=where)))


def _first(journal: Journal, run: str) -> dict[str, Any]:
    fact = next(iter(journal.read(run, upto=1)), None)
    body: dict[str, Any] = {} if fact is None else orjson.loads(fact.body)
    return body


def _recorded_in(journal: Journal, run: str) -> Iterator[tuple[str, int]]:
    """Which outcomes of others a fork's facts have used."""
    for fact in journal.read(run):
        if fact.kind in _OUTCOMES and b'"recorded":' in fact.body:
            used = orjson.loads(fact.body).get("recorded")
            if used:
                yield used["run"], used["seq"]
