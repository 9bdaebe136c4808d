"""The provider of models that run in this process: GGUF files, no key, no network."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

from traaviis_lab.errors import DefinitionError, ModelFailed

from . import weights
from .file_hash import sha256_of
from .llama_door import Llama, grammar_of
from .llama_thread import Call, LlamaThread, Told
from .llama_wire import body_of, plain, prompt_of
from .port import Answer, Chunk, Count, Request

CONTEXT = 8192
ANSWER = 512
PATIENCE = 10.0


class Local:
    """Answers with models in this process. Implements the port `Provider`.

    A request's `model` is the name of weights that `traaviis-lab models list` shows, or the path
    of a GGUF file; empty, or the name of the file given here: the model given here. A model is
    opened when it is first asked, on a thread of its own, and answers one call at a time.

    Args:
        model: the model where a request names none: a name, or the path of a GGUF file.
        context: the most tokens of prompt and answer together, if the model can hold so many;
            in steps of 256.
        threads: how many threads compute; 0: the cores this process may use, less one.
        answer: the most tokens of an answer where a request does not say.
        keep: how many models stay open; the one not asked for longest is closed for another.
        reuse: whether a prompt that begins like the last one starts from what was computed for
            that. Quicker, but then an answer may depend on what was asked before.
        gpu_layers: how many layers a graphics card takes, where the installed wheel knows one.
    """

    source: Literal["local"] = "local"
    streams = True

    def __init__(
        self,
        model: str | Path = weights.DEFAULT,
        *,
        context: int = CONTEXT,
        threads: int = 0,
        answer: int = ANSWER,
        keep: int = 2,
        reuse: bool = False,
        gpu_layers: int = 0,
    ) -> None:
        for name, number, least in (
            *(("context", context, 1), ("threads", threads, 0), ("answer", answer, 1)),
            *(("keep", keep, 1), ("gpu_layers", gpu_layers, 0)),
        ):
            if type(number) is not int or number < least:
                raise DefinitionError(
                    f"Local({name}={number!r}): that is no whole number from {least}.",
                    hint=f"Leave {name} out for what fits most.",
                )
        self._model = str(model)
        self._stem = Path(self._model).stem
        if self._model.endswith(".gguf") and not Path(self._model).expanduser().is_file():
            raise DefinitionError(
                f"There is no file {self._model}.",
                hint="Name a GGUF file, or weights that `traaviis-lab models list` shows.",
            )
        self.longest_answer = answer
        self._keep, self._reuse = keep, reuse
        self._opening = {
            "context": context,
            "threads": threads or max(1, _cores() - 1),
            "gpu_layers": gpu_layers,
        }
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, LlamaThread] = OrderedDict()
        self._leaving: list[LlamaThread] = []
        weakref.finalize(self, _close_all, self._open, self._leaving)

    def __repr__(self) -> str:
        return f"<Local: {self._model}; {len(self._open)} open>"

    def count(self, request: Request) -> Count:
        """How many tokens the model reads, counted by its own tokenizer and chat template.

        Opens the model where it is not open, and waits for that; `ready` does so without
        holding the loop up.
        """
        tokens = self._at(request.model).opened().count(prompt_of(request))
        how = "by the model's own tokenizer and chat template"
        return Count(tokens, tokens, True, how, self.longest_answer)

    async def ready(self, model: str = "") -> None:
        """Open the model, if it is not open, without holding the loop up."""
        await asyncio.to_thread(self._at(model).opened)

    async def complete(self, request: Request) -> Answer:
        """The whole answer."""
        answer: Answer | None = None
        async for piece in self.stream(request):
            if isinstance(piece, Answer):
                answer = piece
        assert answer is not None
        return answer

    async def stream(self, request: Request) -> AsyncIterator[Chunk | Answer]:
        """The answer in pieces as they come; the last item is the whole `Answer`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + request.timeout
        told: asyncio.Queue[Told] = asyncio.Queue()
        call = Call(
            request, partial(self._body, request), partial(_hand_over, loop, told.put_nowait)
        )
        self._at(request.model, call)
        try:
            while True:
                piece = await _within(told, until - loop.time(), request)
                if isinstance(piece, Exception):
                    raise piece
                yield piece
                if isinstance(piece, Answer):
                    return
        finally:
            call.ended.set()

    async def close(self) -> None:
        """Break off what is under way and close all models. Asked again, they are opened anew."""
        with self._lock:
            threads = [*self._open.values(), *self._leaving]
            self._open.clear()
            self._leaving.clear()
        for thread in threads:
            thread.end(now=True)
        for thread in threads:
            try:
                await asyncio.to_thread(thread.join)
            except RuntimeError:  # the interpreter ends: nobody else is there to wait
                thread.join()

    def _body(self, request: Request) -> dict[str, Any]:
        body = body_of(request, most=self.longest_answer, again=self._reuse)
        if request.schema:
            body["grammar"] = grammar_of(plain(request.schema))
        return body

    def _at(self, model: str, call: Call | None = None) -> LlamaThread:
        """The thread of this model, with the call in its queue."""
        file = self._file(model)
        with self._lock:
            thread = self._open.get(file)
            if thread is None or thread.failure is not None:
                self._make_room(file)
                opening = partial(_opened, file, self._opening)
                thread = self._open[file] = LlamaThread(file.stem, opening)
            self._open.move_to_end(file)
            if call is not None:
                thread.ask(call)
        return thread

    def _make_room(self, file: Path) -> None:
        """Have those leave that are too many with this one, and one of this file that failed."""
        self._leaving[:] = [one for one in self._leaving if not one.is_over]
        failed = self._open.pop(file, None)
        going = [] if failed is None else [failed]
        while len(self._open) >= self._keep:
            going.append(self._open.popitem(last=False)[1])
        for thread in going:
            thread.end(now=False)
        self._leaving += going

    def _file(self, model: str) -> Path:
        name = self._model if model in ("", self._stem) else model
        if name.endswith(".gguf") or "/" in name or os.sep in name:
            return Path(name).expanduser().absolute()
        try:
            return weights.file_of(name)
        except ModelFailed as error:
            if name == self._model:
                raise
            mine = f"The model opened here is called {self._stem!r}."
            raise ModelFailed(error.message, hint=f"{mine} {error.hint}") from None


def _opened(file: Path, opening: dict[str, int]) -> tuple[Llama, dict[str, Any]]:
    llama = Llama(file, **opening)
    return llama, {
        "source": "local",
        "file": file.name,
        "file_sha256": sha256_of(file),
        "engine": llama.engine,
    }


def _hand_over(loop: asyncio.AbstractEventLoop, put: Any, piece: Told) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(put, piece)


async def _within(told: asyncio.Queue[Told], seconds: float, request: Request) -> Told:
    try:
        return await asyncio.wait_for(told.get(), max(seconds, 0.0))
    except TimeoutError:
        raise ModelFailed(
            f"The model {request.model!r} did not answer within {request.timeout:g} s.",
            hint="Give it a longer timeout, a shorter prompt or fewer max_tokens.",
        ) from None


def _close_all(opened: Mapping[Path, LlamaThread], leaving: Sequence[LlamaThread]) -> None:
    """Close what nobody holds any more, also when the interpreter ends."""
    threads = [*opened.values(), *leaving]
    for thread in threads:
        thread.end(now=True)
    for thread in threads:
        thread.join(PATIENCE)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
