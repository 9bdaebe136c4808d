"""Read from the journal how often what happened in runs of a machine: the odds of a walk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from traaviis_lab.cost.foreseen import Spread
from traaviis_lab.cost.walking.odds import Ends, Odds
from traaviis_lab.effects import InvokeFsm, SpawnFsm
from traaviis_lab.effects.growing.rules import parts
from traaviis_lab.journal import Journal
from traaviis_lab.machine import Chart
from traaviis_lab.machine.effect import Effect

MOST_RUNS = 300
"""How many of the latest runs of a machine are looked at."""

_RUNS = f"""
select run_id from events where kind in ('run.started', 'run.forked') and name = $machine
      and ($tenant is null or tenant = $tenant)
order by "at" desc limit {MOST_RUNS}
"""
_TAKEN = """
select taken, sum(times)::bigint as times, max(times)::bigint as most from (
    select run_id, taken, count(*) as times from (
        select run_id, unnest(json_extract_string(body, '$.step.taken[*]')) as taken
        from events where run_id in (select unnest($runs)) and contains(body, '"step":'))
    group by run_id, taken)
group by taken
"""
_ENTERED = """
select body->>'$.owner' as owner,
       count(distinct (run_id, split_part(body->>'$.path', '/', 1))) as times
from events where run_id in (select unnest($runs)) and kind = 'effect.started'
group by owner
"""
_ENDS = """
select coalesce(body->>'$.owner', '') as owner, effect,
       count(*) filter (kind = 'effect.completed') as completed,
       count(*) filter (kind = 'effect.failed') as failed,
       quantile_cont(duration_us, 0.5) / 1e6 as p50, quantile_cont(duration_us, 0.9) / 1e6 as p90,
       avg(duration_us) / 1e6 as mean
from events where run_id in (select unnest($runs))
      and kind in ('effect.completed', 'effect.failed')
group by all
"""
_CALLS = """
select body->>'$.node' as node, count(*) as times
from events where run_id in (select unnest($runs)) and kind = 'model.called'
group by node
"""


def odds_of(
    journal: Journal, charts: Iterable[Chart], tenant: str | None = None
) -> dict[str, Odds]:
    """The odds of these machines, by name; with `tenant` from its runs alone."""
    known = {info.machine for info in journal.runs() if tenant in (None, info.tenant)}
    found = {}
    for chart in charts:
        heard = tuple((t.id, name) for t in chart.transitions.values() for name in t.events)
        found[chart.name] = Odds(heard=heard)
        if chart.name in known:
            asked = {"machine": chart.name, "tenant": tenant}
            runs = [str(one) for one in journal.sql(_RUNS, asked)["run_id"]]
            _count(journal, runs, found[chart.name])
    return found


def machines_in(chart: Chart, known: dict[str, Chart]) -> list[Chart]:
    """A machine and those that it starts, and those that they start."""
    found = {chart.name: chart}
    ahead = [chart]
    while ahead:
        for name in _started_by(ahead.pop()):
            child = known.get(name)
            if child is not None and name not in found:
                found[name] = child
                ahead.append(child)
    return list(found.values())


def _started_by(chart: Chart) -> Iterator[str]:
    for node in chart.states.values():
        for block in (node.enter, node.on_enter, node.exit, *(t.do for t in node.transitions)):
            for effect in block:
                yield from _names_in(effect)


def _names_in(effect: Effect) -> Iterator[str]:
    if isinstance(effect, InvokeFsm | SpawnFsm):
        yield effect.machine
    for part in parts(effect):
        yield from _names_in(part)


def _count(journal: Journal, runs: list[str], odds: Odds) -> None:
    asked: dict[str, Any] = {"runs": runs}
    odds.runs = len(runs)
    rows = _rows(journal, _TAKEN, asked)
    odds.taken = {row["taken"]: int(row["times"]) for row in rows}
    odds.most = {row["taken"]: int(row["most"]) for row in rows}
    entered = _rows(journal, _ENTERED, asked)
    odds.entered = {row["owner"]: int(row["times"]) for row in entered if row["owner"]}
    odds.calls = {
        row["node"]: int(row["times"]) for row in _rows(journal, _CALLS, asked) if row["node"]
    }
    ends = {}
    for row in _rows(journal, _ENDS, asked):
        took = None
        if row["p50"] is not None and row["p50"] == row["p50"]:
            took = Spread(float(row["p50"]), float(row["p90"]), None, float(row["mean"]))
        ends[row["owner"], row["effect"]] = Ends(int(row["completed"]), int(row["failed"]), took)
    odds.ends = ends


def _rows(journal: Journal, query: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    frame = journal.sql(query, params)
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
