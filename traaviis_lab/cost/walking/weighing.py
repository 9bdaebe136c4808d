"""What an effect takes at most, from what it is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from traaviis_lab.effects import Delay, InvokeFsm, SpawnFsm
from traaviis_lab.effects.composed import (
    Batch,
    ForEach,
    Parallel,
    Race,
    Retry,
    Timeout,
    When,
)
from traaviis_lab.effects.growing.rules import parts
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.effect import Effect

from .leaves import LeafTold, Teller
from .worst import ENDLESS, NOTHING, Most, Worst

DEEPEST = 8


class Weighing:
    """Weighs effects by their most. `seen` tells of a leaf what walks found it to take.

    Args:
        teller: tells what leaves take.
        seen: the leaves that walks came by, filled in, by place.
        cap: how often a state of a machine is entered in a loop.
        items: how many items a loop at a place had at most in walks; 0: it is not known.
    """

    def __init__(
        self,
        teller: Teller,
        seen: Callable[[str], Iterable[LeafTold]],
        cap: Callable[[Chart, str], int],
        items: Callable[[str], int],
    ) -> None:
        self._teller, self._seen, self._cap, self._items = teller, seen, cap, items
        self._within: list[str] = []

    def machine(self, chart: Chart, active: frozenset[str] | None = None) -> tuple[Most, set[str]]:
        """What a machine takes at most from here on, and the states that are in loops."""
        worst = Worst(
            chart, lambda key: self._block(chart, key), lambda state: self._cap(chart, state)
        )
        return worst.of(active), worst.looping

    def _block(self, chart: Chart, key: str) -> Most:
        """What is asked for with a state (`name`) or a transition (`#id`)."""
        if key.startswith("#"):
            effects, owner = chart.transitions[key[1:]].do, ""
            return self._row(chart, owner, effects)
        node = chart.states[key]
        timer = Most(seconds=max((one.seconds for one in node.timers), default=0.0))
        entered = together([self._row(chart, key, node.enter, at_once=True), timer], at_once=True)
        return entered.plus(self._row(chart, "", node.on_enter)).plus(
            self._row(chart, "", node.exit)
        )

    def _row(
        self, chart: Chart, owner: str, effects: tuple[Effect, ...], at_once: bool = False
    ) -> Most:
        several = [
            self.effect(one, owner, f"{chart.name}/{owner}#{place}")
            for place, one in enumerate(effects)
        ]
        return together(several, at_once)

    def effect(self, effect: Any, owner: str, node: str) -> Most:
        """What an effect at a place takes at most."""
        if not effect.composed:
            return self._leaf(effect, owner, node)
        if isinstance(effect, ForEach | Batch):
            one = self.effect(effect.effect, owner, f"{node}/*")
            return one.times(self._items(node) or math.inf)
        below = [self.effect(p, owner, f"{node}/{n}") for n, p in enumerate(parts(effect))]
        if isinstance(effect, When):
            found = NOTHING
            for one in below:
                found = found.or_more(one)
            return found
        if isinstance(effect, Retry):
            waits = sum(effect.wait_after(n, 1.0) for n in range(1, min(effect.attempts, 200)))
            return below[0].times(effect.attempts).plus(Most(seconds=waits))
        if isinstance(effect, Timeout):
            return below[0]._replace(seconds=min(below[0].seconds, float(effect.after)))
        return together(below, isinstance(effect, Parallel | Race))

    def _leaf(self, effect: Any, owner: str, node: str) -> Most:
        if isinstance(effect, InvokeFsm | SpawnFsm):
            return self._child(effect.machine)
        if isinstance(effect, Delay):
            fixed = isinstance(effect.seconds, int | float)
            return Most(seconds=float(effect.seconds) if fixed else math.inf)
        if not effect.outward:
            return NOTHING
        seen = list(self._seen(node)) or [self._teller.leaf(node, owner, effect, False)]
        found = NOTHING
        for told in seen:
            found = found.or_more(most_of(told))
        return found

    def _child(self, machine: str) -> Most:
        chart = self._teller.machine(machine)
        if chart is None or machine in self._within or len(self._within) >= DEEPEST:
            return ENDLESS
        self._within.append(machine)
        try:
            return self.machine(chart)[0]
        finally:
            self._within.pop()


def together(several: Iterable[Most], at_once: bool) -> Most:
    """All of them, one after the other or at once."""
    total, longest = NOTHING, 0.0
    for one in several:
        total, longest = total.plus(one), max(longest, one.seconds)
    return total._replace(seconds=longest) if at_once else total


def most_of(told: LeafTold) -> Most:
    """What one leaf takes at most."""
    limit = math.inf if told.limit is None else told.limit
    if not told.calls:
        if told.endless:
            return ENDLESS
        return Most(seconds=limit)
    dearest = NOTHING
    for call in told.calls:
        estimate = call.estimate
        read, said = estimate.tokens_in.most, estimate.tokens_out.most
        usd = None if estimate.usd is None else estimate.usd.most
        dearest = dearest.or_more(Most(1.0, _or_endless(read), _or_endless(said),
                                       _or_endless(usd), limit))  # fmt: skip
    most = max(told.most_calls, len(told.calls))
    return dearest.times(most)._replace(seconds=limit * most)


def _or_endless(amount: float | None) -> float:
    return math.inf if amount is None else amount
