"""The JSON-RPC messages in an HTTP answer, whether it is one object or a stream of events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from traaviis_lab.errors import LabError

from .events import EventReader
from .messages import Message, is_token, read
from .wire import Answer

JSON, EVENTS = "application/json", "text/event-stream"


@dataclass
class Mark:
    """How far a stream was read, and how long its server wants us to wait before going on."""

    last: str = ""
    wait: float = 1.0


async def messages_in(answer: Answer, mark: Mark | None = None) -> AsyncGenerator[Message, None]:
    """Each message as it comes; raises LabError where what comes is none."""
    if answer.kind == JSON:
        yield _message(await answer.body())
    elif answer.kind == EVENTS:
        reader = EventReader()
        async for piece in answer.pieces():
            for event in reader.feed(piece):
                if mark is not None and event.id is not None and is_token(event.id):
                    mark.last = event.id
                if mark is not None and event.retry is not None:
                    mark.wait = min(event.retry / 1000, 30.0)
                if event.name == "message" and event.data.strip():
                    yield _message(event.data.encode())
    else:
        raise LabError(
            f"The server answers with HTTP {answer.status} and {answer.kind or 'nothing'!r}."
        )


def _message(text: bytes) -> Message:
    try:
        return read(text)
    except ValueError as error:
        raise LabError(f"The server's answer is no message: {error}.") from None
