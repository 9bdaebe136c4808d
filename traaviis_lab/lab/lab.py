"""The lab: opens a journal, starts an engine over it, and hands out runs."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from traaviis_lab.errors import JournalError, LabError, RunNotFound
from traaviis_lab.journal import Durability, Journal, MemoryJournal, Verdict
from traaviis_lab.machine import Chart
from traaviis_lab.machine.dsl_hooks import functions_of
from traaviis_lab.runtime import Clock, Engine, WallClock, chart_like, chart_of
from traaviis_lab.runtime.hosts import Hosts
from traaviis_lab.runtime.ids import check_id, check_tenant

from .allowing import Allowing
from .budgeting import Budgeting
from .costing import Costing
from .dispatch import Callback, Dispatcher
from .estimating import Estimating, write_estimate
from .exchange import Exchange
from .faces import debugger, draw_charts, mimebundle
from .frames import runs_frame
from .gates import Gates
from .guests import Guests
from .knowing import Knowing, knowledge_path
from .modelling import Modelling
from .names import new_id
from .past import Past
from .pipeline import Pipelines
from .plugins import Plugins, bring_plugins
from .recording import Recording, recorded_chart
from .replay_all import ReplayAll, replay_all
from .run import Run
from .serving import Serving
from .thread import LoopThread
from .tooling import Tooling

if TYPE_CHECKING:
    import pandas as pd

    from .estimate import Estimate

T = TypeVar("T")
Acknowledge = Callable[[BaseException | None], None]
MODES = ("disk", "process", "async", "memory")


class Lab(
    Exchange, Pipelines, Gates, Knowing, Allowing, Modelling, Plugins, Budgeting, Costing,
    Estimating, Guests, Serving, Tooling,
):  # fmt: skip
    """A journal, an engine and the runs in them. As the last value of a cell: a control panel.

    `Lab()` keeps its journal in memory; `Lab("door.duckdb")` keeps it on disk and finds the runs
    that are there. Opening a path that this process has open already answers the same lab, so
    that a cell can be run twice.

    Args:
        path: the DuckDB file; its log lies beside it in `<path>.log/`. None: memory.
        durability: what a step is before it is acknowledged: "disk" survives a power cut,
            "process" a kill -9, "async" is on disk within 50 ms, "memory" is never written.
        clock: where time comes from; a `ToldClock` in tests.
        tenant: who owns runs that name nobody else.
        hosts: the hosts that `call_api` may call; see `allow_host`.
    """

    _open: ClassVar[weakref.WeakValueDictionary[str, Lab]] = weakref.WeakValueDictionary()
    _default: ClassVar[Lab | None] = None
    _guard: ClassVar = threading.RLock()
    _path: str | None

    def __new__(cls, path: str | os.PathLike[str] | None = None, **settings: Any) -> Lab:
        """The lab that has this path open already, or a new one."""
        with cls._guard:
            if path is not None and (known := cls._open.get(_absolute(path))) is not None:
                return known
            return super().__new__(cls)

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        durability: Durability = "disk",
        clock: Clock | None = None,
        tenant: str = "default",
        hosts: Iterable[str] = (),
    ) -> None:
        if durability not in MODES:
            raise LabError(f"Durability {durability!r} is not known.", hint=f"One of: {MODES}.")
        allowed, tenant = Hosts(hosts), check_tenant(tenant)
        with self._guard:
            if "_engine" in self.__dict__:
                self._same(durability)
                self._engine.hosts.allow(*allowed)
                return
            self.durability, self.tenant = durability, tenant
            self._path = None if path is None else _absolute(path)
            self._faces: weakref.WeakValueDictionary[str, Run] = weakref.WeakValueDictionary()
            self.journal: Journal = _open_journal(self._path, durability)
            self._thread = LoopThread("traaviis-engine")
            self.dispatcher = Dispatcher(self.journal, self._thread.loop)
            self.clock = clock or WallClock()
            mode: Durability = "memory" if self._path is None else durability
            self._engine = self._thread.wait_for(_make_engine(self.journal, self.clock, mode))
            self._machines, self._engine.hosts = self._engine.machines, allowed
            self._engine.knowledge.path = knowledge_path(self._path)
            if self._path is not None:
                self._open[self._path] = self
            self._close = weakref.finalize(
                self, _shut, self._engine, self._thread, self.dispatcher, self.journal
            )
            draw_charts()
            self._plugins = bring_plugins(self)

    @classmethod
    def default(cls) -> Lab:
        """The lab to use when one does not care which: in memory, one per process."""
        with cls._guard:
            if cls._default is None or not cls._default.is_open:
                cls._default = cls()
            return cls._default

    # Runs

    def start(
        self,
        machine: Any,
        id: str | None = None,
        data: Mapping[str, Any] | None = None,
        tenant: str | None = None,
        *,
        estimate: Estimate | None = None,
    ) -> Run:
        """Start a run of a `Machine` class or a `Chart`; answers when that is durable.

        `estimate` is written into the run; without one the latest that was made here for the
        same machine and data is. Raises `JournalConflict` if the id is taken, `JournalError` for
        data that is not JSON.
        """
        return self._begin(self.add(machine), id, data, tenant, estimate)

    def _begin(
        self,
        chart: Chart,
        id: str | None,
        data: Mapping[str, Any] | None,
        tenant: str | None,
        estimate: Estimate | None = None,
    ) -> Run:
        if data is not None and not isinstance(data, Mapping):
            raise LabError(f"The data of a run is a dict, not {data!r}.", hint="data={'field': 1}")
        run_id = new_id(chart.name) if id is None else check_id(id)
        owner = check_tenant(tenant or self.tenant)
        plan = self._planned(chart, data, estimate)

        def work(acknowledge: Acknowledge) -> Any:
            live = self._engine.start(chart, run_id, dict(data or {}), owner, acknowledge)
            if plan is not None:
                write_estimate(live, plan)
            return live

        return self._face(self.acknowledged(work))

    def run(self, id: str) -> Run:
        """A live run of this lab by its id. Raises `RunNotFound`, saying what would help."""
        live = self._engine.runs.get(id)
        if live is None:
            known = self.journal.info(id) is not None
            hint = "lab.runs() lists them."
            if known:
                hint = f"lab.resume({id!r}) makes it live; lab.recording({id!r}) reads it as it is."
            raise RunNotFound(f"No live run {id!r} in this lab.", hint=hint)
        return self._face(live)

    def resume(self, id: str, chart: Any = None) -> Run:
        """Go on with a run of the journal where it stood, timers and effects included.

        Args:
            id: the run.
            chart: the machine, needed only where its class holds Python functions.

        Raises `RunNotFound`, `JournalLocked` if another living process owns the run, `Diverged`
        if `chart` no longer takes what it took then.
        """
        if id in self._engine.runs:
            return self.run(id)
        mine = chart_like(chart) if chart is not None else self._chart_for(id)
        self._know(id, mine, chart)
        return self._face(self._thread.ask(lambda: self._engine.resume(id, mine)))

    def recording(self, id: str, chart: Any = None) -> Recording:
        """A run of the journal as it is written there, to be read and replayed but not driven.

        Args:
            id: the run; it may be done, or live here or in another process.
            chart: the machine, needed only where its class holds Python functions.

        Raises `RunNotFound`, and `DefinitionError` where the chart has to be passed.
        """
        mine = recorded_chart(self, id) if chart is None else chart_like(chart)
        return Recording(self, id, mine)

    def replay_all(
        self,
        chart: Any = None,
        where: str = "",
        runs: Iterable[Past | str] | Past | str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> ReplayAll:
        """Replay many runs, and say which come out as recorded: a gate for a changed machine.

        Args:
            chart: the machine or chart to replay on; runs of machines of other names are left
                out. Each run's own chart if you say none.
            where: a condition in SQL on the view `runs`: `"machine = 'SmartDoor' and done"`.
            runs: only these, by their ids or themselves.
            progress: called with the facts that are through and those there are.

        Raises `JournalError` for a condition that is none, `RunNotFound` for an id that is not
        here. A run that diverges is a row of the answer.
        """
        mine = None if chart is None else chart_like(chart)
        return replay_all(self, mine, where, runs, progress)

    def live(self) -> dict[str, Run]:
        """The live runs of this lab by id."""
        return {name: self._face(run) for name, run in list(self._engine.runs.items())}

    def runs(self) -> pd.DataFrame:
        """Every run of the journal, a row each: machine, state, seq, times, whether it is live."""
        return runs_frame(self.journal.runs(), self._engine.runs)

    def debug(self, run: Run | Recording | str) -> Any:
        """The time-travel debugger of a run, live or recorded: a widget for the end of a cell.

        Raises `RunNotFound` for an id that is not in the journal, `NotInstalled` where no
        package brings a debugger, `LabError` for what is no run.
        """
        if isinstance(run, str):
            return debugger(self.run(run) if run in self._engine.runs else self.recording(run))
        if not isinstance(run, Run | Recording):
            raise LabError(f"{run!r} is no run.", hint="Pass a run, a recording or an id.")
        return debugger(run)

    # Machines

    def add(self, machine: Any) -> Chart:
        """Make a machine known here by its name, so that panels and documents can start it."""
        chart = chart_like(machine)
        self._machines[chart.name] = chart
        self._engine.functions.update(functions_of(machine))
        return chart

    def machines(self) -> dict[str, Chart]:
        """The machines known here, by name."""
        return dict(self._machines)

    # Questions

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Ask the journal in DuckDB's SQL; sees everything acknowledged before.

        Tables and views: `events, charts, blobs, snapshots, runs, steps, effects, ...`
        (docs/journal.md). Raises `JournalError` with what DuckDB says.
        """
        return self.journal.sql(query, params)

    def events(
        self, callback: Callback, *, kind: str | None = None, name: str | None = None
    ) -> Callable[[], None]:
        """Call back with every later fact of every run, in order; answers how to end it."""
        return self.dispatcher.subscribe(callback, kind=kind, name=name)

    def verify(self) -> Verdict:
        """Read the whole journal again and check every byte of it."""
        return self.journal.verify()

    # Opening and closing

    @property
    def path(self) -> str | None:
        """The DuckDB file, None in memory."""
        return self._path

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        return self._close.alive

    def close(self) -> None:
        """Let go of runs, loop and journal; `Lab(path).resume(id)` goes on another day."""
        self._stop_serving()
        with self._guard:
            if self._path is not None:
                self._open.pop(self._path, None)
            self._close()

    def allow_nested_loops(self) -> None:
        """Let `asyncio.run` be called in cells, by nest-asyncio2. The lab itself needs it not.

        Raises `NotInstalled` without the extra `[nested]`.
        """
        from .nested import allow_nested_loops

        allow_nested_loops()

    def acknowledged(self, work: Callable[[Acknowledge], T]) -> T:
        """Have `work` done on the engine's loop; answers when what it wrote is durable."""
        self._thread.check_caller()
        kept: Future[None] = Future()

        def acknowledge(error: BaseException | None) -> None:
            kept.set_exception(error) if error else kept.set_result(None)

        answer = self._thread.ask(lambda: work(acknowledge))
        kept.result()
        return answer

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = self._path or "in memory"
        if not self.is_open:
            return f"<Lab {where}, closed>"
        live = len(self._engine.runs)
        return f"<Lab {where}: {live} live run{'' if live == 1 else 's'}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return mimebundle("lab", self)

    def _face(self, live: Any) -> Run:
        with self._guard:
            known = self._faces.get(live.id)
            if known is None or known._live is not live:
                known = self._faces[live.id] = Run(self, live)
            return known

    def _chart_for(self, run_id: str) -> Chart:
        """The very chart the run was started with: the one known here, else the journal's."""
        info = self.journal.info(run_id)
        if info is not None:
            for chart in self._machines.values():
                if chart.hash == info.chart:
                    return chart
        return chart_of(self.journal, run_id)

    def _same(self, durability: Durability) -> None:
        if durability != self.durability:
            raise LabError(
                f"{self._path!r} is open already with durability {self.durability!r}.",
                hint="Close it first: lab.close().",
            )


async def _make_engine(journal: Journal, clock: Clock, durability: Durability) -> Engine:
    return Engine(journal, clock, durability)


def _open_journal(path: str | None, durability: Durability) -> Journal:
    if path is None:
        return MemoryJournal()
    from traaviis_lab.journal.disk import DiskJournal

    if Path(path).is_dir():
        raise JournalError(
            f"{path!r} is a folder.", hint="Name a file in it, such as 'door.duckdb'."
        )
    try:
        return DiskJournal(path, durability=durability)
    except OSError as error:
        raise JournalError(
            f"No journal can be opened at {path!r}: {error.strerror or error}.",
            hint="Choose a folder you may write to; Lab() keeps everything in memory.",
        ) from error


def _shut(engine: Engine, thread: LoopThread, dispatcher: Dispatcher, journal: Journal) -> None:
    """Close in order: no more turns, then what is pending is written, then the callbacks end."""
    if thread.is_foreign():
        return
    thread.wait_for(engine.close())
    journal.flush()
    dispatcher.close()
    thread.stop()
    journal.close()


def _absolute(path: str | os.PathLike[str]) -> str:
    return str(Path(path).expanduser().resolve())
