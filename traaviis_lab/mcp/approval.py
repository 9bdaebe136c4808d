"""Ask a person before a call: through the client where it can, else in the notebook."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import PermissionDenied

from .call import Question
from .reply import cleared

if TYPE_CHECKING:
    from .call import Call
    from .catalogue import Tool

WAITS = 300.0
"""Seconds a question stands; then the answer is no."""
MOST = 5
"""Questions of one token that may stand in the notebook at once; nobody reads a hundred."""


class Approver:
    """Asks, and remembers what a person said "always" or "never" to: this tool for this token."""

    def __init__(self, waits: float = WAITS, asks: str = "client") -> None:
        self.waits, self._asks = waits, asks
        self._said: dict[tuple[str, str], str] = {}
        self._standing: Counter[str] = Counter()

    async def approve(self, call: Call, tool: Tool, arguments: Mapping[str, Any], why: str) -> None:
        """Answer when a person allowed the call. Raises `PermissionDenied` if none did."""
        key = (call.grant.id, tool.name)
        if (before := self._said.get(key)) == "always":
            return
        if before == "never":
            raise PermissionDenied(
                f"{tool.name} was not asked about: a person has said never to this token.",
                hint="Do without it; a person may give another token (server.add_token).",
            )
        shown = cleared(call.lab, dict(arguments))
        run = call.named(str(shown.get("fsm_id", "")))
        call.about = run or call.about
        about = f" on {run!r}" if run else ""
        reason = f": {why}" if why else ""
        text = f"An agent ({_bare(call.client.name)}) wants to call {tool.name}{about}{reason}."
        question = Question(text, tool.name, shown)
        # What a client answers is its own word; who does not trust it asks in the notebook.
        said = await call.elicit(question) if self._asks == "client" else None
        if said is None:
            said = await self._in_notebook(call, question)
        if said in ("always", "never"):
            self._said[key] = said
        if said not in ("once", "always"):
            raise PermissionDenied(
                f"{tool.name} was not allowed: a person has to say yes, and {_no(said)}.",
                hint="Ask for something smaller, or ask the person to answer in the notebook.",
            )

    async def _in_notebook(self, call: Call, question: Question) -> str:
        mine = call.grant.id
        if self._standing[mine] >= MOST:
            raise PermissionDenied(
                f"{question.tool} was not asked about: {MOST} questions of yours are open already.",
                hint="Wait until a person has answered them.",
            )
        self._standing[mine] += 1
        try:
            return await self._answer_of(call, question)
        finally:
            self._standing[mine] -= 1

    async def _answer_of(self, call: Call, question: Question) -> str:
        asked = call.lab.approvals.ask(
            question.text,
            tenant=call.tenant,
            who=call.client.name,
            tool=question.tool,
            arguments=question.arguments,
            run=call.named(str(question.arguments.get("fsm_id", ""))),
        )
        try:
            async with asyncio.timeout(self.waits):
                return await asyncio.wrap_future(asked.answered)
        except TimeoutError:
            return "late"
        finally:
            call.lab.approvals.withdraw(asked.id)


def _bare(name: str) -> str:
    """What a client calls itself, such that it cannot end where its name stands, and go on."""
    return name.replace("(", "[").replace(")", "]")


def _no(said: str) -> str:
    return "nobody answered in time" if said == "late" else "the answer was no"
