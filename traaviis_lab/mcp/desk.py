"""Where calls are performed: allowed, checked, approved, done, recorded; whatever brought them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from traaviis_lab.errors import LabError, PermissionDenied
from traaviis_lab.lab.shown import shown_line

from .approval import Approver
from .call import Call, Charts, Client, Elicit, Progress, _nobody, _silent
from .catalogue import SETS, Params, Tool, catalogue
from .lanes import LANE, Lanes, aside
from .meter import Meter
from .record import Record
from .reply import Reply, bad, cleared, good
from .serving.limits import Limits
from .tabs import Tabs

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab

MOST_TOLD = 400
"""Characters of one line of progress."""
_LOGGER = logging.getLogger("traaviis_lab")


class Desk:
    """Performs the calls of one server. `perform` is awaited on the server's loop."""

    def __init__(
        self, lab: Lab, approver: Approver, record: Record, limits: Limits | None = None
    ) -> None:
        self.lab, self.approver, self.record = lab, approver, record
        self.tabs = Tabs()
        self.meter = Meter(lab, limits or Limits())
        self.charts = Charts(lab)
        self.sets: dict[str, bool] = dict.fromkeys(SETS, True)
        self.lanes = Lanes()

    def listed(self, client: Client) -> list[Tool]:
        """The tools a client may call: switched on, granted, and working in this lab."""
        return [tool for tool in catalogue().values() if self._fits(tool, client)]

    async def perform(
        self,
        client: Client,
        name: str,
        arguments: Mapping[str, Any],
        progress: Progress = _silent,
        elicit: Elicit = _nobody,
    ) -> Reply:
        """Perform one call. A failure is an answer too; only a cancellation is raised."""
        began = time.monotonic()
        call = Call(self.lab, client.grant, client, self.charts, self._clean(progress), elicit)
        call.meter, call.tabs = self.meter, self.tabs
        LANE.set(self.lanes.of(call.tenant))
        try:
            reply = await self._answer(call, name, arguments)
        except asyncio.CancelledError:
            self.record.write(call, name, arguments, "cancelled", began)
            raise
        except Exception as error:
            if not isinstance(error, LabError | TimeoutError):
                _LOGGER.exception("A call of the tool %s failed", name)
            reply = bad(error, self.lab)
        self.record.write(call, name, arguments, reply.kind, began)
        return reply

    def close(self) -> None:
        """Take no more calls; those under way on worker threads end by themselves."""
        self.lanes.close()

    async def _answer(self, call: Call, name: str, arguments: Mapping[str, Any]) -> Reply:
        tool = self._found(name, call.client)
        params = _read(tool, arguments)
        call.about = str(getattr(params, "fsm_id", None) or "")
        if not (tool.read_only or tool.destructive):
            self.meter.check(call.tenant)
        why = await aside(tool.asks, call, params) if tool.may_ask else ""
        if why or tool.destructive:
            await self.approver.approve(call, tool, arguments, why)
            if why:
                self.tabs.clear(call.grant.id)
        try:
            if tool.is_async:
                answer = await tool.function(call, params)  # type: ignore[misc]
            else:
                answer = await aside(tool.function, call, params)
        except LabError as error:  # its message may quote what somebody wrote into a run
            self.tabs.give_back(call.grant.id, call.kept.get("on_the_tab", 0.0))
            return bad(error, self.lab, quotes=tool.quotes)
        return good(self.lab, answer, quotes=tool.quotes)

    def _clean(self, progress: Progress) -> Progress:
        """Progress without secrets, in which nothing is hidden."""

        async def told(done: float, total: float | None, message: str) -> None:
            said = cleared(self.lab, message)
            await progress(done, total, shown_line(said, MOST_TOLD))

        return told

    def _found(self, name: str, client: Client) -> Tool:
        tool = catalogue().get(name)
        if tool is None or not self.sets[tool.set] or not tool.available(self.lab):
            known = [one.name for one in self.listed(client)]
            near = get_close_matches(name[:100], known, 1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise LabError(
                f"There is no tool {name!r} here.", hint=f"{meant}tools/list says which."
            )
        if not client.grant.allows(tool.scope):
            raise PermissionDenied(
                f"{name} needs the scope {tool.scope!r}, which this token does not grant.",
                hint=f"It grants: {', '.join(sorted(client.grant.scopes))}.",
            )
        return tool

    def _fits(self, tool: Tool, client: Client) -> bool:
        return self.sets[tool.set] and client.grant.allows(tool.scope) and tool.available(self.lab)


def _read(tool: Tool, arguments: Mapping[str, Any]) -> Params:
    """The arguments as the tool's model. Raises `LabError` naming each that does not fit."""
    try:
        return tool.params.model_validate(dict(arguments))
    except ValidationError as error:
        found = [
            f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)[:5]
        ]
        fields = ", ".join(tool.params.model_fields) or "none"
        raise LabError(
            f"{tool.name} cannot be called so. {'; '.join(found)}.",
            hint=f"Its arguments: {fields}.",
        ) from None
