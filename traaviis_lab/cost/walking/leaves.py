"""What a walk asks about single effects, and what it is told: the port to those who can count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from traaviis_lab.cost.foreseen import CallEstimate, Spread
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.effect import Effect


class CallTold(NamedTuple):
    """Calls of a model at one place. `rate`: how many each time the effect is performed."""

    node: str
    model: str
    rate: float
    estimate: CallEstimate


@dataclass(frozen=True, slots=True)
class LeafTold:
    """What one effect takes.

    Args:
        calls: the calls of models it makes.
        seconds: how long it takes beside them; None: not known.
        failing: the share of times that it fails.
        most_calls: how many calls it makes at most.
        why: where the time is from.
        unknown: what is not known about it, in a sentence; "": nothing.
        endless: whether it may spend, and nobody knows how much.
        limit: seconds after which it is given up; None: never.
    """

    calls: tuple[CallTold, ...] = ()
    seconds: Spread | None = None
    failing: float = 0.0
    most_calls: int = 0
    why: str = ""
    unknown: str = ""
    endless: bool = False
    limit: float | None = None


class Teller(Protocol):
    """Tells what effects take. The same question has the same answer throughout an estimate."""

    def leaf(self, node: str, owner: str, effect: Effect, filled: bool) -> LeafTold:
        """What this effect takes; `filled`: its templates are filled in."""
        ...

    def machine(self, name: str) -> Chart | None:
        """The machine of this name."""
        ...
