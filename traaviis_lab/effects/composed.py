"""The effects that are put together from others. This grammar is closed: `Composed` is all of it.

How each behaves is decided in `effects/growing`; here stands what may be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from traaviis_lab.machine.effect import Effect, word

from .checks import (
    check_choice,
    check_expression,
    check_name,
    check_names,
    check_one,
    check_seconds,
    check_several,
    check_share,
    check_whole,
)

BACKOFFS = ("constant", "linear", "exponential")
UNDO_AFTER = ("completed", "started")
MOST_ATTEMPTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition(Effect):
    """What all composed effects share: where the result goes, and the event they were asked by."""

    abstract: ClassVar[bool] = True
    composed: ClassVar[bool] = True
    into: str = field(
        default="",
        metadata=word("text", "The field of the run's data its result goes to."),
    )
    given: Mapping[str, Any] = field(
        default_factory=dict,
        metadata=word("object", "The event it was asked by, for templates.", hidden=True),
    )


@dataclass(frozen=True, slots=True)
class Sequence(Composition):
    """One after the other, until one fails; the result is the list of their results."""

    effects: tuple[Effect, ...] = field(metadata=word("effects", "What to do, in order."))

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_several(self)


@dataclass(frozen=True, slots=True)
class Parallel(Composition):
    """All at once; the first failure cancels the others and undoes what was done.

    The result is the list of the results, in the order written; with `settle` a list of
    `{status, result}` and `{status, error}`, and nothing is cancelled.
    """

    effects: tuple[Effect, ...] = field(metadata=word("effects", "What to do at once."))
    settle: bool = field(
        default=False, metadata=word("flag", "Let all of them end, and collect failures too.")
    )
    concurrency: int = field(
        default=0, metadata=word("number", "How many at a time at most; 0: all of them.")
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_several(self)
        check_whole(self, "concurrency", 0)


@dataclass(frozen=True, slots=True)
class Race(Composition):
    """All at once; the first to succeed gives the result, the others are cancelled and awaited."""

    effects: tuple[Effect, ...] = field(metadata=word("effects", "Who runs."))

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_several(self, least=1)


@dataclass(frozen=True, slots=True)
class Retry(Composition):
    """Try again after a failure, up to `attempts` times in all, waiting in between.

    The wait before the n-th repetition is `delay`, n times `delay`, or `delay` times 2 to the
    n-1, at most `max_delay`; `jitter` is the share of it that is left to chance (which is
    drawn from the run's id and the effect's path, so that a replay waits as long).
    """

    effect: Effect = field(metadata=word("effect", "What to try.", names=("error",)))
    attempts: int = field(default=3, metadata=word("number", "How often at most, the first too."))
    backoff: str = field(
        default="exponential",
        metadata=word("choice", "How the waits grow.", choices=BACKOFFS),
    )
    delay: float | str = field(default=1.0, metadata=word("duration", "The first wait."))
    max_delay: float | str = field(default=60.0, metadata=word("duration", "The longest wait."))
    jitter: float = field(
        default=0.1, metadata=word("number", "The share of each wait left to chance, 0 to 1.")
    )
    on: tuple[str | int, ...] = field(
        default=(),
        metadata=word("names", "Which failures: error kinds, HTTP statuses; empty: all."),
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_one(self)
        check_whole(self, "attempts", 1, MOST_ATTEMPTS)
        check_choice(self, "backoff", BACKOFFS)
        check_seconds(self, "delay")
        check_seconds(self, "max_delay")
        check_share(self, "jitter")
        check_names(self, "on")

    def wait_after(self, attempt: int, chance: float) -> float:
        """Seconds to wait after this attempt (from 1) failed; `chance` is from 0 to 1."""
        grown = {"constant": 1.0, "linear": float(attempt), "exponential": 2.0 ** (attempt - 1)}
        wait = min(float(self.delay) * grown[self.backoff], float(self.max_delay))
        return wait * (1 + self.jitter * (2 * chance - 1))


@dataclass(frozen=True, slots=True)
class Timeout(Composition):
    """Give up after a while: everything below is cancelled, and it fails with `EffectTimeout`."""

    effect: Effect = field(metadata=word("effect", "What may take so long."))
    after: float | str = field(metadata=word("duration", "How long it may take."))

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_one(self)
        check_seconds(self, "after")


@dataclass(frozen=True, slots=True)
class WithCompensation(Composition):
    """Something that can be undone: where what is around it fails or is cancelled, `undo` is done.

    Undoing goes in the reverse order of completion. In `undo`, `result` is what `effect`
    answered and `error` why it is undone.
    """

    effect: Effect = field(metadata=word("effect", "What to do."))
    undo: Effect = field(metadata=word("effect", "What makes it undone.", names=("error",)))
    undo_after: str = field(
        default="completed",
        metadata=word(
            "choice",
            "`started`: also undo it where it failed or was cut off, since it may have happened.",
            choices=UNDO_AFTER,
        ),
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_one(self)
        check_one(self, "undo")
        check_choice(self, "undo_after", UNDO_AFTER)


@dataclass(frozen=True, slots=True)
class Saga(Composition):
    """Steps in order, of which each may say how it is undone; a failure undoes those done."""

    steps: tuple[Effect, ...] = field(
        metadata=word("steps", "The steps: effects, or mappings of `effect` and `undo`.")
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_several(self, "steps")


@dataclass(frozen=True, slots=True)
class CircuitBreaker(Composition):
    """Stop asking what keeps failing: after `failures` in a row it fails at once for a while.

    The breaker is shared by all effects of the tenant's runs that say its name. When `reset` is
    over, `probes` calls are let through; if they succeed it is closed again.
    """

    effect: Effect = field(metadata=word("effect", "What it guards."))
    name: str = field(metadata=word("name", "The breaker's name in the lab."))
    failures: int = field(default=5, metadata=word("number", "How many failures open it."))
    reset: float | str = field(
        default=30.0, metadata=word("duration", "How long it stays open before it probes.")
    )
    probes: int = field(
        default=1, metadata=word("number", "How many must succeed to close it again.")
    )
    on: tuple[str | int, ...] = field(
        default=(), metadata=word("names", "Which failures count; empty: all.")
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_one(self)
        check_name(self)
        check_whole(self, "failures", 1)
        check_whole(self, "probes", 1)
        check_seconds(self, "reset")
        check_names(self, "on")


@dataclass(frozen=True, slots=True)
class RateLimit(Composition):
    """Let so many through per time, and let the others wait for their turn."""

    effect: Effect = field(metadata=word("effect", "What it slows down."))
    name: str = field(metadata=word("name", "The limit's name in the lab."))
    limit: int = field(metadata=word("number", "How many may start within `per`."))
    per: float | str = field(default=1.0, metadata=word("duration", "Within which time."))

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_one(self)
        check_name(self)
        check_whole(self, "limit", 1)
        check_seconds(self, "per", least=1e-6)


@dataclass(frozen=True, slots=True)
class Bulkhead(Composition):
    """Let so many be under way at once; others wait in a queue, which may be full."""

    effect: Effect = field(metadata=word("effect", "What it limits."))
    name: str = field(metadata=word("name", "The bulkhead's name in the lab."))
    limit: int = field(metadata=word("number", "How many may be under way."))
    queue: int = field(default=-1, metadata=word("number", "How many may wait; -1: any number."))

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_one(self)
        check_name(self)
        check_whole(self, "limit", 1)
        check_whole(self, "queue", -1)


@dataclass(frozen=True, slots=True)
class Cache(Composition):
    """Answer from what was answered for the same key, as long as that is fresh."""

    effect: Effect = field(metadata=word("effect", "What gives the answer."))
    key: Any = field(metadata=word("value", "What makes two of them the same; templates."))
    ttl: float | str = field(default=300.0, metadata=word("duration", "How long it is fresh."))
    name: str = field(default="default", metadata=word("name", "The cache's name in the lab."))

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_one(self)
        check_name(self)
        check_seconds(self, "ttl")


@dataclass(frozen=True, slots=True)
class Fallback(Composition):
    """The first that succeeds, tried in order; in the later ones `error` is why."""

    effects: tuple[Effect, ...] = field(
        metadata=word("effects", "What to try, in order.", names=("error",))
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_several(self, least=1)


@dataclass(frozen=True, slots=True)
class When(Composition):
    """One or the other, by an expression; nothing (null) where there is no `otherwise`."""

    when: str = field(metadata=word("expression", "The condition, as in guards."))
    effect: Effect = field(metadata=word("effect", "What to do where it is true."))
    otherwise: Effect | None = field(
        default=None, metadata=word("effect", "What to do where it is not.")
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_expression(self, "when")
        check_one(self)
        if self.otherwise is not None:
            check_one(self, "otherwise")


@dataclass(frozen=True, slots=True)
class ForEach(Composition):
    """The same for every item of a list; in templates `item` and `index` tell which.

    The result is the list of the results, in the order of the items; failures as in `parallel`.
    """

    items: str = field(metadata=word("expression", "The list."))
    effect: Effect = field(
        metadata=word("effect", "What to do with each.", names=("item", "index"))
    )
    concurrency: int = field(
        default=1, metadata=word("number", "How many at a time at most; 0: all of them.")
    )
    settle: bool = field(
        default=False, metadata=word("flag", "Let all of them end, and collect failures too.")
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_expression(self, "items")
        check_one(self)
        check_whole(self, "concurrency", 0)


@dataclass(frozen=True, slots=True)
class Batch(Composition):
    """The same for every group of `size` items; in templates `item` is the group's list."""

    items: str = field(metadata=word("expression", "The list."))
    effect: Effect = field(
        metadata=word("effect", "What to do with each group.", names=("item", "index"))
    )
    size: int = field(default=10, metadata=word("number", "How many items make a group."))
    concurrency: int = field(
        default=1, metadata=word("number", "How many groups at a time at most; 0: all of them.")
    )

    def __post_init__(self) -> None:
        """Check what it is made of."""
        check_expression(self, "items")
        check_one(self)
        check_whole(self, "size", 1)
        check_whole(self, "concurrency", 0)


Gate = CircuitBreaker | RateLimit | Bulkhead | Cache
"""Those that ask something shared by the whole lab first."""
Composed = (
    Sequence | Parallel | Race | Retry | Timeout | WithCompensation | Saga | CircuitBreaker
    | RateLimit | Bulkhead | Cache | Fallback | When | ForEach | Batch
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Permit(Effect):
    """Ask what is shared under a name whether one may go on. Only composed effects ask for it."""

    internal: ClassVar[bool] = True
    of: str = field(metadata=word("text", "The kind of the composed effect that asks."))
    name: str = field(metadata=word("text", "The shared thing's name."))
    rules: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "What the composed effect says of it.")
    )
    key: Any = field(default=None, metadata=word("value", "The key, of a cache."))
