"""How composed effects are spelled in Python: `fx.retry(fx.call("pay"), attempts=3)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.problems import show

from . import composed as c

Wish = Effect | Mapping[str, Any]


def sequence(*effects: Wish, into: str = "") -> c.Sequence:
    """One after the other, until one fails: `a >> b`. The result is the list of results."""
    return c.Sequence(tuple(map(_read, effects)), into=into)


def parallel(
    *effects: Wish, settle: bool = False, concurrency: int = 0, into: str = ""
) -> c.Parallel:
    """All at once: `a & b`. The first failure cancels the rest; `settle` collects all instead."""
    return c.Parallel(tuple(map(_read, effects)), settle, concurrency, into=into)


def race(*effects: Wish, into: str = "") -> c.Race:
    """All at once, the first success counts: `a | b`. The others are cancelled and awaited."""
    return c.Race(tuple(map(_read, effects)), into=into)


def retry(
    effect: Wish,
    attempts: int = 3,
    *,
    backoff: str = "exponential",
    delay: float | str = "1s",
    max_delay: float | str = "1m",
    jitter: float = 0.1,
    on: tuple[str | int, ...] | list[str | int] | str | int = (),
    into: str = "",
) -> c.Retry:
    """Try up to `attempts` times; waits grow as `backoff` says (constant, linear, exponential).

    `on`: error kinds (`"EffectTimeout"`, `"ConnectError"`) and HTTP statuses (503); none: all.
    """
    names: Any = on
    return c.Retry(_read(effect), attempts, backoff, delay, max_delay, jitter, names, into=into)


def timeout(effect: Wish, after: float | str, *, into: str = "") -> c.Timeout:
    """Fail with `EffectTimeout` after that long; everything below is cancelled."""
    return c.Timeout(_read(effect), after, into=into)


def with_compensation(
    effect: Wish, undo: Wish, *, undo_after: str = "completed", into: str = ""
) -> c.WithCompensation:
    """Do `effect`; where what is around it fails later, do `undo` (`{{ result.id }}` is its own).

    `undo_after="started"` also undoes it where it failed or was cut off.
    """
    return c.WithCompensation(_read(effect), _read(undo), undo_after, into=into)


def saga(*steps: Wish | tuple[Wish, Wish], into: str = "") -> c.Saga:
    """Steps in order: effects, or pairs `(effect, undo)`; a failure undoes those done."""
    return c.Saga(tuple(map(_step, steps)), into=into)


def circuit_breaker(
    effect: Wish,
    name: str,
    *,
    failures: int = 5,
    reset: float | str = "30s",
    probes: int = 1,
    on: tuple[str | int, ...] | list[str | int] | str | int = (),
    into: str = "",
) -> c.CircuitBreaker:
    """Fail at once (`CircuitOpen`) while what is called `name` keeps failing."""
    names: Any = on
    return c.CircuitBreaker(_read(effect), name, failures, reset, probes, names, into=into)


def rate_limit(
    effect: Wish, name: str, limit: int, per: float | str = "1s", *, into: str = ""
) -> c.RateLimit:
    """Let `limit` start per time over all that say `name`; the others wait."""
    return c.RateLimit(_read(effect), name, limit, per, into=into)


def bulkhead(effect: Wish, name: str, limit: int, *, queue: int = -1, into: str = "") -> c.Bulkhead:
    """Let `limit` be under way at once over all that say `name`; `queue` may wait (-1: any)."""
    return c.Bulkhead(_read(effect), name, limit, queue, into=into)


def cache(
    effect: Wish, key: Any, ttl: float | str = "5m", *, name: str = "default", into: str = ""
) -> c.Cache:
    """Answer from the cache `name` what was answered for this key within `ttl`."""
    return c.Cache(_read(effect), key, ttl, name, into=into)


def fallback(*effects: Wish, into: str = "") -> c.Fallback:
    """The first that succeeds, tried in order."""
    return c.Fallback(tuple(map(_read, effects)), into=into)


def when(condition: str, effect: Wish, otherwise: Wish | None = None, *, into: str = "") -> c.When:
    """`effect` where the expression is true, else `otherwise`, else nothing."""
    other = None if otherwise is None else _read(otherwise)
    return c.When(condition, _read(effect), other, into=into)


def for_each(
    items: str, effect: Wish, *, concurrency: int = 1, settle: bool = False, into: str = ""
) -> c.ForEach:
    """The effect for every item of the list that the expression `items` gives.

    `{{ item }}` and `{{ index }}` tell which; `concurrency` 0 is all at once.
    """
    return c.ForEach(items, _read(effect), concurrency, settle, into=into)


def batch(
    items: str, effect: Wish, *, size: int = 10, concurrency: int = 1, into: str = ""
) -> c.Batch:
    """The effect for every group of `size` items; `{{ item }}` is the group."""
    return c.Batch(items, _read(effect), size, concurrency, into=into)


def _read(wish: Any) -> Effect:
    if isinstance(wish, Effect):
        return wish
    if isinstance(wish, Mapping):
        from traaviis_lab.machine.reader_effects import read_one_effect

        return read_one_effect(wish)
    if isinstance(wish, list | tuple):
        raise DefinitionError(
            f"{show(wish)} is no effect.",
            hint="Effects are passed one by one (*effects), or put together: fx.sequence(a, b).",
        )
    raise DefinitionError(f"{wish!r} is no effect.", hint='fx.call("name"), fx.log("text"), ...')


def _step(step: Any) -> Effect:
    if isinstance(step, tuple):
        if len(step) != 2:
            raise DefinitionError(
                f"A step of a saga is an effect or a pair of effect and undo, not {show(step)}.",
                hint="fx.saga((fx.call('pay'), fx.call('refund')), fx.call('ship'))",
            )
        return with_compensation(*step)
    if isinstance(step, Mapping) and "effect" in step and "kind" not in step:
        return _pair(**step)
    return _read(step)


def _pair(effect: Any, undo: Any = None, **more: Any) -> Effect:
    """A step as documents write it: `effect` and `undo`."""
    if more:
        raise DefinitionError(
            f"A step of a saga has no {next(iter(more))!r}.", hint="Its keys: effect, undo."
        )
    return _read(effect) if undo is None else with_compensation(effect, undo)
