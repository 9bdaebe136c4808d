"""How much a server takes: sizes, times and numbers, and the count of what is under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from traaviis_lab.errors import LabError


@dataclass(frozen=True)
class Limits:
    """What a server takes from outside. Times are seconds, sizes bytes.

    Args:
        body: of one request.
        depth: how deep its JSON may be nested.
        header_time: until a request's headers have come.
        body_time: until its body has come.
        write_time: how long a client may leave an answer unread.
        idle_time: how long a connection stays open between requests.
        rate: calls a second of one token, over longer.
        burst: calls of one token at once, before that holds.
        patience: how long a call waits for its turn when there are too many.
        calls: requests of one token under way.
        streams: standing streams of one token.
        connections: open at a time, of whomever.
        sessions: of the older protocol, open at a time.
        sessions_each: of those, how many one token may have.
    """

    body: int = 1_000_000
    depth: int = 64
    header_time: float = 10.0
    body_time: float = 10.0
    write_time: float = 20.0
    idle_time: float = 60.0
    rate: float = 500.0
    burst: float = 1000.0
    patience: float = 1.0
    calls: int = 64
    streams: int = 128
    connections: int = 512
    sessions: int = 1000
    sessions_each: int = 200

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (isinstance(value, int | float) and value > 0):
                raise LabError(f"The limit {name} is {value!r}.", hint="It is a number above 0.")


@dataclass
class Use:
    """What one token has under way, and how many calls it may make just now."""

    left: float
    at: float
    calls: set[asyncio.Timeout] = field(default_factory=set)
    streams: set[asyncio.Timeout] = field(default_factory=set)


@dataclass
class Uses:
    """The use of each token. Belongs to the server's loop; no other thread touches it."""

    limits: Limits
    now: Callable[[], float] = time.monotonic
    _of: dict[str, Use] = field(default_factory=dict)

    def of(self, grant_id: str) -> Use:
        """The use of a token, with what the time since has given it back."""
        now = self.now()
        use = self._of.get(grant_id)
        if use is None:
            use = self._of[grant_id] = Use(self.limits.burst, now)
        use.left = min(self.limits.burst, use.left + (now - use.at) * self.limits.rate)
        use.at = now
        return use

    def wait(self, grant_id: str) -> float | None:
        """Take one call; answers how long it must wait for its turn, None if that is too long."""
        use = self.of(grant_id)
        wait = max(0.0, (1.0 - use.left) / self.limits.rate)
        if wait > self.limits.patience:
            return None
        use.left -= 1.0
        return wait

    def each(self, grant_id: str | None) -> list[Use]:
        """The use of one token, or of all."""
        return [use for name, use in self._of.items() if grant_id in (None, name)]
