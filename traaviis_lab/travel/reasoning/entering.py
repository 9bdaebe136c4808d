"""Find when a state was entered, and by which transition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from traaviis_lab.machine.plan import exit_set
from traaviis_lab.travel.trail import Moment

from .pages import Pages
from .said import Movers
from .witness import Witness
from .writes import LOOK


class Entry(NamedTuple):
    """The fact that entered a state, and which act of its step (None: the start did).

    `again`: how often one transition had left and entered it since, first at `since`, last at
    `latest`.
    """

    seq: int
    act: int | None
    again: int = 0
    since: int = 0
    latest: int = 0


def entry(
    pages: Pages, state: str, seq: int, micro: int | None = None, *, past: str = ""
) -> Entry | int:
    """Who entered `state` last, at or before `seq` (with `micro`: before that microstep of it).

    Entries by the transition `past` are counted and passed over. Answers the seq of the fork, or
    of the last fact looked at, where the state was entered before that.
    """
    movers = Movers(pages.trail.chart, state)
    loop = pages.trail.chart.transitions.get(past)
    again = loop is not None and state in loop.targets and not loop.internal
    loops: list[int] = []
    last = seq
    for fact in pages.back(seq, LOOK):
        last = fact.seq
        if fact.kind == "run.forked":
            break
        inside = micro if last == seq else None
        taken = movers.taken(fact, pages.fact(last - 1) if last > 1 else None)
        if taken is None:
            continue
        if again and inside is None and taken == [past]:
            loops.append(last)
            continue
        moves = pages.moment(last).step.moves  # type: ignore[union-attr]
        found = [i for i, move in enumerate(moves[:inside]) if state in move.entered]
        if found:
            act = _act(pages, last, state, found[-1])
            return Entry(last, act, len(loops), *((loops[-1], loops[0]) if loops else ()))
    return last


def left_at(pages: Pages, state: str, seq: int) -> Moment | None:
    """The last moment, at or before `seq`, that left a state; None where none did."""
    movers = Movers(pages.trail.chart, state)
    for fact in pages.back(seq, LOOK):
        if movers.taken(fact, pages.fact(fact.seq - 1) if fact.seq > 1 else None) is None:
            continue
        moment = pages.moment(fact.seq)
        if moment.step is not None and any(state in m.exited for m in moment.step.moves):
            return moment
    return None


def remembered_by(pages: Pages, state: str, found: Entry) -> str:
    """The history marker that brought a state back, "" where none did."""
    if found.act is None:
        return ""
    seen, before = pages.witness(found.seq), pages.moment(found.seq).before
    for target in seen.acts[found.act].transition.targets:
        node = pages.trail.chart.states[target]
        # Of a box that was left in this very step the history from before says nothing.
        if (
            node.kind == "history"
            and node.parent not in before.active
            and state in before.history.get(target, ())
        ):
            return target
    return ""


def leavers(seen: Witness, state: str, history: Mapping[str, tuple[str, ...]]) -> list[int]:
    """The acts that left a state the last time in a step: of those taken together, the one that
    led out of it."""
    micro = max(i for i, move in enumerate(seen.moves) if state in move.exited)
    found = [i for i, act in enumerate(seen.acts) if act.micro == micro]
    led = [
        i
        for i in found
        if state
        in exit_set(
            seen.tables, seen.tables.place(seen.acts[i].active), seen.acts[i].transition, history
        )
    ]
    return led or found


def _act(pages: Pages, seq: int, state: str, micro: int) -> int | None:
    """The act that entered a state: of those taken together, the one that points there."""
    seen = pages.witness(seq)
    found = [i for i, act in enumerate(seen.acts) if act.micro == micro]
    if not found:
        return None
    return next((i for i in found if _points(seen, i, state)), found[0])


def _points(seen: Witness, act: int, state: str) -> bool:
    inside = seen.tables.inside
    return any(
        state == target or state in inside[target] or target in inside[state]
        for target in seen.acts[act].transition.targets
        if target in inside
    )
