"""What many runs cost: per run, tenant, machine and model, how it is spread, and how it drifts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Journal, RunInfo
from traaviis_lab.views.text import counted

from .call import Foreseen
from .frames import spread_frame, sums_frame
from .plan import plan_of, plus
from .spread import drift, spread
from .sums import UNITS, Sum
from .text import many_text
from .words import money

if TYPE_CHECKING:
    import pandas as pd

MOST_POINTS = 40


@dataclass(frozen=True, slots=True)
class Part:
    """What one run took of one model in one state."""

    info: RunInfo
    model: str
    state: str
    sum: Sum


class ManyCosts:
    """What runs cost that asked a model, oldest first. The last value of a cell is drawn.

    `lab.costs()` makes it. A cost that nobody knows is counted in `unpriced`, never taken for 0.
    """

    def __init__(self, parts: Sequence[Part], plans: Mapping[str, Foreseen]) -> None:
        self.parts, self.plans = tuple(parts), dict(plans)
        self.runs = {part.info.run: part.info for part in parts}
        self.sums = self._grouped(lambda part: part.info.run)

    @cached_property
    def _whole(self) -> Sum:
        whole = Sum()
        for one in self.sums.values():
            whole.plus(one)
        return whole

    @property
    def usd(self) -> float | None:
        """The sum of the costs that are known; None where there are calls and none is known."""
        return self._whole.usd

    @property
    def unpriced(self) -> int:
        """How many calls have an unknown cost, which is not in the sum."""
        return self._whole.unpriced

    @property
    def tokens(self) -> int:
        """The tokens that were read and written."""
        return self._whole.tokens_in + self._whole.tokens_out

    @property
    def total(self) -> dict[str, Any]:
        """All sums by name, as `Costs.total` has them."""
        return self._whole.to_json(self._planned(self.sums))

    def rows(self, by: str) -> list[dict[str, Any]]:
        """Sums grouped by `run`, `tenant`, `machine`, `model` or `state`; the dearest first."""
        if by == "run":
            return self._runs()
        found = self._grouped(_KEYS[by])
        counts = self._grouped_runs(_KEYS[by])
        whole = by in _WHOLE_RUNS
        rows = [
            {by: name, "runs": len(counts[name])}
            | one.to_json(self._planned(counts[name]) if whole else None)
            for name, one in found.items()
        ]
        return sorted(rows, key=lambda row: (-(row["usd"] or 0.0), -row["tokens_in"]))

    def table(self) -> pd.DataFrame:
        """A row per run: machine, tenant, started, done, and sums, estimate and error."""
        return sums_frame("run", self.rows("run"), ("machine", "tenant", "started", "done"))

    def by_tenant(self) -> pd.DataFrame:
        """A row per tenant, to charge back what each has used."""
        return sums_frame("tenant", self.rows("tenant"), ("runs",))

    def by_machine(self) -> pd.DataFrame:
        """A row per machine."""
        return sums_frame("machine", self.rows("machine"), ("runs",))

    def by_model(self) -> pd.DataFrame:
        """A row per model."""
        return sums_frame("model", self.rows("model"), ("runs",))

    def by_state(self) -> pd.DataFrame:
        """A row per state of a machine, as `Machine.state`."""
        return sums_frame("state", self.rows("state"), ("runs",))

    def distribution(self, unit: str = "usd") -> pd.DataFrame:
        """How much a run takes, a row per machine: runs, mean, p10, p25, p50, p75, p90, p99, max.

        Runs of which some is unknown are left out and counted in `unknown`.
        """
        return spread_frame(self.spread_rows(unit))

    def spread_rows(self, unit: str) -> list[dict[str, Any]]:
        """What `distribution` answers, as rows."""
        return spread(self._by_machine(unit))

    def drift(self, unit: str = "usd", batch: int = 0) -> pd.DataFrame:
        """How that changes: a row per machine and batch of runs in the order they were started,
        with p50, p90, mean and by how much the estimates were off.

        Args:
            unit: `usd`, `tokens` or `seconds`.
            batch: runs in a batch; 0: so many that there are at most 40 batches.
        """
        return spread_frame(self.drift_rows(unit, batch))

    def drift_rows(self, unit: str, batch: int = 0) -> list[dict[str, Any]]:
        """What `drift` answers, as rows."""
        if type(batch) is not int or batch < 0:
            raise LabError(f"batch={batch!r} is no number of runs.", hint="batch=50")
        size = batch or max(1, ceil(len(self.runs) / MOST_POINTS))
        return drift(self._by_machine(unit), size)

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write `table()` as CSV; answers the text where no path is given."""
        text = self.table().to_csv(index=False)
        if path is None:
            return text
        Path(path).write_text(text, encoding="utf-8")
        return None

    def to_json(self) -> dict[str, Any]:
        """All of it for a script."""
        groups = {f"{by}s": self.rows(by) for by in ("run", *_KEYS)}
        return {"total": self.total, **groups}

    def values(self, unit: str) -> list[tuple[str, float | None]]:
        """What each run took, oldest first; None where some of it is unknown."""
        return [(run, one.actual(unit)) for run, one in self.sums.items()]

    def __str__(self) -> str:
        return many_text(self, "machine")

    def __repr__(self) -> str:
        if not self.runs:
            return "<Costs: no model was asked yet>"
        total = self.total
        said = money(total["usd"], total["unpriced"] if total["usd"] is not None else 0)
        return f"<Costs of {counted(len(self.runs), 'run')}: {said}>\n{self}"

    def _repr_html_(self) -> str:
        from .many_html import many_html

        return many_html(self)

    def _runs(self) -> list[dict[str, Any]]:
        return [
            {"run": run, "machine": info.machine, "tenant": info.tenant}
            | {"started": datetime.fromtimestamp(info.started / 1e6, UTC).isoformat()}
            | {"done": info.done, **self.sums[run].to_json(self.plans.get(run))}
            for run, info in self.runs.items()
        ]

    def _grouped(self, key: Callable[[Part], str]) -> dict[str, Sum]:
        found: dict[str, Sum] = {}
        for part in self.parts:
            found.setdefault(key(part), Sum()).plus(part.sum)
        return found

    def _grouped_runs(self, key: Callable[[Part], str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for part in self.parts:
            found.setdefault(key(part), set()).add(part.info.run)
        return found

    def _planned(self, runs: Iterable[str]) -> Foreseen | None:
        """What was foreseen of all runs together, where it was of each of them."""
        plans = [self.plans.get(run) for run in runs]
        if not plans or None in plans:
            return None
        return plus(plan for plan in plans if plan is not None)

    def _by_machine(self, unit: str) -> dict[str, list[tuple[int, float | None, float | None]]]:
        """By machine, for each run: when it was started, what was foreseen, what it took."""
        if unit not in UNITS:
            raise LabError(f"Unit {unit!r} is not known.", hint=f"One of: {', '.join(UNITS)}.")
        found: dict[str, list[tuple[int, float | None, float | None]]] = {}
        for run, one in self.sums.items():
            info = self.runs[run]
            foreseen = one.estimate(self.plans.get(run))[unit]
            found.setdefault(info.machine, []).append((info.started, foreseen, one.actual(unit)))
        return found


_WHOLE_RUNS = ("tenant", "machine")
"""Groups of whole runs: what was foreseen of a run before it began counts there."""

_KEYS: dict[str, Callable[[Part], str]] = {
    "tenant": lambda part: part.info.tenant,
    "machine": lambda part: part.info.machine,
    "model": lambda part: part.model,
    "state": lambda part: f"{part.info.machine}.{part.state}",
}


def read_many(journal: Journal, infos: Iterable[RunInfo]) -> ManyCosts:
    """What these runs cost, by one question in SQL; those that asked no model are left out."""
    known = {info.run: info for info in infos}
    parts = [
        Part(known[row["run"]], row["model"] or "", row["state"] or "", _sum_of(row))
        for row in journal.sql(_PARTS).to_dict("records")
        if row["run"] in known
    ]
    order = {run: at for at, run in enumerate(known)}
    parts.sort(key=lambda part: order[part.info.run])
    plans = {
        row["run"]: plan_of(orjson.loads(row["body"])).whole
        for row in journal.sql(_PLANS).to_dict("records")
        if row["run"] in known
    }
    return ManyCosts(parts, {run: plan for run, plan in plans.items() if plan is not None})


def _sum_of(row: Mapping[Any, Any]) -> Sum:
    one = Sum()
    for name in _WHOLE:
        setattr(one, name, int(row[name]))
    one.known_usd, one.recorded_usd = float(row["known_usd"]), float(row["recorded_usd"])
    one.seconds = float(row["seconds"])
    for unit in UNITS:
        one.foreseen[unit] = float(row[f"foreseen_{unit}"])
        one.blind[unit] = int(row[f"blind_{unit}"])
    return one


_WHOLE = (
    "calls", "tokens_in", "tokens_out", "cache_read", "cache_write", "reasoning", "unpriced",
    "failed",
)  # fmt: skip
_PLANS = """
select e.run_id as run, arg_max(e.body, e.seq) as body
from events e left join (
    select run_id, min(seq) as seq from events where kind in ('model.called', 'tool.called')
    group by run_id
) first on first.run_id = e.run_id
where e.kind = 'estimate.made' and (first.seq is null or e.seq < first.seq) group by e.run_id
"""
_PARTS = """
with calls as (
    select run_id, state, coalesce(nullif(model, ''), name) as model, tokens_in, tokens_out,
           cost_usd, duration_us, coalesce(body->>'$.node', '') as node,
           (body->>'$.usage.cache_read')::bigint as cache_read,
           (body->>'$.usage.cache_write')::bigint as cache_write,
           (body->>'$.usage.reasoning')::bigint as reasoning,
           (body->>'$.cost.recorded_usd')::double as recorded_usd,
           coalesce(body->>'$.error', '') <> '' as failed,
           (body->>'$.estimate.usd.p50')::double as usd,
           (body->>'$.estimate.tokens_in')::double
               + (body->>'$.estimate.tokens_out.p50')::double as tokens,
           (body->>'$.estimate.seconds.p50')::double as seconds
    from events where kind in ('model.called', 'tool.called')
)
select run_id as run, model,
       coalesce(nullif(regexp_extract(node, '^[^/]*/(.*)#[^#]*$', 1), ''), state) as state,
       count(*) as calls,
       coalesce(sum(tokens_in), 0)::bigint as tokens_in,
       coalesce(sum(tokens_out), 0)::bigint as tokens_out,
       coalesce(sum(cache_read), 0)::bigint as cache_read,
       coalesce(sum(cache_write), 0)::bigint as cache_write,
       coalesce(sum(reasoning), 0)::bigint as reasoning,
       coalesce(sum(cost_usd), 0) as known_usd,
       count(*) filter (cost_usd is null) as unpriced,
       coalesce(sum(recorded_usd), 0) as recorded_usd,
       coalesce(sum(duration_us), 0) / 1e6 as seconds,
       count(*) filter (failed) as failed,
       coalesce(sum(usd), 0) as foreseen_usd, count(*) filter (usd is null) as blind_usd,
       coalesce(sum(tokens), 0) as foreseen_tokens,
       count(*) filter (tokens is null) as blind_tokens,
       coalesce(sum(calls.seconds), 0) as foreseen_seconds,
       count(*) filter (calls.seconds is null) as blind_seconds
from calls group by all
"""
