"""Who calls: the clients of a server, as they called themselves."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from .call import Client
from .grants import Grant

KEPT = 256
SEEN = 1800.0
"""Seconds after which a client that said nothing is gone."""
_LONGEST = 80


class Clients:
    """The clients of a server, the longest silent forgotten first. Any thread may look.

    A client of the older protocol is its session, one of the newer its name and version; both
    only together with the token they came with.
    """

    def __init__(self, changed: Callable[[], object] = lambda: None) -> None:
        self._changed = changed
        self._known: OrderedDict[tuple[str, ...], Client] = OrderedDict()
        self._lock = threading.Lock()

    def seen(self, grant: Grant, session: str, name: str, version: str, protocol: str) -> Client:
        """The client of a request; known from now on."""
        name, version = _line(name) or "unnamed", _line(version)
        key = (grant.id, session) if session else (grant.id, "", name, version)
        now = time.time()
        with self._lock:
            client = self._known.get(key)
            if client is None:
                client = Client(secrets.token_hex(4), name, version, protocol, grant, now, now)
                self._known[key] = client
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            client.name, client.version, client.protocol = name, version, protocol
            client.last = now
        if client.since == now:
            self._changed()
        return client

    def gone(self, grant: Grant, session: str) -> None:
        """Forget a client whose session has ended."""
        with self._lock:
            self._known.pop((grant.id, session), None)

    def listed(self) -> list[Client]:
        """Those who said something lately, the last one first."""
        with self._lock:
            known = list(self._known.values())
        return [one for one in reversed(known) if time.time() - one.last < SEEN]


def _line(text: str) -> str:
    """What a client says of itself, as one short line: it is shown to a person."""
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST].strip()
