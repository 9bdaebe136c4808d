"""All that effects share by name over the lab: who asks is sent to the gate of that name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from traaviis_lab.effects import Permit
from traaviis_lab.errors import EffectError, LabError
from traaviis_lab.machine.canonical import canonical_hash
from traaviis_lab.runtime.clock import Clock

from .bulkheads import Bulkhead
from .caches import Cache, Key
from .circuits import Circuit
from .limits import Limit
from .line import Caller, Row

T = TypeVar("T")


class Shared:
    """The breakers, limits, bulkheads and caches of an engine. Its methods run on its loop.

    A path is that of the composed effect (the `circuit_breaker` itself). The rules that came
    last with a name hold for all who say it; a cache's `ttl` is each caller's own.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.circuits: dict[str, Circuit] = {}
        self.limits: dict[str, Limit] = {}
        self.bulkheads: dict[str, Bulkhead] = {}
        self.caches: dict[str, Cache] = {}
        self._inside: dict[str, dict[str, Circuit | Bulkhead | Cache]] = {}

    async def ask(self, run_id: str, path: str, effect: Permit, tenant: str) -> Row:
        """Wait until one may go on, and say how.

        `{state}` of a breaker, `{waited}` (seconds) of a rate limit and a bulkhead, `{hit: true,
        value, age}` or `{hit: false}` of a cache. Whoever may go on has to `leave`. Raises
        `CircuitOpen`, `BulkheadFull`, and `DefinitionError` for a cache's key that is not JSON.
        """
        self.leave(run_id, path, effect, "cancelled")
        caller = Caller(run_id, path)
        match effect.of:
            case "circuit_breaker":
                circuit = self._circuit(effect)
                answer = circuit.ask(caller)
                self._note(caller, circuit)
            case "rate_limit":
                answer = await self._limit(effect).ask(caller)
            case "bulkhead":
                bulkhead = self._bulkhead(effect)
                answer = await bulkhead.ask(caller)
                self._note(caller, bulkhead)
            case "cache":
                cache, ttl = self._cache(effect), float(effect.rules["ttl"])
                answer = await cache.ask(caller, _key(tenant, effect), ttl)
                if not answer["hit"]:
                    self._note(caller, cache)
            case other:
                raise EffectError(f"There is no permit of {other!r} to ask for.")
        return answer

    def enter(self, run_id: str, path: str, effect: Permit, tenant: str | None = None) -> None:
        """Take the place of what is under way already, without asking; it may be one too many.

        Where no `tenant` is said, what comes of it is not kept in a cache.
        """
        self.leave(run_id, path, effect, "cancelled")
        caller = Caller(run_id, path)
        match effect.of:
            case "circuit_breaker":
                circuit = self._circuit(effect)
                circuit.enter(caller)
                self._note(caller, circuit)
            case "rate_limit":
                self._limit(effect).enter(caller)
            case "bulkhead":
                bulkhead = self._bulkhead(effect)
                bulkhead.enter(caller)
                self._note(caller, bulkhead)
            case "cache" if tenant is not None:
                cache = self._cache(effect)
                cache.enter(caller, _key(tenant, effect))
                self._note(caller, cache)

    def leave(
        self, run_id: str, path: str, effect: Permit, outcome: str, value: Any = None
    ) -> None:
        """What was let through is over: `completed` with its result, `failed` with its error as
        JSON, or `cancelled`. Does nothing where nobody was let through, and never raises.
        """
        self._leave(Caller(run_id, path), outcome, value)

    def drop(self, run_id: str, leaf: str) -> None:
        """A leaf was cancelled before its run heard its outcome: a permit that had been given
        all the same is given back.
        """
        path, _, number = leaf.rpartition("/")
        if number == "1":
            self._leave(Caller(run_id, path), "cancelled", None)

    def forget(self, run_id: str) -> None:
        """A run is let go: what it held is free again."""
        for path in list(self._inside.get(run_id, ())):
            self._leave(Caller(run_id, path), "cancelled", None)

    def reset_circuit(self, name: str) -> None:
        """Close a breaker. Raises `LabError` for a name that nobody has said yet."""
        _named(self.circuits, name, "circuit").close()

    def clear_cache(self, name: str) -> int:
        """Forget a cache's values; answers how many. Raises `LabError` for a name unknown."""
        return _named(self.caches, name, "cache").clear()

    def _leave(self, caller: Caller, outcome: str, value: Any) -> None:
        paths = self._inside.get(caller.run)
        gate = paths.pop(caller.path, None) if paths is not None else None
        if gate is None:
            return
        if not paths:
            del self._inside[caller.run]
        gate.leave(caller, outcome, value)

    def _note(self, caller: Caller, gate: Circuit | Bulkhead | Cache) -> None:
        self._inside.setdefault(caller.run, {})[caller.path] = gate

    def _circuit(self, effect: Permit) -> Circuit:
        found = _get(self.circuits, effect.name, lambda: Circuit(effect.name, self._clock))
        found.follow(effect.rules)
        return found

    def _limit(self, effect: Permit) -> Limit:
        found = _get(self.limits, effect.name, lambda: Limit(effect.name, self._clock))
        found.follow(effect.rules)
        return found

    def _bulkhead(self, effect: Permit) -> Bulkhead:
        found = _get(self.bulkheads, effect.name, lambda: Bulkhead(effect.name, self._clock))
        found.follow(effect.rules)
        return found

    def _cache(self, effect: Permit) -> Cache:
        return _get(self.caches, effect.name, lambda: Cache(effect.name, self._clock))


def _get(known: dict[str, T], name: str, make: Callable[[], T]) -> T:
    if name not in known:
        known[name] = make()
    return known[name]


def _key(tenant: str, effect: Permit) -> Key:
    return tenant, canonical_hash(effect.key)


def _named(known: Mapping[str, T], name: str, what: str) -> T:
    if name not in known:
        names = ", ".join(repr(one) for one in sorted(known)) or "none"
        raise LabError(
            f"No {what} {name!r} is known in this lab.",
            hint=f"It is there once an effect has asked for it. Known: {names}.",
        )
    return known[name]
