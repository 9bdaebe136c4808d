"""Perform effects that touch the world. Leaves are looked up by type; nothing is decided here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import NoHandler
from traaviis_lab.machine.effect import Effect

if TYPE_CHECKING:
    from .engine import Engine
    from .run import Run


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an effect is performed: for whom, and what there is to perform it with.

    `key` names this very wish (run, step, place): the same again when a crash made it be
    repeated, so that a handler can hand it on as an idempotency key.
    """

    engine: Engine
    run: Run
    path: str
    occurrence: int

    @property
    def key(self) -> str:
        """The idempotency key of this wish."""
        return f"{self.run.id}:{self.path}"


Handler = Callable[[Any, Scope], Awaitable[Any]]


class Interpreter:
    """Turns effects into results. Hand it the handlers it should use."""

    def __init__(self, handlers: Mapping[type[Effect], Handler]) -> None:
        self._handlers = dict(handlers)

    async def perform(self, effect: Effect, scope: Scope) -> Any:
        """Do what `effect` asks and return its result. Raises `NoHandler` too."""
        handler = self._handlers.get(type(effect))
        if handler is None:
            raise NoHandler(
                f"Nobody here can perform {effect.kind!r}.",
                hint=f"Effects performed here: {', '.join(k.kind for k in self._handlers)}.",
            )
        return await handler(effect, scope)
