"""Perform `call`: run a Python function that was registered, and no other."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from traaviis_lab.effects import Call
from traaviis_lab.errors import EffectError, NoHandler
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.runtime.interpreter import Scope
from traaviis_lab.runtime.troubles import message_of

from .functions import check_fit, manner_of, own


class CallScope:
    """What a registered function gets if it has a parameter named `scope`.

    `key` names this very wish, the same again when a crash made it be repeated; `run_id` is the
    run it is performed for.
    """

    __slots__ = ("_scope", "key", "run_id")

    def __init__(self, scope: Scope) -> None:
        self._scope, self.key, self.run_id = scope, scope.key, scope.run.id

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more: a long function looks now and then."""
        return self._scope.news.closed

    def progress(self, fraction: float | None, message: str = "") -> None:
        """Tell how far it is: from 0 to 1, None where that is not known. From any thread."""
        self._scope.news.tell(fraction, self._scope.clear(message))

    def secret(self, name: str) -> str:
        """A secret of the lab; it is struck out of what the function answers."""
        return self._scope.secrets.reveal(name)

    def __repr__(self) -> str:
        return f"<CallScope {self.key}>"


async def call(effect: Call, scope: Scope) -> Any:
    """The function's answer. Plain functions run on a worker thread, so they may block.

    Raises `NoHandler` if no function of this name was registered, `EffectError` if the arguments
    do not fit, and whatever it raises.
    """
    function = scope.engine.functions.get(effect.function)
    if function is None:
        word = effect.function
        spelled = word if word.isidentifier() else f"function, {word!r}"
        known = did_you_mean(word, sorted(scope.engine.functions), "Registered")
        raise NoHandler(
            f"No function {word!r} is registered here.",
            hint=f"lab.register({spelled}) lets machines call it. {known}",
        )
    if "scope" in effect.args:
        raise EffectError(
            f"call: the argument 'scope' of {effect.function!r} is the engine's to give.",
            hint="Rename the parameter.",
        )
    manner, args = manner_of(function), own(effect.args)
    check_fit(effect.function, manner, args)
    if manner.scoped:
        args["scope"] = CallScope(scope)
        _ = scope.news  # made here, on the loop, before threads ask for it
    if manner.awaits:
        scope.apart = not manner.scoped
        return await function(**args)
    answer = scope.engine.workers.submit(_outcome, function, args)
    try:
        result, error = await asyncio.wrap_future(answer)
    except asyncio.CancelledError:
        scope.engine.workers.give_up(answer)
        raise
    if error is not None:
        raise error
    return await result if inspect.isawaitable(result) else result


def _outcome(
    function: Callable[..., Any], args: dict[str, Any]
) -> tuple[Any, BaseException | None]:
    """What the function answers or raises, on its thread.

    Some errors mean something to a loop (the end of the process, of an iterator, of a task); a
    function's own are only errors.
    """
    try:
        return function(**args), None
    except Exception as error:
        if not isinstance(error, StopIteration):
            return None, error
        return None, _harmless(error)
    except BaseException as error:
        return None, _harmless(error)


def _harmless(error: BaseException) -> EffectError:
    said = f"{type(error).__name__}: {message_of(error)}".rstrip(": ")
    wrapped = EffectError(f"call: {said}")
    wrapped.__cause__ = error
    return wrapped
