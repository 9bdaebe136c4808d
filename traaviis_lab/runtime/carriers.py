"""The tasks that perform effects. What needs no waiting needs no task of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, cast

from traaviis_lab.effects import Call
from traaviis_lab.machine.effect import Effect

from .begun import Begun
from .interpreter import Scope, check_result
from .rows import Stand, work_off
from .standing import Pending, Trees, UnderWay, root_of
from .troubles import as_failure
from .turn import Turn

if TYPE_CHECKING:
    from .engine import Engine
    from .run import Run

MOST_RELAYS = 32
"""How many effects one task performs in a row before it lets the loop look at others."""
LONGEST = 0.005
"""Seconds after which the effects that are left get tasks of their own, and a turn is written."""
Gate = asyncio.Future[None]
"""Done when the wish for an effect is on disk."""
Line = deque[tuple[str, Pending]]
Books = tuple[UnderWay, Trees]
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

    def carry_many(
        self, run: Run, pending: Mapping[str, Pending], gate: Gate | None, *, fresh: bool = False
    ) -> None:
        """Have effects that start together performed, once the gate is open.

        They are `fresh` where none of them can have been told to end already.
        """
        if len(pending) == 1:
            self.carry(run, *next(iter(pending.items())), gate)
        elif pending:
            name = f"from {next(iter(pending))}"
            line, before = deque(pending.items()), (run.pending, run.trees) if fresh else None
            work = self._work_through(run, name, line, gate, before)
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
        is written when one waits (`_watched`), and before anybody else writes (`Run.settle`).
        """
        if self._passing_on is not run or not turn.is_still:
            return False
        ((path, pending),) = turn.pending.items()
        if path not in turn.starts or not self._engine.quick.knows(pending.effect):
            return False
        task, tasks = self._task, run.tasks
        if task is None or tasks is None or task.cancelling():
            return False
        if run.open is None and not self._may_open(run):
            return False
        if turn.now - turn.facts[0].at > LONGEST * 1e6:
            self._engine.quick.clear()
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

    def _watched(self, scope: Scope, effect: Call, work: Awaitable[Any]) -> Awaitable[Any]:
        """A call that may be made within an open turn, now or the next time."""
        if scope.run.open is not None:
            begun = Begun(lambda: work, {})
            if not begun.over:
                self._waits(scope.run, effect)
            return begun
        quick = self._engine.quick
        return work if quick.knows(effect) else quick.timed(effect, scope, work)

    def _waits(self, run: Run, effect: Effect) -> None:
        """A call that was quick the last time is not now: others may look at the run."""
        self._engine.quick.forget(effect)
        run.settle()

    async def _work_through(
        self, run: Run, name: str, line: Line, gate: Gate | None, before: Books | None
    ) -> None:
        """Perform those in line; all are wanted while the run's books are what they were before."""
        here, trees = before or (None, None)
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
                    same = run.pending is here and run.trees is trees
                    if run.tasks is not None and (same or _is_wanted(run, path, pending)):
                        run.tasks[path] = task
                        begun = self._begin(run, pending.effect)
                        if begun is None or begun.text is None:
                            await self._carry(run, path, pending, gate, begun)
                        else:
                            run.bring(path, pending, begun)
            self._share_out(run, line, gate)
        finally:
            if run.tasks:
                run.tasks.pop(name, None)

    def _begin(self, run: Run, effect: Effect) -> Begun | None:
        """A call that was done at once the last time, made now; None for anything else."""
        if run.id in self._engine.tapes:
            return None
        call = self._engine.quick.plain(effect)
        return call.begin() if call is not None else None

    def _share_out(self, run: Run, line: Line, gate: Gate | None) -> None:
        """Give what is left a task each."""
        while line:
            path, pending = line.popleft()
            if _is_wanted(run, path, pending):
                self.carry(run, path, pending, gate)

    async def _carry(
        self, run: Run, path: str, pending: Pending, gate: Gate | None, begun: Begun | None = None
    ) -> None:
        """Perform an effect, and go on with what its outcome alone leads to.

        What it has come to so far, where it was begun already, is `begun`.
        """
        task, time = asyncio.current_task(), self._engine.loop.time
        until, relays = time() + LONGEST, 0
        while True:
            if gate is None and begun is None:
                path, pending, begun = self._work_off(run, path, pending)
            await self._carry_one(run, path, pending, gate, task, begun)
            relay, self._relay, begun = self._relay, None, None
            if relay is None:
                return
            path, pending, gate = relay
            relays += 1
            if relays >= MOST_RELAYS or time() > until:
                run.settle()
                await asyncio.sleep(0)
                until, relays = time() + LONGEST, 0

    def _work_off(self, run: Run, path: str, pending: Pending) -> Stand:
        """Make the calls of a sequence that are done at once, within a turn that stays open."""
        if run.open is None and not self._opens(run, path, pending):
            return path, pending, None
        turn = cast("Turn", run.open)
        began = turn.facts[0].at if turn.facts else turn.now
        until = began + int(LONGEST * 1e6)
        stand = work_off(run, turn, path, pending, self._engine.quick, until)
        if stand[2] is not None and not stand[2].over:
            self._waits(run, stand[1].effect)
        return stand

    def _opens(self, run: Run, path: str, pending: Pending) -> bool:
        """Open a turn before the outcome of the first call of a row; False where that cannot be."""
        root, inner = root_of(path)
        if not inner or len(run.pending) != 1 or run.asked or run.snapshot.done:
            return False
        if not self._engine.quick.knows(pending.effect) or not self._may_open(run):
            return False
        if not _is_wanted(run, path, pending):
            return False
        run.open = Turn(run)
        run.open.walk(root)
        return True

    async def _perform(
        self, run: Run, path: str, pending: Pending, begun: Begun | None
    ) -> tuple[Any, bytes]:
        """The result of an effect, and the same as JSON."""
        effect, engine = pending.effect, self._engine
        scope = Scope(engine, run, path, pending.occurrence)
        work: Awaitable[Any] = engine.interpreter.perform(effect, scope, begun)
        if begun is None and type(effect) is Call:
            work = self._watched(scope, effect, work)
        result = await work
        return result, check_result(effect.kind, result)

    async def _carry_one(
        self,
        run: Run,
        path: str,
        pending: Pending,
        gate: Gate | None,
        task: Task,
        begun: Begun | None,
    ) -> None:
        """Perform one effect, once the wish for it is on disk, and bring its outcome home."""
        engine, effect = self._engine, pending.effect
        try:
            if gate is not None:
                await asyncio.shield(gate)
            tape = engine.tapes.get(run.id)
            if tape is not None and await tape.bring(run, path, pending):
                return
            if begun is not None and begun.text is not None:
                result, text = begun.result, begun.text
            else:
                result, text = await self._perform(run, path, pending, begun)
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
