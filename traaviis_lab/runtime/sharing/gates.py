"""All that the effects of a tenant share by name: who asks is sent to the gate of that name."""

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
Name = tuple[str, str]
"""The tenant, and what its effects call it."""


class Shared:
    """The breakers, limits, bulkheads and caches of an engine. Its methods run on its loop.

    Each tenant has its own: who says a name sets its rules, fills it up and reads what failed.
    A path is that of the composed effect (the `circuit_breaker` itself). The rules that came
    last with a name hold for all who say it; a cache's `ttl` is each caller's own.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.circuits: dict[Name, Circuit] = {}
        self.limits: dict[Name, Limit] = {}
        self.bulkheads: dict[Name, Bulkhead] = {}
        self.caches: dict[Name, Cache] = {}
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
                circuit = self._circuit(effect, tenant)
                answer = circuit.ask(caller)
                self._note(caller, circuit)
            case "rate_limit":
                answer = await self._limit(effect, tenant).ask(caller)
            case "bulkhead":
                bulkhead = self._bulkhead(effect, tenant)
                answer = await bulkhead.ask(caller)
                self._note(caller, bulkhead)
            case "cache":
                cache, ttl = self._cache(effect, tenant), float(effect.rules["ttl"])
                answer = await cache.ask(caller, _key(tenant, effect), ttl)
                if not answer["hit"]:
                    self._note(caller, cache)
            case other:
                raise EffectError(f"There is no permit of {other!r} to ask for.")
        return answer

    def enter(self, run_id: str, path: str, effect: Permit, tenant: str) -> None:
        """Take the place of what is under way already, without asking; it may be one too many."""
        self.leave(run_id, path, effect, "cancelled")
        caller = Caller(run_id, path)
        match effect.of:
            case "circuit_breaker":
                circuit = self._circuit(effect, tenant)
                circuit.enter(caller)
                self._note(caller, circuit)
            case "rate_limit":
                self._limit(effect, tenant).enter(caller)
            case "bulkhead":
                bulkhead = self._bulkhead(effect, tenant)
                bulkhead.enter(caller)
                self._note(caller, bulkhead)
            case "cache":
                cache = self._cache(effect, tenant)
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
        """Close a breaker, everybody's of this name. Raises `LabError` for one nobody has said."""
        for circuit in _named(self.circuits, name, "circuit"):
            circuit.close()

    def clear_cache(self, name: str) -> int:
        """Forget the values of everybody's cache of this name; answers how many.

        Raises `LabError` for a name unknown.
        """
        return sum(cache.clear() for cache in _named(self.caches, name, "cache"))

    def _get(
        self, known: dict[Name, T], tenant: str, name: str, make: Callable[[str, Clock], T]
    ) -> T:
        found = known.get((tenant, name))
        if found is None:
            found = known[tenant, name] = make(name, self._clock)
        return found

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

    def _circuit(self, effect: Permit, tenant: str) -> Circuit:
        found = self._get(self.circuits, tenant, effect.name, Circuit)
        found.follow(effect.rules)
        return found

    def _limit(self, effect: Permit, tenant: str) -> Limit:
        found = self._get(self.limits, tenant, effect.name, Limit)
        found.follow(effect.rules)
        return found

    def _bulkhead(self, effect: Permit, tenant: str) -> Bulkhead:
        found = self._get(self.bulkheads, tenant, effect.name, Bulkhead)
        found.follow(effect.rules)
        return found

    def _cache(self, effect: Permit, tenant: str) -> Cache:
        return self._get(self.caches, tenant, effect.name, Cache)


def _key(tenant: str, effect: Permit) -> Key:
    return tenant, canonical_hash(effect.key)


def _named(known: Mapping[Name, T], name: str, what: str) -> list[T]:
    found = [one for (_, said), one in known.items() if said == name]
    if not found:
        names = ", ".join(repr(one) for one in sorted({said for _, said in known})) or "none"
        raise LabError(
            f"No {what} {name!r} is known in this lab.",
            hint=f"It is there once an effect has asked for it. Known: {names}.",
        )
    return found
