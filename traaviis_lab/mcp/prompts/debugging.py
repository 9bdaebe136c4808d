"""The prompt that asks for a run's fault: where it stands, how it came there, what stands out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.mcp.catalogue.travel import others
from traaviis_lab.mcp.reply import cleared, marked
from traaviis_lab.mcp.resources import read_resource, write_address
from traaviis_lab.mcp.resources.rows import cut

from .prompt import Argument, Prompt, steps

if TYPE_CHECKING:
    from traaviis_lab.mcp.call import Call

LAST_STEPS = 20
FINDINGS = 8


def debug_run(call: Call, arguments: Mapping[str, str], tools: Collection[str]) -> str:
    """What is needed to find out why a run does what it does."""
    fsm_id = arguments["fsm_id"]
    told = context_of(call, fsm_id)
    problem = arguments.get("problem", "").strip()
    ways = steps(
        tools,
        ("explain_run", "what stands out, each finding with the facts it rests on."),
        ("get_history", "the steps before those below, where the cause may lie."),
        ("why", "why a value or a state is what it is; ask it of what looks wrong."),
        ("get_state_at", "state and data after a fact; walk back to the last place that is right."),
        ("diff_runs", "this run beside one of the same machine that went well."),
        ("fork_run", "a copy from the last right place, to try a cure without touching the run."),
        ("replay_run", "whether a changed machine would have gone the right way."),
        ("set_breakpoint", "hold a live run before the step in question; step and resume it then."),
    )
    return "\n\n".join(
        part
        for part in (
            f"Find out what is wrong with the run {fsm_id!r}, and say it with evidence.",
            f"What looks wrong: {problem}" if problem else "",
            marked(told),
            f"What you can call, best in this order:\n{ways}" if ways else "",
            f"More to read: {write_address('runs', fsm_id, 'history')} and "
            f"{write_address('machines', call.past(fsm_id).chart.name, 'chart')}.",
            "Name the first step (its seq) at which the run left the right way, what led to it, "
            "and the smallest change of machine or data that cures it. Say what you did not check.",
        )
        if part
    )


def context_of(call: Call, fsm_id: str) -> str:
    """Where the run stands, its last steps and the findings: a line of JSON each."""
    run = call.past(fsm_id)
    last = max(0, run.seq - LAST_STEPS)
    history = _read(call, write_address("runs", fsm_id, "history", after=last, limit=LAST_STEPS))
    # Never `explain()` alone, which looks at what other tenants do.
    found = run.explain(others(call, run.id, run.chart.name)).to_json()
    rows = [
        {"snapshot": _read(call, write_address("runs", fsm_id, "snapshot"))},
        *({"step": one} for one in history["steps"]),
        *({"finding": cut(one)} for one in found["findings"][:FINDINGS]),
        {"looked_at": found["looked"]},
    ]
    return "\n".join(orjson.dumps(one, default=str).decode() for one in cleared(call.lab, rows))


def _read(call: Call, uri: str) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(read_resource(call, uri).text)
    return {key: value for key, value in told.items() if key not in ("untrusted", "note")}


DEBUG_RUN = Prompt(
    "debug_run",
    "Debug this run",
    "Find out why a run stands where it does: state, last steps, findings, and what to call.",
    (
        Argument("fsm_id", "The run."),
        Argument("problem", "What looks wrong, in your words.", required=False),
    ),
    debug_run,
)
