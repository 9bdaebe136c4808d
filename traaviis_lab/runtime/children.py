"""Runs that effects start: whose child a run is, and who waits for its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from traaviis_lab.errors import EffectError, JournalLocked
from traaviis_lab.journal import Journal
from traaviis_lab.machine import Chart

from .ids import check_id, child_id, guest_id, is_guest
from .recall import chart_of

if TYPE_CHECKING:
    from .engine import Engine
    from .run import Run

DEEPEST = 16
"""How deep machines may start machines, so that one that starts itself comes to an end."""

MOST_GUESTS = 200
"""How many machines from outside are known to one tenant."""
MOST_GUEST_RUNS = 2_000
"""How many runs of a tenant may be under way where what was written outside starts one more."""


class Parent(NamedTuple):
    """The run a run was started by, and the path of the effect that did."""

    run: str
    path: str

    def to_json(self) -> dict[str, str]:
        """As the child's first fact says it."""
        return self._asdict()


class Children:
    """The children of an engine's runs. Used on its loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def start(
        self, parent: Parent, machine: str, data: dict[str, Any], id: str
    ) -> tuple[Run, asyncio.Future[None]]:
        """The child of this effect: begun, or, if it was begun before, gone on with.

        The future is done when its beginning is durable.

        Raises `EffectError` where the machine is not known, the id is another run's, another
        process has the child, or machines start machines without end.
        """
        engine = self._engine
        tenant = engine.runs[parent.run].tenant
        chart = engine.machine(machine, tenant)
        if chart is None:
            known = ", ".join(sorted(engine.machines_of(tenant))) or "none"
            raise EffectError(
                f"No machine {machine!r} is known to this lab.",
                hint=f"lab.add({machine}) makes it known. Known: {known}.",
            )
        name = _named(parent, tenant, id)
        kept: asyncio.Future[None] = engine.loop.create_future()
        if name in engine.runs or engine.journal.info(name) is not None:
            kept.set_result(None)
            return self._known(name, parent), kept
        self._check_depth(parent, machine)
        if machine not in engine.machines:
            self.check_room(tenant)
        acknowledge = engine.acks.waking(kept)
        return engine.start(chart, name, data, tenant, acknowledge, parent.to_json()), kept

    def check_room(self, tenant: str) -> None:
        """Raise `EffectError` where a tenant has as many runs under way as guests may make."""
        mine = (run for run in self._engine.runs.values() if run.tenant == tenant)
        if sum(not run.snapshot.done for run in mine) >= MOST_GUEST_RUNS:
            raise EffectError(
                f"{MOST_GUEST_RUNS:,} runs are under way already, as many as may be started from "
                "outside.",
                hint="Let some of them end, or stop them.",
            )

    async def ended(self, child: Run) -> None:
        """Return when this run has come to its end. Raises `EffectError` if it is let go."""
        if child.snapshot.done:
            return
        if self._engine.runs.get(child.id) is not child:
            raise _let_go(child.id)
        end: asyncio.Future[None] = self._engine.loop.create_future()
        waiting = self._waiting.setdefault(child.id, [])
        waiting.append(end)
        try:
            await end
        finally:
            waiting.remove(end)
            if not waiting:
                self._waiting.pop(child.id, None)

    def tell_end(self, run_id: str) -> None:
        """A run has come to its end: whoever waits for that goes on."""
        for end in self._waiting.get(run_id, ()):
            if not end.done():
                end.set_result(None)

    def tell_release(self, run_id: str) -> None:
        """A run was let go, so that its end will not be heard of here."""
        for end in self._waiting.get(run_id, ()):
            if not end.done():
                end.set_exception(_let_go(run_id))

    def _known(self, name: str, parent: Parent) -> Run:
        """A child that there is already."""
        engine = self._engine
        if parent_of(engine.journal, name) != parent:
            raise EffectError(
                f"There is a run {name!r} already, which this effect did not start.",
                hint="Leave the id out, or make it of something that is new each time.",
            )
        try:
            return engine.resume(name, self._chart_of(name))
        except JournalLocked as error:
            raise EffectError(
                f"The child {name!r} runs in another process: {error}", hint=error.hint
            ) from error

    def _chart_of(self, name: str) -> Chart:
        """The chart the child was started on, whatever its machine is now."""
        engine = self._engine
        if (live := engine.runs.get(name)) is not None:
            chart: Chart = live.chart
            return chart
        info = engine.journal.info(name)
        tenant = info.tenant if info is not None else ""
        for chart in engine.machines_of(tenant).values():
            if info is not None and chart.hash == info.chart:
                return chart
        return chart_of(engine.journal, name)

    def _check_depth(self, parent: Parent, machine: str) -> None:
        above: Parent | None = parent
        for _ in range(DEEPEST):
            if above is None:
                return
            above = parent_of(self._engine.journal, above.run)
        if above is not None:
            raise EffectError(
                f"{machine!r} would be nested more than {DEEPEST} machines deep, "
                f"in run {parent.run!r}.",
                hint="Look for a machine that starts itself.",
            )


def _named(parent: Parent, tenant: str, id: str) -> str:
    """The id of a child; what was made from outside takes none that might be another tenant's."""
    if not id:
        return child_id(parent.run, parent.path)
    return check_id(guest_id(tenant, check_id(id)) if is_guest(parent.run, tenant) else id)


def _let_go(run_id: str) -> EffectError:
    return EffectError(
        f"The child {run_id!r} was let go by this lab before it ended.",
        hint=f"lab.resume({run_id!r}) goes on with it.",
    )


def parent_of(journal: Journal, run_id: str) -> Parent | None:
    """The parent of a run as its first fact tells it, None for a run that a person started."""
    first = next(iter(journal.read(run_id, upto=1, hashed=False)), None)
    if first is None or b'"parent":' not in first.body:
        return None
    told = orjson.loads(first.body).get("parent")
    if not isinstance(told, dict):
        return None
    return Parent(str(told.get("run", "")), str(told.get("path", "")))


def is_finished(run: Run) -> bool:
    """Whether a run that is done came to its machine's end, and was not stopped from outside."""
    finished: bool = run.chart.tables.place(run.snapshot.active).ended
    return finished
