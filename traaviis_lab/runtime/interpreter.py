"""Perform effects that touch the world. Leaves are looked up by type; nothing is decided here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import EffectError, NoHandler
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine.effect import Effect

from .keys import key_of
from .progress import Progress
from .secrets import Revealed
from .told import told
from .troubles import as_failure, message_of

if TYPE_CHECKING:
    from .engine import Engine
    from .run import Run


class Scope:
    """Where an effect is performed: for whom, and what there is to perform it with.

    `key` names this very wish (run, step, place): the same again when it is tried once more or a
    crash made it be repeated, so that a handler can hand it on as an idempotency key.
    """

    __slots__ = ("_progress", "_secrets", "apart", "effect", "engine", "occurrence", "path", "run")

    def __init__(self, engine: Engine, run: Run, path: str, occurrence: int = 1) -> None:
        self.engine, self.run, self.path, self.occurrence = engine, run, path, occurrence
        self.effect: Effect | None = None  # the one that is performed
        self.apart = False  # whether what performs it sees nothing of the run
        self._progress: Progress | None = None
        self._secrets: Revealed | None = None

    @property
    def key(self) -> str:
        """The idempotency key of this wish."""
        return key_of(self.run, self.path)

    @property
    def secrets(self) -> Revealed:
        """The lab's secrets; what comes back from this effect is cleared of those it used."""
        if self._secrets is None:
            self._secrets = Revealed(self.engine.secrets)
        return self._secrets

    @property
    def uses_secrets(self) -> bool:
        """Whether a secret was revealed to this effect."""
        return bool(self._secrets)

    @property
    def news(self) -> Progress:
        """Where news of this effect goes, from any thread."""
        if self._progress is None:
            self._progress = Progress(self.run, self.path)
        return self._progress

    async def progress(self, fraction: float | None, message: str = "") -> None:
        """Tell how far it is: a fraction from 0 to 1, None where that is not known.

        Raises `EffectError` for a fraction that is none.
        """
        self.news.tell(fraction, self.clear(message))

    def tell(self, kind: str, name: str, body: Mapping[str, Any], **columns: Any) -> bool:
        """Write a fact about this effect beside the run's own; see `Run.tell`.

        Secrets that were used are struck out of the body.
        """
        return self.run.tell(self.path, kind, name, self.clear(dict(body)), **columns)

    async def tell_safely(
        self, kind: str, name: str, body: Mapping[str, Any], **columns: Any
    ) -> bool:
        """As `tell`, and back when the fact is as durable as what effects are started after."""
        kept: asyncio.Future[None] = self.engine.loop.create_future()
        woken = self.engine.acks.waking(kept)
        safest = self.engine.safest
        if not self.tell(kind, name, body, acknowledge=woken, durability=safest, **columns):
            return False
        await kept
        return True

    def clear(self, value: Any) -> Any:
        """A JSON value without the secrets this effect used."""
        return value if self._secrets is None else self._secrets.struck(value)

    def close(self) -> None:
        """The effect has ended: write its last news."""
        if self._progress is not None:
            self._progress.close()


MOST_BYTES = 2**26
Handler = Callable[[Any, Scope], Awaitable[Any]]


class Interpreter:
    """Turns effects into results. Hand it the handlers it should use."""

    def __init__(self, handlers: Mapping[type[Effect], Handler]) -> None:
        self._handlers = dict(handlers)

    def handle(self, kind: type[Effect], handler: Handler) -> None:
        """Perform effects of this kind by this handler from now on."""
        self._handlers[kind] = handler

    def handles(self, kind: type[Effect]) -> bool:
        """Whether effects of this kind are performed here."""
        return kind in self._handlers

    async def perform(
        self, effect: Effect, scope: Scope, begun: Awaitable[Any] | None = None
    ) -> Any:
        """Do what `effect` asks and return its result. Raises `NoHandler` too.

        Where that was begun already, `begun` is what is left of it.

        Secrets that were used are struck out of what comes back. What would end the process or
        this task (`SystemExit`, a cancellation nobody asked for) is an `EffectError`.
        """
        handler = self._handlers.get(type(effect)) or self._nobody(effect)
        scope.effect = effect
        try:
            result = await (begun or handler(effect, scope))
            if not scope.uses_secrets:
                return result
            check_result(effect.kind, result)
            return scope.clear(result)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise EffectError(f"{effect.kind}: it cancelled itself.") from error
        except GeneratorExit:
            raise
        except Exception as error:
            if not scope.uses_secrets:
                raise
            raise told(scope.clear(as_failure(effect.kind, error).to_json())) from None
        except BaseException as error:
            said = f"{type(error).__name__}: {message_of(error)}".rstrip(": ")
            raise EffectError(scope.clear(f"{effect.kind}: {said}")) from error
        finally:
            scope.close()

    def _nobody(self, effect: Effect) -> Handler:
        known = ", ".join(sorted(kind.kind for kind in self._handlers))
        raise NoHandler(
            f"Nobody here can perform {effect.kind!r}.",
            hint=f"lab.handler({effect.kind!r}, function) performs it. Performed here: {known}.",
        )


def check_result(kind: str, result: Any) -> bytes:
    """The result as JSON.

    Raises `JournalError` for one that cannot be, `EffectError` for one too large.
    """
    text = encode(result, where=f"result of {kind}")
    if len(text) > MOST_BYTES:
        raise EffectError(
            f"{kind}: the result has {len(text):,} bytes of JSON; at most {MOST_BYTES:,} are kept.",
            hint="Keep it in a file or a database, and answer where it is.",
        )
    return text
