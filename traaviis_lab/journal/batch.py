"""What is pending together: facts and what comes beside them, and who waits for them."""

from __future__ import annotations

from typing import NamedTuple

from .port import Acknowledge, Fact, Keep

BULK = 2_000  # pending facts that end the linger
MANY = 16_000  # pending facts that make append wait
HEAVY = 32 * 2**20  # bytes of large bodies that make append wait
ENQUEUED, WRITTEN, SYNCED, FED = 0, 1, 2, 3  # how far a waiter wants its facts to be

Extra = tuple[bytes, str, str, bytes]  # line, "chart" or "blob", key, value


class Wait(NamedTuple):
    """Somebody who is told when everything queued before is as far as wanted."""

    want: int
    tell: Acknowledge


class Batch:
    """What is pending. `loose`: some of it was, or will be, acknowledged before it is synced;
    `unheard`: nobody waits for some of it."""

    __slots__ = ("extras", "facts", "keeps", "large", "loose", "unheard", "waits")

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.extras: list[Extra] = []
        self.keeps: list[Keep] = []
        self.waits: list[Wait] = []
        self.large = 0
        self.loose = False
        self.unheard = False

    def is_bulk(self) -> bool:
        """Whether there is enough of it not to wait for more."""
        return len(self.facts) > BULK or self.large > HEAVY // 8

    def is_full(self) -> bool:
        """Whether whoever appends more has to wait."""
        return len(self.facts) > MANY or self.large > HEAVY

    def __bool__(self) -> bool:
        return bool(self.facts or self.waits or self.extras or self.keeps)
