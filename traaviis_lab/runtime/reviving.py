"""Let a run of another day live again: its timers, its effects under way, and what is unsure.

An effect that was under way when its process died may have happened or not. By its own word
(`machine.effect.repeat_of`) it is started again, fails, or is asked about.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import Gate, Permit
from traaviis_lab.effects.growing.places import below
from traaviis_lab.errors import EffectError, LabError
from traaviis_lab.journal import Fact
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine.effect import REPEATS, Repeat, repeat_of

from .bodies import lean_body
from .holding.hold import Hold
from .recall import Recall
from .standing import NOTHING_UNDER_WAY, Pending, UnderWay, in_order
from .told import told

if TYPE_CHECKING:
    from .asides import Acknowledge
    from .engine import Engine
from .run import Run

ANSWERS = ("repeat", "fail", "result")


def revive(engine: Engine, run: Run, found: Recall) -> None:
    """Be where the record ends, and go on from there."""
    run.snapshot, run.seq = found.snapshot, found.seq
    run.calls, run.visited = found.calls, found.visited
    run.trees, run.asked = found.trees, found.asked
    run.set_timers(found.timers)
    # What has answered already, and only waits to be looked at, is not asked again.
    waits = found.hold.outcomes if found.hold is not None else {}
    again = found.pending
    for path in waits:
        if path in again:
            again = again.delete(path)
    tape = engine.tapes.get(run.id)
    run.pending = again
    _take_places(engine, run)
    if again and tape is not None and not tape.live:
        _carry_on(engine, run, again)
    elif again:
        _see_to(engine, run, again)
    if found.hold is not None:
        run.pending = found.pending.update(run.pending)
        engine.holds[run.id] = Hold(run, found.hold)
        engine.holds[run.id].plan()


def answer(
    engine: Engine,
    run: Run,
    path: str,
    word: str,
    result: Any = None,
    acknowledge: Acknowledge | None = None,
) -> None:
    """Say what is to become of an effect that asks: `repeat`, `fail`, or the `result` it had.

    Raises `LabError` if it does not ask, or for another word.
    """
    pending = run.pending.get(path)
    if path not in run.asked or pending is None:
        known = ", ".join(run.asked) or "none"
        raise LabError(f"Effect {path!r} of run {run.id!r} asks nothing.", hint=f"Asking: {known}.")
    if word not in ANSWERS:
        raise LabError(f"{word!r} is no answer.", hint=f"One of: {', '.join(ANSWERS)}.")
    body = {"path": path, "owner": pending.owner, "answer": word}
    if word == "result":
        body["result"] = result
    fact = _fact(run, 1, "human.answered", pending, run.asked[path], encode(body, where="result"))
    engine.journal.append((fact,), acknowledge=acknowledge)
    run.seq = fact.seq
    run.asked = {k: v for k, v in run.asked.items() if k != path}
    if word == "repeat":
        _repeat(engine, run, [(path, pending)])
    elif word == "fail":
        run.fail(path, _unsure(pending, "and a person said that it failed"))
    else:
        into = getattr(pending.effect, "into", "")
        run.resolve(path, result, {into: result} if into else None)


def _take_places(engine: Engine, run: Run) -> None:
    """What was let through by something shared has its place there still."""
    for root, tree in run.trees.items():
        for inner, node in tree.nodes.items():
            permit = tree.nodes.get(below(inner, 1))
            if isinstance(node.effect, Gate) and node.turn and permit is not None:
                path = f"{root}/{inner}" if inner else root
                if isinstance(permit.effect, Permit):
                    engine.shared.enter(run.id, path, permit.effect, run.tenant)


def _see_to(engine: Engine, run: Run, pending: UnderWay) -> None:
    """Repeat, fail or ask about each effect that was under way."""
    piles: dict[Repeat, list[tuple[str, Pending]]] = {word: [] for word in REPEATS}
    for path, one in in_order(pending):
        if run.is_ending(path):
            engine.tell_to_end(run, path)
        elif path not in run.asked:
            piles[repeat_of(one.effect)].append((path, one))
    if asked := piles["human"]:
        _ask(engine, run, asked)
    if repeated := piles["at_least_once"]:
        _repeat(engine, run, repeated)
    for path, one in piles["at_most_once"]:
        error = _unsure(one, "and it is declared to be done at most once")
        engine.loop.call_soon(run.fail, path, error)


def _repeat(engine: Engine, run: Run, ones: list[tuple[str, Pending]]) -> None:
    """Effects that were under way when the process died are started again, and it is said."""
    facts: list[Fact] = []
    again = NOTHING_UNDER_WAY
    for path, was in ones:
        now = was._replace(seq=run.seq + len(facts) + 1, occurrence=was.occurrence + 1)
        asked = {"path": path, "owner": now.owner, "effect": now.effect.to_spec()}
        body = lean_body({**asked, "occurrence": now.occurrence}, run.snapshot.data)
        facts.append(_fact(run, len(facts) + 1, "effect.started", now, was.seq, body))
        again = again.set(path, now)
    gate: asyncio.Future[None] = engine.loop.create_future()
    engine.journal.append(facts, durability=engine.safest, acknowledge=engine.acks.waking(gate))
    run.seq += len(facts)
    run.pending = run.pending.update(again)
    engine.carriers.carry_many(run, again, gate)


def _carry_on(engine: Engine, run: Run, pending: UnderWay) -> None:
    gate: asyncio.Future[None] = engine.loop.create_future()
    gate.set_result(None)
    engine.carriers.carry_many(run, pending, gate)


def _ask(engine: Engine, run: Run, ones: list[tuple[str, Pending]]) -> None:
    facts: list[Fact] = []
    for path, one in ones:
        question = f"{one.effect.kind} was under way when its process ended: did it happen?"
        body = encode({"path": path, "owner": one.owner, "question": question})
        facts.append(_fact(run, len(facts) + 1, "human.asked", one, one.seq, body))
    engine.journal.append(facts)
    run.seq += len(facts)
    run.asked = {**run.asked, **{p: f.seq for (p, _), f in zip(ones, facts, strict=True)}}


def _fact(run: Run, ahead: int, kind: str, one: Pending, cause: int, body: bytes) -> Fact:
    state, now = run.texts.state(run.snapshot.active)[0], run.engine.clock.now()
    word = one.effect.kind
    return Fact(run.id, run.seq + ahead, now, run.tenant, kind, word, cause, body, state, word)


def _unsure(one: Pending, why: str) -> LabError:
    error = EffectError(
        f"{one.effect.kind} was under way when its process ended, {why}.",
        hint="Whether it happened is not known: look there before you do it again.",
    )
    return told({**error.to_json(), "unsure": True})
