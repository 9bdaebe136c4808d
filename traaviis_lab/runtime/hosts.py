"""Which hosts effects may call: none, until they are named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from traaviis_lab.errors import DefinitionError, PermissionDenied

_ENTRY = re.compile(
    r"(?P<any>\*\.)?(?P<name>\[[0-9a-f:.]+\]|[^\s:/?#@\\*\[\]]+)(:(?P<port>[0-9]{1,5}))?\Z"
)
USUAL_PORTS = ("80", "443")

_HINT = "Name it without scheme and path: api.example.com, 127.0.0.1:8080, *.example.com."


class Hosts:
    """Hosts by name: `api.example.com`, `127.0.0.1:8080`, `*.example.com` (all below it).

    Without a port the usual ones are meant, 80 and 443.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._entries: set[tuple[bool, str, str]] = set()
        if not isinstance(entries, Iterable):
            raise DefinitionError(f"{entries!r} is no list of hosts.", hint=_HINT)
        self.allow(*((entries,) if isinstance(entries, str) else entries))

    def allow(self, *entries: str) -> None:
        """Add hosts, all or none. Raises `DefinitionError` for what is no host."""
        self._entries |= {_read(entry) for entry in entries}

    def allows(self, host: str) -> bool:
        """Whether `host` (`name:port`) may be called."""
        name, _, port = host.rpartition(":")
        name = _plain(name)
        for below, allowed, its_port in self._entries:
            if its_port == port or (not its_port and port in USUAL_PORTS):
                if name == allowed and not below:
                    return True
                if below and name.endswith("." + allowed):
                    return True
        return False

    def check(self, host: str) -> None:
        """Raise `PermissionDenied`, which names the host and the cure, unless it is allowed."""
        if not self.allows(host):
            name, _, port = host.rpartition(":")
            shown = name if port in USUAL_PORTS else host
            raise PermissionDenied(
                f"This lab may not call {shown!r}. Allowed: {self.told()}.",
                hint=f"lab.allow_host({shown!r}) allows it.",
            )

    def __iter__(self) -> Iterator[str]:
        for below, name, port in sorted(self._entries):
            shown = f"[{name}]" if ":" in name else name
            yield f"{'*.' * below}{shown}{f':{port}' * bool(port)}"

    def told(self) -> str:
        """The hosts for people, in order."""
        return ", ".join(self) or "none"

    def __repr__(self) -> str:
        return f"<Hosts: {self.told()}>"


def _read(entry: str) -> tuple[bool, str, str]:
    found = _ENTRY.match(entry.lower()) if isinstance(entry, str) else None
    if found is None or int(found["port"] or 1) not in range(1, 65_536):
        raise DefinitionError(
            f"{entry!r} is no host.",
            hint=_HINT,
        )
    return bool(found["any"]), _plain(found["name"]), (found["port"] or "").lstrip("0")


def _plain(name: str) -> str:
    """A host's name as it is compared: lower case, in ASCII, without the root's dot."""
    name = name.lower().rstrip(".").strip("[]")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name
