"""What could have happened instead: the transitions that were passed over, and what each needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from traaviis_lab.machine import Event
from traaviis_lab.machine.chart import Transition

from .needs import Stand, needs, told, values_read
from .pages import Pages
from .slice import chains_of
from .witness import Act, Tried, Witness

Verdict = Literal["was false", "came later", "could not be computed"]


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A transition that was not taken in the step of `seq`, and what would have to differ.

    `event` is "" for a transition that needs none; `needs` is in words.
    """

    run: str
    seq: int
    transition: str
    event: str
    targets: tuple[str, ...]
    guard: str
    verdict: Verdict
    needs: str

    def __str__(self) -> str:
        where = f" → {', '.join(self.targets)}" if self.targets else ""
        on = f" on `{self.event}`" if self.event else ""
        head = f"seq {self.seq}  {self.transition}{where}{on}"
        if self.verdict == "came later":
            return f"{head}: comes later; it needs {self.needs}"
        why = f"`{self.guard}` {self.verdict}"
        return f"{head}: {why}; it needs {self.needs}"


def alternatives(pages: Pages, seq: int, act: int) -> list[Otherwise]:
    """The other transitions that listened for the same where one was taken, in their order."""
    seen = pages.witness(seq)
    done = seen.acts[act]
    said = {t.transition.id: t for t in seen.tried if t.micro == done.micro}
    together = {other.transition.id for other in seen.acts if other.micro == done.micro}
    found: dict[str, Otherwise] = {}
    stand = Stand(seen.data_at(_acts_before(seen, done)), done.event, done.active)
    for chain in chains_of(seen, done):
        ahead: list[Transition] = []  # the taken one and those after it
        for arrow in chain:
            if arrow.id not in together and arrow.id not in found:
                other = _other(pages, seq, done, arrow, said.get(arrow.id), stand, ahead)
                if other is not None:
                    found[arrow.id] = other
            if ahead or arrow.id == done.transition.id:
                ahead.append(arrow)
    return list(found.values())


def _other(
    pages: Pages,
    seq: int,
    done: Act,
    arrow: Transition,
    tried: Tried | None,
    stand: Stand,
    ahead: Sequence[Transition],
) -> Otherwise | None:
    missing, verdict = missing_of(arrow, stand, tried)
    if verdict == "came later":
        if not ahead or any(first.when is None for first in ahead):
            return None  # an arrow without a guard always comes first: nothing in the run decides
        stops = [needs(first.when, False, stand) for first in ahead if first.when is not None]
        missing = " and ".join(dict.fromkeys(part for part in (missing, *stops) if part))
    event = done.event.name if arrow.events else ""
    guard = arrow.when.text if arrow.when is not None else ""
    return Otherwise(pages.run, seq, arrow.id, event, arrow.targets, guard, verdict, missing)


def missing_of(arrow: Transition, stand: Stand, tried: Tried | None = None) -> tuple[str, Verdict]:
    """What a transition's guard lacks, in words, and what became of it."""
    if arrow.when is None:
        return "", "came later"
    if tried is not None and tried.error:
        return (
            f"`{arrow.when.text}` to be true{told(values_read(arrow.when, stand))}",
            "could not be computed",
        )
    if tried is not None and tried.held:
        return "", "came later"
    try:
        if arrow.when.compute(stand.data, stand.event, stand.active):
            return "", "came later"
    except Exception:
        return needs(arrow.when, True, stand), "could not be computed"
    missing = needs(arrow.when, True, stand)
    return (
        missing or f"`{arrow.when.text}` to be true",
        "came later" if tried is None else "was false",
    )


def _acts_before(seen: Witness, done: Act) -> int:
    return next(i for i, act in enumerate(seen.acts) if act.micro == done.micro)


def listening(pages: Pages, active: frozenset[str], event: Event) -> Iterable[Transition]:
    """The transitions of active states that listen for an event, inner ones first, each once."""
    tables = pages.trail.chart.tables
    rows = tables.place(active).candidates(tables, event.name)
    return {arrow.id: arrow for row in rows for arrow in row}.values()
