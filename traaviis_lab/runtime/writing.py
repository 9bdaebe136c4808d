"""What a turn writes down: its facts, in order, each with where the run stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects.growing.values import made
from traaviis_lab.journal import Fact
from traaviis_lab.journal.encode import encode

from .standing import Pending

if TYPE_CHECKING:
    from traaviis_lab.machine import Snapshot

    from .run import Run


class Writing:
    """The facts of a turn. Mixed into `Turn`."""

    __slots__ = ("facts", "now", "run", "seq", "snapshot")

    run: Run
    snapshot: Snapshot
    now: int
    seq: int
    facts: list[Fact]

    def say(self, kind: str, name: str, body: Mapping[str, Any], cause: int | None = None) -> None:
        """Write a fact beside the turn's own; it moves nothing."""
        self._fact(kind, name, cause, encode(body, where=name), self.snapshot.active)

    def _fact(
        self, kind: str, name: str, cause: int | None, body: bytes, active: frozenset[str]
    ) -> int:
        run = self.run
        self.seq = seq = self.seq + 1
        state = run.texts.state(active)[0]
        self.facts.append(Fact(run.id, seq, self.now, run.tenant, kind, name, cause, body, state))
        return seq

    def _effect_fact(
        self,
        kind: str,
        pending: Pending,
        body: bytes,
        cause: int,
        active: frozenset[str] | None = None,
    ) -> int:
        run, now, word = self.run, self.now, pending[0].kind
        self.seq = seq = self.seq + 1
        state = run.texts.state(active or self.snapshot.active)[0]
        took = None if kind == "effect.started" else now - pending.began
        fact = (
            run.id, seq, now, run.tenant, kind, word, cause, body, state, word,
            "", None, None, None, took, b"",
        )  # fmt: skip
        self.facts.append(made(Fact, fact))
        return seq
