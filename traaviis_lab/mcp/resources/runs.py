"""What can be read of runs: where each stands, how it came there, its facts and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.mcp.catalogue import shown
from traaviis_lab.views import Marks, to_mermaid, to_svg
from traaviis_lab.views.text import one_line

from .address import Address, write_address
from .rows import cut, fact_row, fits_page, page, step_row

if TYPE_CHECKING:
    from traaviis_lab.journal import RunInfo
    from traaviis_lab.lab import Recording, Run
    from traaviis_lab.mcp.call import Call

MOST_RUNS, MOST_ROWS, MOST_CALLS = 200, 500, 100


def newest_runs(call: Call, machine: str = "") -> list[RunInfo]:
    """The tenant's runs, those that moved last first."""
    mine = [
        info
        for info in call.lab.journal.runs()
        if info.tenant == call.tenant and machine in ("", info.machine)
    ]
    return sorted(mine, key=lambda info: (-info.at, info.run))


def runs_index(call: Call, address: Address) -> dict[str, Any]:
    """The newest runs, a line each."""
    limit = address.number("limit", 50, 1, MOST_RUNS)
    found = newest_runs(call, address.query.get("machine", ""))
    here = set(call.lab.live())
    rows = [
        {**shown.info(info, info.run in here), "uri": write_address("runs", info.run, "snapshot")}
        for info in found[:limit]
    ]
    return {"runs": rows, "more": len(found) > limit}


def run_snapshot(call: Call, address: Address) -> dict[str, Any]:
    """Where a run stands: as tools say it, with every active state."""
    info = call.info(address.name)
    try:
        run = call.past(address.name)
    except DefinitionError as error:  # its chart holds Python of another process
        return {**shown.info(info, False), "why_no_data": error.message}
    told = shown.run(run)
    if not fits_page(told):
        told["data"] = cut(run.snapshot.data)
    return {**told, "active": sorted(run.active), "last": shown.time(info.at)}


def run_history(call: Call, address: Address) -> dict[str, Any]:
    """A page of steps, oldest first, and the address of the next one."""
    run = call.past(address.name)
    after = address.number("after", 0, 0, 10**12)
    limit = address.number("limit", 100, 1, MOST_ROWS)
    last = run.seq
    walk = run.trail.walk(after, last) if after < last else iter(())
    moved = (one for one in walk if one.step is not None or one.fact.seq == 1)
    steps, more = page((step_row(run.chart, one) for one in moved), limit)
    told = {"fsm_id": run.id, "machine": run.chart.name, "seq": last, "done": run.done}
    return _with_next({**told, "steps": steps, "more": more}, address, steps, limit)


def run_journal(call: Call, address: Address) -> dict[str, Any]:
    """A page of facts, oldest first, and the address of the next one."""
    info = call.info(address.name)
    after = address.number("after", 0, 0, 10**12)
    limit = address.number("limit", 100, 1, MOST_ROWS)
    read = call.lab.journal.read(info.run, after=after, upto=info.seq, hashed=False)
    facts, more = page((fact_row(fact) for fact in read), limit)
    answer = {"fsm_id": info.run, "seq": info.seq, "facts": facts, "more": more}
    return _with_next(answer, address, facts, limit)


def run_costs(call: Call, address: Address) -> dict[str, Any]:
    """What a run's calls of models cost, by state, model and place; its last calls."""
    told = call.past(address.name).costs().to_json()
    calls = told["calls"]
    last = [cut(one) for one in calls[-MOST_CALLS:]]
    return {"fsm_id": told.pop("run"), **told, "calls": last, "more": len(calls) > MOST_CALLS}


def run_svg(call: Call, address: Address) -> str:
    """The diagram with the run's place in it, as SVG."""
    run = call.past(address.name)
    return to_svg(run.chart, marks_of(run))


def run_mermaid(call: Call, address: Address) -> str:
    """The diagram as Mermaid text; a comment says which states are active."""
    run = call.past(address.name)
    where = one_line(f"{run.id} at seq {run.seq}, in {', '.join(sorted(run.active))}")
    return f"{to_mermaid(run.chart)}    %% {where}\n"


def marks_of(run: Run | Recording) -> Marks:
    """The marks of a run's diagram: active, visited, and what it took last."""
    taken = run.last.taken if run.last is not None else ()
    return Marks(active=run.active, visited=run.visited, taken=taken)


def _with_next(
    answer: dict[str, Any], address: Address, rows: list[dict[str, Any]], limit: int
) -> dict[str, Any]:
    if answer["more"]:
        after = rows[-1]["seq"]
        answer["next"] = write_address(
            "runs", answer["fsm_id"], address.view, after=after, limit=limit
        )
    return answer
