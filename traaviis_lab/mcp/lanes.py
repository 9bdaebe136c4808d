"""The threads that calls are performed on: so many for each tenant, who so holds up nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import TypeVar

WORKERS = 16
"""Threads of one tenant, begun when they are needed."""
T = TypeVar("T")
LANE: ContextVar[ThreadPoolExecutor | None] = ContextVar("lane", default=None)
"""The lane of the call that this task performs; None where there is no call."""


class Lanes:
    """The threads of one server's calls, by tenant."""

    def __init__(self) -> None:
        self._of: dict[str, ThreadPoolExecutor] = {}
        self._lock, self._closed = threading.Lock(), False

    def of(self, tenant: str) -> ThreadPoolExecutor:
        """The threads of a tenant."""
        with self._lock:
            lane = self._of.get(tenant)
            if lane is None:
                lane = ThreadPoolExecutor(WORKERS, thread_name_prefix="traaviis-mcp-call")
                self._of[tenant] = lane
                if self._closed:
                    lane.shutdown(wait=False)
            return lane

    def close(self) -> None:
        """Take no more work; what is under way ends by itself."""
        with self._lock:
            self._closed = True
            for lane in self._of.values():
                lane.shutdown(wait=False, cancel_futures=True)


async def aside(work: Callable[..., T], *args: object) -> T:
    """What `work` answers, done on a thread of the call's tenant, where it may block."""
    return await asyncio.get_running_loop().run_in_executor(LANE.get(), work, *args)
