"""How often what happened in runs of a machine before: the odds of its branches and loops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from traaviis_lab.cost.foreseen import Spread


class Ends(NamedTuple):
    """How effects of a kind ended in a state: how many well, how many failed, after how long."""

    completed: int = 0
    failed: int = 0
    seconds: Spread | None = None

    @property
    def failing(self) -> float:
        """The share that failed."""
        total = self.completed + self.failed
        return self.failed / total if total else 0.0


@dataclass(slots=True)
class Odds:
    """Counts over the runs of one machine.

    `taken`: transitions by id; `most`: how often at most in one run; `entered`: how often the
    effects of a state were asked for; `ends`: by state and kind of effect; `calls`: calls of
    models by place; `heard`: the transitions with the events they listen for.
    """

    runs: int = 0
    taken: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    entered: Mapping[str, int] = field(default_factory=dict)
    ends: Mapping[tuple[str, str], Ends] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    heard: tuple[tuple[str, str], ...] = ()

    def weight(self, transition: str) -> int:
        """How often a transition was taken."""
        return self.taken.get(transition, 0)

    def ended(self, owner: str, kind: str) -> Ends:
        """How effects of this kind ended in this state."""
        return self.ends.get((owner, kind), _NEVER)

    def rate(self, node: str, owner: str) -> float | None:
        """Calls at a place for each time its state was entered; None where nobody knows."""
        entered = self.entered.get(owner, 0)
        return self.calls.get(node, 0) / entered if entered else None


_NEVER = Ends()
