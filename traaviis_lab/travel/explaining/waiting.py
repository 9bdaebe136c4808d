"""What a run that is not done waits for, and whether anything can still come."""

from __future__ import annotations

from traaviis_lab.machine import Event, events_blocked, events_taken, leaves
from traaviis_lab.machine.matching import matches
from traaviis_lab.runtime import Recall
from traaviis_lab.runtime.breach import STATUS
from traaviis_lab.runtime.holding.state import Pause
from traaviis_lab.travel.reasoning.needs import Stand, needs
from traaviis_lab.travel.trail import Trail

from .explain import Finding
from .passage import Passage, told_state
from .strange import duration

MOST = 8


def waiting(trail: Trail, passage: Passage, here: Recall) -> list[Finding]:
    """The finding on a run that is not done; [] for one that is, unless it was stopped."""
    if passage.done is not None:
        status = str(passage.done.body.get("status", "done"))
        if status == "done":
            return []
        where = told_state(passage.done.fact.state)
        by_budget = status == STATUS
        why = "A budget did not cover a call" if by_budget else "It was told to stop"
        text = f"{why} in {where}; it had not come to its end."
        seq = passage.done.fact.seq
        status = "stopped by a budget" if by_budget else status
        return [Finding(f"Was {status} at seq {seq}", text, 0.5, (seq,), "stopped")]
    if here.snapshot.done:  # a fork of a run that was over: it has no end of its own
        return []
    found = [_waits(trail, passage, here)]
    if here.hold is not None and here.hold.pause is not None:
        found.insert(0, _held(here.hold.pause, list(here.hold.mailbox)))
    return found


def _held(pause: Pause, mailbox: list[int]) -> Finding:
    by = f" by breakpoint {pause.breakpoint}" if pause.breakpoint else ""
    reason = pause.reason or "It takes nothing until it is resumed."
    text = f"{reason}\nEvents and outcomes that wait: {len(mailbox):,}."
    facts = tuple(sorted({pause.seq, *mailbox}))
    return Finding(f"Is held{by} since seq {pause.seq}", text, 0.7, facts, "held")


def _waits(trail: Trail, passage: Passage, here: Recall) -> Finding:
    where = " & ".join(leaves(trail.chart, here.snapshot))
    since = passage.stays[-1].seq if passage.stays else 1
    takes = events_taken(trail.chart, here.snapshot)
    blocked = events_blocked(trail.chart, here.snapshot)
    lines = []
    if takes:
        lines.append(f"It takes: {_some([f'`{name}`' for name in takes])}.")
    for effect in list(here.pending.values())[:MOST]:
        lines.append(f"Under way since seq {effect.seq}: effect {effect.effect.kind}.")
    for name, due in list(here.timers.items())[:MOST]:
        lines.append(f"Timer `{name}`: due {duration(max(0, due - passage.ended))} later.")
    for name, reason in list(blocked.items())[:MOST]:
        lines.append(f"Blocked: `{name}`: {_lacks(trail, here, name) or reason}.")
    facts = tuple(dict.fromkeys((since, *(one.seq for one in here.pending.values()))))
    if takes or here.pending or here.timers:
        title = f"Is not done: waits in {where} since seq {since}"
        return Finding(title, "\n".join(lines), 0.1, facts, "waits")
    if not blocked:
        lines.append("No event, timer or effect can lead out of here.")
    return Finding(f"Is stuck in {where} since seq {since}", "\n".join(lines), 0.95, facts, "stuck")


def _lacks(trail: Trail, here: Recall, name: str) -> str:
    """What would have to differ for a blocked event to be taken."""
    snapshot = here.snapshot
    place = trail.chart.tables.place(snapshot.active)
    stand = Stand(snapshot.data, Event(name), snapshot.active)
    vetoes = [
        f"{check.reason} It needs {missing}"
        for check in place.checks
        if not check.events or any(matches(event, name) for event in check.events)
        if (missing := needs(check.when, True, stand))
    ]
    if vetoes:
        return vetoes[0]
    rows = place.candidates(trail.chart.tables, name)
    arrows = {arrow.id: arrow for row in rows for arrow in row}
    return "; ".join(
        f"{arrow.id} needs {missing}"
        for arrow in arrows.values()
        if arrow.when is not None and (missing := needs(arrow.when, True, stand))
    )


def _some(names: list[str]) -> str:
    rest = len(names) - MOST
    return ", ".join(names[:MOST]) + (f" and {rest} more" if rest > 0 else "")
