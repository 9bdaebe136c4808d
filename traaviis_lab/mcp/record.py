"""Every call as a fact: who called which tool with what, and how it ended."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from traaviis_lab.errors import JournalError
from traaviis_lab.journal import Fact
from traaviis_lab.journal.encode import encode
from traaviis_lab.journal.port import OWN

from .keeping import kept, writable

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab

    from .call import Call

KEPT = 200


class Line(NamedTuple):
    """One call, as the handle shows it."""

    at: float  # seconds since the epoch
    client: str
    tenant: str
    tool: str
    arguments: Any
    outcome: str  # "ok", "cancelled" or the kind of the error
    took: float  # seconds
    run: str


class Record:
    """A server's book in the journal, and its last calls in memory. Any thread may write."""

    def __init__(self, lab: Lab, changed: Callable[[], None] = lambda: None) -> None:
        self._lab, self._changed = lab, changed
        self.book = f"{OWN}mcp-{secrets.token_hex(6)}"
        self.lines: deque[Line] = deque(maxlen=KEPT)
        self._seq, self._lock = 0, threading.Lock()

    def write(
        self, call: Call, tool: str, arguments: Mapping[str, Any], outcome: str, began: float
    ) -> None:
        """Write a call down when it has ended. `began` is of `time.monotonic`."""
        took = time.monotonic() - began
        said = kept(self._lab.secrets.cleared(dict(arguments)))
        tool, run = writable(tool[:200]), writable(call.about)
        line = Line(time.time(), call.client.name, call.tenant, tool, said, outcome, took, run)
        self.lines.append(line)
        body = {
            "client": {"id": call.client.id, "name": call.client.name},
            "grant": call.grant.id,
            "arguments": said,
            "outcome": outcome,
            "run": run or None,
        }
        self.tell("mcp.called", tool, call.tenant, body, int(took * 1e6))
        self._changed()

    def tell(
        self, kind: str, name: str, tenant: str, body: Mapping[str, Any], took_us: int | None = None
    ) -> None:
        """Append a fact to the book. A closed journal takes none, and that is no failure here."""
        text, now = encode(body, where=name), self._lab.clock.now()
        with self._lock:
            fact = Fact(
                self.book, self._seq + 1, now, tenant, kind, name, None, text, duration_us=took_us
            )
            try:
                self._lab.journal.append((fact,), durability="async")
            except JournalError:
                if self._lab.is_open:
                    raise
                return
            self._seq += 1
