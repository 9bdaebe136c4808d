"""The prompt that asks why a run cost what it did: sums, the dearest calls, what was foreseen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import orjson

from traaviis_lab.mcp.reply import cleared, marked
from traaviis_lab.mcp.resources import write_address

from .prompt import Argument, Prompt, steps

if TYPE_CHECKING:
    from traaviis_lab.mcp.call import Call

DEAREST = 5
MOST_ROWS = 30
_KEPT = ("calls", "tokens_in", "tokens_out", "usd", "unpriced", "seconds", "failed", "estimate")


def explain_cost(call: Call, arguments: Mapping[str, str], tools: Collection[str]) -> str:
    """What is needed to say where a run's money went, and what would have cost less."""
    fsm_id = arguments["fsm_id"]
    ways = steps(
        tools,
        ("compare_costs", "this run beside others of its machine: is it dearer than usual?"),
        ("query_journal", "sums over many runs: the views model_calls, costs and runs."),
        ("get_history", "which steps led to the dear calls, and whether one was made twice."),
        ("estimate_cost", "what a changed machine would probably take."),
    )
    return "\n\n".join(
        part
        for part in (
            f"Explain what the run {fsm_id!r} cost, and what would make it cost less.",
            marked(_told(call, fsm_id)),
            "A cost of null is unknown, and is counted in `unpriced`: it is not nothing. "
            "`estimate` is what was foreseen, `off` by how much that was wrong (0.1: a tenth "
            "too much).",
            f"What you can call, best in this order:\n{ways}" if ways else "",
            f"More to read: {write_address('runs', fsm_id, 'costs')}.",
            "Say where most of it went (state, model, place), whether that was foreseen, and the "
            "one or two changes that save most: a smaller model, a shorter prompt, fewer rounds, "
            "a cache. Give numbers.",
        )
        if part
    )


def _told(call: Call, fsm_id: str) -> str:
    """The sums, the rows by state and model, and the dearest calls: a line of JSON each."""
    costs = call.past(fsm_id).costs()
    told = costs.to_json()
    rows = [
        {"fsm_id": fsm_id, "machine": call.info(fsm_id).machine},
        {"total": {key: told["total"][key] for key in _KEPT}},
        *({"state": one} for one in told["states"][:MOST_ROWS]),
        *({"model": one} for one in told["models"][:MOST_ROWS]),
        *({"dear_call": one._asdict()} for one in costs.account.dearest()[:DEAREST]),
    ]
    return "\n".join(orjson.dumps(one, default=str).decode() for one in cleared(call.lab, rows))


EXPLAIN_COST = Prompt(
    "explain_cost",
    "Explain this cost",
    "Say where a run's money and tokens went, whether it was foreseen, and what would cost less.",
    (Argument("fsm_id", "The run."),),
    explain_cost,
)
