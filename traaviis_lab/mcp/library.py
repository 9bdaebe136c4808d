"""What can be read and asked for beside tools, by the same rules: resources, prompts, the app."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from traaviis_lab.errors import LabError, PermissionDenied
from traaviis_lab.journal import Fact

from .apps import APP, DIAGRAM, EXTENSION, MIME, app_content
from .call import Call
from .lanes import LANE, aside
from .prompts import PROMPTS, Argument, Prompt
from .resources import (
    TEMPLATES,
    Coalesced,
    Content,
    Resource,
    Template,
    Watch,
    begins_run,
    brings_machine,
    complete_machine,
    complete_run,
    listed,
    read_address,
    read_resource,
)

if TYPE_CHECKING:
    from .call import Client
    from .catalogue import Tool
    from .desk import Desk

__all__ = ["DIAGRAM", "Argument", "Content", "Library", "Prompt", "Resource", "Template"]

T = TypeVar("T")
Ref = tuple[Literal["prompt", "resource"], str]
_COMPLETERS = {
    "id": complete_run,
    "fsm_id": complete_run,
    "name": complete_machine,
    "machine": complete_machine,
}
MOST_WATCHED = 512
"""Addresses that one token may watch, in all of its sessions and streams."""
_LOGGER = logging.getLogger("traaviis_lab")


class Library:
    """Resources, prompts and the app of one server. What it reads is written down as calls are.

    `read`, `prompt`, `resources` and `complete` are awaited on the server's loop; what they ask
    of the lab is asked on the desk's worker threads.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk, self.lab = desk, desk.lab
        self._hearing: dict[int, Callable[[Fact], None]] = {}
        self._watching: Counter[str] = Counter()  # by token
        self._next = 0
        self._lock = threading.Lock()
        self._end: Callable[[], None] | None = None

    # What there is

    def templates(self, client: Client) -> list[Template]:
        """The kinds of resources a client may read."""
        return list(TEMPLATES) if client.grant.allows("read") else []

    def prompts(self, client: Client) -> list[Prompt]:
        """The prompts a client may ask for."""
        return list(PROMPTS.values()) if client.grant.allows("read") else []

    async def resources(self, client: Client) -> list[Resource]:
        """What a client may read now: the app, the indexes, the machines, the newest runs."""
        if not client.grant.allows("read"):
            return []
        return [APP, *await self._asked(listed, self._call(client))]

    def extensions(self) -> dict[str, dict[str, Any]]:
        """What the server's capabilities say of extensions."""
        return {EXTENSION: {"mimeTypes": [MIME]}}

    def tool_meta(self, tool: Tool) -> dict[str, Any] | None:
        """The `_meta` of a tool whose answer an app shows, else None."""
        # The flat key is what clients of the first drafts look for.
        return {"ui": {"resourceUri": tool.app}, "ui/resourceUri": tool.app} if tool.app else None

    # What is read

    async def read(self, client: Client, uri: str) -> Content:
        """What stands at an address. Raises `LabError` where there is nothing to read."""
        call = self._call(client)

        def work() -> Content:
            return app_content() if uri == DIAGRAM else read_resource(call, uri)

        return await self._recorded(call, "resources/read", {"uri": uri}, work)

    async def prompt(
        self, client: Client, name: str, arguments: Mapping[str, str]
    ) -> list[tuple[str, str]]:
        """The messages of a prompt. Raises `LabError` for a name or arguments that are none."""
        call = self._call(client)

        def work() -> list[tuple[str, str]]:
            if (found := PROMPTS.get(name)) is None:
                raise LabError(
                    f"There is no prompt {name[:100]!r}.", hint=f"There are: {', '.join(PROMPTS)}."
                )
            tools = [tool.name for tool in self.desk.listed(client)]
            return [("user", found.write(call, found.checked(arguments), tools))]

        said = {"name": name, "arguments": dict(arguments)}
        return await self._recorded(call, "prompts/get", said, work)

    async def complete(
        self, client: Client, ref: Ref, name: str, value: str, context: Mapping[str, str]
    ) -> list[str]:
        """What may stand for an argument that begins so, at most 100; [] where nobody knows.

        Raises `LabError` for a prompt or a template that is none.
        """
        kind, what = ref
        known = PROMPTS if kind == "prompt" else {one.template for one in TEMPLATES}
        if what not in known:
            raise LabError(f"There is no {kind} {what[:200]!r}.", hint=f"{kind}s/list says which.")
        completer = _COMPLETERS.get(name)
        if completer is None or not client.grant.allows("read"):
            return []
        return await self._asked(completer, self._call(client), value)

    # What is watched

    def watch(
        self, client: Client, uris: Iterable[str], wake: Callable[[str], None]
    ) -> Callable[[], None]:
        """Call `wake(uri)` when what stands there may have changed; answers how to end it.

        On any thread, at most ten times a second for each address. Raises `LabError` for an
        address that is none, `RunNotFound` for a run that is not the tenant's.
        """
        call = self._call(client)
        _check_read(call)
        addresses = {uri: read_address(uri) for uri in uris if uri != DIAGRAM}
        for uri, address in addresses.items():
            if address.room == "runs" and address.name:
                addresses[uri] = replace(address, name=call.info(address.name).run)
        watch = Watch(call.tenant, addresses, lambda: self._hashes(call), wake)
        return self._heard(watch.hear, watch.end, call.grant.id)

    def changed(self, client: Client, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake()` when `resources` may answer otherwise; answers how to end it."""
        call = self._call(client)
        news = Coalesced(lambda _: wake(), every=0.5)

        def hear(fact: Fact) -> None:
            if fact.tenant == call.tenant and (begins_run(fact) or brings_machine(fact)):
                news.poke("")

        return self._heard(hear, news.end)

    def close(self) -> None:
        """End every watch."""
        with self._lock:
            self._hearing, self._watching = {}, Counter()
            end, self._end = self._end, None
        if end is not None:
            end()

    def _call(self, client: Client) -> Call:
        return Call(self.lab, client.grant, client, self.desk.charts)

    def _hashes(self, call: Call) -> dict[str, str]:
        return {name: chart.hash for name, chart in call.charts.of(call.tenant).items()}

    def _heard(
        self, hear: Callable[[Fact], None], ended: Callable[[], None], who: str = ""
    ) -> Callable[[], None]:
        with self._lock:
            if (
                who and self._watching[who] >= MOST_WATCHED
            ):  # each is asked about each fact of the lab
                raise LabError(
                    f"{MOST_WATCHED} addresses are watched with this token already.",
                    hint="Watch fewer, or unsubscribe from some.",
                )
            self._watching[who] += 1
            number, self._next = self._next, self._next + 1
            self._hearing = {**self._hearing, number: hear}
            if self._end is None:
                self._end = self.lab.events(self._hand_out)

        def end() -> None:
            with self._lock:
                if number in self._hearing:
                    self._watching[who] -= 1
                self._hearing = {k: one for k, one in self._hearing.items() if k != number}
            ended()

        return end

    def _hand_out(self, fact: Fact) -> None:
        for hear in self._hearing.values():
            hear(fact)

    async def _asked(self, work: Callable[..., T], call: Call, *arguments: Any) -> T:
        LANE.set(self.desk.lanes.of(call.tenant))
        return await aside(work, call, *arguments)

    async def _recorded(
        self, call: Call, what: str, said: Mapping[str, Any], work: Callable[[], T]
    ) -> T:
        """Do the work on a worker thread, and write down that it was asked and how it ended."""
        began, outcome = time.monotonic(), "InternalError"
        try:
            _check_read(call)
            answer = await self._asked(lambda _: work(), call)
            outcome = "ok"
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except LabError as error:
            outcome = type(error).__name__
            raise
        except Exception:
            _LOGGER.exception("%s failed on %s", what, said)
            raise LabError(
                "The server failed on this request.", hint="The kernel's log says how."
            ) from None
        finally:
            self.desk.record.write(call, what, said, outcome, began)
        return answer


def _check_read(call: Call) -> None:
    if not call.grant.allows("read"):
        raise PermissionDenied(
            "Reading needs the scope 'read', which this token does not grant.",
            hint=f"It grants: {', '.join(sorted(call.grant.scopes))}.",
        )
