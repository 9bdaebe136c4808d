"""One run's facts in memory; what they say of it, and their hashes, when somebody looks."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import Any

import orjson

from .lines import ZERO, FactEncoder
from .port import Fact, RunInfo


class MemoryRun:
    """The facts of one run in order. Those before `sealed` have their hash."""

    __slots__ = ("done", "facts", "forked", "looked", "sealed", "started")

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.looked = self.sealed = 0
        self.done = False
        self.started: Fact | None = None
        self.forked: Fact | None = None

    def _look(self) -> None:
        """Note what the facts say that nobody looked at before."""
        for fact in islice(self.facts, self.looked, None):
            kind = fact.kind
            if kind == "run.started":
                self.started = self.started or fact
            elif kind == "run.forked":
                self.forked = self.forked or fact
            elif kind == "run.done":
                self.done = True
        self.looked = len(self.facts)

    def seal(self, encoder: FactEncoder, upto: int | None = None) -> None:
        """Fill in the hashes up to this seq, or all."""
        end = len(self.facts) if upto is None else min(upto, len(self.facts))
        if end <= self.sealed:
            return
        rest = self.facts[self.sealed : end]
        last = self.facts[self.sealed - 1].hash if self.sealed else ZERO
        _, hashes = encoder.encode(rest, {rest[0].run: last})
        self.facts[self.sealed : end] = [
            Fact._make((*fact[:-1], digest)) for fact, digest in zip(rest, hashes, strict=True)
        ]
        self.sealed = end

    def check(self, run: str) -> tuple[int, list[str]]:
        """Compute the chain again: its length in bytes, and where it does not fit."""
        lines, hashes = FactEncoder().encode(self.facts, defaultdict(lambda: ZERO))
        wrong = [
            f"run {run}: fact {fact.seq} does not follow from fact {fact.seq - 1} "
            "(its hash does not fit)"
            for fact, digest in zip(self.facts, hashes, strict=True)
            if fact.hash != digest
        ]
        return sum(map(len, lines)), wrong[:1]

    def info(self) -> RunInfo:
        """What is known of the run without replaying it."""
        self._look()
        first, last = self.facts[0], self.facts[-1]
        first_of_all = self.started or self.forked
        began = _object(first_of_all)
        forked = _object(self.forked) if self.forked else began
        return RunInfo(
            first.run,
            last.tenant,
            began.get("machine") or (first_of_all.name if first_of_all else ""),
            began.get("chart") or "",
            last.state,
            last.seq,
            first.at,
            last.at,
            self.done,
            forked.get("forked_from"),
            forked.get("forked_at"),
        )


def _object(fact: Fact | None) -> dict[str, Any]:
    read = orjson.loads(fact.body) if fact is not None else {}
    return read if isinstance(read, dict) else {}
