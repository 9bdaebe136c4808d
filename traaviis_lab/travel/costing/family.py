"""Find the runs that a run has started, and those that these have, by their first facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from traaviis_lab.journal import Journal
    from traaviis_lab.machine import Chart

STARTING = (b'"invoke_fsm"', b'"spawn_fsm"')
_FAMILY = """
with recursive family as (
    select $run as run_id
    union
    select e.run_id from events e
    join family f on e.body->>'$.parent.run' = f.run_id where e.kind = 'run.started'
)
select run_id from family where run_id <> $run order by run_id
"""
_CALLS = """
select count(*) as calls from events
where kind = 'model.called' and run_id in (select unnest($family))
"""


def family_of(journal: Journal, run: str, chart: Chart | None = None) -> list[str]:
    """The ids of all runs below a run. A chart that starts no machines is not looked into."""
    if chart is not None and not starts_machines(chart):
        return []
    return [str(one) for one in journal.sql(_FAMILY, {"run": run})["run_id"]]


def starts_machines(chart: Chart) -> bool:
    """Whether runs of this chart may start others."""
    text = orjson.dumps(chart.spec)
    return any(kind in text for kind in STARTING)


def calls_in(journal: Journal, family: list[str]) -> int:
    """How many calls of models these runs made."""
    if not family:
        return 0
    return int(journal.sql(_CALLS, {"family": family})["calls"][0])
