"""What effects may use and nobody may read: values by name, told to no journal, log or repr."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus

from traaviis_lab.effects.secret_places import is_secret_name
from traaviis_lab.errors import DefinitionError, EffectError, PermissionDenied

from .hosts import Hosts

PREFIX = "TRAAVIIS_SECRET_"
SHORTEST = 4
"""Characters; a shorter value could not be struck out of an answer without spoiling it."""


class Secrets(MutableMapping[str, str]):
    """The secrets of a lab: `lab.secrets["API_KEY"] = "..."`, else `TRAAVIIS_SECRET_API_KEY`.

    Reading one (`lab.secrets["API_KEY"]`) gives its value; everything that is shown names it only.
    """

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._hosts: dict[str, Hosts] = {}
        self._around = _of_environment()
        self._know()

    def add(self, name: str, value: str, hosts: Iterable[str] = ()) -> None:
        """Keep a secret; with `hosts` it is sent to these and to no other.

        Raises `DefinitionError` for what is no name, or a value of fewer than 4 characters.
        """
        if not is_secret_name(name):
            raise DefinitionError(
                f"{name!r} is no name for a secret.", hint="Use letters, digits and _."
            )
        _check_value(name, value)
        listed = list(hosts)
        self._hosts.pop(name, None)
        if listed:
            self._hosts[name] = Hosts(listed)
        self._values[name] = value
        self._know()

    def reveal(self, name: str, host: str = "") -> str:
        """The value to use, for a request to `host` (`name:port`) where there is one.

        Raises `EffectError` if there is none of this name, `PermissionDenied` if it is kept
        for other hosts.
        """
        value = self._values.get(name)
        if value is None:
            value = os.environ.get(PREFIX + name, "") if is_secret_name(name) else ""
            if not value:
                raise EffectError(
                    f"There is no secret {name!r} here.",
                    hint=f"lab.secrets[{name!r}] = ..., or set {PREFIX}{name} in the environment.",
                )
            _check_value(name, value)
            self._around[name] = value
            self._know()
        only = self._hosts.get(name)
        if only is not None and not only.allows(host):
            raise PermissionDenied(
                f"The secret {name!r} may not be sent to {host or 'no host at all'}.",
                hint=f"It is kept for {only.told()}.",
            )
        return value

    def kept_for_hosts(self) -> list[str]:
        """The names of those that are kept for hosts, and so can be sent nowhere else."""
        return sorted(name for name in self._values if name in self._hosts)

    def named_in(self, value: Any) -> str:
        """The name of a secret whose value stands in a JSON value; "" if there is none.

        Known are those that were set here, and those of the environment as it was when the lab
        was opened, or that were used since.
        """
        return next(_standing_in(value, self.known), "") if self.known else ""

    def check_none(self, value: Any, what: str) -> None:
        """Raise `PermissionDenied` where a secret's value stands in what would be written down.

        It does not say which: an agent may have guessed.
        """
        if self.named_in(value):
            raise PermissionDenied(
                f"{what} holds a secret of this lab, which would be written into the journal.",
                hint="Leave it out: call_api is handed it by name, {secret: NAME}, and functions "
                "by scope.secret(NAME). lab.secrets.named_in(value) says which it is.",
            )

    def cleared(self, value: Any) -> Any:
        """A JSON value with `[secret NAME]` wherever a known secret stands in it."""
        return _struck(value, self._spelled) if self.known else value

    def begun_in(self, text: str) -> int:
        """How many characters at the end of a text may be the beginning of a known secret."""
        longest = 0
        for secret, _ in self._spelled:
            for size in range(min(len(secret) - 1, len(text)), longest, -1):
                if text.endswith(secret[:size]):
                    longest = size
                    break
        return longest

    def __getitem__(self, name: str) -> str:
        try:
            return self.reveal(name) if name not in self._values else self._values[name]
        except EffectError as error:
            raise KeyError(name) from error

    def __setitem__(self, name: str, value: str) -> None:
        self.add(name, value)

    def __delitem__(self, name: str) -> None:
        del self._values[name]
        self._hosts.pop(name, None)
        self._know()

    def _know(self) -> None:
        """Note what is known; made anew with each change, since others read it meanwhile."""
        self.known = {**self._around, **self._values}
        self._spelled = _spellings(self.known)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Secrets: {', '.join(self) or 'none'}>"

    def __reduce__(self) -> Any:
        raise DefinitionError("Secrets do not travel.", hint="Set them where they are used.")


class Revealed:
    """The secrets one effect used; `struck` takes them out of whatever comes back from it."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._used: dict[str, str] = {}
        self._all = False

    def __getitem__(self, name: str) -> str:
        return self.reveal(name)

    def __bool__(self) -> bool:
        return bool(self._used) or (self._all and bool(self._secrets.known))

    def __repr__(self) -> str:
        return f"<Revealed: {', '.join(sorted(self._used)) or 'none'}>"

    def reveal(self, name: str, host: str = "") -> str:
        """A secret's value; it is remembered that it was used. Raises as `Secrets.reveal`."""
        value = self._used[name] = self._secrets.reveal(name, host)
        return value

    def mistrust(self) -> None:
        """Clear what comes back of every secret of the lab, used here or not."""
        self._all = True

    def struck(self, value: Any) -> Any:
        """A JSON value with `[secret NAME]` wherever one of the used secrets stands in it."""
        if self._all:
            return self._secrets.cleared(value)
        return _struck(value, _spellings(self._used)) if self._used else value


def _spellings(known: Mapping[str, str]) -> list[tuple[str, str]]:
    """How the secrets may be written in an answer, the longest first."""
    found = {}
    for name, value in known.items():
        as_json = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
        as_url = (quote(value), quote(value, safe=""), quote_plus(value))
        for text in (value, *as_json, *as_url):
            found[text] = f"[secret {name}]"
    return sorted(found.items(), key=lambda pair: -len(pair[0]))


def _of_environment() -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    return {name[len(PREFIX) :]: said for name, said in found.items() if len(said) >= SHORTEST}


def _standing_in(value: Any, known: Mapping[str, str]) -> Iterator[str]:
    if isinstance(value, str):
        yield from (name for name, secret in known.items() if secret in value)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _standing_in(key, known)
            yield from _standing_in(one, known)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _standing_in(one, known)


def _struck(value: Any, spellings: list[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        for text, instead in spellings:
            value = value.replace(text, instead)
        return value
    if isinstance(value, Mapping):
        return {_struck(k, spellings): _struck(v, spellings) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_struck(one, spellings) for one in value]
    return value


def _check_value(name: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) < SHORTEST:
        raise DefinitionError(
            f"The secret {name!r} must be a text of at least {SHORTEST} characters.",
            hint="A shorter one could not be kept out of answers and logs.",
        )
