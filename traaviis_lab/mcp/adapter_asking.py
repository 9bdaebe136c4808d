"""Ask the person at a client: at once in the older protocol, by a second call in the newer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from traaviis_lab.lab.shown import shown_line

from .call import Question

Context = ServerRequestContext[Any, Any]
ANSWERS = ("once", "always", "deny", "never")
_KEY = "approval"
_OPEN = 256
_SHOWN = 2_000


class MustAsk(BaseException):
    """A call cannot go on before the client has asked its person, and calls again."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.text)
        self.question = question


@dataclass(frozen=True)
class _Open:
    grant: str
    call: str  # a digest of tool and arguments
    question: Question
    until: float


class Open:
    """The questions that were sent out with an answer awaited. Belongs to the server's loop.

    What the client is given is a name that says nothing and is good for one answer, to one call
    with the same token, tool and arguments, for a while.
    """

    def __init__(self, waits: float) -> None:
        self.waits = waits
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def put(self, grant: str, params: types.CallToolRequestParams, question: Question) -> str:
        """Remember a question; answers its name."""
        name = secrets.token_urlsafe(24)
        self._open[name] = _Open(grant, _digest(params), question, time.monotonic() + self.waits)
        while len(self._open) > _OPEN:
            self._open.popitem(last=False)
        return name

    def take(self, grant: str, params: types.CallToolRequestParams) -> tuple[Question, str] | None:
        """What was asked before this call and what was answered, None if nothing was.

        Raises `MCPError` for a name that is not open to this very call.
        """
        if params.request_state is None:
            return None
        found = self._open.get(params.request_state)
        fits = found is not None and found.grant == grant and found.call == _digest(params)
        if found is None or not fits or time.monotonic() > found.until:
            raise MCPError(
                code=types.INVALID_PARAMS,
                message="Invalid or expired requestState",
                data={"reason": "invalid_request_state"},
            )
        del self._open[params.request_state]
        answer = (params.input_responses or {}).get(_KEY)
        return found.question, said(answer if isinstance(answer, types.ElicitResult) else None)


def can_ask(context: Context) -> bool:
    """Whether the client said that it can show a person a form."""
    told = context.session.client_capabilities
    can = told.elicitation if told is not None else None
    # Before there were two ways to ask, an empty object meant a form.
    return can is not None and (can.form is not None or can.url is None)


async def ask_now(context: Context, question: Question, waits: float) -> str | None:
    """Ask in the midst of a call; None where that cannot be, "late" where nobody answers."""
    try:
        async with asyncio.timeout(waits):
            asked = form(question)
            answer = await context.session.elicit_form(
                asked.message, asked.requested_schema, related_request_id=context.request_id
            )
    except TimeoutError:
        return "late"
    except (MCPError, ValueError):  # it cannot after all, or answers what is no answer
        return None
    return said(answer)


def ask_later(question: Question, name: str) -> types.InputRequiredResult:
    """The answer to a call that must be made again, with what a person said."""
    request = types.ElicitRequest(params=form(question))
    return types.InputRequiredResult(input_requests={_KEY: request}, request_state=name)


def form(question: Question) -> types.ElicitRequestFormParams:
    """The form a person sees: what would be done, and four answers."""
    whole = json.dumps(question.arguments, ensure_ascii=False, default=str)
    shown = shown_line(whole, _SHOWN)
    if len(whole) > _SHOWN:
        shown = f"{shown} ({len(whole)} characters)"
    answer = {
        "type": "string",
        "title": "Allow it?",
        "description": "once: this call. always: this tool, as long as the server runs. deny: no. "
        "never: no, and for this tool nobody is asked again.",
        "enum": list(ANSWERS),
    }
    schema = {"type": "object", "properties": {"answer": answer}, "required": ["answer"]}
    return types.ElicitRequestFormParams(
        message=f"{shown_line(question.text, 500)}\nArguments: {shown}", requested_schema=schema
    )


def said(answer: types.ElicitResult | None) -> str:
    """What a person said; whatever is no clear yes is a no."""
    if answer is None or answer.action != "accept":
        return "deny"
    chosen = (answer.content or {}).get("answer")
    return chosen if isinstance(chosen, str) and chosen in ANSWERS else "deny"


def _digest(params: types.CallToolRequestParams) -> str:
    arguments: Mapping[str, Any] = params.arguments or {}
    text = json.dumps([params.name, arguments], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
