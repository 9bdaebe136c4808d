"""A stub of an OpenAI-compatible server on this machine: it answers as planned, well or badly.

python -m tests.servers.models   # serves until its standard input ends, and prints its URL first
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reply:
    """One answer. `text` may be a function of the request's body; `raw` is sent as it is.

    `usage` True counts words, None leaves it out, anything else is sent. `cut` ends the line
    after so many bytes of the body; `hang` never answers. `pieces` is the text in parts, for
    streams.
    """

    text: Any = "Hello there, how can I help?"
    tool_calls: tuple[dict, ...] = ()
    finish: Any = ""
    usage: Any = True
    model: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    kind: str = ""
    delay: float = 0
    hang: bool = False
    cut: int | None = None
    refusal: str = ""
    message: dict = field(default_factory=dict)
    pieces: tuple[str, ...] = ()


def failure(status: int, said: str, **headers: str) -> Reply:
    """A failure as these servers tell it."""
    body = {"error": {"message": said, "type": "error", "param": None, "code": str(status)}}
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, raw=json.dumps(body).encode(), headers=lines)


class ModelServer:
    """`with ModelServer() as server: ...` serves on `server.url` (`.../v1`) until the block ends.

    `replies` are given in order and `usual` after them; `requests` keeps what came in
    (`{path, headers, body}`); `left` counts those who hung up before they were answered.
    """

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.usual = Reply()
        self.requests: list[dict] = []
        self.left = 0
        self.connections = 0
        self.keep = True
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task] = set()

    def __enter__(self) -> ModelServer:
        self._thread.start()
        self.url = self._wait(self.open())
        return self

    def __exit__(self, *exc: object) -> None:
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def last(self) -> dict:
        """The body of the newest request."""
        return self.requests[-1]["body"]

    def plan(self, *replies: Reply) -> None:
        """Answer the next requests so."""
        self.replies.extend(replies)

    async def open(self) -> str:
        """Listen, and say where."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _end(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort() if task.cancelling() else writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        text = await reader.readexactly(int(headers.get("content-length", 0)))
        body = json.loads(text) if text else None
        if self.keep:
            path = first.split(" ")[1]
            self.requests.append({"path": path, "headers": headers, "body": body})
        reply = self.replies.pop(0) if self.replies else self.usual
        if reply.hang or reply.delay:
            await self._wait_or_leave(reader, 3600 if reply.hang else reply.delay)
        sent = _sent(reply, body or {})
        writer.write(sent if reply.cut is None else _cut(sent, reply.cut))
        await writer.drain()
        return reply.cut is None

    async def _wait_or_leave(self, reader: asyncio.StreamReader, seconds: float) -> None:
        """Dawdle, but notice who hangs up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await reader.read(1)
                self.left += 1
                raise ConnectionError


def _cut(sent: bytes, size: int) -> bytes:
    head, blank, body = sent.partition(b"\r\n\r\n")
    return head + blank + body[:size]


def _sent(reply: Reply, body: dict) -> bytes:
    """The bytes of an answer."""
    streamed = bool(body.get("stream")) and reply.raw is None
    kind = reply.kind or ("text/event-stream" if streamed else "application/json")
    content = reply.raw
    if content is None:
        content = _events(reply, body) if streamed else json.dumps(_whole(reply, body)).encode()
    lines = {"Content-Type": kind, "X-Request-Id": "req-7", **reply.headers}
    if streamed:
        lines["Transfer-Encoding"] = "chunked"
    else:
        lines["Content-Length"] = str(len(content))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {reply.status} Told\r\n{head}\r\n".encode() + content


def _text(reply: Reply, body: dict) -> Any:
    return reply.text(body) if callable(reply.text) else reply.text


def _usage(reply: Reply, body: dict) -> Any:
    if reply.usage is not True:
        return reply.usage
    asked = sum(len(str(one.get("content") or "").split()) for one in body.get("messages", ()))
    said = len(str(_text(reply, body) or "").split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _base(reply: Reply, body: dict, kind: str) -> dict:
    model = reply.model or f"{body.get('model', '')}-2026"
    return {"id": "chatcmpl-7", "object": kind, "created": 1_790_000_000, "model": model}


def _calls(reply: Reply) -> list[dict]:
    return [
        {
            "id": one["id"],
            "type": "function",
            "function": {k: one[k] for k in ("name", "arguments")},
        }
        for one in reply.tool_calls
    ]


def _finish(reply: Reply) -> Any:
    if reply.finish != "":
        return reply.finish
    return "tool_calls" if reply.tool_calls else "stop"


def _whole(reply: Reply, body: dict) -> dict:
    message: dict[str, Any] = {"role": "assistant", "content": _text(reply, body)}
    if reply.tool_calls:
        message["tool_calls"] = _calls(reply)
    if reply.refusal:
        message["refusal"] = reply.refusal
    message |= reply.message
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}
    usage = _usage(reply, body)
    told = {"usage": usage} if usage is not None else {}
    return {**_base(reply, body, "chat.completion"), "choices": [choice], **told}


def _events(reply: Reply, body: dict) -> bytes:
    """The same as server-sent events, each in a chunk of its own."""
    base = _base(reply, body, "chat.completion.chunk")
    text = _text(reply, body)
    words = reply.pieces or _pieces(text)
    deltas: list[dict] = [{"role": "assistant", "content": ""}, *({"content": w} for w in words)]
    for n, call in enumerate(_calls(reply)):
        said = call["function"]["arguments"]
        opened = {**call, "index": n, "function": {**call["function"], "arguments": ""}}
        deltas.append({"tool_calls": [opened]})
        for part in (said[: len(said) // 2], said[len(said) // 2 :]):
            deltas.append({"tool_calls": [{"index": n, "function": {"arguments": part}}]})
    told = [{**base, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    last = {"index": 0, "delta": {}, "finish_reason": _finish(reply)}
    told.append({**base, "choices": [last]})
    usage = _usage(reply, body)
    if usage is not None and (body.get("stream_options") or {}).get("include_usage"):
        told.append({**base, "choices": [], "usage": usage})
    lines = [f"data: {json.dumps(one)}\n\n".encode() for one in told] + [b"data: [DONE]\n\n"]
    return b"".join(b"%x\r\n%s\r\n" % (len(line), line) for line in lines) + b"0\r\n\r\n"


def _pieces(text: Any) -> list[str]:
    if not isinstance(text, str):
        return [text]
    words = text.split(" ")
    return [word if n == 0 else f" {word}" for n, word in enumerate(words)]


async def _serve_alone() -> None:
    server = ModelServer()
    server.keep = False
    print(await server.open(), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve_alone())
