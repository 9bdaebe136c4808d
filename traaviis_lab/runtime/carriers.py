"""The tasks that perform effects. What needs no waiting needs no task of its own."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .interpreter import Scope, check_result
from .standing import Pending
from .troubles import as_failure

if TYPE_CHECKING:
    from .engine import Engine
    from .run import Run

MOST_RELAYS = 32
"""How many effects one task performs in a row before it lets the loop look at others."""
LONGEST = 0.005
"""Seconds after which the effects that are left get tasks of their own."""
Gate = asyncio.Future[None]
"""Done when the wish for an effect is on disk."""
Line = deque[tuple[str, Pending]]
Task = asyncio.Task[None] | None


class Carriers:
    """Performs the effects of all runs of an engine, on its loop.

    Effects that start together are performed by one task, one after the other, as long as none
    waits for anything. When one does, those that are left get a task each: nobody waits for it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._passing_on: Run | None = None
        self._task: Task = None
        self._relay: tuple[str, Pending, Gate | None] | None = None

    def carry(self, run: Run, path: str, pending: Pending, gate: Gate | None) -> None:
        """Have an effect under way performed, once the gate is open."""
        if run.tasks is None:
            run.tasks = {}
        run.tasks[path] = self._engine.loop.create_task(self._carry(run, path, pending, gate))

    def carry_many(self, run: Run, pending: Mapping[str, Pending], gate: Gate | None) -> None:
        """Have effects that start together performed, once the gate is open."""
        if len(pending) == 1:
            self.carry(run, *next(iter(pending.items())), gate)
        elif pending:
            name = f"from {next(iter(pending))}"
            work = self._work_through(run, name, deque(pending.items()), gate)
            run.tasks = {**(run.tasks or {}), name: self._engine.loop.create_task(work)}

    def pass_on(self, run: Run, path: str, pending: Pending, gate: Gate | None) -> None:
        """Have an effect performed: by the task whose outcome led to it, where that can be."""
        task, tasks = self._task, run.tasks
        if (
            self._passing_on is not run
            or self._relay is not None
            or task is None
            or tasks is None
            or task.cancelling()
        ):
            self.carry(run, path, pending, gate)
        else:
            tasks[path] = task
            self._relay = (path, pending, gate)

    async def _work_through(self, run: Run, name: str, line: Line, gate: Gate | None) -> None:
        loop, task = self._engine.loop, asyncio.current_task()
        assert task is not None
        try:
            if gate is not None:
                await asyncio.wait((gate,))
            until = loop.time() + LONGEST
            if gate is None or not gate.exception():
                loop.call_soon(self._share_out, run, line, gate)
                while line and loop.time() < until:
                    path, pending = line.popleft()
                    if _is_wanted(run, path, pending) and run.tasks is not None:
                        run.tasks[path] = task
                        await self._carry(run, path, pending, gate)
            self._share_out(run, line, gate)
        finally:
            if run.tasks:
                run.tasks.pop(name, None)

    def _share_out(self, run: Run, line: Line, gate: Gate | None) -> None:
        """Give what is left a task each."""
        while line:
            path, pending = line.popleft()
            if _is_wanted(run, path, pending):
                self.carry(run, path, pending, gate)

    async def _carry(self, run: Run, path: str, pending: Pending, gate: Gate | None) -> None:
        """Perform an effect, and go on with what its outcome alone leads to."""
        task = asyncio.current_task()
        for relays in itertools.count(1):
            await self._carry_one(run, path, pending, gate, task)
            relay, self._relay = self._relay, None
            if relay is None:
                return
            path, pending, gate = relay
            if relays % MOST_RELAYS == 0:
                await asyncio.sleep(0)

    async def _carry_one(
        self, run: Run, path: str, pending: Pending, gate: Gate | None, task: Task
    ) -> None:
        """Perform one effect, once the wish for it is on disk, and bring its outcome home."""
        engine, effect = self._engine, pending.effect
        try:
            if gate is not None:
                await asyncio.shield(gate)
            tape = engine.tapes.get(run.id)
            if tape is not None and await tape.bring(run, path, pending):
                return
            scope = Scope(engine, run, path, pending.occurrence)
            result = await engine.interpreter.perform(effect, scope)
            text = check_result(effect.kind, result)
        except asyncio.CancelledError:
            if run.is_ending(path):
                engine.ended_without(run, path)
            raise
        except Exception as error:
            self._passing_on, self._task = run, task
            run.fail(path, as_failure(effect.kind, error))
        else:
            self._passing_on, self._task = run, task
            into = getattr(effect, "into", "")
            run.resolve(path, result, {into: result} if into else None, text=text)
        finally:
            self._passing_on = self._task = None


def _is_wanted(run: Run, path: str, pending: Pending) -> bool:
    """Whether an effect that has not begun is still to: not told to end, its run still here."""
    here = run.pending.get(path) is pending and run.engine.runs.get(run.id) is run
    return here and not run.is_ending(path)
