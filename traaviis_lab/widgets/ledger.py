"""What the facts of one run tell a person: its last steps, a refused event, effects under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson

from traaviis_lab.journal import Fact

from .drawing import is_internal
from .lane import Book

MAX_STEPS = 50


class Ledger:
    """A fold over a run's facts, in order. Facts seen before are left out."""

    def __init__(self) -> None:
        self.seq = 0
        self.state = ""
        self.status = "running"
        self.steps: deque[dict[str, Any]] = deque(maxlen=MAX_STEPS)
        self.new_steps: list[dict[str, Any]] = []
        self.taken: list[str] = []
        self.refused: dict[str, Any] | None = None
        self.moves = self.moved_at = 0
        self.book = Book()

    def take(self, fact: Fact) -> None:
        """Read one fact."""
        if fact.seq <= self.seq:
            return
        before, self.seq = self.state, fact.seq
        self.state = fact.state or self.state
        if fact.kind == "event.refused":
            body = orjson.loads(fact.body)
            self.refused = {
                "seq": fact.seq,
                "event": fact.name,
                "reason": body.get("reason", ""),
                "hint": body.get("hint", ""),
            }
        elif fact.kind == "run.done":
            self.status = "done" if fact.name == "done" else "stopped"
            self.book.end(fact.at)
        elif fact.kind == "run.forked":
            self._began(fact)
        elif fact.kind.startswith(("effect.", "human.")) and fact.kind != "effect.held":
            body = orjson.loads(fact.body)
            self.book.take(fact, body)
            self._step(fact, body, before)
        elif fact.kind in ("event", "run.started", "step"):
            self._step(fact, orjson.loads(fact.body), before)

    def _step(self, fact: Fact, body: Mapping[str, Any], before: str) -> None:
        step = body.get("step")
        if step is None:
            return
        self.moves += 1
        self.moved_at = fact.seq
        taken = list(step.get("taken", ()))
        inner = fact.kind.startswith("effect.")
        if inner and not taken and before == self.state:
            return  # an effect that only changed data: the data shows it
        self.taken = taken
        if fact.kind == "event" and not is_internal(fact.name):
            self.refused = None  # it stays in sight until somebody goes on
        word = {"run.started": "", "event": fact.name, "step": fact.name}.get(fact.kind)
        row = {
            "seq": fact.seq,
            "at": fact.at // 1000,
            "event": f"{fact.name} {fact.kind[7:]}" if word is None else word,
            "from": before or self.state,
            "to": self.state,
        }
        self.steps.append(row)
        self.new_steps.append(row)

    def _began(self, fact: Fact) -> None:
        """A fork stands where its parent stood: its first row."""
        row = {"seq": fact.seq, "at": fact.at // 1000, "event": "", "from": self.state}
        self.steps.append({**row, "to": self.state})
        self.new_steps.append({**row, "to": self.state})
        self.moves += 1
        self.moved_at = fact.seq
