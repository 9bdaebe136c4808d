"""Something to await that was begun already, to see whether it waits for anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any

from traaviis_lab.errors import LabError
from traaviis_lab.journal.encode import encode

from .bodies import SMALL


class Begun:
    """What something has come to by the first time it waits, or by its end.

    `over` says whether that is its end; `answered`, whether it raised nothing besides, and then
    `result` is its answer and `text` that as JSON, where it is some and small. Awaited, it goes
    on from there.
    """

    __slots__ = ("_error", "_waits", "_work", "answered", "over", "result", "text")

    def __init__(self, make: Callable[..., Awaitable[Any]], args: Mapping[str, Any]) -> None:
        self.over = self.answered = True
        self.text: bytes | None = None
        try:
            steps: Any = make(**args).__await__()
            self._waits = steps.send(None)
        except StopIteration as over:
            self.result = over.value
            self.text = _text(over.value)
        except BaseException as error:
            self._error, self.answered = error, False
        else:
            self._work, self.over, self.answered = steps, False, False

    def __await__(self) -> Generator[Any, Any, Any]:
        """What it answers."""
        if self.answered:
            return self.result
        if self.over:
            raise self._error
        work, waits = self._work, self._waits
        while True:
            try:
                go_on, value = work.send, (yield waits)
            except BaseException as error:
                go_on, value = work.throw, error
            try:
                waits = go_on(value)
            except StopIteration as over:
                return over.value


def _text(result: Any) -> bytes | None:
    try:
        text = encode(result)
    except LabError:
        return None
    return text if len(text) < SMALL else None
