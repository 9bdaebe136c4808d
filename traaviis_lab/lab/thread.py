"""The engine's own thread and loop, so that a cell never meets an event-loop error.

A notebook's thread may run a loop of its own, call `asyncio.run`, be interrupted or be one of
many: the engine does not care, it lives elsewhere and is asked to do things.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from traaviis_lab.errors import LabError

T = TypeVar("T")


class LoopThread:
    """A daemon thread that runs one asyncio loop until it is stopped."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def post(self, work: Callable[[], Any]) -> None:
        """Have `work` done on the loop, some time soon. Raises `LabError` if that cannot be."""
        self._check()
        self.loop.call_soon_threadsafe(work)

    def ask(self, work: Callable[[], T]) -> T:
        """Have `work` done on the loop and answer what it answers, or raise what it raises."""
        self.check_caller()
        answer: Future[T] = Future()
        self.post(lambda: _settle(answer, work))
        return answer.result()

    def wait_for(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine on the loop and answer its result."""
        try:
            self.check_caller()
            self._check()
        except LabError:
            coroutine.close()
            raise
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def stop(self) -> None:
        """End the loop and the thread. Stopping twice does nothing."""
        if self._pid != os.getpid() or self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self.loop.close()

    def is_here(self) -> bool:
        """Whether the caller runs on this thread."""
        return threading.current_thread() is self._thread

    def is_foreign(self) -> bool:
        """Whether this is a fork of the process that made it."""
        return self._pid != os.getpid()

    def check_caller(self) -> None:
        """Raise `LabError` on the loop's own thread, which cannot wait for itself."""
        if self.is_here():
            raise LabError(
                "This was called on the engine's own loop, which cannot wait for itself.",
                hint="In an async function of a `call` effect, return a value or use send_event; "
                "or register a plain `def`, which runs on a worker thread.",
            )

    def _check(self) -> None:
        if self._pid != os.getpid():
            raise LabError(
                f"This lab was opened in process {self._pid}, and this is a fork of it.",
                hint="Open a Lab of its own in the child process.",
            )
        if self.loop.is_closed():
            raise LabError("This lab is closed.", hint="Open it again: Lab(path).")


def _settle(answer: Future[T], work: Callable[[], T]) -> None:
    try:
        value = work()
    except BaseException as error:
        answer.set_exception(error)
    else:
        answer.set_result(value)
