"""Circuit breakers: what fails so many times in a row is left alone for a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from traaviis_lab.effects.failures import breach_in, error_matches
from traaviis_lab.errors import CircuitOpen
from traaviis_lab.runtime.clock import Clock

from .line import Caller, Row

State = Literal["closed", "open", "half_open"]


class Circuit:
    """One breaker. Closed, it counts failures in a row; open, it refuses; half open, it probes.

    What was let through before the state last changed is not counted any more when it ends.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self._clock = name, clock
        self._most, self._reset, self._probes = 1, 0, 1
        self._on: tuple[str | int, ...] = ()
        self._state: State = "closed"
        self._era = 0
        self._eras: dict[Caller, int] = {}
        self._probing: set[Caller] = set()
        self._passed = 0
        self.failures, self.calls, self.failed, self.refused = 0, 0, 0, 0
        self.opened: int | None = None
        self.last_error = ""

    def follow(self, rules: Mapping[str, Any]) -> None:
        """Go by these numbers from now on."""
        self._most, self._probes = int(rules["failures"]), int(rules["probes"])
        self._reset = round(float(rules["reset"]) * 1e6)
        self._on = tuple(rules.get("on", ()))

    @property
    def state(self) -> State:
        """Where it stands now: `closed`, `open` or `half_open`."""
        if self._state == "open" and self._is_time_to_probe():
            return "half_open"
        return self._state

    def ask(self, caller: Caller) -> Row:
        """Let the caller through: `{state}`. Raises `CircuitOpen` where that is not to be."""
        if self._state == "open" and self._is_time_to_probe():
            self._turn("half_open")
        if self._state == "half_open" and self._passed >= self._probes:  # by newer rules
            self.close()
        if self._state == "open" or (self._state == "half_open" and self._is_probed()):
            self.refused += 1
            raise self._refusal()
        self.enter(caller)
        return {"state": self._state}

    def enter(self, caller: Caller) -> None:
        """Count the caller as let through; while it is open its outcome will not count."""
        self.calls += 1
        if self._state == "open":
            return
        self._eras[caller] = self._era
        if self._state == "half_open":
            self._probing.add(caller)

    def leave(self, caller: Caller, outcome: str, value: Any) -> None:
        """What the caller did is over; `value` is the error where it failed.

        What no budget covered was not called at all, and says nothing about who would have been.
        """
        era = self._eras.pop(caller, None)
        if outcome == "failed" and isinstance(value, Mapping) and breach_in(value):
            outcome = "cancelled"
        failed = outcome == "failed"
        self.failed += failed
        if era != self._era:
            return
        self._probing.discard(caller)
        if failed and error_matches(self._on, value if isinstance(value, Mapping) else {}):
            self._count_failure(value)
        elif outcome != "cancelled":
            self._count_success()

    def close(self) -> None:
        """Forget the failures and let everybody through."""
        self.failures, self.opened, self.last_error = 0, None, ""
        self._turn("closed")

    def row(self) -> Row:
        """What one sees of it; times in microseconds."""
        return {
            "name": self.name,
            "state": self.state,
            "failures": self.failures,
            "opens_after": self._most,
            "opened": self.opened,
            "probes_at": self._probes_at(),
            "under_way": len(self._eras),
            "calls": self.calls,
            "failed": self.failed,
            "refused": self.refused,
            "last_error": self.last_error,
        }

    def _count_failure(self, value: Any) -> None:
        self.failures += 1
        error = value if isinstance(value, Mapping) else {}
        self.last_error = f"{error.get('kind', '')}: {error.get('message', '')}"[:200]
        if self._state == "half_open" or self.failures >= self._most:
            self.opened = self._clock.now()
            self._turn("open")

    def _count_success(self) -> None:
        if self._state == "closed":
            self.failures, self.last_error = 0, ""
            return
        self._passed += 1
        if self._passed >= self._probes:
            self.close()

    def _turn(self, state: State) -> None:
        self._state = state
        self._era += 1
        self._passed = 0
        self._probing.clear()

    def _probes_at(self) -> int | None:
        if self._state != "open" or self.opened is None:
            return None
        self.opened = min(self.opened, self._clock.now())  # the clock may have been set back
        return self.opened + self._reset

    def _is_time_to_probe(self) -> bool:
        at = self._probes_at()
        return at is not None and self._clock.now() >= at

    def _is_probed(self) -> bool:
        """Whether as many probes are under way or through as there are to be."""
        return len(self._probing) + self._passed >= self._probes

    def _refusal(self) -> CircuitOpen:
        since = f"open since {_time(self.opened)}, after {self.failures} failures in a row"
        if self._state == "half_open":
            told = (
                f"Circuit {self.name!r} is half open, {since}: "
                f"{len(self._probing)} of {self._probes} probes are under way."
            )
        else:
            told = f"Circuit {self.name!r} is {since}; it probes at {_time(self._probes_at())}."
        last = f"The last failure was {self.last_error!r}. " if self.last_error else ""
        return CircuitOpen(
            told,
            hint=f"{last}lab.circuits() shows it, lab.reset_circuit({self.name!r}) closes it; "
            "fx.fallback(...) says what to do meanwhile.",
        )


def _time(at: int | None) -> str:
    return (
        ""
        if at is None
        else datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    )
