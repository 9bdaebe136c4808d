"""What the facts of one run tell a person: its last steps, a refused event, effects under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson

from traaviis_lab.journal import Fact

from .drawing import is_internal

MAX_STEPS = 50
MAX_FAILED = 3


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
        self._running: dict[str, dict[str, Any]] = {}
        self._failed: deque[dict[str, Any]] = deque(maxlen=MAX_FAILED)

    @property
    def effects(self) -> list[dict[str, Any]]:
        """Effects that run, then those that failed last."""
        return [*self._running.values(), *self._failed]

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
            self.status = "stopped" if fact.name == "stopped" else "done"
            self._running.clear()
        elif fact.kind == "run.forked":
            self._began(fact)
        elif fact.kind.startswith("effect.") and fact.kind != "effect.held":
            self._effect(fact, before)
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
            # what went wrong before stays in sight until somebody goes on
            self.refused = None
            self._failed.clear()
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

    def _effect(self, fact: Fact, before: str) -> None:
        body = orjson.loads(fact.body)
        path = str(body.get("path", fact.cause))
        row = {"path": path, "kind": fact.name, "since": fact.at // 1000, "error": ""}
        if fact.kind == "effect.started":
            self._running[path] = {**row, "status": "running"}
            return
        if fact.kind == "effect.progress":
            return
        self._running.pop(path, None)
        if fact.kind == "effect.failed":
            error = body.get("error") or {}
            self._failed.append({**row, "status": "failed", "error": error.get("message", "")})
        self._step(fact, body, before)
