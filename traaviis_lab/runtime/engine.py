"""The engine: all live runs of one process, on one loop, over one journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from traaviis_lab.errors import DefinitionError, EffectError, JournalConflict, LabError
from traaviis_lab.journal import Durability, Fact, Journal
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart

from .acks import Acks
from .bodies import Texts, lean_body
from .clock import Clock
from .forking.tape import Tape, tape_of
from .handlers import LEAVES
from .holding.hold import Hold
from .interpreter import Interpreter, Scope
from .recall import Recall, recall
from .run import Acknowledge, Run
from .standing import Ask, Pending
from .turn import Turn

_LOGGER = logging.getLogger("traaviis_lab")


class Engine:
    """Starts, resumes and drives runs. Its methods are called on its loop.

    Args:
        journal: where every fact goes before it counts.
        clock: where time comes from.
        durability: how durable a step is before it is acknowledged (see docs/journal.md).
    """

    def __init__(self, journal: Journal, clock: Clock, durability: Durability = "disk") -> None:
        self.loop = asyncio.get_running_loop()
        self.journal, self.clock, self.durability = journal, clock, durability
        self.safest: Durability = "memory" if durability == "memory" else "disk"
        self.acks = Acks(self.loop)
        self.runs: dict[str, Run] = {}
        self.holds: dict[str, Hold] = {}
        self.tapes: dict[str, Tape] = {}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.workers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="traaviis-call")
        self.interpreter = Interpreter(LEAVES)
        self._texts: dict[str, Texts] = {}
        clock.attach(self.loop)

    def start(
        self,
        chart: Chart,
        run_id: str,
        data: Mapping[str, Any],
        tenant: str,
        acknowledge: Acknowledge | None = None,
    ) -> Run:
        """A new run, entered and written. Raises `JournalConflict` if the id is taken."""
        if run_id in self.runs:
            raise taken(run_id)
        self.journal.claim(run_id)
        try:
            run = Run(self, run_id, self.texts(chart), tenant)
            turn = Turn(run)
            run.last = turn.begin(data)
            self.runs[run_id] = run
            run.commit(turn, acknowledge=acknowledge)
        except BaseException as error:
            self.runs.pop(run_id, None)
            self.journal.release(run_id)
            raise (taken(run_id) if isinstance(error, JournalConflict) else error) from None
        return run

    def resume(self, run_id: str, chart: Chart) -> Run:
        """A run of the journal, live again where it stood: its timers run, its effects too.

        Raises `JournalLocked` if another living process owns it, `Diverged` if the chart no
        longer takes what it took then.
        """
        if (live := self.runs.get(run_id)) is not None:
            return live
        self.journal.claim(run_id)
        try:
            info = self.journal.info(run_id)
            found = recall(self.journal, run_id, chart)
            tenant = info.tenant if info is not None else "default"
            run = Run(self, run_id, self.texts(chart), tenant)
            self.runs[run_id] = run
            if (tape := tape_of(self.journal, run_id, chart)) is not None:
                self.tapes[run_id] = tape
            self._revive(run, found)
            if run.snapshot.done:
                self.ended(run)
        except BaseException:
            self.runs.pop(run_id, None)
            self.tapes.pop(run_id, None)
            self.journal.release(run_id)
            raise
        return run

    def _revive(self, run: Run, found: Recall) -> None:
        run.snapshot, run.seq = found.snapshot, found.seq
        run.calls, run.visited = found.calls, found.visited
        run.set_timers(found.timers)
        # What has answered already, and only waits to be looked at, is not asked again.
        waits = found.hold.outcomes if found.hold is not None else {}
        again = {path: one for path, one in found.pending.items() if path not in waits}
        tape = self.tapes.get(run.id)
        if again and tape is not None and not tape.live:
            run.pending = again
            gate: asyncio.Future[None] = self.loop.create_future()
            gate.set_result(None)
            self.carry_all(run, gate)
        elif again:
            self._repeat(run, again)
        if found.hold is not None:
            run.pending = {**found.pending, **run.pending}
            self.holds[run.id] = Hold(run, found.hold)
            self.holds[run.id].plan()

    def hold(self, run: Run) -> Hold:
        """What stands between a run and what comes in, made when it is first needed."""
        found = self.holds.get(run.id)
        if found is None:
            found = self.holds[run.id] = Hold(run)
        return found

    def _repeat(self, run: Run, pending: Mapping[str, Pending]) -> None:
        """Effects that were under way when the process died are started again, and it is said."""
        facts, again = [], {}
        for path, was in pending.items():
            run.seq += 1
            now = was._replace(seq=run.seq, occurrence=was.occurrence + 1)
            asked = {"path": path, "owner": now.owner, "effect": now.effect.to_spec()}
            body = lean_body({**asked, "occurrence": now.occurrence}, run.snapshot.data)
            facts.append(
                Fact(
                    run.id, run.seq, self.clock.now(), run.tenant, "effect.started",
                    now.effect.kind, was.seq, body,
                    run.texts.state(run.snapshot.active)[0], now.effect.kind,
                )
            )  # fmt: skip
            again[path] = now
        gate: asyncio.Future[None] = self.loop.create_future()
        self.journal.append(facts, durability=self.safest, acknowledge=self.acks.waking(gate))
        run.pending = again
        self.carry_all(run, gate)

    def carry_all(self, run: Run, gate: asyncio.Future[None]) -> None:
        """Perform all that is under way, once the gate is open."""
        run.tasks = {
            path: self.loop.create_task(self.carry(run, path, one, gate))
            for path, one in run.pending.items()
        } or None

    async def carry(
        self, run: Run, path: str, pending: Pending, gate: asyncio.Future[None]
    ) -> None:
        """Perform one effect, once the wish for it is on disk, and bring its outcome home."""
        effect = pending.effect
        try:
            await asyncio.shield(gate)
            tape = self.tapes.get(run.id)
            if tape is not None and await tape.bring(run, path, pending):
                return
            scope = Scope(self, run, path, pending.occurrence)
            result = await self.interpreter.perform(effect, scope)
            encode(result, where=f"result of {effect.kind}")
        except LabError as error:
            run.fail(path, error)
        except Exception as error:
            wrapped = EffectError(f"{effect.kind}: {type(error).__name__}: {error}")
            wrapped.__cause__ = error
            run.fail(path, wrapped)
        else:
            into = getattr(effect, "into", "")
            run.resolve(path, result, {into: result} if into else None)

    def check_records(self, run: Run, starts: Mapping[str, Ask]) -> None:
        """Raise `ResultMissing` if a fork asks for what it may not perform and no record has."""
        if (tape := self.tapes.get(run.id)) is not None:
            tape.check(starts)

    def texts(self, chart: Chart) -> Texts:
        """What the facts of this chart's runs repeat; the chart itself goes to the journal once."""
        found = self._texts.get(chart.hash)
        if found is None or found.chart is not chart:
            self.journal.put_chart(chart.hash, orjson.dumps(chart.spec))
            found = self._texts[chart.hash] = Texts(chart)
        return found

    def ended(self, run: Run) -> None:
        """A run came to its end; it stays here to be looked at."""
        run.set_timers({})
        if not run.pending:  # what its last step asked for may still be under way
            self.tapes.pop(run.id, None)

    def trouble(self, run: Run, error: LabError) -> None:
        """Something went wrong in a turn that nobody waits for: it is logged and written down."""
        _LOGGER.error("run %s: %s %s", run.id, error, error.hint)
        try:
            run.note("trouble", {"level": "error", "error": error.to_json()})
        except LabError as worse:
            _LOGGER.error("and it could not be written down: %s", worse)

    def release(self, run_id: str) -> None:
        """Let a live run go without ending it, so that another process may resume it."""
        run = self.runs.pop(run_id, None)
        self.holds.pop(run_id, None)
        self.tapes.pop(run_id, None)
        if run is not None:
            run.let_go()
            self.journal.release(run_id)

    async def close(self) -> None:
        """Let go of every run. Effects under way are cut; they are repeated on resume."""
        tasks = [t for run in self.runs.values() for t in (run.tasks or {}).values()]
        for run_id in list(self.runs):
            self.release(run_id)
        if tasks:
            await asyncio.wait(tasks, timeout=2.0)
        self.workers.shutdown(wait=False, cancel_futures=True)


def taken(run_id: str) -> JournalConflict:
    """The error for an id that a run has already."""
    return JournalConflict(
        f"There is a run {run_id!r} already.",
        hint=f"lab.resume({run_id!r}) goes on with it; or choose another id.",
    )


def chart_like(machine: Any) -> Chart:
    """The chart of a chart or of a `Machine` class.

    Raises `DefinitionError` for anything else.
    """
    chart = getattr(machine, "chart", machine)
    if not isinstance(chart, Chart):
        raise DefinitionError(
            f"{machine!r} is not a machine.",
            hint="Pass a Machine class, a Chart, or read_chart('door.yaml' text).",
        )
    return chart
