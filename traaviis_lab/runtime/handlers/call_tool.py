"""Perform `call_tool`: one call of a tool, checked and permitted first, written down after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from math import inf
from typing import Any

from traaviis_lab.effects import Call, CallTool
from traaviis_lab.effects.secret_places import put_in
from traaviis_lab.errors import DefinitionError, EffectError, EffectTimeout, ToolFailed
from traaviis_lab.machine.problems import show
from traaviis_lab.runtime.asking.node import node_of
from traaviis_lab.runtime.asking.schema_door import checker
from traaviis_lab.runtime.asking.toolbox import describe
from traaviis_lab.runtime.interpreter import Scope
from traaviis_lab.runtime.troubles import error_json
from traaviis_lab.tools import Http, Standing
from traaviis_lab.tools.answer import read_answer
from traaviis_lab.tools.foreign import one_line

from .call import call


async def call_tool(effect: CallTool, scope: Scope) -> Any:
    """The tool's answer as plain JSON.

    Raises `NoHandler` for a tool nobody knows, `PermissionDenied` where it may not be called,
    `ToolFailed` where the tool says so or cannot be asked, `EffectTimeout`.
    """
    if not isinstance(effect.arguments, Mapping):
        raise EffectError(
            f"call_tool: the arguments of {effect.tool!r} are {show(effect.arguments)}.",
            hint="Arguments are given by name: a mapping.",
        )
    functions = scope.engine.functions
    if effect.tool in functions:
        return await _of_here(effect, scope)
    scope.secrets.mistrust()  # a server was handed secrets too, and may say them
    tool = await scope.engine.tools.find(effect.tool, sorted(functions))
    scope.engine.tools.check_denied(tool)
    arguments = _filled(effect, scope, tool)
    await _check(effect.tool, dict(tool.definition.schema), arguments)
    run = scope.run
    tool = await scope.engine.tools.permit(
        tool,
        who=f"Run {run.id!r} of {run.chart.name}",
        arguments=scope.engine.secrets.cleared(dict(effect.arguments)),
        tenant=run.tenant,
        run=run.id,
    )
    record = _Record(scope, tool)
    with record:
        told = await scope.engine.tools.call(tool, arguments, float(effect.timeout), record.heard)
        found = read_answer(tool.name, told, tool.definition.output, tool.server.settings.max_bytes)
        record.size = found.size
        return found.value


async def _of_here(effect: CallTool, scope: Scope) -> Any:
    """A registered function, called as a tool: its arguments are checked by its signature."""
    function = scope.engine.functions[effect.tool]
    arguments = _put(effect, scope, "")
    await _check(effect.tool, describe(effect.tool, function)["parameters"], arguments)
    with _Record(scope, None, effect.tool):
        work = call(Call(effect.tool, arguments), scope)
        if not effect.timeout:
            return await work
        try:
            async with asyncio.timeout(float(effect.timeout)):
                return await work
        except TimeoutError:
            raise EffectTimeout(
                f"{effect.tool} took longer than {float(effect.timeout):g} seconds.",
                hint="Give it more with timeout=...; a function on a thread goes on by itself.",
            ) from None


def _filled(effect: CallTool, scope: Scope, tool: Standing) -> dict[str, Any]:
    wire = tool.server.settings.wire
    return _put(effect, scope, wire.host if isinstance(wire, Http) else "")


def _put(effect: CallTool, scope: Scope, host: str) -> dict[str, Any]:
    """The arguments with their secrets; what data brought in asks for none."""
    places = None if effect.reveals is None else set(effect.reveals)

    def reveal(name: str) -> str:
        return scope.secrets.reveal(name, host)

    made: dict[str, Any] = put_in(effect.with_secrets(), reveal, places)["arguments"]
    return made


async def _check(name: str, schema: dict[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raise `EffectError` where the arguments do not fit what the tool takes."""
    try:
        check = await checker(schema)
        problems = await asyncio.to_thread(check, dict(arguments))
    except DefinitionError as error:
        raise ToolFailed(
            f"{name}: what it says of its arguments cannot be checked: "
            f"{one_line(error.message, 300)}",
            hint="It was not called.",
        ) from None
    if problems:
        said = "; ".join(
            one_line(one.replace("the answer:", "arguments:"), 200) for one in problems
        )
        raise EffectError(
            f"call_tool: the arguments of {name} do not fit: {said}",
            hint=f"lab.tools[{name!r}].schema says what it takes.",
        )


class _Record:
    """One call as the fact `tool.called`, however it ends."""

    def __init__(self, scope: Scope, tool: Standing | None, name: str = "") -> None:
        self._scope, self._tool = scope, tool
        self._name = tool.name if tool is not None else name
        pending = scope.run.pending.get(scope.path)
        self._first = pending.seq if pending is not None else 0
        self._node = node_of(scope.run, scope.path, pending)
        self._began = time.monotonic()
        self.size: int | None = None

    def heard(self, done: float, total: float | None, message: str | None) -> None:
        """News of the call, from any thread."""
        counts = total is not None and 0 < total < inf and 0 <= done < inf  # NaN is neither
        share = min(1.0, done / total) if counts and total else None
        self._scope.news.tell(share, self._scope.clear(one_line(message or "", 300)))

    def __enter__(self) -> _Record:
        if self._tool is not None:
            _ = self._scope.news  # made here, on the loop, before threads ask for it
        return self

    def __exit__(self, kind: Any, error: BaseException | None, where: Any) -> None:
        tool, outcome = self._tool, "ok"
        body: dict[str, Any] = {"path": self._scope.path, "node": self._node}
        body["server"] = tool.server.name if tool is not None else ""
        if tool is not None:
            body["fingerprint"] = tool.definition.fingerprint
            body["source"] = "live"
        if error is not None:
            cancelled = isinstance(error, asyncio.CancelledError)
            outcome = "cancelled" if cancelled else type(error).__name__
            body["error"] = _CANCELLED if cancelled else error_json(error)
        body["outcome"] = outcome
        if self.size is not None:
            body["bytes"] = self.size
        usd = tool.server.settings.usd if tool is not None else None
        if usd is not None:
            body["cost"] = {"usd": usd, "how": "told"}
        self._scope.tell(
            "tool.called",
            self._name,
            body,
            late=self._first,
            cost_usd=usd,
            duration_us=round((time.monotonic() - self._began) * 1e6),
        )


_CANCELLED = {"kind": "Cancelled", "message": "Nobody waits for the answer any more.", "hint": ""}
