"""The models of a lab by name: who answers for each, under which other names, and for whom."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Collection
from contextlib import suppress
from typing import Any, NamedTuple

from traaviis_lab.errors import DefinitionError

from .aliases import Aliases
from .cassette import Cassette
from .policy import Policies, Policy
from .port import Provider
from .refusals import denied, unfinished, unknown, unnamed
from .shelved import SOURCES, Shelved
from .taped import Taped

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_NEEDED = ("source", "streams", "count", "complete", "stream", "close")
_AIR_GAPPED = ("everybody in this lab", Policy(air_gapped=True))
MOST_ROUTES = 4096
"""Answers of `route` that are remembered; they hold until anything changes."""
_AGAIN = 1.0
"""Seconds until it is looked again whether somebody waits for a provider that was replaced."""


class Route(NamedTuple):
    """Whom to ask: the provider, and the model by the name that the provider has for it."""

    provider: Shelved | Taped
    provider_name: str
    model: str
    name: str
    """`provider/model`, whatever the effect called it."""


_Asked = tuple[str, str, tuple[str, ...], bool]
"""What a route depends on: the model as it was called, tenant, labels, whether air-gapped."""
_NOWHERE: tuple[None, str] = (None, "")


class Models:
    """Providers by name. A model is called `provider/model`, or by an alias.

    Its methods may be called from any thread; `route` and `close` are the loop's.

    Args:
        loop: where providers that were replaced are closed; without one they are with the rest.

    Attributes:
        default: the model of effects that name none; "" for none.
        air_gapped: True refuses whatever does not answer in this process or from a recording.
        cassette: the one that is in; None if there is none.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.default = ""
        self.air_gapped = False
        self.cassette: Cassette | None = None
        self.policies, self.aliases = Policies(), Aliases()
        self._loop = loop
        self._shelf: dict[str, Shelved] = {}
        self._routes: dict[_Asked, tuple[Route, str]] = {}
        self._retired: list[Shelved] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Models: {', '.join(sorted(self._shelf)) or 'none'}>"

    def __contains__(self, name: object) -> bool:
        return name in self._shelf

    def add(
        self, name: str, provider: Provider, *, region: str = "", on_prem: bool | None = None
    ) -> None:
        """Have `provider` answer for the models `name/...`, in place of the one that did.

        `region` and `on_prem` are what policies ask for; what answers within this process is
        on the premises. One that is replaced is closed when nobody waits for it any more.
        Raises `DefinitionError` for a name that is none.
        """
        if not isinstance(name, str) or not _NAME.match(name):
            raise DefinitionError(
                f"{name!r} is no name for a provider of models.",
                hint="Use letters, digits, _, . and -; a model is then called 'name/model'.",
            )
        if lacks := [one for one in _NEEDED if not hasattr(provider, one)]:
            raise DefinitionError(
                f"{provider!r} is no provider of models: it has no {', '.join(lacks)}.",
                hint="It needs what traaviis_lab.models.Provider has, such as Scripted([...]).",
            )
        if provider.source not in SOURCES:
            raise DefinitionError(
                f"{provider!r} is no provider of models: its source is {provider.source!r}.",
                hint=f"One of: {', '.join(SOURCES)}; 'live' for all that leaves this process.",
            )
        here = provider.source != "live"
        fresh = Shelved(name, provider, region, here if on_prem is None else on_prem)
        with self._lock:
            old = self._shelf.get(name)
            self._shelf = {**self._shelf, name: fresh}
            self._routes = {}
        self._retire(old)

    def remove(self, name: str) -> None:
        """Take a provider off the shelf. Raises `ModelFailed` if there is none of this name."""
        with self._lock:
            old = self._shelf.get(name)
            if old is None:
                raise unknown(name, self._known())
            self._shelf = {key: kept for key, kept in self._shelf.items() if key != name}
            self._routes = {}
        self._retire(old)

    def alias(self, alias: str, target: str) -> None:
        """Let `alias` mean `target`, a model or another alias; see `Aliases.put`."""
        with self._lock:
            self.aliases.put(alias, target)
            self._routes = {}

    def allow(
        self,
        tenant: str | None = None,
        label: str | None = None,
        *,
        providers: Collection[str] = (),
        models: Collection[str] = (),
        regions: Collection[str] = (),
        air_gapped: bool = False,
        on_prem_only: bool = False,
    ) -> None:
        """Allow this and nothing else for a tenant, a data label, both, or all; see `Policy`.

        Again for the same replaces it; with nothing said it is taken back.
        """
        policy = Policy(providers, models, regions, air_gapped, on_prem_only)
        with self._lock:
            self.policies.put(tenant, label, policy)
            self._routes = {}

    def route(self, model: str, tenant: str, labels: Collection[str] = ()) -> Route:
        """Who answers for a model, if this tenant may send it data with these labels.

        Raises `ModelFailed` for a name that nobody answers for, `PermissionDenied` where a
        policy refuses it.
        """
        labels = (labels,) if isinstance(labels, str) else tuple(labels)
        asked = (model or self.default, tenant, labels, self.air_gapped)
        if (tape := self.cassette) is not None:  # it may answer for what it did not just now
            return self._found(asked, tape)
        routes = self._routes  # another one after any change, on whatever thread
        route, source = routes.get(asked, _NOWHERE)
        if route is None or route.provider.source != source:  # it may leave this process by now
            if len(routes) >= MOST_ROUTES:
                routes.clear()
            route = self._found(asked, None)
            routes[asked] = route, route.provider.source
        return route

    def _found(self, asked: _Asked, tape: Cassette | None) -> Route:
        model, tenant, labels, air_gapped = asked
        if not model:
            raise unnamed()
        name = self.aliases.meaning(model)
        provider_name, _, own = name.partition("/")
        shelved = self._shelf.get(provider_name)
        is_taped = tape is not None and tape.answers_for(name)
        if shelved is None and not is_taped:
            raise unknown(name, self._known())
        if shelved is not None and not own and shelved.source != "scripted":
            raise unfinished(name)
        policies = self.policies.about(tenant, labels)
        if air_gapped:
            policies.append(_AIR_GAPPED)
        for whose, policy in policies:
            shelved, why = _asked_by(policy, shelved, name, is_taped)
            if why:
                raise denied(name, whose, why, tenant, labels)
        provider: Shelved | Taped | None = shelved if tape is None else tape.wrap(shelved, name)
        assert provider is not None  # without a provider there is a tape
        return Route(provider, provider_name, own, name)

    def insert(self, cassette: Cassette) -> None:
        """Record and replay with this cassette from now on; one that was in is ejected."""
        old, self.cassette = self.cassette, cassette
        if old is not None and old is not cassette:
            old.close()

    def eject(self) -> Cassette | None:
        """Take the cassette out, closed, and ask the providers themselves again."""
        old, self.cassette = self.cassette, None
        if old is not None:
            old.close()
        return old

    def table(self) -> list[dict[str, Any]]:
        """A row for each provider: what it is, where, who calls it how, how often it was asked."""
        called: dict[str, list[str]] = {}
        for alias in self.aliases:
            called.setdefault(self.aliases.meaning(alias).partition("/")[0], []).append(alias)
        return [
            {
                "name": name,
                "source": one.source,
                "streams": one.streams,
                "region": one.region,
                "on_prem": one.on_prem,
                "aliases": called.get(name, []),
                "calls": one.asked,
            }
            for name, one in sorted(self._shelf.items())
        ]

    async def close(self) -> None:
        """Close every provider and the cassette. They may be asked again afterwards."""
        if self.cassette is not None:
            self.cassette.close()
        with self._lock:
            retired, self._retired = self._retired, []
        everyone = [*self._shelf.values(), *retired]
        await asyncio.gather(*(one.close() for one in everyone), *self._closing)

    def _known(self) -> set[str]:
        recorded = self.cassette.models() if self.cassette is not None else ()
        return {*self._shelf, *self.aliases, *recorded}

    def _retire(self, old: Shelved | None) -> None:
        """Close what was taken off the shelf, unless it stands there still under some name."""
        with self._lock:
            if old is None or any(one.provider is old.provider for one in self._shelf.values()):
                return
            self._retired.append(old)
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and all was closed with it
                self._loop.call_soon_threadsafe(self._close_idle, self._loop)

    def _close_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            idle = [one for one in self._retired if not one.under_way]
            self._retired = busy = [one for one in self._retired if one.under_way]
        for one in idle:
            task = loop.create_task(one.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if busy:
            loop.call_later(_AGAIN, self._close_idle, loop)


def _asked_by(
    policy: Policy, shelved: Shelved | None, name: str, is_taped: bool
) -> tuple[Shelved | None, str]:
    """The provider if it may be asked, None if recorded answers alone may be given; else why."""
    why = policy.refuses_name(name.partition("/")[0], name)
    if not why and shelved is not None and shelved.is_far:
        why = policy.refuses_place(shelved.region, shelved.on_prem)
        if why and is_taped:
            return None, ""
    return shelved, why
