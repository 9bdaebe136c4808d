"""A thread for an open model: it opens it, answers one call after the other, and closes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from traaviis_lab.errors import LabError, ModelFailed

from .llama_door import Llama, refused
from .llama_wire import Heard
from .port import Answer, Chunk, Request

Told = Chunk | Answer | Exception


@dataclass(slots=True, eq=False)
class Call:
    """One request that waits for its turn or is being answered.

    `tell` is called in the model's thread with each piece; the last is an answer or an error.
    Who sets `ended` wants no more: a waiting call is skipped, a running one breaks off.
    """

    request: Request
    body: Callable[[], dict[str, Any]]
    tell: Callable[[Told], None]
    ended: threading.Event = field(default_factory=threading.Event)


class LlamaThread:
    """A model in its thread. All methods may be called from any other thread.

    Args:
        name: what the model is called, for the thread's name.
        open_model: opens it, and says where its answers come from.
    """

    def __init__(self, name: str, open_model: Callable[[], tuple[Llama, dict[str, Any]]]) -> None:
        self._open = open_model
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._tried = threading.Event()
        self._breaks_off = threading.Event()
        self._llama: Llama | None = None
        self._provenance: dict[str, Any] = {}
        self.failure: LabError | None = None
        self._thread = threading.Thread(target=self._run, name=f"model {name}", daemon=True)
        self._thread.start()

    def opened(self) -> Llama:
        """The model, when it is open; waits until then. Raises why it could not be opened."""
        self._tried.wait()
        if self.failure is not None:
            raise self.failure
        llama = self._llama
        if llama is None:
            raise _closed()
        return llama

    def ask(self, call: Call) -> None:
        """Put the call at the end of the queue."""
        self._calls.put(call)

    def end(self, *, now: bool) -> None:
        """Close the model when those that wait are answered; `now`: break them off."""
        if now:
            self._breaks_off.set()
        self._calls.put(None)

    def join(self, seconds: float | None = None) -> None:
        """Wait until the model is closed; its own thread, which may collect garbage, does not."""
        if threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    @property
    def is_over(self) -> bool:
        """Whether the model is closed."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._llama, self._provenance = self._open()
        except LabError as error:
            self.failure = error
        except Exception as error:
            self.failure = ModelFailed(
                f"The model could not be opened: {error}", hint="Is the file whole and readable?"
            )
        self._tried.set()
        while (call := self._calls.get()) is not None:
            if not call.ended.is_set():
                call.tell(self._answered(call))
        llama, self._llama = self._llama, None
        if llama is not None:
            llama.close()

    def _answered(self, call: Call) -> Answer | Exception:
        """The answer to a call, or why there is none; pieces are told as they come."""
        if self.failure is not None:
            return self.failure
        if self._breaks_off.is_set():
            return _closed()
        assert self._llama is not None
        heard = Heard(call.request)

        def on_piece(piece: dict[str, Any]) -> bool:
            if text := heard.take(piece):
                call.tell(Chunk(text))
            return call.ended.is_set() or self._breaks_off.is_set()

        try:
            self._may(self._llama, call.request)
            self._llama.chat(call.body(), on_piece)
            if self._breaks_off.is_set():
                return _closed()
            if heard.trouble is not None:
                return refused(heard.trouble)
            return heard.answer(self._provenance)
        except Exception as error:
            return error

    @staticmethod
    def _may(llama: Llama, request: Request) -> None:
        if request.tools and not llama.takes_tools:
            raise ModelFailed(
                f"The model {request.model!r} has no way to be told of tools: its chat template "
                "leaves them out.",
                hint="Ask for an answer in a JSON schema, or take a model that knows tools.",
            )


def _closed() -> ModelFailed:
    return ModelFailed("The model was closed.", hint="Ask again; that opens it anew.")
