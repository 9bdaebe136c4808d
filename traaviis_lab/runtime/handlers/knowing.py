"""Ask a lab's knowledge from a handler: on a worker thread, since looking takes a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from traaviis_lab.knowledge.stopping import until

if TYPE_CHECKING:
    from traaviis_lab.knowledge.knowledge import Knowledge
    from traaviis_lab.runtime.interpreter import Scope

P = ParamSpec("P")
T = TypeVar("T")


async def on_worker(scope: Scope, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What `work` answers, done on one of the engine's worker threads; cancelled, it stops."""
    loop, stop = asyncio.get_running_loop(), Event()
    made: Any = partial(until, stop, partial(work, *args, **options))
    try:
        answer: T = await loop.run_in_executor(scope.engine.workers, made)
    except asyncio.CancelledError:
        stop.set()
        raise
    return answer


async def knowledge_of(scope: Scope, name: str) -> Knowledge:
    """The knowledge of a name; what comes from it is cleared of the lab's secrets.

    Raises `EffectError` where there is none, or none that the run's tenant may look into.
    """
    scope.secrets.mistrust()
    return await on_worker(scope, scope.engine.knowledge.find, name, scope.run.tenant)
