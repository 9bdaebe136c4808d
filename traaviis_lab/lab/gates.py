"""What effects share over a lab, as tables: circuit breakers, limits, caches."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from traaviis_lab.runtime import Engine

    from .thread import LoopThread

CIRCUITS = (
    "name", "state", "failures", "opens_after", "opened", "probes_at", "under_way", "calls",
    "failed", "refused", "last_error", "tenant",
)  # fmt: skip
LIMITS = (
    "kind", "name", "limit", "per", "in_use", "waiting", "calls", "waits", "refused", "tenant",
)  # fmt: skip
CACHES = ("name", "entries", "bytes", "hits", "misses", "evicted", "fetching", "waiting", "tenant")


class Gates:
    """The part of `Lab` that shows what effects share, and sets it right by hand."""

    if TYPE_CHECKING:
        _engine: Engine
        _thread: LoopThread

    def circuits(self) -> pd.DataFrame:
        """A row per circuit breaker: name, state (closed, open, half_open), failures in a row,
        opens_after, opened, probes_at, under_way, calls let through, failed, refused, last_error,
        tenant: each has its own.
        """
        frame = self._table(self._engine.shared.circuits.items, CIRCUITS)
        return _with_times(frame, "opened", "probes_at")

    def limits(self) -> pd.DataFrame:
        """A row per rate limit and bulkhead: kind, name, limit, per (seconds), in_use (started
        within `per`, or under way), waiting now, calls let through, waits, refused, tenant.
        """
        shared = self._engine.shared
        return self._table(lambda: [*shared.limits.items(), *shared.bulkheads.items()], LIMITS)

    def caches(self) -> pd.DataFrame:
        """A row per cache: name, entries, bytes, hits, misses, evicted (there were too many),
        fetching now, waiting for what others fetch, tenant.
        """
        return self._table(self._engine.shared.caches.items, CACHES)

    def reset_circuit(self, name: str) -> None:
        """Close the circuit breakers of this name by hand, their failures forgotten.

        Raises `LabError` for a name that no effect has asked for yet.
        """
        self._thread.ask(lambda: self._engine.shared.reset_circuit(name))

    def clear_cache(self, name: str = "default") -> int:
        """Forget what caches of this name hold; answers how many values that were.

        Raises `LabError` for a name that no effect has asked for yet.
        """
        return self._thread.ask(lambda: self._engine.shared.clear_cache(name))

    def _table(
        self, these: Callable[[], Iterable[tuple[Any, Any]]], columns: tuple[str, ...]
    ) -> pd.DataFrame:
        """A row per thing, sorted by name; they are read on the engine's loop, all at once."""
        import pandas as pd

        rows = self._thread.ask(lambda: [{**one.row(), "tenant": who[0]} for who, one in these()])
        rows.sort(key=lambda row: (row["name"], row.get("kind", ""), row["tenant"]))
        return pd.DataFrame(rows, columns=list(columns))


def _with_times(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    import pandas as pd

    for column in columns:
        # `Int64` keeps microseconds exact where some are missing.
        frame[column] = pd.to_datetime(frame[column].astype("Int64"), unit="us")
    return frame
