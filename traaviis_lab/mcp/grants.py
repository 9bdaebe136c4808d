"""Who may do what: a token, the tenant it belongs to, and its scopes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from traaviis_lab.errors import LabError
from traaviis_lab.runtime.ids import check_tenant

Scope = Literal["read", "write", "debug", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True)
class Grant:
    """What the bearer of a token may do, in one tenant and no other. It never holds the token."""

    id: str
    tenant: str
    scopes: frozenset[Scope]
    label: str = ""
    digest: bytes = field(default=b"", repr=False)

    def allows(self, scope: Scope) -> bool:
        """Whether a tool of this scope may be called."""
        return scope in self.scopes


class Grants:
    """The tokens of a server. Any thread may ask; what is kept of a token is its SHA-256."""

    def __init__(self) -> None:
        self._known: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def add(
        self, tenant: str, scopes: Iterable[Scope] = SCOPES, label: str = ""
    ) -> tuple[str, Grant]:
        """A new token and what it grants. Raises `LabError` for a scope or tenant that is none."""
        wanted = frozenset(scopes)
        if not wanted or not wanted <= frozenset(SCOPES):
            said = scopes if isinstance(scopes, str) else sorted(wanted)
            raise LabError(
                f"Scopes {said!r} cannot be granted.",
                hint=f"As a list, some of: {', '.join(SCOPES)}.",
            )
        token = secrets.token_urlsafe(32)
        digest = hashlib.sha256(token.encode()).digest()
        grant = Grant(secrets.token_hex(4), check_tenant(tenant), wanted, label, digest)
        with self._lock:
            self._known = {**self._known, grant.id: grant}
        return token, grant

    def find(self, token: str) -> Grant | None:
        """The grant of a token, compared in constant time with every one there is."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        found: Grant | None = None
        for grant in self._known.values():
            if hmac.compare_digest(digest, grant.digest):
                found = grant
        return found

    def revoke(self, id: str) -> None:
        """Take a token back: it is found no more. Raises `LabError` for no token."""
        with self._lock:
            if id not in self._known:
                raise LabError(
                    f"There is no token {id!r}.", hint=f"There are: {list(self._known)}."
                )
            self._known = {name: one for name, one in self._known.items() if name != id}

    def __iter__(self) -> Iterator[Grant]:
        return iter(tuple(self._known.values()))
