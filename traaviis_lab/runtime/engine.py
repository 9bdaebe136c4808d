"""The engine: all live runs of one process, on one loop, over one journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from traaviis_lab.cost.prices import Prices
from traaviis_lab.errors import DefinitionError, JournalConflict, LabError
from traaviis_lab.journal import Durability, Journal
from traaviis_lab.knowledge import Library
from traaviis_lab.machine import Chart
from traaviis_lab.machine.patience import PATIENCE
from traaviis_lab.models import Models
from traaviis_lab.tools import Toolset
from traaviis_lab.tools.book import Book

from .acks import Acks
from .asides import Acknowledge
from .asking.ask import cut
from .asking.foresight import Foresight
from .asking.record import Call
from .bodies import Texts
from .carriers import Carriers
from .children import Children
from .clock import Clock
from .forking.tape import Tape, tape_of
from .handlers import LEAVES
from .handlers.http_door import HttpDoor
from .holding.hold import Hold
from .hosts import Hosts
from .interpreter import Interpreter
from .quick import Quick
from .recall import recall
from .reviving import revive
from .run import Run
from .secrets import Secrets
from .sharing import Shared
from .spending import Spending
from .standing import Ask
from .stopwatch import stopwatch
from .turn import Turn
from .workers import Workers

_LOGGER = logging.getLogger("traaviis_lab")
GRACE = 5.0
"""Seconds that an effect which was told to end is waited for."""


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
        self.shared = Shared(clock)
        self.runs: dict[str, Run] = {}
        self.holds: dict[str, Hold] = {}
        self.tapes: dict[str, Tape] = {}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.machines: dict[str, Chart] = {}
        self.guests: dict[str, dict[str, Chart]] = {}  # known to one tenant each
        self.senders: set[tuple[str, str]] = set()  # which tenant may send events to which
        self.children = Children(self)
        self.secrets, self.hosts = Secrets(), Hosts()
        self.spending = Spending(self)
        self.prices, self.foresight = Prices(), Foresight(journal)
        self.asked: set[Call] = set()  # calls of models that are under way
        self.workers = Workers()
        self.http = HttpDoor(self.workers)
        self.models = Models(self.loop)
        book = Book(journal, clock.now, self.safest)
        self.tools = Toolset(book, self.secrets.reveal, self.secrets.cleared)
        self.knowledge = Library(None, clock.now)
        self.interpreter = Interpreter(LEAVES)
        self.carriers = Carriers(self)
        self.quick = Quick(self.functions)
        self._texts: dict[str, Texts] = {}
        PATIENCE.watch = stopwatch
        clock.attach(self.loop)

    def start(
        self,
        chart: Chart,
        run_id: str,
        data: Mapping[str, Any],
        tenant: str,
        acknowledge: Acknowledge | None = None,
        parent: Mapping[str, str] | None = None,
    ) -> Run:
        """A new run, entered and written; `parent` is the `{run, path}` of whose effect starts it.

        Raises `JournalConflict` if the id is taken, `PermissionDenied` where a secret's value
        would be written down with it.
        """
        if run_id in self.runs:
            raise taken(run_id)
        self.secrets.check_none(data, "The data of the run")
        self.secrets.check_none(chart.spec, f"The machine {chart.name!r}")
        self.journal.claim(run_id)
        try:
            run = Run(self, run_id, self.texts(chart), tenant)
            turn = Turn(run)
            run.last = turn.begin(data, b',"parent":' + orjson.dumps(parent) if parent else b"")
            run.commit(turn, acknowledge=acknowledge)
            self.runs[run_id] = run  # only now: other threads look at what is in there
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
            revive(self, run, found)
            if run.snapshot.done:
                self.ended(run)
        except BaseException:
            self.runs.pop(run_id, None)
            self.tapes.pop(run_id, None)
            self.journal.release(run_id)
            raise
        return run

    def machines_of(self, tenant: str) -> dict[str, Chart]:
        """The machines that runs of a tenant may start, by name: the lab's, and its own."""
        return {**self.guests.get(tenant, {}), **self.machines}

    def machine(self, name: str, tenant: str) -> Chart | None:
        """A machine that runs of this tenant may start."""
        return self.machines.get(name) or self.guests.get(tenant, {}).get(name)

    def hold(self, run: Run) -> Hold:
        """What stands between a run and what comes in, made when it is first needed."""
        found = self.holds.get(run.id)
        if found is None:
            found = self.holds[run.id] = Hold(run)
        return found

    def tell_to_end(self, run: Run, path: str) -> None:
        """Cancel an effect whose end is waited for; one that resists is not waited for long."""
        task = (run.tasks or {}).get(path)
        if task is None or task.done():
            self.loop.call_soon(self._end_unbegun, run, path)
            return
        task.cancel()
        task.add_done_callback(lambda _: self._end_silent(run, path))
        self.loop.call_later(GRACE, self._give_up, run, path)

    def _end_silent(self, run: Run, path: str) -> None:
        """End one whose task is over and said nothing: it was cancelled before it began."""
        if path in run.pending and run.is_ending(path):
            self.ended_without(run, path)

    def _end_unbegun(self, run: Run, path: str) -> None:
        """End one that had no task; the very turn that told it to end may have made one since."""
        task = (run.tasks or {}).get(path)
        if task is not None and path in run.pending:
            task.cancel()
        self.ended_without(run, path)

    def ended_without(self, run: Run, path: str) -> None:
        """An effect that was told to end came to no outcome."""
        hold = self.holds.get(run.id)
        if hold is not None and path in hold.state.outcomes:
            return  # it has come to an outcome, which waits to be looked at
        if path in run.pending and self.runs.get(run.id) is run:
            run.ended(path)

    def _give_up(self, run: Run, path: str) -> None:
        if path in run.pending and run.is_ending(path) and self.runs.get(run.id) is run:
            _LOGGER.warning(
                "run %s: %s at %s was told to end and goes on; it is left to itself",
                run.id, run.pending[path].effect.kind, path,
            )  # fmt: skip
            run.ended(path, {"resisted": True})

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
        self.children.tell_end(run.id)
        if not (run.pending or run.trees):  # what its last step asked for may still be under way
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
        if (live := self.runs.get(run_id)) is not None and self.asked:
            cut(self, live)
        run = self.runs.pop(run_id, None)
        self.holds.pop(run_id, None)
        self.tapes.pop(run_id, None)
        if run is not None:
            run.let_go()
            self.children.tell_release(run_id)
            self.shared.forget(run_id)
            self.journal.release(run_id)

    async def close(self) -> None:
        """Let go of every run. Effects under way are cut; they are repeated on resume."""
        tasks = [t for run in self.runs.values() for t in (run.tasks or {}).values()]
        for run_id in list(self.runs):
            self.release(run_id)
        if tasks:
            await asyncio.wait(tasks, timeout=2.0)
        self.tools.close()  # waits on this thread: at the end of a process no other can begin
        await self.http.close()
        await self.models.close()
        self.workers.shutdown(wait=False, cancel_futures=True)
        self.knowledge.close()


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
