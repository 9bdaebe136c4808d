"""The tasks that perform effects. What needs no waiting needs no task of its own."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import Call
from traaviis_lab.machine.effect import Effect

from .interpreter import Scope, check_result
from .standing import Pending
from .troubles import as_failure

if TYPE_CHECKING:
    from .engine import Engine
    from .run import Run
    from .turn import Turn

MOST_RELAYS = 32
"""How many effects one task performs in a row before it lets the loop look at others."""
LONGEST = 0.005
"""Seconds after which the effects that are left get tasks of their own."""
QUICK = 0.001
"""Seconds within which a function that waits for nothing is done at once."""
Gate = asyncio.Future[None]
"""Done when the wish for an effect is on disk."""
_NOTHING = object()
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
        self._quick: dict[str, Any] = {}
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

    def goes_on(self, run: Run, turn: Turn) -> bool:
        """Whether a turn stays open, as this task goes on with the one effect it leads to.

        So it is where nothing has to be on disk before, and what performs the effect was done at
        once the last time and sees nothing of the run: then outcomes in a row are one turn, which
        is written when one waits (`Watched`), and before anybody else writes (`Run.settle`).
        """
        if self._passing_on is not run or not turn.is_still:
            return False
        ((path, pending),) = turn.pending.items()
        if path not in turn.starts or not self._is_quick(pending.effect):
            return False
        task, tasks = self._task, run.tasks
        if task is None or tasks is None or task.cancelling():
            return False
        if run.open is None and not self._may_open(run):
            return False
        if turn.now - turn.facts[0].at > LONGEST * 1e6:
            self._quick.clear()
            return False
        turn.hand_over()
        tasks[path] = task
        self._relay = (path, pending, None)
        return True

    def _may_open(self, run: Run) -> bool:
        """Whether a start may be written after it: no disk keeps it, and nobody looks at each."""
        engine = self._engine
        if engine.journal.path is not None or engine.safest != "memory":
            return False
        return run.id not in engine.holds and run.id not in engine.tapes

    def _is_quick(self, effect: Effect) -> bool:
        """Whether it was performed at once the last time, by what sees nothing of the run."""
        if type(effect) is not Call:
            return False
        name = effect.function
        return self._quick.get(name, _NOTHING) is self._engine.functions.get(name)

    def _watched(self, scope: Scope, effect: Call, work: Awaitable[Any]) -> Awaitable[Any]:
        """A call that may be made within an open turn, now or the next time."""
        if scope.run.open is not None:
            return Watched(work, partial(self._waits, scope.run, effect))
        return work if self._is_quick(effect) else self._timed(scope, effect, work)

    async def _timed(self, scope: Scope, effect: Call, work: Awaitable[Any]) -> Any:
        loop = self._engine.loop
        began = loop.time()
        result = await work
        if scope.apart and loop.time() - began < QUICK:
            self._quick[effect.function] = self._engine.functions.get(effect.function)
        return result

    def _waits(self, run: Run, effect: Call) -> None:
        """One that was quick the last time is not now: others may look at the run."""
        self._quick.pop(effect.function, None)
        run.settle()

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
                run.settle()
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
            work: Awaitable[Any] = engine.interpreter.perform(effect, scope)
            if len(run.pending) == 1 and type(effect) is Call:
                work = self._watched(scope, effect, work)
            result = await work
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


class Watched:
    """Something to await, that tells when it first waits for something."""

    __slots__ = ("_tell", "_work")

    def __init__(self, work: Awaitable[Any], tell: Callable[[], None]) -> None:
        self._work, self._tell = work, tell

    def __await__(self) -> Generator[Any, Any, Any]:
        """What it answers."""
        work: Any = self._work.__await__()
        try:
            waits = work.send(None)
        except StopIteration as over:
            return over.value
        self._tell()
        while True:
            try:
                go_on, value = work.send, (yield waits)
            except BaseException as error:
                go_on, value = work.throw, error
            try:
                waits = go_on(value)
            except StopIteration as over:
                return over.value


def _is_wanted(run: Run, path: str, pending: Pending) -> bool:
    """Whether an effect that has not begun is still to: not told to end, its run still here."""
    here = run.pending.get(path) is pending and run.engine.runs.get(run.id) is run
    return here and not run.is_ending(path)
