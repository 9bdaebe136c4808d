"""The model port: what is asked of a model, what it answers, and what every provider can do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from traaviis_lab.cost import Usage

Finish = Literal["stop", "length", "tool_calls", "content_filter"]
Message = Mapping[str, Any]
"""`{role, content}` as in the Chat Completions API: `role` is system, user, assistant or tool;
an assistant's may have `tool_calls: [{id, name, args}]`, a tool's has `tool_call_id`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one model.

    Args:
        model: the model as its provider calls it, without the provider's name.
        messages: the talk so far, the newest last.
        tools: what it may call: `{name, description, parameters}`, the last a JSON Schema.
        schema: the JSON Schema the answer has to fit; empty: any text.
        max_tokens: how many tokens it may answer with; 0: as many as it is used to.
        temperature: 0 to 2; None: as it is used to.
        stop: texts that end the answer.
        seed: for those that can be made to repeat themselves.
        timeout: seconds for the whole call.
        key: the idempotency key of the wish. No part of what is asked.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)
    max_tokens: int = 0
    temperature: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    timeout: float = 120.0
    key: str = ""

    def but(
        self,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        timeout: float | None = None,
        key: str | None = None,
    ) -> Request:
        """The same question with what is given here; `dataclasses.replace` takes thrice as long."""
        return Request(
            self.model if model is None else model,
            self.messages,
            self.tools,
            self.schema,
            self.max_tokens if max_tokens is None else max_tokens,
            self.temperature,
            self.stop,
            self.seed,
            self.timeout if timeout is None else timeout,
            self.key if key is None else key,
        )


class Count(NamedTuple):
    """How many tokens a model reads in a request.

    `most` is never exceeded; it equals `tokens` where these were counted by the model's own
    tokenizer (`exact`). `how` says in a few words how they were counted. `longest` is what the
    provider holds an answer to where a request does not say; None: nothing it knows of.
    """

    tokens: int
    most: int
    exact: bool
    how: str
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer that is still being written."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered.

    Args:
        text: what it said; empty where it only calls tools.
        tool_calls: `{id, name, args}` each; `args` is the object, or the text that is none.
        finish: why it ended.
        usage: the tokens as the provider tells them; None where it does not.
        cost_usd: US dollars as the provider tells them; None where it does not.
        model: the model as the provider names it in its answer.
        provenance: where it came from: `{"source": "live" | "local" | "scripted" | "recorded"}`
            and what else is known: `recorded_at`, `request_id`, `file_sha256`, ...
    """

    text: str
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish: Finish = "stop"
    usage: Usage | None = None
    cost_usd: float | None = None
    model: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Provider(Protocol):
    """Who answers requests. Its methods are called on the engine's loop and must not block it.

    One that has to open a model first may have `async def ready(self, model)`, which is awaited
    before anything else is asked of it. One whose models cost what is listed for `openai/...`
    whatever it is called here may say so: `listed_as = "openai"`; "" where it passes on to the
    provider that is named in the model.

    Cancelling `complete` or closing a `stream` ends the call; what it cost until then is lost.
    All raise `ModelFailed` where the model cannot be asked or answers what cannot be used.
    """

    @property
    def source(self) -> str:
        """`live`, `local`, `scripted` or `recorded`: what its answers' provenance says."""
        ...

    @property
    def streams(self) -> bool:
        """Whether answers are streamed where a request does not say."""
        ...

    def count(self, request: Request) -> Count:
        """How many tokens the model reads in this request."""
        ...

    async def complete(self, request: Request) -> Answer:
        """The whole answer."""
        ...

    def stream(self, request: Request) -> AsyncIterator[Chunk | Answer]:
        """The answer in pieces as they come; the last item is the whole `Answer`."""
        ...

    async def close(self) -> None:
        """Let go of connections, threads and memory. It may be asked again afterwards."""
        ...
