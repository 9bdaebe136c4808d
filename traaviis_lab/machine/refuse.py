"""Say no to an event, and why: wrong data, a false guard, or nobody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from traaviis_lab.errors import EventRefused

from .chart import Check
from .matching import is_reserved, matches
from .place import Place
from .values import Data, Event

if TYPE_CHECKING:
    from .draft import Draft
    from .tables import Tables


def never_refused(event: Event) -> bool:
    """Whether the event comes from the engine itself: an outcome, a timer, an error."""
    return event.patch is not None or is_reserved(event.name)


def check_event(tables: Tables, place: Place, data: Data, event: Event) -> None:
    """Raise `EventRefused` if the event's data is not what the chart declares, or if a `validate`
    of an active state says no."""
    payload = tables.payloads.get(event.name)
    problem = payload(event.data) if payload is not None else None
    if problem:
        raise EventRefused(
            f"Event {event.name!r} came with the wrong data: {problem}.",
            hint=f"The chart's `events` say what {event.name!r} carries.",
        )
    for check in place.checks:
        if not check.events or any(matches(e, event.name) for e in check.events):
            _check(check, place, data, event)


def refuse(draft: Draft, event: Event, takes: list[str]) -> NoReturn:
    """Raise the `EventRefused` for an event that nothing came of. `takes`: names taken here."""
    where = ", ".join(draft.place.leaves)
    hint = f"Events taken here: {', '.join(takes) or 'none'}."
    if draft.place.ended:
        raise EventRefused(
            f"Event {event.name!r} comes too late: the run has ended in {where}.",
            hint="An ended run takes no more events; start a new one.",
        )
    candidates = draft.place.candidates(draft.tables, event.name)
    guarded = {t.id: t for chain in candidates for t in chain}
    if not guarded:
        raise EventRefused(f"Event {event.name!r} means nothing in {where}.", hint=hint)
    reasons = [
        f"guard `{t.when.text}` of {t.id} could not be computed ({draft.failed[t.id]})"
        if t.id in draft.failed
        else f"guard `{t.when.text}` of {t.id} is false"
        for t in guarded.values()
        if t.when is not None
    ]
    raise EventRefused(
        f"Event {event.name!r} is not taken in {where}: {'; '.join(reasons)}.", hint=hint
    )


def _check(check: Check, place: Place, data: Data, event: Event) -> None:
    try:
        passes = bool(check.when.compute(data, event, place.active))
    except Exception as error:
        raise EventRefused(
            f"Event {event.name!r} was refused: {check.reason}",
            hint=f"The check `{check.when.text}` could not be computed: {error}",
        ) from error
    if not passes:
        raise EventRefused(
            f"Event {event.name!r} was refused: {check.reason}",
            hint=f"It needs `{check.when.text}`.",
        )
