"""Perform `call`: run a Python function that was registered, and no other."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from traaviis_lab.effects import Call
from traaviis_lab.errors import NoHandler
from traaviis_lab.runtime.interpreter import Scope


async def call(effect: Call, scope: Scope) -> Any:
    """The function's answer. Plain functions run on a worker thread, so they may block.

    Raises `NoHandler` if no function of this name was registered, and whatever it raises.
    """
    function = scope.engine.functions.get(effect.function)
    if function is None:
        known = ", ".join(sorted(scope.engine.functions)) or "none"
        raise NoHandler(
            f"No function {effect.function!r} is registered here.",
            hint=f"lab.register({effect.function}) lets machines call it. Registered: {known}.",
        )
    if inspect.iscoroutinefunction(function):
        return await function(**effect.args)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(scope.engine.workers, lambda: function(**effect.args))
