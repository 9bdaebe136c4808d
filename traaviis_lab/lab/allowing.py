"""What effects may use in a lab: functions, handlers, hosts, secrets. Nothing, until it is said."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import VOCABULARY, Effect
from traaviis_lab.errors import DefinitionError
from traaviis_lab.runtime.handlers.functions import is_async
from traaviis_lab.runtime.ids import check_tenant

if TYPE_CHECKING:
    from traaviis_lab.runtime import Engine
    from traaviis_lab.runtime.secrets import Secrets


class Allowing:
    """The part of `Lab` that says what its effects may do."""

    if TYPE_CHECKING:
        _engine: Engine

    def register(self, function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
        """Let `call` effects call this function by its name; also a decorator.

        Plain functions run on a worker thread, async ones on the engine's loop. A parameter named
        `scope` gets `scope.key`, `scope.progress(0.4, "reading")`, `scope.run_id`.
        """
        if not callable(function):
            raise DefinitionError(
                f"{function!r} cannot be called.",
                hint='lab.register(function), or lab.register(function, "its_name").',
            )
        word = name or getattr(function, "__name__", "")
        if not isinstance(word, str) or not word.strip() or word == "<lambda>":
            raise DefinitionError(
                f"{function!r} has no name.", hint='lab.register(function, "its_name") gives one.'
            )
        self._engine.functions[word] = function
        return function

    def handler(self, kind: str | type[Effect], function: Callable[..., Any] | None = None) -> Any:
        """Perform effects of this kind by an async function `(effect, scope) -> result`.

        `scope` has `key` (for idempotency), `await scope.progress(0.4, "reading")`, `run`,
        `secrets["NAME"]`. Without the function: a decorator.

        Raises `DefinitionError` for a kind nobody knows, one that is performed elsewhere
        (composed effects, those inside the run), or a function that is not async.
        """
        word = _leaf(kind)
        if function is None:
            return lambda one: self.handler(word, one)
        if not callable(function) or not is_async(function):
            raise DefinitionError(
                f"{function!r} cannot perform {word.kind!r}: it is no async function.",
                hint="async def handler(effect, scope): ...",
            )
        try:
            inspect.signature(function).bind(None, None)
        except TypeError as error:
            raise DefinitionError(
                f"{function!r} cannot perform {word.kind!r}: {error}.",
                hint="async def handler(effect, scope): ...",
            ) from None
        self._engine.interpreter.handle(word, function)
        self._engine.quick.clear()
        return function

    def allow_host(self, *hosts: str) -> None:
        """Let `call_api` call these hosts: `api.example.com`, `127.0.0.1:8080`, `*.example.com`.

        Without a port the usual ones are meant (80, 443). Raises `DefinitionError` for what is
        no host, and then none is allowed.
        """
        self._engine.hosts.allow(*hosts)

    def allow_events(self, sender: str, receiver: str) -> None:
        """Let runs of one tenant send events to runs of another; without this they cannot."""
        self._engine.senders.add((check_tenant(sender), check_tenant(receiver)))

    def allowed_hosts(self) -> list[str]:
        """The hosts that `call_api` may call, in order."""
        return list(self._engine.hosts)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """What `call` effects may call, by name."""
        return dict(self._engine.functions)

    @property
    def secrets(self) -> Secrets:
        """What effects may use and no record, log or repr tells: `lab.secrets["API_KEY"] = "..."`.

        `lab.secrets.add("API_KEY", "...", hosts=["api.example.com"])` keeps it for these hosts.
        A secret that was not set is looked up as `TRAAVIIS_SECRET_<NAME>` in the environment.
        """
        return self._engine.secrets


def _leaf(kind: Any) -> type[Effect]:
    """The class of a leaf effect that handlers perform."""
    word = VOCABULARY.get(kind) if isinstance(kind, str) else kind
    if not isinstance(word, type) or not issubclass(word, Effect) or word is Effect:
        raise DefinitionError(
            f"There is no effect {kind!r}.",
            hint="Pass a kind such as 'call_llm', or a class that derives from Effect.",
        )
    if word.composed or word.internal or not word.outward:
        raise DefinitionError(
            f"Effects of kind {word.kind!r} are performed by the engine itself.",
            hint="Handlers are for leaf effects that reach outside the run.",
        )
    return word
