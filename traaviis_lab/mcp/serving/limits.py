"""How much a server takes: sizes, times and numbers, and the count of what is under way."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from traaviis_lab.errors import LabError

MOST_CLIENTS = 1024
"""Clients whose use is remembered."""


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
        rate: calls a second of one client, over longer.
        burst: calls of one client at once, before that holds.
        calls: requests of one client under way.
        token_rate: calls a second of one token, of whatever clients and sessions.
        token_burst: calls of one token at once, before that holds.
        token_calls: requests of one token under way.
        patience: how long a call waits for its turn when there are too many.
        streams: standing streams of one token.
        connections: open at a time, of whomever.
        sessions: of the older protocol, open at a time.
        sessions_each: of those, how many one token may have.
        facts: that runs of one tenant's agents may write in a second, over longer; one of more
            than 4 KB counts as several.
        facts_at_once: that they may write before that holds.
        facts_in_all: that they may have in the journal.
    """

    body: int = 1_000_000
    depth: int = 64
    header_time: float = 10.0
    body_time: float = 10.0
    write_time: float = 20.0
    idle_time: float = 60.0
    rate: float = 500.0
    burst: float = 1000.0
    calls: int = 64
    token_rate: float = 1000.0
    token_burst: float = 2000.0
    token_calls: int = 192
    patience: float = 1.0
    streams: int = 128
    connections: int = 512
    sessions: int = 1000
    sessions_each: int = 200
    facts: float = 1000.0
    facts_at_once: float = 20_000.0
    facts_in_all: float = 20_000_000.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (isinstance(value, int | float) and value > 0):
                raise LabError(f"The limit {name} is {value!r}.", hint="It is a number above 0.")


@dataclass
class Use:
    """What a token or a client has under way, and how many calls it may make just now."""

    rate: float
    burst: float
    left: float
    at: float
    calls: set[asyncio.Timeout] = field(default_factory=set)
    streams: set[asyncio.Timeout] = field(default_factory=set)

    def wait(self, now: float) -> float:
        """How long a call must wait for its turn; what the time since gave back is counted."""
        self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (1.0 - self.left) / self.rate)


@dataclass
class Uses:
    """The use of each token, and of each client with it. Belongs to the server's loop; no other
    thread touches it.

    A client can call itself otherwise, or begin another session, and so be another client: the
    token's own limits are what it does not escape.
    """

    limits: Limits
    now: Callable[[], float] = time.monotonic
    _tokens: dict[str, Use] = field(default_factory=dict)
    _clients: OrderedDict[tuple[str, str], Use] = field(default_factory=OrderedDict)

    def of(self, grant_id: str) -> Use:
        """The use of a token."""
        use = self._tokens.get(grant_id)
        if use is None:
            burst = self.limits.token_burst
            use = self._tokens[grant_id] = Use(self.limits.token_rate, burst, burst, self.now())
        return use

    def client(self, grant_id: str, client: str) -> Use:
        """The use of a client of a token; that of the longest silent ones is forgotten."""
        key, burst = (grant_id, client), self.limits.burst
        use = self._clients.get(key)
        if use is None:
            use = self._clients[key] = Use(self.limits.rate, burst, burst, self.now())
            for old in list(self._clients)[:-MOST_CLIENTS]:
                if not self._clients[old].calls:
                    del self._clients[old]
        self._clients.move_to_end(key)
        return use

    def wait(self, grant_id: str, client: str) -> float | None:
        """Take one call; answers how long it must wait for its turn, None if that is too long.

        What is refused is counted for nobody: one client's flood leaves others of the token
        their turns.
        """
        now, uses = self.now(), (self.of(grant_id), self.client(grant_id, client))
        wait = max(use.wait(now) for use in uses)
        if wait > self.limits.patience:
            return None
        for use in uses:
            use.left -= 1.0
        return wait

    def each(self, grant_id: str | None) -> list[Use]:
        """The use of one token, or of all."""
        return [use for name, use in self._tokens.items() if grant_id in (None, name)]
