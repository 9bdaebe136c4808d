"""Calls in a row that are done at once: the next of a sequence takes less when it is one of them.

A sequence whose calls wait for nothing is worked off here, within a turn that stays open, up to
its last call. What that writes, and where it leaves the run, is what an outcome at a time would
(`Turn.resolve`); `tests/runtime/test_rows.py` compares the two.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects.growing.short import Row, row_at, step_on
from traaviis_lab.effects.growing.values import made
from traaviis_lab.journal import Fact

from .begun import Begun
from .bodies import completed_text, started_with
from .quick import Plain, Quick
from .standing import NOTHING_UNDER_WAY, Pending, root_of

if TYPE_CHECKING:
    from .run import Run
    from .turn import Turn

MOST = 32
"""How many calls are made before the loop looks at others."""
Stand = tuple[str, Pending, Begun | None]
"""The call a row has come to: its path, itself, and what has come of it where it was begun."""
Calls = tuple[Plain | None, ...]
Done = list[tuple[Any, bytes, int]]
"""The calls that are over: answer, the answer as JSON, when."""


def work_off(run: Run, turn: Turn, path: str, pending: Pending, quick: Quick, until: int) -> Stand:
    """Make the calls of a sequence from this one on, for as long as they are done at once.

    The turn is an open one, with nothing else under way. No call is made after `until`, in
    microseconds since the epoch.
    """
    root, inner = root_of(path)
    walk = turn.walks.get(root)
    row = row_at(walk, inner) if walk is not None else None
    if row is None:
        return path, pending, None
    turn.calling = Calling(run, turn, root, row, pending)
    try:
        return turn.calling.go_on(quick.row(row.around), quick, until)
    finally:
        turn.calling = None


class Calling:
    """The calls of a row that are made now. What is done so far is written when somebody looks."""

    __slots__ = ("_calls", "_done", "_pending", "_place", "_root", "_row", "_run", "_turn")

    def __init__(self, run: Run, turn: Turn, root: str, row: Row, pending: Pending) -> None:
        self._run, self._turn, self._root, self._row = run, turn, root, row
        self._pending = pending
        self._place = f"{root}/{row.head}/" if row.head else f"{root}/"
        self._calls: Calls = ()
        self._done: Done = []

    def go_on(self, calls: Calls, quick: Quick, until: int) -> Stand:
        """Make these calls, from the one that is under way on."""
        turn, done, clock = self._turn, self._done, self._run.engine.clock
        self._calls, now = calls, turn.now
        call = calls[self._row.number]
        begun = call.begin() if call is not None and quick.stands(call) else None
        for coming in calls[self._row.number + 1 :][:MOST]:
            if begun is None or begun.text is None or self._run.open is not turn:
                break
            now = clock.now()
            if now > until or coming is None or not quick.stands(coming):
                break
            done.append((begun.result, begun.text, now))
            begun = coming.begin()
        self.write()
        return f"{self._place}{self._row.number}", self._pending, begun

    def write(self) -> None:
        """Write down what is done, and which call is under way since."""
        if not self._done:
            return
        run, turn, row, done = self._run, self._turn, self._row, self._done[:]
        self._done.clear()
        self._pending = self._write_facts(done)
        self._row = row._replace(number=row.number + len(done))
        before, path = f"{self._place}{row.number}", f"{self._place}{self._row.number}"
        turn.now, turn.pending = done[-1][2], NOTHING_UNDER_WAY.set(path, self._pending)
        step_on(turn.walks[self._root], row, [one[0] for one in done])
        run.told.append((None, partial(_again, self._place, row.number, done)))
        if run.tasks:
            run.tasks[path] = run.tasks.pop(before)

    def _write_facts(self, done: Done) -> Pending:
        """The facts of these calls; answers the call that has begun with the last of them."""
        run, turn, (effect, owner, place, asked, began, _) = self._run, self._turn, self._pending
        add, seq, number, word = turn.facts.append, turn.seq, self._row.number, effect.kind
        tree, state = turn.grown[self._root].seq, run.texts.state(turn.snapshot.active)[0]
        path, rid, tenant = f"{self._place}{number}", run.id, run.tenant
        calls: Any = self._calls
        for _, text, now in done:
            body = completed_text(path, owner, text)
            add(made(Fact, (
                rid, seq + 1, now, tenant, "effect.completed", word, asked, body, state, word,
                "", None, None, None, now - began, b"",
            )))  # fmt: skip
            asked, number, began = seq + 2, number + 1, now
            path, call = f"{self._place}{number}", calls[number]
            effect, seq, body = call.effect, asked, started_with(path, owner, call.spec)
            add(made(Fact, (
                rid, seq, now, tenant, "effect.started", word, tree, body, state, word,
                "", None, None, None, None, b"",
            )))  # fmt: skip
        turn.seq = seq
        return made(Pending, (effect, owner, place, asked, began, 1))


def _again(place: str, first: int, done: Done, turn: Turn) -> None:
    """The same for a turn that is worked out anew."""
    for number, (result, text, _) in enumerate(done, first):
        turn.resolve(f"{place}{number}", result, None, None, text)
        turn.hand_over()
