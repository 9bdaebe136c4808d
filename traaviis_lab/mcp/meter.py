"""How much the runs of agents write into the journal, and what is done where it is too much."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from traaviis_lab.errors import LabError

from .serving.limits import Limits

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab

EVERY = 0.5
"""Seconds between two looks."""
WEIGHT = 4096
"""Bytes that count as one fact."""
_ENDS = 5.0  # seconds
_LOGGER = logging.getLogger("traaviis_lab")
_WEIGHED = 50  # runs whose last fact is weighed in one look


class _Account:
    """What one tenant's agents may write just now, and what they have written in all."""

    def __init__(self, left: float) -> None:
        self.left, self.total = left, 0.0


class Meter:
    """Counts by tenant what the runs of its agents write. Any thread may ask.

    It looks at how far each run has come, and not at each fact: a run pays nothing for being
    counted. What is found to be too much is ended by holding the runs that write the most, and by
    refusing the calls that would make more of it.
    """

    def __init__(self, lab: Lab, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._lab, self._limits, self._now = lab, limits, now
        self._accounts: dict[str, _Account] = {}
        self._seen: dict[str, int] | None = None  # of each run: how far it had come
        self._at = now()
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look every half second from now on, on a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="traaviis-mcp-meter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_ENDS)

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except Exception:
                if not self._lab.is_open:
                    return
                _LOGGER.exception("What the runs of agents write could not be counted")
            self._ended.wait(EVERY)

    def count(self, tenant: str, facts: int) -> None:
        """Note what a call has written into a run that is not an agent's."""
        with self._lock:
            self._write(self._account(tenant), facts)

    def check(self, tenant: str) -> None:
        """Raise `LabError` where a tenant's agents have written too much to write more now."""
        with self._lock:
            account = self._account(tenant)
            left, total = account.left, account.total
        if total >= self._limits.facts_in_all:
            raise LabError(
                f"Runs of agents of this tenant have {self._limits.facts_in_all:,.0f} facts, and "
                "may write no more.",
                hint="A person may allow more: lab.serve_mcp(limits=Limits(facts_in_all=...)).",
            )
        if left < 0:
            raise self._too_fast(f"Call again in {-left / self._limits.facts:.1f} s.")

    def look(self) -> list[str]:
        """Count what was written since the last look, and hold the runs that write too much.

        Answers the runs that are held now and were not before.
        """
        with self._lock:
            if self._seen is None:
                return self._begin()
            grown = self._grown()
            over = [
                (tenant, runs)
                for tenant, runs in grown.items()
                if self._is_over(self._accounts[tenant])
            ]
        return [run for tenant, runs in over for run in self._held(runs)]

    def _begin(self) -> list[str]:
        """What was there before is counted in all, and not as if it had been written now."""
        self._seen = {}
        for tenant, run, seq in self._lab.guest_runs(live=False):
            self._seen[run] = seq
            self._account(tenant).total += seq
        self._at = self._now()
        return []

    def _grown(self) -> dict[str, list[tuple[float, str]]]:
        """By tenant: how much each run wrote since, the most first; noted in the accounts."""
        now, seen = self._now(), self._seen or {}
        for account in self._accounts.values():
            back = (now - self._at) * self._limits.facts
            account.left = min(self._limits.facts_at_once, account.left + back)
        self._at = now
        found: dict[str, list[tuple[float, str]]] = {}
        for tenant, run, seq in self._lab.guest_runs():
            more = seq - seen.get(run, 0)
            if more > 0:
                seen[run] = seq
                found.setdefault(tenant, []).append((more, run))
        self._seen = seen
        for tenant, runs in found.items():
            runs.sort(reverse=True)
            runs[:_WEIGHED] = [(more * self._weight(run), run) for more, run in runs[:_WEIGHED]]
            runs.sort(reverse=True)
            self._write(self._account(tenant), sum(more for more, _ in runs))
        return found

    def _weight(self, run: str) -> float:
        """As how many facts one of this run counts, by the last of them."""
        journal, seq = self._lab.journal, (self._seen or {})[run]
        last = journal.read(run, after=seq - 1, upto=seq, hashed=False)
        return max((1.0 + len(fact.body) // WEIGHT for fact in last), default=1.0)

    def _held(self, runs: list[tuple[float, str]]) -> list[str]:
        """Hold those that wrote the most, until what the rest writes is little enough."""
        rest, held = sum(more for more, _ in runs), []
        for more, run in runs:
            if rest <= self._limits.facts * EVERY:
                break
            rest -= more
            if self._lab.hold_guest(run, self._too_fast("It is held; resume lets it go on.")):
                held.append(run)
        return held

    def _account(self, tenant: str) -> _Account:
        account = self._accounts.get(tenant)
        if account is None:
            account = self._accounts[tenant] = _Account(self._limits.facts_at_once)
        return account

    def _write(self, account: _Account, facts: float) -> None:
        account.left -= facts
        account.total += facts

    def _is_over(self, account: _Account) -> bool:
        return account.left < 0 or account.total >= self._limits.facts_in_all

    def _too_fast(self, hint: str) -> LabError:
        return LabError(
            f"Runs of agents of this tenant write more than {self._limits.facts:,.0f} facts a "
            "second.",
            hint=hint,
        )
