"""Stop reading where nobody waits for it any more: a worker thread cannot be cut from outside."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from threading import Event
from typing import TypeVar

from traaviis_lab.errors import EffectError

T = TypeVar("T")
_stop: ContextVar[Event | None] = ContextVar("traaviis_stop_reading", default=None)


def until(stop: Event, work: Callable[[], T]) -> T:
    """What `work` answers, if it is through before `stop` is set. Raises `EffectError` else."""
    token = _stop.set(stop)
    try:
        return work()
    finally:
        _stop.reset(token)


def check_stop() -> None:
    """Raise `EffectError` where what this thread does is not waited for any more."""
    stop = _stop.get()
    if stop is not None and stop.is_set():
        raise EffectError("Nobody waits for these texts to be read any more.")
